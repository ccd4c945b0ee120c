"""Base of the unsupervised estimators."""

from __future__ import annotations

import logging
from abc import abstractmethod
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from alignx.alignment.diagnosis import LEAST_AGREEMENT, Diagnosis, diagnose
from alignx.alignment.estimator import AlignerEstimator
from alignx.alignment.unsupervised.runs import Run, RunSettings
from alignx.errors import DimensionError
from alignx.mapping import (
    Aligner,
    Procrustes,
    Refinement,
    Reweighted,
    balanced_weights,
    refine,
)
from alignx.mapping.base import as_pairs
from alignx.support.arrays import Indices, Matrix, as_rows, unit_rows
from alignx.support.progress import Log, Progress, part_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

__all__ = ["Learned", "UnsupervisedEstimator", "fit_last_aligner", "seeded_runs"]

# Whitening needs a good estimate of the covariances.
PAIRS_PER_DIMENSION = 2
# Enough for vectors that do not span their space, too little to affect others.
RIDGE = 1e-4

logger = logging.getLogger("alignx")


class Learned(NamedTuple):
    """Fitted aligner, the agreement of the runs that found it, and their start."""

    aligner: Aligner
    agreement: float
    start: str = ""


class UnsupervisedEstimator(AlignerEstimator):
    """Base class: a method writes only `_learn`.

    Attributes
    ----------
    aligner_ : Aligner
        Aligner fitted on the last induced pairs.
    rounds_ : tuple of RefinementRound
        Figures of the rounds of refinement.
    diagnosis_ : Diagnosis
        Evidence of success or failure.
    """

    random_state: int
    diagnosis_: Diagnosis

    def fit(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        *,
        pairs: ArrayLike | None = None,
        guesses: ArrayLike | None = None,
        refinement: int | Refinement = 5,
        progress: Progress | None = None,
        log: Log | None = None,
    ) -> Self:
        """Learn the map.

        Parameters
        ----------
        X, Y : (n, d) float32, (m, e) float32
            Normalized rows of source and target, most frequent first; see `Normalizer`.
        pairs : (p, 2) int, optional
            Known pairs of rows, which stay in all later dictionaries. Only for `SelfLearning`.
        guesses : (p, 2) int, optional
            Pairs of rows that may be wrong, such as those of identical words: a second start of
            `SelfLearning` without `pairs`, if the vectors alone give none. They are not kept.
        refinement : int or Refinement
            Rounds of `refine` at the end, or all its settings. None is done if the runs disagree.
        progress : callable, optional
            Called with the fraction done.
        log : callable, optional
            Called with the figures of each round and with the diagnosis.

        Raises
        ------
        ValueError
            If a parameter is out of range.
        DimensionError
            If the dimensions differ and the method or the number of pairs found forbids that.
        MissingDependencyError
            If adversarial training lacks torch.
        """
        if self.random_state < 0:
            raise ValueError(f"random_state must be at least 0, got {self.random_state}")
        source, target = as_rows(X, "X"), as_rows(Y, "Y")
        settings = Refinement.of(refinement).resolved(len(source), len(target))
        known, guessed = (
            None if rows is None else as_pairs(rows, len(source), len(target))
            for rows in (pairs, guesses)
        )
        learned = self._learn((source, target), known, guessed, part_of(progress, 0, 0.7), log)
        # A map that has failed is not worth the time of refinement.
        worked = learned.agreement >= LEAST_AGREEMENT
        self.aligner_, rounds = refine(
            learned.aligner,
            source,
            target,
            pairs=known,
            refinement=settings if worked else settings.with_rounds(0),
            progress=part_of(progress, 0.7, 0.3),
            log=log,
        )
        self.rounds_ = tuple(rounds)
        mapped = unit_rows(self.transform(source)), unit_rows(self.transform_target(target))
        self.diagnosis_ = diagnose(*mapped, learned.agreement, learned.start)
        if log is not None:
            log({"stage": "diagnosis", **self.diagnosis_.as_dict()})
        return self

    @abstractmethod
    def _learn(
        self,
        languages: tuple[Matrix, Matrix],
        pairs: Indices | None,
        guesses: Indices | None,
        progress: Progress | None,
        log: Log | None,
    ) -> Learned:
        """Return a fitted aligner with the agreement and start of the runs that found it."""


def seeded_runs(
    languages: tuple[Matrix, Matrix],
    pairs: Indices,
    settings: RunSettings,
    random_state: int,
    log: Log | None,
    number: int = 0,
) -> Iterator[Run]:
    """Yield a run from a seed dictionary, then one from random pairs for comparison."""
    streams = [np.random.default_rng([random_state, 2 * number + i]) for i in (0, 1)]
    yield Run("seed pairs", *languages, pairs, settings, streams[0], log)
    count = min(settings.vocabulary, *map(len, languages))
    shuffled = np.random.default_rng(random_state).permutation(count)
    random_pairs = np.stack([np.arange(count), shuffled], axis=1)
    yield Run("random pairs", *languages, random_pairs, settings, streams[1], log)


def fit_last_aligner(
    languages: tuple[Matrix, Matrix], pairs: Indices, *, orthogonal: bool = False
) -> Aligner:
    """Fit the reweighted map, or the orthogonal one if asked for or if pairs are few.

    Raises
    ------
    DimensionError
        If the map must be orthogonal and the dimensions differ.
    """
    X, Y = languages
    dimensions = X.shape[1], Y.shape[1]
    if not orthogonal and len(pairs) < PAIRS_PER_DIMENSION * max(dimensions):
        needed = f"{PAIRS_PER_DIMENSION} pairs for each of {max(dimensions)} dimensions"
        least = f"{needed}, got {len(pairs)}"
        if dimensions[0] != dimensions[1]:
            raise DimensionError(
                f"languages of different dimensions need {least}; use more words or equal "
                "dimensions"
            )
        logger.warning("the reweighted map needs %s; the orthogonal map is used instead", least)
        orthogonal = True
    aligner = Procrustes() if orthogonal else Reweighted(regularization=RIDGE)
    return aligner.fit(X, Y, balanced_weights(pairs), pairs=pairs)
