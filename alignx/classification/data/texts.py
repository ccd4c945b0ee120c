"""Labeled texts from files, and texts from a stream as they arrive."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from alignx.classification.data.column_doubts import require_likely_columns, require_likely_texts
from alignx.classification.data.text_formats import (
    Columns,
    Row,
    checked_label,
    json_object,
    layout_of,
    without_quotes,
)
from alignx.classification.labels import alike, is_missing
from alignx.errors import FormatError
from alignx.support.text_files import read_lines, stream_lines

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator, Sequence

    from alignx.classification.data.text_formats import Column, Parser

__all__ = ["LabeledTexts", "TextBlock", "read_texts"]

logger = logging.getLogger("alignx")


class TextBlock(NamedTuple):
    """Texts that arrived together.

    Attributes
    ----------
    texts : list of str
        In their order.
    languages : list of str or None
        Code of each, where its line says one.
    records : list of dict
        What each line of JSON held; empty for plain text.
    replaced : int
        How many lines had invalid UTF-8, which was replaced.
    """

    texts: list[str]
    languages: list[str | None]
    records: list[dict[str, Any]]
    replaced: int


@dataclass(frozen=True)
class LabeledTexts:
    r"""Texts with their labels and languages, in the order of a file.

    Parameters
    ----------
    texts : tuple of str
        Any texts.
    labels : tuple of str, optional
        The class of each.
    languages : tuple of str, optional
        The code of each.
    replaced : int
        How many lines of the file had invalid UTF-8, which was replaced.
    name : str
        What messages call them; the path of texts that were loaded.

    Raises
    ------
    ValueError
        If labels or languages are not one for each text, or a label is missing.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "train.tsv"
    >>> _ = path.write_text("category\ttext\tlang\npets\tmy cat\ten\npets\tun gato\tes\n")
    >>> loaded = LabeledTexts.load(path)
    >>> loaded.labels, loaded.of("es").texts
    (('pets', 'pets'), ('un gato',))
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...] | None = None
    languages: tuple[str, ...] | None = None
    replaced: int = 0
    name: str = "the texts"

    def __post_init__(self) -> None:
        for field in ("labels", "languages"):
            values = getattr(self, field)
            if values is not None and len(values) != len(self.texts):
                raise ValueError(
                    f"{field} must be one for each of {len(self.texts)} texts, got {len(values)}"
                )
        missing = {label for label in dict.fromkeys(self.labels or ()) if is_missing(label)}
        for row, label in enumerate((self.labels or ()) if missing else ()):
            if is_missing(label):
                raise ValueError(f"labels must not be missing, got {label!r} in row {row}")

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        return f"LabeledTexts({len(self)} texts, {self.name!r})"

    def of(self, language: str) -> Self:
        """Give the texts of one language, possibly none.

        Raises
        ------
        ValueError
            If nothing says what languages the texts are.
        """
        if self.languages is None:
            raise ValueError(
                f"texts must have languages to be chosen by {language!r}, got none; load them "
                "with language=CODE"
            )
        rows = [row for row, code in enumerate(self.languages) if code == language]
        return type(self)(
            tuple(self.texts[row] for row in rows),
            None if self.labels is None else tuple(self.labels[row] for row in rows),
            (language,) * len(rows),
            self.replaced,
            self.name,
        )

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        language: str | None = None,
        labeled: bool = True,
        text_column: Column | None = None,
        label_column: Column | None = None,
        language_column: Column | None = None,
    ) -> Self:
        """Read texts from a file.

        Parameters
        ----------
        path : path
            By its name:

            - ``.jsonl``: an object a line, with the columns below as keys;
            - anything else: columns separated by tabs, which quotes do not protect. A first line
              with one of the names below is a header, and other columns are ignored. Without
              header the columns are text, label and, if there are three, language, unless their
              values make that unlikely, which is an error. Lines of fastText, ``__label__pets my
              cat``, are recognized;
            - unless `labeled`, anything but ``.tsv`` and ``.jsonl``: a text a line.

            Any of these may be gzipped. Blank lines are left out.
        language : str, optional
            Code of the texts whose language the file does not say.
        labeled : bool
            Whether each text must have a label; otherwise labels are not read.
        text_column : str or int, optional
            Name of the column; ``"text"``, ``"sentence"``, ``"tweet"``, ``"review"`` or
            ``"document"`` unless given. A number, from 1, says that there is no header.
        label_column : str or int, optional
            The same; ``"label"``, ``"category"``, ``"class"``, ``"sentiment"``, ``"topic"`` or
            ``"intent"`` unless given.
        language_column : str or int, optional
            The same; ``"language"`` or ``"lang"``, if there is one, unless given.

        Returns
        -------
        LabeledTexts
            Invalid UTF-8 is replaced, counted, and logged as a warning.

        Raises
        ------
        FormatError
            If the file cannot be read, holds no text, or a line is malformed; names file and line.
        ValueError
            If columns are given both by name and by number, by a number below 1, or two are the
            same.
        """
        columns = Columns(text_column, label_column, language_column, labeled)
        name = os.fspath(path)
        choose = layout_of(name, labeled=labeled)
        parse: Parser | None = None
        rows: list[Row] = []
        replaced, unsaid, first = 0, 0, 0
        is_header = False
        sampled: list[list[str]] = []
        for number, line, is_replaced in read_lines(path, "a file of texts", lenient=True):
            replaced += is_replaced
            if not line.strip(" "):
                continue
            try:
                if parse is None:
                    parse, is_header = choose(line, columns)
                    if is_header:
                        continue
                row = parse(line)
                if is_replaced:
                    _refuse_broken(row.label)
            except ValueError as error:
                raise FormatError(path, str(error), number) from None
            first = first or number
            if not labeled and "\t" in line and name.endswith((".tsv", ".tsv.gz")):
                sampled.append(line.split("\t"))
            if not row.language and not unsaid:
                unsaid = number
            rows.append(row)
        if not rows:
            raise FormatError(path, "a file of texts must hold at least one, got none")
        rows = without_quotes(rows)
        if sampled and not (is_header or columns.are_given):
            _check_guess(path, first, require_likely_texts, list(zip(*sampled, strict=False)))
        if labeled and not (is_header or columns.are_given):
            sides = [row.text for row in rows], [row.label or "" for row in rows]
            _check_guess(path, first, require_likely_columns, *sides)
        _warn_of(replaced, name)
        _warn_of_alike([row.label or "" for row in rows], name)
        codes = tuple(row.language or language for row in rows)
        if unsaid and language is None and any(codes):
            raise FormatError(
                path, "each text or none must say its language, got none here", unsaid
            )
        return cls(
            tuple(row.text for row in rows),
            tuple(str(row.label) for row in rows) if labeled else None,
            tuple(str(code) for code in codes) if any(codes) else None,
            replaced,
            name,
        )

    @classmethod
    def load_lines(
        cls,
        texts: str | os.PathLike[str],
        labels: str | os.PathLike[str],
        *,
        language: str | None = None,
    ) -> Self:
        """Read a file with a text a line beside one with a label a line, as those of TweetEval.

        Parameters
        ----------
        texts, labels : path
            Gzipped or not. A blank line is an empty text.
        language : str, optional
            Code of all texts.

        Raises
        ------
        FormatError
            If a file cannot be read or holds nothing, their numbers of lines differ, or a label is
            empty; names the line.
        """
        found = list(read_lines(texts, "a file of texts", lenient=True))
        if not found:
            raise FormatError(texts, "a file of texts must hold at least one, got none")
        classes = []
        for number, line, _ in read_lines(labels, "a file of labels"):
            try:
                classes.append(checked_label(line))
            except ValueError as error:
                raise FormatError(labels, str(error), number) from None
        if len(classes) != len(found):
            raise FormatError(
                labels, f"there must be a label for each of {len(found)} texts, got {len(classes)}"
            )
        replaced = sum(line.is_replaced for line in found)
        name = os.fspath(texts)
        _warn_of(replaced, name)
        _warn_of_alike(classes, os.fspath(labels))
        return cls(
            tuple(line.text for line in found),
            tuple(classes),
            None if language is None else (language,) * len(found),
            replaced,
            name,
        )


