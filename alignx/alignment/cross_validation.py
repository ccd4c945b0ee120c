"""Cross-validation of candidate aligners on a lexicon."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from alignx.alignment.fit_context import FitContext, FitSpec
from alignx.alignment.held_out import Fold, correct_answers
from alignx.mapping import (
    CCA,
    Aligner,
    LeastSquares,
    Procrustes,
    Reweighted,
    refine,
    without_centering,
)
from alignx.support.frames import Tabular
from alignx.support.progress import Progress, part_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from alignx.support.arrays import Double

__all__ = ["CandidateScore", "Choice", "cross_validate"]

Item = TypeVar("Item")

REFINED_ONCE = 3  # methods, the best, that get a round of refinement
REFINED_IN_FULL = 2  # and of these, all rounds


@dataclass(frozen=True, eq=False)
class CandidateScore:
    """Accuracy of a candidate on held-out words.

    Attributes
    ----------
    aligner, refinement
        Aligner, not fitted, and rounds of refinement.
    precision, n : float, int
        P@1 by CSLS in [0, 1], and number of queries; NaN and 0 for one that could not be fitted.
    behind : float
        Difference of `precision` to that of the choice, at least 0.
    standard_error, behind_error : float
        Standard errors. All candidates answer the same queries, so `behind_error` is the smaller.
    reason : str, optional
        Why the candidate could not be fitted.
    """

    aligner: Aligner
    refinement: int
    precision: float = math.nan
    n: int = 0
    standard_error: float = math.nan
    behind: float = math.nan
    behind_error: float = math.nan
    reason: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the attributes for ``--json``; NaN is None, since JSON has none."""
        facts = {**vars(self), "aligner": str(self.aligner)}
        return {name: None if value != value else value for name, value in facts.items()}

    def _cells(self) -> str:
        if self.reason is not None:
            return f"{self.refinement:6}   not fitted: {self.reason}"
        precision, error = 100 * self.precision, 100 * self.standard_error
        behind, behind_error = 100 * self.behind, 100 * self.behind_error
        return (
            f"{self.refinement:6} {precision:5.1f} {error:4.1f}   {behind:6.1f} {behind_error:4.1f}"
        )


