"""Aligners, by their names on the command line and in mapping files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.mapping.base import Aligner, Maps
from alignx.mapping.cca import CCA
from alignx.mapping.centering import with_centering, without_centering
from alignx.mapping.contrastive import Contrastive
from alignx.mapping.ensemble import MapEnsemble
from alignx.mapping.least_squares import LeastSquares
from alignx.mapping.procrustes import Procrustes
from alignx.mapping.rcsls import RCSLS
from alignx.mapping.refinement import Refinement, RefinementRound, balanced_weights, refine
from alignx.mapping.reweighted import Reweighted

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CCA",
    "METHODS",
    "RCSLS",
    "Aligner",
    "Contrastive",
    "LeastSquares",
    "MapEnsemble",
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
    "rcsls": RCSLS,
    "contrastive": Contrastive,
    "ensemble": MapEnsemble,
}


def method_name(method: object, methods: Mapping[str, type] = METHODS) -> str:
    """Return the name of a method object, or raise ValueError for other classes."""
    for name, kind in methods.items():
        if type(method) is kind:
            return name
    raise ValueError(
        f"method must be one of {', '.join(methods)} or an object of these classes, got {method!r}"
    )
