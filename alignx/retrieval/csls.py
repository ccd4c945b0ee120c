"""Exact nearest neighbors by CSLS, of all rows of two languages.

CSLS(x, z) = 2 cos(x, z) - r(x) - r(z), where r is the mean cosine to the `n_neighbors` nearest
rows of the other language. For ranking the answers to one x it is nearest-neighbor search with a
bias for each key: cos(x, z) - r(z) / 2. One sweep over the pairs gives the cosine neighbors of both
sides, and so both r; a second one, which skips what the first has excluded, the CSLS neighbors of
both sides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.retrieval.exact import ExactIndex, cosine_neighbors
from alignx.retrieval.kernel import as_source_and_target, search_rows
from alignx.retrieval.neighbors import (
    N_NEIGHBORS,
    CrossNeighbors,
    Neighbors,
    count_or_default,
    half_mean,
)
from alignx.support.progress import Progress, part_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from alignx.support.arrays import Indices, Matrix

__all__ = [
    "as_csls",
    "csls_bias",
    "csls_biases",
    "csls_from_cosine",
    "csls_neighbors",
    "mutual_neighbors",
]


def csls_bias(
    keys: ArrayLike,
    queries: ArrayLike,
    *,
    n_neighbors: int | None = None,
    progress: Progress | None = None,
) -> Matrix:
    """Compute half the mean cosine of each key to its nearest queries.

    Subtracting this bias from cosine similarity ranks keys as CSLS does: hubs, the keys close to
    everything, sink.

    Parameters
    ----------
    keys : (m, d) float32
        Unit rows, one for each candidate translation.
    queries : (n, d) float32
        Unit rows of the *whole* query language, not only the words to translate.
    n_neighbors : int, optional
        Nearest queries to average, ``1 <= n_neighbors <= n``; 10 by default, or all with a warning.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    (m,) float32
        ``r(key) / 2``, in [-0.5, 0.5].

    Raises
    ------
    ValueError
        If `n_neighbors` is out of range.
    DimensionError
        If the widths differ.

    Notes
    -----
    Takes O(n m d) time and O(m n_neighbors) memory beyond its arguments.

    References
    ----------
    Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, section 2.3.

    Examples
    --------
    >>> rows = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    >>> csls_bias(rows, rows[:1], n_neighbors=1)
    array([0.5, 0. ], dtype=float32)
    """
    index = ExactIndex.borrowing(queries)
    n_neighbors = count_or_default(n_neighbors, N_NEIGHBORS, len(index), "n_neighbors")
    return half_mean(index.search(keys, n_neighbors, progress=progress).scores)


def csls_biases(
    source: ArrayLike,
    target: ArrayLike,
    *,
    n_neighbors: int | None = None,
    progress: Progress | None = None,
) -> tuple[Matrix, Matrix]:
    """Compute `csls_bias` of both languages from one sweep.

    Parameters
    ----------
    source : (n, d) float32
        Unit rows of one language.
    target : (m, d) float32
        Unit rows of the other language.
    n_neighbors : int, optional
        Rows of the other language to average, ``1 <= n_neighbors <= min(n, m)``; 10 by default, or
        as many as there are with a warning.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    source_bias : (n,) float32
        Half the mean cosine of each source row to its nearest target rows.
    target_bias : (m,) float32
        Half the mean cosine of each target row to its nearest source rows.

    Raises
    ------
    ValueError
        If `n_neighbors` is out of range.
    DimensionError
        If the widths differ.

    Notes
    -----
    Takes O(n m d) time and O((n + m) n_neighbors) memory beyond its arguments.

    Examples
    --------
    >>> rows = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    >>> csls_biases(rows, rows, n_neighbors=2)[0]
    array([0.25, 0.25], dtype=float32)
    """
    source, target = as_source_and_target(source, target)
    fewest = min(len(source), len(target))
    n_neighbors = count_or_default(n_neighbors, N_NEIGHBORS, fewest, "n_neighbors")
    return cosine_neighbors(source, target, n_neighbors, progress).biases(n_neighbors)


def csls_neighbors(
    source: ArrayLike,
    target: ArrayLike,
    k: int | None = None,
    *,
    n_neighbors: int | None = None,
    cosine: CrossNeighbors | None = None,
    progress: Progress | None = None,
) -> CrossNeighbors:
    """Find the `k` best CSLS neighbors in both directions.

    Parameters
    ----------
    source : (n, d) float32
        Unit rows of one language.
    target : (m, d) float32
        Unit rows of the other language.
    k : int, optional
        Neighbors of a row, ``1 <= k <= min(n, m)``; 10 by default, or as many as there are with a
        warning.
    n_neighbors : int, optional
        Neighbors in the CSLS average, ``1 <= n_neighbors <= min(n, m)``; 10 by default, or as many
        as there are with a warning.
    cosine : CrossNeighbors, optional
        Result of `cross_neighbors` for these rows, with at least `n_neighbors` neighbors; saves
        the first of two sweeps. Neighbors from elsewhere are compared with those of
        `cross_neighbors`, which saves nothing.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    CrossNeighbors
        Scores are CSLS, in [-4, 4].

    Raises
    ------
    ValueError
        If `k` or `n_neighbors` is out of range, dot products do not fit float32, or `cosine` is
        not of these rows.
    DimensionError
        If the widths differ.

    Notes
    -----
    Two sweeps of O(n m d) time; O((n + m) k) memory beyond the arguments.

    References
    ----------
    Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, section 2.3.

    Examples
    --------
    >>> rows = np.eye(3, dtype=np.float32)
    >>> csls_neighbors(rows, rows[[2, 0, 1]], k=1, n_neighbors=1).of_source.indices.ravel()
    array([1, 2, 0])
    """
    source, target = as_source_and_target(source, target)
    fewest = min(len(source), len(target))
    k = count_or_default(k, N_NEIGHBORS, fewest, "k")
    n_neighbors = count_or_default(n_neighbors, N_NEIGHBORS, fewest, "n_neighbors")
    first, rest = part_of(progress, 0, 0.5), part_of(progress, 0.5, 0.5)
    if cosine is None:
        cosine = cosine_neighbors(source, target, n_neighbors, first)
    else:
        _require_shape(cosine, len(source), len(target), n_neighbors)
        is_right = cosine.belongs_to(source, target)
        if is_right is None:
            width = max(len(cosine.of_source.scores.T), len(cosine.of_target.scores.T))
            is_right = _is_prefix_of(cosine, cosine_neighbors(source, target, width, first))
        else:
            rest = progress
        if not is_right:
            raise ValueError(
                "cosine must be what cross_neighbors gives for source and target, got neighbors "
                "of other rows"
            )
    return csls_from_cosine(source, target, cosine, k, n_neighbors=n_neighbors, progress=rest)


def csls_from_cosine(
    source: Matrix,
    target: Matrix,
    cosine: CrossNeighbors,
    k: int,
    *,
    n_neighbors: int,
    progress: Progress | None = None,
) -> CrossNeighbors:
    """Find CSLS neighbors in one sweep, from cosine neighbors that are not checked.

    Parameters
    ----------
    source, target, k, n_neighbors, progress
        See `csls_neighbors`.
    cosine : CrossNeighbors
        All nearest neighbors of these rows; others give wrong answers.

    Returns
    -------
    CrossNeighbors
        Scores are CSLS.
    """
    source_bias, target_bias = cosine.biases(n_neighbors)
    found = search_rows(
        source,
        target,
        k_queries=k,
        k_keys=k,
        query_bias=source_bias,
        key_bias=target_bias,
        known=(
            (cosine.of_source.scores, cosine.of_source.indices),
            (cosine.of_target.scores, cosine.of_target.indices),
        ),
        progress=progress,
    )
    return CrossNeighbors(
        as_csls(found.of_source, source_bias), as_csls(found.of_target, target_bias)
    )


def as_csls(found: Neighbors, query_bias: Matrix) -> Neighbors:
    """Turn scores of dot product minus key bias into CSLS."""
    with np.errstate(over="ignore"):
        scores = 2 * (found.scores - query_bias[:, None])
    if not np.isfinite(scores).all():
        raise ValueError("CSLS must stay within float32, got overflow; scale the rows")
    return Neighbors(found.indices, scores, found.fallbacks)


def mutual_neighbors(
    source: ArrayLike,
    target: ArrayLike,
    *,
    n_neighbors: int | None = None,
    progress: Progress | None = None,
) -> Indices:
    """Find mutual nearest neighbors by CSLS.

    Parameters
    ----------
    source, target, n_neighbors, progress
        See `csls_neighbors`.

    Returns
    -------
    (p, 2) int64
        Source row and target row of each pair, by ascending source row.

    Raises
    ------
    ValueError
        If `n_neighbors` is out of range.
    DimensionError
        If the widths differ.

    Examples
    --------
    >>> rows = np.eye(3, dtype=np.float32)
    >>> mutual_neighbors(rows, rows[[2, 0, 1]], n_neighbors=1)
    array([[0, 1],
           [1, 2],
           [2, 0]])
    """
    found = csls_neighbors(source, target, 1, n_neighbors=n_neighbors, progress=progress)
    return found.mutual_pairs()


def _require_shape(found: CrossNeighbors, n: int, m: int, n_neighbors: int) -> None:
    for name, neighbors, rows in (
        ("of_source", found.of_source, n),
        ("of_target", found.of_target, m),
    ):
        shape = neighbors.scores.shape
        if shape[0] != rows or shape[1] < n_neighbors:
            raise ValueError(
                f"cosine.{name} must hold at least {n_neighbors} neighbors of each of {rows} "
                f"rows, got shape {shape}"
            )


def _is_prefix_of(given: CrossNeighbors, right: CrossNeighbors) -> bool:
    """Tell whether neighbors are the first of those that are right."""
    return all(
        np.array_equal(mine.indices, true.indices[:, : mine.indices.shape[1]])
        and np.array_equal(mine.scores, true.scores[:, : mine.scores.shape[1]])
        for mine, true in (
            (given.of_source, right.of_source),
            (given.of_target, right.of_target),
        )
    )
