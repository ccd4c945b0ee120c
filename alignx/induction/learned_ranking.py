"""Learned ranking of all words of two languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from alignx.ranking.candidates import CandidatePairs
from alignx.retrieval.neighbors import CrossNeighbors, Neighbors
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.ranking.pivots import PivotSearch
    from alignx.ranking.ranker import PairRanker
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Progress

__all__ = ["LearnedRanking", "rank_all"]

BLOCK = 16_384  # words ranked at once


class LearnedRanking(NamedTuple):
    """Neighbors in the order of their probabilities.

    Attributes
    ----------
    found : CrossNeighbors
        Candidates of each source word with their CSLS, most probable first; and the most probable
        source rows of each target word, with their probabilities, -1 where there are fewer.
    probability : (n, k) float32
        Probability of each candidate; 0 in rows that were not ranked.
    """

    found: CrossNeighbors
    probability: Matrix


def rank_all(
    ranker: PairRanker,
    found: CrossNeighbors,
    biases: tuple[Matrix, Matrix],
    words: tuple[Sequence[str], Sequence[str]],
    k: int,
    *,
    rows: Indices | None = None,
    pivots: PivotSearch | None = None,
    progress: Progress | None = None,
) -> LearnedRanking:
    """Rank the candidates of a search in both directions by CSLS.

    Parameters
    ----------
    ranker : PairRanker
        Fitted.
    found, biases
        Neighbors by CSLS, and half the mean cosine of each row to its nearest neighbors.
    words : pair of sequence of str
        Words of both languages.
    k : int
        Source words to keep for each target word.
    rows : (p,) int64, optional
        Source rows to rank, and with them all rows that compete for their best `k`, so that their
        pairs are those of all rows. Default: all.
    pivots : PivotSearch, optional
        Search through a third language, where the ranker has a use for it.
    progress : callable, optional
        Called with the fraction done.
    """
    near = found.of_source.first(max(k, ranker.n_candidates))
    ranked = Neighbors(near.indices.copy(), near.scores.copy())
    probability = np.zeros_like(ranked.scores)

    def rank(rows: Indices, progress: Progress | None) -> None:
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            pairs = CandidatePairs.of_neighbors(words, block, found, biases, near.indices.shape[1])
            if pivots is not None:
                pairs = pivots.compared(pairs, pivots.source.words.keys[block])
            chances = ranker.predict_proba(pairs)
            order = np.argsort(-chances, axis=1, kind="stable")
            for array, values in ((ranked.indices, pairs.target_rows), (ranked.scores, pairs.csls)):
                array[block] = np.take_along_axis(values, order, axis=1)
            probability[block] = np.take_along_axis(chances, order, axis=1)
            if progress is not None:
                progress(min(start + BLOCK, len(rows)) / len(rows))

    if rows is None:
        rows = np.arange(len(words[0]))
        rank(rows, progress)
    else:
        rank(rows, part_of(progress, 0, 0.5))
        competing = np.isin(near.indices, ranked.indices[rows, :k]).any(axis=1)
        rivals = np.setdiff1d(np.flatnonzero(competing), rows)
        rank(rivals, part_of(progress, 0.5, 0.5))
        rows = np.union1d(rows, rivals)
    back = _most_probable_sources(rows, ranked.indices[rows], probability[rows], len(words[1]), k)
    return LearnedRanking(CrossNeighbors(ranked, back), probability)


def _most_probable_sources(
    rows: Indices, targets: Indices, probability: Matrix, n_targets: int, k: int
) -> Neighbors:
    """Return the k most probable source rows of each target row, -1 where there are fewer."""
    sources = np.repeat(rows, targets.shape[1])
    columns, values = targets.ravel(), probability.ravel()
    order = np.lexsort((sources, -values, columns))
    order = order[columns[order] >= 0]
    columns = columns[order]
    place = np.arange(len(columns)) - np.searchsorted(columns, columns)
    kept = place < k
    order, columns, place = order[kept], columns[kept], place[kept]
    result = Neighbors(
        np.full((n_targets, k), -1, dtype=np.int64), np.zeros((n_targets, k), dtype=np.float32)
    )
    result.indices[columns, place] = sources[order]
    result.scores[columns, place] = values[order]
    return result
