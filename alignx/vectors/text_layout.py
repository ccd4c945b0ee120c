"""Header, dimension and plausibility of word2vec text, from its first lines."""

from __future__ import annotations

import codecs
import io
import itertools
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from alignx.errors import FormatError
from alignx.support.file_kinds import BINARY, kind_of, markup_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["HEAD_SIZE", "NOT_TEXT", "TextLayout", "require_text_vectors"]

HEAD_SIZE = 1 << 20
"""Bytes to inspect, and the longest line accepted."""
NOT_TEXT = "this is not a text file of vectors"

_SAMPLE_LINES = 11
_HEADER = re.compile(rb"[ \t]*(\d{1,18})[ \t]+(\d{1,18})[ \t]*\r?")
_FIELD = re.compile(rb"[^ \t]+")
_HINTS = {
    rb"\s*[{\[]": "this looks like JSON; write a word and its numbers a line",
    rb"[^\t ]+[\t ]+-?\d+,\d+[\t ]": "write decimal points instead of commas",
    rb"[^;]+;\s*-?\d+[.,]\d+;": "write blanks instead of semicolons",
    rb"[^,]+,\s*-?\d+(\.\d+)?,": "write blanks instead of commas",
    rb"[^\t ]+[\t ]+\d+:-?\d": "sparse vectors cannot be read; write all numbers of a word",
}


class TextLayout(NamedTuple):
    """Facts about a text of vectors.

    Attributes
    ----------
    dimension : int
        Numbers in a line.
    n_rows : int or None
        Number of rows in the header; None without header.
    first_line : int
        Number of the first line behind the header.
    body : bytes
        The inspected lines without header.
    """

    dimension: int
    n_rows: int | None
    first_line: int
    body: bytes

    @classmethod
    def of(cls, text: bytes, path: str) -> TextLayout:
        """Inspect the first lines of a text; FormatError if they are not vectors."""
        first, _, rest = text.partition(b"\n")
        header = _HEADER.fullmatch(first)
        body = rest if header else text
        n_rows, promised = map(int, header.groups()) if header else (None, None)
        lines = list(itertools.islice(filter(bytes.strip, io.BytesIO(body)), _SAMPLE_LINES))
        if not lines:
            problem = "a header but no vectors" if header else "no vectors"
            raise FormatError(path, f"the file holds {problem}; download it again")
        dimension = _usual_dimension(lines, promised, path)
        if promised not in (None, dimension):
            problem = f"the header promises {promised} dimensions, the lines have {dimension}"
            raise FormatError(path, f"{problem}; correct the header", 1)
        return cls(dimension, n_rows, 2 if header else 1, body)


def require_text_vectors(head: bytes, path: str) -> bytes:
    """Refuse other formats, by name; the first bytes without a byte order mark otherwise."""
    text = head.removeprefix(codecs.BOM_UTF8)
    if not text:
        raise FormatError(path, "the file is empty; download it again")
    kind = markup_of(text) or kind_of(text)
    if kind not in (None, BINARY):  # a NUL may be in a word
        raise FormatError(path, f"{NOT_TEXT}: {kind}")
    if b"\r" in text.rstrip() and b"\n" not in text:
        problem = "lines end in CR alone, as on old Macs; convert them first, such as with mac2unix"
        raise FormatError(path, problem)
    return text


def _usual_dimension(lines: Sequence[bytes], promised: int | None, path: str) -> int:
    """Find the most common number of numbers in a line, or the promised one if it occurs."""
    counts = [_count_numbers(line) for line in lines]
    found = Counter(filter(None, counts))
    is_binary = any(b"\0" in line for line in lines)
    # Binary data can hold a line end behind a digit by chance.
    if is_binary and (not found or None in counts):
        raise FormatError(path, f"{NOT_TEXT}: {BINARY}")
    if not found:
        shown = lines[0][:40].decode(errors="backslashreplace").rstrip()
        hints = (f"; {hint}" for pattern, hint in _HINTS.items() if re.match(pattern, lines[0]))
        problem = f"{NOT_TEXT}: a line is a word and its numbers, found {shown!r}"
        raise FormatError(path, problem + next(hints, ""))
    if promised is not None and promised in found:
        return promised
    return found.most_common(1)[0][0]


def _count_numbers(line: bytes) -> int | None:
    """Count the fields behind the word; None if the last is not a number."""
    fields = _FIELD.findall(line.removesuffix(b"\n").removesuffix(b"\r"))
    try:
        float(fields[-1])
    except (IndexError, ValueError):
        return None
    return len(fields) - 1 or None
