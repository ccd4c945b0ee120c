"""Dictionary files of all formats.

All lines together determine the format: a mark separates if it does so in nearly all lines, and a
header is a first line that differs from the others. Ambiguous files are refused, as a wrong pair
looks like a right one afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from alignx.errors import FormatError
from alignx.lexicon import json_lines, table
from alignx.lexicon.entries import COLUMNS_HINT, Columns, Entries
from alignx.lexicon.word_checks import require_words
from alignx.support.text_files import read_lines

if TYPE_CHECKING:
    from alignx.support.files import StrPath

__all__ = ["read_pairs"]

_MOST_COLUMNS = 4  # source, target, score, probability


def read_pairs(
    path: StrPath,
    *,
    columns: Columns | None = None,
    scored: bool = False,
    on_error: Literal["raise", "skip"] = "raise",
) -> tuple[Entries, int, list[str]]:
    """Read word pairs; see `Lexicon.load`.

    Returns the entries, at least one, the number of malformed lines, and notes on lines that were
    recognized as something else than a pair.
    """
    _require_valid_columns(columns)
    what = "a similarity file" if scored else "a dictionary"
    notes: list[str] = []
    lines = [line for line in read_lines(path, what, markup=False) if line.text.strip()]
    if columns is None or not isinstance(columns[0], str):
        json_lines.refuse_document(path, what, lines)
    if json_lines.has_json_suffix(path) or (lines and json_lines.is_json_object(lines[0].text)):
        parse = json_lines.make_parser(columns)
    else:
        lines, parse = table.make_parser(path, lines, columns, notes)
    entries, skipped = Entries(), 0
    for number, text, _ in lines:
        try:
            source, target, numbers, marked = parse(text)
            if scored and not numbers:
                raise ValueError("a line must be word, word and score, separated by tabs")
        except ValueError as error:
            if on_error == "raise":
                # Files of similarity have their columns in one order.
                problem = str(error).partition(COLUMNS_HINT)[0] if scored else str(error)
                raise FormatError(path, problem, number) from None
            skipped += 1
            continue
        entries.lines.append(number)
        entries.sources.append(source)
        entries.targets.append(target)
        entries.numbers.append(numbers)
        if marked:
            entries.marked.append((marked, number))
    if not entries:
        raise FormatError(path, f"{what} holds pairs of words, got none ({skipped} bad lines)")
    if not scored:
        require_words(path, entries)
    return entries, skipped, notes


def _require_valid_columns(columns: Columns | None) -> None:
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
