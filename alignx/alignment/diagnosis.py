"""Detection of failed maps without a dictionary."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.retrieval.csls import csls_neighbors
from alignx.retrieval.exact import cross_neighbors
from alignx.retrieval.occurrences import skewness
from alignx.support.frames import Tabular

if TYPE_CHECKING:
    from alignx.support.arrays import Matrix

__all__ = ["LEAST_AGREEMENT", "Diagnosis", "diagnose"]

VOCABULARY = 10_000
# Between what pairs that work and pairs that cannot work have reached: see benchmarks/README.md.
LEAST_AGREEMENT = 0.3


@dataclass(frozen=True)
class Diagnosis(Tabular):
    """Figures of a map without a dictionary.

    Attributes
    ----------
    agreement : float
        Share of pairs in common of two runs of self-learning, in [0, 1]. Runs that fail fail
        differently, so this alone decides.
    criterion : float
        Mean cosine of the 10,000 most frequent source words with their best answers by CSLS.
    mutual : float
        Share of them that are mutual neighbors with their best answers, in [0, 1].
    hubness : float
        Skewness of the number of words with each target word among the 10 nearest by cosine; high
        with hubs.
    start : str
        Origin of the seed dictionary, where the method has several.
    """

    agreement: float
    criterion: float
    mutual: float
    hubness: float
    start: str = ""

    @property
    def failed(self) -> bool:
        """Whether the agreement is too low."""
        return self.agreement < LEAST_AGREEMENT

    def __str__(self) -> str:
        start = f", started from {self.start}" if self.start else ""
        return (
            f"agreement of runs {self.agreement:.2f} (at least {LEAST_AGREEMENT}), "
            f"mean cosine {self.criterion:.3f}, mutual neighbors {self.mutual:.1%}, "
            f"hubness {self.hubness:.1f}{start}"
        )

    def records(self) -> list[dict[str, Any]]:
        """Return the figures as one row."""
        return [self.as_dict()]

    def as_dict(self) -> dict[str, Any]:
        """Return the figures, for ``--json`` and mapping files."""
        return asdict(self)


def diagnose(
    source: Matrix,
    target: Matrix,
    agreement: float,
    start: str = "",
) -> Diagnosis:
    """Measure unit rows in the shared space, most frequent first, given the agreement of runs.

    Examples
    --------
    >>> rows = np.eye(20, dtype=np.float32)
    >>> diagnose(rows, rows, 1.0).mutual
    1.0
    """
    X, Y = source[:VOCABULARY], target[:VOCABULARY]
    k = min(10, len(X), len(Y))
    cosine = cross_neighbors(X, Y, k)
    best = csls_neighbors(X, Y, 1, n_neighbors=k, cosine=cosine)
    forth, back = best.of_source.indices[:, 0], best.of_target.indices[:, 0]
    chosen = np.bincount(cosine.of_source.indices.ravel(), minlength=len(Y))
    hubness = skewness(chosen)
    return Diagnosis(
        agreement,
        float(np.einsum("ij,ij->i", X, Y[forth]).mean()),
        float((back[forth] == np.arange(len(X))).mean()),
        hubness if math.isfinite(hubness) else 0.0,
        start,
    )
