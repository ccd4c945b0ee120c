"""Dictionaries in JSON lines: an object for each pair."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["format_line"]


def format_line(source: str, target: str, numbers: Mapping[str, float]) -> str:
    """Format a pair with its score and probability, rounded to 4 decimals."""
    rounded = {name: round(number, 4) for name, number in numbers.items()}
    return json.dumps({"source": source, "target": target, **rounded}, ensure_ascii=False)
