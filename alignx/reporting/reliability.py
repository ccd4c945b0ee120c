"""Reliability of the probabilities of translations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alignx.support.arrays import Double, Indices

__all__ = ["Reliability"]


@dataclass(frozen=True, eq=False)
class Reliability:
    """Share of right answers by their probability.

    Attributes
    ----------
    probability, share : (b,) float64
        Mean probability of each bin, and share of right answers in it, in [0, 1].
    low, high : (b,) float64
        95 % interval of the share.
    counts : (b,) int64
        Answers in each bin.
    error : float
        Expected calibration error: mean gap of probability and share, weighted by `counts`.
    """

    probability: Double
    share: Double
    low: Double
    high: Double
    counts: Indices
    error: float
