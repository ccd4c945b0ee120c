"""Candidate translations of words, with the figures that rank them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from alignx.retrieval.csls import as_csls
from alignx.retrieval.csls_search import csls_search
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.neighbors import Neighbors, half_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.retrieval.neighbors import CrossNeighbors
    from alignx.support.arrays import Indices, Matrix

__all__ = ["BACK", "SOUGHT", "CandidatePairs", "PivotPaths", "Queries", "best_of_others"]

BACK = 2  # best source words of a target word: one of them is the other than that of the pair
SOUGHT = 40_000  # most frequent words of each language among which a ranking learns


@dataclass(frozen=True, eq=False)
class Queries:
    """Words to translate: rows of the source language, or -1 for others, and unit vectors."""

    words: Sequence[str]
    rows: Indices
    vectors: Matrix

    @classmethod
    def of_rows(cls, rows: Indices, vocabulary: Sequence[str], vectors: Matrix) -> Self:
        """Take words of a language, whose words and rows these are."""
        return cls([vocabulary[row] for row in rows.tolist()], rows, vectors[rows])


class PivotPaths(NamedTuple):
    """Figures of candidate pairs through words of a pivot language, (q, k) float32 each.

    Attributes
    ----------
    path : Matrix
        CSLS of the weaker step on the best path from the source word to the target word.
    agreement : Matrix
        1 where both words have the same best pivot word, otherwise 0.
    """

    path: Matrix
    agreement: Matrix


@dataclass(frozen=True, eq=False, repr=False)
class CandidatePairs:
    """The `k` best translations by CSLS of each of q words.

    Attributes
    ----------
    words : sequence of str
        The words to translate, (q,).
    vocabulary : sequence of str
        All words of the target language, (m,).
    source_rows : (q,) int64
        Rows of the words in their language, most frequent first.
    target_rows : (q, k) int64
        Candidates, best first; -1 where there is none.
    csls : (q, k) float32
        CSLS of each pair, descending.
    source_bias, target_bias : (q,) float32, (q, k) float32
        Half the mean cosine of each word to its nearest neighbors in the other language.
    target_gap : (q, k) float32
        CSLS less that of the best other source word of the same target word.
    paths : PivotPaths, optional
        Comparison through another language; see `PivotSearch`.
    """

    words: Sequence[str]
    vocabulary: Sequence[str]
    source_rows: Indices
    target_rows: Indices
    csls: Matrix
    source_bias: Matrix
    target_bias: Matrix
    target_gap: Matrix
    paths: PivotPaths | None = None

    def __len__(self) -> int:
        return self.target_rows.size

    def __repr__(self) -> str:
        q, k = self.target_rows.shape
        return f"CandidatePairs({q} words, k={k})"

    @property
    def cosine(self) -> Matrix:
        """Cosine of each pair, (q, k) float32."""
        half = np.float32(0.5)
        return np.asarray(self.csls * half + self.source_bias[:, None] + self.target_bias)

    @cached_property
    def answers(self) -> tuple[list[str], Indices]:
        """The different candidates, "" for a missing one, and positions of the pairs, (q, k)."""
        rows, position = np.unique(self.target_rows, return_inverse=True)
        words = ["" if row < 0 else self.vocabulary[row] for row in rows.tolist()]
        return words, position.reshape(self.target_rows.shape)

    @classmethod
    def of_neighbors(
        cls,
        vocabularies: tuple[Sequence[str], Sequence[str]],
        rows: Indices,
        found: CrossNeighbors,
        biases: tuple[Matrix, Matrix],
        k: int,
    ) -> Self:
        """Take the candidates of some source rows from a search in both directions by CSLS."""
        near = found.of_source.take(rows).first(k)
        back = found.of_target.first(BACK)
        return cls(
            [vocabularies[0][row] for row in rows.tolist()],
            vocabularies[1],
            rows,
            near.indices,
            near.scores,
            biases[0][rows],
            biases[1][near.indices],
            _target_gap(rows, near, back, near.indices),
        )

    @classmethod
    def search(
        cls,
        queries: Queries,
        source: Matrix | ExactIndex,
        target: Matrix | ExactIndex,
        vocabulary: Sequence[str],
        k: int,
        *,
        n_neighbors: int,
        biases: tuple[Matrix, Matrix] | None = None,
    ) -> Self:
        """Search the candidates of some words among unit rows of two languages.

        Without `biases`, those of all rows, they are found for the rows that matter, which is
        faster for few words.
        """
        k, back_k = min(k, len(target)), min(BACK, len(source))
        vectors = queries.vectors
        sources, targets = ExactIndex.borrowing(source), ExactIndex.borrowing(target)
        own = half_mean(targets.search(vectors, n_neighbors).scores)
        if biases is None:
            near = csls_search(vectors, sources.keys, targets.keys, k, n_neighbors=n_neighbors)
            answers, position = np.unique(near.indices, return_inverse=True)
            asked = targets.keys[answers]
            of_answers = half_mean(sources.search(asked, n_neighbors).scores)
            back = csls_search(asked, targets.keys, sources.keys, back_k, n_neighbors=n_neighbors)
        else:
            near = as_csls(targets.with_bias(biases[1]).search(vectors, k), own)
            answers, position = np.unique(near.indices, return_inverse=True)
            of_answers = biases[1][answers]
            found = sources.with_bias(biases[0]).search(targets.keys[answers], back_k)
            back = as_csls(found, of_answers)
        position = position.reshape(near.indices.shape)
        return cls(
            queries.words,
            vocabulary,
            np.where(queries.rows < 0, len(source), queries.rows),
            near.indices,
            near.scores,
            own,
            of_answers[position],
            _target_gap(queries.rows, near, back, position),
        )

    def take(self, rows: Indices) -> CandidatePairs:
        """Select the candidates of some of the words."""
        arrays: dict[str, Any] = {
            name: getattr(self, name)[rows]
            for name in self.__dataclass_fields__
            if name not in ("words", "vocabulary", "paths")
        }
        if self.paths is not None:
            arrays["paths"] = PivotPaths(*(each[rows] for each in self.paths))
        return replace(self, words=[self.words[row] for row in rows.tolist()], **arrays)


def _target_gap(rows: Indices, near: Neighbors, back: Neighbors, position: Indices) -> Matrix:
    """Compare each pair with the best other source word of its target word.

    `back` has the best source rows of target words, and `position` (q, k) the target word of each
    pair there.
    """
    gap = np.empty_like(near.scores)
    for column in range(near.indices.shape[1]):  # bounds the memory
        best = back.take(position[:, column])
        others = np.where(best.indices == rows[:, None], -np.inf, best.scores).max(axis=1)
        gap[:, column] = np.where(np.isfinite(others), near.scores[:, column] - others, 0)
    return gap


def best_of_others(values: Matrix) -> Matrix:
    """Return for each column the largest value of the others in its row, (q, k), or 0 if k is 1.

    Examples
    --------
    >>> best_of_others(np.array([[1.0, 3.0, 2.0]]))
    array([[3., 2., 3.]])
    """
    if values.shape[1] < 2:
        return np.zeros_like(values)
    top = np.partition(values, -2, axis=1)[:, -2:]
    is_best = np.arange(values.shape[1]) == values.argmax(axis=1)[:, None]
    return np.asarray(np.where(is_best, top[:, :1], top[:, 1:]))
