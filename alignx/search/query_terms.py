"""Terms of a query in the language of the documents."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from alignx.search.part import LONGEST_TERM
from alignx.support.tokenizer import tokenize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alignx.alignment.shared_space import SharedSpace
    from alignx.alignment.translation import TranslationSearch
    from alignx.search.part import Part

__all__ = ["QueryTerms"]

N_TRANSLATIONS = 5
TEMPERATURE = 0.05
_LEAST_SIMILARITY = 0.75  # a quarter of the letters may differ
_N_SPELLINGS = 3


@dataclass(eq=False, repr=False)
class QueryTerms:
    """Translator of query words into weighted terms of the documents.

    A word with a vector becomes its best translations by CSLS, weighted by the softmax of their
    scores. OOV words, and all words where the documents are of the language of the query, keep
    their spelling, or become the most similar terms if no document has it.

    Parameters
    ----------
    space : SharedSpace
        Languages of queries and documents.
    n_translations : int
        Translations of each word.
    temperature : float
        Divisor of CSLS before the softmax, more than 0.
    """

    space: SharedSpace
    n_translations: int = N_TRANSLATIONS
    temperature: float = TEMPERATURE
    _known: dict[tuple[str, str, str], dict[str, float]] = field(default_factory=dict, init=False)
    _searches: dict[tuple[str, str], TranslationSearch] = field(default_factory=dict, init=False)
    _terms: dict[int, list[str]] = field(default_factory=dict, init=False)

    def of(
        self, text: str, language: str, target: str, parts: Sequence[Part]
    ) -> list[tuple[float, Mapping[str, float]]]:
        """Return the occurrences of each query word, and its terms with their weights.

        `parts` are the documents of the language `target`.
        """
        words = Counter(word for word in tokenize(text) if len(word) <= LONGEST_TERM)
        if language != target:
            self._translate(list(words), language, target)
        found: list[tuple[float, Mapping[str, float]]] = []
        for word, count in words.items():
            terms = self._known.get((language, target, word))
            found.append((float(count), terms or self._spelled(word, parts)))
        return found

    def _translate(self, words: list[str], language: str, target: str) -> None:
        """Look up words without digits that were not asked before."""
        new = [
            word
            for word in words
            if (language, target, word) not in self._known
            and word in self.space[language]
            and any(map(str.isalpha, word))
            and not any(map(str.isdigit, word))
        ]
        if not new:
            return
        pair = language, target
        if pair not in self._searches:
            self._searches[pair] = self.space.pair(*pair).translation_search("csls")
        k = min(self.n_translations, len(self.space[target]))
        for word, answers in zip(new, self._searches[pair].translate(new, k, "drop"), strict=True):
            scores = np.array([answer.score for answer in answers], np.float64)
            weights = np.exp((scores - scores.max()) / self.temperature)
            weights /= weights.sum()
            terms: dict[str, float] = {}
            for answer, weight in zip(answers, weights.tolist(), strict=True):
                # Terms are lower-cased; vectors may have capitals.
                for term in tokenize(answer.word)[:1]:
                    terms[term] = terms.get(term, 0.0) + weight
            self._known[*pair, word] = terms

    def _spelled(self, word: str, parts: Sequence[Part]) -> dict[str, float]:
        """Return the word itself, or if no document has it, terms of similar spelling."""
        if any(len(part.find(word)[0]) for part in parts) or len(word) < 4 or not word.isalpha():
            return {word: 1.0}
        from rapidfuzz import distance, process

        near: dict[str, float] = {}
        for part in parts:
            if id(part) not in self._terms:
                self._terms[id(part)] = part.all_terms()
            answers = process.extract(
                word,
                self._terms[id(part)],
                scorer=distance.OSA.normalized_similarity,
                score_cutoff=_LEAST_SIMILARITY,
                limit=_N_SPELLINGS,
            )
            near.update({term: similarity for term, similarity, _ in answers})
        best = sorted(near, key=lambda term: (-near[term], term))[:_N_SPELLINGS]
        return {term: near[term] / len(best) for term in best}
