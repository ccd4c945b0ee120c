"""Facts of a pair of languages before any work."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.lexicon.lexicon import Lexicon
from alignx.reporting.prospects.isomorphism import (
    effective_condition_number,
    laplacian_gap,
    relational_similarity,
    singular_value_gap,
)

if TYPE_CHECKING:
    from alignx.reporting.prospects.language import LanguageFacts
    from alignx.support.arrays import Matrix
    from alignx.vectors.embeddings import Embeddings

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
    identical, numerals : int
        Words that both vocabularies have, and those of digits among them: pairs for free, of
        which some are wrong.
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
    numerals: int
    spectral_similarity: float
    condition_number: float
    eigenvector_gap: float
    relational_similarity: float | None

    @classmethod
    def of(
        cls,
        languages: tuple[Embeddings, Embeddings],
        normalized: tuple[Matrix, Matrix],
        facts: tuple[LanguageFacts, LanguageFacts],
    ) -> PairFacts:
        """Measure two languages, given the normalized rows of their most frequent words."""
        source, target = languages
        spectra = facts[0].spectrum, facts[1].spectrum
        numbers = [effective_condition_number(values) for values in spectra]
        rows = Lexicon.identical(source, target).rows(source, target)
        known = (rows.source < len(normalized[0])) & (rows.target < len(normalized[1]))
        X = normalized[0][rows.source[known][:RELATED_WORDS]]
        Y = normalized[1][rows.target[known][:RELATED_WORDS]]
        related = relational_similarity(X, Y) if len(X) >= FEWEST else np.nan
        return cls(
            same_dimension=facts[0].dimension == facts[1].dimension,
            identical=len(rows.source),
            numerals=sum(source.words[row].isdecimal() for row in rows.source.tolist()),
            spectral_similarity=float(
                np.exp(-np.sqrt(singular_value_gap(*spectra) / min(map(len, spectra))))
            ),
            condition_number=float(2 / (1 / numbers[0] + 1 / numbers[1])),
            eigenvector_gap=laplacian_gap(*(rows[:GRAPH_WORDS] for rows in normalized)),
            relational_similarity=None if np.isnan(related) else related,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that ``--json`` prints."""
        return asdict(self)
