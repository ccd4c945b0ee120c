from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_languages import (
    MAKERS,
    TOLERANCE,
    Languages,
    assert_best,
    assert_same,
    clustered,
    hubby,
    make_languages,
    random,
)
from reference import cosines, top_k
from reference import csls_bias as reference_bias

from alignx.errors import DimensionError
from alignx.retrieval.csls import csls_neighbors
from alignx.retrieval.csls_search import csls_search, search_with_bias_bounds
from alignx.retrieval.exact import ExactIndex

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.slow
@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("k", [1, 3, 10, 200, 300])
@pytest.mark.parametrize("count", [1, 17, 400])
def test_a_few_queries_find_what_all_find(
    make: Callable[..., Languages], k: int, count: int
) -> None:
    source, target = make_languages(make)
    full = csls_neighbors(source, target, k)
    rows = np.random.default_rng(k).choice(len(source), count, replace=False)
    found = csls_search(source[rows], source, target, k)
    assert_same(found, full.of_source.take(rows))
    if count <= len(target):
        found = csls_search(target[:count], target, source, k)
        assert_same(found, full.of_target.take(np.arange(count)))


@pytest.mark.parametrize("make", [random, clustered, hubby])
@pytest.mark.parametrize("slack", [0.0, 0.1, 1.0])
def test_biases_are_refined_where_they_decide(make: Callable[..., Languages], slack: float) -> None:
    source, target = make(np.random.default_rng(17), 700, 500)
    sources, targets = ExactIndex(source), ExactIndex(target)
    exact = reference_bias(target, source, 6)
    bound = (exact - slack * np.random.default_rng(0).random(500) - 1e-6).astype(np.float32)
    given = bound.copy()
    queries = source[::9]
    for k in (1, 3, 500):
        found = search_with_bias_bounds(
            queries, sources, targets, k, lower_bounds=bound, n_neighbors=6
        )
        scores, indices = top_k(cosines(queries, target) - exact, k + (k < 500))
        np.testing.assert_allclose(found.scores, scores[:, :k], atol=TOLERANCE)
        is_clear = (scores[:, 0] - scores[:, 1] > TOLERANCE).nonzero()
        np.testing.assert_array_equal(found.indices[is_clear, 0], indices[is_clear, 0])
    assert np.array_equal(bound, given)
    for k in (0, 501):
        with pytest.raises(ValueError, match=rf"k must lie in \[1, 500\], got {k}"):
            search_with_bias_bounds(queries, sources, targets, k, lower_bounds=bound, n_neighbors=6)
    with pytest.raises(DimensionError):
        search_with_bias_bounds(
            queries[:, :7], sources, targets, 1, lower_bounds=bound, n_neighbors=6
        )


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("n_neighbors", [1, 10, 300])
def test_new_queries_are_scored_against_both_languages(
    make: Callable[..., Languages], n_neighbors: int
) -> None:
    source, target = make_languages(make)
    queries, _ = make(np.random.default_rng(99), 25, 25)
    r_queries = 2 * reference_bias(queries, target, n_neighbors)
    r_target = 2 * reference_bias(target, source, n_neighbors)
    expected = 2 * cosines(queries, target) - r_queries[:, None] - r_target
    for k in (1, 5, 300):
        found = csls_search(queries, source, target, k, n_neighbors=n_neighbors)
        assert_best(found, expected)


def test_no_queries_give_no_answers() -> None:
    source, target = make_languages(random)
    for found in (
        csls_search(source[:0], source, target, 5),
        ExactIndex(target).search(source[:0], 5),
    ):
        assert found.indices.shape == found.scores.shape == (0, 5)
