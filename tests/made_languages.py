"""Rows of two made-up languages, and comparisons of their neighbors."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from reference import top_k

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from alignx.retrieval.neighbors import Neighbors
    from alignx.support.arrays import Matrix

Languages: TypeAlias = tuple["Matrix", "Matrix"]
TOLERANCE = 1e-5
EYE = np.eye(4, dtype=np.float32)


def unit(rows: NDArray[np.float64]) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def random(rng: np.random.Generator, n: int, m: int) -> Languages:
    return unit(rng.standard_normal((n, 20))), unit(rng.standard_normal((m, 20)))


def clustered(rng: np.random.Generator, n: int, m: int) -> Languages:
    """Thirty narrow clusters, some of which only one language has."""
    centers = 3 * rng.standard_normal((30, 20))
    source = centers[rng.integers(0, 25, n)] + rng.standard_normal((n, 20))
    return unit(source), unit(centers[rng.integers(5, 30, m)] + rng.standard_normal((m, 20)))


def hubby(rng: np.random.Generator, n: int, m: int) -> Languages:
    """All rows lean one way, and some target rows lie right in the middle of it."""
    lean = 1.5 * rng.standard_normal(20)
    target = rng.standard_normal((m, 20)) * rng.choice([0.1, 1, 3], (m, 1)) + lean
    return unit(rng.standard_normal((n, 20)) + lean), unit(target)


def duplicated(rng: np.random.Generator, n: int, m: int) -> Languages:
    """Rows that occur up to a dozen times, so that ties and zero gaps abound."""
    base = unit(rng.standard_normal((60, 20)))
    return base[rng.integers(0, 60, n)], base[rng.integers(0, 60, m)]


MAKERS = [random, clustered, hubby, duplicated]


def make_languages(make: Callable[..., Languages], n: int = 400, m: int = 300) -> Languages:
    return make(np.random.default_rng(MAKERS.index(make)), n, m)


def assert_best(found: Neighbors, all_scores: NDArray[np.float64]) -> None:
    """Compare scores with the oracle, and each index by the score that it has there."""
    k = found.indices.shape[1]
    expected, _ = top_k(all_scores, k)
    of_indices = np.take_along_axis(all_scores, found.indices, axis=1)
    np.testing.assert_allclose(found.scores, expected, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(found.scores, of_indices, rtol=0, atol=TOLERANCE)
    assert all(len(set(row)) == k for row in found.indices.tolist())
    assert found.indices.dtype == np.int64
    assert found.scores.dtype == np.float32


def assert_same(found: Neighbors, expected: Neighbors) -> None:
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.scores, expected.scores)
