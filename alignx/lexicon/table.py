"""Table of a dictionary file: its separator, header and rows of cells."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from alignx.errors import FormatError
from alignx.lexicon.comments import maybe_comments, without_comments
from alignx.lexicon.entries import is_quoted
from alignx.lexicon.separators import NEARLY_ALL, Separator, find_separator

if TYPE_CHECKING:
    from alignx.lexicon.entries import Lines, Notes, Row
    from alignx.support.files import StrPath

__all__ = ["Table", "is_like_item", "read_table"]

# First line of a table that Excel opens.
_EXCEL = re.compile(r'"?sep=(.)"?[,;\t]*', re.IGNORECASE)
_ITEM = re.compile(
    r" *(?:[*\N{BULLET}-] +|[*\N{BULLET}](?!.*[*\N{BULLET}])"
    r"|(?:\d+[.)\N{IDEOGRAPHIC COMMA}]|\(\d+\)) *)(?=[^\W\d]|[\[(\"'])"
)
_TUPLE = re.compile(r" *(?:\(([^()]+)\)|\[([^\[\]]+)\])[,;]? *")  # ('cat', 'gato'),
_RULE = re.compile(r"[\s|+:=\N{EM DASH}-]+")  # below the header of Markdown
_DASHES = re.compile(r"[=\N{EM DASH}-]{4}|[|+].*[=-]{3}|[=-]{3}.*[|+]")
_MOST_LINES_OF_A_CELL = 10


class Table(NamedTuple):
    """Rows of cells, and problems of malformed lines.

    `names` are the keys of JSON objects, `is_own` marks those that `Lexicon.save` writes, and
    `is_spaced` rows of three cells or more between spaces.
    """

    rows: list[Row]
    problems: list[tuple[int, str]]
    separator: Separator | None = None
    names: list[str] | None = None
    is_spaced: bool = False
    is_own: bool = False


def read_table(
    path: StrPath, lines: Lines, delimiter: str | None, notes: Notes, *, any_width: bool
) -> Table:
    """Split lines into cells; drop comments and empty cells at the end.

    With `any_width`, rows of several words between spaces are cells.
    """
    if lines and delimiter is None and (found := _EXCEL.fullmatch(lines[0][1].strip(" "))):
        delimiter = found[1]
        lines = lines[1:]
    if len(lines) > 1 and all(_ITEM.match(text) for _, text in lines):
        lines = [(line, _ITEM.sub("", text, count=1)) for line, text in lines]
        notes.count("item of a list", "recognized", len(lines))
    if (
        lines
        and delimiter is None
        and all(_TUPLE.fullmatch(text) and "\t" not in text for _, text in lines)
    ):
        lines = [(line, text.strip(" ,;")[1:-1]) for line, text in lines]
    joined = "\n".join([text for _, text in lines])
    if any(3 * mark in joined for mark in "=\N{EM DASH}-"):
        lines = _without_rules(lines)
    whole = _with_line_ends_in_quotes(lines) if '"' in joined else lines
    separator = _separator(path, whole, delimiter)
    if whole is not lines:
        whole = _with_line_ends_in_quotes(lines, separator)
        separator = _separator(path, whole, delimiter)
    kept = without_comments(whole, separator)
    notes.count("comment", "skipped", len(whole) - len(kept))
    cells = separator.cells
    is_white = separator.is_white
    rows: list[Row] = [
        (
            line,
            tuple(
                text.split("\t") if is_white and "\t" in text and " " not in text else cells(text)
            ),
        )
        for line, text in kept
    ]
    if is_white:
        table = _of_words(kept, rows, separator, any_width=any_width)
    else:
        table = _of_width(rows, separator)
    if all(each[-1] for _, each in table.rows):  # as nearly all are
        return table
    return table._replace(rows=[(line, _trimmed(each)) for line, each in table.rows])


def is_like_item(word: str) -> bool:
    """Return True for a word that makes a line look like an item of a list: "1. FC"."""
    return _ITEM.match(word) is not None


def _without_rules(lines: Lines) -> Lines:
    """Drop lines of dashes between the rows of a table, as in Markdown and in terminals."""
    rules = {
        line
        for line, text in lines
        if text[0] in " |+:=-\N{EM DASH}" and _RULE.fullmatch(text) and _DASHES.search(text)
    }
    return [each for each in lines if each[0] not in rules]


def _of_words(lines: Lines, rows: list[Row], separator: Separator, *, any_width: bool) -> Table:
    """Keep rows with tabs, and rows of as many words as nearly all others."""
    if all(len(row[1]) == 2 for row in rows):
        return Table(rows, [], separator)
    counts = Counter(
        len(row[1]) for (_, text), row in zip(lines, rows, strict=True) if "\t" not in text
    )
    width, count = counts.most_common(1)[0] if counts else (2, 0)
    if width < 3 or count < NEARLY_ALL * counts.total() or counts.total() < len(rows):
        width = 2
    table = Table([], [], separator, is_spaced=width > 2)
    for (number, text), row in zip(lines, rows, strict=True):
        n = len(row[1])
        if "\t" in text or n == width or (any_width and n > 1):
            table.rows.append(row)
        elif n > 2:
            problem = f"a pair needs two words, got {n}; separate entries of several words by a tab"
            table.problems.append((number, problem))
        else:
            problem = f"a pair needs two words, got 1, {row[1][0][:50]!r}; "
            problem += "separate words by a tab or a space, or name another delimiter="
            table.problems.append((number, problem))
    return table


def _of_width(rows: list[Row], separator: Separator) -> Table:
    """Keep rows of as many cells as nearly all others."""
    widths = Counter(len(row[1]) for row in rows)
    width, count = widths.most_common(1)[0] if widths else (2, 0)
    if count < NEARLY_ALL * len(rows):
        width = max((len(_trimmed(row[1])) for row in rows), default=2)
    table = Table([], [], separator)
    for row in rows:
        n = len(_trimmed(row[1]))
        if n <= width:
            table.rows.append(row)
        else:
            problem = f"a line must have {width} columns as the others, {separator}, got {n}"
            table.problems.append((row[0], problem))
    return table


def _trimmed(cells: tuple[str, ...]) -> tuple[str, ...]:
    n = len(cells)
    while n > 1 and not cells[n - 1]:
        n -= 1
    return cells[:n] if n < len(cells) else cells


def _separator(path: StrPath, lines: Lines, delimiter: str | None) -> Separator:
    if delimiter is not None:
        return Separator.named(delimiter)
    texts = [text for _, text in lines]
    if suspects := set(maybe_comments(lines)):
        texts = [text for line, text in lines if line not in suspects] or texts
    try:
        return find_separator(texts)
    except ValueError as error:
        raise FormatError(path, str(error)) from None


def _with_line_ends_in_quotes(lines: Lines, separator: Separator | None = None) -> Lines:
    """Join the lines of quoted cells with line ends.

    With a separator, only lines that make such a cell are joined.
    """
    if not any(text.count('"') % 2 for _, text in lines if '"' in text):
        return lines
    joined: Lines = []
    at = 0
    while at < len(lines):
        (number, text), end = lines[at], at + 1
        while text.count('"') % 2 and end < min(len(lines), at + _MOST_LINES_OF_A_CELL):
            text += "\n" + lines[end][1]
            end += 1
        is_whole = text.count('"') % 2 == 0 and (
            separator is None
            or any("\n" in cell and is_quoted(cell) for cell in separator.cells(text))
        )
        if not is_whole:
            text, end = lines[at][1], at + 1
        joined.append((number, text))
        at = end
    return joined
