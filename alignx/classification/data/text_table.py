"""Rows of a file of texts, whose format and columns are found by content."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignx.classification.data.column_checks import (
    are_exchanged,
    likely_columns,
    require_likely_columns,
    require_likely_texts,
    require_no_header,
    require_prose,
)
from alignx.classification.data.dialect import Record, as_delimiter, is_quoted, read_records
from alignx.classification.data.header_names import TEXT_NAMES, table_header
from alignx.classification.data.line_formats import (
    LABEL,
    fasttext_row,
    is_fasttext,
    json_list,
    json_object,
    looks_like_json,
    require_no_page,
)
from alignx.classification.data.rows import Row, checked_label
from alignx.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from alignx.classification.data.columns import Columns, Layout
    from alignx.classification.data.dialect import Dialect
    from alignx.support.files import StrPath
    from alignx.support.text_files import Line

__all__ = ["TextTable"]

_CODE = re.compile(r"([A-Za-z]{2,3}([-_]\w+)*)?")
_ARCHIVES = {".gz", ".bz2", ".xz", ".zip"}
_JSON = {".jsonl", ".ndjson", ".json"}
_SAMPLE = 1_000
_TABLES = {".tsv", ".csv"}


class TextTable:
    """Rows of a file of texts, and notes on what was guessed, changed and left out.

    Raises FormatError.
    """

    def __init__(
        self,
        path: StrPath,
        given: Iterable[Line],
        columns: Columns,
        delimiter: str | None = None,
    ) -> None:
        self.path, self.columns = path, columns
        self.delimiter = as_delimiter(delimiter)
        self.notes: list[str] = []
        lines = list(given)
        self.replaced = sum(line.is_replaced for line in lines)
        while lines and not lines[0].text.strip(" "):
            del lines[0]
        self.rows = self._rows(lines) if lines else []
        if not self.rows:
            raise FormatError(path, "a file of texts must hold at least one, got none")
        self.without_language = next((row.number for row in self.rows if not row.language), 0)
        if empty := sum(not row.text.strip() for row in self.rows):
            self.notes.append(_count(empty, "empty text"))

    def _rows(self, lines: list[Line]) -> list[Row]:
        """Read by the format that the name or the first line tells."""
        first, columns = lines[0].text, self.columns
        self._checked([Record(lines[0].number, [])], require_no_page, first)
        path = Path(os.fspath(self.path))
        suffix = path.with_suffix("").suffix if path.suffix in _ARCHIVES else path.suffix
        is_told = self.delimiter is not None or columns.header is not None
        if (records := json_list(lines)) is not None and not is_told:
            rows = self._each(columns.row, enumerate(records, start=1), "object {}: ")
            self.notes += [f"JSON list{self._keys(records[0])}"] if records else []
            return rows
        if suffix in _JSON or (looks_like_json(first) and not is_told):
            rows = self._each(lambda line: columns.row(json_object(line)), _filled(lines))
            self.notes.append(f"JSON lines{self._keys(json_object(first))}")
            return rows
        is_told |= columns.are_given
        if is_fasttext(first) and not is_told:
            left_out = "" if columns.labeled else ", labels left out"
            self.notes.append(f"{LABEL} lines of fastText{left_out}")
            return self._each(fasttext_row, _filled(lines))
        is_table = (
            table_header(first)
            or (len(lines) > 1 and first.strip().lower() in TEXT_NAMES)
            or all('","' in line and line.startswith('"') for _, line in _filled(lines))
        )
        if columns.labeled or is_told or suffix in _TABLES or is_table:
            return self._table(lines, assumed="," if suffix == ".csv" else "")
        return self._plain(lines)

    def _each(
        self,
        read: Callable[[Any], Row],
        given: Any,  # noqa: ANN401
        where: str = "",
    ) -> list[Row]:
        """Read numbered lines or objects, one after the other."""
        rows = []
        for number, line in given:
            try:
                row = read(line)
                rows.append(Row(row.text, row.label, row.language, number))
            except ValueError as error:
                at = None if where else number
                raise FormatError(self.path, f"{where.format(number)}{error}", at) from None
        return rows

    def _keys(self, record: dict[str, Any] | str) -> str:
        if isinstance(record, str):
            return " of texts"
        text, label = self.columns.keys(record)
        return f', text in "{text}"' + (f', label in "{label}"' if label else "")

    def _plain(self, lines: Sequence[Line]) -> list[Row]:
        """Read a text a line."""
        self._checked([Record(lines[0].number, [])], require_prose, [line.text for line in lines])
        rows = [Row(text, number=number) for number, text in _filled(lines)]
        if all("\t" in row.text for row in rows):
            self.notes.append(
                "a text a line, with its tabs; text_column=1 reads the first column of a table"
            )
        return rows

    def _table(self, lines: Sequence[Line], assumed: str) -> list[Row]:
        columns = self.columns
        dialect, records = read_records(
            self.path, lines, self.delimiter, assumed=assumed, least=2 if columns.labeled else 1
        )
        filled = [record for record in records if any(map(str.strip, record.cells))]
        if empty := len(records) - len(filled):
            self.notes.append(f"{_count(empty, 'row')} of empty cells left out")
        if not (records := filled):
            return []
        second = records[1].cells if len(records) > 1 else ()
        likely = (1, 2)
        if len(records[0].cells) > 2:
            likely = likely_columns(
                [*zip(*(each.cells for each in records[:_SAMPLE]), strict=True)]
            )
        layout = self._checked(records[:1], columns.layout, records[0].cells, second, likely)
        if layout.is_header:
            records = self._without_header(records)
        layout = self._confirmed(layout, records)
        self._require_classes(dialect, layout, records)
        self.notes.insert(0, f"{dialect}, {layout}")
        stripped = 0

        def read(cells: list[str]) -> Row:
            nonlocal stripped
            label = language = None
            if layout.label is not None:
                label = checked_label(cells[layout.label])
                stripped += label != cells[layout.label]
                label = label.removeprefix(LABEL)
            if layout.language is not None:
                language = cells[layout.language].strip()
            return Row(cells[layout.text], label, language)

        rows = self._each(read, records)
        if wrapped := sum("\n" in row.text for row in rows):
            self.notes.append(f"{_count(wrapped, 'text')} of several lines")
        kept = sum(is_quoted(row.text.strip()) for row in rows)
        if kept and not dialect.is_quoted:
            self.notes.append(f"quotes around {_count(kept, 'text')} kept")
        if stripped:
            self.notes.append(f"blanks removed at the ends of {_count(stripped, 'label')}")
        return rows

    def _without_header(self, records: Sequence[Record]) -> list[Record]:
        """Leave out the header, its copies where files were joined, and a line of dashes."""
        first = records[0].cells
        rest = [record for record in records if record.cells != first]
        if again := len(records) - len(rest) - 1:
            self.notes.append(f"{_count(again, 'repeated header')} left out")
        if rest and all(set(cell.strip()) <= {*"-:"} for cell in rest[0].cells):  # Markdown
            del rest[0]
        return rest

    def _require_classes(self, dialect: Dialect, layout: Layout, records: Sequence[Record]) -> None:
        """Refuse prose whose commas may be no delimiters."""
        is_sure = self.delimiter or self.columns.are_given or layout.is_header
        if is_sure or layout.label is None or dialect.is_quoted or dialect.delimiter == "\t":
            return
        labels = [record.cells[layout.label] for record in records]
        if len(set(labels)) == len(labels) > 2:
            raise FormatError(
                self.path,
                f"labels must be classes, got {len(labels)} different ones in as many lines, such "
                f"as {labels[0][:40]!r}; if this is a table, load with "
                f"delimiter={dialect.delimiter!r}",
                records[0].number,
            )

    def _confirmed(self, layout: Layout, records: Sequence[Record]) -> Layout:
        """Check guessed columns; exchange them where the label surely stands first."""
        columns = self.columns
        if layout.is_header or not records:
            return layout
        cells = list(zip(*(record.cells for record in records), strict=True))
        if not columns.labeled:
            if not columns.are_given:
                if columns.header is None and len(cells) > 1:
                    self._checked(records, require_no_header, *cells[:2], False)
                self._checked(records, require_likely_texts, cells)
            return layout
        if layout.language is not None and not any(map(str.strip, cells[layout.language])):
            layout = layout._replace(language=None)
        if layout.language is not None and not columns.are_given:
            self._require_codes(records, layout.language)
        texts, labels = cells[layout.text], cells[layout.label or 0]
        if not columns.are_given:
            if len(cells) == 2 and are_exchanged(texts, labels, surely=True):
                return layout._replace(text=1, label=0)
            self._checked(records, require_likely_columns, texts, labels)
        if columns.header is None:
            self._checked(records, require_no_header, texts, labels, True)
        return layout

    def _require_codes(self, records: Sequence[Record], column: int) -> None:
        for number, cells in records:
            if not _CODE.fullmatch(cells[column].strip()):
                text, label = likely_columns(list(zip(*(r.cells for r in records), strict=True)))
                raise FormatError(
                    self.path,
                    "without a header the third column must hold codes of languages, got "
                    f"{cells[column][:40]!r}; say which columns to read, such as "
                    f"text_column={text} and label_column={label}",
                    number,
                )

    def _checked(self, records: Sequence[Record], check: Callable[..., Any], *given: Any) -> Any:  # noqa: ANN401
        """Call a function whose ValueError is one of the first of these rows."""
        try:
            return check(*given)
        except ValueError as error:
            raise FormatError(self.path, str(error), records[0].number) from None


def _filled(lines: Sequence[Line]) -> list[tuple[int, str]]:
    return [(line.number, line.text) for line in lines if line.text.strip(" ")]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
