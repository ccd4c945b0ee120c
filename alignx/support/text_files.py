"""Lines of text in any archive, encoding and line ending."""

from __future__ import annotations

import codecs
import itertools
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from alignx.errors import FormatError
from alignx.support.archives import unpacked, with_head
from alignx.support.encodings import recoded, wide_encoding
from alignx.support.file_kinds import kind_of, markup_of
from alignx.support.files import reading

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Iterator

    from alignx.support.files import StrPath

__all__ = ["Line", "read_lines", "stream_lines"]


class Line(NamedTuple):
    """Line without its end; `is_replaced` marks replaced bytes."""

    number: int
    text: str
    is_replaced: bool


_make_line = partial(tuple.__new__, Line)  # Line._make takes twice the time


def read_lines(
    path: StrPath, what: str, *, lenient: bool = False, markup: bool = True
) -> Iterator[Line]:
    r"""Read the lines of a text file.

    Parameters
    ----------
    path : str or path-like
        Text in UTF-8, whatever the locale, or in UTF-16 or UTF-32 with a byte order mark; packed or
        not, whatever its name (see `unpacked`). Lines end in ``"\n"`` or ``"\r\n"``; in a file
        without ``"\n"``, in ``"\r"``. Nothing else ends a line: U+2028 may occur in a word.
    what : str
        Noun for messages, such as "a dictionary".
    lenient : bool
        Replace bytes that are no UTF-8, rather than refuse them.
    markup : bool
        Accept HTML and XML.

    Raises
    ------
    InputError
        If the file is missing or cannot be read.
    FormatError
        If it is no text; names the kind that it looks like.
    """
    with reading(path) as file:
        for lines in stream_lines(file, str(path), what, lenient=lenient, markup=markup):
            yield from lines


def stream_lines(
    stream: io.BufferedIOBase,
    name: str,
    what: str,
    *,
    lenient: bool = False,
    markup: bool = True,
) -> Iterator[list[Line]]:
    r"""Read the lines of a stream without delay; see `read_lines`.

    Yields one line or more at a time; FormatError follows the lines before a malformed one.

    Examples
    --------
    >>> import io
    >>> stream = io.BytesIO(b"cat\ndog")
    >>> [[line.text for line in lines] for lines in stream_lines(stream, "input", "a list")]
    [['cat'], ['dog']]
    """
    number = 0
    for block in _complete_lines(_as_utf8(unpacked(stream, name), name, what, markup)):
        if (texts := _decoded(block)) is not None:
            numbers = itertools.count(number + 1)
            number += len(texts)
            yield list(map(_make_line, zip(numbers, texts, itertools.repeat(False))))
            continue
        lines: list[Line] = []
        for data in block:
            number += 1
            try:
                lines.append(_decoded_line(number, data, name, what, lenient))
            except FormatError:
                if lines:
                    yield lines
                raise
        yield lines


def _decoded(block: list[bytes]) -> list[str] | None:
    """Decode all lines at once, which is faster; None if one is broken."""
    joined = b"\n".join(block)
    if b"\0" in joined:
        return None
    try:
        return joined.decode().split("\n")
    except UnicodeDecodeError:
        return None


def _decoded_line(number: int, data: bytes, name: str, what: str, lenient: bool) -> Line:
    if b"\0" in data and not lenient:
        raise FormatError(name, f"{what} must be text, got a NUL character", number)
    try:
        return Line(number, data.decode(), False)
    except UnicodeDecodeError as error:
        if lenient:
            return Line(number, data.decode(errors="replace"), True)
        shown = data[max(error.start - 20, 0) : error.start + 20].decode("latin-1")
    problem = f"{what} must be UTF-8; convert it first, such as with iconv -f LATIN1 -t UTF-8"
    raise FormatError(name, f"{problem}, if this is {shown!r}", number)


def _as_utf8(pieces: Iterable[bytes], name: str, what: str, markup: bool) -> Iterator[bytes]:
    """Recode a text; refuse other kinds of files."""
    head, pieces = with_head(pieces)
    next(pieces, None)
    if wide := wide_encoding(head):
        encoding, mark = wide
        yield from recoded(itertools.chain([head[mark:]], pieces), encoding, name, what)
        return
    kind = kind_of(head)
    if kind is None and not markup:
        kind = markup_of(head)
    if kind is not None:
        raise FormatError(name, f"{what} must be plain text in UTF-8, but {kind}")
    while head.startswith(codecs.BOM_UTF8):  # some programs add one to the one that is there
        head = head.removeprefix(codecs.BOM_UTF8)
    yield head
    yield from pieces


def _complete_lines(pieces: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield complete lines as soon as they have arrived."""
    rest: list[bytes] = []
    has_line_feeds = False
    for piece in pieces:
        *lines, tail = piece.split(b"\n")
        if lines:
            has_line_feeds = True
            lines[0] = b"".join([*rest, lines[0]])
            rest.clear()
            # Twice, where a program wrote "\r\n" and another made of "\n" a "\r\n" again.
            yield [line.rstrip(b"\r") for line in lines]
        rest.append(tail)
    last = b"".join(rest)
    if last:
        # Old Mac files end lines by a carriage return; elsewhere one may be part of a line.
        last = last.removesuffix(b"\r")
        yield [last] if has_line_feeds else last.split(b"\r")
