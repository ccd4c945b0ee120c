"""Maps without centering: one matrix that makes the whole map, and what going without costs."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.support.arrays import Double, Matrix
    from alignx.vectors.normalizer import Normalizer

__all__ = ["LinearCost", "composed_map"]

_QUANTILE = 1.96  # of the normal distribution: 95 % lie within that many standard errors


@dataclass(frozen=True)
class LinearCost:
    """How many words a linear map translates wrong that one with centering translates right.

    Both were fitted in the same way on the same pairs, and asked for the words of other pairs.

    Attributes
    ----------
    linear, standard : float
        P@1 of each, in [0, 1].
    n : int
        How many words were asked for.
    cost : float
        P@1 that the linear map loses, in [-1, 1]; negative where it gains.
    low, high : float
        95 % interval of the cost, from the words on which the two differ.

    Examples
    --------
    >>> right = np.arange(100) < 60
    >>> print(LinearCost.of(right, np.arange(100) < 70))
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
        """Compare both by which of the same words they translate right, (n,) bool, n > 1."""
        lost = standard.astype(np.float64) - linear
        margin = _QUANTILE * lost.std(ddof=1) / math.sqrt(len(lost))
        cost = lost.mean()
        return cls(
            float(linear.mean()),
            float(standard.mean()),
            len(lost),
            float(cost),
            float(cost - margin),
            float(cost + margin),
        )

    def as_dict(self) -> dict[str, float]:
        """Give what ``--json`` prints and files hold."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"P@1 {100 * self.linear:.1f} instead of {100 * self.standard:.1f} on {self.n:,} "
            f"held-out words, a cost of {100 * self.cost:.1f} "
            f"[{100 * self.low:.1f}, {100 * self.high:.1f}]"
        )


def composed_map(normalizer: Normalizer, matrix: Matrix, mean: Matrix) -> Double:
    """Make one matrix of normalization and map.

    Parameters
    ----------
    normalizer : Normalizer
        Fitted; its steps come first.
    matrix : (d, c) float32
        The map that follows.
    mean : (d,) float32
        What is subtracted before the map.

    Returns
    -------
    (d, c) float64
        Rows times this are the mapped rows up to a positive factor for each.

    Raises
    ------
    ValueError
        If the mean of rows is subtracted anywhere.

    Examples
    --------
    >>> from alignx.vectors.normalizer import LINEAR, Normalizer
    >>> rows = np.array([[1, 1], [1, -1]], dtype=np.float32)
    >>> normalizer = Normalizer(steps=LINEAR).fit(rows)  # takes out the first direction
    >>> composed_map(normalizer, np.eye(2, dtype=np.float32), np.zeros(2, np.float32))
    array([[0., 0.],
           [0., 1.]])
    """
    if "center" in normalizer.steps_ or mean.any():
        raise ValueError(
            "the map must be linear, got one that centers: centering after unit length is not "
            "linear in the n-gram sums of a model; fit with linear=True (align --linear)"
        )
    composed = matrix.astype(np.float64)
    for direction in reversed(normalizer.means_):  # those of the steps "project"
        composed -= np.outer(direction, direction @ composed)
    return composed