def read_texts(
    stream: io.BufferedIOBase,
    *,
    json_lines: bool = False,
    languages: Sequence[str] | None = None,
    need_language: bool = False,
    name: str = "standard input",
) -> Iterator[TextBlock]:
    r"""Read texts from a stream in blocks of the lines that have arrived, without waiting for more.

    Parameters
    ----------
    stream : buffered binary file
        A pipe, for example. A line may be of any length.
    json_lines : bool
        Whether each line is a JSON object, with a text and perhaps a language under the names that
        `LabeledTexts.load` knows; otherwise it is a text. Blank lines of JSON are left out.
    languages : sequence of str, optional
        The codes that a line may say; any unless given.
    need_language : bool
        Whether each JSON line must say its language.
    name : str
        What messages call the stream.

    Yields
    ------
    TextBlock
        At least one text.

    Raises
    ------
    FormatError
        At a line that is no such object, when the texts before it have been given; names it.

    Examples
    --------
    >>> import io
    >>> [block.texts for block in read_texts(io.BytesIO(b"one\r\n\ntwo"))]
    [['one', ''], ['two']]
    """
    for lines in stream_lines(stream, name, "texts", lenient=True):
        block = TextBlock([], [], [], 0)
        problem = None
        for number, line, is_replaced in lines:
            try:
                _enter(block, line, json_lines, languages, need_language)
            except ValueError as error:
                problem = FormatError(name, str(error), number)
                break
            block = block._replace(replaced=block.replaced + is_replaced)
        if block.texts:
            yield block
        if problem is not None:
            raise problem


