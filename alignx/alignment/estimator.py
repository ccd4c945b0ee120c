"""Base of the composite estimators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.base import BaseEstimator

from alignx.errors import NotFittedError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from alignx.mapping import Aligner, RefinementRound
    from alignx.support.arrays import Matrix

__all__ = ["AlignerEstimator"]


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
