from __future__ import annotations

import numpy as np
import pytest
from made_languages import (
    assert_same,
    clustered,
    hubby,
    make_languages,
)

from alignx.retrieval.exact import ExactIndex, cross_neighbors
from alignx.retrieval.neighbors import Neighbors, merge_neighbors
from alignx.support.config import config_context


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


def merged(parts: list[Neighbors], k: int) -> tuple[list[list[int]], list[list[float]]]:
    """Join them with a dictionary for each query."""
    indices, scores = [], []
    for row in range(len(parts[0].indices)):
        known: dict[int, float] = {}
        for part in parts:
            for index, score in zip(part.indices[row], part.scores[row], strict=True):
                if index >= 0:
                    known[int(index)] = float(score)
        best = sorted(known.items(), key=lambda item: (-item[1], item[0]))[:k]
        best += [(-1, -np.inf)] * (k - len(best))
        indices.append([index for index, _ in best])
        scores.append([score for _, score in best])
    return indices, scores


@pytest.mark.parametrize("counts", [(5,), (4, 4), (1, 6, 3), (0, 2)])
@pytest.mark.parametrize("k", [1, 4, 20])
def test_what_was_found_apart_is_joined(counts: tuple[int, ...], k: int) -> None:
    rng = np.random.default_rng(23)
    rows, keys = 50, 12
    table = rng.integers(0, 6, (rows, keys)).astype(np.float32)  # with many ties
    parts = []
    for count in counts:
        chosen = np.array([rng.permutation(keys)[:count] for _ in range(rows)]).reshape(rows, count)
        chosen = chosen.astype(np.int64)
        scores = np.take_along_axis(table, chosen, axis=1)
        order = np.lexsort((chosen, -scores), axis=1)
        indices = np.take_along_axis(chosen, order, axis=1)
        scores = np.take_along_axis(scores, order, axis=1)
        if count > 2:  # some miss their last ones
            indices[::3, -1], scores[::3, -1] = -1, -np.inf
        parts.append(Neighbors(indices, scores))
    expected_indices, expected_scores = merged(parts, k)
    for n_threads in (1, 2):
        with config_context(n_threads=n_threads):
            found = merge_neighbors(parts, k)
        np.testing.assert_array_equal(found.indices, expected_indices)
        np.testing.assert_array_equal(found.scores, expected_scores)


def test_neighbors_in_parts_of_the_keys_are_those_of_all_keys() -> None:
    source, target = clustered(np.random.default_rng(5), 200, 330)
    parts = []
    for first in range(0, 330, 100):
        found = ExactIndex(target[first : first + 100]).search(source, 8)
        parts.append(Neighbors(found.indices + first, found.scores))
    whole = ExactIndex(target).search(source, 8)
    assert_same(merge_neighbors(parts, 8), whole)
