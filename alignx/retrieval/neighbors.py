"""Nearest neighbors as values, merging of them, and checks of their number."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from alignx import _core
from alignx.support.arguments import require_whole
from alignx.support.config import get_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Indices, Matrix


__all__ = [
    "N_NEIGHBORS",
    "CrossNeighbors",
    "Neighbors",
    "count_or_default",
    "half_mean",
    "merge_neighbors",
    "require_count",
]

logger = logging.getLogger("alignx")

_Checksums: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]

N_NEIGHBORS = 10
"""Neighbors of a search, or in the CSLS average, unless another number is given."""


@dataclass(frozen=True, eq=False, repr=False)
class Neighbors:
    """Best keys of each query, best first.

    Two values are equal only if they are the same object.

    Attributes
    ----------
    indices : (n, k) int64
        Rows of the keys.
    scores : (n, k) float32
        Scores of the keys, descending.
    fallbacks : int
        Number of queries that were searched in float32, because the bounds of the fast search could
        not prove its answer. They cost time; the answers are the same.
    """

    indices: Indices
    scores: Matrix
    fallbacks: int = 0

    def __repr__(self) -> str:
        queries, k = self.indices.shape
        return f"Neighbors({queries} queries, k={k}, fallbacks={self.fallbacks})"

    def take(self, rows: Indices) -> Neighbors:
        """Select the neighbors of some queries, in the order of `rows`."""
        return Neighbors(self.indices[rows], self.scores[rows])

    def first(self, k: int) -> Neighbors:
        """Select the `k` best neighbors of each query."""
        return Neighbors(self.indices[:, :k], self.scores[:, :k], self.fallbacks)


@dataclass(frozen=True, eq=False, repr=False)
class CrossNeighbors:
    """Neighbors across two languages, in both directions.

    Two values are equal only if they are the same object.

    Attributes
    ----------
    of_source : Neighbors
        Target rows near each source row.
    of_target : Neighbors
        Source rows near each target row.
    """

    of_source: Neighbors
    of_target: Neighbors
    # Of the rows and of what was found, if `cross_neighbors` has found it.
    _checksums: _Checksums | None = field(default=None, init=False)

    def __repr__(self) -> str:
        (n, k), m = self.of_source.indices.shape, len(self.of_target.indices)
        return f"CrossNeighbors({n} source rows, {m} target rows, k={k})"

    def reversed(self) -> CrossNeighbors:
        """Exchange the languages."""
        result = CrossNeighbors(self.of_target, self.of_source)
        if self._checksums is not None:
            object.__setattr__(result, "_checksums", self._checksums[::-1])
        return result

    def mutual_pairs(self) -> Indices:
        """Select pairs of rows that are each other's best: (p, 2), by ascending source row."""
        chosen, back = self.of_source.indices[:, 0], self.of_target.indices[:, 0]
        rows = np.flatnonzero(back[chosen] == np.arange(len(chosen)))
        return np.stack([rows, chosen[rows]], axis=1)

    def biases(self, n_neighbors: int) -> tuple[Matrix, Matrix]:
        """Compute what `csls_biases` gives, from cosines."""
        return (
            half_mean(self.of_source.first(n_neighbors).scores),
            half_mean(self.of_target.first(n_neighbors).scores),
        )

    def record_checksums(self, source: Matrix, target: Matrix) -> CrossNeighbors:
        """Remember which rows these are the neighbors of, and return self."""
        object.__setattr__(self, "_checksums", self._checksums_with(source, target))
        return self

    def belongs_to(self, source: Matrix, target: Matrix) -> bool | None:
        """Compare the recorded checksums with those of the rows; None if none are recorded."""
        if self._checksums is None:
            return None
        return self._checksums == self._checksums_with(source, target)

    def _checksums_with(self, source: Matrix, target: Matrix) -> _Checksums:
        def checksums(rows: Matrix, near: Neighbors) -> tuple[int, ...]:
            arrays = (rows, *map(np.ascontiguousarray, (near.indices, near.scores)))
            return tuple(map(_core.checksum, arrays))

        return checksums(source, self.of_source), checksums(target, self.of_target)


def half_mean(scores: Matrix) -> Matrix:
    """Compute half the mean of each row."""
    half: Matrix = (scores.mean(axis=1, dtype=np.float64) / 2).astype(np.float32)
    return half


def count_or_default(
    given: int | None, default: int, most: int, name: str, rows: str = "rows"
) -> int:
    """Check a given number of neighbors, or lower the default to the rows with a warning.

    Parameters
    ----------
    given : int or None
        Number that the caller gave.
    default : int
        Number if none is given.
    most : int
        Number of rows.
    name : str
        Name of the number in messages.
    rows : str
        Name of the rows in messages.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If `given` is not in [1, `most`], or there are no rows.

    Examples
    --------
    >>> count_or_default(None, 10, 80_000, "n_neighbors")
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
    """Refuse a number that is not in [1, `most`], and what is no whole number."""
    require_whole(value, name)
    if not 1 <= value <= most:
        raise ValueError(f"{name} must lie in [1, {most}], got {value}")


def merge_neighbors(parts: Sequence[Neighbors], k: int) -> Neighbors:
    """Merge neighbors of the same queries among different keys.

    Parameters
    ----------
    parts : sequence of Neighbors
        At least one; index -1 is no neighbor, and an index in several parts counts once.
    k : int
        Neighbors to keep; missing ones are index -1 with score minus infinity.

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
