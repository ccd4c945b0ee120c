"""Change of words between two slices, measured on rows of the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.ndimage import median_filter
from threadpoolctl import threadpool_limits

from alignx.retrieval.exact import ExactIndex
from alignx.support.arrays import unit_rows

if TYPE_CHECKING:
    from alignx.support.arrays import Double, Indices, Matrix

__all__ = ["Change", "beyond_alike", "centered", "measure_change", "neighbor_rows"]

FOLDS = 10
WINDOW = 101


class Change(NamedTuple):
    """Change of n words between two slices.

    Attributes
    ----------
    distance : (n,) float64
        Cosine distance of the vectors after alignment by the other words, in [0, 2].
    turnover : (n,) float64
        Cosine distance of the similarities to the nearest neighbors of either slice, in [0, 2].
    score : (n,) float64
        Mean of both, less its median among words of like frequency.
    """

    distance: Double
    turnover: Double
    score: Double


def measure_change(
    first: Matrix, second: Matrix, ranks: Double, *, n_neighbors: int = 10
) -> Change:
    """Measure the change of words between two slices.

    Parameters
    ----------
    first, second : (n, d) float32, (n, e) float32
        Centered unit rows of the same words; d and e may differ.
    ranks : (n,) float64
        Rarity of the words; only their order counts.
    n_neighbors : int
        Neighbors in each slice that the turnover compares.

    References
    ----------
    Hamilton, Leskovec and Jurafsky, "Diachronic Word Embeddings Reveal Statistical Laws of Semantic
    Change", ACL 2016, and "Cultural Shift or Linguistic Drift?", EMNLP 2016, for both measures;
    Dubossarsky, Weinshall and Grossman, "Outta Control: Laws of Semantic Change and Inherent
    Biases in Word Representation Models", EMNLP 2017, for the bias by frequency.
    """
    distance = _distance(first, second)
    turnover = _turnover(first, second, min(n_neighbors, len(first) - 1))
    return Change(distance, turnover, beyond_alike((distance + turnover) / 2, ranks))


def centered(rows: Matrix) -> Matrix:
    """Return unit rows of centered unit rows: a common direction says nothing about a word."""
    unit = unit_rows(rows)
    return unit_rows(unit - unit.mean(axis=0))


def beyond_alike(values: Double, ranks: Double) -> Double:
    """Subtract from each value the median of the 101 words of like rank.

    Rare words have noisier vectors, so they differ more between slices without any change.

    Examples
    --------
    >>> beyond_alike(np.array([1.0, 2.0, 3.0, 2.0, 12.0]), np.arange(5.0))
    array([-1.,  0.,  1.,  0., 10.])
    """
    order = np.argsort(ranks, kind="stable")
    result = np.empty_like(values)
    result[order] = values[order] - median_filter(values[order], WINDOW, mode="reflect")
    return result


def neighbor_rows(rows: Matrix, k: int) -> Indices:
    """Find the k nearest other rows of each row, (n, k)."""
    found = ExactIndex.borrowing(rows).search(rows, min(k + 1, len(rows))).indices
    own = np.arange(len(rows))[:, None]
    # Without the row itself, which twins may precede; then the last is left out instead.
    is_own = found == own
    is_own[~is_own.any(axis=1), -1] = True
    others: Indices = found[~is_own].reshape(len(rows), -1)
    return others


def _distance(first: Matrix, second: Matrix) -> Double:
    """Return cosine distances after orthogonal maps, each fitted on the words of other folds.

    A map fitted on a word too would bend to it, and most to the words that differ most.
    """
    fold = np.arange(len(first)) % min(FOLDS, len(first))
    X, Y = first.astype(np.float64), second.astype(np.float64)
    distance = np.empty(len(X))
    with threadpool_limits(limits=1, user_api="blas"):
        products = [X[fold == f].T @ Y[fold == f] for f in range(fold.max() + 1)]
        total = np.sum(products, axis=0)
        for f, own in enumerate(products):
            rows = fold == f
            U, _, Vt = np.linalg.svd(total - own, full_matrices=False)
            distance[rows] = 1 - np.einsum("ij,ij->i", X[rows] @ U, Y[rows] @ Vt.T)
    return distance


def _turnover(first: Matrix, second: Matrix, k: int) -> Double:
    """Return the distance between similarities to the neighbors in both slices."""
    near = np.hstack([neighbor_rows(first, k), neighbor_rows(second, k)])
    near.sort(axis=1)
    is_new = np.ones(near.shape, dtype=bool)
    is_new[:, 1:] = near[:, 1:] != near[:, :-1]
    turnover = np.empty(len(first))
    for row in range(len(first)):
        others = near[row, is_new[row]]
        then, now = first[others] @ first[row], second[others] @ second[row]
        norms = np.linalg.norm(then) * np.linalg.norm(now)
        turnover[row] = 1 - float(then @ now) / norms if norms else 0.0
    return turnover