@dataclass(frozen=True, eq=False)
class Choice(Tabular):
    """The aligner and refinement with the best cross-validated P@1; prints as a table.

    Attributes
    ----------
    aligner : Aligner
        Not fitted.
    refinement : int
        Rounds of refinement.
    scores : tuple of CandidateScore
        Every candidate, best first; those that could not be fitted come last.
    """

    aligner: Aligner
    refinement: int
    scores: tuple[CandidateScore, ...]

    def __repr__(self) -> str:
        return f"Choice({self.aligner!r}, {self.refinement} rounds, {len(self.scores)} candidates)"

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each candidate."""
        return [score.as_dict() for score in self.scores]

    def as_dict(self) -> dict[str, Any]:
        """Return the choice and its candidates for ``--json``."""
        return {
            "aligner": str(self.aligner),
            "refinement": self.refinement,
            "candidates": self.records(),
        }

    def __str__(self) -> str:
        names = [str(score.aligner) for score in self.scores]
        width = max(map(len, names))
        head = f"{'':{width}}  rounds   P@1  +/-   behind  +/-"
        lines = [f"{n:{width}}  {s._cells()}" for n, s in zip(names, self.scores, strict=True)]
        foot = (
            f"chosen: {self.aligner} with {self.refinement} rounds of refinement, by the first "
            f"answers for {self.scores[0].n} held-out words; +/- is one standard error"
        )
        return "\n".join([head, *lines, foot])


def cross_validate(
    context: FitContext, folds: Sequence[Fold], *, center: bool, progress: Progress | None = None
) -> Choice:
    """Choose the candidate with the best P@1 on held-out words; see `Auto`."""
    tried = _CrossValidator(context, folds).try_all(_candidates(center), progress)
    ranked = _ranked(tried)
    best = ranked[0]
    if best.reason is not None:
        raise ValueError(
            "at least one candidate must be fitted on the pairs without a fold, got none: "
            f"{best.aligner} since {best.reason}"
        )
    scores = tuple(candidate.score(best) for candidate in ranked)
    return Choice(best.aligner, best.refinement, scores)


def _candidates(center: bool) -> list[Aligner]:
    """Return the candidates, simplest first, which breaks ties."""
    # Left out are those that trailed in cross-validation of every dictionary tried (English with
    # Spanish and German): powers of 1, one side reweighted alone, and CCA with little ridge.
    candidates = [
        Procrustes(),
        LeastSquares(),
        LeastSquares(regularization=1.0),
        CCA(),
        CCA(regularization=30.0),
        Reweighted(),
        Reweighted(regularization=0.1),
        Reweighted(regularization=1.0),
    ]
    return candidates if center else [without_centering(aligner) for aligner in candidates]


@dataclass(frozen=True, eq=False)
class _Candidate:
    """An aligner fitted on each fold, and its correct answers for held-out words."""

    aligner: Aligner
    refinement: int
    fitted: Sequence[Aligner] = ()
    is_correct: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    reason: str | None = None

    def score(self, best: _Candidate) -> CandidateScore:
        """Compare with the best candidate."""
        if self.reason is not None:
            return CandidateScore(self.aligner, self.refinement, reason=self.reason)
        behind = best.is_correct.astype(np.float64) - self.is_correct
        return CandidateScore(
            self.aligner,
            self.refinement,
            float(self.is_correct.mean()),
            len(self.is_correct),
            _standard_error(self.is_correct.astype(np.float64)),
            float(behind.mean()),
            _standard_error(behind),
        )


@dataclass(frozen=True, eq=False)
class _CrossValidator:
    """The rows that take part, and the folds."""

    context: FitContext
    folds: Sequence[Fold]

    def try_all(self, candidates: Sequence[Aligner], progress: Progress | None) -> list[_Candidate]:
        """Try all candidates without refinement, and the best of them with it."""
        refinement = self.context.refinement.rounds
        # In sweeps: one for the answers, two for each round before.
        sweeps = [len(candidates), 3 * REFINED_ONCE, (2 * refinement - 1) * REFINED_IN_FULL]
        ends = list(accumulate(sweeps[: 1 + min(refinement, 2)], initial=0))
        stages = [
            part_of(progress, start / ends[-1], (end - start) / ends[-1])
            for start, end in pairwise(ends)
        ]
        latest = _each(self.fit, candidates, stages[0])
        tried = list(latest)
        rounds = [(1, REFINED_ONCE), (refinement, REFINED_IN_FULL)]
        for (number, count), stage in zip(rounds, stages[1:], strict=False):
            best = _best_of_each_method(latest)[:count]
            latest = _each(partial(self.refine, number), best, stage)
            tried += latest
        return tried

    def fit(self, aligner: Aligner, progress: Progress | None) -> _Candidate:
        """Try an aligner without refinement."""
        plain = self.context._replace(refinement=self.context.refinement.with_rounds(0))

        def fit(number: int) -> Aligner:
            return FitSpec(aligner, plain).fit(self.folds[number].train)[0]

        return self._try(aligner, 0, fit, progress)

    def refine(self, rounds: int, candidate: _Candidate, progress: Progress | None) -> _Candidate:
        """Refit an aligner on its mutual CSLS neighbors."""
        source, target, refinement, _ = self.context
        more = refinement.with_rounds(rounds - candidate.refinement)

        def fit(number: int) -> Aligner:
            pairs, aligner = self.folds[number].train, candidate.fitted[number]
            return refine(aligner, source, target, pairs=pairs, refinement=more)[0]

        return self._try(candidate.aligner, rounds, fit, progress)

    def _try(
        self,
        aligner: Aligner,
        refinement: int,
        fit: Callable[[int], Aligner],
        progress: Progress | None,
    ) -> _Candidate:
        fitted, is_correct = [], []
        for number, fold in enumerate(self.folds):
            try:
                fitted.append(fit(number))
            except ValueError as error:
                return _Candidate(aligner, refinement, reason=str(error))
            mapped = self.context.mapped(fitted[-1])
            is_correct.append(correct_answers(*mapped, fold.held_out, self.context.n_neighbors))
            if progress is not None:
                progress((number + 1) / len(self.folds))
        return _Candidate(aligner, refinement, fitted, np.concatenate(is_correct))


def _each(
    attempt: Callable[[Item, Progress | None], _Candidate],
    items: Sequence[Item],
    progress: Progress | None,
) -> list[_Candidate]:
    share = 1 / max(len(items), 1)
    return [
        attempt(item, part_of(progress, number * share, share)) for number, item in enumerate(items)
    ]


def _ranked(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Sort by score, best first; equal ones keep their order, failed ones come last."""
    return sorted(candidates, key=lambda c: (c.reason is not None, -c.is_correct.sum()))


def _best_of_each_method(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    best: dict[type[Aligner], _Candidate] = {}
    for candidate in _ranked(candidates):
        if candidate.reason is None:
            best.setdefault(type(candidate.aligner), candidate)
    return list(best.values())


def _standard_error(values: Double) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values)))
