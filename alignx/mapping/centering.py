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
    """Give an aligner of the same parameters, as far as its maps can be linear with them.

    Parameters
    ----------
    aligner : Aligner
        Is left as it is.

    Returns
    -------
    Aligner
        Not fitted. It does not center, and a regularization of 0 has become 1e-5, since rows
        normalized without centering do not span all dimensions; see `Normalizer`.

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
    """Give an aligner of the same parameters that centers, if its method does.

    Examples
    --------
    >>> from alignx.mapping.cca import CCA
    >>> with_centering(CCA(regularization=2.0, center=False))
    CCA(regularization=2.0)
    """
    changed: Any = clone(aligner)
    if "center" in changed.get_params():
        changed.set_params(center=True)
    return cast("Estimator", changed)


def composed_map(normalizer: Normalizer, matrix: Matrix, mean: Matrix) -> Double:
    """Make one matrix of normalization and map.

    Parameters
    ----------
    normalizer : Normalizer
        Fitted; its steps come first.
    matrix : (d, c) float32
        The map that follows.
    mean : (d,) float32
        What is subtracted before the map.

    Returns
    -------
    (d, c) float64
        Rows times this are the mapped rows up to a positive factor for each.

    Raises
    ------
    ValueError
        If the mean of rows is subtracted anywhere.

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
