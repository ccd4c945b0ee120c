"""Accuracy gained by the learned ranking on held-out words."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from alignx.support.frames import Tabular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from alignx.ranking.ranker import LabeledCandidates, PairRanker
    from alignx.support.arrays import Matrix

__all__ = ["FirstAnswers", "RankingGain", "expected_calibration_error", "measure_gain"]

HALVES = 2


@dataclass(frozen=True)
class RankingGain(Tabular):
    """P@1 of the learned ranking and of CSLS, on the same n held-out words.

    Attributes
    ----------
    learned, csls : float
        P@1 of each, in [0, 1].
    n : int
        Held-out words.
    gain, low, high : float
        P@1 gained, in [-1, 1], with its 95 % interval.
    calibration_error : float
        Mean difference between probability and share of right answers over ten bins of equally
        many first answers, in [0, 1].
    induced : bool
        Whether the words are of pairs that the map has induced, and the answers those of weak maps.
        Then the figures tell little of the accuracy on other words.
    transferred : bool
        Whether the ranking was learned from other pairs of languages. The figures are then of pairs
        that have a lexicon, each ranked by what was learned from the others, with the spelling of
        its own lexicon; the calibration error is the mean over these pairs. The interval is that of
        their words, not of further languages.

    Examples
    --------
    >>> right = np.arange(100) < 60
    >>> print(RankingGain.of(np.arange(100) < 70, right, np.full(100, 0.7)))
    P@1 70.0 % by the learned ranking on 100 held-out words, 10.0 [4.1, 15.9] above CSLS
    """

    learned: float
    csls: float
    n: int
    gain: float
    low: float
    high: float
    calibration_error: float
    induced: bool = False
    transferred: bool = False

    @classmethod
    def of(
        cls,
        learned: NDArray[np.bool_],
        csls: NDArray[np.bool_],
        probability: NDArray[Any],
        *,
        induced: bool = False,
        transferred: bool = False,
    ) -> Self:
        """Compare right first answers for the same words, (n,) bool, n > 1."""
        gained = learned.astype(np.float64) - csls
        margin = 1.96 * gained.std(ddof=1) / math.sqrt(len(gained))
        gain = float(gained.mean())
        error = expected_calibration_error(probability, learned)
        return cls(
            float(learned.mean()),
            float(csls.mean()),
            len(gained),
            gain,
            float(gain - margin),
            float(gain + margin),
            error,
            induced,
            transferred,
        )

    @property
    def is_loss(self) -> bool:
        """Whether the learned ranking is the worse one."""
        return self.gain < 0

    def records(self) -> list[dict[str, Any]]:
        """Return the figures as one row."""
        return [self.as_dict()]

    def as_dict(self) -> dict[str, float]:
        """Return the attributes, for ``--json`` and mapping files."""
        return asdict(self)

    def __str__(self) -> str:
        if self.induced:
            return (
                f"learned ranking of {self.n:,} induced pairs, which it finds again more often "
                f"than CSLS by {100 * self.gain:.1f} [{100 * self.low:.1f}, {100 * self.high:.1f}]"
            )
        text = (
            f"P@1 {100 * self.learned:.1f} % by the learned ranking on {self.n:,} held-out words, "
            f"{100 * self.gain:.1f} [{100 * self.low:.1f}, {100 * self.high:.1f}] above CSLS"
        )
        if self.transferred:
            text += (
                ", on pairs of languages that it was not learned from; probabilities differ from "
                f"the share of right answers by {100 * self.calibration_error:.1f} points"
            )
        return text


class FirstAnswers(NamedTuple):
    """Right first answers by the learned ranking and by CSLS, and their probabilities, (n,) each.

    The probabilities are those of the answers by the learned ranking.
    """

    learned: NDArray[np.bool_]
    csls: NDArray[np.bool_]
    probability: Matrix

    @classmethod
    def of(cls, ranker: PairRanker, part: LabeledCandidates) -> Self:
        """Rank the candidates of some words."""
        chances = ranker.predict_proba(part.pairs)
        best = np.arange(len(chances)), chances.argmax(axis=1)
        return cls(part.is_correct[best], part.is_correct[:, 0], chances[best])

    @classmethod
    def joined(cls, answers: Sequence[Self]) -> Self:
        """Join the answers for several words."""
        return cls(*map(np.concatenate, zip(*answers, strict=True)))


def expected_calibration_error(probability: NDArray[Any], is_right: NDArray[np.bool_]) -> float:
    """Return the mean gap between probability and accuracy over ten equally large bins.

    Examples
    --------
    >>> expected_calibration_error(np.full(100, 0.75), np.arange(100) % 2 == 0)
    0.25
    """
    order = np.argsort(probability, kind="stable")
    bins = [part for part in np.array_split(order, min(10, len(order))) if len(part)]
    gaps = [abs(probability[part].mean() - is_right[part].mean()) * len(part) for part in bins]
    return float(sum(gaps) / len(order))


def measure_gain(
    ranker: PairRanker, parts: Sequence[LabeledCandidates], *, induced: bool = False
) -> RankingGain:
    """Fit on each half of the words and rank the candidates of the other half.

    Raises
    ------
    ValueError
        If a half has only right or only wrong candidates.
    """
    from sklearn.base import clone  # takes a second to load; spaces on disk hold gains

    answers = []
    for half in range(HALVES):
        others = [part.every(HALVES, only=half) for part in parts]
        words = {word for part in others for word in part.pairs.words}
        fitted = clone(ranker).fit([p.every(HALVES, skip=half).without(words) for p in parts])
        answers += [FirstAnswers.of(fitted, asked) for asked in others]
    return RankingGain.of(*FirstAnswers.joined(answers), induced=induced)
