"""Lines of text files and streams, whatever packs them, encodes them and ends their lines."""

from __future__ import annotations

import codecs
import itertools
import zlib
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from alignx.errors import FormatError
from alignx.support.file_kinds import GZIP_MAGIC, kind_of, markup_of
from alignx.support.files import reading

if TYPE_CHECKING:
    import io
    import os
    from collections.abc import Iterable, Iterator

__all__ = ["BLOCK_SIZE", "Line", "read_lines", "stream_lines"]

BLOCK_SIZE = 1 << 16
_SHORTEST_HEAD = 4  # what the longest byte order mark takes
_WIDE = {  # the longer mark first: it begins with the shorter
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


class Line(NamedTuple):
    """A line without its end.

    Attributes
    ----------
    number : int
        From 1.
    text : str
        What it says.
    is_replaced : bool
        Whether bytes that are no UTF-8 were replaced in it.
    """

    number: int
    text: str
    is_replaced: bool


def read_lines(
    path: str | os.PathLike[str], what: str, *, lenient: bool = False, markup: bool = True
) -> Iterator[Line]:
    r"""Read the lines of a text file: UTF-8 whatever the locale, or UTF-16 with its mark.

    Parameters
    ----------
    path : path
        May be gzipped, whatever its name.
    what : str
        What messages call its content, such as "a dictionary".
    lenient : bool
        Replace what is no UTF-8, rather than refuse it.
    markup : bool
        Whether a line may be HTML or XML.

    Yields
    ------
    Line
        Lines end in a line feed, alone or behind a carriage return; if there is none in the whole
        file, in a carriage return. Nothing else ends a line: U+2028 may occur in a word.

    Raises
    ------
    FormatError
        If the file cannot be read or is no text; names what it looks like.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "words.txt"
    >>> _ = path.write_bytes("cat\r\nniño\r\n".encode("utf-8-sig"))
    >>> [line.text for line in read_lines(path, "a list")]
    ['cat', 'niño']
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
    r"""Give the lines of a stream as soon as they are complete, without waiting for more.

    Parameters
    ----------
    stream : buffered binary file
        A pipe, for example. A line may be of any length.
    name : str
        What messages call it.
    what, lenient, markup
        As of `read_lines`.

    Yields
    ------
    list of Line
        At least one. The last may lack its end.

    Raises
    ------
    FormatError
        As `read_lines` does, when the lines before have been given.

    Examples
    --------
    >>> import io
    >>> stream = io.BytesIO(b"cat\ndog")
    >>> [[line.text for line in lines] for lines in stream_lines(stream, "input", "a list")]
    [['cat'], ['dog']]
    """
    pieces = iter(partial(stream.read1, BLOCK_SIZE), b"")
    number = 0
    for block in _complete(_as_utf8(pieces, name, what, markup)):
        if (texts := _decoded(block)) is not None:
            numbers = itertools.count(number + 1)
            number += len(texts)
            yield list(map(Line._make, zip(numbers, texts, itertools.repeat(False))))
            continue
        lines: list[Line] = []
        for data in block:
            number += 1
            if b"\0" in data and not lenient:
                if lines:
                    yield lines
                raise FormatError(name, f"{what} must be text, got a NUL character", number)
            try:
                lines.append(Line(number, data.decode(), False))
            except UnicodeDecodeError as error:
                if not lenient:
                    if lines:
                        yield lines
                    raise _not_utf8(name, what, number, data, error.start) from None
                lines.append(Line(number, data.decode(errors="replace"), True))
        yield lines


def _decoded(block: list[bytes]) -> list[str] | None:
    """Decode all lines at once, in a third of the time of one by one; None if one is broken."""
    joined = b"\n".join(block)
    if b"\0" in joined:
        return None
    try:
        return joined.decode().split("\n")
    except UnicodeDecodeError:
        return None


def _not_utf8(name: str, what: str, line: int, data: bytes, start: int) -> FormatError:
    shown = data[max(start - 20, 0) : start + 20].decode("latin-1")
    problem = f"{what} must be UTF-8; convert it first, such as with iconv -f LATIN1 -t UTF-8"
    return FormatError(name, f"{problem}, if this is {shown!r}", line)


def _as_utf8(pieces: Iterable[bytes], name: str, what: str, markup: bool) -> Iterator[bytes]:
    """Unpack and recode, and refuse by name what is no text."""
    head, pieces = _with_head(pieces)
    if head.startswith(GZIP_MAGIC):
        head, pieces = _with_head(_unpacked(itertools.chain([head], pieces), name))
    for mark, encoding in _WIDE.items():
        if head.startswith(mark):
            first = head[len(mark) :]
            yield from _recoded(itertools.chain([first], pieces), encoding, name, what)
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


def _with_head(pieces: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Give as much of the beginning as is needed to tell what it is, and what comes behind."""
    rest = iter(pieces)
    head = b""
    for piece in rest:
        head += piece
        if len(head) >= _SHORTEST_HEAD or b"\n" in head:
            break
    return head, rest


def _unpacked(pieces: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Unpack gzip, of one member or several."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        for piece in pieces:
            rest = piece
            while rest:
                if unpacker.eof:
                    rest = rest.lstrip(b"\0")  # what may fill up a tape
                    if not rest:
                        break
                    unpacker = zlib.decompressobj(wbits=31)
                yield unpacker.decompress(rest)
                rest = unpacker.unused_data
    except zlib.error as error:
        raise _broken(name) from error
    if not unpacker.eof:
        raise _broken(name)


def _broken(name: str) -> FormatError:
    return FormatError(name, "the archive is truncated or damaged; download it again")


def _recoded(pieces: Iterable[bytes], encoding: str, name: str, what: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in pieces:
            yield decoder.decode(piece).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        problem = f"{what} begins as {encoding[:6].upper()} and is damaged; convert it to UTF-8"
        raise FormatError(name, problem) from error


def _complete(pieces: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Give complete lines as soon as they are there."""
    rest: list[bytes] = []
    is_mac = True
    for piece in pieces:
        *lines, tail = piece.split(b"\n")
        if lines:
            is_mac = False
            lines[0] = b"".join([*rest, lines[0]])
            rest.clear()
            yield [line.removesuffix(b"\r") for line in lines]
        rest.append(tail)
    last = b"".join(rest)
    if last:
        # Old Mac files end lines by a carriage return; elsewhere one may be part of a line.
        yield last.removesuffix(b"\r").split(b"\r") if is_mac else [last.removesuffix(b"\r")]
