"""The aligners, by the names that the command line and the mapping files use."""

from __future__ import annotations

from alignx.mapping.base import Aligner, Maps
from alignx.mapping.cca import CCA
from alignx.mapping.centering import with_centering, without_centering
from alignx.mapping.least_squares import LeastSquares
from alignx.mapping.procrustes import Procrustes
from alignx.mapping.refinement import Refinement, RefinementRound, balanced_weights, refine
from alignx.mapping.reweighted import Reweighted

__all__ = [
    "CCA",
    "METHODS",
    "Aligner",
    "LeastSquares",
    "Maps",
    "Procrustes",
    "Refinement",
    "RefinementRound",
    "Reweighted",
    "balanced_weights",
    "method_name",
    "refine",
    "with_centering",
    "without_centering",
]

METHODS: dict[str, type[Aligner]] = {
    "procrustes": Procrustes,
    "cca": CCA,
    "least_squares": LeastSquares,
    "reweighted": Reweighted,
}


def method_name(aligner: Aligner) -> str:
    """Give the name of an aligner's method.

    Raises
    ------
    ValueError
        If it is none of `METHODS`.
    """
    for name, method in METHODS.items():
        if type(aligner) is method:
            return name
    raise ValueError(
        f"method must be one of {', '.join(METHODS)} or an aligner of these classes, "
        f"got {type(aligner).__name__}"
    )
