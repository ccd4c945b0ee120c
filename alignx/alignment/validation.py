"""Accuracy of a map on held-out pairs, and detection of failure."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from alignx.alignment.diagnosis import LEAST_AGREEMENT
from alignx.alignment.fit_context import FitContext, FitSpec, FrequentPart, frequent_part
from alignx.alignment.held_out import Fold, HeldOutResult, correct_answers, split_folds
from alignx.mapping import Aligner, Procrustes, Refinement
from alignx.retrieval.csls import mutual_neighbors
from alignx.support.frames import Tabular

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Progress

__all__ = ["FEW_WORDS", "LinearCost", "Validation", "validate"]

# With fewer known source words, answers for these say little of others: the most frequent words
# translate each other while the rest of the vocabulary is lost.
FEW_WORDS = 500
# Of wrong dictionaries at most 4 in 1,000 words were translated right, by chance and by frequency.
LEAST_PRECISION = 0.01
SIGNIFICANT = 0.01
# Between what maps that failed (up to 8 % P@1) and maps that worked (22 % and more) had in common
# with maps from four fifths of the dictionary: up to 3 %, and 11 % and more.
SAME_BY_CHANCE = 0.05
# As long as so many may be right, too few queries were asked to say that a map has failed.
UNDECIDED = 0.35
# Below that, a method that grows a small dictionary does better.
WEAK_WITH_FEW, WEAK = 0.5, 0.1
QUANTILE = 1.959964  # of the normal distribution, for 95 %

FOLDS = 5
# Words of each language that take part, the most frequent, beside those of the dictionary: rounds
# of refinement are 16 times faster than usual. Of small vocabularies a fifth takes part.
FREQUENT = 5_000
ENOUGH = 40  # queries, after which no further fold is asked
COMPARED = 1_000  # maps of fewer words have pairs in common by chance


@dataclass(frozen=True)
class Validation(Tabular):
    """P@1 of a map on held-out words.

    Attributes
    ----------
    hits, n : int
        Queries with a correct first answer by CSLS, and all queries.
    words : int
        Known source words of the fit.
    answers : int
        Target words that could be answers. With fewer than there are, P@1 is higher than on all.
    chance : float
        P@1 of random answers.
    refinement : int
        Rounds of refinement before these answers, fewer than in the fit where time is short.
    agreement : float, optional
        With few known words, share of pairs in common with maps of four fifths of the dictionary,
        in [0, 1]: maps that fail fail differently.

    Examples
    --------
    >>> print(Validation(130, 200, 1_000, 80_000, 0.0001, 5))
    P@1 65.0 % on 200 held-out words [58.2, 71.3], of 80,000 possible answers
    >>> Validation(0, 200, 1_000, 80_000, 0.0001, 5).failed
    True
    """

    hits: int
    n: int
    words: int
    answers: int
    chance: float
    refinement: int
    agreement: float | None = None

    @property
    def precision(self) -> float:
        """P@1, in [0, 1]; 0 without queries."""
        return self.hits / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of P@1, by Wilson's score."""
        if not self.n:
            return 0.0, 1.0
        z2 = QUANTILE**2 / self.n
        center = self.precision + z2 / 2
        margin = math.sqrt(z2 * (self.precision * (1 - self.precision) + z2 / 4))
        low, high = ((center + sign * margin) / (1 + z2) for sign in (-1, 1))
        return max(0.0, low), min(1.0, high)

    @property
    def failed(self) -> bool:
        """Whether the map is no better than none."""
        if self.agreement is not None:
            if self.agreement < SAME_BY_CHANCE:
                return True
            if self.agreement >= LEAST_AGREEMENT and self.hits:
                return False
        return not self._is_significant() and self.interval[1] < UNDECIDED

    @property
    def decided(self) -> bool:
        """Whether there were enough queries to detect success or failure."""
        return self.failed or self._is_significant()

    @property
    def weak(self) -> bool:
        """Whether the map works, but badly."""
        bound = WEAK_WITH_FEW if self.words < FEW_WORDS else WEAK
        return self.decided and not self.failed and self.precision < bound

    def _is_significant(self) -> bool:
        """Test the hits against those of a map that has failed."""
        from scipy.stats import binom  # takes half a second to load

        by_chance = max(LEAST_PRECISION, self.chance)
        return bool(binom.sf(self.hits - 1, self.n, by_chance) < SIGNIFICANT)

    def __str__(self) -> str:
        low, high = (100 * bound for bound in self.interval)
        text = (
            f"P@1 {100 * self.precision:.1f} % on {self.n:,} held-out words [{low:.1f}, "
            f"{high:.1f}], of {self.answers:,} possible answers"
        )
        if not self.refinement:
            text += ", without refinement"
        if self.agreement is not None:
            text += f"; {self.agreement:.1%} of the pairs recur without a fifth of the words"
        return text

    def records(self) -> list[dict[str, Any]]:
        """Return the figures as one row."""
        return [self.as_dict()]

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for ``--json``."""
        return {
            **self.facts(),
            "p@1": self.precision,
            "p@1_interval": list(self.interval),
            "failed": self.failed,
            "weak": self.weak,
            "decided": self.decided,
        }

    def facts(self) -> dict[str, Any]:
        """Return the attributes, for mapping files."""
        return asdict(self)


@dataclass(frozen=True)
class LinearCost(Tabular):
    """P@1 of a linear map and of one with centering, on the same n held-out words.

    Attributes
    ----------
    linear, standard : float
        P@1 of each, in [0, 1].
    cost, low, high : float
        P@1 that the linear map loses, in [-1, 1], negative where it gains; with its 95 % interval.

    Examples
    --------
    >>> correct = np.arange(100) < 60
    >>> print(LinearCost.of(correct, np.arange(100) < 70))
    P@1 60.0 instead of 70.0 on 100 held-out words, a cost of 10.0 [4.1, 15.9]
    """

    linear: float
    standard: float
    n: int
    cost: float
    low: float
    high: float

    @classmethod
    def of(cls, linear: NDArray[np.bool_], standard: NDArray[np.bool_]) -> Self:
        """Compare correct answers for the same queries, (n,) bool, n > 1."""
        lost = standard.astype(np.float64) - linear
        margin = 1.96 * lost.std(ddof=1) / math.sqrt(len(lost))
        cost = lost.mean()
        return cls(
            float(linear.mean()),
            float(standard.mean()),
            len(lost),
            float(cost),
            float(cost - margin),
            float(cost + margin),
        )

    def records(self) -> list[dict[str, Any]]:
        """Return the figures as one row."""
        return [self.as_dict()]

    def as_dict(self) -> dict[str, float]:
        """Return the attributes, for ``--json`` and mapping files."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"P@1 {100 * self.linear:.1f} instead of {100 * self.standard:.1f} on {self.n:,} "
            f"held-out words, a cost of {100 * self.cost:.1f} "
            f"[{100 * self.low:.1f}, {100 * self.high:.1f}]"
        )


