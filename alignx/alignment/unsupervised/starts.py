"""Starts of self-learning without a dictionary, and the test of each by two halves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from alignx.alignment.unsupervised.runs import Run, RunSettings, agreement, search

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Log, Progress

__all__ = ["Outcome", "Start", "compete", "grow"]

# Right pairs amplify each other in few directions and words, at a third of the time of all.
FEWER_WORDS, FEWER_COMPONENTS = 2, 2
# Wrong halves have shared less than 0.001 of their pairs, whatever their rounds, right ones soon
# more than 0.01, and at last 0.25 and more.
PATIENCE = 4
LEAST_SIGN = 0.005
WITHOUT_GAIN = 2
# Runs of single dictionaries have succeeded after 20 to 40 rounds.
COMPETITION_ROUNDS = 60


class Start(NamedTuple):
    """Seed dictionary, (p, 2), and its name in the log and in the diagnosis."""

    name: str
    pairs: Indices


class Outcome(NamedTuple):
    """Better run of a start, the agreement of its two runs, and the name of the start."""

    run: Run
    agreement: float
    start: str


def grow(
    languages: tuple[Matrix, Matrix],
    starts: Iterable[Start],
    settings: RunSettings,
    random_state: int,
    log: Log | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Grow two halves of each start until they agree.

    Each start is divided into two dictionaries without a common source word, and a run grows from
    each. Wrong runs differ and the right one is unique, so that agreement is evidence for both;
    runs from the same pairs would prove nothing. A start is given up if its runs share next to
    nothing after a few bursts. The runs use half of the words and components, which is enough to
    tell.

    Parameters
    ----------
    languages : tuple of (n, d) float32, (m, e) float32
        Normalized rows, most frequent first.
    starts : iterable of Start
        At least one; taken one by one.
    settings : RunSettings
        Settings of the returned run, to continue it.
    random_state : int
        Seed of all random numbers.
    log, progress : callable, optional
        Called with the figures of each round, and with the fraction done.

    Returns
    -------
    Outcome
        Of the first start whose halves agree, or of that with the largest agreement.
    """
    few = _fewer(settings)
    best: Outcome | None = None
    for number, start in enumerate(starts):
        runs = [
            Run(
                f"{start.name}, half {half + 1}",
                *languages,
                start.pairs[start.pairs[:, 0] % 2 == half],
                few,
                np.random.default_rng([random_state, 2 * number + half]),
                log,
            )
            for half in (0, 1)
        ]
        agreed = _grow_both(runs, few)
        if best is None or agreed > best.agreement:
            best = Outcome(max(runs, key=lambda run: run.criterion), agreed, start.name)
        if progress is not None:
            progress(1 - 0.5 ** (number + 1))
        if agreed >= settings.agreement:
            break
    if best is None:
        raise ValueError("starts must be at least 1, got 0")
    best.run.settings = settings
    return best


def compete(
    languages: tuple[Matrix, Matrix],
    starts: Sequence[Start],
    settings: RunSettings,
    random_state: int,
    log: Log | None = None,
) -> Outcome:
    """Grow each start as a whole until two agree; see `search`.

    Of small languages one dictionary may be much better than the others, and than their union.
    """
    few = _fewer(settings)
    few = replace(few, max_rounds=min(settings.max_rounds, COMPETITION_ROUNDS))
    streams = [np.random.default_rng([random_state, 1, n]) for n in range(len(starts))]
    run, agreed = search(
        (
            Run(start.name, *languages, start.pairs, few, random, log)
            for start, random in zip(starts, streams, strict=True)
        ),
        few,
    )
    run.settings = settings
    return Outcome(run, agreed, run.name)


def _fewer(settings: RunSettings) -> RunSettings:
    return replace(
        settings,
        vocabulary=max(1, settings.vocabulary // FEWER_WORDS),
        n_components=max(1, settings.n_components // FEWER_COMPONENTS),
    )


def _grow_both(runs: list[Run], settings: RunSettings) -> float:
    """Advance two runs until they agree, or share next to nothing, or no more than before."""
    one, other = runs
    shares: list[float] = []
    while one.round < settings.max_rounds:
        burst = min(settings.burst, settings.max_rounds - one.round)
        for run in runs:
            run.advance(burst)
        shares.append(agreement(one.found, other.found))
        if shares[-1] >= settings.agreement:
            return shares[-1]
        if len(shares) >= PATIENCE and (
            shares[-1] < LEAST_SIGN or max(shares[-WITHOUT_GAIN:]) <= max(shares[:-WITHOUT_GAIN])
        ):
            break
    # Random drops hide a part of the agreement.
    for run in runs:
        run.settings = replace(settings, keep=1.0)
        run.advance(2)
    return agreement(one.found, other.found)
