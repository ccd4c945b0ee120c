"""Whether answers are exact: float64 brute force for a sample of rows, ties aside.

The r of CSLS are those of faiss's neighbors, scored again in float64, so nothing here rests on what
alignx computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from alignx.support.arrays import Double, Indices, Matrix

TIE = 1e-6
SAMPLE = 500


def sample_of(rows: int) -> Indices:
    return np.random.default_rng(0).choice(rows, min(SAMPLE, rows), replace=False)


def r_of(rows: Matrix, keys: Matrix, neighbors: Indices) -> Double:
    """Mean cosine of each row to its neighbors."""
    total = np.zeros(len(rows))
    for column in neighbors.T:
        total += np.einsum("nd,nd->n", rows, keys[column], dtype=np.float64)
    mean: Double = total / neighbors.shape[1]
    return mean


def _scores(queries: Matrix, keys: Matrix, r: Double) -> Double:
    scores: Double = queries.astype(np.float64) @ keys.astype(np.float64).T
    scores -= r / 2
    return scores


def is_exact(queries: Matrix, keys: Matrix, r: Double, found: Indices) -> bool:
    """Whether the sampled rows of `found` are the best keys, by cosine minus half of r."""
    rows = sample_of(len(queries))
    k = found.shape[1]
    scores = _scores(queries[rows], keys, r)
    given = np.take_along_axis(scores, found[rows], axis=1)
    best = -np.sort(np.partition(-scores, k - 1, axis=1)[:, :k], axis=1)
    once = all(len(set(row)) == k for row in found[rows].tolist())
    return once and bool((np.abs(given - best) <= TIE).all())


@dataclass(frozen=True)
class _Choice:
    """The best key of each query, and whether another ties with it."""

    chosen: Indices
    tied: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def _choose(queries: Matrix, keys: Matrix, r: Double) -> _Choice:
    scores = _scores(queries, keys, r)
    best = np.partition(scores, -2, axis=1)[:, -2:]
    return _Choice(scores.argmax(axis=1), best[:, 1] - best[:, 0] <= TIE)


def are_mutual(
    source: Matrix, target: Matrix, r_source: Double, r_target: Double, pairs: Indices
) -> bool:
    """Whether the sampled source rows are in `pairs` as float64 has it."""
    rows = sample_of(len(source))
    there = _choose(source[rows], target, r_target)
    back = _choose(target[there.chosen], source, r_source)
    expected = np.where(back.chosen == rows, there.chosen, -1)
    claimed = np.full(len(source), -1)
    claimed[pairs[:, 0]] = pairs[:, 1]
    return bool(((claimed[rows] == expected) | there.tied | back.tied).all())
