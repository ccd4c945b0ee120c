"""Word similarity: correlation of cosines with human scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import pearsonr, spearmanr

from alignx.lexicon.lexicon import Lexicon, LexiconLike
from alignx.support.arguments import require_instance
from alignx.support.frames import Tabular
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.oov import look_up, require_oov_mode
from alignx.vectors.same_space import require_same_space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.support.arrays import Double
    from alignx.vectors.oov import OOVMode

__all__ = ["SimilarityReport", "evaluate_similarity"]


@dataclass(frozen=True)
class SimilarityReport(Tabular):
    """Correlation of cosines with human scores; prints as one line.

    Attributes
    ----------
    pairs, n : int
        Number of pairs in the file, and of those with both words known.
    pearson, spearman : float
        Correlations in [-1, 1]; NaN for fewer than 2 known pairs or constant values.
    with_oov : SimilarityReport, optional
        The same with phrases and OOV words; None if they add no pair.
    """

    pairs: int
    n: int
    pearson: float
    spearman: float
    with_oov: SimilarityReport | None = None

    @property
    def coverage(self) -> float:
        """Share of pairs with both words known."""
        return self.n / self.pairs

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that ``--json`` prints."""
        return {
            "pairs": self.pairs,
            "n": self.n,
            "coverage": self.coverage,
            "pearson": None if math.isnan(self.pearson) else self.pearson,
            "spearman": None if math.isnan(self.spearman) else self.spearman,
            "with_oov": None if self.with_oov is None else self.with_oov.as_dict(),
        }

    def records(self) -> list[dict[str, Any]]:
        """Return a row of figures, and perhaps one with OOV words."""
        reports = {"known words": self, "with OOV": self.with_oov}
        rows = [{"words": name, **r.as_dict()} for name, r in reports.items() if r is not None]
        return [{k: v for k, v in row.items() if k != "with_oov"} for row in rows]

    def __str__(self) -> str:
        figures = f"Pearson {self.pearson:.3f}, Spearman {self.spearman:.3f}"
        if math.isnan(self.pearson):
            reason = "all scores or all cosines are equal" if self.n > 1 else "it takes two pairs"
            figures = f"no correlation, as {reason}"
        more = self.with_oov
        return f"{figures} ({self.n} of {self.pairs} pairs, coverage {self.coverage:.1%})" + (
            f"; with phrases and OOV words: {more}" if more else ""
        )


def evaluate_similarity(
    source: Embeddings, target: Embeddings, judged: LexiconLike, *, oov: OOVMode = "drop"
) -> SimilarityReport:
    """Compare cosines with human judgments of similarity.

    Parameters
    ----------
    source, target : Embeddings
        Vocabularies of the first and the second word of each pair: two languages of a shared space,
        or the same language twice.
    judged : Lexicon, path, list of pairs, dict or DataFrame
        Pairs with their human scores, as `Lexicon.load` reads the files of SemEval-2017 (word,
        word, score). Pairs with an OOV word are dropped and counted.
    oov : {"drop", "subword"}
        Vectors of OOV words: none, or by subwords. Pairs with OOV words, and with phrases, count
        in a second report only.

    Raises
    ------
    ValueError
        If the lexicon has no scores, or no language has a fastText model for `oov`.
    EmptyLexiconError, DirectionError, SpaceError
        If no pair is known, far more are known when exchanged, or the spaces differ.

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
    judged = Lexicon.of(judged)
    if judged.scores is None:
        raise ValueError("judged pairs must have a human score each, got none")
    require_oov_mode(oov, source, target)
    require_same_space({"source": source, "target": target})
    lookup = judged.look_up(source, target)
    lookup.warn_of_capitals()
    lookup.require_direction()
    found = [
        look_up(language, entries, "drop" if language.oov_vectors is None else oov)
        for language, entries in zip((source, target), judged.sides(), strict=True)
    ]
    first, second = (entries.vectors for entries in found)
    cosines = np.einsum("ij,ij->i", first, second, dtype=np.float64)
    origins = list(zip(*(entries.origins for entries in found), strict=True))
    is_known = np.array([None not in pair for pair in origins], dtype=bool)
    in_vocabulary = np.array([set(pair) == {"vocabulary"} for pair in origins], dtype=bool)
    if not is_known.any():
        lookup.required_rows()  # raises
    more = None
    if is_known.sum() > in_vocabulary.sum():
        more = SimilarityReport(len(judged), *_agreement(cosines, judged.scores, is_known))
    return SimilarityReport(len(judged), *_agreement(cosines, judged.scores, in_vocabulary), more)


def _agreement(cosines: Double, gold: Double, mask: NDArray[np.bool_]) -> tuple[int, float, float]:
    """Return the number of selected pairs and both correlations."""
    cosines, gold = cosines[mask], gold[mask]
    if len(gold) < 2 or np.ptp(gold) == 0 or np.ptp(cosines) == 0:
        return len(gold), np.nan, np.nan
    pearson, spearman = pearsonr(cosines, gold).statistic, spearmanr(cosines, gold).statistic
    return len(gold), float(pearson), float(spearman)
