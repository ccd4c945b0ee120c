"""Facts of a pair of languages before any work."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.reporting.prospects.isomorphism import (
    effective_condition_number,
    laplacian_gap,
    relational_similarity,
    singular_value_gap,
)

if TYPE_CHECKING:
    from alignx.reporting.prospects.language import LanguageFacts
    from alignx.support.arrays import Indices, Matrix

__all__ = ["PairFacts"]

GRAPH_WORDS = 1_000
RELATED_WORDS = 1_000
FEWEST = 20  # pairs that tell something


@dataclass(frozen=True)
class PairFacts:
    """Facts of a pair of languages before any work.

    Attributes
    ----------
    same_dimension : bool
        Whether the vectors are of one length.
    identical : int
        Words that both vocabularies have: pairs for free, of which some are wrong.
    spectral_similarity : float
        Similarity of singular values, in [0, 1]: ``exp(-sqrt(gap / d))`` of the singular value
        gap of the dimensions that both have.
    condition_number : float
        Harmonic mean of the effective condition numbers, at least 1; lower is better.
    eigenvector_gap : float
        Difference of the graphs of nearest neighbors by their Laplacian eigenvalues, at least 0;
        lower is better.
    relational_similarity : float or None
        Correlation of the cosines among identical words in both languages, in [-1, 1]; None with
        fewer than 20.
    """

    same_dimension: bool
    identical: int
    spectral_similarity: float
    condition_number: float
    eigenvector_gap: float
    relational_similarity: float | None

    @classmethod
    def of(
        cls,
        facts: tuple[LanguageFacts, LanguageFacts],
        normalized: tuple[Matrix, Matrix],
        identical: int,
        frequent: Indices,
    ) -> PairFacts:
        """Measure two languages.

        Parameters
        ----------
        facts : tuple of LanguageFacts
            Facts of each.
        normalized : tuple of (n, d) float32
            Normalized rows of the most frequent words.
        identical : int
            Words that both vocabularies have.
        frequent : (p, 2) int64
            Rows of those that are among the most frequent of both.
        """
        X, Y = normalized
        spectra = facts[0].spectrum, facts[1].spectrum
        numbers = [effective_condition_number(values) for values in spectra]
        some = frequent[:RELATED_WORDS]
        related = None
        if len(some) >= FEWEST:
            related = relational_similarity(X[some[:, 0]], Y[some[:, 1]])
        return cls(
            same_dimension=facts[0].dimension == facts[1].dimension,
            identical=identical,
            spectral_similarity=float(
                np.exp(-np.sqrt(singular_value_gap(*spectra) / min(map(len, spectra))))
            ),
            condition_number=2 / (1 / numbers[0] + 1 / numbers[1]),
            eigenvector_gap=laplacian_gap(X[:GRAPH_WORDS], Y[:GRAPH_WORDS]),
            relational_similarity=related,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that ``--json`` prints."""
        return asdict(self)
