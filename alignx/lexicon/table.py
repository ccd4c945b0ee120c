"""Dictionaries in tables: columns of words, and perhaps of scores and probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.errors import FormatError
from alignx.lexicon.entries import COLUMNS_HINT, Columns, Parser, require_valid_numbers, unquoted
from alignx.lexicon.header import is_header
from alignx.lexicon.separators import Separator, without_comments
from alignx.lexicon.word_checks import is_plain, refuse_notes_and_lists, word_with_mark

if TYPE_CHECKING:
    from alignx.support.files import StrPath
    from alignx.support.text_files import Line

__all__ = ["make_parser"]


def make_parser(
    path: StrPath, lines: list[Line], columns: Columns | None, notes: list[str]
) -> tuple[list[Line], Parser]:
    """Return the lines of pairs and a parser of them."""
    lines = without_comments(lines, notes)
    separator = Separator.of([line.text for line in lines], any_width=columns is not None)
    rows = (separator.cells(line.text) for line in lines)
    first = next(rows, None)
    header: list[str] | None = None
    by_name = columns is not None and isinstance(columns[0], str)
    if first is not None and (by_name or is_header(first, rows, columns)):
        header = list(map(unquoted, first))
        notes.append(f"line {lines[0].number} is a header")
        lines = lines[1:]
    indices: list[int] | None = None
    if columns is not None:
        indices = (
            _indices_of(path, header or [], columns)
            if by_name
            else [int(column) - 1 for column in columns]
        )

    def parse(text: str) -> tuple[str, str, tuple[float, ...], str]:
        cells = separator.cells(text)
        separator.require_width(text, cells)
        if indices is None:
            source, target, *rest = cells if len(cells) > 1 else [*cells, ""]
            while rest and not rest[-1]:
                rest.pop()
            numbers = _score_and_probability(cells, rest, header) if rest else ()
        else:
            if max(indices) >= len(cells):
                raise ValueError(f"a line must have {max(indices) + 1} columns, got {len(cells)}")
            source, target, *rest = (cells[index] for index in indices)
            numbers = tuple(map(_number, rest))
        if not source or not target:
            raise ValueError("a pair needs two words, got an empty one")
        if numbers:
            require_valid_numbers(numbers)
        if is_plain(source, target):
            return source, target, numbers, ""
        refuse_notes_and_lists(source, target)
        return unquoted(source), unquoted(target), numbers, word_with_mark(source, target)

    return lines, parse


def _indices_of(path: StrPath, header: list[str], columns: Columns) -> list[int]:
    """Find columns by name in any case."""
    names = [name.strip().lower() for name in header]
    indices = []
    for column in columns:
        if str(column).lower() not in names:
            found = ", ".join(map(repr, header)) or "no line"
            raise FormatError(path, f"there must be a column {column!r}, got {found}", 1)
        indices.append(names.index(str(column).lower()))
    return indices


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise ValueError(f"a score and a probability must be numbers, got {cell!r}") from None


def _score_and_probability(
    cells: list[str], rest: list[str], header: list[str] | None
) -> tuple[float, ...]:
    """Parse the cells behind the words; refuse more words."""
    rule = "a line must hold two words and perhaps a score and a probability, got"
    try:
        numbers = tuple(map(float, rest))
    except ValueError:
        found = ", ".join(map(repr, [*cells[:2], *rest][:6]))
        names = "" if header is None else f", called {', '.join(map(repr, header[:6]))}"
        raise ValueError(
            f"{rule} {found}{names}{COLUMNS_HINT} are source and target, such as columns=(1, 3)"
        ) from None
    if len(numbers) > 2:
        raise ValueError(
            f"{rule} {len(numbers)} numbers{COLUMNS_HINT} to read, such as columns=(1, 2, 3)"
        )
    return numbers
