"""Translations and neighbors of the words of one language, as values for JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alignx.retrieval.ranked import require_ranking
from alignx.server.completion import Completion
from alignx.vectors.missing import missing_reasons, near_spellings
from alignx.vectors.oov import look_up
from alignx.vectors.spelling import cased, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alignx.alignment.shared_space import SharedSpace
    from alignx.alignment.translation import TranslationSearch
    from alignx.retrieval.ranked import Ranking
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.oov import OOVMode
    from alignx.vectors.spelling import Casing

__all__ = ["LiveDirection"]

SPELLED = 10  # words of a request that get words of similar spelling, each of which takes a sweep


@dataclass(frozen=True, eq=False, repr=False)
class LiveDirection:
    """Translations from one language to the other; many threads may use one at once.

    Attributes
    ----------
    code, other : str
        The languages.
    loaded : Embeddings
        Vectors of the language with those that are zero, for the reasons of missing words.
    search : TranslationSearch
        Search of translations.
    ranking : {"learned", "csls", "nn", "isf", "hnn"}
        Order of the answers.
    completion : Completion
        Of the words of the language.
    oov : {"drop", "subword"}
        Treatment of OOV words.
    casing : {"keep", "lower", "tr"}
        Treatment of capitals.
    """

    code: str
    other: str
    loaded: Embeddings
    search: TranslationSearch
    ranking: Ranking
    completion: Completion
    oov: OOVMode
    casing: Casing

    @classmethod
    def of(
        cls,
        shared: SharedSpace,
        loaded: Embeddings,
        ranking: Ranking | None,
        n_neighbors: int | None,
        *,
        oov: OOVMode | None = None,
        casing: Casing = "keep",
    ) -> LiveDirection:
        """Prepare the translations from the first language of a space.

        By default OOV words get a vector from their characters if the language has a model.
        """
        search = shared.translation_search(ranking, n_neighbors)
        search.sources.prepare()
        search.targets.prepare()
        source = shared.source
        code, other = shared
        ready = cls(
            code,
            other,
            loaded if loaded.zero_rows else source,  # they take memory
            search,
            require_ranking(ranking, n_neighbors, has_ranker=shared.ranker is not None),
            Completion(source.words),
            "drop" if source.oov_vectors is None or oov == "drop" else "subword",
            casing,
        )
        ready.translate([source.words[0], f"{source.words[0]}X{other}"], 1)  # fills caches
        return ready

    @property
    def score(self) -> str:
        """Meaning of the scores: "probability", "csls", "cosine" and others."""
        return {"learned": "probability", "nn": "cosine"}.get(self.ranking, self.ranking)

    def facts(self) -> dict[str, Any]:
        """Return the size of the language, and the kind of its answers."""
        return {
            "code": self.code,
            "words": len(self.search.source),
            "dimension": self.search.source.dimension,
            "oov": self.oov,
            "ranking": self.ranking,
            "score": self.score,
        }

    def translate(self, words: Sequence[str], k: int) -> list[dict[str, Any]]:
        """Return the translations of each word or phrase, or the reason if there are none."""
        entries = [self.entry(word) for word in words]
        found = self.search.translate(entries, k, self.oov)
        rows = self.search.source.find(entries).tolist()
        lacking = [entry for entry, answers in zip(entries, found, strict=True) if not answers]
        reasons = missing_reasons(self.loaded, lacking, oov=self.oov)
        by_letters = [e for e, a in zip(entries, found, strict=True) if _origin(a) == "subwords"]
        similar = self._similar([*lacking, *by_letters])
        return [
            {
                "word": word,
                "rank": row + 1 or None,
                "origin": _origin(answers),
                "answers": [self._answer(each.word, each.score) for each in answers],
                "reason": reasons.get(entry),
                "similar": similar.get(entry, []),
            }
            for word, entry, row, answers in zip(words, entries, rows, found, strict=True)
        ]

    def neighbors(self, word: str, k: int) -> dict[str, Any]:
        """Return the nearest words of both languages by cosine, without the word itself."""
        entry = self.entry(word)
        source, target = self.search.source, self.search.target
        asked = look_up(source, [entry], self.oov)
        (origin,) = asked.origins
        facts: dict[str, Any] = {"word": word, "origin": origin, "reason": None, "similar": []}
        if origin is None:
            facts["reason"] = missing_reasons(self.loaded, [entry], oov=self.oov).get(entry)
            facts["similar"] = self._similar([entry])[entry]
            return facts | {"neighbors": {self.code: [], self.other: []}}
        row = int(source.find([entry])[0])
        own = self.search.sources.search(asked.vectors, min(k + 1, len(source)))
        others = self.search.targets.with_bias(None).search(asked.vectors, min(k, len(target)))
        near = {}
        for code, language, found in ((self.code, source, own), (self.other, target, others)):
            pairs = zip(found.indices[0].tolist(), found.scores[0].tolist(), strict=True)
            near[code] = [
                {"word": language.words[i], "cosine": cosine}
                for i, cosine in pairs
                if not (i == row and language is source)
            ][:k]
        return facts | {"neighbors": near}

    def entry(self, word: str) -> str:
        """Write a word as the vocabulary does: its capitals, and blanks between words."""
        text = cased(word, self.casing, self.search.source.language)
        return text if text in self.search.source else " ".join(words_of(text))

    def _answer(self, word: str, score: float) -> dict[str, Any]:
        probability = {"probability": score} if self.ranking == "learned" else {}
        return {"word": word, "score": score, **probability}

    def _similar(self, entries: Iterable[str]) -> dict[str, list[str]]:
        asked = list(dict.fromkeys(entries))[:SPELLED]
        near = {entry: near_spellings(self.search.source, entry) for entry in asked}
        return {entry: [each for each in found if each != entry] for entry, found in near.items()}


def _origin(answers: Sequence[Any]) -> str | None:
    return answers[0].origin if answers else None
