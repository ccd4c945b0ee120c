"""Bootstrap of means, and of their differences on the same questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from alignx.support.arrays import Double

__all__ = ["PairedDifference", "bootstrap_means", "holm", "percentile_interval"]


def bootstrap_means(
    values: ArrayLike, resamples: int, random_state: int | np.random.Generator = 0
) -> Double:
    """Draw rows with replacement and average them, many times.

    Parameters
    ----------
    values : (n, m) float64
        Rows to draw: questions, say, with a figure of each method in the columns.
    resamples : int
        Number of resamples.
    random_state : int or Generator
        Source of random numbers.

    Returns
    -------
    (resamples, m) float64
        Means of the columns. All columns share the draws.

    Notes
    -----
    Equal rows are drawn together, by one multinomial number: the distribution is the same, and
    takes O(resamples u m) time for u distinct rows.

    Examples
    --------
    >>> right = [[1, 1], [0, 1], [1, 0], [0, 1]]
    >>> bootstrap_means(right, resamples=1_000).mean(axis=0).round(1)
    array([0.5, 0.7])
    """
    rows = np.asarray(values, dtype=np.float64)
    distinct, counts = np.unique(rows, axis=0, return_counts=True)
    n = len(rows)
    drawn = np.random.default_rng(random_state).multinomial(n, counts / n, resamples)
    return np.asarray(drawn @ distinct / n)


def percentile_interval(draws: Double) -> tuple[float, float]:
    """Return the 95 % interval of resampled figures."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number.

    References
    ----------
    Holm, "A simple sequentially rejective multiple test procedure", 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = p.argsort(kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return np.minimum(adjusted, 1).tolist()  # type: ignore[no-any-return]


@dataclass(frozen=True)
class PairedDifference:
    """Difference of two means on the same questions.

    Attributes
    ----------
    value : float
        Mean of the one less that of the other.
    interval : (float, float)
        95 % interval by the paired bootstrap.
    p : float
        Two-sided p-value of no difference, by the same resamples: at least 2 / (resamples + 1).
    p_adjusted : float
        The same, adjusted by `holm` for the number of comparisons.

    References
    ----------
    Koehn, "Statistical Significance Tests for Machine Translation Evaluation", EMNLP 2004.
    """

    value: float
    interval: tuple[float, float]
    p: float
    p_adjusted: float

    @classmethod
    def of_draws(cls, values: Sequence[float], draws: Sequence[Double]) -> list[Self]:
        """Judge differences by their resamples; the p-values are adjusted for their number.

        Parameters
        ----------
        values : sequence of float
            Each difference.
        draws : sequence of (resamples,) float64
            Resamples of each difference.
        """
        p = [_p_value(each) for each in draws]
        intervals = [percentile_interval(each) for each in draws]
        return [
            cls(float(value), *rest)
            for value, *rest in zip(values, intervals, p, holm(p), strict=True)
        ]

    @property
    def is_significant(self) -> bool:
        """Whether the adjusted p-value is below 0.05."""
        return self.p_adjusted < 0.05

    def as_dict(self) -> dict[str, Any]:
        """Convert to values for JSON."""
        return {**vars(self), "interval": list(self.interval)}

    def __str__(self) -> str:
        """Format in points, with a star where it is significant."""
        low, high = (100 * bound for bound in self.interval)
        star = " *" if self.is_significant else ""
        return f"{100 * self.value:+.1f} [{low:+.1f}, {high:+.1f}]{star}"


def _p_value(draws: Double) -> float:
    """Return twice the smaller share of resamples on a side of 0, with the data as one more."""
    rounding = 1e-12  # means are sums of fractions
    fewer = min((draws <= rounding).sum(), (draws >= -rounding).sum())
    return min(1.0, 2 * (int(fewer) + 1) / (len(draws) + 1))
