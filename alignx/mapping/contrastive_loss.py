"""Softmax cross-entropy of known pairs against their hardest negatives, and its gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from scipy.sparse import csr_array

from alignx.retrieval.exact import cosine_neighbors
from alignx.retrieval.pair_scores import pair_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.retrieval.neighbors import Neighbors
    from alignx.support.arrays import Double, Indices, Matrix

__all__ = ["Mapped", "Negatives", "slopes_of_cosines"]


class Mapped(NamedTuple):
    """Rows under a map: at unit length, and the inverse of the length before."""

    rows: Matrix
    unit: Matrix
    inverse: Matrix

    @classmethod
    def of(cls, rows: Matrix, matrix: Matrix) -> Self:
        """Map rows (n, d) by a matrix (d, c)."""
        mapped = rows @ matrix
        lengths = np.sqrt(np.einsum("ij,ij->i", mapped, mapped))[:, None]
        inverse = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        mapped *= inverse
        return cls(rows, mapped, inverse)

    def gradient(self, of_unit: Matrix) -> Matrix:
        """Give the gradient by the map, (d, c), from that by the unit rows, (n, c)."""
        along = np.einsum("ij,ij->i", of_unit, self.unit)[:, None]
        of_mapped = of_unit - along * self.unit
        of_mapped *= self.inverse
        gradient: Matrix = self.rows.T @ of_mapped
        return gradient


class Negatives(NamedTuple):
    """Wrong pairs, (q, 2) source and target rows: near a source word, and near a target word.

    In 4 bytes a row: those of all pairs of languages are kept at once.
    """

    of_source: NDArray[np.int32]
    of_target: NDArray[np.int32]

    @classmethod
    def hardest(cls, source: Matrix, target: Matrix, pairs: Indices, count: int) -> Self:
        """Search the nearest rows of each row of a pair that are no known translation of it."""
        most = max(int(np.bincount(column).max()) for column in pairs.T)
        k = min(count + most, len(source), len(target))
        found = cosine_neighbors(source, target, k, None)
        of_target = _nearest_unknown(found.of_target, pairs[:, ::-1], count, len(source))
        return cls(_nearest_unknown(found.of_source, pairs, count, len(target)), of_target[:, ::-1])


def _nearest_unknown(
    found: Neighbors, pairs: Indices, count: int, n_keys: int
) -> NDArray[np.int32]:
    """List the first `count` neighbors of each query of a pair that are in no pair with it."""
    queries = np.unique(pairs[:, 0])
    keys = found.indices[queries]
    # Pairs of rows as single numbers, so that membership is one call.
    is_unknown = ~np.isin(queries[:, None] * n_keys + keys, pairs @ [n_keys, 1])
    query, at = np.nonzero(is_unknown & (np.cumsum(is_unknown, axis=1) <= count))
    return np.stack([queries[query], keys[query, at]], axis=1).astype(np.int32)


def slopes_of_cosines(
    source: Matrix,
    target: Matrix,
    pairs: Indices,
    weights: Double,
    negatives: Negatives,
    temperature: float,
) -> csr_array:
    """Differentiate the loss by the cosine of each listed pair.

    The loss of a pair is minus the logarithm of its share among itself and the negatives of its
    source row, by ``exp(cosine / temperature)``, and likewise for its target row; the mean of both,
    weighted over the pairs.

    Parameters
    ----------
    source, target : (n, c) float32, (m, c) float32
        Unit rows in the shared space.
    pairs : (p, 2) int64
        Rows of translations.
    weights : (p,) float64
        Weight of each pair.
    negatives : Negatives
        Wrong pairs.
    temperature : float
        At least 0.01, so that no exponential vanishes.

    Returns
    -------
    (n, m) sparse float32
        Times the unit rows of one side, the gradient by those of the other.
    """
    listed = np.concatenate([pairs, *negatives])
    cosines = pair_scores(source, target, listed).astype(np.float64)
    likely = np.exp((cosines - 1) / temperature)
    of_pair = likely[: len(pairs)]
    slopes = np.zeros(len(listed))
    start = len(pairs)
    for side, rows in enumerate(negatives):
        own, words = slice(start, start + len(rows)), max(len(source), len(target))
        start += len(rows)
        total = np.bincount(rows[:, side], likely[own], words)
        share = weights / (of_pair + total[pairs[:, side]])
        slopes[: len(pairs)] += of_pair * share - weights
        slopes[own] = likely[own] * np.bincount(pairs[:, side], share, words)[rows[:, side]]
    slopes /= 2 * temperature * weights.sum()
    shape = len(source), len(target)
    return csr_array((slopes.astype(np.float32), (listed[:, 0], listed[:, 1])), shape=shape)
