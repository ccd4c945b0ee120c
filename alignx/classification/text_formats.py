"""Lines of text files, and what their columns say: tab-separated, JSON lines, or a text a line."""

from __future__ import annotations

import contextlib
import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from alignx.errors import FormatError
from alignx.files import reading

if TYPE_CHECKING:
    import io
    import os
    from collections.abc import Iterable, Iterator

__all__ = [
    "Column",
    "Columns",
    "Parser",
    "Row",
    "checked_label",
    "decode",
    "json_object",
    "layout_of",
    "read_lines",
]

TEXT_NAMES = ("text", "sentence", "tweet", "review", "document")
LABEL_NAMES = ("label", "category", "class", "sentiment", "topic", "intent")
LANGUAGE_NAMES = ("language", "lang")

_HEAD_SIZE = 4096
_BOM = b"\xef\xbb\xbf"
_GZIP_MAGIC = b"\x1f\x8b"

Column: TypeAlias = str | int
"""The name of a column, or its number from 1 in a file without header."""


class Row(NamedTuple):
    """What a line says."""

    text: str
    label: str | None = None
    language: str | None = None


Parser: TypeAlias = Callable[[str], Row]


@dataclass(frozen=True)
class Columns:
    """Where text, label and language are, as far as that was said."""

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
    def have_numbers(self) -> bool:
        """Whether they were given for a file without header."""
        return any(isinstance(column, int) for column in (self.text, self.label, self.language))

    @property
    def have_names(self) -> bool:
        """Whether they were given for a file with header."""
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

    def places(self, header: list[str]) -> tuple[int, int | None, int | None]:
        """Find the columns in a header, whose case does not matter unless names are alike."""
        places = list(enumerate(map(str.strip, header)))
        names = {name.lower(): place for place, name in places}
        names |= {name: place for place, name in places}
        text = names[_choose(self.text, TEXT_NAMES, names, "texts")]
        label = language = None
        if self.labeled:
            label = names[_choose(self.label, LABEL_NAMES, names, "labels")]
        if self.language is not None or set(LANGUAGE_NAMES) & names.keys():
            language = names[_choose(self.language, LANGUAGE_NAMES, names, "languages")]
        return text, label, language

    def places_without_header(self, fields: list[str]) -> tuple[int, int | None, int | None]:
        """Find the columns by number: text, label, language unless said otherwise."""
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
        places = [None if column is None else int(column) - 1 for column in (label, language)]
        return int(text) - 1, places[0], places[1]


def layout_of(name: str, *, labeled: bool) -> Callable[[str, Columns], tuple[Parser, bool]]:
    """Give what makes the parser of a file, and tells whether its first line is a header."""
    suffix = Path(name.removesuffix(".gz")).suffix
    if suffix == ".jsonl":
        return _json_lines
    return _tab_columns if labeled or suffix == ".tsv" else _plain_lines


def _json_lines(_: str, columns: Columns) -> tuple[Parser, bool]:
    return lambda line: columns.row(json_object(line)), False


def _plain_lines(_: str, __: Columns) -> tuple[Parser, bool]:
    return Row, False


def _tab_columns(first: str, columns: Columns) -> tuple[Parser, bool]:
    fields = first.split("\t")
    known = {field.strip().lower() for field in fields} & {*TEXT_NAMES, *LABEL_NAMES}
    is_header = columns.have_names or (bool(known) and not columns.have_numbers)
    find = columns.places if is_header else columns.places_without_header
    text, label, language = find(fields)

    def parse(line: str) -> Row:
        found = line.split("\t")
        if len(found) != len(fields):
            raise ValueError(
                f"a line must have {len(fields)} columns as the first, separated by tabs, got "
                f"{len(found)}"
            )
        return Row(
            found[text],
            None if label is None else checked_label(found[label]),
            None if language is None else found[language].strip(),
        )

    return parse, is_header


def _choose(given: Column | None, names: Iterable[str], there: Iterable[str], what: str) -> str:
    """Give the name of a column that is there."""
    wanted = names if given is None else [str(given)]
    for name in wanted:
        if name in there:
            return name
    found = ", ".join(map(repr, list(there)[:10]))
    raise ValueError(
        f"there must be a column of {what}, called {' or '.join(map(repr, wanted))}, got {found}"
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
    """Give a label as text that fits a line; raises ValueError."""
    if isinstance(label, bool) or not isinstance(label, str | int):
        raise ValueError(f"a label must be a string or a whole number, got {json.dumps(label)}")
    text = str(label).strip()
    if not text:
        raise ValueError("a label is missing")
    if any(end in text for end in "\t\n\r"):
        raise ValueError(f"a label must hold neither tabs nor line ends, got {text!r}")
    return text


def read_lines(path: str | os.PathLike[str]) -> Iterator[tuple[str, bool]]:
    """Give each line of a file, and whether invalid UTF-8 was replaced in it."""
    with contextlib.ExitStack() as stack:
        file: io.BufferedReader | gzip.GzipFile = stack.enter_context(reading(path))
        try:
            if file.peek(2)[:2] == _GZIP_MAGIC:
                file = stack.enter_context(gzip.GzipFile(fileobj=file))
            if b"\0" in file.peek(_HEAD_SIZE)[:_HEAD_SIZE]:
                raise FormatError(path, "texts must be UTF-8, got binary data; convert it first")
            for number, data in enumerate(file):
                yield decode(data.removesuffix(b"\n"), is_first=number == 0)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            problem = "the archive is truncated or damaged; download it again"
            raise FormatError(path, problem) from error


def decode(data: bytes, *, is_first: bool) -> tuple[str, bool]:
    """Text of a line, and whether invalid UTF-8 was replaced in it."""
    data = data.removesuffix(b"\r")
    if is_first:
        data = data.removeprefix(_BOM)
    try:
        return data.decode(), False
    except UnicodeDecodeError:
        return data.decode(errors="replace"), True
