"""The least work with which an approximate search finds enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from alignx.support.arrays import Matrix
    from alignx.support.progress import Progress

__all__ = ["least_settings", "sampled"]


def sampled(rows: Matrix, count: int, seed: int) -> Matrix:
    """Draw some of the rows, in their order; all if there are not more.

    Raises
    ------
    ValueError
        If `count` is less than 1 or there are no rows.
    """
    if not len(rows):
        raise ValueError("queries must have at least 1 row, got 0")
    if count < 1:
        raise ValueError(f"sample must be at least 1, got {count}")
    if len(rows) <= count:
        return rows
    chosen: Matrix = rows[np.sort(np.random.default_rng(seed).permutation(len(rows))[:count])]
    return chosen


def least_settings(
    recall_of: Callable[[dict[str, int]], float],
    largest: dict[str, int],
    target: float,
    progress: Progress | None = None,
) -> tuple[dict[str, int], float]:
    """Find the least of each setting in turn, with the most of those that follow.

    Parameters
    ----------
    recall_of : callable
        Measures the recall with some settings; more work finds more, or as much.
    largest : dict of str to int
        The most of each setting, at least 1.
    target : float
        Recall to reach.
    progress : callable, optional
        Called now and then with a fraction; how much there is to do is not known beforehand.

    Returns
    -------
    settings : dict of str to int
        In the order of `largest`.
    reached : float
        Their recall; less than `target` if no settings reach it.

    Examples
    --------
    >>> least_settings(lambda work: work["nprobe"] / 100, {"nprobe": 100}, 0.37)
    ({'nprobe': 37}, 0.37)
    """
    measured: dict[tuple[int, ...], float] = {}

    def measure(settings: dict[str, int]) -> float:
        key = tuple(settings.values())
        if key not in measured:
            measured[key] = recall_of(settings)
            if progress is not None:
                progress(1 - 0.9 ** len(measured))
        return measured[key]

    settings = dict(largest)
    for name in largest:
        # What one setting misses none of the next finds again: so it may miss half of the whole.
        is_last = name == list(largest)[-1]
        for goal in [target] if is_last else [(1 + target) / 2, target]:
            value = _least(lambda value: measure(settings | {name: value}), largest[name], goal)  # noqa: B023  # called at once
            if value is not None:
                settings[name] = value
                break
    return settings, measure(settings)


def _least(recall_of: Callable[[int], float], largest: int, goal: float) -> int | None:
    """Find the least number in [1, largest] that reaches the goal; None if the largest does not."""
    low, high = 0, 1
    while recall_of(high) < goal:
        if high == largest:
            return None
        low, high = high, min(2 * high, largest)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if recall_of(middle) < goal else (low, middle)
    return high
