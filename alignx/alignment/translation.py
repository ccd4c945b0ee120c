"""Translation of words by search in a shared space."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alignx.ranking.candidates import CandidatePairs, Queries
from alignx.retrieval.csls_search import csls_search
from alignx.retrieval.exact import ExactIndex
from alignx.vectors.oov import look_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.ranking.ranker import PairRanker
    from alignx.retrieval.neighbors import Neighbors
    from alignx.support.arrays import Matrix
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.oov import OOVMode, Origin

__all__ = ["Translation", "translate"]


class Translation(NamedTuple):
    """One answer: the target word, its score and the origin of the query's vector.

    The score is the probability of the learned ranking, CSLS, or with another ranking the cosine
    minus the bias of the word; the origin "vocabulary", "subwords" or "phrase".
    """

    word: str
    score: float
    origin: Origin = "vocabulary"


def translate(
    source: Embeddings,
    target: Embeddings,
    words: Sequence[str],
    k: int,
    *,
    n_neighbors: int | None,
    key_bias: Matrix | None,
    ranker: PairRanker | None,
    biases: tuple[Matrix, Matrix] | None,
    oov: OOVMode,
) -> list[list[Translation]]:
    """Search the best target words of source words; see `SharedSpace.translate`.

    They are ranked by `ranker`, or CSLS, or without `n_neighbors` by cosine minus the bias.
    """
    asked = look_up(source, words, oov)
    known = [i for i, origin in enumerate(asked.origins) if origin is not None]
    queries, keys = asked.vectors[known], target.vectors
    if ranker is not None and n_neighbors is not None:
        asked_words = Queries(
            [words[i] for i in known], source.find([words[i] for i in known]), queries
        )
        found = _ranked(ranker, asked_words, source, target, k, n_neighbors, biases)
    elif n_neighbors is None:
        found = ExactIndex(keys, bias=key_bias).search(queries, k)
    else:
        found = csls_search(queries, source.vectors, keys, k, n_neighbors=n_neighbors)
    answers: list[list[Translation]] = [[] for _ in words]
    for i, indices, scores in zip(known, found.indices, found.scores, strict=True):
        origin = asked.origins[i]
        assert origin is not None  # or it is not known
        answers[i] = [
            Translation(target.words[row], score, origin)
            for row, score in zip(indices.tolist(), scores.tolist(), strict=True)
        ]
    return answers


def _ranked(
    ranker: PairRanker,
    queries: Queries,
    source: Embeddings,
    target: Embeddings,
    k: int,
    n_neighbors: int,
    biases: tuple[Matrix, Matrix] | None,
) -> Neighbors:
    """Rank the best candidates by CSLS anew; scores are probabilities."""
    candidates = max(k, ranker.n_candidates)
    pairs = CandidatePairs.search(
        queries,
        source.vectors,
        target.vectors,
        target.words,
        candidates,
        n_neighbors=n_neighbors,
        biases=biases,
    )
    return ranker.rank(pairs).first(k)
