"""Features of candidate pairs, one function each."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from alignx.ranking.candidates import PivotPaths, best_of_others
from alignx.ranking.spelling import plain_spelling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alignx.ranking.candidates import CandidatePairs
    from alignx.ranking.spelling import SpellingModel
    from alignx.support.arrays import Matrix

    Feature: TypeAlias = Callable[["Comparison"], Matrix]

__all__ = ["FEATURES", "PIVOTS", "SPELLING", "Comparison", "feature_matrix"]


class Comparison:
    """Measures of candidate pairs that several features share; all are (q, k) or (q, 1)."""

    def __init__(self, pairs: CandidatePairs, spelling: SpellingModel) -> None:
        self.pairs = pairs
        self.spelling = spelling

    @property
    def paths(self) -> PivotPaths:
        """Comparison through another language."""
        missing = np.full_like(self.pairs.csls, np.nan)
        return self.pairs.paths or PivotPaths(missing, missing)

    @cached_property
    def log_frequency(self) -> tuple[Matrix, Matrix]:
        """Logarithm of the frequency ranks of source and target word."""
        return np.log1p(self.pairs.source_rows)[:, None], np.log1p(self.pairs.target_rows.clip(0))

    @cached_property
    def spellings(self) -> tuple[list[str], list[str]]:
        """Source and target word of each pair, (q k,), without case and accents."""
        k = self.pairs.target_rows.shape[1]
        source, (target, position) = self.pairs.words, self.pairs.answers
        plain = [plain_spelling(word) for word in target]
        return (
            [word for word in map(plain_spelling, source) for _ in range(k)],
            [plain[i] for i in position.ravel().tolist()],
        )

    def of_words(self, measure: Callable[[str], float]) -> tuple[Matrix, Matrix]:
        """Measure source and target words alone."""
        answers, position = self.pairs.answers
        own, other = (
            np.array([measure(word) for word in words], dtype=np.float32)
            for words in (self.pairs.words, answers)
        )
        return own[:, None], other[position]

    def of_strings(self, scorer: str) -> Matrix:
        """Compare the spellings by a scorer of rapidfuzz, in [0, 1]."""
        from rapidfuzz import distance, process

        compare = getattr(distance, scorer).normalized_similarity
        found = process.cpdist(*self.spellings, scorer=compare, dtype=np.float32)
        return np.asarray(found).reshape(self.pairs.target_rows.shape)

    @cached_property
    def edit(self) -> Matrix:
        """Similarity by edits."""
        return self.of_strings("Levenshtein")

    @cached_property
    def jaro_winkler(self) -> Matrix:
        """Similarity by letters in common and first letters."""
        return self.of_strings("JaroWinkler")

    @cached_property
    def subsequence(self) -> Matrix:
        """Similarity by the longest common subsequence."""
        return self.of_strings("LCSseq")

    @cached_property
    def ngrams(self) -> Matrix:
        """Similarity by n-grams that translate each other."""
        pairs = self.pairs
        answers, position = pairs.answers
        return self.spelling.similarity(pairs.words, answers, position)

    @cached_property
    def lengths(self) -> tuple[Matrix, Matrix]:
        """Numbers of letters."""
        return self.of_words(len)

    @cached_property
    def digits(self) -> tuple[Matrix, Matrix]:
        """Whether the words have digits."""
        return self.of_words(lambda word: any(map(str.isdigit, word)))

    @cached_property
    def capitals(self) -> tuple[Matrix, Matrix]:
        """Whether the words have capitals."""
        return self.of_words(lambda word: word != word.lower())

    @cached_property
    def is_equal(self) -> Matrix:
        """Whether both words are the same."""
        answers, position = self.pairs.answers
        numbers = {word: i for i, word in enumerate(answers)}
        own = np.array([numbers.get(word, -1) for word in self.pairs.words])
        return np.asarray(own[:, None] == position)


def _lead(values: Matrix) -> Matrix:
    """Return the lead of each candidate over the best other of the same word."""
    return np.asarray(values - best_of_others(values))


SIMILARITY: dict[str, Feature] = {
    "csls": lambda c: c.pairs.csls,
    "cosine": lambda c: c.pairs.cosine,
    "source_density": lambda c: c.pairs.source_bias[:, None],
    "target_density": lambda c: c.pairs.target_bias,
    "source_gap": lambda c: _lead(c.pairs.csls),
    "target_gap": lambda c: c.pairs.target_gap,
}
FREQUENCY: dict[str, Feature] = {
    "source_frequency": lambda c: c.log_frequency[0],
    "target_frequency": lambda c: c.log_frequency[1],
    "frequency_difference": lambda c: c.log_frequency[1] - c.log_frequency[0],
    "frequency_distance": lambda c: abs(c.log_frequency[1] - c.log_frequency[0]),
}
FORM: dict[str, Feature] = {
    "source_length": lambda c: c.lengths[0],
    "target_length": lambda c: c.lengths[1],
    "length_difference": lambda c: c.lengths[1] - c.lengths[0],
    "digit": lambda c: c.digits[0],
    "digit_differs": lambda c: c.digits[0] != c.digits[1],
    "capital_differs": lambda c: c.capitals[0] != c.capitals[1],
}
SPELLING: dict[str, Feature] = {
    "equal": lambda c: c.is_equal,
    "edit": lambda c: c.edit,
    "edit_lead": lambda c: _lead(c.edit),
    "jaro_winkler": lambda c: c.jaro_winkler,
    "jaro_winkler_lead": lambda c: _lead(c.jaro_winkler),
    "subsequence": lambda c: c.subsequence,
    "subsequence_lead": lambda c: _lead(c.subsequence),
    "prefix": lambda c: c.of_strings("Prefix"),
    "suffix": lambda c: c.of_strings("Postfix"),
    "ngrams": lambda c: c.ngrams,
    "ngrams_lead": lambda c: _lead(c.ngrams),
}
PIVOTS: dict[str, Feature] = {
    "pivot_path": lambda c: c.paths.path,
    "pivot_path_lead": lambda c: _lead(c.paths.path),
    "pivot_agreement": lambda c: c.paths.agreement,
}
"""Features of candidates that are compared through another language; otherwise not a number."""
FEATURES: dict[str, Feature] = {**SIMILARITY, **FREQUENCY, **FORM, **SPELLING}
"""Every other feature by its name; a new one is one more function."""


def feature_matrix(
    pairs: CandidatePairs, spelling: SpellingModel, names: Sequence[str] = tuple(FEATURES)
) -> Matrix:
    """Compute features of all pairs, (q k, f) float32."""
    comparison = Comparison(pairs, spelling)
    result = np.empty((*pairs.target_rows.shape, len(names)), dtype=np.float32)
    for column, name in enumerate(names):
        result[..., column] = (FEATURES | PIVOTS)[name](comparison)
    return result.reshape(-1, len(names))
