"""How long work tells its caller how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

__all__ = ["Log", "Progress", "part_of"]

Progress: TypeAlias = Callable[[float], object]
"""Called now and then with the fraction done, in [0, 1]."""

Log: TypeAlias = Callable[[dict[str, Any]], object]
"""Called with the figures of one step: numbers and strings that JSON can hold."""


def part_of(progress: Progress | None, start: float, share: float) -> Progress | None:
    """Give the progress of a part that begins at `start` and takes `share` of the whole."""
    return None if progress is None else lambda fraction: progress(start + share * fraction)
