"""Columns of a table: words, numbers, and what is neither."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from alignx.errors import FormatError
from alignx.lexicon.entries import COLUMNS_ADVICE, Kind, number_of, unquoted
from alignx.lexicon.header import is_header, named_words
from alignx.lexicon.parts_of_speech import is_part_of_speech
from alignx.lexicon.separators import NEARLY_ALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.lexicon.entries import Columns, Notes, Reading, Row
    from alignx.lexicon.table import Table
    from alignx.support.files import StrPath

__all__ = ["Layout", "find_layout", "require_valid_columns"]

_RULE = "a line must hold two words and perhaps a score and a probability"
_MOST_COLUMNS = 4  # source, target, score, probability
_NOTE_ONLY = re.compile(r"\[[^\[\]]*\]|\{[^{}]*\}|<[^<>]*>|\([^()]*\)")


class Layout(NamedTuple):
    """Rows of pairs, and the places of words, numbers and parts of speech, from 0."""

    rows: list[Row]
    source: int = 0
    target: int = 1
    numbers: tuple[int, ...] = ()
    is_given: bool = False
    tags: int | None = None


def require_valid_columns(columns: Columns | None) -> None:
    """Refuse columns that are no two to four names or numbers by a ValueError."""
    if columns is None:
        return
    if isinstance(columns, str) or not 2 <= len(columns) <= _MOST_COLUMNS:
        raise ValueError(
            f"columns must be those of source and target, and perhaps of score and probability, "
            f"got {columns!r}"
        )
    if len({isinstance(column, str) for column in columns}) > 1:
        raise ValueError(f"columns must be all names or all numbers, got {tuple(columns)}")
    if any(not isinstance(column, str) and column < 1 for column in columns):
        raise ValueError(f"columns must be numbered from 1, got {tuple(columns)}")
    if len(set(columns)) < len(columns):
        raise ValueError(f"columns must differ, got {tuple(columns)}")


def find_layout(path: StrPath, table: Table, reading: Reading, notes: Notes) -> Layout:
    """Find the header and the columns of words and numbers, by name, number or content.

    Rows of more cells than nearly all others become problems of the table.
    """
    rows, names, columns = table.rows, table.names, reading.columns
    if table.is_own:
        return Layout(rows, numbers=(2, 3))
    by_name = columns is not None and isinstance(columns[0], str)
    given = None if columns is None or by_name else [int(column) - 1 for column in columns]
    kinds = _kinds_of(rows[1:] if names is None and len(rows) > 1 else rows)
    if names is None and rows and reading.header is not False:
        first = list(map(unquoted, rows[0][1]))
        words = given or _by_content(kinds, first)[0] or [0, 1]
        found = is_header(first, words, kinds) and not _recur(first, words[:2], kinds, rows[1:])
        if reading.header or by_name or found:
            names, rows = first, rows[1:]
            notes.shape.append("header skipped")
    if names is None:
        kinds = _kinds_of(rows)
    if columns is not None:
        places = given or _places_of(path, names or [], columns)
        tags = _tags_of(kinds, places)
        return Layout(rows, places[0], places[1], tuple(places[2:]), is_given=True, tags=tags)
    rows = _without_longer(rows, len(kinds), table)
    if not rows or (len(kinds) <= 2 and not table.names):
        return Layout(rows)
    (source, target), numbers = _chosen(path, rows, kinds, names, reading, table.is_spaced)
    used = _usable(path, numbers, rows, names, reading)
    if table.names:
        notes.shape.append(f"keys {table.names[source]!r} and {table.names[target]!r}")
    elif (source, target) != (0, 1) or len(kinds) > 2 + len(numbers):
        notes.shape.append(f"columns {source + 1} and {target + 1}")
    if left := [str(place + 1) for place in numbers if place not in used]:
        noun = "column" if len(left) == 1 else "columns"
        notes.shape.append(f"numbers in {noun} {' and '.join(left)} left out")
    return Layout(rows, source, target, used, tags=_tags_of(kinds, (source, target, *used)))


def _tags_of(kinds: Sequence[Kind], used: Sequence[int]) -> int | None:
    """Return the place of parts of speech, if there is such a column beside the used ones."""
    places = (i for i, kind in enumerate(kinds) if kind == "parts of speech" and i not in used)
    return next(places, None)


def _recur(
    first: Sequence[str], words: Sequence[int], kinds: Sequence[Kind], rows: Sequence[Row]
) -> bool:
    """Return True if words of the first row are in the same column again, as names are not.

    An English dictionary has the headword "source" below the name, so the names of two columns may
    recur in one of them, and in both if numbers have a name too.
    """
    n_recurring = sum(
        any(place < len(cells) and cells[place] == first[place] for _, cells in rows)
        for place in words
    )
    if named_words(first) != sorted(words):
        return n_recurring > 0
    return n_recurring == 2 and "numbers" not in kinds


def _places_of(path: StrPath, names: list[str], columns: Columns) -> list[int]:
    """Find columns by name in any case."""
    found = [name.strip().lower() for name in names]
    for column in columns:
        if str(column).lower() not in found:
            there = ", ".join(map(repr, names)) or "no line"
            raise FormatError(path, f"there must be a column {column!r}, got {there}", 1)
    return [found.index(str(column).lower()) for column in columns]


# --- by content -------------------------------------------------------------------------------


def _kinds_of(rows: Sequence[Row]) -> list[Kind]:
    """Recognize the content of each column that is not rare; two columns hold words."""
    if all(len(cells) == 2 for _, cells in rows):  # as in nearly all files
        return ["words", "words"]
    counts = Counter(len(cells) for _, cells in rows)
    width, n_narrower = 2, 0
    for n_cells in sorted(counts):
        if n_narrower < NEARLY_ALL * len(rows):
            width = n_cells
        n_narrower += counts[n_cells]
    if width <= 2:
        return ["words", "words"]
    columns = [[row[1][j] for row in rows if len(row[1]) > j] for j in range(width)]
    return [_kind_of([cell for cell in column if cell]) for column in columns]


def _without_longer(rows: list[Row], width: int, table: Table) -> list[Row]:
    """Drop rows with more words than nearly all others; they are problems of the table."""
    if all(len(cells) <= width for _, cells in rows):
        return rows
    kept = []
    for row in rows:
        if any(number_of(cell) is None for cell in row[1][width:]):
            found = ", ".join(map(repr, row[1][:6]))
            problem = f"{_RULE}, got {found}; {COLUMNS_ADVICE}"
            table.problems.append((row[0], problem))
        else:
            kept.append(row)
    return kept


def _kind_of(cells: list[str]) -> Kind:
    values = set(map(unquoted, cells))
    if not any(character.isalnum() for value in values for character in value):
        return "marks"
    if all(number_of(value) is not None for value in values):
        return "numbers"
    if all(map(is_part_of_speech, values)):
        return "parts of speech"
    if all(_NOTE_ONLY.fullmatch(value) for value in values):
        return "notes"
    return "one value" if len(values) == 1 and len(cells) > 1 else "words"


def _by_content(kinds: Sequence[Kind], names: list[str] | None) -> tuple[list[int], list[int]]:
    """Return the places of two columns of words, or none, and of the numbers behind them."""
    words = [place for place, kind in enumerate(kinds) if kind in ("words", "one value")]
    if len(words) > 2:
        words = [place for place in words if kinds[place] == "words"]
    if len(words) != 2 and names:
        words = named_words(names)
    if len(words) != 2:
        return [], []
    behind = range(max(words) + 1, len(kinds))
    return words, [place for place in behind if kinds[place] == "numbers"]


def _chosen(
    path: StrPath,
    rows: list[Row],
    kinds: list[Kind],
    names: list[str] | None,
    reading: Reading,
    is_spaced: bool,
) -> tuple[list[int], list[int]]:
    """Return the two columns of words and those of numbers; refuse others."""
    words, numbers = _by_content(kinds, names)
    # "to go ir": a word that all lines share may be part of phrases.
    if words and not (is_spaced and "one value" in kinds):
        return words, numbers
    if reading.scored or all(kind == "numbers" for kind in kinds[2:]):
        return [0, 1], list(range(2, 3 if reading.scored else len(kinds)))
    row = next((row for row in rows if len(row[1]) == len(kinds)), rows[0])
    if "" in row[1][:2]:
        raise FormatError(path, "a pair needs two words, got an empty one", row[0])
    if is_spaced:
        problem = f"a pair needs two words, got {len(row[1])}; separate entries of several "
        raise FormatError(path, f"{problem}words by a tab, or {COLUMNS_ADVICE}", row[0])
    called = "" if names is None else f", called {', '.join(map(repr, names[:6]))}"
    found = ", ".join(map(repr, row[1][:6]))
    advice = COLUMNS_ADVICE
    if names:
        advice = f"{COLUMNS_ADVICE.removesuffix('(1, 3)')}{tuple(names[:2])}"
    raise FormatError(path, f"{_RULE}, got {found}{called}; {advice}", row[0])


def _usable(
    path: StrPath, numbers: list[int], rows: list[Row], names: list[str] | None, reading: Reading
) -> tuple[int, ...]:
    """Return the columns of a score and a probability, without numbers out of range."""
    if len(numbers) > 2 - reading.scored and names is None:
        if reading.scored:
            problem = f"a similarity file has one score a line, got {len(numbers)} numbers"
            raise FormatError(path, f"{problem}; keep one, or name the columns in a header")
        return ()
    if reading.scored:
        return tuple(numbers[:1])
    used: list[int] = []
    for place in numbers[:2]:
        values = [number_of(row[1][place]) for row in rows if len(row[1]) > place]
        given = [value for value in values if value is not None]
        if not all(map(math.isfinite, given)) or (used and not all(0 <= x <= 1 for x in given)):
            break
        used.append(place)
    return tuple(used)
