"""The unconstrained linear map, with ridge: the plain baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx.mapping.base import Aligner, Maps
from alignx.mapping.spectral import inverse_power, require_nonnegative

if TYPE_CHECKING:
    from alignx.support.arrays import Double

__all__ = ["LeastSquares"]


@dataclass(kw_only=True, eq=False, repr=False)
class LeastSquares(Aligner):
    """Ridge regression: minimizes ``||X W - Y||_F^2 + a ||W||_F^2``.

    The first map published for this task. The target space stays as it is; languages may have
    different dimensions.

    Parameters
    ----------
    regularization : float
        ``a`` as a multiple of the mean eigenvalue of X' X, at least 0. At 0 it needs more pairs
        than dimensions.

    Notes
    -----
    Takes O(p d^2 + d^3) time.

    References
    ----------
    Mikolov et al., "Exploiting Similarities among Languages for Machine Translation", 2013,
    section 4.

    Examples
    --------
    >>> X = np.eye(2, dtype=np.float32)
    >>> LeastSquares().fit(X, 3 * X).transform(X)
    array([[3., 0.],
           [0., 3.]], dtype=float32)
    """

    regularization: float = 0.0

    def _solve(self, source: Double, target: Double, weights: Double) -> Maps:
        require_nonnegative(self.regularization, "regularization")
        inverse = inverse_power(source.T @ (weights * source), 1.0, self.regularization)
        return Maps(inverse @ (source.T @ (weights * target)), np.eye(target.shape[1]))
