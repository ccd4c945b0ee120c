"""Read the word pairs of dictionary files: which cells are words, scores, or names of columns.

What a line means is told by all lines together: a mark separates where it does so throughout, and
a first line is a header where it differs from the others. What stays in doubt is refused, never
guessed: a wrong pair looks like a right one ever after.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from alignx.errors import FormatError
from alignx.lexicon.cells import (
    Chosen,
    Entry,
    as_number,
    is_header,
    is_plain,
    marked,
    refuse_doubtful,
    refuse_notes_and_lists,
    unquoted,
)
from alignx.lexicon.rows import Row, rows_of, without_comments
from alignx.support.text_files import read_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from alignx.support.text_files import Line

__all__ = ["ReadPairs", "read_pairs"]

_HINT = "; say which columns"
_MOST_COLUMNS = 4  # source, target, score, probability


class ReadPairs(NamedTuple):
    """What a file holds.

    Attributes
    ----------
    entries : list of Entry
        At least one.
    skipped : int
        Malformed lines that were left out.
    notes : list of str
        What was taken for something else than a pair, such as a header.
    """

    entries: list[Entry]
    skipped: int
    notes: list[str]


_Parse: TypeAlias = Callable[[Row], Entry]
"""Raises ValueError at a row that holds no pair."""


def read_pairs(
    path: str | Path,
    *,
    columns: Chosen | None = None,
    scored: bool = False,
    on_error: Literal["raise", "skip"] = "raise",
) -> ReadPairs:
    """Read word pairs; the parameters are those of `Lexicon.load`.

    Raises
    ------
    FormatError
        If the file cannot be read or holds no pair, a line holds none, or it is in doubt which
        words are pairs; names file and line.
    ValueError
        If `columns` are none.
    """
    _check_columns(columns)
    what = "a similarity file" if scored else "a dictionary"
    lines = [line for line in read_lines(path, what, markup=False) if line.text.strip()]
    if columns is None or not isinstance(columns[0], str):
        _refuse_json(path, what, lines)
    notes: list[str] = []
    if _is_jsonl(path) or (lines and _is_json_object(lines[0].text)):
        rows, parse = _json_rows(lines), _json_parser(columns)
    else:
        lines = without_comments(lines, notes)
        rows = rows_of(lines, chosen=columns is not None)
        rows, parse = _find_columns(path, rows, columns, notes)
    entries: list[Entry] = []
    skipped = 0
    for row in rows:
        try:
            if row.problem:
                raise ValueError(row.problem)
            entry = parse(row)
            if scored and not entry.numbers:
                raise ValueError("a line must be word, word and score, separated by tabs")
        except ValueError as error:
            if on_error == "raise":
                # Files of similarity have their columns in one order.
                problem = str(error).partition(_HINT)[0] if scored else str(error)
                raise FormatError(path, problem, row.line) from None
            skipped += 1
            continue
        entries.append(entry)
    if not entries:
        raise FormatError(path, f"{what} holds pairs of words, got none ({skipped} bad lines)")
    if not scored:
        refuse_doubtful(path, entries)
    return ReadPairs(entries, skipped, notes)


def _check_columns(columns: Chosen | None) -> None:
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


def _refuse_json(path: str | Path, what: str, lines: list[Line]) -> None:
    """Refuse what is JSON as a whole, rather than line by line."""
    text = "\n".join(line.text for line in lines).strip()
    if text[:1] not in ("[", "{") or text[-1:] not in ("]", "}") or '"' not in text:
        return
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return
    # One object is one line of JSON lines.
    if isinstance(found, list) or not (_is_jsonl(path) or {"source", "target"} <= found.keys()):
        raise FormatError(
            path,
            f"{what} holds two words a line, got JSON as a whole; write an object a line, such as "
            '{"source": "cat", "target": "gato"}',
            lines[0].number,
        )


def _is_jsonl(path: str | Path) -> bool:
    return str(path).endswith((".jsonl", ".jsonl.gz"))


def _is_json_object(line: str) -> bool:
    if not line.lstrip().startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


# --- JSON lines -------------------------------------------------------------------------------


def _json_rows(lines: list[Line]) -> list[Row]:
    return [Row(line.number, [line.text]) for line in lines]


def _json_parser(columns: Chosen | None) -> _Parse:
    if columns is not None and not isinstance(columns[0], str):
        raise ValueError(f"columns of JSON lines have names, got {tuple(columns)}")
    names = [str(name) for name in columns or ("source", "target", "score", "probability")]

    def parse(row: Row) -> Entry:
        try:
            entry: Any = json.loads(row.cells[0])
        except (ValueError, RecursionError):
            entry = None
        if not isinstance(entry, dict) or not set(names[:2]) <= entry.keys():
            found = f", got {', '.join(map(repr, entry))}" if isinstance(entry, dict) else ""
            hint = "; name others with columns=" if found else ""
            raise ValueError(
                f'a line must be a JSON object with "{names[0]}" and "{names[1]}"{found}{hint}'
            )
        source, target = entry[names[0]], entry[names[1]]
        for name in names[:2]:
            if isinstance(entry[name], list):
                raise ValueError(f'"{name}" must be one word, got a list; write a line for each')
        if not (isinstance(source, str) and isinstance(target, str) and source and target):
            raise ValueError(f'"{names[0]}" and "{names[1]}" must be words')
        numbers = [entry[name] for name in names[2:] if name in entry]
        if not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
            raise ValueError('"score" and "probability" must be numbers')
        return Entry(row.line, source, target, _checked(numbers))

    return parse


# --- columns ----------------------------------------------------------------------------------


def _find_columns(
    path: str | Path, rows: list[Row], columns: Chosen | None, notes: list[str]
) -> tuple[list[Row], _Parse]:
    """Leave out a header, and say which columns are the words and numbers."""
    header: list[str] | None = None
    by_name = columns is not None and isinstance(columns[0], str)
    if rows and (by_name or is_header([row.cells for row in rows], columns)):
        header = [unquoted(cell) for cell in rows[0].cells]
        notes.append(f"line {rows[0].line} is a header")
        rows = rows[1:]
    places: list[int] | None = None
    if by_name:
        places = _named(path, header or [], columns or ())
    elif columns is not None:
        places = [int(column) - 1 for column in columns]
    return rows, _parser(places, header)


def _named(path: str | Path, header: list[str], columns: Chosen) -> list[int]:
    """Find columns by name; case does not matter."""
    names = [name.strip().lower() for name in header]
    places = []
    for column in columns:
        if str(column).lower() not in names:
            found = ", ".join(map(repr, header)) or "no line"
            raise FormatError(path, f"there must be a column {column!r}, got {found}", 1)
        places.append(names.index(str(column).lower()))
    return places


def _parser(places: list[int] | None, header: list[str] | None) -> _Parse:
    def parse(row: Row) -> Entry:
        cells = row.cells
        if places is None:
            source, target, *rest = cells if len(cells) > 1 else [*cells, ""]
            while rest and not rest[-1]:
                rest.pop()
            numbers = _numbers(source, target, rest, header)
        else:
            if max(places) >= len(cells):
                raise ValueError(f"a line must have {max(places) + 1} columns, got {len(cells)}")
            source, target, *rest = (cells[place] for place in places)
            numbers = [as_number(cell) for cell in rest]
        if not source or not target:
            raise ValueError("a pair needs two words, got an empty one")
        if is_plain(source, target):
            return Entry(row.line, source, target, _checked(numbers))
        refuse_notes_and_lists(source, target)
        words = unquoted(source), unquoted(target)
        return Entry(row.line, *words, _checked(numbers), marked(source, target))

    return parse


def _numbers(source: str, target: str, rest: list[str], header: list[str] | None) -> list[float]:
    """Read score and probability; refuse further words."""
    if not rest:
        return []
    try:
        numbers = [float(cell) for cell in rest]
    except ValueError:
        found = ", ".join(map(repr, [source, target, *rest][:6]))
        names = "" if header is None else f", called {', '.join(map(repr, header[:6]))}"
        raise ValueError(
            f"a line must hold two words and perhaps a score and a probability, got {found}{names}"
            f"{_HINT} are source and target, such as columns=(1, 3)"
        ) from None
    if len(numbers) > 2:
        raise ValueError(
            "a line must hold two words and perhaps a score and a probability, got "
            f"{len(numbers)} numbers{_HINT} to read, such as columns=(1, 2, 3)"
        )
    return numbers


def _checked(numbers: Sequence[float]) -> tuple[float, ...]:
    """Refuse scores and probabilities that are none; raises ValueError."""
    if all(map(math.isfinite, numbers)) and (len(numbers) < 2 or 0 <= numbers[1] <= 1):
        return tuple(map(float, numbers))
    for name, number in zip(("score", "probability"), numbers, strict=False):
        if not math.isfinite(number):
            raise ValueError(
                f"a {name} must be finite, got {number}{_HINT} to read, such as columns=(1, 2)"
            )
    raise ValueError(
        f"a probability, behind the score, must lie in [0, 1], got {numbers[1]:g}"
        f"{_HINT} to read, such as columns=(1, 2)"
    )
