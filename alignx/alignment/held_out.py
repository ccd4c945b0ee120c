"""Held-out pairs of a lexicon and their predicted translations."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from alignx.alignment.calibration import Calibration, PairFeatures
from alignx.retrieval.csls import csls_bias, csls_biases
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.neighbors import Neighbors
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from alignx.alignment.fit_context import FitSpec
    from alignx.lexicon.lexicon import Lexicon
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Progress
    from alignx.vectors.embeddings import Embeddings

__all__ = ["Fold", "HeldOut", "HeldOutResult", "correct_answers", "split_folds"]

SHARE = 0.2  # of the source words
FEWEST = 20  # with fewer words, the share of correct answers says little
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
    return _are_pairs(queries, answers, held_out, len(target))[:, 0]


def _are_pairs(
    queries: Indices, answers: Indices, pairs: Indices, n_targets: int
) -> NDArray[np.bool_]:
    """Mark the answers (q, k) that are among the pairs (p, 2)."""
    # Pairs of rows as single numbers, so that membership is one call.
    return np.isin(queries[:, None] * n_targets + answers, pairs @ [n_targets, 1])


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Pairs of a lexicon, (p, 2) rows, in two parts without a common source word."""

    kept: Indices
    pairs: Indices

    @classmethod
    def of(cls, lexicon: Lexicon, source: Embeddings, target: Embeddings) -> Self:
        """Hold out a fifth of the source words."""
        kept, rest = (
            np.stack([rows.source, rows.target], axis=1)
            for rows in (part.rows(source, target) for part in lexicon.split(SHARE))
        )
        # A word in two spellings, Cat and cat, may be in both parts.
        return cls(kept[~np.isin(kept[:, 0], rest[:, 0])], rest)

    @property
    def queries(self) -> Indices:
        """The different source rows held out, ascending."""
        return np.unique(self.pairs[:, 0])

    def reason_too_small(self) -> str | None:
        """Return the reason why there are too few words, or None."""
        words = len(self.queries)
        if words >= FEWEST:
            return None
        return (
            f"it needs {FEWEST} known source words to hold out, got {words}; use a larger lexicon"
        )


@dataclass(frozen=True, eq=False)
class HeldOutResult:
    """Mapped rows and CSLS biases of a map, and its best answers for held-out words."""

    held_out: HeldOut
    source: Matrix
    target: Matrix
    source_bias: Matrix
    target_bias: Matrix
    found: Neighbors

    @classmethod
    def of(cls, spec: FitSpec, held_out: HeldOut, progress: Progress | None = None) -> Self:
        """Fit on the pairs kept, or raise ValueError for too few, and answer the queries."""
        spec = replace(spec, context=spec.context._replace(log=None))
        aligner, _ = spec.fit(held_out.kept, part_of(progress, 0, 0.4))
        source, target = spec.context.mapped(aligner)
        source_bias, target_bias = csls_biases(
            source,
            target,
            n_neighbors=spec.context.n_neighbors,
            progress=part_of(progress, 0.4, 0.6),
        )
        index = ExactIndex.borrowing(target, bias=target_bias)
        found = index.search(source[held_out.queries], min(CANDIDATES, len(target)))
        return cls(held_out, source, target, source_bias, target_bias, found)

    def is_correct(self) -> NDArray[np.bool_]:
        """Mark the answers that are known translations, (queries, candidates) bool."""
        held_out = self.held_out
        return _are_pairs(held_out.queries, self.found.indices, held_out.pairs, len(self.target))

    def calibration(self) -> Calibration | None:
        """Fit the probability of a correct pair, or warn where it cannot be fitted."""
        is_correct = self.is_correct().ravel()
        if is_correct.all() or not is_correct.any():
            logger.warning(
                "no probabilities: calibration is left out, since it needs right and wrong answers "
                "for held-out words, got %d right of %d; look at the accuracy of this map",
                is_correct.sum(),
                len(is_correct),
            )
            return None
        return Calibration.fit(self._features(), is_correct)

    def _features(self) -> PairFeatures:
        found, queries = self.found, self.held_out.queries
        k = found.indices.shape[1]
        answers, position = np.unique(found.indices, return_inverse=True)
        back = ExactIndex.borrowing(self.source, bias=self.source_bias).search(
            self.target[answers], min(2, len(self.source))
        )
        of_source = Neighbors(found.indices, 2 * (found.scores - self.source_bias[queries, None]))
        of_target = Neighbors(back.indices, 2 * (back.scores - self.target_bias[answers, None]))
        return PairFeatures.of(
            np.repeat(queries, k),
            found.indices.ravel(),
            of_source.scores.ravel(),
            of_source.take(np.repeat(np.arange(len(queries)), k)),
            of_target.take(position.ravel()),
        )
