"""Exact nearest neighbors by CSLS.

CSLS(x, z) = 2 cos(x, z) - r(x) - r(z), where r is the mean cosine to the `n_neighbors` nearest
rows of the other language. For ranking the answers to one x it is nearest-neighbor search with a
bias for each key: cos(x, z) - r(z) / 2. One sweep over the pairs gives the cosine neighbors of both
sides, and so both r; a second one, which skips what the first has excluded, the CSLS neighbors of
both sides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.retrieval.exact import (
    ExactIndex,
    as_languages,
    cosine_neighbors,
    seal_of,
    sweep,
)
from alignx.retrieval.neighbors import (
    N_NEIGHBORS,
    CrossNeighbors,
    Neighbors,
    half_mean,
    require_count,
    resolved_count,
)
from alignx.support.arrays import as_rows, require_same_dimension
from alignx.support.progress import Progress, part_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from alignx.support.arrays import (
        Indices,
        Matrix,
    )

__all__ = [
    "csls_bias",
    "csls_biases",
    "csls_neighbors",
    "csls_of_cosine",
    "csls_search",
    "mutual_neighbors",
    "refined_search",
]


def csls_bias(
    keys: ArrayLike,
    queries: ArrayLike,
    *,
    n_neighbors: int | None = None,
    progress: Progress | None = None,
) -> Matrix:
    """Half the mean similarity of each key to its nearest queries.

    Subtracting this bias from cosine similarity ranks keys as CSLS does: hubs, the keys close to
    everything, sink.

    Parameters
    ----------
    keys : (m, d) float32
        Unit rows, one for each candidate translation.
    queries : (n, d) float32
        Unit rows of the *whole* query language, not only the words to translate.
    n_neighbors : int, optional
        How many nearest queries to average, ``1 <= n_neighbors <= n``; 10 unless given, or all
        with a warning.
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
    n_neighbors = resolved_count(n_neighbors, N_NEIGHBORS, len(index), "n_neighbors")
    return half_mean(index.search(keys, n_neighbors, progress=progress).scores)


def csls_biases(
    source: ArrayLike,
    target: ArrayLike,
    *,
    n_neighbors: int | None = None,
    progress: Progress | None = None,
) -> tuple[Matrix, Matrix]:
    """`csls_bias` of both languages from one sweep.

    Parameters
    ----------
    source : (n, d) float32
        Unit rows.
    target : (m, d) float32
        Unit rows.
    n_neighbors : int, optional
        How many rows of the other language to average, ``1 <= n_neighbors <= min(n, m)``; 10
        unless given, or as many as there are with a warning.
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
    source, target = as_languages(source, target)
    fewest = min(len(source), len(target))
    n_neighbors = resolved_count(n_neighbors, N_NEIGHBORS, fewest, "n_neighbors")
    found = cosine_neighbors(source, target, n_neighbors, progress)
    return found.biases(n_neighbors)


def csls_neighbors(
    source: ArrayLike,
    target: ArrayLike,
    k: int | None = None,
    *,
    n_neighbors: int | None = None,
    cosine: CrossNeighbors | None = None,
    progress: Progress | None = None,
) -> CrossNeighbors:
    """The `k` best rows of the other language for every row of both, by CSLS.

    Parameters
    ----------
    source : (n, d) float32
        Unit rows.
    target : (m, d) float32
        Unit rows.
    k : int, optional
        How many neighbors, ``1 <= k <= min(n, m)``; 10 unless given, or as many as there are with a
        warning.
    n_neighbors : int, optional
        How many rows of the other language define how crowded a row's surroundings are,
        ``1 <= n_neighbors <= min(n, m)``; 10 unless given, or as many as there are with a warning.
    cosine : CrossNeighbors, optional
        What `cross_neighbors` gave for these rows, with at least `n_neighbors` neighbors; saves
        the first of two sweeps. Neighbors from elsewhere are compared with those that it gives,
        which saves nothing.
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
    source, target = as_languages(source, target)
    fewest = min(len(source), len(target))
    k = resolved_count(k, N_NEIGHBORS, fewest, "k")
    n_neighbors = resolved_count(n_neighbors, N_NEIGHBORS, fewest, "n_neighbors")

    def search_all(width: int) -> CrossNeighbors:
        return cosine_neighbors(source, target, width, part_of(progress, 0, 0.5))

    rest = part_of(progress, 0.5, 0.5)
    if cosine is None:
        cosine = search_all(n_neighbors)
    else:
        _require_neighbors_of(cosine, len(source), len(target), n_neighbors)
        if cosine._seal is not None:
            is_right, rest = cosine._seal == seal_of(cosine, source, target), progress
        else:
            is_right = _are_equal(cosine, search_all(_width(cosine)))
        if not is_right:
            raise ValueError(
                "cosine must be what cross_neighbors gives for source and target, got neighbors "
                "of other rows"
            )
    return csls_of_cosine(
        source,
        target,
        cosine,
        k,
        n_neighbors=n_neighbors,
        progress=rest,
    )


