"""Terms of queries in the language of the documents."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from alignx.search.part import LONGEST_TERM
from alignx.support.tokenizer import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alignx.alignment.shared_space import SharedSpace
    from alignx.alignment.translation import TranslationSearch
    from alignx.search.part import Part
    from alignx.vectors.oov import OOVMode

__all__ = ["QueryTerms"]

N_TRANSLATIONS = 10
# Chosen, with the weights of the rankings, on sentences of SIB-200 among Wikipedia paragraphs.
_EVEN_CSLS = 0.1
_CSLS_SCALE = 0.1
_LEAST_SIMILARITY = 0.75  # a quarter of the letters may differ
_N_SPELLINGS = 3

Terms = dict[str, float]


@dataclass(frozen=True, eq=False, repr=False)
class QueryTerms:
    """Translator of query words into weighted terms of the documents.

    A word with a vector becomes its best translations, each weighted by its probability: that of
    the learned ranking of the two languages, or without one a logistic function of CSLS. OOV
    words, and all words where the documents are of the language of the query, keep their spelling.
    If no document has it, they become the terms of similar spelling, or if there are none, are
    translated by a vector from their characters.

    Parameters
    ----------
    space : SharedSpace
        Languages of queries and documents.
    n_translations : int
        Translations of each word.
    """

    space: SharedSpace
    n_translations: int = N_TRANSLATIONS
    _known: dict[tuple[str, str], dict[str, Terms]] = field(default_factory=dict, init=False)
    _searches: dict[tuple[str, str], TranslationSearch] = field(default_factory=dict, init=False)

    def of(
        self, texts: Sequence[str], language: str, target: str, parts: Sequence[Part]
    ) -> list[list[tuple[float, Mapping[str, float]]]]:
        """Return the occurrences of each word of each query, and its terms with their weights.

        `parts` are the documents of the language `target`.
        """
        counts = [
            Counter(word for word in tokenize(text) if len(word) <= LONGEST_TERM) for text in texts
        ]
        words = sorted(set().union(*counts))
        vocabulary, is_foreign = self.space[language], language != target
        terms: dict[str, Terms] = {word: {word: 1.0} for word in words}
        known = {word for word in words if is_foreign and word in vocabulary and _is_word(word)}
        terms |= self._translations(known, language, target)
        lost = [
            word
            for word in words
            if word not in known
            and len(word) > 3
            and word.isalpha()
            and not any(len(part.find(word)[0]) for part in parts)
        ]
        near = {word: own for word in lost if (own := self._spelled(word, parts))}
        terms |= near
        if is_foreign and vocabulary.oov_vectors is not None:
            terms |= self._translations({*lost} - {*near}, language, target)
        return [[(float(n), terms[word]) for word, n in own.items()] for own in counts]

    def _translations(self, words: set[str], language: str, target: str) -> dict[str, Terms]:
        """Translate words that have a vector; those that were asked before are kept."""
        known = self._known.setdefault((language, target), {})
        if new := sorted(words - known.keys()):
            search = self._search(language, target)
            k = min(self.n_translations, len(search.target))
            oov: OOVMode = "drop" if search.source.oov_vectors is None else "subword"
            for word, answers in zip(new, search.translate(new, k, oov), strict=True):
                weights = np.array([answer.score for answer in answers])
                if search.ranker is None:
                    weights = 1 / (1 + np.exp((_EVEN_CSLS - weights) / _CSLS_SCALE))
                # Terms are lower-cased; vectors may have capitals.
                known[word] = _sums(
                    (term, weight)
                    for answer, weight in zip(answers, weights.tolist(), strict=True)
                    for term in tokenize(answer.word)[:1]
                )
        return {word: own for word in words if (own := known[word])}

    def _search(self, language: str, target: str) -> TranslationSearch:
        """Prepare the search of translations, with the CSLS biases of all words, once."""
        pair = language, target
        if pair not in self._searches:
            both = self.space.pair(*pair)
            both.csls_biases()  # which the search then takes
            self._searches[pair] = both.translation_search()
        return self._searches[pair]

    def _spelled(self, word: str, parts: Sequence[Part]) -> Terms:
        """Return the terms of similar spelling, if there are any."""
        from rapidfuzz import distance, process

        near: Terms = {}
        shortest = int(np.ceil(len(word) * _LEAST_SIMILARITY))
        longest = int(len(word) / _LEAST_SIMILARITY)
        for part in parts:
            for length in range(shortest, longest + 1):
                answers = process.extract(
                    word,
                    part.terms_by_length.get(length, ()),
                    scorer=distance.OSA.normalized_similarity,
                    score_cutoff=_LEAST_SIMILARITY,
                    limit=_N_SPELLINGS,
                )
                near.update({term: similarity for term, similarity, _ in answers})
        best = sorted(near, key=lambda term: (-near[term], term))[:_N_SPELLINGS]
        return {term: near[term] / len(best) for term in best}


def _is_word(word: str) -> bool:
    """Tell whether a token has letters and no digits; numbers are the same in all languages."""
    return any(map(str.isalpha, word)) and not any(map(str.isdigit, word))


def _sums(weighted: Iterable[tuple[str, float]]) -> Terms:
    found: Terms = {}
    for term, weight in weighted:
        found[term] = found.get(term, 0.0) + weight
    return found
