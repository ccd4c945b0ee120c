"""Blocks of text from files of any size, and counts of invalid bytes."""

from __future__ import annotations

import codecs
import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from alignx.errors import FormatError
from alignx.support.archives import unpacked_stream
from alignx.support.file_kinds import BINARY, HEAD_SIZE, kind_of
from alignx.support.files import reading

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

__all__ = ["BLOCK_BYTES", "STDIN", "Findings", "text_blocks"]

STDIN = "-"
BLOCK_BYTES = 1 << 20

# Half of the bytes of binary data are neither UTF-8 nor printable, and most of those of text in an
# alphabet that is not Latin and an older encoding; of Latin-1 hardly more than one in twenty.
_MOST_BROKEN = 0.25
_CONTROLS = bytes({*range(1, 32)} - {*b"\t\n\v\f\r\x1b"})
_ESCAPED = re.compile("[\udc80-\udcff]")


@dataclass
class Findings:
    """Totals of the texts read so far.

    Attributes
    ----------
    bytes : int
        Bytes read, unpacked.
    lines : int
        Lines, the last of a file with or without an end.
    invalid : int
        Bytes that are not valid UTF-8.
    nuls : int
        NUL bytes.
    packed : int
        Bytes read as they lie in the files, packed or not.
    """

    bytes: int = 0
    lines: int = 0
    invalid: int = 0
    nuls: int = 0
    packed: int = 0


def text_blocks(
    path: str,
    findings: Findings,
    *,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[str]:
    r"""Read a text in blocks that end at line ends, or else at white space.

    Archives are unpacked (see `alignx.support.archives.unpacked`). A UTF-8 byte order mark is
    dropped, a NUL becomes a space, and a byte that is not valid UTF-8 a replacement character.

    Parameters
    ----------
    path : str
        The file, or ``"-"`` for standard input.
    findings : Findings
        Totals to add to.
    block_bytes : int
        Bytes to read at once; text without any white space is cut near there, between two
        characters.

    Yields
    ------
    str
        Blocks; joined they are the text, but for white space between words.

    Raises
    ------
    FormatError
        If the file cannot be read, is truncated, or is no text.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "es.txt"
    >>> _ = path.write_bytes(b"el gato\0y la\nni\xf1a")
    >>> findings = Findings()
    >>> list(text_blocks(str(path), findings))
    ['el gato y la\n', 'ni�a']
    >>> findings
    Findings(bytes=17, lines=2, invalid=1, nuls=1, packed=17)
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
    pending, last = "", "\n"
    is_first, ended, place = True, False, 0
    with _opened(path) as file:
        text_file = _unpacked(path, file)
        while not ended:
            data = text_file.read(block_bytes)
            ended = not data
            if file.seekable():
                findings.packed, place = findings.packed + file.tell() - place, file.tell()
            nuls = data.count(b"\0")
            plain = data.replace(b"\0", b" ") if nuls else data
            text, invalid = _ESCAPED.subn("\ufffd", decoder.decode(plain, ended))
            if is_first:
                _refuse_junk(path, data, invalid)
                is_first = False
            findings.bytes += len(data)
            findings.nuls += nuls
            findings.invalid += invalid
            findings.lines += text.count("\n")
            last = text[-1:] or last
            block, pending = _cut(pending + text, block_bytes)
            if block:
                yield block
    if last != "\n":
        findings.lines += 1
    if pending:
        yield pending


@contextmanager
def _opened(path: str) -> Iterator[io.BufferedReader]:
    """Open a file, or standard input."""
    if path == STDIN:
        yield cast("io.BufferedReader", sys.stdin.buffer)
        return
    with reading(path) as file:
        yield file


def _unpacked(path: str, file: io.BufferedReader) -> io.BufferedReader:
    """Unpack archives; refuse documents and other kinds of files."""
    stream = unpacked_stream(file, path)
    kind = kind_of(stream.peek(HEAD_SIZE))
    if kind not in (None, BINARY):  # binary data is told by its share of invalid bytes
        raise FormatError(path, str(kind))
    return stream


def _refuse_junk(path: str, data: bytes, invalid: int) -> None:
    """Refuse a file whose first block is not text in UTF-8."""
    rest = len(data) - data.count(0)
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if invalid + controls > rest * _MOST_BROKEN:
        raise FormatError(
            path,
            f"this is no text in UTF-8: {invalid:,} of its first {len(data):,} bytes are not "
            f"valid, {controls:,} are control characters; convert it first (iconv)",
        )


def _cut(text: str, most: int) -> tuple[str, str]:
    """Split a text after its last line end, or a long one at its last white space."""
    end = text.rfind("\n") + 1
    if end or len(text) < most:
        return text[:end], text[end:]
    parts = text.rsplit(maxsplit=1)
    if len(parts) < 2 or text[-1].isspace():
        return text, ""
    return parts[0] + " ", parts[1]