def csls_of_cosine(
    source: Matrix,
    target: Matrix,
    cosine: CrossNeighbors,
    k: int,
    *,
    n_neighbors: int,
    progress: Progress | None = None,
) -> CrossNeighbors:
    """Do the second sweep of `csls_neighbors`, without a look at where the first comes from.

    Parameters
    ----------
    source, target, k, n_neighbors, progress
        As of `csls_neighbors`.
    cosine : CrossNeighbors
        All nearest neighbors of these rows; others give wrong answers.

    Returns
    -------
    CrossNeighbors
        Scores are CSLS.
    """
    source_bias, target_bias = cosine.biases(n_neighbors)
    found = sweep(
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
        _as_csls(found.of_source, source_bias), _as_csls(found.of_target, target_bias)
    )


def _require_neighbors_of(found: CrossNeighbors, n: int, m: int, n_neighbors: int) -> None:
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


def _width(found: CrossNeighbors) -> int:
    return max(len(found.of_source.scores.T), len(found.of_target.scores.T))


def _are_equal(given: CrossNeighbors, right: CrossNeighbors) -> bool:
    """Tell whether neighbors are the first of those that are right."""
    return all(
        np.array_equal(mine.indices, true.indices[:, : mine.indices.shape[1]])
        and np.array_equal(mine.scores, true.scores[:, : mine.scores.shape[1]])
        for mine, true in (
            (given.of_source, right.of_source),
            (given.of_target, right.of_target),
        )
    )


def _as_csls(found: Neighbors, bias: Matrix) -> Neighbors:
    with np.errstate(over="ignore"):
        scores = 2 * (found.scores - bias[:, None])
    if not np.isfinite(scores).all():
        raise ValueError("CSLS must stay within float32, got overflow; scale the rows")
    return Neighbors(found.indices, scores, found.fallbacks)


def csls_search(
    queries: ArrayLike,
    source: ArrayLike,
    target: ArrayLike,
    k: int | None = None,
    *,
    n_neighbors: int | None = None,
) -> Neighbors:
    """The `k` best target rows of a few queries by CSLS, without a sweep over all pairs.

    The answer is that of a search with the full `csls_bias`. That bias is costly (every target row
    against every source row), but the bias against a sample of the source rows is cheap and never
    larger, so it bounds every score from above. Search by that bound, make the bias of the answers
    exact, and search again: once all answers are exact, nothing that was left out can beat them.

    Parameters
    ----------
    queries : (q, d) float32
        Unit rows to translate; some of `source`, or new ones.
    source : (n, d) float32
        Unit rows of the whole language of the queries.
    target : (m, d) float32
        Unit rows to choose from.
    k : int, optional
        How many, ``1 <= k <= m``; 10 unless given, or all with a warning.
    n_neighbors : int, optional
        Of CSLS, ``1 <= n_neighbors <= min(n, m)``; 10 unless given, or as many as there are with a
        warning.

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
    k = resolved_count(k, N_NEIGHBORS, len(targets), "k")
    fewest = min(len(sources), len(targets))
    n_neighbors = resolved_count(n_neighbors, N_NEIGHBORS, fewest, "n_neighbors")
    sample = np.linspace(0, len(sources) - 1, max(n_neighbors, len(sources) // 32)).astype(np.int64)
    bias = csls_bias(targets.keys, sources.keys[sample], n_neighbors=n_neighbors)
    found = refined_search(queries, sources, targets, k, bias=bias, n_neighbors=n_neighbors)
    crowding = half_mean(targets.search(queries, n_neighbors).scores)
    return _as_csls(found, crowding)


def mutual_neighbors(
    source: ArrayLike,
    target: ArrayLike,
    *,
    n_neighbors: int | None = None,
    progress: Progress | None = None,
) -> Indices:
    """Pairs of rows that choose each other as nearest by CSLS.

    Parameters
    ----------
    source, target, n_neighbors, progress
        As in `csls_neighbors`.

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
    return csls_neighbors(
        source,
        target,
        1,
        n_neighbors=n_neighbors,
        progress=progress,
    ).mutual_pairs()


def refined_search(
    queries: ArrayLike,
    sources: ExactIndex,
    targets: ExactIndex,
    k: int,
    *,
    bias: Matrix,
    n_neighbors: int,
) -> Neighbors:
    """The `k` best target rows of a few queries, with biases that are made exact where it matters.

    Parameters
    ----------
    queries : (q, d) float32
        Rows of the source language.
    sources, targets : ExactIndex
        All rows of both languages.
    k : int
        How many, ``1 <= k <= m``.
    bias : (m,) float32
        At most the bias of each target row, so that no score is underestimated.
    n_neighbors : int
        Of CSLS.

    Returns
    -------
    Neighbors
        Scores are dot product less the exact bias.

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
    bias = bias.copy()
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
        doubtful = np.unique(found.indices[~is_final])
        doubtful = doubtful[~is_exact[doubtful]]
        bias[doubtful] = half_mean(sources.search(targets.keys[doubtful], n_neighbors).scores)
        is_exact[doubtful] = True
    return Neighbors(indices, scores)
