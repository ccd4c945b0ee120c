"""Aligners whose maps are linear: they center nothing, and stand rows that lack a direction."""

from __future__ import annotations

from typing import TypeVar

from sklearn.base import clone

from alignx.mapping.base import Aligner

__all__ = ["with_centering", "without_centering"]

AnyAligner = TypeVar("AnyAligner", bound=Aligner)

# Rows without the direction of their mean span one dimension less, and nothing can be divided by
# an eigenvalue of zero. So little does not matter to the others.
RIDGE = 1e-5


def without_centering(aligner: AnyAligner) -> AnyAligner:
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
    changed: AnyAligner = clone(aligner)
    parameters = changed.get_params()
    if "center" in parameters:
        changed.set_params(center=False)
    if parameters.get("regularization") == 0:
        changed.set_params(regularization=RIDGE)
    return changed


def with_centering(aligner: AnyAligner) -> AnyAligner:
    """Give an aligner of the same parameters that centers, if its method does.

    Examples
    --------
    >>> from alignx.mapping.cca import CCA
    >>> with_centering(CCA(regularization=2.0, center=False))
    CCA(regularization=2.0)
    """
    changed: AnyAligner = clone(aligner)
    return changed.set_params(center=True) if "center" in changed.get_params() else changed
