"""Learned ranking of all words of two languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from alignx.ranking.candidates import CandidatePairs
from alignx.retrieval.neighbors import CrossNeighbors, Neighbors

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        Source rows to rank, with those that compete for their candidates. Default: all.
    progress : callable, optional
        Called with the fraction done.
    """
    if rows is None:
        rows = np.arange(len(words[0]))
    else:
        rivals = found.of_target.indices[found.of_source.indices[rows, :k]]
        rows = np.union1d(rows, rivals[rivals >= 0])
    near = found.of_source.first(ranker.n_candidates)
    indices, csls = near.indices.copy(), near.scores.copy()
    probability = np.zeros_like(csls)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        pairs = CandidatePairs.of_neighbors(words, block, found, biases, ranker.n_candidates)
        chances = ranker.predict_proba(pairs)
        order = np.argsort(-chances, axis=1, kind="stable")
        for array, values in ((indices, pairs.target_rows), (csls, pairs.csls)):
            array[block] = np.take_along_axis(values, order, axis=1)
        probability[block] = np.take_along_axis(chances, order, axis=1)
        if progress is not None:
            progress(min(1.0, (start + BLOCK) / len(rows)))
    back = _most_probable_sources(rows, indices[rows], probability[rows], len(words[1]), k)
    return LearnedRanking(CrossNeighbors(Neighbors(indices, csls), back), probability)


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
