"""CSLS search for a few queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.retrieval.csls import as_csls, csls_bias
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.neighbors import (
    N_NEIGHBORS,
    Neighbors,
    count_or_default,
    half_mean,
    require_count,
)
from alignx.support.arrays import as_rows, require_same_dimension

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from alignx.support.arrays import Matrix

__all__ = ["csls_search", "search_with_bias_bounds"]


def csls_search(
    queries: ArrayLike,
    source: ArrayLike | ExactIndex,
    target: ArrayLike | ExactIndex,
    k: int | None = None,
    *,
    n_neighbors: int | None = None,
) -> Neighbors:
    """Find the `k` best target rows of a few queries by CSLS.

    The answer is that of a search with the full `csls_bias`. That bias is costly (every target row
    against every source row), but the bias against a sample of the source rows is cheap and never
    larger, so it bounds every score from above. Search by that bound, make the bias of the answers
    exact, and search again: once all answers are exact, no other row can beat them.

    Parameters
    ----------
    queries : (q, d) float32
        Unit rows to translate; some of `source`, or new ones.
    source : (n, d) float32 or ExactIndex
        Unit rows of the whole language of the queries.
    target : (m, d) float32 or ExactIndex
        Unit rows to choose from.
    k : int, optional
        Answers for a query, ``1 <= k <= m``; 10 by default, or all with a warning.
    n_neighbors : int, optional
        Neighbors in the CSLS average, ``1 <= n_neighbors <= min(n, m)``; 10 by default, or as many
        as there are with a warning.

    Returns
    -------
    Neighbors
        Scores are CSLS.

    Raises
    ------
    ValueError
        If `k` or `n_neighbors` is out of range.
    DimensionError
        If the widths differ.

    Examples
    --------
    >>> rows = np.eye(3, dtype=np.float32)
    >>> csls_search(rows[:1], rows, rows[[2, 0, 1]], k=1, n_neighbors=1).indices
    array([[1]])
    """
    sources = ExactIndex.borrowing(source)
    targets = ExactIndex.borrowing(target)
    k = count_or_default(k, N_NEIGHBORS, len(targets), "k")
    fewest = min(len(sources), len(targets))
    n_neighbors = count_or_default(n_neighbors, N_NEIGHBORS, fewest, "n_neighbors")
    sample = np.linspace(0, len(sources) - 1, max(n_neighbors, len(sources) // 32)).astype(np.int64)
    bounds = csls_bias(targets.keys, sources.keys[sample], n_neighbors=n_neighbors)
    found = search_with_bias_bounds(
        queries, sources, targets, k, lower_bounds=bounds, n_neighbors=n_neighbors
    )
    return as_csls(found, half_mean(targets.search(queries, n_neighbors).scores))


def search_with_bias_bounds(
    queries: ArrayLike,
    sources: ExactIndex,
    targets: ExactIndex,
    k: int,
    *,
    lower_bounds: Matrix,
    n_neighbors: int,
) -> Neighbors:
    """Find the `k` best target rows of a few queries, computing only biases that matter.

    Parameters
    ----------
    queries : (q, d) float32
        Rows of the source language.
    sources, targets : ExactIndex
        All rows of both languages.
    k : int
        Answers for a query, ``1 <= k <= m``.
    lower_bounds : (m,) float32
        At most the bias of each target row, so that no score is underestimated.
    n_neighbors : int
        Neighbors in the CSLS average.

    Returns
    -------
    Neighbors
        Scores are dot product minus the exact bias.

    Raises
    ------
    ValueError
        If `k` is out of range.
    DimensionError
        If the widths differ.
    """
    queries = as_rows(queries, "queries")
    require_same_dimension(queries, targets.keys, "queries and target")
    require_count(k, len(targets), "k")
    bias = lower_bounds.copy()
    is_exact = np.zeros(len(targets), dtype=bool)
    indices = np.empty((len(queries), k), dtype=np.int64)
    scores = np.empty((len(queries), k), dtype=np.float32)
    pending = np.arange(len(queries))
    while len(pending):
        found = targets.with_bias(bias).search(queries[pending], min(2 * k, len(targets)))
        is_final = is_exact[found.indices[:, :k]].all(axis=1)
        indices[pending[is_final]] = found.indices[is_final, :k]
        scores[pending[is_final]] = found.scores[is_final, :k]
        pending = pending[~is_final]
        inexact = np.unique(found.indices[~is_final])
        inexact = inexact[~is_exact[inexact]]
        bias[inexact] = half_mean(sources.search(targets.keys[inexact], n_neighbors).scores)
        is_exact[inexact] = True
    return Neighbors(indices, scores)
