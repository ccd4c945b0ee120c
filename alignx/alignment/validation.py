"""Accuracy of a map on held-out pairs, and detection of failure."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from alignx.alignment.diagnosis import LEAST_AGREEMENT
from alignx.alignment.held_out import FEW_WORDS
from alignx.support.frames import Tabular
from alignx.support.wilson import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from alignx.alignment.cross_fit import CrossFit
    from alignx.mapping import Aligner
    from alignx.ranking.ranker import LabeledCandidates

__all__ = ["LinearCost", "Validation", "validate"]

# Of wrong dictionaries at most 4 in 1,000 words were translated right, by chance and by frequency.
LEAST_PRECISION = 0.01
SIGNIFICANT = 0.01
# Between what maps that failed (up to 8 % P@1) and maps that worked (22 % and more) had in common
# with maps from four fifths of the dictionary: up to 3 %, and 11 % and more.
SAME_BY_CHANCE = 0.05
# As long as so many may be right, too few queries were asked to say that a map has failed.
UNDECIDED = 0.35
WEAK = 0.1


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
        With few known words, share of pairs in common with maps of parts of the dictionary, in
        [0, 1]: maps that fail fail differently.

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
        return wilson_interval(self.precision, self.n)

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
        return self.decided and not self.failed and self.precision < WEAK

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
            text += (
                f"; maps from parts of the dictionary agree on {self.agreement:.0%} of the pairs"
            )
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
    cross_fit: CrossFit,
    fitted: Aligner | None,
    words: int,
    refinement: int,
    answers: Sequence[LabeledCandidates] = (),
) -> Validation:
    """Measure the accuracy of a map by the maps without the held-out words.

    `answers` are those among all words, where they were asked for. With few known words those
    among frequent words are counted instead, and the maps are compared with the fitted one.
    """
    if answers and words >= FEW_WORDS:
        is_correct = np.concatenate([each.is_correct[:, 0] for each in answers])
        n_answers = len(answers[0].pairs.vocabulary)
    else:
        is_correct, n_answers = cross_fit.is_correct, len(cross_fit.part.context.target)
    chance = cross_fit.chance * len(cross_fit.part.context.target) / n_answers
    agreement = cross_fit.agreement(fitted) if fitted is not None and words < FEW_WORDS else None
    hits, n = int(is_correct.sum()), len(is_correct)
    return Validation(hits, n, words, n_answers, chance, refinement, agreement)
