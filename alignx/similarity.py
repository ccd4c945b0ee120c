"""Word similarity: how well cosines agree with human scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import pearsonr, spearmanr

from alignx.arrays import unit_rows

if TYPE_CHECKING:
    from alignx.embeddings import Embeddings
    from alignx.lexicon import Lexicon

__all__ = ["SimilarityReport", "evaluate_similarity"]


@dataclass(frozen=True)
class SimilarityReport:
    """Correlation of cosines with human scores; prints as one line.

    Attributes
    ----------
    pairs : int
        Pairs in the file.
    n : int
        Of them with both words known.
    pearson, spearman : float
        In [-1, 1]; NaN for fewer than 2 known pairs or constant values.
    """

    pairs: int
    n: int
    pearson: float
    spearman: float

    @property
    def coverage(self) -> float:
        """Share of pairs with both words known."""
        return self.n / self.pairs

    def as_dict(self) -> dict[str, Any]:
        """Give what ``--json`` prints."""
        return {
            "pairs": self.pairs,
            "n": self.n,
            "coverage": self.coverage,
            "pearson": None if math.isnan(self.pearson) else self.pearson,
            "spearman": None if math.isnan(self.spearman) else self.spearman,
        }

    def __str__(self) -> str:
        return (
            f"Pearson {self.pearson:.3f}, Spearman {self.spearman:.3f} "
            f"({self.n} of {self.pairs} pairs, coverage {self.coverage:.1%})"
        )


def evaluate_similarity(
    source: Embeddings, target: Embeddings, judged: Lexicon
) -> SimilarityReport:
    """Compare cosines with human judgments of similarity.

    Parameters
    ----------
    source, target : Embeddings
        Where the first and the second word of each pair are looked up: two languages of a shared
        space, or the same language twice.
    judged : Lexicon
        Pairs with the human score of each, as `Lexicon.load` reads the files of SemEval-2017
        (word, word, score). Pairs with an unknown word are dropped and counted.

    Returns
    -------
    SimilarityReport

    Raises
    ------
    ValueError
        If the lexicon has no scores.
    EmptyLexiconError
        If no pair is known on both sides.

    References
    ----------
    Camacho-Collados et al., "SemEval-2017 Task 2: Multilingual and Cross-lingual Semantic Word
    Similarity", 2017.

    Examples
    --------
    >>> import alignx as ax
    >>> words = ax.Embeddings(["cup", "mug", "sun"], [[1, 0], [1, 1], [0, 1]])
    >>> judged = ax.Lexicon([("cup", "mug"), ("cup", "sun"), ("mug", "sun")], [4.0, 0.0, 1.0])
    >>> ax.evaluate_similarity(words, words, judged).n
    3
    """
    if judged.scores is None:
        raise ValueError("judged pairs must have a human score each, got none")
    rows = judged.require_rows(source, target)
    first = unit_rows(source.vectors[rows.source])
    second = unit_rows(target.vectors[rows.target])
    cosines = np.einsum("ij,ij->i", first, second, dtype=np.float64)
    gold = judged.scores[rows.positions]
    if len(gold) < 2 or np.ptp(gold) == 0 or np.ptp(cosines) == 0:
        return SimilarityReport(len(judged), len(gold), np.nan, np.nan)
    pearson, spearman = pearsonr(cosines, gold).statistic, spearmanr(cosines, gold).statistic
    return SimilarityReport(len(judged), len(gold), float(pearson), float(spearman))
