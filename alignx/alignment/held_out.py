"""Held-out pairs of a lexicon and their predicted translations."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from alignx.alignment.calibration import Calibration, PairFeatures
from alignx.retrieval.csls import csls_bias, csls_biases
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.neighbors import Neighbors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from alignx.alignment.fit_context import FitContext
    from alignx.mapping import Aligner
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Progress

__all__ = [
    "Fold",
    "HeldOutAnswers",
    "are_pairs",
    "calibration",
    "correct_answers",
    "split_folds",
]

CANDIDATES = 10  # for each word
ENOUGH_QUERIES = 2_000  # resolve differences of about one point between candidates

logger = logging.getLogger("alignx")


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


@dataclass(frozen=True, eq=False)
class HeldOutAnswers:
    """Best answers by CSLS for the held-out words of a fold, among all words.

    Attributes
    ----------
    fold : Fold
        Pairs of the map, and held-out pairs.
    source_bias, target_bias : (n,) float32, (m,) float32
        `csls_bias` of all rows under the map.
    queries : (q,) int64
        Held-out source rows, ascending.
    found : Neighbors
        Up to 10 target rows for each.
    features : PairFeatures
        Features of these pairs, query by query.
    """

    fold: Fold
    source_bias: Matrix
    target_bias: Matrix
    queries: Indices
    found: Neighbors
    features: PairFeatures

    @classmethod
    def of(
        cls, context: FitContext, aligner: Aligner, fold: Fold, progress: Progress | None = None
    ) -> Self:
        """Answer the held-out words of a fold by a map fitted on its other pairs."""
        source, target = context.mapped(aligner)
        biases = csls_biases(source, target, n_neighbors=context.n_neighbors, progress=progress)
        queries = np.unique(fold.held_out[:, 0])
        index = ExactIndex.borrowing(target, bias=biases[1])
        found = index.search(source[queries], min(CANDIDATES, len(target)))
        features = _features(source, target, biases, queries, found)
        return cls(fold, *biases, queries, found, features)

    @property
    def is_correct(self) -> NDArray[np.bool_]:
        """Mark the answers that are known translations, (q, k) bool."""
        pairs = self.fold.held_out
        return are_pairs(self.queries, self.found.indices, pairs, len(self.target_bias))


def _features(
    source: Matrix,
    target: Matrix,
    biases: tuple[Matrix, Matrix],
    queries: Indices,
    found: Neighbors,
) -> PairFeatures:
    """Compute the features of each query with each of its answers."""
    k = found.indices.shape[1]
    answers, position = np.unique(found.indices, return_inverse=True)
    back = ExactIndex.borrowing(source, bias=biases[0]).search(target[answers], min(2, len(source)))
    of_source = Neighbors(found.indices, 2 * (found.scores - biases[0][queries, None]))
    of_target = Neighbors(back.indices, 2 * (back.scores - biases[1][answers, None]))
    return PairFeatures.of(
        np.repeat(queries, k),
        found.indices.ravel(),
        of_source.scores.ravel(),
        of_source.take(np.repeat(np.arange(len(queries)), k)),
        of_target.take(position.ravel()),
    )


def calibration(answers: Sequence[HeldOutAnswers]) -> Calibration | None:
    """Fit the probability of a correct pair, or warn where it cannot be fitted."""
    is_correct = np.concatenate([each.is_correct.ravel() for each in answers])
    if is_correct.all() or not is_correct.any():
        logger.warning(
            "no probabilities: calibration is left out, since it needs right and wrong answers "
            "for held-out words, got %d right of %d; look at the accuracy of this map",
            is_correct.sum(),
            len(is_correct),
        )
        return None
    columns = zip(*(each.features for each in answers), strict=True)
    return Calibration.fit(PairFeatures(*map(np.concatenate, columns)), is_correct)
