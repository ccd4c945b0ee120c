"""BM25 beside the formula in plain Python, and beside bm25s."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignx.search.bm25 import BM25
from alignx.search.part import Part

TEXTS = st.lists(st.lists(st.sampled_from("abcde"), max_size=8).map(" ".join), min_size=1)
QUERY = st.lists(
    st.tuples(
        st.integers(1, 3).map(float),
        st.dictionaries(st.sampled_from("abcdef"), st.floats(0.1, 1), min_size=1, max_size=3),
    ),
    max_size=3,
)


def part_of(texts: list[str]) -> Part:
    return Part.of(texts, range(len(texts)), np.zeros((len(texts), 2), np.float32))


@given(TEXTS, QUERY, st.integers(0, 5))
def test_bm25_of_weighted_terms(
    texts: list[str], query: list[tuple[float, dict[str, float]]], cut: int
) -> None:
    found = BM25().scores([part_of(texts[:cut]), part_of(texts[cut:])], query)
    words = [text.split() for text in texts]
    average = sum(map(len, words)) / len(words)
    for own, score in zip(words, np.concatenate(found.of_parts), strict=True):
        expected = 0.0
        for occurrences, terms in query:
            tf = sum(p * own.count(term) for term, p in terms.items())
            df = sum(p * sum(term in each for each in words) for term, p in terms.items())
            idf = math.log(1 + max(len(words) - df + 0.5, 0.5) / (df + 0.5))
            if tf:
                norm = 1.2 * (0.25 + 0.75 * len(own) / average)
                expected += occurrences * idf * tf / (tf + norm)
        assert score == pytest.approx(expected)
        assert score <= found.most + 1e-9


@pytest.mark.slow
def test_bm25_is_that_of_bm25s() -> None:
    bm25s = pytest.importorskip("bm25s", reason="bm25s is not installed")
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(list("abcdefghij"), rng.integers(2, 12))) for _ in range(50)]
    peer = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    peer.index([text.split() for text in texts], show_progress=False)
    query = [(1.0, {"a": 1.0}), (1.0, {"d": 1.0}), (1.0, {"j": 1.0})]
    (scores,) = BM25().scores([part_of(texts)], query).of_parts
    np.testing.assert_allclose(scores, peer.get_scores(["a", "d", "j"]), rtol=1e-5)
