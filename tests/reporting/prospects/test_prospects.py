from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

import alignx as ax
from alignx.reporting.prospects.advice import advise, decide
from alignx.reporting.prospects.expectation import Expectation, accuracy_model, expect
from alignx.reporting.prospects.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Search small vocabularies by one thread, as threads wait for each other on a busy machine."""
    with ax.config_context(n_threads=1):
        yield


@pytest.fixture(scope="module")
def found() -> ax.Prospects:
    sample = ax.load_sample("en", "es")
    return ax.prospects(sample.source[:1_000], sample.target[:1_000])


@pytest.mark.slow
def test_the_sample_is_worth_a_try(found: ax.Prospects) -> None:
    assert found.verdict == "try"  # so few words were not measured
    assert found.expected[0].success > 0.8
    assert [each.pairs for each in found.expected] == [0, 500, 5_000]
    assert found.pair.identical > 50
    assert found.source.scripts == {"Latin": 1.0}
    assert not [text for text in found.warnings if "alphabetical" in text]


@pytest.mark.slow
def test_what_costs_nothing_is_advised_first(found: ax.Prospects) -> None:
    expected = [
        Expectation(0, 0.78, 0.5, 0.9, 0.6, "try"),
        Expectation(500, 0.78, 0.3, 0.9, 0.7, "try"),
        Expectation(5_000, 0.80, 0.5, 0.9, 0.9, "go"),
    ]
    facts = Facts(found.source, found.target, found.pair, found.trial)
    told = advise(expected, facts, ())
    assert told[0].startswith("Align without a dictionary")
    assert told[1].startswith("If it does not work, collect 5,000 pairs")
    assert sum("Keep more words" in text for text in told) == 1


@pytest.mark.slow
def test_prospects_print_and_serialize(found: ax.Prospects) -> None:
    told = str(found).splitlines()
    assert told[0] == f"en to es: {found.verdict}"
    assert sum(" pairs: P@1 " in line for line in told) == 3
    restored = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert restored["expected"] == [vars(each) for each in found.expected]
    assert list(found.to_frame()["pairs"]) == [0, 500, 5_000]
    assert repr(found) == f"Prospects(en -> es: {found.verdict})"


@pytest.mark.slow
def test_unrelated_vectors_are_no_go_without_pairs() -> None:
    sample = ax.load_sample("en", "es")
    shuffled = np.random.default_rng(0).permuted(sample.target.vectors[:1_000], axis=1)
    found = ax.prospects(sample.source[:1_000], sample.target[:1_000].with_vectors(shuffled))
    assert found.expected[0].success < 0.5
    assert found.expected[0].verdict == "no go"
    assert not found.verdict.startswith("go")
    assert not [text for text in found.advice if "Identical" in text]


@pytest.mark.slow
def test_warnings_name_what_is_wrong() -> None:
    random = np.random.default_rng(0)
    words = [*sorted(f"▁{n:x}" for n in range(300)), "кот", "Кот"]
    rows = random.standard_normal((302, 6)) + 9
    rows[5:55] = rows[4]
    rows[60] = 0
    odd = ax.Embeddings(words, rows)
    other = ax.Embeddings([f"w{n}" for n in range(50)], random.standard_normal((50, 4)))
    found = ax.prospects(odd, other)
    told = " ".join(found.source.warnings)
    for text in ("1 words have no vector", "50 words share", "alphabetical", "tokenizer", "Only 6"):
        assert text in told
    assert "mean cosine" in told
    assert not found.pair.same_dimension
    assert found.pair.relational_similarity is None
    assert any("script" not in text for text in found.unlike)
    assert all(each.verdict != "go" for each in found.expected)


@pytest.mark.parametrize("words", [["one"], ["1", "2"], ["<script>", "\u202ex"]])
def test_tiny_vocabularies_are_measured(words: list[str]) -> None:
    tiny = ax.Embeddings(words, np.eye(len(words), 3) + 1)
    assert ax.prospects(tiny, tiny).verdict in ("try", "no go")


# --- the model ----------------------------------------------------------------------------------

MIDDLE = {name: (low + high) / 2 for name, (low, high) in accuracy_model()["ranges"].items()}


@pytest.mark.parametrize("name", sorted(MIDDLE.keys() - {"words"}))
def test_better_figures_never_lower_the_expectation(name: str) -> None:
    low, high = accuracy_model()["ranges"][name]
    worse, better = (expect(MIDDLE | {name: value}, is_unlike=False) for value in (low, high))
    for one, other in zip(worse, better, strict=True):
        assert one.precision <= other.precision


def test_figures_outside_the_range_count_as_the_nearest_inside() -> None:
    for bound, beyond in ((0, -9.0), (1, 99.0)):
        edge = {name: limits[bound] for name, limits in accuracy_model()["ranges"].items()}
        assert expect(edge, is_unlike=True) == expect(dict.fromkeys(edge, beyond), is_unlike=True)


def test_intervals_hold_the_expectation_and_widen_for_unlike_languages() -> None:
    for one, other in zip(
        expect(MIDDLE, is_unlike=False), expect(MIDDLE, is_unlike=True), strict=True
    ):
        assert 0 <= other.low < one.low < one.precision == other.precision < one.high <= 1
        assert other.verdict != "go"


def test_more_pairs_never_lower_the_expectation() -> None:
    for bound in (0, 1):
        edge = {name: limits[bound] for name, limits in accuracy_model()["ranges"].items()}
        for fewer, more in pairwise(expect(edge, is_unlike=False)):
            assert fewer.precision <= more.precision <= more.high
            assert fewer.low <= more.low
            assert fewer.success <= more.success


def test_the_model_holds_its_errors() -> None:
    for size in accuracy_model()["sizes"]:
        assert size["n"] >= size["n_success"] > 0
        assert {each["left_out"] for each in size["errors"]} == {"pair", "corpus"}
        assert size["half_width"] > 0
        assert math.isfinite(sum(size["precision"].values()))


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (("go", "go", "go"), "go"),
        (("no go", "go", "go"), "go with 500 pairs"),
        (("no go", "try", "go"), "go with 5,000 pairs"),
        (("no go", "no go", "try"), "try"),
        (("no go", "no go", "no go"), "no go"),
    ],
)
def test_the_cheapest_way_decides(verdicts: tuple[str, ...], expected: str) -> None:
    sizes = (0, 500, 5_000)
    made = [Expectation(n, 0.5, 0.4, 0.6, 1, v) for n, v in zip(sizes, verdicts, strict=True)]
    assert decide(made) == expected


def test_vectors_of_zeros_are_refused() -> None:
    zeros = ax.Embeddings(["a", "b", "c"], np.zeros((3, 3)), source="zero.vec")
    with pytest.raises(ax.AlignxError, match=r"got zero\.vec: all are zero"):
        ax.prospects(ax.Embeddings(["a", "b", "c"], np.eye(3)), zeros)
