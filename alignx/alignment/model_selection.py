"""Choice of an aligner and its refinement by cross-validation on the lexicon."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np
from sklearn.base import BaseEstimator, clone

from alignx.alignment.fit_context import FitContext, FitSpec
from alignx.alignment.held_out import Fold, correct_answers, split_folds
from alignx.errors import DimensionError, NotFittedError
from alignx.mapping import (
    CCA,
    Aligner,
    LeastSquares,
    Procrustes,
    Refinement,
    RefinementRound,
    Reweighted,
    balanced_weights,
    refine,
    without_centering,
)
from alignx.support.arrays import Double, Indices, Matrix, as_rows
from alignx.support.progress import Log, Progress, part_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Auto", "CandidateScore", "Choice"]

Item = TypeVar("Item")

FEWEST_WORDS = 20  # with fewer queries, all candidates are within chance of each other
REFINED_ONCE = 3  # methods, the best, that get a round of refinement
REFINED_IN_FULL = 2  # and of these, all rounds


@dataclass(frozen=True, eq=False)
class CandidateScore:
    """Accuracy of a candidate on held-out words.

    Attributes
    ----------
    aligner : Aligner
        Not fitted.
    refinement : int
        Rounds of refinement after the fit.
    precision : float
        P@1 by CSLS, in [0, 1]; NaN for a candidate that could not be fitted.
    n : int
        Queries, the same for all candidates; 0 for one that could not be fitted.
    standard_error : float
        Standard error of `precision`.
    behind : float
        Difference of `precision` to that of the choice, at least 0.
    behind_error : float
        Standard error of `behind`. All candidates answer the same queries, so it is smaller than
        the errors of both suggest.
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
class Choice:
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

    def as_dict(self) -> dict[str, Any]:
        """Return the choice and its candidates for ``--json``."""
        return {
            "aligner": str(self.aligner),
            "refinement": self.refinement,
            "candidates": [score.as_dict() for score in self.scores],
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


@dataclass(kw_only=True, eq=False, repr=False)
class Auto(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Cross-validated choice of an aligner and its refinement.

    The source words of the lexicon are divided into folds. Each candidate is fitted without the
    words of one fold and translates them by CSLS, fold after fold until 2000 words have been asked
    or all have. A pair with the target word of a held-out pair is not fitted on either. Queries
    and answers are the most frequent rows, as many as refinement uses, and all rows of the lexicon.

    Candidates are `Procrustes`, `LeastSquares`, `CCA` and `Reweighted`, most of them with several
    settings. All are tried without refinement; then the best setting of each of the three best
    methods with one round, and the two best of these with all rounds. A candidate that cannot be
    fitted on some fold is listed with the reason. The highest P@1 wins; of equal ones that with
    fewer rounds, then the simpler map.

    Parameters
    ----------
    folds : int
        Number of folds, in [2, number of source words].
    center : bool
        Whether candidates may center. Without: the same candidates, but CCA without means and a
        ridge of 1e-5 instead of none.
    random_state : int
        Seed of the folds.

    Attributes
    ----------
    choice_ : Choice
        Scores of all candidates.
    aligner_ : Aligner
        The choice, fitted on all pairs and refined.
    rounds_ : tuple of RefinementRound
        Figures of its refinement.

    Notes
    -----
    A fold takes one sweep of O(vocabulary^2 d) time for each candidate, and two for each round of
    refinement; memory of the rows that take part and as much again. A rule that prefers simple
    maps within one standard error would lose accuracy for nothing, since all maps cost the same.

    References
    ----------
    Stone, "Cross-Validatory Choice and Assessment of Statistical Predictions", Journal of the
    Royal Statistical Society B 1974.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((200, 5)).astype(np.float32)
    >>> rotation, _ = np.linalg.qr(rng.standard_normal((5, 5)))
    >>> rows = np.arange(50)
    >>> Auto().fit(X, X @ rotation, pairs=np.stack([rows, rows], axis=1)).aligner_
    Procrustes()
    """

    folds: int = 4
    center: bool = True
    random_state: int = 0

    def fit(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        *,
        pairs: Indices | None = None,
        refinement: int | Refinement = 5,
        progress: Progress | None = None,
        log: Log | None = None,
    ) -> Self:
        """Choose by cross-validation, and fit the choice on all pairs.

        Parameters
        ----------
        X, Y : (n, d) float32, (m, e) float32
            Rows of each language, most frequent first.
        pairs : (p, 2) int64, optional
            Rows that are translations, with at least 20 different source rows. Default: row i of
            both, for all i.
        refinement : int or Refinement
            Maximal number of rounds, or all settings.
        progress : callable, optional
            Called with the fraction done.
        log : callable, optional
            Called with the choice and the figures of each round.

        Raises
        ------
        ValueError
            If there are fewer than 20 source words, no candidate can be fitted, or a parameter is
            out of range.
        """
        source, target = as_rows(X, "source"), as_rows(Y, "target")
        known = _checked_pairs(pairs, len(source), len(target))
        settings = Refinement.of(refinement).resolved(len(source), len(target))
        context = FitContext(source, target, settings, log)
        spec = self.choose(context, known, part_of(progress, 0, 0.7))
        self.aligner_, rounds = spec.fit(known, part_of(progress, 0.7, 0.3))
        self.rounds_: tuple[RefinementRound, ...] = tuple(rounds)
        return self

    def choose(
        self, context: FitContext, pairs: Indices, progress: Progress | None = None
    ) -> FitSpec:
        """Set `choice_`, and return the choice as a specification of a fit."""
        source, target, refinement, log = context
        words = len(np.unique(pairs[:, 0]))
        if words < FEWEST_WORDS:
            raise ValueError(
                f"cross-validation needs at least {FEWEST_WORDS} source words with a known "
                f"translation, got {words}: use a larger dictionary, or name a method, such as "
                "procrustes, which has nothing to choose"
            )
        if not 2 <= self.folds <= words:
            raise ValueError(f"folds must lie in [2, {words}], got {self.folds}")
        # Only these rows take part. The most frequent ones come first and keep their numbers.
        kept = [
            np.union1d(np.arange(min(refinement.vocabulary, len(rows))), column)
            for rows, column in zip((source, target), pairs.T, strict=True)
        ]
        known = [np.searchsorted(rows, column) for rows, column in zip(kept, pairs.T, strict=True)]
        # Sorted, so that their order does not matter.
        known_pairs = np.unique(np.stack(known, axis=1), axis=0)
        validator = _CrossValidator(
            FitContext(source[kept[0]], target[kept[1]], refinement),
            tuple(split_folds(known_pairs, self.folds, self.random_state)),
        )
        self.choice_ = _choose(validator.try_all(_candidates(self.center), progress))
        if log is not None:
            log({"stage": "selection", **self.choice_.as_dict()})
        chosen = context._replace(refinement=refinement.with_rounds(self.choice_.refinement))
        return FitSpec(self.choice_.aligner, chosen)

    def transform(self, X: ArrayLike) -> Matrix:
        """Map source rows into the shared space, (n, c) float32."""
        return self._fitted().transform(X)

    def transform_target(self, Y: ArrayLike) -> Matrix:
        """Map target rows into the shared space, (m, c) float32."""
        return self._fitted().transform_target(Y)

    def _fitted(self) -> Aligner:
        if not hasattr(self, "aligner_"):
            raise NotFittedError("Auto must be fitted before transform")
        return self.aligner_


def _checked_pairs(pairs: Indices | None, n: int, m: int) -> Indices:
    if pairs is None:
        if n != m:
            raise ValueError(f"without pairs, X and Y must have equally many rows, got {n} and {m}")
        return np.repeat(np.arange(n)[:, None], 2, axis=1)
    rows = np.asarray(pairs, dtype=np.int64)
    if rows.ndim != 2 or rows.shape[1] != 2:
        raise ValueError(f"pairs must have shape (p, 2), got {rows.shape}")
    for name, column, count in (("source", rows[:, 0], n), ("target", rows[:, 1], m)):
        outside = column[(column < 0) | (column >= count)]
        if len(outside):
            raise ValueError(
                f"pairs must name {name} rows in [0, {count - 1}], got {int(outside[0])}"
            )
    return rows


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
        source, target = self.context.source, self.context.target

        def fit(number: int) -> Aligner:
            pairs = self.folds[number].train
            fitted: Aligner = clone(aligner)
            return fitted.fit(source[pairs[:, 0]], target[pairs[:, 1]], balanced_weights(pairs))

        return self._try(aligner, 0, fit, progress)

    def refine(self, rounds: int, candidate: _Candidate, progress: Progress | None) -> _Candidate:
        """Continue the refinement of a candidate."""
        source, target, refinement, _ = self.context
        settings = refinement.with_rounds(rounds - candidate.refinement)

        def fit(number: int) -> Aligner:
            pairs = self.folds[number].train
            aligner = candidate.fitted[number]
            return refine(aligner, source, target, pairs=pairs, refinement=settings)[0]

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
            except (ValueError, DimensionError) as error:
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


def _choose(candidates: Sequence[_Candidate]) -> Choice:
    ranked = _ranked(candidates)
    best = ranked[0]
    if best.reason is not None:
        raise ValueError(
            "at least one candidate must be fitted on the pairs without a fold, got none: "
            f"{best.aligner} since {best.reason}"
        )
    scores = tuple(candidate.score(best) for candidate in ranked)
    return Choice(best.aligner, best.refinement, scores)


def _standard_error(values: Double) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values)))
