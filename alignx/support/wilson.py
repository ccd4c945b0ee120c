"""Intervals of shares."""

from __future__ import annotations

import math

__all__ = ["wilson_interval"]

QUANTILE = 1.959963984540054  # of the normal distribution, at 97.5 %


def wilson_interval(share: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of n, by Wilson's score; (0, 1) if n is 0.

    It keeps its width for few n and for shares of 0 and 1, where that of the bootstrap collapses.

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference".

    Examples
    --------
    >>> [round(end, 3) for end in wilson_interval(1.0, 1)]
    [0.207, 1.0]
    """
    if not n:
        return 0.0, 1.0
    z2 = QUANTILE**2 / n
    center = share + z2 / 2
    margin = math.sqrt(z2 * (share * (1 - share) + z2 / 4))
    low, high = ((center + sign * margin) / (1 + z2) for sign in (-1, 1))
    # The ends at shares of 0 and 1 are exact but for rounding.
    return (max(0.0, low) if share else 0.0), (min(1.0, high) if share < 1 else 1.0)
