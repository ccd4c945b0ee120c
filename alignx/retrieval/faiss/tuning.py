"""Tuning of approximate indexes to a recall."""

from __future__ import annotations

from bisect import bisect_left
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from alignx.support.arrays import Matrix
    from alignx.support.progress import Progress

__all__ = ["sampled", "smallest_settings"]


def sampled(rows: Matrix, count: int, random_state: int) -> Matrix:
    """Draw at most `count` of the rows, in their order."""
    if not len(rows):
        raise ValueError("queries must have at least 1 row, got 0")
    if count < 1:
        raise ValueError(f"sample must be at least 1, got {count}")
    if len(rows) <= count:
        return rows
    drawn = np.random.default_rng(random_state).permutation(len(rows))[:count]
    chosen: Matrix = rows[np.sort(drawn)]
    return chosen


def smallest_settings(
    recall_of: Callable[[dict[str, int]], float],
    largest: dict[str, int],
    target: float,
    progress: Progress | None = None,
) -> tuple[dict[str, int], float]:
    """Find the smallest value of each setting in turn, with the largest of later ones.

    `recall_of` measures the recall with some settings, which must not fall as they grow. Returned
    are settings and their recall, which is less than `target` if no settings reach it.

    Examples
    --------
    >>> smallest_settings(lambda settings: settings["nprobe"] / 100, {"nprobe": 100}, 0.37)
    ({'nprobe': 37}, 0.37)
    """
    count = 0

    @cache
    def measure(*values: int) -> float:
        nonlocal count
        reached = recall_of(dict(zip(largest, values, strict=True)))
        count += 1
        if progress is not None:
            progress(1 - 0.9**count)
        return reached

    settings = dict(largest)
    for name in largest:
        # A later setting does not find again what one misses: so it may miss half of the whole.
        is_last = name == list(largest)[-1]
        for goal in [target] if is_last else [(1 + target) / 2, target]:
            value = _smallest(
                lambda value: measure(*(settings | {name: value}).values()),  # noqa: B023  # called at once
                largest[name],
                goal,
            )
            if value is not None:
                settings[name] = value
                break
    return settings, measure(*settings.values())


def _smallest(recall_of: Callable[[int], float], largest: int, goal: float) -> int | None:
    """Find the smallest number in [1, largest] that reaches the goal; None if none does."""
    # Doubling first spares the costly measurements of a bisection from the middle.
    low, high = 0, 1
    while recall_of(high) < goal:
        if high == largest:
            return None
        low, high = high, min(2 * high, largest)
    return low + 1 + bisect_left(range(low + 1, high), goal, key=recall_of)
