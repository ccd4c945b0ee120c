"""Paired bootstrap: differences of methods on the same questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from alignx.support.bootstrap import bootstrap_means, percentile_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alignx.support.arrays import Double

__all__ = ["MEASURES", "PairedDifference", "ResampledScores", "holm", "scores_of_ranks"]

MEASURES = ("p@1", "p@5", "mrr")
LEVEL = 0.05  # below it a difference is marked
ROUNDING = 1e-12  # means are sums of fractions


def scores_of_ranks(ranks: Double) -> Double:
    """Return right at 1, right within 5, and reciprocal rank of each question, (n, 3) float64.

    Examples
    --------
    >>> scores_of_ranks(np.array([1, 4, np.inf])).tolist()
    [[1.0, 1.0, 1.0], [0.0, 1.0, 0.25], [0.0, 0.0, 0.0]]
    """
    return np.stack([ranks <= 1, ranks <= 5, 1 / ranks], axis=1).astype(np.float64)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number.

    References
    ----------
    Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
    Statistics 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = p.argsort(kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return [float(value) for value in np.minimum(adjusted, 1)]


@dataclass(frozen=True)
class PairedDifference:
    """Difference of the means of two methods on the same questions.

    Attributes
    ----------
    value : float
        Mean of the method less that of the other.
    interval : (float, float)
        95 % interval, not adjusted for the number of comparisons.
    p : float
        Two-sided p-value: twice the share of resamples on the other side of 0, at least
        ``2 / (resamples + 1)``.
    p_adjusted : float
        The same, adjusted by `holm` for the number of comparisons.
    """

    value: float
    interval: tuple[float, float]
    p: float
    p_adjusted: float

    @property
    def is_significant(self) -> bool:
        """Whether the adjusted p-value is below 0.05."""
        return self.p_adjusted < LEVEL

    def as_dict(self) -> dict[str, Any]:
        """Convert to values for JSON."""
        return {**vars(self), "interval": list(self.interval)}

    def __str__(self) -> str:
        """Format in points, with a star where it is significant."""
        low, high = (100 * bound for bound in self.interval)
        star = " *" if self.is_significant else ""
        return f"{100 * self.value:+.1f} [{low:+.1f}, {high:+.1f}]{star}"


@dataclass(frozen=True, eq=False)
class ResampledScores:
    """Mean scores of methods, and the same of resampled questions.

    Attributes
    ----------
    names : tuple of str
        The methods.
    means : (m, k) float64
        Mean of each of k scores of m methods.
    draws : (resamples, m, k) float64
        Means over questions drawn with replacement, the same for all methods and scores.

    References
    ----------
    Koehn, "Statistical Significance Tests for Machine Translation Evaluation", EMNLP 2004;
    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.

    Examples
    --------
    >>> right, wrong = np.ones((1, 1)), np.zeros((1, 1))
    >>> scores = {"a": np.repeat([right, wrong], 50), "b": np.repeat([right, wrong], [60, 40])}
    >>> found = ResampledScores.of({name: each[:, None] for name, each in scores.items()})
    >>> print(found.differences("a")["b"])
    +10.0 [+5.0, +16.0] *
    """

    names: tuple[str, ...]
    means: Double
    draws: Double

    @classmethod
    def of(
        cls, scores: Mapping[str, Double], resamples: int = 10_000, random_state: int = 0
    ) -> Self:
        """Resample the questions; each method has (n, k) scores of the same n."""
        stacked = np.stack(list(scores.values()), axis=1)
        n, m, k = stacked.shape
        draws = bootstrap_means(stacked.reshape(n, m * k), resamples, random_state)
        return cls(tuple(scores), stacked.mean(axis=0), draws.reshape(resamples, m, k))

    @classmethod
    def mean_of(cls, parts: Sequence[ResampledScores]) -> Self:
        """Average independent sets of questions, such as those of several languages."""
        means = np.mean([part.means for part in parts], axis=0)
        return cls(parts[0].names, means, np.mean([part.draws for part in parts], axis=0))

    def interval(self, method: int, score: int) -> tuple[float, float]:
        """Return the 95 % interval of a mean."""
        return percentile_interval(self.draws[:, method, score])

    def differences(self, baseline: str, score: int = 0) -> dict[str, PairedDifference]:
        """Compare all other methods with one; the p-values are adjusted for their number."""
        base = self.names.index(baseline)
        others = [i for i in range(len(self.names)) if i != base]
        draws = [self.draws[:, i, score] - self.draws[:, base, score] for i in others]
        p_values = [_p_value(each) for each in draws]
        return {
            self.names[i]: PairedDifference(
                float(self.means[i, score] - self.means[base, score]),
                percentile_interval(each),
                p,
                adjusted,
            )
            for i, each, p, adjusted in zip(others, draws, p_values, holm(p_values), strict=True)
        }

    def clear_best(self, score: int = 0) -> str | None:
        """Return the method that is significantly better than each other one, if any."""
        best = self.names[int(self.means[:, score].argmax())]
        others = self.differences(best, score).values()
        return best if all(other.is_significant for other in others) else None


def _p_value(draws: Double) -> float:
    """Return twice the share of resamples on the smaller side of 0, the data counted as one."""
    smaller = min((draws <= ROUNDING).sum(), (draws >= -ROUNDING).sum())
    return min(1.0, 2 * (int(smaller) + 1) / (len(draws) + 1))
