"""The choice of a method: cross-validation of the linear maps on the training dictionary."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from alignx.errors import DimensionError
from alignx.mapping import (
    CCA,
    Aligner,
    LeastSquares,
    Procrustes,
    Reweighted,
    balanced_weights,
    refine,
    without_centering,
)
from alignx.retrieval.csls import csls_bias
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.neighbors import N_NEIGHBORS, count_or_default
from alignx.support.arrays import Double, Indices, Matrix, as_rows, unit_rows
from alignx.support.progress import Progress, part_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["CandidateScore", "Choice", "Fold", "choose_aligner", "split_folds"]

Item = TypeVar("Item")

FEWEST_WORDS = 20  # below that many questions, all candidates are within chance of each other
ENOUGH_QUESTIONS = 2_000  # tell candidates apart that differ by about one point
REFINED_ONCE = 3  # the best methods that are worth a round of refinement
REFINED_IN_FULL = 2  # and of these, all rounds


@dataclass(frozen=True, eq=False)
class CandidateScore:
    """How well one candidate translated words that it had not been fitted on.

    Attributes
    ----------
    aligner : Aligner
        Not fitted.
    refinement : int
        Rounds of `refine` after the fit.
    precision : float
        Share of the held-out words whose first answer by CSLS is right, in [0, 1]; NaN for a
        candidate that could not be fitted.
    n : int
        Held-out words, the same for all candidates; 0 where it could not be fitted.
    standard_error : float
        Of `precision`.
    behind : float
        By how much `precision` is below that of the choice.
    behind_error : float
        Standard error of `behind`. All candidates answer the same questions, so it is smaller than
        the errors of both suggest.
    reason : str, optional
        Why the candidate could not be fitted.
    """

    aligner: Aligner
    refinement: int
    precision: float
    n: int
    standard_error: float
    behind: float
    behind_error: float
    reason: str | None = None


@dataclass(frozen=True, eq=False)
class Choice:
    """The linear map and settings that translate held-out words best; prints as a table.

    Attributes
    ----------
    aligner : Aligner
        Not fitted, since all pairs are to take part in the fit.
    refinement : int
        Rounds of `refine` to do after it.
    scores : tuple of CandidateScore
        Every candidate, best first; those that could not be fitted come last.
    """

    aligner: Aligner
    refinement: int
    scores: tuple[CandidateScore, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give what ``--json`` prints; NaN is None, since JSON has none."""
        return {
            "aligner": str(self.aligner),
            "refinement": self.refinement,
            "candidates": [
                {
                    name: None if isinstance(value, float) and math.isnan(value) else value
                    for name, value in {**vars(score), "aligner": str(score.aligner)}.items()
                }
                for score in self.scores
            ],
        }

    def __str__(self) -> str:
        best = self.scores[0]
        names = [str(score.aligner) for score in self.scores]
        width = max(map(len, names))
        head = f"{'':{width}}  rounds   P@1  +/-   behind  +/-"
        lines = [_table_line(f"{n:{width}}", s) for n, s in zip(names, self.scores, strict=True)]
        foot = (
            f"chosen: {self.aligner} with {self.refinement} rounds of refinement, by the first "
            f"answers for {best.n} held-out words; +/- is one standard error"
        )
        return "\n".join([head, *lines, foot])


def _table_line(name: str, score: CandidateScore) -> str:
    if score.reason is not None:
        return f"{name}  {score.refinement:6}   not fitted: {score.reason}"
    precision, error = 100 * score.precision, 100 * score.standard_error
    behind, behind_error = 100 * score.behind, 100 * score.behind_error
    return (
        f"{name}  {score.refinement:6} {precision:5.1f} {error:4.1f}   {behind:6.1f} "
        f"{behind_error:4.1f}"
    )


