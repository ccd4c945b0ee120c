"""Self-learning: map, look for translations, map again on these, until nothing is gained."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from alignx.retrieval.csls import csls_neighbors
from alignx.support.arrays import Indices, Matrix, unit_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alignx.retrieval.neighbors import CrossNeighbors
    from alignx.support.progress import Log, Progress

__all__ = ["Run", "SelfLearning", "agreement", "converge", "search"]

N_NEIGHBORS = 10
# A burst that gains less than this share of the criterion has gained nothing.
LEAST_GAIN = 0.01
# Runs that found nothing gain a few hundredths of their first criterion, those that did gain half
# of it and more.
STANDS_OUT = 1.3


@dataclass(frozen=True, kw_only=True)
class SelfLearning:
    """How self-learning goes about it.

    Parameters
    ----------
    vocabulary : int
        Translations are looked for among that many most frequent words of each language, at least
        1.
    components : int
        How many directions the maps keep, best first, at least 1. With few right pairs the others
        are noise.
    keep : float
        Each candidate translation is dropped with probability ``1 - keep``, in (0, 1]. What is
        wrong changes from round to round and cancels out, what is right stays.
    candidates : int
        How many translations of a word are candidates, best first, at least 1.
    burst : int
        Rounds between two comparisons of runs, at least 1.
    rounds : int
        At most that many rounds from one start, at least 1.
    agreement : float
        Runs have found the same if they share that part of their pairs, in [0, 1].

    References
    ----------
    Artetxe et al., "A robust self-learning method for fully unsupervised cross-lingual mappings of
    word embeddings", ACL 2018, section 3.3: stochastic dictionaries, frequency cutoff,
    bidirectional induction with CSLS. Keeping only the best directions, and runs from several
    starts until two agree, are ours.
    """

    vocabulary: int = 8_000
    components: int = 100
    keep: float = 0.1
    candidates: int = 10
    burst: int = 10
    rounds: int = 160
    agreement: float = 0.4

    def __post_init__(self) -> None:
        for name in ("vocabulary", "components", "candidates", "burst", "rounds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.keep <= 1:
            raise ValueError(f"keep must lie in (0, 1], got {self.keep}")
        if not 0 <= self.agreement <= 1:
            raise ValueError(f"agreement must lie in [0, 1], got {self.agreement}")


@dataclass(eq=False)
class Run:
    """Self-learning from one start.

    Parameters
    ----------
    name : str
        Of the start, for the log.
    source, target : (n, d) float32, (m, e) float32
        Normalized rows, most frequent first.
    pairs : (p, 2) int64
        Rows of source and target to begin with.
    settings : SelfLearning
        How it goes about it.
    random : numpy.random.Generator
        Drops candidates.
    log : callable, optional
        Called with the figures of each round.

    Attributes
    ----------
    criterion : float
        Mean CSLS of each word with its best translation in the last round, over both directions.
    found : CrossNeighbors
        The candidates of the last round.
    """

    name: str
    source: Matrix
    target: Matrix
    pairs: Indices
    settings: SelfLearning
    random: np.random.Generator

    log: Log | None = None
    round: int = 0
    criterion: float = -4.0
    found: CrossNeighbors = field(init=False, repr=False)

    def sibling(self) -> Run:
        """Give a run that goes on from here with other random numbers."""
        return replace(self, random=self.random.spawn(1)[0])

    def advance(self, rounds: int) -> None:
        """Go on for some rounds."""
        for _ in range(rounds):
            start = time.perf_counter()
            self.round += 1
            self.found = self._candidates()
            forth = _kept(self.found.of_source.indices, self.settings.keep, self.random)
            back = _kept(self.found.of_target.indices, self.settings.keep, self.random)
            if len(forth) + len(back):
                self.pairs = np.concatenate([forth, back[:, ::-1]])
            best = [n.scores[:, 0].mean() for n in (self.found.of_source, self.found.of_target)]
            self.criterion = float(np.mean(best))
            if self.log is not None:
                self.log(
                    {
                        "stage": "self-learning",
                        "start": self.name,
                        "round": self.round,
                        "criterion": self.criterion,
                        "pairs": len(self.pairs),
                        "seconds": time.perf_counter() - start,
                    }
                )

    def _candidates(self) -> CrossNeighbors:
        """Map onto the directions that agree best, and look for translations."""
        words, components = self.settings.vocabulary, self.settings.components
        # One thread of BLAS: results must not depend on their number.
        with threadpool_limits(limits=1, user_api="blas"):
            cross = self.source[self.pairs[:, 0]].T @ self.target[self.pairs[:, 1]]
            U, _, Vt = np.linalg.svd(cross.astype(np.float64), full_matrices=False)
            X = self.source[:words] @ U[:, :components].astype(np.float32)
            Y = self.target[:words] @ Vt[:components].T.astype(np.float32)
        fewest = min(len(X), len(Y))
        return csls_neighbors(
            unit_rows(X),
            unit_rows(Y),
            min(self.settings.candidates, fewest),
            n_neighbors=min(N_NEIGHBORS, fewest),
        )


def _kept(candidates: Indices, keep: float, random: np.random.Generator) -> Indices:
    """Pair each row with its best candidate that is not dropped: (p, 2)."""
    is_kept = random.random(candidates.shape) < keep
    rows = np.flatnonzero(is_kept.any(axis=1))
    return np.stack([rows, candidates[rows, is_kept[rows].argmax(axis=1)]], axis=1)


def agreement(a: CrossNeighbors, b: CrossNeighbors) -> float:
    """How many mutual pairs two searches have in common: twice the shared ones by the sum of both.

    Returns
    -------
    float
        In [0, 1]; next to 0 for searches that found nothing real.
    """
    # Pairs of rows as single numbers, so that the intersection is one call.
    x, y = (
        p[:, 0] * len(a.of_target.indices) + p[:, 1] for p in (a.mutual_pairs(), b.mutual_pairs())
    )
    shared = len(np.intersect1d(x, y, assume_unique=True))
    return 2 * shared / max(1, len(x) + len(y))


def search(
    starts: Iterable[Run], settings: SelfLearning, progress: Progress | None = None
) -> tuple[Run, float]:
    """Advance runs from several starts until two of them have found the same.

    All runs go on for a burst; the worse half by criterion is given up; and so on, until one has
    used its rounds. Whenever the best run and one from another start agree, both are right: there
    are countless ways to be wrong, and one to be right.

    Where only one start is good, the best run is compared with a sibling that has gone another way
    for a burst. A wrong run may agree with its sibling, but its criterion does not stand out from
    what all runs have at first, as that of a right one does.

    Parameters
    ----------
    starts : iterable of Run
        Not advanced yet; taken one by one, so that an easy pair of languages needs only a few.
    settings : SelfLearning
        How to go about it.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    run : Run
        The best by criterion.
    agreement : float
        The largest at last with a run from another start, or with a sibling if it stands out.

    Raises
    ------
    ValueError
        If there is no start.
    """
    runs: list[Run] = []
    for number, run in enumerate(starts, 1):
        run.advance(min(settings.burst, settings.rounds))
        runs.append(run)
        best, agreed = _compare(runs)
        if agreed >= settings.agreement:
            return best, agreed
        _report(progress, number / (number + 20))
    if not runs:
        raise ValueError("starts must be at least 1, got 0")
    chance = min(run.criterion for run in runs)
    while best.round < settings.rounds:
        runs = sorted(runs, key=lambda run: -run.criterion)[: max(2, (len(runs) + 1) // 2)]
        sibling = runs[0].sibling()
        burst = min(settings.burst, settings.rounds - best.round)
        for run in (*runs, sibling):
            run.advance(burst)
        best, agreed = _compare(runs)
        if best is runs[0] and best.criterion >= STANDS_OUT * chance > 0:
            agreed = max(agreed, agreement(best.found, sibling.found))
        if agreed >= settings.agreement:
            break
        _report(progress, 0.4 + 0.6 * best.round / settings.rounds)
    return best, agreed


def converge(run: Run, progress: Progress | None = None) -> None:
    """Advance a run until it gains nothing more or has used its rounds."""
    while run.round < run.settings.rounds:
        before = run.criterion
        run.advance(min(run.settings.burst, run.settings.rounds - run.round))
        _report(progress, run.round / run.settings.rounds)
        if run.criterion < before + LEAST_GAIN * abs(before):
            break


def _report(progress: Progress | None, fraction: float) -> None:
    if progress is not None:
        progress(min(1.0, fraction))


def _compare(runs: Sequence[Run]) -> tuple[Run, float]:
    best = max(runs, key=lambda run: run.criterion)
    others = [agreement(best.found, run.found) for run in runs if run is not best]
    return best, max(others, default=0.0)
