"""Blocks of whole lines in UTF-8 from the bytes of a text of vectors."""

from __future__ import annotations

import codecs
import itertools
import re
from functools import partial
from typing import TYPE_CHECKING

from alignx.errors import FormatError
from alignx.support.encodings import recoded, wide_encoding
from alignx.support.file_kinds import BINARY, kind_of, markup_of
from alignx.vectors.text.dialect import Reading, best_reading
from alignx.vectors.text.layout import NOT_TEXT, sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alignx.vectors.vector_stream import VectorStream

__all__ = ["HEAD_SIZE", "whole_lines"]

HEAD_SIZE = 1 << 20
"""Bytes to inspect, and the longest line accepted."""

_PIECE_SIZE = 1 << 16  # bytes to unpack at once
_INNER_RETURN = re.compile(rb"\r(?![\r\n])(?=.)", re.DOTALL)


def whole_lines(stream: VectorStream, path: str, size: int) -> Iterator[memoryview]:
    """Read blocks of lines, `size` bytes or a little more; the first holds the head of the text.

    The text is recoded from UTF-16 and UTF-32, without byte order mark; lines end in a line feed.

    Raises
    ------
    FormatError
        If the stream is no text, or a line is very long.
    """
    pieces = iter(partial(stream.read1, min(size, _PIECE_SIZE)), b"")
    if wide := wide_encoding(stream.head):
        encoding, mark = wide
        stream.read(mark)
        pieces = recoded(pieces, encoding, path, "a file of vectors")
    head = b""
    while len(head) < HEAD_SIZE and (piece := next(pieces, None)) is not None:
        head += piece
    while head.startswith(codecs.BOM_UTF8):  # some programs add one to the one that is there
        head = head.removeprefix(codecs.BOM_UTF8)
    _require_text(head, path)
    pieces = itertools.chain([head], pieces)
    if _ends_lines_by_returns(head):
        pieces = _with_line_feeds(pieces)
    return _blocks(pieces, size, path)


def _require_text(head: bytes, path: str) -> None:
    """Refuse other formats, by name."""
    if not head:
        raise FormatError(path, "the file is empty")
    kind = markup_of(head) or kind_of(head)
    if kind not in (None, BINARY):  # a NUL may be in a word
        raise FormatError(path, str(kind))


def _ends_lines_by_returns(head: bytes) -> bool:
    """Recognize old Mac files, and mixed ones; elsewhere a return may be part of a word."""
    if not _INNER_RETURN.search(head):
        return False
    if b"\n" not in head:
        return True
    rows = [line.text for line in sample(head.replace(b"\r", b"\n"))][1:]  # behind the header
    found = best_reading(rows)
    if found is None or found.good < len(rows):
        return False
    doubtful = [line.text for line in sample(head) if b"\r" in line.text]
    return Reading.of(doubtful, found.dialect, found.dimension).plain < len(doubtful)


def _with_line_feeds(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Replace returns by line feeds, and both together by one."""
    rest = b""
    for piece in pieces:
        text = rest + piece
        rest = b"\r" if text.endswith(b"\r") else b""
        yield text.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    yield rest.replace(b"\r", b"\n")


def _blocks(pieces: Iterable[bytes], size: int, path: str) -> Iterator[memoryview]:
    """Join pieces of a text to blocks."""
    parts: list[bytes] = []
    for piece in pieces:
        parts.append(piece)
        if sum(map(len, parts)) >= size:
            block = b"".join(parts)
            cut = block.rfind(b"\n") + 1
            parts = [block[cut:]]
            if len(parts[0]) > HEAD_SIZE:
                raise FormatError(path, f"a line is longer than {HEAD_SIZE} bytes; {NOT_TEXT}")
            if cut:
                yield memoryview(block)[:cut]
    if rest := b"".join(parts):
        yield memoryview(rest)
