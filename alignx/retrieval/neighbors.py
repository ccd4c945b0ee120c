"""Neighbors found by a search: values, merging, and checks of their number."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from alignx import _core
from alignx.support.config import get_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import (
        Indices,
        Matrix,
    )


__all__ = [
    "N_NEIGHBORS",
    "CrossNeighbors",
    "Neighbors",
    "half_mean",
    "merge_neighbors",
    "require_count",
    "resolved_count",
]

logger = logging.getLogger("alignx")

# Neighbors of a search, or in the CSLS average, unless another number is given.
N_NEIGHBORS = 10


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The best keys of each query, best first; equal scores are ordered by lower index.

    Attributes
    ----------
    indices : (n, k) int64
        Rows of the keys.
    scores : (n, k) float32
        What they are ordered by.
    fallbacks : int
        How many of the queries had to be searched in float32, because the bounds of the fast search
        could not prove its answer. They cost time; the answers are the same.
    """

    indices: Indices
    scores: Matrix
    fallbacks: int = 0

    def take(self, rows: Indices) -> Neighbors:
        """Give the neighbors of some of the queries, in the order asked for."""
        return Neighbors(self.indices[rows], self.scores[rows])

    def first(self, k: int) -> Neighbors:
        """Give the `k` best neighbors of each query."""
        return Neighbors(self.indices[:, :k], self.scores[:, :k], self.fallbacks)


@dataclass(frozen=True, eq=False)
class CrossNeighbors:
    """Neighbors across two languages, in both directions.

    Attributes
    ----------
    of_source : Neighbors
        Target rows near each source row.
    of_target : Neighbors
        Source rows near each target row.
    """

    of_source: Neighbors
    of_target: Neighbors
    # Checksums of the rows and of what was found, if `cross_neighbors` has found it.
    _seal: tuple[tuple[int, ...], tuple[int, ...]] | None = field(
        default=None, init=False, repr=False
    )

    def reversed(self) -> CrossNeighbors:
        """Exchange the languages."""
        result = CrossNeighbors(self.of_target, self.of_source)
        if self._seal is not None:
            object.__setattr__(result, "_seal", self._seal[::-1])
        return result

    def mutual_pairs(self) -> Indices:
        """Pairs of rows that are each other's best: (p, 2), by ascending source row."""
        chosen, back = self.of_source.indices[:, 0], self.of_target.indices[:, 0]
        rows = np.flatnonzero(back[chosen] == np.arange(len(chosen)))
        return np.stack([rows, chosen[rows]], axis=1)

    def biases(self, n_neighbors: int) -> tuple[Matrix, Matrix]:
        """Half the mean of the `n_neighbors` best scores of each row: `csls_biases` of cosines."""
        return (
            half_mean(self.of_source.first(n_neighbors).scores),
            half_mean(self.of_target.first(n_neighbors).scores),
        )


def half_mean(scores: Matrix) -> Matrix:
    """Compute half the mean of each row."""
    half: Matrix = (scores.mean(axis=1, dtype=np.float64) / 2).astype(np.float32)
    return half


def resolved_count(
    given: int | None, default: int, most: int, name: str, rows: str = "rows"
) -> int:
    """Check a number of neighbors that was given, or lower the default to what there is and say so.

    Parameters
    ----------
    given : int or None
        By the caller.
    default : int
        Where nothing is given.
    most : int
        How many rows there are.
    name : str
        What messages call the number.
    rows : str
        What messages call the rows.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If what is given is out of range, or there are no rows.

    Examples
    --------
    >>> resolved_count(None, 10, 80_000, "n_neighbors")
    10
    """
    value = min(default, most) if given is None else given
    require_count(value, most, name)
    if given is None and value < default:
        logger.warning(
            "%s is %d instead of %d: there are only %d %s", name, value, default, most, rows
        )
    return value


def require_count(value: int, most: int, name: str) -> None:
    """Refuse a number that is not in [1, `most`]."""
    if not 1 <= value <= most:
        raise ValueError(f"{name} must lie in [1, {most}], got {value}")


def merge_neighbors(parts: Sequence[Neighbors], k: int) -> Neighbors:
    """Join what was found apart for the same queries.

    Parameters
    ----------
    parts : sequence of Neighbors
        At least one; -1 among the indices is no neighbor, and one that occurs in several parts
        counts once.
    k : int
        How many to keep; -1 and minus infinity stand for what is missing.

    Returns
    -------
    Neighbors

    Examples
    --------
    >>> one = Neighbors(np.array([[4, 2]]), np.array([[0.9, 0.5]], dtype=np.float32))
    >>> two = Neighbors(np.array([[7, 4]]), np.array([[1.0, 0.9]], dtype=np.float32))
    >>> merge_neighbors([one, two], k=3).indices
    array([[7, 4, 2]])
    """
    scores, indices = _core.merge([(p.scores, p.indices) for p in parts], k, get_config().n_threads)
    return Neighbors(indices, scores)
