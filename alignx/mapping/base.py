"""What all aligners share: two matrices, and the two means subtracted before them."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from alignx.errors import DimensionError, NotFittedError
from alignx.support.arrays import Double, Matrix, as_rows, zero_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Aligner", "Maps"]


class Maps(NamedTuple):
    """What a method finds: maps (d, c), and means (d,) where it centers."""

    source: Double
    target: Double
    source_mean: Double | None = None
    target_mean: Double | None = None


class Aligner(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Base of the aligners: learns two linear maps into one space from paired rows.

    A method writes only `_solve`. Row i of `source` and row i of `target` are translations.

    Attributes
    ----------
    source_map_ : (d, c) float32
        Multiplies source rows from the right.
    target_map_ : (e, c) float32
        Multiplies target rows from the right.
    source_mean_ : (d,) float32
        Subtracted from source rows first; zero for methods that do not center.
    target_mean_ : (e,) float32
        The same for target rows.
    """

    source_map_: Matrix
    target_map_: Matrix
    source_mean_: Matrix
    target_mean_: Matrix

    def fit(self, source: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Self:
        """Learn the maps.

        Parameters
        ----------
        source : (p, d) float32
            One row for each pair.
        target : (p, e) float32
            Their translations.
        weights : (p,) float, optional
            How much each pair counts, at least 0; equal unless given.

        Raises
        ------
        ValueError
            If the number of rows differs, is zero, or a weight or parameter is out of range.
        DimensionError
            If the method needs d = e and they differ.
        """
        X, Y = as_rows(source, "source"), as_rows(target, "target")
        if len(X) != len(Y):
            raise ValueError(
                f"source and target must have the same number of rows, got {len(X)} and {len(Y)}"
            )
        if len(X) == 0:
            raise ValueError("source and target must have at least 1 row, got 0")
        w = _as_weights(weights, len(X))
        # Decompositions are done in float64; the maps are cast back once. BLAS gets one thread:
        # the matrices are small, its threads wait for each other on a busy machine, and results
        # must not depend on their number.
        with threadpool_limits(limits=1, user_api="blas"):
            self.set_maps(self._solve(X.astype(np.float64), Y.astype(np.float64), w))
        return self

    def set_maps(self, maps: Maps) -> None:
        """Take over maps that were found before, as by a saved alignment."""
        self.source_map_ = maps.source.astype(np.float32)
        self.target_map_ = maps.target.astype(np.float32)
        self.source_mean_ = _mean_or_zeros(maps.source_mean, len(maps.source))
        self.target_mean_ = _mean_or_zeros(maps.target_mean, len(maps.target))

    @abstractmethod
    def _solve(self, source: Double, target: Double, weights: Double) -> Maps:
        """Find the maps from paired rows; weights are (p, 1) with mean 1."""

    def transform(self, source: ArrayLike) -> Matrix:
        """Map source rows into the shared space.

        Parameters
        ----------
        source : (n, d) float32
            Any rows of the source language.

        Returns
        -------
        (n, c) float32

        Raises
        ------
        NotFittedError
            Before `fit`.
        DimensionError
            If the rows have another width than those of `fit`.
        """
        return self._apply(source, "source")

    def transform_target(self, target: ArrayLike) -> Matrix:
        """Map target rows into the shared space; as `transform` for the other language."""
        return self._apply(target, "target")

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
        # (x - mean) @ map without a centered copy of all rows; words without a vector keep none.
        mapped: Matrix = checked @ matrix - mean @ matrix
        if mean.any():
            mapped[zero_rows(checked)] = 0
        return mapped


def _as_weights(weights: ArrayLike | None, count: int) -> Double:
    """Give weights as a column with mean 1."""
    if weights is None:
        return np.ones((count, 1))
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != (count,):
        raise ValueError(f"weights must have shape ({count},), got {w.shape}")
    if not (np.isfinite(w).all() and (w >= 0).all() and w.any()):
        raise ValueError("weights must be finite, at least 0, and not all 0")
    return np.asarray(w / w.mean(), dtype=np.float64)[:, None]


def _mean_or_zeros(mean: Double | None, dimension: int) -> Matrix:
    return np.zeros(dimension, np.float32) if mean is None else mean.astype(np.float32)
