from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import numpy as np
import pytest

import alignx as ax
from alignx.alignment.known_pairs import KnownPairs
from alignx.alignment.pair_parts import KEPT_PAIRS, PairParts

N, D = 40, 8


def language(seed: int, noise: float) -> ax.Embeddings:
    """Rows of one source, each with its own noise: row i of all languages mean the same."""
    rows = np.random.default_rng(0).standard_normal((N, D))
    rows += noise * np.random.default_rng(seed).standard_normal((N, D))
    return ax.Embeddings([f"w{i}" for i in range(N)], rows)


CODES = ("en", "es", "de", "nl")
LANGUAGES = {code: language(seed, 0.2 * seed) for seed, code in enumerate(CODES)}
SPACE = ax.SharedSpace(LANGUAGES)
TEST = [(f"w{i}", f"w{i}") for i in range(0, N, 2)]
TESTS = dict.fromkeys(permutations(CODES, 2), TEST)


@pytest.fixture(scope="module")
def matrix() -> ax.AccuracyMatrix:
    return ax.evaluate_many(SPACE, TESTS)


def test_every_pair_is_as_evaluated_alone(matrix: ax.AccuracyMatrix) -> None:
    assert list(matrix.reports) == list(permutations(CODES, 2))
    for source, target in permutations(CODES, 2):
        space = ax.SharedSpace({source: LANGUAGES[source], target: LANGUAGES[target]})
        assert matrix.reports[source, target].as_dict() == ax.evaluate(space, TEST).as_dict()
    assert matrix.mean == np.mean([each.csls.precision[1] for each in matrix.reports.values()])


def test_the_square_has_a_row_for_each_source(matrix: ax.AccuracyMatrix) -> None:
    rows = matrix.cells(intervals=False)
    assert [row[0] for row in rows] == ["", *CODES, "mean"]
    found = matrix.accuracy("es", "nl")
    assert found is not None
    assert rows[2][4] == f"{100 * found.precision[1]:.1f}"
    assert rows[5][5] == f"{100 * matrix.mean:.1f}"
    assert len(str(matrix).splitlines()) == len(CODES) + 4


def test_figures_are_given_as_a_frame_and_as_json(matrix: ax.AccuracyMatrix) -> None:
    frame = matrix.to_frame()
    assert len(frame) == len(TESTS)
    assert (frame["p@1_low"] <= frame["p@1"]).all()
    written = json.loads(json.dumps(matrix.as_dict()))
    assert [each["csls"]["p@1"] for each in written["pairs"]] == frame["p@1"].tolist()


def test_a_dictionary_serves_both_ways_where_the_other_has_none() -> None:
    lexicons = {("en", "es"): TEST, ("es", "en"): TEST[:3], ("nl", "de"): TEST[:5]}
    one = ax.evaluate_many(SPACE, lexicons)
    both = ax.evaluate_many(SPACE, lexicons, both_ways=True)
    assert set(one.reports) == set(lexicons)
    assert {pair: each.pairs for pair, each in both.reports.items()} == {
        ("en", "es"): 20,
        ("es", "en"): 3,
        ("de", "nl"): 5,
        ("nl", "de"): 5,
    }
    assert one.accuracy("de", "nl") is None


def test_known_pairs_are_left_out_of_the_second_square() -> None:
    parts = {("en", "es"): PairParts(None, KnownPairs.of(TEST[:15]))}
    space = ax.SharedSpace(LANGUAGES, pairs=parts)
    matrix = ax.evaluate_many(space, {("es", "en"): TEST, ("en", "de"): TEST})
    kept, all_of_them = (matrix.accuracy("es", "en", is_new=new) for new in (True, False))
    assert kept is not None
    assert all_of_them is not None
    assert (kept.n, all_of_them.n) == (5, 20)
    assert "without pairs known from the fit:" in str(matrix)
    assert matrix.to_frame()["known"].tolist() == [0, 15]  # in the order of the square


def test_neighbors_are_shared_by_directions_and_forgotten_later() -> None:
    space = ax.SharedSpace(LANGUAGES)
    forth, back = space.pair("en", "es"), None
    forth.cosine_neighbors(5)
    back = space.pair("es", "en")
    np.testing.assert_array_equal(
        back.cosine_neighbors(5).of_source.indices, forth.cosine_neighbors(5).of_target.indices
    )
    for pair in permutations(CODES, 2):
        space.pair(*pair)
    assert len(space._pairs) == KEPT_PAIRS
    assert space.pair("nl", "de") is space.pair("nl", "de")


def test_progress_rises_to_one() -> None:
    seen: list[float] = []
    ax.evaluate_many(SPACE, {("en", "es"): TEST, ("de", "nl"): TEST}, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1


@pytest.mark.parametrize(
    ("lexicons", "message"),
    [
        ({}, "lexicons must hold at least 1 dictionary, got none"),
        ({("en", "fr"): TEST}, "keys of lexicons must be pairs of two of en, es, de, nl, got"),
        ({("en", "en"): TEST}, "keys of lexicons must be pairs of two"),
        ({"en": TEST}, "keys of lexicons must be pairs of two"),
    ],
)
def test_wrong_dictionaries_are_refused(lexicons: Any, message: str) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=message):
        ax.evaluate_many(SPACE, lexicons)
