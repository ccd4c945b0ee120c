"""Occurrences of words among the nearest of others, which show hubs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.retrieval.exact import ExactIndex

if TYPE_CHECKING:
    from alignx.support.arrays import Indices, Matrix

__all__ = ["nearest_others", "occurrences", "skewness"]


def nearest_others(rows: Matrix, k: int) -> Indices:
    """Find the k nearest rows of each unit row, without itself; fewer if there are not so many.

    Examples
    --------
    >>> nearest_others(np.array([[1, 0], [0.8, 0.6], [0, 1]], dtype=np.float32), 1).ravel()
    array([1, 0, 1])
    """
    k = min(k + 1, len(rows))
    near = ExactIndex.borrowing(rows).search(rows, k).indices
    # Of equal rows, the row itself need not be the first, or among the nearest at all.
    is_self = near == np.arange(len(rows))[:, None]
    is_self[~is_self.any(axis=1), -1] = True
    others: Indices = near[~is_self].reshape(len(rows), k - 1)
    return others


def occurrences(rows: Matrix, k: int) -> Indices:
    """Count the other rows that have each unit row among their k nearest, (n,) int64.

    References
    ----------
    Radovanović et al., "Hubs in Space: Popular Nearest Neighbors in High-Dimensional Data", JMLR
    2010: k-occurrences, whose skewness measures hubness.
    """
    return np.bincount(nearest_others(rows, k).ravel(), minlength=len(rows))


def skewness(counts: Indices) -> float:
    """Compute the skewness of counts; 0 if they are all equal."""
    from scipy.stats import skew  # takes half a second to load

    return float(skew(counts)) if len(counts) and np.ptp(counts) else 0.0
