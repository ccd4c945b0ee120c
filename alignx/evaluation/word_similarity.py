"""Word similarity: how well cosines agree with human scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import pearsonr, spearmanr

from alignx.lexicon.direction import require_order
from alignx.lexicon.lexicon import Lexicon
from alignx.support.arguments import require_instance
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.oov import look_up, require_oov_mode
from alignx.vectors.same_space import require_same_space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.support.arrays import Double
    from alignx.vectors.oov import OOVMode

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
    with_unlisted : SimilarityReport, optional
        The same with the pairs in which a phrase, or a word that a vocabulary lacks, occurs; None
        if they add nothing.
    """

    pairs: int
    n: int
    pearson: float
    spearman: float
    with_unlisted: SimilarityReport | None = None

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
            "with_unlisted": None if self.with_unlisted is None else self.with_unlisted.as_dict(),
        }

    def __str__(self) -> str:
        more = self.with_unlisted
        return (
            f"Pearson {self.pearson:.3f}, Spearman {self.spearman:.3f} "
            f"({self.n} of {self.pairs} pairs, coverage {self.coverage:.1%})"
        ) + (f"; with phrases and unseen words: {more}" if more else "")


def evaluate_similarity(
    source: Embeddings, target: Embeddings, judged: Lexicon, *, oov: OOVMode = "drop"
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
    oov : {"drop", "subword"}
        Whether words that a vocabulary lacks get a vector by their characters. Pairs with these,
        and with phrases, count in a second report only; see `look_up`.

    Returns
    -------
    SimilarityReport

    Raises
    ------
    ValueError
        If the lexicon has no scores, or no language has a model of characters for `oov`.
    EmptyLexiconError
        If no pair is known on both sides, or by the characters or words of its entries.
    DirectionError
        If far more pairs are known with source and target exchanged.
    SpaceError
        If the languages were mapped into different spaces.

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
    for name, language in {"source": source, "target": target}.items():
        require_instance(language, Embeddings, name)
    require_instance(judged, Lexicon, "judged")
    if judged.scores is None:
        raise ValueError("judged pairs must have a human score each, got none")
    require_oov_mode(oov, source, target)
    judged.tell_of_capitals(source, target)
    require_same_space({"source": source, "target": target})
    require_order(judged, source, target)
    found = [
        look_up(language, entries, "drop" if language.oov_vectors is None else oov)
        for language, entries in zip((source, target), judged.sides(), strict=True)
    ]
    first, second = (entries.vectors for entries in found)
    cosines = np.einsum("ij,ij->i", first, second, dtype=np.float64)
    origins = list(zip(*(entries.origins for entries in found), strict=True))
    is_known = np.array([None not in pair for pair in origins], dtype=bool)
    is_listed = np.array([set(pair) == {"vocabulary"} for pair in origins], dtype=bool)
    if not is_known.any():
        judged.require_rows(source, target)
    more = None
    if is_known.sum() > is_listed.sum():
        more = SimilarityReport(len(judged), *_agreement(cosines, judged.scores, is_known))
    return SimilarityReport(len(judged), *_agreement(cosines, judged.scores, is_listed), more)


def _agreement(cosines: Double, gold: Double, asked: NDArray[np.bool_]) -> tuple[int, float, float]:
    """Give the number of pairs that are asked for, and both correlations over them."""
    cosines, gold = cosines[asked], gold[asked]
    if len(gold) < 2 or np.ptp(gold) == 0 or np.ptp(cosines) == 0:
        return len(gold), np.nan, np.nan
    pearson, spearman = pearsonr(cosines, gold).statistic, spearmanr(cosines, gold).statistic
    return len(gold), float(pearson), float(spearman)
