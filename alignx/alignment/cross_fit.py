"""Fits of one strategy, each without a part of the known pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from alignx.alignment.fit_context import FitContext, FitSpec, FrequentPart, frequent_part
from alignx.alignment.held_out import FEW_WORDS, Fold, correct_answers, split_folds
from alignx.mapping import Aligner, Refinement
from alignx.retrieval.csls import mutual_neighbors
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Progress

__all__ = ["CrossFit", "FoldAnswers"]

# Halves of a dictionary are as good a start of self-learning as the whole, unless it is small.
FOLDS = 2
FOLDS_OF_FEW, FOLDED_FINELY = 4, 100
# Words of each language that take part, the most frequent, beside those of the dictionary. With
# few pairs less, since there are more folds; of small vocabularies a fifth, to compare maps.
FREQUENT, FREQUENT_OF_FEW = 10_000, 5_000
COMPARED = 1_000  # maps of fewer words have pairs in common by chance


@dataclass(frozen=True, eq=False)
class FoldAnswers:
    """First answers for the held-out words of a fold, among the frequent words."""

    is_correct: NDArray[np.bool_]
    chance: float  # P@1 of random answers


@dataclass(frozen=True, eq=False)
class CrossFit:
    """Aligners fitted by one strategy without the words of one fold each.

    Nothing of a fold's held-out pairs has reached its aligner: self-learning and refinement start
    from its other pairs, and a pair whose target is in a held-out pair is not among these.

    Attributes
    ----------
    spec : FitSpec
        The strategy.
    folds : tuple of Fold
        Known and held-out pairs, rows of all words.
    aligners : tuple of Aligner
        Fitted on `folds[i].train`, with self-learning and refinement among frequent words.
    answers : tuple of FoldAnswers
        First answers for the held-out words.
    part : FrequentPart
        Frequent words, and those of the pairs, which could be answers.
    """

    spec: FitSpec
    folds: tuple[Fold, ...]
    aligners: tuple[Aligner, ...]
    answers: tuple[FoldAnswers, ...]
    part: FrequentPart

    @classmethod
    def of(
        cls,
        spec: FitSpec,
        pairs: Indices,
        folds: int | None = None,
        random_state: int = 0,
        progress: Progress | None = None,
    ) -> Self:
        """Fit without each fold of the source words, until 2000 have been asked.

        Raises
        ------
        ValueError
            If a fold leaves too few pairs for the aligner.
        """
        pairs = np.unique(pairs, axis=0)
        part = _part(spec.context, pairs)
        local = FitSpec(spec.aligner, part.context, spec.self_learning)
        words = len(np.unique(pairs[:, 0]))
        count = folds or min(max(words, 2), FOLDS if words >= FOLDED_FINELY else FOLDS_OF_FEW)
        whole, asked = (tuple(split_folds(p, count, random_state)) for p in (pairs, part.pairs))
        aligners, answers = [], []
        for number, fold in enumerate(asked):
            share = part_of(progress, number / len(asked), 1 / len(asked))
            aligners.append(local.fit(fold.train, share)[0])
            mapped = part.context.mapped(aligners[-1])
            is_correct = correct_answers(*mapped, fold.held_out, part.context.n_neighbors)
            chance = len(fold.held_out) / max(1, len(is_correct)) / len(part.context.target)
            answers.append(FoldAnswers(is_correct, chance))
        return cls(spec, whole, tuple(aligners), tuple(answers), part)

    @property
    def is_correct(self) -> NDArray[np.bool_]:
        """Mark the held-out words with a correct first answer, fold by fold."""
        return np.concatenate([each.is_correct for each in self.answers])

    @property
    def chance(self) -> float:
        """P@1 of random answers."""
        return float(np.mean([each.chance for each in self.answers]))

    def agreement(self, fitted: Aligner) -> float | None:
        """Return the share of pairs in common with an aligner fitted on all pairs, in [0, 1].

        None among so few words that maps have pairs in common by chance.
        """
        if self.part.first < COMPARED:
            return None
        whole = self._induced(fitted)
        return float(np.mean([_shared(whole, self._induced(each)) for each in self.aligners]))

    def _induced(self, aligner: Aligner) -> Indices:
        """Return the mutual pairs of the most frequent words, each as one number."""
        first = self.part.first
        X, Y = _first_rows(self.part, aligner)
        pairs = mutual_neighbors(X, Y, n_neighbors=self.part.context.n_neighbors)
        return np.asarray(pairs[:, 0] * first + pairs[:, 1])


def _first_rows(part: FrequentPart, aligner: Aligner) -> tuple[Matrix, Matrix]:
    X, Y = part.context.mapped(aligner)
    return X[: part.first], Y[: part.first]


def _shared(one: Indices, other: Indices) -> float:
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return 2 * shared / max(1, len(one) + len(other))


def _part(context: FitContext, pairs: Indices) -> FrequentPart:
    """Keep the most frequent rows and those of the dictionary, with cheaper refinement."""
    vocabulary = context.refinement.vocabulary
    most = FREQUENT
    if len(np.unique(pairs[:, 0])) < FEW_WORDS:
        usual = min(vocabulary, len(context.source), len(context.target))
        most = min(FREQUENT_OF_FEW, max(COMPARED, usual // 5))
    part = frequent_part(context, pairs, most)
    first = min(part.first, vocabulary)
    settings = Refinement(
        rounds=context.refinement.rounds,
        vocabulary=first,
        n_neighbors=min(context.n_neighbors, first),
    )
    return FrequentPart(part.context._replace(refinement=settings), part.pairs, first)
