"""Entries of a dictionary file: words, numbers and quotes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = [
    "COLUMNS_HINT",
    "Columns",
    "Entries",
    "Parser",
    "is_number",
    "is_quoted",
    "quoted",
    "require_valid_numbers",
    "unquoted",
]

Columns: TypeAlias = Sequence[int | str]
"""Columns of source, target, and perhaps score and probability: numbers from 1, or names."""

Parser: TypeAlias = Callable[[str], tuple[str, str, tuple[float, ...], str]]
"""Function from a line to both words, their numbers, and the word that ends in a mark or ""."""

COLUMNS_HINT = "; say which columns"
_QUOTED = re.compile(r'"(?:[^"]|"")+"')


@dataclass
class Entries:
    """Word pairs with lines and numbers, and words ending in a mark."""

    lines: list[int] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    numbers: list[tuple[float, ...]] = field(default_factory=list)
    marked: list[tuple[str, int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)


def require_valid_numbers(numbers: Sequence[float]) -> None:
    """Refuse a score or probability out of range by a ValueError."""
    if all(map(math.isfinite, numbers)) and (len(numbers) < 2 or 0 <= numbers[1] <= 1):
        return
    hint = f"{COLUMNS_HINT} to read, such as columns=(1, 2)"
    for name, number in zip(("score", "probability"), numbers, strict=False):
        if not math.isfinite(number):
            raise ValueError(f"a {name} must be finite, got {number}{hint}")
    raise ValueError(
        f"a probability, behind the score, must lie in [0, 1], got {numbers[1]:g}{hint}"
    )


def is_number(cell: str) -> bool:
    """Return True if a cell holds a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def is_quoted(cell: str) -> bool:
    """Return True if double quotes enclose the whole cell."""
    return cell.startswith('"') and _QUOTED.fullmatch(cell) is not None


def unquoted(cell: str) -> str:
    """Remove double quotes around the whole cell.

    Examples
    --------
    >>> unquoted('"cat"'), unquoted('"'), unquoted('"a ""big"" cat"')
    ('cat', '"', 'a "big" cat')
    """
    return cell[1:-1].replace('""', '"') if is_quoted(cell) else cell


def quoted(word: str) -> str:
    """Enclose a word in double quotes; quotes within are doubled."""
    return '"' + word.replace('"', '""') + '"'
