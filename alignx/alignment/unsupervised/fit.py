"""Maps without a dictionary, or from a few pairs: search, refine, and judge the result."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from alignx.alignment.diagnosis import Diagnosis, diagnose
from alignx.alignment.unsupervised.initial_pairs import STARTS, SimilarityStarts, axes_pairs
from alignx.alignment.unsupervised.self_learning import Run, SelfLearning, converge, search
from alignx.errors import DimensionError
from alignx.mapping import (
    Aligner,
    Procrustes,
    Refinement,
    RefinementRound,
    Reweighted,
    balanced_weights,
    refine,
)
from alignx.retrieval.csls import mutual_neighbors
from alignx.support.arrays import Indices, Matrix, unit_rows
from alignx.support.parallel import run_all
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alignx.support.progress import Log, Progress

__all__ = [
    "RESTARTS",
    "Unsupervised",
    "Workplace",
    "adversarial",
    "checkpoint_name",
    "self_learning",
]

RESTARTS = 3  # of adversarial training, at most

# Whitening needs a good estimate of the covariances: that many pairs for each dimension.
PAIRS_PER_DIMENSION = 2
# Enough for vectors that do not span their space, too little to matter to others.
RIDGE = 1e-4

logger = logging.getLogger("alignx")


class Unsupervised(NamedTuple):
    """What was found without a dictionary.

    Attributes
    ----------
    aligner : Aligner
        Fitted on the pairs found last.
    rounds : list of RefinementRound
        What refinement did.
    diagnosis : Diagnosis
        Whether it has worked.
    """

    aligner: Aligner
    rounds: list[RefinementRound]
    diagnosis: Diagnosis


class Workplace(NamedTuple):
    """What all of the work below shares.

    Attributes
    ----------
    source, target : (n, d) float32, (m, e) float32
        Normalized rows, most frequent first.
    refinement : Refinement
        Settings of the rounds of `refine` at the end.
    seed : int
        Of all random numbers.
    log : callable, optional
        Called with the figures of each round.
    """

    source: Matrix
    target: Matrix
    refinement: Refinement
    seed: int
    log: Log | None = None

    def run(self, name: str, pairs: Indices, settings: SelfLearning, stream: int) -> Run:
        """Begin self-learning from pairs, with random numbers of its own."""
        random = np.random.default_rng([self.seed, stream])
        return Run(
            name,
            self.source,
            self.target,
            pairs,
            settings,
            random,
            self.log,
        )

    def refined(
        self, aligner: Aligner, seed_pairs: Indices | None, progress: Progress | None
    ) -> tuple[Aligner, list[RefinementRound]]:
        """Refine, and log each round."""
        return refine(
            aligner,
            self.source,
            self.target,
            pairs=seed_pairs,
            refinement=self.refinement,
            progress=progress,
            log=self.log,
        )

    def judged(
        self, aligner: Aligner, rounds: list[RefinementRound], agreed: float
    ) -> Unsupervised:
        """Put the result together with its diagnosis."""
        diagnosis = diagnose(
            unit_rows(aligner.transform(self.source)),
            unit_rows(aligner.transform_target(self.target)),
            agreed,
        )
        if self.log is not None:
            self.log({"stage": "diagnosis", **diagnosis.as_dict()})
        return Unsupervised(aligner, rounds, diagnosis)


def self_learning(
    work: Workplace,
    *,
    seed_pairs: Indices | None = None,
    settings: SelfLearning | None = None,
    progress: Progress | None = None,
) -> Unsupervised:
    """Learn a map from the shape of two languages, or from a few pairs.

    Runs of `SelfLearning` from several starts go on until two agree. The pairs of the best give
    the reweighted map, which is refined. Where they are fewer than two for each dimension, it is
    the orthogonal map instead, and a warning says so.

    Parameters
    ----------
    work : Workplace
        The languages, and how to refine.
    seed_pairs : (p, 2) int64, optional
        Known pairs, which a run starts from; another starts from chance. By default the starts are
        those of `axes_pairs` and `SimilarityStarts`.
    settings : SelfLearning, optional
        Of the runs.
    progress : callable, optional
        Called now and then with the fraction done.

    Raises
    ------
    DimensionError
        If the dimensions differ and the pairs found are too few for the reweighted map.
    """
    settings = SelfLearning() if settings is None else settings
    if seed_pairs is None:
        starts = _unseeded(work, settings)
    else:
        starts = _seeded(work, seed_pairs, settings)
    run, agreed = search(starts, settings, part_of(progress, 0, 0.6))
    converge(run, part_of(progress, 0.6, 0.1))
    pairs = run.found.mutual_pairs()
    if seed_pairs is not None:
        pairs = np.unique(np.concatenate([pairs, seed_pairs]), axis=0)
    aligner = _last_aligner(work, len(pairs)).fit(
        work.source[pairs[:, 0]], work.target[pairs[:, 1]], balanced_weights(pairs)
    )
    fitted, rounds = work.refined(aligner, seed_pairs, part_of(progress, 0.7, 0.3))
    return work.judged(fitted, rounds, agreed)


def _unseeded(work: Workplace, settings: SelfLearning) -> Iterator[Run]:
    pairs = axes_pairs(work.source, work.target)
    if len(pairs):
        yield work.run("principal axes", pairs, settings, len(STARTS))
    similarity = SimilarityStarts(work.source, work.target)
    for stream, start in enumerate(STARTS):
        name = f"{start.vocabulary} words, frequency {start.frequency}"
        yield work.run(name, similarity.pairs(start), settings, stream)


def _seeded(
    work: Workplace, pairs: Indices, settings: SelfLearning, number: int = 0
) -> Iterator[Run]:
    """Begin a run from pairs, and one from chance to compare it with."""
    yield work.run("known pairs", pairs, settings, 2 * number)
    count = min(settings.vocabulary, len(work.source), len(work.target))
    rows = np.arange(count)
    shuffled = np.random.default_rng(work.seed).permutation(count)
    yield work.run("chance", np.stack([rows, shuffled], axis=1), settings, 2 * number + 1)


def _last_aligner(work: Workplace, pairs: int) -> Aligner:
    dimensions = work.source.shape[1], work.target.shape[1]
    if pairs >= PAIRS_PER_DIMENSION * max(dimensions):
        return Reweighted(regularization=RIDGE)
    least = f"{PAIRS_PER_DIMENSION} pairs for each of {max(dimensions)} dimensions, got {pairs}"
    if dimensions[0] != dimensions[1]:
        raise DimensionError(
            f"languages of different dimensions need {least}; use more words or equal dimensions"
        )
    logger.warning("the reweighted map needs %s; the orthogonal map is used instead", least)
    return Procrustes()


def adversarial(
    work: Workplace,
    *,
    preset: Literal["fast", "muse"] = "fast",
    restarts: int = RESTARTS,
    n_jobs: int = 1,
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
) -> Unsupervised:
    """Learn a map by adversarial training, and refine it.

    Trainings with other random numbers follow until one stands the test: `search` from its pairs
    must find the same. If none does, the one with the most agreement is taken, and judged by that.
    With ``preset="fast"`` the run goes on, and ends as in `self_learning`. With ``preset="muse"``
    it only judges: as published, the pairs of the trained map itself give an orthogonal map, which
    is refined.

    Parameters
    ----------
    work : Workplace
        The languages, and how to refine.
    preset : {"fast", "muse"}
        Of `AdversarialTraining`.
    restarts : int
        At most that many trainings, at least 1.
    n_jobs : int
        How many trainings at the same time, each in a process of its own, at least 1; more than 1
        pays where there are many cores. They are not logged then.
    checkpoint : path, optional
        Each training continues from, and writes after each epoch, a file of this name with its
        number added.
    progress : callable, optional
        Called now and then with the fraction done, at most.

    Raises
    ------
    MissingDependencyError
        Without torch.
    DimensionError
        If the dimensions differ.
    """
    for name, value in (("restarts", restarts), ("n_jobs", n_jobs)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    settings = SelfLearning()
    # Long enough to lose a wrong map, too short to find another.
    test = replace(settings, rounds=2 * settings.burst)
    tested: list[_Tested] = []
    for first in range(0, restarts, n_jobs):
        numbers = range(first, min(first + n_jobs, restarts))
        share = part_of(progress, 0.7 * first / restarts, 0.7 * len(numbers) / restarts)
        outside = (share, work.log) if n_jobs == 1 else (None, None)
        plain = work._replace(log=None)
        results = run_all(
            _train, [(plain, preset, n, checkpoint, *outside) for n in numbers], n_jobs=n_jobs
        )
        for number, (criterion, found) in zip(numbers, results, strict=True):
            pairs = _pairs_of(work, found, settings)
            run, agreed = search(_seeded(work, pairs, test, number), test)
            tested.append(_Tested(agreed, criterion, pairs, run))
            if agreed >= settings.agreement:  # the others would not have begun with one job
                break
        best = max(tested, key=_standing)
        if best.agreement >= settings.agreement:
            break
    if preset == "muse":
        pairs, aligner = best.pairs, Procrustes()
    else:
        best.run.settings = settings
        converge(best.run, part_of(progress, 0.7, 0.1))
        pairs = best.run.found.mutual_pairs()
        aligner = _last_aligner(work, len(pairs))
    aligner.fit(work.source[pairs[:, 0]], work.target[pairs[:, 1]], balanced_weights(pairs))
    fitted, rounds = work.refined(aligner, None, part_of(progress, 0.8, 0.2))
    return work.judged(fitted, rounds, best.agreement)


def checkpoint_name(checkpoint: str | Path, number: int) -> str:
    """Name the file that keeps one of several trainings, which are counted from 0.

    Examples
    --------
    >>> checkpoint_name("run", 0)
    'run.1.safetensors'
    """
    return f"{checkpoint}.{number + 1}.safetensors"


class _Tested(NamedTuple):
    """A training: how far the run from its pairs can be trusted, and that run."""

    agreement: float
    criterion: float
    pairs: Indices
    run: Run


def _standing(tested: _Tested) -> tuple[bool, float]:
    """Order trainings: those that stand the test first, and these by criterion."""
    stands = tested.agreement >= SelfLearning().agreement
    return stands, tested.criterion if stands else tested.agreement


def _train(
    work: Workplace,
    preset: Literal["fast", "muse"],
    number: int,
    checkpoint: str | Path | None,
    progress: Progress | None,
    log: Log | None,
) -> tuple[float, Matrix]:
    """Train once: criterion and map."""
    # torch takes a second to load
    from alignx.alignment.unsupervised.adversarial import train_adversarial
    from alignx.alignment.unsupervised.adversarial_settings import AdversarialTraining

    def log_epoch(facts: dict[str, float]) -> None:
        if log is not None:
            log({"stage": "adversarial", "start": f"training {number + 1}", **facts})

    result = train_adversarial(
        work.source,
        work.target,
        settings=AdversarialTraining.preset(preset),
        # Trainings of one seed must not be those of the next.
        seed=int(np.random.SeedSequence([work.seed, number]).generate_state(1)[0]),
        checkpoint=None if checkpoint is None else checkpoint_name(checkpoint, number),
        progress=progress,
        log=log_epoch,
    )
    return result.criterion, result.map


def _pairs_of(work: Workplace, found: Matrix, settings: SelfLearning) -> Indices:
    """Mutual pairs of the most frequent words under a map; at least one."""
    X = unit_rows(work.source[: settings.vocabulary] @ found)
    Y = unit_rows(work.target[: settings.vocabulary])
    n_neighbors = min(10, len(X), len(Y))
    return mutual_neighbors(X, Y, n_neighbors=n_neighbors)
