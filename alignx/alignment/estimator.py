"""Base of the composite estimators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator

from alignx.errors import NotFittedError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from alignx.mapping import Aligner, RefinementRound
    from alignx.support.arrays import Indices, Matrix

__all__ = ["AlignerEstimator", "as_pairs"]


class AlignerEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Estimator whose `fit` sets `aligner_` and `rounds_`."""

    aligner_: Aligner
    rounds_: tuple[RefinementRound, ...]

    def transform(self, X: ArrayLike) -> Matrix:
        """Map source rows into the shared space; see `Aligner.transform`."""
        return self._fitted_aligner().transform(X)

    def transform_target(self, Y: ArrayLike) -> Matrix:
        """Map target rows into the shared space; see `Aligner.transform_target`."""
        return self._fitted_aligner().transform_target(Y)

    def _fitted_aligner(self) -> Aligner:
        if not hasattr(self, "aligner_"):
            raise NotFittedError(f"{type(self).__name__} must be fitted before transform")
        return self.aligner_


def as_pairs(pairs: ArrayLike, n_source: int, n_target: int) -> Indices:
    """Return pairs of rows as (p, 2) int64, or raise ValueError unless all exist."""
    rows = np.asarray(pairs, dtype=np.int64)
    if rows.ndim != 2 or rows.shape[1] != 2 or not len(rows):
        raise ValueError(f"pairs must have shape (p, 2) with p at least 1, got {rows.shape}")
    sizes = {"source": n_source, "target": n_target}
    for (name, count), column in zip(sizes.items(), rows.T, strict=True):
        outside = column[(column < 0) | (column >= count)]
        if len(outside):
            raise ValueError(f"pairs must name {name} rows in [0, {count - 1}], got {outside[0]}")
    return rows