def choose_aligner(
    source: ArrayLike,
    target: ArrayLike,
    pairs: Indices,
    *,
    linear: bool = False,
    refinement: int = 5,
    folds: int = 4,
    vocabulary: int = 20_000,
    n_neighbors: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Choice:
    """Choose a linear map and its settings by how well they translate held-out pairs.

    The source words of the dictionary are divided into folds. Each candidate is fitted without the
    words of one fold and asked to translate them by CSLS, fold after fold until 2000 words have
    been asked or all have. A pair whose target word translates a held-out word is not fitted on
    either, so that no answer is known from a synonym. Answers come from, and CSLS is computed on,
    the `vocabulary` most frequent rows of each language and all rows of the dictionary; on the
    full vocabularies every candidate scores lower.

    Candidates are `Procrustes`, `LeastSquares`, `CCA` and `Reweighted`, most of them with several
    settings. All are tried without refinement; then the best setting of each of the three best
    methods with one round, and the two best of these with all rounds. A candidate that cannot be
    fitted on some fold is listed with the reason.

    The highest score wins; of equal ones that with fewer rounds, then the simpler map. A rule that
    prefers simple maps within one standard error would give accuracy away for nothing: once fitted,
    every candidate is two matrices that cost the same, so that simplicity is no good of its own,
    and the best on held-out words is the best guess for others. How sure the choice is, `behind`
    and its error tell.

    Parameters
    ----------
    source, target : (n, d) float32, (m, e) float32
        All rows of each language as aligners take them, most frequent first.
    pairs : (p, 2) int64
        Rows that are translations; at least 20 different source rows.
    linear : bool
        Whether only maps without centering are tried: the same candidates, but CCA without means
        and, in place of no ridge, one of 1e-5.
    refinement : int
        Most rounds of `refine` to consider, at least 0.
    folds : int
        How many parts, in [2, number of source words]; each candidate is fitted at most that many
        times.
    vocabulary : int
        How many most frequent rows of each language take part, at least 1.
    n_neighbors : int, optional
        Neighbors in the average of CSLS; at most the size of the smaller vocabulary. 10 unless
        given, or the size of that vocabulary with a warning.
    seed : int
        Draws the folds.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    Choice

    Raises
    ------
    ValueError
        If there are fewer than 20 source words, no candidate can be fitted, or a parameter is out
        of range.

    Notes
    -----
    A fold takes one sweep of O(vocabulary^2 d) time for each candidate, and two for each round of
    refinement; memory of the rows that take part and as much again.

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
    >>> choose_aligner(X, X @ rotation, np.stack([rows, rows], axis=1)).aligner
    Procrustes()
    """
    X, Y = as_rows(source, "source"), as_rows(target, "target")
    known = _as_pairs(pairs, len(X), len(Y))
    words = len(np.unique(known[:, 0]))
    if words < FEWEST_WORDS:
        raise ValueError(
            f"cross-validation needs at least {FEWEST_WORDS} source words with a known "
            f"translation, got {words}: use a larger dictionary, or name a method, such as "
            "procrustes, which has nothing to choose"
        )
    if not 2 <= folds <= words:
        raise ValueError(f"folds must lie in [2, {words}], got {folds}")
    for name, value, least in (("refinement", refinement, 0), ("vocabulary", vocabulary, 1)):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
    # Only these rows take part. The most frequent ones come first and keep their numbers.
    kept = [
        np.union1d(np.arange(min(vocabulary, len(a))), b)
        for a, b in zip((X, Y), known.T, strict=True)
    ]
    fewest = min(vocabulary, len(X), len(Y))
    n_neighbors = count_or_default(n_neighbors, N_NEIGHBORS, fewest, "n_neighbors")
    known = np.stack([np.searchsorted(a, b) for a, b in zip(kept, known.T, strict=True)], axis=1)
    exam = _Exam(
        X[kept[0]],
        Y[kept[1]],
        tuple(split_folds(known, folds, seed)),
        vocabulary,
        n_neighbors,
    )
    return _choose(_try_all(exam, _candidates(linear), refinement, progress))


def _as_pairs(pairs: Indices, n: int, m: int) -> Indices:
    rows = np.asarray(pairs, dtype=np.int64)
    if rows.ndim != 2 or rows.shape[1] != 2:
        raise ValueError(f"pairs must have shape (p, 2), got {rows.shape}")
    for name, column, count in (("source", rows[:, 0], n), ("target", rows[:, 1], m)):
        outside = column[(column < 0) | (column >= count)]
        if len(outside):
            raise ValueError(
                f"pairs must name {name} rows in [0, {count - 1}], got {int(outside[0])}"
            )
    # Sorted, so that their order does not matter.
    return np.unique(rows, axis=0)


def _candidates(linear: bool) -> list[Aligner]:
    """Give what is tried, simplest first, as equal scores are decided."""
    # Left out is what trailed in cross-validation of every dictionary tried (English with Spanish
    # and German): powers of 1, one side reweighted alone, and CCA with little ridge.
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
    return [without_centering(candidate) for candidate in candidates] if linear else candidates


class Fold(NamedTuple):
    """Pairs to fit on, and pairs of other words to ask for."""

    train: Indices
    held_out: Indices


def split_folds(pairs: Indices, folds: int, seed: int) -> Iterator[Fold]:
    """Divide the source words, and give folds until enough words have been asked for."""
    words = np.unique(pairs[:, 0])
    order = np.random.default_rng(seed).permutation(words)
    asked = 0
    for fold in range(folds):
        questions = order[fold::folds]
        is_held_out = np.isin(pairs[:, 0], questions)
        is_leak = np.isin(pairs[:, 1], pairs[is_held_out, 1])
        yield Fold(pairs[~is_held_out & ~is_leak], pairs[is_held_out])
        asked += len(questions)
        if asked >= ENOUGH_QUESTIONS:
            return


@dataclass(frozen=True, eq=False)
class _Trial:
    """A candidate, fitted on each fold, and which held-out words it translated right."""

    aligner: Aligner
    refinement: int
    fitted: Sequence[Aligner] = ()
    is_right: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    reason: str | None = None


@dataclass(frozen=True, eq=False)
class _Exam:
    """The rows that take part, the folds, and how they are asked."""

    source: Matrix
    target: Matrix
    folds: Sequence[Fold]
    vocabulary: int
    n_neighbors: int

    def fit(self, aligner: Aligner, progress: Progress | None) -> _Trial:
        """Try a candidate without refinement."""

        def fit(number: int) -> Aligner:
            pairs = self.folds[number].train
            return copy(aligner).fit(
                self.source[pairs[:, 0]], self.target[pairs[:, 1]], balanced_weights(pairs)
            )

        return self._try(aligner, 0, fit, progress)

    def refine(self, refinement: int, trial: _Trial, progress: Progress | None) -> _Trial:
        """Go on from a trial with fewer rounds."""

        def fit(number: int) -> Aligner:
            refined, _ = refine(
                trial.fitted[number],
                self.source,
                self.target,
                seed_pairs=self.folds[number].train,
                rounds=refinement - trial.refinement,
                vocabulary=self.vocabulary,
                n_neighbors=self.n_neighbors,
            )
            return refined

        return self._try(trial.aligner, refinement, fit, progress)

    def _try(
        self,
        aligner: Aligner,
        refinement: int,
        fit: Callable[[int], Aligner],
        progress: Progress | None,
    ) -> _Trial:
        fitted, is_right = [], []
        for number, fold in enumerate(self.folds):
            try:
                fitted.append(fit(number))
            except (ValueError, DimensionError) as error:
                return _Trial(aligner, refinement, reason=str(error))
            is_right.append(self._answers_right(fitted[-1], fold.held_out))
            if progress is not None:
                progress((number + 1) / len(self.folds))
        return _Trial(aligner, refinement, fitted, np.concatenate(is_right))

    def _answers_right(self, aligner: Aligner, held_out: Indices) -> NDArray[np.bool_]:
        """Tell which held-out words have a known translation as their first answer."""
        source = unit_rows(aligner.transform(self.source))
        target = unit_rows(aligner.transform_target(self.target))
        bias = csls_bias(
            target,
            source,
            n_neighbors=self.n_neighbors,
        )
        index = ExactIndex.borrowing(target, bias=bias)
        questions = np.unique(held_out[:, 0])
        answers = index.search(source[questions], 1).indices[:, 0]
        # Pairs of rows as single numbers, so that membership is one call.
        return np.isin(
            questions * len(target) + answers, held_out[:, 0] * len(target) + held_out[:, 1]
        )


def _try_all(
    exam: _Exam, candidates: Sequence[Aligner], refinement: int, progress: Progress | None
) -> list[_Trial]:
    """Try all candidates without refinement, and the best of them with it."""
    # In sweeps: one for the answers, two for each round before.
    sweeps = [len(candidates), 3 * REFINED_ONCE, (2 * refinement - 1) * REFINED_IN_FULL]
    ends = list(accumulate(sweeps[: 1 + min(refinement, 2)], initial=0))
    stages = [
        part_of(progress, start / ends[-1], (end - start) / ends[-1])
        for start, end in pairwise(ends)
    ]
    latest = _each(exam.fit, candidates, stages[0])
    trials = list(latest)
    rounds = [(1, REFINED_ONCE), (refinement, REFINED_IN_FULL)]
    for (number, count), stage in zip(rounds, stages[1:], strict=False):
        best = _best_of_each_method(latest)[:count]
        latest = _each(partial(exam.refine, number), best, stage)
        trials += latest
    return trials


def _each(
    attempt: Callable[[Item, Progress | None], _Trial],
    items: Sequence[Item],
    progress: Progress | None,
) -> list[_Trial]:
    share = 1 / max(len(items), 1)
    return [
        attempt(item, part_of(progress, number * share, share)) for number, item in enumerate(items)
    ]


def _ranked(trials: Sequence[_Trial]) -> list[_Trial]:
    """Order by score, the best first; equal ones stay in order, failed ones come last."""
    return sorted(trials, key=lambda trial: (trial.reason is not None, -trial.is_right.sum()))


def _best_of_each_method(trials: Sequence[_Trial]) -> list[_Trial]:
    best: dict[type[Aligner], _Trial] = {}
    for trial in _ranked(trials):
        if trial.reason is None:
            best.setdefault(type(trial.aligner), trial)
    return list(best.values())


def _choose(trials: Sequence[_Trial]) -> Choice:
    ranked = _ranked(trials)
    best = ranked[0]
    if best.reason is not None:
        raise ValueError(
            "at least one candidate must be fitted on the pairs without a fold, got none: "
            f"{best.aligner} since {best.reason}"
        )
    scores = tuple(_score(trial, best) for trial in ranked)
    return Choice(best.aligner, best.refinement, scores)


def _score(trial: _Trial, best: _Trial) -> CandidateScore:
    if trial.reason is not None:
        return CandidateScore(
            trial.aligner,
            trial.refinement,
            precision=math.nan,
            n=0,
            standard_error=math.nan,
            behind=math.nan,
            behind_error=math.nan,
            reason=trial.reason,
        )
    behind = best.is_right.astype(np.float64) - trial.is_right
    return CandidateScore(
        trial.aligner,
        trial.refinement,
        float(trial.is_right.mean()),
        len(trial.is_right),
        _standard_error(trial.is_right.astype(np.float64)),
        float(behind.mean()),
        _standard_error(behind),
    )


def _standard_error(values: Double) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values)))
