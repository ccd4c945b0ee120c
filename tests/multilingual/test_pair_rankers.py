from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from ciphered import candidates, cipher, random_words
from hypothesis import given, settings
from hypothesis import strategies as st
from made_languages import unit

from alignx.alignment.shared_space import SharedSpace
from alignx.multilingual.held_out_fit import HeldOutFit
from alignx.multilingual.pair_rankers import (
    FittedRanker,
    fit_pair_rankers,
    held_out_of_pair,
    word_pairs,
)
from alignx.ranking.ranker import PairRanker
from alignx.support.arrays import unit_rows
from alignx.vectors.embeddings import Embeddings

COUNT = 400
QUICK: dict[str, Any] = {"n_candidates": 10, "hidden": 8, "epochs": 5}
EYE = np.eye(20, dtype=np.float32)
CODES = "en", "ru", "sh"


def languages() -> dict[str, Embeddings]:
    """Make three languages with the translations of a word at the same row."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((COUNT, 20))
    words = random_words(COUNT)
    shifted = ["".join(chr(ord(letter) + 1) for letter in word) for word in words]
    spelled = zip(CODES, (words, list(map(cipher, words)), shifted), strict=True)
    noise = {code: rng.standard_normal((COUNT, 20)) for code in CODES}
    return {code: Embeddings(own, unit(rows + 0.8 * noise[code]), code) for code, own in spelled}


def fits(*pairs: tuple[str, str], count: int = COUNT) -> list[HeldOutFit]:
    """Hold each half of the words out of all lexicons."""
    numbers = np.arange(count)
    both = np.stack([numbers, numbers], axis=1)
    maps = dict.fromkeys(CODES, EYE)
    return [
        HeldOutFit(maps, dict.fromkeys(pairs, both[1 - i :: 2]), dict.fromkeys(pairs, both[i::2]))
        for i in range(2)
    ]


def fitted(known: list[HeldOutFit]) -> dict[tuple[str, str], FittedRanker]:
    made = languages()
    numbers = np.arange(COUNT)
    pairs = dict.fromkeys(known[0].held_out, np.stack([numbers, numbers], axis=1))
    return fit_pair_rankers(
        PairRanker(**QUICK),
        lambda code, matrix: unit_rows(made[code].vectors @ matrix),
        {code: language.words for code, language in made.items()},
        known,
        pairs,
    )


@pytest.mark.slow
def test_a_pair_without_a_lexicon_is_ranked_by_what_others_teach() -> None:
    found = fitted(fits(("en", "ru"), ("sh", "en")))
    assert set(found) == set(permutations(CODES, 2))
    for pair, each in found.items():
        assert each.is_transferred == ("en" not in pair)
        assert each.ranker is not None, pair
        assert each.ranker.has_pivots  # the third language
        assert each.gain is not None
        assert each.gain.transferred == each.is_transferred
        assert each.gain.gain > 0
    # The figures of the transfer are of both lexicons, from their source to their target.
    gain = found["ru", "sh"].gain
    assert gain is not None
    assert gain == found["sh", "ru"].gain
    assert gain.n == 2 * COUNT
    assert "not learned from" in str(gain)
    made = languages()
    space = SharedSpace({code: made[code] for code in ("ru", "sh")})
    asked = candidates(space, np.arange(COUNT))
    by_csls = (asked.target_rows[:, 0] == np.arange(COUNT)).mean()
    ranker = found["ru", "sh"].ranker
    assert ranker is not None
    learned = (ranker.rank(asked).indices[:, 0] == np.arange(COUNT)).mean()
    assert learned > by_csls + 0.05


@pytest.mark.slow
def test_nothing_is_transferred_from_a_single_pair_of_languages() -> None:
    found = fitted(fits(("en", "ru")))
    assert found["en", "ru"].ranker is not None
    assert not found["en", "ru"].is_transferred
    for pair in (("en", "sh"), ("sh", "en"), ("ru", "sh"), ("sh", "ru")):
        assert found[pair] == FittedRanker(None, None, is_transferred=True)


def test_a_small_lexicon_teaches_nothing() -> None:
    found = fitted(fits(("en", "ru"), ("en", "sh"), count=90))
    assert set(found.values()) == {FittedRanker(None, None, is_transferred=True)}


def test_nothing_is_learned_without_held_out_words() -> None:
    words = {code: ["a", "b"] for code in CODES}
    found = fit_pair_rankers(PairRanker(**QUICK), lambda _, __: EYE, words, [], {})
    assert found == dict.fromkeys(
        permutations(CODES, 2), FittedRanker(None, None, is_transferred=True)
    )


def test_all_translations_of_a_held_out_word_are_right() -> None:
    # "b0" translates both "a0" and "a1", of which only the first is held out in this fit.
    pairs = {("a", "b"): np.array([[0, 0]])}, {("a", "b"): np.array([[1, 0], [2, 2]])}
    rows = np.eye(3, 20, dtype=np.float32)
    known = [
        HeldOutFit({"a": EYE, "b": EYE}, {("a", "b"): np.array([[2, 2]])}, pairs[0]),
        HeldOutFit({"a": EYE, "b": EYE}, {("a", "b"): np.zeros((0, 2), int)}, pairs[1]),
    ]
    words = {"a": ["a0", "a1", "a2"], "b": ["b0", "b1", "b2"]}
    found = held_out_of_pair(lambda _, __: rows, words, known, ("b", "a"), 3)
    first, second = found["b", "a"]
    assert first.pairs.words == ["b0"]
    assert set(first.pairs.target_rows[0, first.is_correct[0]].tolist()) == {0, 1}
    assert first.known == [("b2", "a2")]
    assert second.pairs.words == ["b0", "b2"]
    assert [part.pairs.words for part in found["a", "b"]] == [["a0"], ["a1", "a2"]]


@settings(max_examples=25, deadline=None)
@given(*[st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12)] * 4)
def test_pairs_are_joined_through_any_third_language(
    ab: list[tuple[int, int]],
    bc: list[tuple[int, int]],
    da: list[tuple[int, int]],
    dc: list[tuple[int, int]],
) -> None:
    words = {code: [f"{code}{i}" for i in range(6)] for code in "abcd"}
    given = {("a", "b"): ab, ("b", "c"): bc, ("d", "a"): da, ("d", "c"): dc}
    evidence = {way: np.array(each, int).reshape(-1, 2) for way, each in given.items()}
    through_b = {(a, c) for a, b in ab for other, c in bc if b == other}
    through_d = {(a, c) for d, a in da for other, c in dc if d == other}
    expected = {(f"a{a}", f"c{c}") for a, c in through_b | through_d}
    assert set(word_pairs(words, evidence, ("a", "c"))) == expected
    assert set(word_pairs(words, evidence, ("b", "a"))) >= {(f"b{b}", f"a{a}") for a, b in ab}
