"""Held-out pairs of a lexicon and their predicted translations."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from alignx.retrieval.csls import csls_bias
from alignx.retrieval.exact import ExactIndex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from alignx.support.arrays import Indices, Matrix

__all__ = [
    "FEW_WORDS",
    "Fold",
    "are_pairs",
    "correct_answers",
    "split_folds",
]

# With fewer known source words, answers for these say little of others: the most frequent words
# translate each other while the rest of the vocabulary is lost.
FEW_WORDS = 500
ENOUGH_QUERIES = 2_000  # resolve differences of about one point between candidates


class Fold(NamedTuple):
    """Pairs to fit on, and held-out pairs of other words, (p, 2) int64 each."""

    train: Indices
    held_out: Indices


def split_folds(pairs: Indices, folds: int, random_state: int) -> Iterator[Fold]:
    """Divide the source words into folds of up to 2000 queries in all.

    A pair with the target word of a held-out pair is not fitted on: its answer would be known.
    """
    words = np.unique(pairs[:, 0])
    order = np.random.default_rng(random_state).permutation(words)
    asked = 0
    for fold in range(folds):
        queries = order[fold::folds]
        is_held_out = np.isin(pairs[:, 0], queries)
        is_leak = np.isin(pairs[:, 1], pairs[is_held_out, 1])
        yield Fold(pairs[~is_held_out & ~is_leak], pairs[is_held_out])
        asked += len(queries)
        if asked >= ENOUGH_QUERIES:
            return


def correct_answers(
    source: Matrix, target: Matrix, held_out: Indices, n_neighbors: int
) -> NDArray[np.bool_]:
    """Mark the held-out source words with a known translation as first answer by CSLS."""
    bias = csls_bias(target, source, n_neighbors=n_neighbors)
    index = ExactIndex.borrowing(target, bias=bias)
    queries = np.unique(held_out[:, 0])
    answers = index.search(source[queries], 1).indices
    return are_pairs(queries, answers, held_out, len(target))[:, 0]


def are_pairs(
    queries: Indices, answers: Indices, pairs: Indices, n_targets: int
) -> NDArray[np.bool_]:
    """Mark the answers (q, k) that are among the pairs (p, 2)."""
    # Pairs of rows as single numbers, so that membership is one call.
    return np.isin(queries[:, None] * n_targets + answers, pairs @ [n_targets, 1])