def validate(
    spec: FitSpec,
    fitted: Aligner,
    pairs: Indices,
    result: HeldOutResult | None = None,
    progress: Progress | None = None,
) -> Validation | None:
    """Measure the accuracy of a map on held-out words.

    With few known words, folds are held out one by one until there are enough queries or the map
    has clearly failed, and the pairs that the map induces are compared with those of the maps of
    the folds. With many, one fifth is held out: that of `result`, fitted for another purpose, or by
    a map without refinement. None if no map can be fitted on fewer pairs.
    """
    words = len(np.unique(pairs[:, 0]))
    few = words < FEW_WORDS
    if not few and result is not None:
        is_correct, answers = result.is_correct()[:, 0], len(result.target)
        chance = _chance(result.held_out.pairs, answers)
        rounds = spec.context.refinement.rounds
        return Validation(int(is_correct.sum()), len(is_correct), words, answers, chance, rounds)
    part = _frequent_part(spec.context, np.unique(pairs, axis=0), few)
    whole = None
    if few and part.first >= COMPARED:
        whole = _induced(part.context.mapped(fitted), part)
    folds = list(split_folds(part.pairs, min(FOLDS, max(words, 2)), 0))
    aligners = [spec.aligner]
    if part.context.source.shape[1] == part.context.target.shape[1]:
        aligners.append(Procrustes())  # can be fitted on fewer pairs than the others
    for aligner in aligners:
        found = _validate_folds(FitSpec(aligner, part.context), folds, words, whole, part, progress)
        if found is not None:
            return found
    return None


def _validate_folds(
    spec: FitSpec,
    folds: list[Fold],
    words: int,
    whole: Indices | None,
    part: FrequentPart,
    progress: Progress | None,
) -> Validation | None:
    """Ask fold after fold, until there are enough queries or the map has clearly failed."""
    context = spec.context
    n_answers = len(context.target)
    found = None
    correct: list[bool] = []
    chances: list[float] = []
    agreements: list[float] = []
    for number, fold in enumerate(folds):
        try:
            aligner, _ = spec.fit(fold.train)
        except ValueError:  # too few pairs without these
            continue
        mapped = context.mapped(aligner)
        correct += correct_answers(*mapped, fold.held_out, context.n_neighbors).tolist()
        chances.append(_chance(fold.held_out, n_answers))
        if whole is not None:
            agreements.append(_agreement(whole, _induced(mapped, part)))
        if progress is not None:
            progress((number + 1) / len(folds))
        agreement = float(np.mean(agreements)) if agreements else None
        chance, rounds = float(np.mean(chances)), context.refinement.rounds
        found = Validation(sum(correct), len(correct), words, n_answers, chance, rounds, agreement)
        if found.n >= ENOUGH or (agreement is not None and agreement < SAME_BY_CHANCE / 2):
            break
    return found


def _frequent_part(context: FitContext, pairs: Indices, few: bool) -> FrequentPart:
    """Keep the most frequent rows and those of the dictionary, with cheaper refinement."""
    vocabulary = context.refinement.vocabulary
    usual = min(vocabulary, len(context.source), len(context.target))
    part = frequent_part(context, pairs, min(FREQUENT, max(COMPARED, usual // 5)))
    first = min(part.first, vocabulary)
    settings = Refinement(
        rounds=context.refinement.rounds if few else 0,
        vocabulary=first,
        n_neighbors=min(context.n_neighbors, first),
    )
    return FrequentPart(part.context._replace(refinement=settings), part.pairs, first)


def _induced(mapped: tuple[Matrix, Matrix], part: FrequentPart) -> Indices:
    """Return the mutual pairs of the most frequent words, each as one number."""
    X, Y = (rows[: part.first] for rows in mapped)
    pairs = mutual_neighbors(X, Y, n_neighbors=part.context.n_neighbors)
    return np.asarray(pairs[:, 0] * part.first + pairs[:, 1])


def _agreement(one: Indices, other: Indices) -> float:
    """Return the share of pairs in common, in [0, 1]."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return 2 * shared / max(1, len(one) + len(other))


def _chance(pairs: Indices, answers: int) -> float:
    """Return P@1 of random answers."""
    return len(pairs) / max(1, len(np.unique(pairs[:, 0]))) / answers
