"""Self-learning runs: alternate between fitting a map and inducing its dictionary."""

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

__all__ = ["Run", "RunSettings", "agreement", "converge", "search"]

N_NEIGHBORS = 10
# A burst with a smaller relative gain of the criterion ends a run.
LEAST_GAIN = 0.01
# Failed runs gain a few hundredths of the first criterion, successful ones half of it and more.
LEAST_RATIO = 1.3


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """Settings of runs; see the parameters of `SelfLearning`."""

    vocabulary: int = 8_000
    n_components: int = 100
    n_candidates: int = 10
    keep: float = 0.1
    burst: int = 10
    max_rounds: int = 160
    agreement: float = 0.4

    def __post_init__(self) -> None:
        for name in ("vocabulary", "n_components", "n_candidates", "burst", "max_rounds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.keep <= 1:
            raise ValueError(f"keep must lie in (0, 1], got {self.keep}")
        if not 0 <= self.agreement <= 1:
            raise ValueError(f"agreement must lie in [0, 1], got {self.agreement}")


@dataclass(eq=False)
class Run:
    """Self-learning from one seed dictionary.

    Attributes
    ----------
    name : str
        Name in the log.
    source, target : (n, d) float32, (m, e) float32
        Normalized rows, most frequent first.
    pairs : (p, 2) int64
        Seed dictionary, then the dictionary of the last round.
    criterion : float
        Mean CSLS of each word with its best translation in the last round, over both directions.
    found : CrossNeighbors
        Candidates of the last round.
    """

    name: str
    source: Matrix
    target: Matrix
    pairs: Indices
    settings: RunSettings
    random: np.random.Generator
    log: Log | None = None
    round: int = 0
    criterion: float = -4.0
    found: CrossNeighbors = field(init=False, repr=False)

    def sibling(self) -> Run:
        """Return a copy that continues with other random numbers."""
        return replace(self, random=self.random.spawn(1)[0])

    def advance(self, rounds: int) -> None:
        """Do some rounds."""
        for _ in range(rounds):
            start = time.perf_counter()
            self.round += 1
            self.found = self._candidates()
            forward = _sampled(self.found.of_source.indices, self.settings.keep, self.random)
            backward = _sampled(self.found.of_target.indices, self.settings.keep, self.random)
            if len(forward) + len(backward):
                self.pairs = np.concatenate([forward, backward[:, ::-1]])
            best = [n.scores[:, 0].mean() for n in (self.found.of_source, self.found.of_target)]
            self.criterion = float(np.mean(best))
            if self.log is not None:
                facts = {"run": self.name, "round": self.round, "criterion": self.criterion}
                facts |= {"pairs": len(self.pairs), "seconds": time.perf_counter() - start}
                self.log({"stage": "self-learning", **facts})

    def _candidates(self) -> CrossNeighbors:
        """Search translations in the subspace in which the pairs agree best."""
        words, components = self.settings.vocabulary, self.settings.n_components
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
            min(self.settings.n_candidates, fewest),
            n_neighbors=min(N_NEIGHBORS, fewest),
        )


def _sampled(candidates: Indices, keep: float, random: np.random.Generator) -> Indices:
    """Pair each row with its best candidate after random drops: (p, 2)."""
    is_kept = random.random(candidates.shape) < keep
    rows = np.flatnonzero(is_kept.any(axis=1))
    return np.stack([rows, candidates[rows, is_kept[rows].argmax(axis=1)]], axis=1)


def agreement(a: CrossNeighbors, b: CrossNeighbors) -> float:
    """Return the Dice coefficient of the mutual pairs of two searches, in [0, 1]."""
    # Pairs of rows as single numbers, so that the intersection is one call.
    x, y = (
        p[:, 0] * len(a.of_target.indices) + p[:, 1] for p in (a.mutual_pairs(), b.mutual_pairs())
    )
    shared = len(np.intersect1d(x, y, assume_unique=True))
    return 2 * shared / max(1, len(x) + len(y))


def search(
    runs: Iterable[Run], settings: RunSettings, progress: Progress | None = None
) -> tuple[Run, float]:
    """Advance several runs until two of them agree.

    Each run advances by a burst. Then the worse half by criterion is dropped after each burst,
    until the best run has used its rounds. The search ends early when the best run agrees with
    another one: wrong dictionaries differ, the right one is unique.

    If only one seed dictionary is good, the best run is compared with a sibling that took other
    random numbers for a burst. Wrong runs may agree with their siblings, so the criterion must
    also have risen above that of the worst run after its first burst.

    Parameters
    ----------
    runs : iterable of Run
        At least one run before its first round; taken one by one.

    Returns
    -------
    run : Run
        Best run by criterion.
    agreement : float
        Largest agreement of that run with another run, or with a sibling under the rule above.
    """
    active: list[Run] = []
    for number, run in enumerate(runs, 1):
        run.advance(min(settings.burst, settings.max_rounds))
        active.append(run)
        best, agreed = _compare(active)
        if agreed >= settings.agreement:
            return best, agreed
        _report(progress, number / (number + 20))
    if not active:
        raise ValueError("runs must be at least 1, got 0")
    lowest = min(run.criterion for run in active)
    while best.round < settings.max_rounds:
        active = sorted(active, key=lambda run: -run.criterion)[: max(2, (len(active) + 1) // 2)]
        sibling = active[0].sibling()
        burst = min(settings.burst, settings.max_rounds - best.round)
        for run in (*active, sibling):
            run.advance(burst)
        best, agreed = _compare(active)
        if best is active[0] and best.criterion >= LEAST_RATIO * lowest > 0:
            agreed = max(agreed, agreement(best.found, sibling.found))
        if agreed >= settings.agreement:
            break
        _report(progress, 0.4 + 0.6 * best.round / settings.max_rounds)
    return best, agreed


def converge(run: Run, progress: Progress | None = None) -> None:
    """Advance a run until its criterion stops rising or its rounds are used."""
    settings = run.settings
    while run.round < settings.max_rounds:
        before = run.criterion
        run.advance(min(settings.burst, settings.max_rounds - run.round))
        _report(progress, run.round / settings.max_rounds)
        if run.criterion < before + LEAST_GAIN * abs(before):
            break


def _report(progress: Progress | None, fraction: float) -> None:
    if progress is not None:
        progress(min(1.0, fraction))


def _compare(runs: Sequence[Run]) -> tuple[Run, float]:
    best = max(runs, key=lambda run: run.criterion)
    others = [agreement(best.found, run.found) for run in runs if run is not best]
    return best, max(others, default=0.0)
