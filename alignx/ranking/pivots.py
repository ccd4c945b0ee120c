"""Comparison of candidate pairs through the words of a third language."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from alignx.ranking.candidates import PivotPaths
from alignx.retrieval.csls import as_csls
from alignx.retrieval.csls_search import csls_search
from alignx.retrieval.neighbors import half_mean

if TYPE_CHECKING:
    from alignx.ranking.candidates import CandidatePairs
    from alignx.retrieval.exact import ExactIndex
    from alignx.retrieval.neighbors import Neighbors
    from alignx.support.arrays import Indices, Matrix

__all__ = ["PivotSearch", "Step"]

STEPS = 10  # best pivot words of a source word


class Step(NamedTuple):
    """CSLS between the words of one language and those of a pivot language.

    Attributes
    ----------
    words, pivots : ExactIndex
        Unit rows of both languages.
    n_neighbors : int
        Neighbors in the CSLS average.
    bias : (p,) float32, optional
        Half the mean cosine of every pivot word to its nearest words. By default found for the
        pivot words that matter, which is faster for a few words.
    """

    words: ExactIndex
    pivots: ExactIndex
    n_neighbors: int
    bias: Matrix | None = None

    def nearest(self, vectors: Matrix, k: int) -> Neighbors:
        """Find the best pivot words of some words by CSLS."""
        if self.bias is None:
            both = self.words, self.pivots
            return csls_search(vectors, *both, k, n_neighbors=self.n_neighbors)
        found = self.pivots.with_bias(self.bias).search(vectors, k)
        return as_csls(found, self.bias_of_words(vectors))

    def bias_of_words(self, vectors: Matrix) -> Matrix:
        """Compute half the mean cosine of some words to their nearest pivot words."""
        return half_mean(self.pivots.search(vectors, self.n_neighbors).scores)

    def bias_of_pivots(self, rows: Indices) -> Matrix:
        """Return half the mean cosine of some pivot words to their nearest words."""
        if self.bias is not None:
            return self.bias[rows]
        return half_mean(self.words.search(self.pivots.keys[rows], self.n_neighbors).scores)


class PivotSearch(NamedTuple):
    """Search from the source and from the target language to a pivot language."""

    source: Step
    target: Step

    def compared(self, pairs: CandidatePairs, vectors: Matrix) -> CandidatePairs:
        """Add the paths of candidate pairs, whose source words have these vectors, (q, d)."""
        return replace(pairs, paths=self.paths(vectors, pairs.target_rows))

    def paths(self, vectors: Matrix, target_rows: Indices) -> PivotPaths:
        """Find the best paths from source words to candidates.

        Parameters
        ----------
        vectors : (q, d) float32
            Unit vectors of source words.
        target_rows : (q, k) int64
            Candidates; -1 where there is none.
        """
        pivots, targets = self.target.pivots.keys, self.target.words.keys
        first = self.source.nearest(vectors, min(STEPS, len(pivots)))
        answers, position = np.unique(target_rows, return_inverse=True)
        position = position.reshape(target_rows.shape)
        of_answers = targets[answers]
        best = self.target.nearest(of_answers, 1).indices[:, 0]
        answer_bias = self.target.bias_of_words(of_answers)[position]
        used, place = np.unique(first.indices, return_inverse=True)
        pivot_bias = self.target.bias_of_pivots(used)[place.reshape(first.indices.shape)]
        path = np.empty(target_rows.shape, dtype=np.float32)
        for row, (own, others) in enumerate(zip(first.indices, position, strict=True)):
            second = pivots[own] @ of_answers[others].T
            second -= pivot_bias[row][:, None] + answer_bias[row]
            path[row] = np.minimum(first.scores[row][:, None], 2 * second).max(axis=0)
        agreement = best[position] == first.indices[:, :1]
        return PivotPaths(path, agreement.astype(np.float32))
