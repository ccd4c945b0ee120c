"""Reliability of the probabilities of translations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from alignx.ranking.gain import expected_calibration_error
from alignx.reporting.notebook import figure_html
from alignx.support.wilson import wilson_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.support.arrays import Double, Indices

__all__ = ["Reliability"]

BINS = 10  # as in expected_calibration_error


@dataclass(frozen=True, eq=False, repr=False)
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

    def __repr__(self) -> str:
        return f"Reliability(error {self.error:.3f}, {self.counts.sum():,} answers)"

    def _repr_html_(self) -> str:
        """Return the figure for a notebook."""
        from alignx import plot_reliability  # which knows this class

        return figure_html(
            plot_reliability(self), "Reliability", "Share of right answers by stated probability"
        )

    @classmethod
    def of(cls, probability: NDArray[Any], is_right: NDArray[np.bool_]) -> Self:
        """Sort answers into ten bins of equally many, by their probability.

        Parameters
        ----------
        probability : (n,) float
            Probability of each answer, in [0, 1]; at least one.
        is_right : (n,) bool
            Whether it is right.

        Examples
        --------
        >>> Reliability.of(np.full(100, 0.75), np.arange(100) % 2 == 0).error
        0.25
        """
        order = np.argsort(probability, kind="stable")
        parts = np.array_split(order, min(BINS, len(order)))
        counts = np.array([len(part) for part in parts])
        hits = np.array([is_right[part].sum() for part in parts])
        intervals = [
            wilson_interval(share, n)
            for share, n in zip((hits / counts).tolist(), counts.tolist(), strict=True)
        ]
        low, high = np.array(intervals).T
        return cls(
            np.array([probability[part].mean(dtype=np.float64) for part in parts]),
            hits / counts,
            low,
            high,
            counts,
            expected_calibration_error(probability, is_right),
        )
