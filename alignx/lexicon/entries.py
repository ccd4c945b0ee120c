"""Entries of a dictionary file: words, numbers and quotes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

__all__ = [
    "COLUMNS_ADVICE",
    "Columns",
    "Entries",
    "Kind",
    "Lines",
    "Notes",
    "Reading",
    "Row",
    "is_number",
    "is_quoted",
    "number_of",
    "quoted",
    "unquoted",
]

Columns: TypeAlias = Sequence[int | str]
"""Columns of source, target, and perhaps score and probability: numbers from 1, or names."""

Kind: TypeAlias = Literal["words", "numbers", "parts of speech", "notes", "one value", "marks"]
"""Content of a column."""

COLUMNS_ADVICE = "say which columns are source and target, such as columns=(1, 3)"
_QUOTED = re.compile(r'"(?:[^"]|"")+"')
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


Lines: TypeAlias = list[tuple[int, str]]
"""Numbers of lines, and their texts."""

Row: TypeAlias = tuple[int, tuple[str, ...]]
"""Number of a line, and its cells; the garbage collector passes over tuples of words."""


@dataclass
class Entries:
    """Word pairs with their lines and numbers, in columns, which take less time than objects."""

    lines: list[int] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    numbers: list[tuple[float, ...]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)  # parts of speech, where there is such a column

    def __len__(self) -> int:
        return len(self.lines)


class Reading(NamedTuple):
    """Choices of the user for a dictionary file; None is found by content."""

    columns: Columns | None = None
    delimiter: str | None = None
    header: bool | None = None
    scored: bool = False
    on_error: Literal["raise", "skip"] = "raise"


@dataclass
class Notes:
    """Guesses about a file, and counts of changes: "3 annotations removed"."""

    shape: list[str] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, noun: str, change: str, by: int = 1) -> None:
        """Count changes of one kind; the noun in the singular."""
        self.counts[noun, change] += by

    def texts(self) -> tuple[str, ...]:
        """Return a short text for each guess and each count."""
        counts = [
            f"{n:,} {noun if n == 1 else _plural(noun)} {change}"
            for (noun, change), n in self.counts.items()
            if n
        ]
        return *self.shape, *counts


def _plural(noun: str) -> str:
    head, space, rest = noun.partition(" ")
    return f"{head[:-1]}ies{space}{rest}" if head.endswith("y") else f"{head}s{space}{rest}"


def number_of(cell: str) -> float | None:
    """Parse a number, perhaps with a decimal comma; None for anything else.

    A comma before three digits may separate thousands, so "1,234" is none.

    Examples
    --------
    >>> number_of("3,5"), number_of("1e-3"), number_of("1,234"), number_of("cat")
    (3.5, 0.001, None, None)
    """
    if _DECIMAL_COMMA.fullmatch(cell) and not _THOUSANDS.fullmatch(cell):
        cell = cell.replace(",", ".")
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def is_number(cell: str) -> bool:
    """Return True if a cell holds a number."""
    return number_of(cell) is not None


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
