"""Dictionary files: from lines to a table, from its cells to pairs of words.

All lines together determine the format: a mark separates if it does so in nearly all lines, and a
header is a first line that differs from the others. Ambiguous files are refused, as a wrong pair
looks like a right one afterwards.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from alignx.errors import FormatError
from alignx.lexicon.cells import cleaned
from alignx.lexicon.columns import find_layout, require_valid_columns
from alignx.lexicon.entries import Entries, Notes, Reading, is_quoted, number_of, unquoted
from alignx.lexicon.json_files import read_json
from alignx.lexicon.other_formats import refuse_other_formats
from alignx.lexicon.table import read_table
from alignx.lexicon.word_checks import require_words
from alignx.support.text_files import read_lines

if TYPE_CHECKING:
    from alignx.lexicon.columns import Layout
    from alignx.lexicon.table import Table
    from alignx.support.files import StrPath

__all__ = ["read_pairs"]

_ANSWER = re.compile(r"[45]\d\d:? [A-Z][A-Za-z ]+")  # "404: Not Found"


def read_pairs(path: StrPath, reading: Reading) -> tuple[Entries, int, Notes]:
    """Read word pairs; see `Lexicon.load`.

    Returns the entries, at least one, the number of malformed lines, and notes on guesses and
    changes.
    """
    require_valid_columns(reading.columns)
    what = "a similarity file" if reading.scored else "a dictionary"
    notes = Notes()
    lines = [
        (number, text) for number, text, _ in read_lines(path, what) if text and not text.isspace()
    ]
    refuse_other_formats(path, what, lines)
    if len(lines) == 1 and _ANSWER.fullmatch(lines[0][1]):
        raise FormatError(path, f"{what} holds words, got a server's answer: {lines[0][1]!r}")
    found = None if reading.delimiter else read_json(path, lines, reading.columns, notes)
    if found is None:
        found = read_table(
            path, lines, reading.delimiter, notes, any_width=reading.columns is not None
        )
    layout = find_layout(path, found, reading, notes)
    if found.separator and (notes.shape or not found.separator.is_white):
        has_tabs = 2 * sum("\t" in text for _, text in lines) > len(lines)
        is_by_tabs = found.separator.is_white and has_tabs
        notes.shape.insert(0, "tab-separated" if is_by_tabs else str(found.separator))
    entries, problems = _entries_of(layout, scored=reading.scored)
    problems += found.problems
    if problems and reading.on_error == "raise":
        line, problem = min(problems)
        raise FormatError(path, problem, line)
    if not entries:
        skipped = f" ({len(problems)} bad lines)" if problems else ""
        raise FormatError(path, f"{what} holds pairs of words, got none{skipped}")
    if reading.scored or _has_quotes_of_csv(found, layout):
        entries.sources = list(map(unquoted, entries.sources))
        entries.targets = list(map(unquoted, entries.targets))
    if not (found.is_own or reading.scored):
        entries = cleaned(entries, notes)
        if reading.columns is None:
            require_words(path, entries)
    if layout.tags is not None:
        tag_of = {
            line: cells[layout.tags] for line, cells in layout.rows if len(cells) > layout.tags
        }
        entries.tags = [tag_of.get(line, "") for line in entries.lines]
    return entries, len(problems), notes


def _has_quotes_of_csv(table: Table, layout: Layout) -> bool:
    """Return True if quotes only enclose cells, rather than phrases with marks."""
    if table.separator is None or not table.rows:
        return False
    has_quoted_header = table.rows is not layout.rows and all(map(is_quoted, table.rows[0][1]))
    return has_quoted_header or (table.separator.has_quotes and not table.separator.is_tab)


def _entries_of(layout: Layout, *, scored: bool) -> tuple[Entries, list[tuple[int, str]]]:
    """Return the words and numbers of all rows, and the problems of malformed ones."""
    rows, at_source, at_target, places, *_ = layout
    if not (places or scored) and all(len(cells) == 2 and all(cells) for _, cells in rows):
        sources, targets = ([cells[at] for _, cells in rows] for at in (at_source, at_target))
        return Entries([line for line, _ in rows], sources, targets, [()] * len(rows)), []
    entries = Entries()
    problems: list[tuple[int, str]] = []
    for line, cells in rows:
        n = len(cells)
        source = cells[at_source] if at_source < n else ""
        target = cells[at_target] if at_target < n else ""
        try:
            if not source or not target:
                raise ValueError(_missing(layout, cells))
            numbers = _numbers(cells, layout) if places else ()
            if scored and not numbers:
                raise ValueError("a line must be word, word and score, got no score")
        except ValueError as error:
            problems.append((line, str(error)))
        else:
            entries.lines.append(line)
            entries.sources.append(source)
            entries.targets.append(target)
            entries.numbers.append(numbers)
    return entries, problems


def _missing(layout: Layout, cells: tuple[str, ...]) -> str:
    most = max(layout.source, layout.target) + 1
    if layout.is_given and len(cells) < most:
        return f"a line must have {most} columns, got {len(cells)}"
    return f"a pair needs two words, got an empty one beside {next(filter(None, cells), '')[:50]!r}"


def _numbers(cells: tuple[str, ...], layout: Layout) -> tuple[float, ...]:
    """Parse a score and a probability as far as given."""
    found: list[float] = []
    for name, place in zip(("score", "probability"), layout.numbers, strict=False):
        cell = cells[place] if place < len(cells) else ""
        if not cell:
            if layout.is_given:
                raise ValueError(f"a {name} must be a number, got none")
            break
        value = number_of(cell)
        if value is None or not math.isfinite(value):
            raise ValueError(f"a {name} must be a finite number, got {cell!r}")
        if found and not 0 <= value <= 1:
            raise ValueError(f"a probability must lie in [0, 1], got {cell}")
        found.append(value)
    return tuple(found)
