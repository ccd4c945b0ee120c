"""Parsers of lines of texts: tab-separated, JSON lines, fastText, or a text a line."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from alignx.classification.data.column_checks import require_likely_columns, require_likely_texts
from alignx.classification.labels import is_missing
from alignx.errors import FormatError
from alignx.support.text_files import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "Column",
    "Columns",
    "Row",
    "TextTable",
    "checked_label",
    "json_object",
]

TEXT_NAMES = ("text", "sentence", "tweet", "review", "document")
LABEL_NAMES = ("label", "category", "class", "sentiment", "topic", "intent")
LANGUAGE_NAMES = ("language", "lang")

_FASTTEXT_LABEL = "__label__"
_CODE = re.compile(r"([A-Za-z]{2,3}([-_]\w+)*)?")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')

Column: TypeAlias = str | int
"""The name of a column, or its number from 1 in a file without header."""


class Row(NamedTuple):
    """Text of a line with its label and language."""

    text: str
    label: str | None = None
    language: str | None = None


Parser: TypeAlias = Callable[[str], Row]


@dataclass(frozen=True)
class Columns:
    """Columns of text, label and language, by name or number; None if not given."""

    text: Column | None = None
    label: Column | None = None
    language: Column | None = None
    labeled: bool = True

    def __post_init__(self) -> None:
        given = [column for column in (self.text, self.label, self.language) if column is not None]
        if len({type(column) for column in given}) > 1:
            raise ValueError(f"columns must be all names or all numbers, got {given}")
        if any(isinstance(column, int) and column < 1 for column in given):
            raise ValueError(f"columns must be numbered from 1, got {given}")
        if len(set(given)) < len(given):
            raise ValueError(f"columns must differ, got {given}")

    @property
    def are_given(self) -> bool:
        """Whether any was given."""
        return (self.text, self.label, self.language) != (None, None, None)

    @property
    def have_numbers(self) -> bool:
        """Whether they are numbers, for a file without header."""
        return any(isinstance(column, int) for column in (self.text, self.label, self.language))

    @property
    def have_names(self) -> bool:
        """Whether they are names, for a file with header."""
        return any(isinstance(column, str) for column in (self.text, self.label, self.language))

    def row(self, record: dict[str, Any]) -> Row:
        """Read a JSON object; raises ValueError."""
        if self.have_numbers:
            raise ValueError("columns of JSON lines have names, got numbers")
        text = record[_choose(self.text, TEXT_NAMES, record, "texts")]
        if not isinstance(text, str):
            raise ValueError(f"a text must be a string, got {type(text).__name__}")
        label = None
        if self.labeled:
            label = checked_label(record[_choose(self.label, LABEL_NAMES, record, "labels")])
        if self.language is None and not set(LANGUAGE_NAMES) & record.keys():
            return Row(text, label)
        code = record[_choose(self.language, LANGUAGE_NAMES, record, "languages")]
        if not isinstance(code, str | None):
            raise ValueError(f"a language must be a string, got {type(code).__name__}")
        return Row(text, label, code)

    def positions(self, header: list[str]) -> tuple[int, int | None, int | None]:
        """Find the columns in a header; case matters only if names differ in case alone."""
        columns = list(enumerate(map(str.strip, header)))
        names = {name.lower(): column for column, name in columns}
        names |= {name: column for column, name in columns}
        text = names[_choose(self.text, TEXT_NAMES, names, "texts")]
        label = language = None
        if self.labeled:
            label = names[_choose(self.label, LABEL_NAMES, names, "labels")]
        if self.language is not None or set(LANGUAGE_NAMES) & names.keys():
            language = names[_choose(self.language, LANGUAGE_NAMES, names, "languages")]
        return text, label, language

    def positions_without_header(self, fields: list[str]) -> tuple[int, int | None, int | None]:
        """Find the columns by number; by default text, label, language."""
        width = len(fields)
        if not self.have_numbers and self.labeled and width not in (2, 3):
            raise ValueError(
                "without a header that names texts and labels there must be 2 or 3 columns, "
                f"separated by tabs: text, label, language; got {width}"
            )
        text, label = self.text, self.label if self.labeled else None
        text = text or (2 if label == 1 else 1)
        if self.labeled:
            label = label or (1 if text == 2 else 2)
        language = self.language or (3 if width == 3 and not self.have_numbers else None)
        numbers = [int(column) for column in (text, label, language) if column is not None]
        if max(numbers) > width:
            raise ValueError(f"a line must have at least {max(numbers)} columns, got {width}")
        others = [None if column is None else int(column) - 1 for column in (label, language)]
        return int(text) - 1, others[0], others[1]


class TextTable:
    """Rows of a file of texts, whose columns are checked if they were guessed."""

    def __init__(self, path: str | os.PathLike[str], columns: Columns) -> None:
        self.path, self.columns = path, columns
        self.replaced = 0
        self.without_language = 0  # number of the first such line
        self.first = 0  # number of the first row
        self.is_header = False
        self.rows = _without_quotes(list(self._parsed()))
        if not self.rows:
            raise FormatError(path, "a file of texts must hold at least one, got none")
        if columns.labeled and not (self.is_header or columns.are_given):
            texts, labels = zip(*((row.text, row.label or "") for row in self.rows), strict=True)
            self._check(require_likely_columns, texts, labels)

    def _parsed(self) -> Iterator[Row]:
        name, columns = os.fspath(self.path), self.columns
        choose = _layout_of(name, labeled=columns.labeled)
        parse: Parser | None = None
        cells: list[list[str]] = []
        is_table = not columns.labeled and name.endswith((".tsv", ".tsv.gz"))
        for number, line, is_replaced in read_lines(self.path, "a file of texts", lenient=True):
            self.replaced += is_replaced
            if not line.strip(" "):
                continue
            try:
                if parse is None:
                    parse, self.is_header = choose(line, columns)
                    if self.is_header:
                        continue
                row = parse(line)
                if is_replaced:
                    _refuse_broken(row.label)
            except ValueError as error:
                raise FormatError(self.path, str(error), number) from None
            self.first = self.first or number
            if is_table and "\t" in line:
                cells.append(line.split("\t"))
            if not row.language and not self.without_language:
                self.without_language = number
            yield row
        if cells and not (self.is_header or columns.are_given):
            self._check(require_likely_texts, list(zip(*cells, strict=False)))

    def _check(self, check: Callable[..., None], *columns: Sequence[Any]) -> None:
        try:
            check(*columns)
        except ValueError as error:
            raise FormatError(self.path, str(error), self.first) from None


def _refuse_broken(label: str | None) -> None:
    """Refuse a label with replaced bytes: two classes may have become one."""
    if label and "\N{REPLACEMENT CHARACTER}" in label:
        raise ValueError(
            f"labels must be UTF-8, got {label!r}; convert the file first, such as with iconv -f "
            "LATIN1 -t UTF-8"
        )


def _layout_of(name: str, *, labeled: bool) -> Callable[[str, Columns], tuple[Parser, bool]]:
    """Return the function that makes a parser, and recognizes a header, from the first line."""
    suffix = Path(name.removesuffix(".gz")).suffix
    if suffix == ".jsonl":
        return _json_lines
    return _tab_columns if labeled or suffix == ".tsv" else _plain_lines


def _json_lines(_: str, columns: Columns) -> tuple[Parser, bool]:
    return lambda line: columns.row(json_object(line)), False


def _plain_lines(_: str, __: Columns) -> tuple[Parser, bool]:
    return Row, False


def _tab_columns(first: str, columns: Columns) -> tuple[Parser, bool]:
    if columns.labeled and first.startswith(_FASTTEXT_LABEL) and not columns.are_given:
        return _fasttext_row, False
    _refuse_other_separators(first, columns)
    fields = [_unquoted(field.strip()) for field in first.split("\t")]
    known = {field.lower() for field in fields} & {*TEXT_NAMES, *LABEL_NAMES}
    is_header = columns.have_names or (bool(known) and not columns.have_numbers)
    find = columns.positions if is_header else columns.positions_without_header
    text, label, language = find(fields)
    is_guess = language is not None and not is_header and not columns.are_given

    def parse(line: str) -> Row:
        found = line.split("\t")
        if len(found) != len(fields):
            raise ValueError(
                f"a line must have {len(fields)} columns as the first, separated by tabs, got "
                f"{len(found)}{_open_quote(found)}"
            )
        if is_guess and not _CODE.fullmatch(found[language or 0].strip()):
            raise ValueError(
                "without a header the third column must hold codes of languages, got "
                f"{found[language or 0]!r}; say which columns to read with text_column=1 and "
                "label_column=2"
            )
        return Row(
            found[text],
            None if label is None else checked_label(found[label]),
            None if language is None else found[language].strip(),
        )

    return parse, is_header


def _fasttext_row(line: str) -> Row:
    """Read a line of fastText: __label__pets the cat sleeps."""
    words = line.split(maxsplit=1)
    if not words or not words[0].startswith(_FASTTEXT_LABEL):
        raise ValueError(
            f"a line must begin with {_FASTTEXT_LABEL} as the first, got {line[:30]!r}"
        )
    text = words[1] if len(words) > 1 else ""
    if text.startswith(_FASTTEXT_LABEL):
        raise ValueError(f"a text must have one label, got several, {words[0]} {text.split()[0]}")
    return Row(text, checked_label(words[0].removeprefix(_FASTTEXT_LABEL)))


def _refuse_other_separators(first: str, columns: Columns) -> None:
    """Refuse a table without tabs; name its separator."""
    if "\t" in first or not columns.labeled:
        return
    for mark, name in ((",", "commas"), (";", "semicolons"), ("|", "bars")):
        if mark in first:
            raise ValueError(
                f"columns must be separated by tabs, got {name}; save the table with tabs, such "
                "as by pandas: to_csv(..., sep='\\t')"
            )


def _open_quote(cells: Sequence[str]) -> str:
    """Advise on texts over several lines, if a cell begins with a single quote."""
    if any(cell.startswith('"') and not _QUOTED.fullmatch(cell) for cell in cells):
        return "; a text in quotes must not go on in the next line"
    return ""


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if _QUOTED.fullmatch(cell) else cell


def _without_quotes(rows: list[Row]) -> list[Row]:
    """Remove quotes around cells if quotes within are doubled, or all labels are quoted.

    Other quotes belong to the text.
    """
    texts = [row.text for row in rows if row.text.startswith('"')]
    labels = [row.label or "" for row in rows]
    doubled = any('""' in text[1:-1] for text in texts)
    if not (doubled or all(len(label) > 2 and _QUOTED.fullmatch(label) for label in labels)):
        return rows
    if not all(map(_QUOTED.fullmatch, texts)):
        return rows
    return [
        row._replace(text=_unquoted(row.text), label=row.label and _unquoted(row.label))
        for row in rows
    ]


def _choose(given: Column | None, names: Iterable[str], there: Iterable[str], what: str) -> str:
    """Choose the name of a column among those of the file."""
    wanted = names if given is None else [str(given)]
    for name in wanted:
        if name in there:
            return name
    found = ", ".join(map(repr, list(there)[:10]))
    raise ValueError(
        f"there must be a column of {what}, called {' or '.join(map(repr, wanted))}, got {found}"
        + (f"; name it by {what[:-1]}_column=" if given is None else "")
    )


def json_object(line: str) -> dict[str, Any]:
    """Read a JSON object; raises ValueError."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("a line must be a JSON object, got something that is no JSON") from None
    if not isinstance(record, dict):
        raise ValueError(f"a line must be a JSON object, got {type(record).__name__}")
    return record


def checked_label(label: object) -> str:
    """Convert a label to text that fits a line; raises ValueError."""
    if isinstance(label, bool) or not isinstance(label, str | int):
        raise ValueError(f"a label must be a string or a whole number, got {json.dumps(label)}")
    return _checked_text(str(label))


@lru_cache(maxsize=10_000)  # a file has few labels
def _checked_text(label: str) -> str:
    text = label.strip()
    if is_missing(text):
        found = f", got {text!r}; leave the line out" if text else ""
        raise ValueError(f"a label is missing{found}")
    if any(end in text for end in "\t\n\r"):
        raise ValueError(f"a label must hold neither tabs nor line ends, got {text!r}")
    return text
