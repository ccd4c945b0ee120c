"""Recognition of dictionaries in formats that are no tables, and of pages in their place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alignx.errors import FormatError
from alignx.support.file_kinds import FileKind, markup_of

if TYPE_CHECKING:
    from alignx.lexicon.entries import Lines
    from alignx.support.files import StrPath

__all__ = ["other_format", "refuse_other_formats"]

_SHOWN = 100  # lines that tell a format
_ADVICE = "export its pairs as a table: a word, a tab and its translation a line"
_COMMENTS = r"(?:\s*#.*\n)*\s*"
_FORMATS = {
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?(?:<!DOCTYPE[^>\[]*(?:\[[^\]]*\]\s*)?>\s*)?"
    r"<(?:tmx|tbx|martif|dictionary|TEI(?:\.2)?|xdxf|LexicalResource|mediawiki|xliff)\b": (
        "a dictionary or memory in XML"
    ),
    r"\s*<table\b": "a table of HTML",
    r"(?:\s*(?:--.*|/\*.*)\n)*\s*"
    r"(?:(?:insert (?:ignore )?into|replace into) [^\n]+(?:values|select)\b"
    r"|create table [^\n]+\()": "SQL",
    rf'{_COMMENTS}(?:msgctxt ".*\n)?msgid "': "a gettext catalog (.po)",
    r"\s*#NAME\s": "a dictionary of Lingvo (.dsl)",
    r"StarDict's dict ifo file": "the .ifo file of a StarDict dictionary",
    r"\s*\{\|.*\n\s*[|!]": "a table of MediaWiki",
    rf"{_COMMENTS}(?:@prefix\s|<\w+:[^>\s]+>\s+<\w+:[^>\s]+>\s)": "RDF",
    r"\s*(?:---\s*\n)?\s*- \w+: .*\n\s+\w+: ": "YAML with keys",
}
_KNOWN = [
    (re.compile(pattern, re.IGNORECASE), FileKind(name, _ADVICE))
    for pattern, name in _FORMATS.items()
]
_VECTORS = re.compile(
    r"(?:\d+ \d+\s*\n)?\S+(?:[ \t][-+]?\d*\.?\d+(?:e[-+]?\d+)?){8}", re.IGNORECASE
)
_KNOWN.append((_VECTORS, FileKind("a file of vectors", "name a dictionary of word pairs")))


def other_format(text: str) -> FileKind | None:
    r"""Recognize a format by the first lines; None for others.

    Examples
    --------
    >>> print(other_format('msgid "cat"\nmsgstr "gato"\n').name)
    a gettext catalog (.po)
    """
    known = (kind for pattern, kind in _KNOWN if pattern.match(text))
    return next(known, None) or markup_of(text.encode())


def refuse_other_formats(path: StrPath, what: str, lines: Lines) -> None:
    """Raise FormatError for lines of a format that is not read.

    `what` is a noun for the message, such as "a dictionary".
    """
    if kind := other_format("\n".join(text for _, text in lines[:_SHOWN])):
        raise FormatError(path, f"{what} must be a table or JSON, but {kind}")