def _enter(
    block: TextBlock,
    line: str,
    json_lines: bool,
    languages: Sequence[str] | None,
    need_language: bool,
) -> None:
    """Add a line to a block."""
    if not json_lines:
        block.texts.append(line)
        block.languages.append(None)
    elif line.strip(" "):
        record = json_object(line)
        row = Columns(labeled=False).row(record)
        if row.language and languages is not None and row.language not in languages:
            raise ValueError(
                f"a language must be one of {', '.join(languages)}, got {row.language!r}"
            )
        if need_language and not row.language:
            raise ValueError(
                'a line must say its language, such as "language": "es", got none; --language '
                "names it for all lines"
            )
        block.texts.append(row.text)
        block.languages.append(row.language)
        block.records.append(record)


def _check_guess(
    path: str | os.PathLike[str], line: int, check: Callable[..., None], *columns: Sequence[Any]
) -> None:
    """Name file and line where columns are not what they were taken for."""
    try:
        check(*columns)
    except ValueError as error:
        raise FormatError(path, str(error), line) from None


def _refuse_broken(label: str | None) -> None:
    """Refuse a label whose bytes were replaced: two classes may have become one."""
    if label and "\N{REPLACEMENT CHARACTER}" in label:
        raise ValueError(
            f"labels must be UTF-8, got {label!r}; convert the file first, such as with iconv -f "
            "LATIN1 -t UTF-8"
        )


def _warn_of(replaced: int, name: str) -> None:
    if replaced:
        logger.warning("%s: invalid UTF-8 in %d lines was replaced", name, replaced)


def _warn_of_alike(labels: Sequence[str], name: str) -> None:
    if found := alike(labels):
        shown = ", ".join(map(repr, found[:3]))
        logger.warning("%s: labels that differ only in spelling are classes apart: %s", name, shown)
