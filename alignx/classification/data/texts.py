"""Labeled texts from files, and texts from a stream as they arrive."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from alignx.classification.data.text_formats import (
    Columns,
    TextTable,
    checked_label,
    json_object,
)
from alignx.classification.labels import is_missing, spelling_variants
from alignx.errors import FormatError
from alignx.support.text_files import read_lines, stream_lines

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator, Sequence

    from alignx.classification.data.text_formats import Column

__all__ = ["LabeledTexts", "TextBlock", "read_texts"]

logger = logging.getLogger("alignx")


class TextBlock(NamedTuple):
    """Texts that arrived together, with their languages as far as the lines name them.

    `records` are the JSON objects of the lines, `replaced` counts lines with invalid UTF-8.
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
        Class of each text.
    languages : tuple of str, optional
        Code of each text.
    replaced : int
        Number of lines of the file whose invalid UTF-8 was replaced.
    name : str
        Name in messages, such as the path of the file.

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
        """Select the texts of one language, possibly none; ValueError without languages."""
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
            File, gzipped or not, whose format follows from its name:

            - ``.jsonl``: an object a line, with the columns below as keys;
            - any other: columns separated by tabs, without quoting. A first line with one of the
              names below is a header, and other columns are ignored. Without header the columns are
              text, label and, if there are three, language; values that make this unlikely are an
              error. Lines of fastText, ``__label__pets my cat``, are recognized;
            - unless `labeled`, any but ``.tsv`` and ``.jsonl``: a text a line.

            Blank lines are left out.
        language : str, optional
            Code of the texts without language in the file.
        labeled : bool
            Whether each text must have a label; otherwise labels are not read.
        text_column : str or int, optional
            Name of the column, or its number, from 1, in a file without header. By default
            ``"text"``, ``"sentence"``, ``"tweet"``, ``"review"`` or ``"document"``.
        label_column : str or int, optional
            By default ``"label"``, ``"category"``, ``"class"``, ``"sentiment"``, ``"topic"`` or
            ``"intent"``.
        language_column : str or int, optional
            By default ``"language"`` or ``"lang"``, if there is one.

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
        name = os.fspath(path)
        read = TextTable(path, Columns(text_column, label_column, language_column, labeled))
        rows, replaced = read.rows, read.replaced
        labels = [row.label or "" for row in rows]
        _warn_of_replaced(replaced, name)
        _warn_of_variants(labels, name)
        codes = tuple(row.language or language for row in rows)
        if read.without_language and language is None and any(codes):
            raise FormatError(
                path,
                "each text or none must say its language, got none here",
                read.without_language,
            )
        return cls(
            tuple(row.text for row in rows),
            tuple(labels) if labeled else None,
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
        """Read a file of texts and one of their labels, a line each, such as TweetEval's.

        Parameters
        ----------
        texts, labels : path
            Files, gzipped or not. A blank line is an empty text.
        language : str, optional
            Code of all texts.

        Raises
        ------
        FormatError
            If a file cannot be read or is empty, their numbers of lines differ, or a label is
            missing; names the line.
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
        _warn_of_replaced(replaced, name)
        _warn_of_variants(classes, os.fspath(labels))
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
        Stream, such as a pipe, with lines of any length.
    json_lines : bool
        Whether each line is a JSON object, with a text and perhaps a language under the names of
        `LabeledTexts.load`; otherwise it is a text. Blank lines of JSON are left out.
    languages : sequence of str, optional
        Allowed codes; any unless given.
    need_language : bool
        Whether each JSON line must have a language.
    name : str
        Name of the stream in messages.

    Yields
    ------
    TextBlock
        At least one text.

    Raises
    ------
    FormatError
        At a malformed line, after the texts before it; names it.

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


def _warn_of_replaced(replaced: int, name: str) -> None:
    if replaced:
        logger.warning("%s: invalid UTF-8 in %d lines was replaced", name, replaced)


def _warn_of_variants(labels: Sequence[str], name: str) -> None:
    if found := spelling_variants(labels):
        shown = ", ".join(map(repr, found[:3]))
        logger.warning("%s: labels that differ only in spelling are classes apart: %s", name, shown)
