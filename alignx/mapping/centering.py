"""Aligners whose maps are linear: they center nothing, and stand rows that lack a direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from sklearn.base import clone

if TYPE_CHECKING:
    from alignx.support.arrays import Double, Matrix
    from alignx.vectors.normalizer import Normalizer

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
    parameters = changed.get_params()
    if "center" in parameters:
        changed.set_params(center=False)
    if parameters.get("regularization") == 0:
        changed.set_params(regularization=RIDGE)
    return cast("Estimator", changed)


def with_centering(aligner: Estimator) -> Estimator:
    """Return an unfitted copy that centers, if its method can."""
    changed: Any = clone(aligner)
    if "center" in changed.get_params():
        changed.set_params(center=True)
    return cast("Estimator", changed)


def composed_map(normalizer: Normalizer, matrix: Matrix, mean: Matrix) -> Double:
    """Compose a fitted normalizer and a map (d, c) to one matrix, (d, c) float64.

    Rows times this matrix are the mapped rows up to a positive factor for each.

    Raises
    ------
    ValueError
        If the normalizer or the map subtracts a mean.

    Examples
    --------
    >>> from alignx.vectors.normalizer import LINEAR, Normalizer
    >>> rows = np.array([[1, 1], [1, -1]], dtype=np.float32)
    >>> normalizer = Normalizer(steps=LINEAR).fit(rows)  # takes out the first direction
    >>> composed_map(normalizer, np.eye(2, dtype=np.float32), np.zeros(2, np.float32))
    array([[0., 0.],
           [0., 1.]])
    """
    if "center" in normalizer.steps_ or mean.any():
        raise ValueError(
            "the map must be linear, got one that centers: centering after unit length is not "
            "linear in the n-gram sums of a model; fit with normalize='linear' "
            "(align --normalize linear)"
        )
    composed = matrix.astype(np.float64)
    for direction in reversed(normalizer.means_):  # those of the steps "project"
        composed -= np.outer(direction, direction @ composed)
    return composed
