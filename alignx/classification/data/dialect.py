"""Delimiter and quotes of a table, found by content."""

from __future__ import annotations

import contextlib
import csv
import re
from typing import TYPE_CHECKING, NamedTuple

from alignx.classification.data.header_names import names_a_column
from alignx.errors import FormatError
from alignx.support.arguments import require_instance

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alignx.support.files import StrPath
    from alignx.support.text_files import Line

__all__ = ["Dialect", "Record", "as_delimiter", "is_quoted", "read_records"]

_NAMES = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_EXCEL = re.compile(r"sep=(.)")
_LONGEST = 2**31 - 1


class Record(NamedTuple):
    """Cells of a row with the number of its first line."""

    number: int
    cells: list[str]


class Dialect(NamedTuple):
    """Delimiter of a table, and use of quotes around cells."""

    delimiter: str
    is_quoted: bool = False

    def __str__(self) -> str:
        name = _NAMES.get(self.delimiter, repr(self.delimiter))
        return f"{name}-separated{' with quotes' if self.is_quoted else ''}"


def as_delimiter(text: str | None) -> str | None:
    r"""Return the character of a delimiter, also from its name; raises ValueError.

    Examples
    --------
    >>> as_delimiter("tab"), as_delimiter(";")
    ('\t', ';')
    """
    if text is None:
        return None
    require_instance(text, str, "delimiter")
    character = {name: mark for mark, name in _NAMES.items()}.get(text, text)
    character = "\t" if character == "\\t" else character
    if len(character) != 1 or character in '"\r\n':
        raise ValueError(f"delimiter must be one character, or tab, got {text!r}")
    return character


def read_records(
    path: StrPath,
    lines: Sequence[Line],
    delimiter: str | None = None,
    *,
    assumed: str = "",
    least: int = 2,
) -> tuple[Dialect, list[Record]]:
    """Split the lines of a table into cells.

    Without `delimiter` it is a tab if the first line holds one, else the comma, semicolon or bar
    that splits all lines alike, else `assumed`. Quotes are those of the csv module if they fit it
    in all lines; others belong to the texts. Tables of fewer than `least` columns are one of texts.

    Raises
    ------
    FormatError
        If rows differ in length, or several delimiters fit.
    """
    lines = [*lines]
    first = lines[0].text
    if delimiter is None and (marked := _EXCEL.fullmatch(first)):
        delimiter, lines = marked[1], lines[1:]
        first = lines[0].text if lines else ""
    if delimiter is None and "\t" in first:
        delimiter = "\t"
    marks = [delimiter] if delimiter else [mark for mark in (*",;|",) if mark in first]
    found = [_split(lines, mark, least) for mark in marks or [*assumed]]
    fitting = [each for each in found if _width(each[1]) >= least]
    if len(fitting) > 1:
        names = " or a ".join(_NAMES[dialect.delimiter] for dialect, _ in fitting)
        raise FormatError(
            path,
            f"cells must be separated by one delimiter, got a {names}; load with "
            f"delimiter='{fitting[0][0].delimiter}' or another",
            lines[0].number,
        )
    if fitting:
        return fitting[0]
    if found:
        _require_equal_lengths(path, *found[0])
    return Dialect("\t"), [Record(line.number, [line.text]) for line in lines if _is_filled(line)]


def _is_filled(line: Line) -> bool:
    return bool(line.text.strip(" "))


def is_quoted(cell: str) -> bool:
    """Recognize a cell between two quotes, and none or doubled ones inside."""
    return len(cell) > 2 and bool(_QUOTED.fullmatch(cell))


def _split(lines: Sequence[Line], mark: str, least: int) -> tuple[Dialect, list[Record]]:
    """Split lines at each delimiter, or by the rules of quotes where they fit."""
    plain = [Record(line.number, line.text.split(mark)) for line in lines if _is_filled(line)]
    unquoted = Dialect(mark), _with_row_names(plain)
    openings = {cell[: cell.find('"') + 1] for record in plain for cell in record.cells}
    if not openings & {'"', ' "'}:
        return unquoted
    quoted = _by_csv(lines, mark, are_spaced=' "' in openings and '"' not in openings)
    if quoted is None or _width(quoted) < least:
        return unquoted
    if _width(unquoted[1]) >= least and (
        len(quoted) < len(plain) or (mark == "\t" and not _has_quoted_cells(plain))
    ):
        return unquoted
    return Dialect(mark, is_quoted=True), quoted


def _by_csv(lines: Sequence[Line], mark: str, *, are_spaced: bool) -> list[Record] | None:
    """Read by the csv module; None if quotes break its rules."""
    texts = (f"{line.text}\n" for line in lines)
    records, number = [], 0
    with _long_cells():
        reader = csv.reader(texts, delimiter=mark, strict=True, skipinitialspace=are_spaced)
        try:
            for cells in reader:
                if len(cells) > 1 or any(cell.strip(" ") for cell in cells):
                    if cells[-1].endswith("\n"):
                        cells[-1] = cells[-1].rstrip("\n")
                    records.append(Record(lines[number].number, cells))
                number = reader.line_num
        except csv.Error:
            return None
    return _with_row_names(records)


@contextlib.contextmanager
def _long_cells() -> Iterator[None]:
    """Allow cells of any length."""
    before = csv.field_size_limit(_LONGEST)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _with_row_names(records: list[Record]) -> list[Record]:
    """Add the empty name that R leaves out above the numbers of rows."""
    first, *rest = records or [Record(0, [])]
    are_numbered = all(
        len(record.cells) == len(first.cells) + 1 and record.cells[0].strip('"').isdecimal()
        for record in rest
    )
    if not (rest and are_numbered and all(names_a_column(cell.strip('"')) for cell in first.cells)):
        return records
    return [first._replace(cells=["", *first.cells]), *rest]


def _width(records: Sequence[Record]) -> int:
    """Return the number of columns; 0 if it varies."""
    widths = {len(record.cells) for record in records}
    return widths.pop() if len(widths) == 1 else 0


def _has_quoted_cells(records: Sequence[Record]) -> bool:
    """Recognize quotes of a program: doubled inside, or around all cells of a column."""
    cells = [cell for record in records for cell in record.cells if len(cell) > 2]
    if any(is_quoted(cell) and '""' in cell[1:-1] for cell in cells):
        return True
    columns = zip(*(record.cells for record in records[1:] or records), strict=False)
    return any(all(map(is_quoted, column)) for column in columns)


def _require_equal_lengths(path: StrPath, dialect: Dialect, records: Sequence[Record]) -> None:
    """Refuse the first row of another length than the first."""
    width = len(records[0].cells)
    for number, cells in records:
        if len(cells) == width:
            continue
        open_quote = any(cell.startswith('"') and not _QUOTED.fullmatch(cell) for cell in cells)
        name = _NAMES.get(dialect.delimiter, repr(dialect.delimiter))
        raise FormatError(
            path,
            f"a line must have {width} columns as the first, separated by a {name}, got "
            f"{len(cells)}"
            + ("; a quote may be open or not doubled" if open_quote else "")
            + ("" if dialect.delimiter == "\t" else f"; quote texts that hold a {name}"),
            number,
        )
