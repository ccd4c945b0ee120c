"""Labeled texts from files."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from alignx.classification.data.columns import Columns
from alignx.classification.data.rows import checked_label
from alignx.classification.data.text_table import TextTable
from alignx.classification.labels import is_missing, spelling_variants
from alignx.errors import FormatError
from alignx.support.arguments import require_ordered, require_words
from alignx.support.text_files import read_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.classification.data.columns import Column
    from alignx.support.text_files import Line

__all__ = ["LabeledTexts"]

logger = logging.getLogger("alignx")


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
    notes : tuple of str
        Format and columns that loading found, with counts of changed and empty texts.

    Raises
    ------
    ValueError, TypeError
        If labels or languages are not one for each text, a label is missing, or one is no string.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "train.tsv"
    >>> _ = path.write_text("category\ttext\tlang\npets\tmy cat\ten\npets\tun gato\tes\n")
    >>> loaded = LabeledTexts.load(path)
    >>> loaded.labels, loaded.of("es").texts
    (('pets', 'pets'), ('un gato',))
    >>> loaded.notes
    ('tab-separated, header skipped, text in column 2, label in column 1, language in column 3',)
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...] | None = None
    languages: tuple[str, ...] | None = None
    replaced: int = 0
    name: str = "the texts"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in ("texts", "labels", "languages"):
            if getattr(self, field) is not None:
                require_ordered(getattr(self, field), field)
                object.__setattr__(self, field, tuple(getattr(self, field)))
        require_words(self.texts, "texts")
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
        require_words(self.labels or (), "labels")
        require_words(self.languages or (), "languages")

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
            self.notes,
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
        delimiter: str | None = None,
        header: bool | None = None,
    ) -> Self:
        """Read texts from a file, in a format found by its content.

        Parameters
        ----------
        path : path
            File, compressed or not, of

            - a table separated by tabs, commas, semicolons or bars, with quotes if they are used in
              all of it as by pandas or Excel. A header with usual names, or such as ``sentence1``
              and ``gold_label``, is recognized, and other columns are ignored. Without header the
              columns are text, label and, if there are three, language, or label and text where few
              short values stand beside many long ones; what remains in doubt is an error;
            - JSON objects, one a line or as a list, with the names below as keys;
            - lines of fastText, ``__label__pets my cat``, with one label each;
            - unless `labeled`, a text a line, if the name ends in neither ``.tsv`` nor ``.csv`` and
              the first line is no header.

            Blank lines are left out.
        language : str, optional
            Code of the texts without language in the file.
        labeled : bool
            Whether each text must have a label; otherwise labels are not read.
        text_column : str or int, optional
            Name of the column in the header, or its number from 1. By default ``"text"``,
            ``"sentence"``, ``"tweet"``, ``"review"`` or ``"document"``, or the only similar name.
        label_column : str or int, optional
            By default ``"label"``, ``"category"``, ``"class"``, ``"sentiment"``, ``"topic"`` or
            ``"intent"``, or the only similar name.
        language_column : str or int, optional
            By default ``"language"`` or ``"lang"``, if there is one.
        delimiter : str, optional
            Character between columns; by default found by content.
        header : bool, optional
            Whether the first line names the columns; by default found by content.

        Returns
        -------
        LabeledTexts
            Its notes tell the format and the columns. Invalid UTF-8 is replaced, counted, and
            logged as a warning.

        Raises
        ------
        FormatError
            If the file cannot be read, holds no text, or a line is malformed; names file and line.
        ValueError
            If columns are given both by name and by number, by a number below 1, or two are the
            same, or the delimiter is no single character.
        """
        name = os.fspath(path)
        columns = Columns(text_column, label_column, language_column, labeled, header)
        read = TextTable(
            path,
            read_lines(path, "a file of texts", lenient=True),
            columns,
            delimiter,
        )
        labels = [row.label or "" for row in read.rows]
        _warn_of_replaced(read.replaced, name)
        _warn_of_variants(labels, name)
        codes = tuple(row.language or language for row in read.rows)
        if read.without_language and language is None and any(codes):
            raise FormatError(
                path,
                "each text or none must say its language, got none here",
                read.without_language,
            )
        return cls(
            tuple(row.text for row in read.rows),
            tuple(labels) if labeled else None,
            tuple(str(code) for code in codes) if any(codes) else None,
            read.replaced,
            name,
            tuple(read.notes),
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
        given = list(read_lines(labels, "a file of labels"))
        notes = []
        if extra := _blank_lines_after(len(found), given):
            lines = f"{extra:,} blank line{'' if extra == 1 else 's'}"
            notes.append(f"{lines} at the end of {os.fspath(labels)} left out")
            del given[len(found) :]
        for number, line, _ in given:
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
            tuple(notes),
        )


def _blank_lines_after(count: int, lines: Sequence[Line]) -> int:
    """Count the lines past `count`; 0 if one holds anything."""
    rest = lines[count:]
    return 0 if any(line.text.strip() for line in rest) else len(rest)


def _warn_of_replaced(replaced: int, name: str) -> None:
    if replaced:
        logger.warning(
            "%s: invalid UTF-8 in %d lines was replaced; a file in another encoding must be "
            "converted first, such as with iconv -f LATIN1 -t UTF-8",
            name,
            replaced,
        )


def _warn_of_variants(labels: Sequence[str], name: str) -> None:
    if found := spelling_variants(labels):
        shown = ", ".join(map(repr, found[:3]))
        logger.warning(
            "%s: labels that differ only in spelling are classes apart: %s; "
            "write them alike to join them",
            name,
            shown,
        )
