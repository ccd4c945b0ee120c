"""How good a map is on pairs that it was not fitted on, and whether it has failed."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from alignx.alignment.diagnosis import LEAST_AGREEMENT

__all__ = ["FEW_WORDS", "Validation"]

# With fewer known source words, answers for these say little of others: the most frequent words
# translate each other while the rest of the vocabulary is lost.
FEW_WORDS = 500
# Of wrong dictionaries at most 4 in 1,000 words were translated right, by chance and by frequency.
LEAST_PRECISION = 0.01
SIGNIFICANT = 0.01
# Between what maps that failed (up to 8 % P@1) and maps that worked (22 % and more) had in common
# with maps from four fifths of the dictionary: up to 3 %, and 11 % and more.
SAME_BY_CHANCE = 0.05
# As long as so many may be right, too few pairs were asked for to say that a map has failed.
UNDECIDED = 0.35
# Below that, a method that grows a small dictionary does better.
WEAK_WITH_FEW, WEAK = 0.5, 0.1
_QUANTILE = 1.959964  # of the normal distribution, for 95 %


@dataclass(frozen=True)
class Validation:
    """Answers for held-out words, by a map fitted in the same way on the other pairs.

    Attributes
    ----------
    hits : int
        Words whose first answer by CSLS is right.
    n : int
        Words that were asked for.
    words : int
        Known source words of the fit.
    answers : int
        Target words that could be answers. With fewer than there are, P@1 is higher than on all.
    chance : float
        Share of right answers that guessing would give.
    refinement : int
        Rounds of refinement before these answers; fewer than those of the fit where it had to be
        quick.
    agreement : float, optional
        With few known words, the share of pairs that the map has in common with maps fitted on
        four fifths of the dictionary, in [0, 1]: maps that fail fail differently.

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
        """P@1, in [0, 1]; 0 if nothing was asked for."""
        return self.hits / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of P@1, by Wilson's score."""
        if not self.n:
            return 0.0, 1.0
        z2 = _QUANTILE**2 / self.n
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
        return not self._stands_out() and self.interval[1] < UNDECIDED

    @property
    def decided(self) -> bool:
        """Whether there were enough pairs to tell a map that works from one that has failed."""
        return self.failed or self._stands_out()

    @property
    def weak(self) -> bool:
        """Whether the map works, but badly."""
        bound = WEAK_WITH_FEW if self.words < FEW_WORDS else WEAK
        return self.decided and not self.failed and self.precision < bound

    def _stands_out(self) -> bool:
        """Tell whether so many hits are more than a map that has failed would have."""
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
            text += f"; {self.agreement:.1%} of the pairs found again without a fifth of the words"
        return text

    def as_dict(self) -> dict[str, Any]:
        """Give what ``--json`` prints."""
        return {
            **self.facts(),
            "p@1": self.precision,
            "p@1_interval": list(self.interval),
            "failed": self.failed,
            "weak": self.weak,
            "decided": self.decided,
        }

    def facts(self) -> dict[str, Any]:
        """Give what mapping files keep."""
        return asdict(self)
