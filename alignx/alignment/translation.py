"""Translation of words by search in a shared space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from alignx.ranking.candidates import CandidatePairs, Queries
from alignx.retrieval.csls import as_csls
from alignx.retrieval.csls_search import csls_search
from alignx.retrieval.neighbors import half_mean
from alignx.vectors.oov import look_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.alignment.pivot import Pivot
    from alignx.ranking.ranker import PairRanker
    from alignx.retrieval.exact import ExactIndex
    from alignx.retrieval.neighbors import Neighbors
    from alignx.support.arrays import Matrix
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.oov import OOVMode, Origin

__all__ = ["Translation", "TranslationSearch"]


class Translation(NamedTuple):
    """One answer: the target word, its score and the origin of the query's vector.

    The score is the probability of the learned ranking, CSLS, or with another ranking the cosine
    minus the bias of the word; the origin "vocabulary", "subwords" or "phrase".
    """

    word: str
    score: float
    origin: Origin = "vocabulary"


@dataclass(frozen=True, eq=False, repr=False)
class TranslationSearch:
    """Search of target words by one ranking; many threads may use one at once.

    Attributes
    ----------
    source, target : Embeddings
        Languages of a `SharedSpace`.
    sources, targets : ExactIndex
        Their rows; without `n_neighbors`, `targets` has the bias of the ranking.
    n_neighbors : int, optional
        Neighbors in the CSLS average; None for a ranking without.
    biases : (source_bias, target_bias), optional
        CSLS biases of all rows. By default found for the rows that matter, which is faster for a
        few words.
    ranker : PairRanker, optional
        Learned ranking of the best by CSLS.
    pivot : Pivot, optional
        Third language, through which the ranker compares words.
    """

    source: Embeddings
    target: Embeddings
    sources: ExactIndex
    targets: ExactIndex
    n_neighbors: int | None = None
    biases: tuple[Matrix, Matrix] | None = None
    ranker: PairRanker | None = None
    pivot: Pivot | None = None

    def translate(self, words: Sequence[str], k: int, oov: OOVMode) -> list[list[Translation]]:
        """Find the best target words of source words; see `SharedSpace.translate`."""
        asked = look_up(self.source, words, oov)
        known = [i for i, origin in enumerate(asked.origins) if origin is not None]
        known_words = [words[i] for i in known]
        queries = Queries(known_words, self.source.find(known_words), asked.vectors[known])
        found = self._search(queries, k)
        answers: list[list[Translation]] = [[] for _ in words]
        for i, indices, scores in zip(known, found.indices, found.scores, strict=True):
            origin = asked.origins[i]
            assert origin is not None  # or it is not known
            answers[i] = [
                Translation(self.target.words[row], score, origin)
                for row, score in zip(indices.tolist(), scores.tolist(), strict=True)
            ]
        return answers

    def _search(self, queries: Queries, k: int) -> Neighbors:
        if self.n_neighbors is None:
            return self.targets.search(queries.vectors, k)
        if self.ranker is not None:
            return self._ranked(self.ranker, queries, k)
        if self.biases is None:
            keys = self.sources.keys, self.targets.keys
            return csls_search(queries.vectors, *keys, k, n_neighbors=self.n_neighbors)
        near = self.targets.search(queries.vectors, self.n_neighbors)
        found = self.targets.with_bias(self.biases[1]).search(queries.vectors, k)
        return as_csls(found, half_mean(near.scores))

    def _ranked(self, ranker: PairRanker, queries: Queries, k: int) -> Neighbors:
        """Rank the best candidates by CSLS anew; scores are probabilities."""
        assert self.n_neighbors is not None  # candidates are found by CSLS
        pairs = CandidatePairs.search(
            queries,
            self.sources,
            self.targets,
            self.target.words,
            max(k, ranker.n_candidates),
            n_neighbors=self.n_neighbors,
            biases=self.biases,
        )
        if self.pivot is not None:
            search = self.pivot.search(all_words=self.biases is not None)
            pairs = search.compared(pairs, queries.vectors)
        return ranker.rank(pairs).first(k)
