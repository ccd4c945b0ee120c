"""Adversarial training with restarts, tested by self-learning."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path  # noqa: TC003  # grids of experiments read annotations
from typing import TYPE_CHECKING, NamedTuple, get_args

import numpy as np

from alignx.alignment.unsupervised.adversarial_settings import AdversarialSettings, Preset
from alignx.alignment.unsupervised.base import (
    Learned,
    UnsupervisedEstimator,
    fit_last_aligner,
    seeded_runs,
)
from alignx.alignment.unsupervised.runs import Run, RunSettings, converge, search
from alignx.retrieval.csls import mutual_neighbors
from alignx.support.arrays import Indices, Matrix, require_same_dimension, unit_rows
from alignx.support.packages import require_packages
from alignx.support.parallel import run_all
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from alignx.support.progress import Log, Progress

__all__ = ["Adversarial", "checkpoint_name"]

SETTINGS = RunSettings()
# Long enough to lose a wrong map, too short to find another.
TEST_SETTINGS = replace(SETTINGS, max_rounds=2 * SETTINGS.burst)


@dataclass(kw_only=True, eq=False, repr=False)
class Adversarial(UnsupervisedEstimator):
    """Adversarial training without a dictionary.

    A discriminator learns to tell mapped source rows from target rows, and the map learns to
    deceive it. A short run of self-learning from the pairs of the trained map tests it: success is
    agreement with another run. Otherwise training restarts with other random numbers; if all
    trainings fail, the one with the largest agreement is taken.

    Parameters
    ----------
    preset : {"fast", "muse"}
        Schedule of training. After ``"fast"`` self-learning continues as in `SelfLearning`.
        ``"muse"`` is the published schedule: the pairs of the trained map give an orthogonal map.
    restarts : int
        Trainings at most, at least 1.
    n_jobs : int
        Trainings at the same time, each in its own process, at least 1. More than 1 pays where
        there are many cores. Such trainings are not logged.
    checkpoint : path, optional
        Prefix of checkpoint files, one for each training. A training continues from its file.
    random_state : int
        Seed of all random numbers, at least 0.

    References
    ----------
    Conneau et al., "Word Translation Without Parallel Data", ICLR 2018.
    """

    preset: Preset = "fast"
    restarts: int = 3
    n_jobs: int = 1
    checkpoint: str | Path | None = None
    random_state: int = 0

    def _learn(
        self,
        languages: tuple[Matrix, Matrix],
        pairs: Indices | None,
        guesses: Indices | None,
        progress: Progress | None,
        log: Log | None,
    ) -> Learned:
        self._validate(pairs, guesses)
        require_same_dimension(*languages, "X and Y")
        best = self._best_training(languages, part_of(progress, 0, 0.9), log)
        if self.preset == "muse":
            aligner = fit_last_aligner(languages, best.pairs, orthogonal=True)
            return Learned(aligner, best.agreement)
        best.run.settings = SETTINGS
        converge(best.run, part_of(progress, 0.9, 0.1))
        return Learned(fit_last_aligner(languages, best.run.found.mutual_pairs()), best.agreement)

    def _validate(self, pairs: object, guesses: object) -> None:
        for name, given in {"pairs": pairs, "guesses": guesses}.items():
            if given is not None:
                raise ValueError(f"{name} must be None for Adversarial; SelfLearning uses {name}")
        if self.preset not in get_args(Preset):
            names = ", ".join(get_args(Preset))
            raise ValueError(f"preset must be one of {names}, got {self.preset!r}")
        for name in ("restarts", "n_jobs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        require_packages({"adversarial training": "torch"})

    def _best_training(
        self, languages: tuple[Matrix, Matrix], progress: Progress | None, log: Log | None
    ) -> _Tested:
        """Train until a training passes the test, at most `restarts` times."""
        tested: list[_Tested] = []
        for first in range(0, self.restarts, self.n_jobs):
            numbers = range(first, min(first + self.n_jobs, self.restarts))
            share = part_of(progress, first / self.restarts, len(numbers) / self.restarts)
            callbacks = (share, log) if self.n_jobs == 1 else (None, None)
            tasks = [
                (*languages, self.preset, self.random_state, n, self.checkpoint, *callbacks)
                for n in numbers
            ]
            results = run_all(_train, tasks, n_jobs=self.n_jobs)
            for number, (criterion, trained_map) in zip(numbers, results, strict=True):
                pairs = _mutual_pairs(languages, trained_map)
                runs = seeded_runs(languages, pairs, TEST_SETTINGS, self.random_state, log, number)
                run, agreed = search(runs, TEST_SETTINGS)
                tested.append(_Tested(agreed, criterion, pairs, run))
                if agreed >= SETTINGS.agreement:  # with one job, the others would not have begun
                    return max(tested, key=_Tested.rank)
        return max(tested, key=_Tested.rank)


class _Tested(NamedTuple):
    """Training with the outcome of its test."""

    agreement: float
    criterion: float
    pairs: Indices
    run: Run

    def rank(self) -> tuple[bool, float]:
        """Order by success, then by criterion, or by agreement among failures."""
        passed = self.agreement >= SETTINGS.agreement
        return passed, self.criterion if passed else self.agreement


def checkpoint_name(checkpoint: str | Path, number: int) -> str:
    """Return the file name of a training, counted from 0.

    Examples
    --------
    >>> checkpoint_name("run", 0)
    'run.1.safetensors'
    """
    return f"{checkpoint}.{number + 1}.safetensors"


def _train(
    source: Matrix,
    target: Matrix,
    preset: Preset,
    random_state: int,
    number: int,
    checkpoint: str | Path | None,
    progress: Progress | None,
    log: Log | None,
) -> tuple[float, Matrix]:
    """Train once; return criterion and map."""
    # torch takes a second to load
    from alignx.alignment.unsupervised.adversarial_training import train_adversarial

    def log_epoch(facts: dict[str, float]) -> None:
        if log is not None:
            log({"stage": "adversarial", "run": f"training {number + 1}", **facts})

    result = train_adversarial(
        source,
        target,
        settings=AdversarialSettings.preset(preset),
        # Trainings of one seed must not be those of the next.
        random_state=int(np.random.SeedSequence([random_state, number]).generate_state(1)[0]),
        checkpoint=None if checkpoint is None else checkpoint_name(checkpoint, number),
        progress=progress,
        log=log_epoch,
    )
    return result.criterion, result.map


def _mutual_pairs(languages: tuple[Matrix, Matrix], trained_map: Matrix) -> Indices:
    """Return mutual CSLS neighbors of the most frequent words under a map."""
    X = unit_rows(languages[0][: SETTINGS.vocabulary] @ trained_map)
    Y = unit_rows(languages[1][: SETTINGS.vocabulary])
    return mutual_neighbors(X, Y, n_neighbors=min(10, len(X), len(Y)))
