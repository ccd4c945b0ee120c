"""Neighbors by ratio margin, across two sets of rows, block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.retrieval.kernel import search_rows
from alignx.retrieval.neighbors import CrossNeighbors, Neighbors, count_or_default, merge_neighbors
from alignx.support.arrays import as_rows, require_same_dimension
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.support.arrays import Double, Indices, Matrix
    from alignx.support.progress import Progress

__all__ = ["BLOCK_BYTES", "blockwise_neighbors", "margin_candidates", "ratio_margin"]

N_NEIGHBORS = 4
BLOCK_BYTES = 2**27
"""Bytes of float32 rows of each side in memory at a time, unless their number is given."""

# Averages below are no similarity: texts without a common word, whose ratio would mean nothing.
_LEAST = 1e-3


def blockwise_neighbors(
    source: NDArray[np.floating],
    target: NDArray[np.floating],
    k: int | None = None,
    *,
    block_rows: int | None = None,
    progress: Progress | None = None,
) -> CrossNeighbors:
    """Find the `k` nearest neighbors in both directions, with few rows in memory.

    Parameters
    ----------
    source, target : (n, d) and (m, d) float32 or float16
        Unit rows; maps of files are read block by block.
    k : int, optional
        Neighbors of a row, ``1 <= k <= min(n, m)``; 4 by default, or as many as there are.
    block_rows : int, optional
        Rows of each side in memory at a time, at least 1; by default those of 128 MB.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    CrossNeighbors
        The same for every `block_rows`, but for the order of equal scores.

    Raises
    ------
    ValueError
        If `k` or `block_rows` is out of range, or a row is not finite.
    DimensionError
        If the widths differ.

    Notes
    -----
    Takes O(n m d) time, and O((n + m) k) memory beside two blocks.

    Examples
    --------
    >>> rows = np.eye(3, dtype=np.float16)
    >>> found = blockwise_neighbors(rows, rows[[2, 0, 1]], k=1, block_rows=2)
    >>> found.of_source.indices.ravel()
    array([1, 2, 0])
    """
    k = count_or_default(k, N_NEIGHBORS, min(len(source), len(target)), "k")
    if block_rows is None:
        block_rows = max(1, BLOCK_BYTES // (4 * max(1, source.shape[1])))
    if block_rows < 1:
        raise ValueError(f"block_rows must be at least 1, got {block_rows}")
    require_same_dimension(source, target, "source and target")
    starts = [range(0, len(rows), block_rows) for rows in (source, target)]
    total = len(starts[0]) * len(starts[1])
    of_target: list[Neighbors] = []
    of_source: list[Neighbors] = []
    for done, first in enumerate(starts[0]):
        queries = as_rows(source[first : first + block_rows], "source", first)
        best: Neighbors | None = None
        for place, start in enumerate(starts[1]):
            keys = as_rows(target[start : start + block_rows], "target", start)
            share = (done * len(starts[1]) + place) / total
            part = search_rows(
                queries,
                keys,
                k_queries=min(k, len(keys)),
                k_keys=min(k, len(queries)),
                progress=part_of(progress, share, 1 / total),
            )
            best = _merged(best, part.of_source, start, k)
            if done == 0:
                of_target.append(_shifted(part.of_target, first))
            else:
                of_target[place] = _merged(of_target[place], part.of_target, first, k)
        if best is not None:
            of_source.append(best)
    return CrossNeighbors(_stacked(of_source), _stacked(of_target))


def ratio_margin(
    cosines: Matrix | Double, source_mean: Matrix | Double, target_mean: Matrix | Double
) -> Double:
    """Divide cosines by the mean of the average cosines of both rows to their neighbors.

    Parameters
    ----------
    cosines : (p,) float
        Cosines of pairs.
    source_mean, target_mean : (p,) float
        Average cosine of the row of each pair to its nearest rows of the other side.

    Returns
    -------
    (p,) float64
        About 1 for a pair as near as any neighbors, more for a better one.

    References
    ----------
    Artetxe and Schwenk, "Margin-based Parallel Corpus Mining with Multilingual Sentence
    Embeddings", ACL 2019, equation 2.

    Examples
    --------
    >>> ratio_margin(np.array([0.9]), np.array([0.5]), np.array([0.7]))
    array([1.5])
    """
    mean = (np.asarray(source_mean, np.float64) + np.asarray(target_mean, np.float64)) / 2
    return np.asarray(np.asarray(cosines, np.float64) / np.maximum(mean, _LEAST))


def margin_candidates(
    found: CrossNeighbors, n_neighbors: int | None = None
) -> tuple[Indices, Double]:
    """Select the neighbors of both directions as pairs, with their ratio margins.

    Parameters
    ----------
    found : CrossNeighbors
        Nearest neighbors by cosine in both directions.
    n_neighbors : int, optional
        Neighbors in the averages, at most those found; 4 by default, or all found.

    Returns
    -------
    pairs : (p, 2) int64
        Each pair once, by ascending source and target row.
    margins : (p,) float64
    """
    width = min(found.of_source.scores.shape[1], found.of_target.scores.shape[1])
    k = count_or_default(n_neighbors, min(N_NEIGHBORS, width), width, "n_neighbors", "neighbors")
    n, m = len(found.of_source.indices), len(found.of_target.indices)
    forward, backward = found.of_source.indices, found.of_target.indices
    sources = np.concatenate([np.repeat(np.arange(n), forward.shape[1]), backward.ravel()])
    targets = np.concatenate([forward.ravel(), np.repeat(np.arange(m), backward.shape[1])])
    cosines = np.concatenate([found.of_source.scores.ravel(), found.of_target.scores.ravel()])
    is_found = (sources >= 0) & (targets >= 0)
    keys, first = np.unique((sources * m + targets)[is_found], return_index=True)
    pairs = np.stack([keys // m, keys % m], axis=1)
    of_source = found.of_source.first(k).scores.mean(axis=1, dtype=np.float64)
    of_target = found.of_target.first(k).scores.mean(axis=1, dtype=np.float64)
    margins = ratio_margin(cosines[is_found][first], of_source[pairs[:, 0]], of_target[pairs[:, 1]])
    return pairs, margins


def _shifted(part: Neighbors, start: int) -> Neighbors:
    return Neighbors(part.indices + start, part.scores)


def _merged(best: Neighbors | None, part: Neighbors, start: int, k: int) -> Neighbors:
    """Merge neighbors with those of a block of keys that begins at `start`."""
    moved = _shifted(part, start)
    return moved if best is None else merge_neighbors([best, moved], k)


def _stacked(parts: list[Neighbors]) -> Neighbors:
    indices = np.concatenate([part.indices for part in parts])
    return Neighbors(indices, np.concatenate([part.scores for part in parts]))
