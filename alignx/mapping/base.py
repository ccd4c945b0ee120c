"""Base class of the aligners: two matrices, and the two means subtracted before them."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from alignx.errors import DimensionError, NotFittedError
from alignx.support.arrays import Double, Indices, Matrix, as_rows, zero_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Aligner", "Maps", "apply_map", "as_pairs"]


class Maps(NamedTuple):
    """Maps (d, c) of a method, and means (d,) where it centers."""

    source: Double
    target: Double
    source_mean: Double | None = None
    target_mean: Double | None = None


class Aligner(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Base of the aligners: two linear maps into one space, learned from paired rows.

    A method implements `_solve`, or `_solve_among` if it also learns from rows that are in no pair.
    Row i of X and row i of Y are translations, unless `pairs` are given.

    Attributes
    ----------
    source_map_, target_map_ : (d, c) float32, (e, c) float32
        Multiply source and target rows from the right.
    source_mean_, target_mean_ : (d,) float32, (e,) float32
        Subtracted from the rows first; zero for methods that do not center.
    """

    source_map_: Matrix
    target_map_: Matrix
    source_mean_: Matrix
    target_mean_: Matrix

    def fit(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        pairs: ArrayLike | None = None,
    ) -> Self:
        """Learn the maps.

        Parameters
        ----------
        X, Y : (n, d) float32, (m, e) float32
            Source and target row of each pair, or with `pairs` all rows of both languages, most
            frequent first.
        sample_weight : (p,) float, optional
            Weight of each pair, at least 0. Default: equal weights.
        pairs : (p, 2) int, optional
            Source and target row of each pair. Default: row i of both, for all i.

        Raises
        ------
        ValueError
            If the number of rows differs, is zero, or a row, weight or parameter is out of range.
        DimensionError
            If the method needs d = e and they differ.
        """
        source, target = as_rows(X, "source"), as_rows(Y, "target")
        known = as_pairs(pairs, len(source), len(target))
        w = _as_weights(sample_weight, len(known))
        # Decompositions are done in float64; the maps are cast back once. BLAS gets one thread:
        # the matrices are small, its threads wait for each other on a busy machine, and results
        # must not depend on their number.
        with threadpool_limits(limits=1, user_api="blas"):
            self.set_maps(self._solve_among(source, target, known, w))
        return self

    def initial(self) -> Aligner:
        """Return the aligner that the rounds of `refine` before the last refit, unfitted."""
        return self

    def set_maps(self, maps: Maps) -> None:
        """Set maps without a fit, as of a saved alignment."""
        self.source_map_ = maps.source.astype(np.float32)
        self.target_map_ = maps.target.astype(np.float32)
        self.source_mean_ = _mean_or_zeros(maps.source_mean, len(maps.source))
        self.target_mean_ = _mean_or_zeros(maps.target_mean, len(maps.target))

    def _solve_among(self, source: Matrix, target: Matrix, pairs: Indices, weights: Double) -> Maps:
        """Find the maps from all rows and the pairs, (p, 2); weights are (p, 1) with mean 1."""
        X, Y = source[pairs[:, 0]], target[pairs[:, 1]]
        return self._solve(X.astype(np.float64), Y.astype(np.float64), weights)

    @abstractmethod
    def _solve(self, source: Double, target: Double, weights: Double) -> Maps:
        """Find the maps from paired rows; weights are (p, 1) with mean 1."""

    def transform(self, X: ArrayLike) -> Matrix:
        """Map source rows (n, d) into the shared space, (n, c) float32.

        Raises
        ------
        NotFittedError, DimensionError
            Before `fit`, or if the rows have another width than those of `fit`.
        """
        return self._apply(X, "source")

    def transform_target(self, Y: ArrayLike) -> Matrix:
        """Map target rows into the shared space; see `transform`."""
        return self._apply(Y, "target")

    def _apply(self, rows: ArrayLike, side: str) -> Matrix:
        if not hasattr(self, "source_map_"):
            raise NotFittedError(f"{type(self).__name__} must be fitted before transform")
        matrix: Matrix = getattr(self, f"{side}_map_")
        mean: Matrix = getattr(self, f"{side}_mean_")
        checked = as_rows(rows, side)
        if checked.shape[1] != len(matrix):
            raise DimensionError(
                f"{side} rows must have dimension {len(matrix)} as in fit, got {checked.shape[1]}"
            )
        return apply_map(checked, matrix, mean)


def as_pairs(pairs: ArrayLike | None, n_source: int, n_target: int) -> Indices:
    """Return pairs of rows as (p, 2) int64, by default row i of both for all i.

    Raises
    ------
    ValueError
        If there is no pair, a row does not exist, or without pairs the numbers of rows differ.
    """
    if pairs is None:
        if n_source != n_target:
            raise ValueError(
                "source and target must have the same number of rows, "
                f"got {n_source} and {n_target}; or give pairs"
            )
        if n_source == 0:
            raise ValueError("source and target must have at least 1 row, got 0")
        return np.repeat(np.arange(n_source)[:, None], 2, axis=1)
    rows = np.asarray(pairs, dtype=np.int64)
    if rows.ndim != 2 or rows.shape[1] != 2 or not len(rows):
        raise ValueError(f"pairs must have shape (p, 2) with p at least 1, got {rows.shape}")
    sizes = {"source": n_source, "target": n_target}
    for (name, count), column in zip(sizes.items(), rows.T, strict=True):
        outside = column[(column < 0) | (column >= count)]
        if len(outside):
            raise ValueError(f"pairs must name {name} rows in [0, {count - 1}], got {outside[0]}")
    return rows


def apply_map(rows: Matrix, matrix: Matrix, mean: Matrix) -> Matrix:
    """Return ``(rows - mean) @ matrix``, with zero rows, words without a vector, kept zero."""
    mapped: Matrix = rows @ matrix - mean @ matrix  # without a centered copy of all rows
    if mean.any():
        mapped[zero_rows(rows)] = 0
    return mapped


def _as_weights(weights: ArrayLike | None, count: int) -> Double:
    """Return weights as a column with mean 1."""
    if weights is None:
        return np.ones((count, 1))
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != (count,):
        raise ValueError(f"sample_weight must have shape ({count},), got {w.shape}")
    if not (np.isfinite(w).all() and (w >= 0).all() and w.any()):
        raise ValueError("sample_weight must be finite, at least 0, and not all 0")
    return np.asarray(w / w.mean(), dtype=np.float64)[:, None]


def _mean_or_zeros(mean: Double | None, dimension: int) -> Matrix:
    return np.zeros(dimension, np.float32) if mean is None else mean.astype(np.float32)
