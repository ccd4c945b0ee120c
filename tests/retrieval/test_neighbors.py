from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_languages import (
    assert_same,
    clustered,
    hubby,
    make_languages,
)

from alignx import _core
from alignx.retrieval.exact import ExactIndex, cross_neighbors
from alignx.retrieval.neighbors import Neighbors, merge_neighbors
from alignx.support.config import config_context

if TYPE_CHECKING:
    from alignx.support.arrays import Indices, Matrix


def test_the_first_neighbors_are_those_of_a_search_for_fewer() -> None:
    source, target = make_languages(hubby)
    found = cross_neighbors(source, target, 10)
    fewer = cross_neighbors(source, target, 3)
    assert_same(found.of_source.first(3), fewer.of_source)
    assert_same(found.of_target.first(3), fewer.of_target)
    taken = found.of_source.take(np.array([7, 7, 0]))
    np.testing.assert_array_equal(taken.indices, found.of_source.indices[[7, 7, 0]])
    np.testing.assert_array_equal(taken.scores, found.of_source.scores[[7, 7, 0]])
    assert repr(found) == "CrossNeighbors(400 source rows, 300 target rows, k=10)"
    assert repr(taken) == "Neighbors(3 queries, k=10, fallbacks=0)"


def merged_slowly(parts: list[Neighbors], k: int) -> tuple[Matrix, Indices]:
    """Merge row by row; trusted since it collects all, forgets whom it has seen, and sorts."""
    rows = len(parts[0].scores)
    scores, indices = np.full((rows, k), -np.inf, np.float32), np.full((rows, k), -1)
    for row in range(rows):
        named = {
            int(i): float(s)
            for part in parts
            for s, i in zip(part.scores[row], part.indices[row], strict=True)
            if i >= 0
        }
        best = sorted(named.items(), key=lambda item: (-item[1], item[0]))[:k]
        for at, (index, score) in enumerate(best):
            scores[row, at], indices[row, at] = score, index
    return scores, indices


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(0, 5),
    widths=st.lists(st.integers(0, 6), min_size=1, max_size=4),
    others=st.integers(1, 20),
    k=st.integers(0, 9),
    n_threads=st.sampled_from([1, 3]),
)
def test_merging_equals_a_slow_reference(
    seed: int, rows: int, widths: list[int], others: int, k: int, n_threads: int
) -> None:
    rng = np.random.default_rng(seed)
    table = rng.integers(-3, 4, (rows, others)).astype(np.float32)  # ties abound
    parts = []
    for width in widths:
        indices = rng.integers(-2, others, (rows, width))
        scores = np.take_along_axis(table, np.maximum(indices, 0), axis=1)
        scores[indices < 0] = rng.choice(np.array([-np.inf, 7], np.float32))
        parts.append(Neighbors(indices, scores))
    with config_context(n_threads=n_threads):
        found = merge_neighbors(parts, k)
    expected_scores, expected_indices = merged_slowly(parts, k)
    np.testing.assert_array_equal(found.indices, expected_indices)
    np.testing.assert_array_equal(found.scores, expected_scores)
    assert found.scores.dtype == np.float32
    assert found.indices.dtype == np.int64


def test_what_cannot_be_merged_is_named() -> None:
    scores, indices = np.zeros((3, 2), np.float32), np.zeros((3, 2), np.int64)
    wrong: list[tuple[list[Any], str]] = [
        ([], "parts must not be empty"),
        ([(scores[0], indices[0])], "parts must hold scores of 2 dimensions, got 1"),
        ([(scores, indices[:2])], "scores and indices of 3 rows"),
        ([(scores, indices[:, :1])], "scores and indices of 3 rows"),
        ([(scores, indices), (scores[:2], indices[:2])], "scores and indices of 3 rows"),
        ([(scores, indices[0])], "scores and indices of 3 rows"),
    ]
    for parts, message in wrong:
        with pytest.raises(ValueError, match=message):
            _core.merge(parts, 1)
    with pytest.raises(ValueError, match="n_threads must be at least 1, got 0"):
        _core.merge([(scores, indices)], 1, 0)


def test_neighbors_in_parts_of_the_keys_are_those_of_all_keys() -> None:
    source, target = clustered(np.random.default_rng(5), 200, 330)
    parts = []
    for first in range(0, 330, 100):
        found = ExactIndex(target[first : first + 100]).search(source, 8)
        parts.append(Neighbors(found.indices + first, found.scores))
    whole = ExactIndex(target).search(source, 8)
    assert_same(merge_neighbors(parts, 8), whole)
