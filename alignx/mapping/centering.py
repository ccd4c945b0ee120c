"""Linear maps: aligners without centering, and composition to one matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from sklearn.base import clone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Double, Matrix

__all__ = ["composed_map", "with_centering", "without_centering"]

Estimator = TypeVar("Estimator")

# Rows without the direction of their mean span one dimension less, and nothing can be divided by
# an eigenvalue of zero. So little does not matter to the others.
RIDGE = 1e-5


def without_centering(aligner: Estimator) -> Estimator:
    """Return an unfitted copy without centering, and with a regularization of 1e-5 for 0.

    Rows normalized without centering do not span all dimensions; see `Normalizer`.

    Examples
    --------
    >>> from alignx.mapping.cca import CCA
    >>> from alignx.mapping.least_squares import LeastSquares
    >>> without_centering(CCA()), without_centering(LeastSquares())
    (CCA(center=False), LeastSquares(regularization=1e-05))
    """
    changed: Any = clone(aligner)
    parameters = changed.get_params(deep=False)
    if "center" in parameters:
        changed.set_params(center=False)
    if parameters.get("regularization") == 0:
        changed.set_params(regularization=RIDGE)
    if parameters.get("members") is not None:
        changed.set_params(members=[without_centering(each) for each in parameters["members"]])
    return cast("Estimator", changed)


def with_centering(aligner: Estimator) -> Estimator:
    """Return an unfitted copy that centers, if its method can."""
    changed: Any = clone(aligner)
    if "center" in changed.get_params():
        changed.set_params(center=True)
    return cast("Estimator", changed)


def composed_map(directions: Sequence[Double], matrix: Matrix) -> Double:
    """Compose projections off unit directions (d,) and a map (d, c) to one matrix, float64.

    Examples
    --------
    >>> composed_map([np.array([1.0, 0.0])], np.eye(2, dtype=np.float32))
    array([[0., 0.],
           [0., 1.]])
    """
    composed = matrix.astype(np.float64)
    for direction in reversed(directions):
        composed -= np.outer(direction, direction @ composed)
    return composed
