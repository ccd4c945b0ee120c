"""Callbacks for progress and logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

__all__ = ["Log", "Progress", "part_of"]

Progress: TypeAlias = Callable[[float], object]
"""Function called repeatedly with the fraction done, in [0, 1]."""

Log: TypeAlias = Callable[[dict[str, Any]], object]
"""Function called with the figures of each step: numbers and strings that fit into JSON."""


def part_of(progress: Progress | None, start: float, share: float) -> Progress | None:
    """Return the callback of a part of the work."""
    return None if progress is None else lambda fraction: progress(start + share * fraction)
