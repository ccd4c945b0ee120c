"""Bytes of the one file in an archive, found by content."""

from __future__ import annotations

import bz2
import contextlib
import io
import itertools
import logging
import lzma
import tarfile
import tempfile
import zipfile
import zlib
from functools import partial
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from alignx.errors import FormatError
from alignx.support.file_kinds import BZIP2, GZIP, TAR, XZ, ZIP, FileKind, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from alignx.support.files import StrPath

__all__ = ["BLOCK_SIZE", "unpacked", "unpacked_stream", "with_head"]

logger = logging.getLogger("alignx")

BLOCK_SIZE = 1 << 16
_HEAD_SIZE = 512  # a tar archive shows its mark in the first block
_MOST_LAYERS = 4


class _Packer(NamedTuple):
    """Decompressor of one member, and the bytes that a member begins with."""

    open: Callable[[], Any]
    magic: bytes


_PACKERS = {
    GZIP: _Packer(partial(zlib.decompressobj, wbits=31), b"\x1f\x8b"),
    BZIP2: _Packer(bz2.BZ2Decompressor, b"BZh"),
    XZ: _Packer(lzma.LZMADecompressor, b"\xfd7zXZ\0"),
}
_DAMAGES = (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile)


def unpacked(file: io.BufferedIOBase, name: StrPath, size: int = BLOCK_SIZE) -> Iterator[bytes]:
    r"""Unpack a file by content; other data passes unchanged.

    Parameters
    ----------
    file : binary stream
        File at its beginning, or a pipe. Packed by gzip, bzip2 or xz, or the one file in a zip or
        tar archive, or one in another. A zip archive from a pipe is stored in a temporary file.
    name : path
        Name in messages.
    size : int
        Bytes to read at once, at most.

    Raises
    ------
    FormatError
        If an archive is damaged, encrypted or cut short, or holds several files or none.

    Examples
    --------
    >>> import gzip
    >>> packed = io.BytesIO(gzip.compress(b"cat gato"))
    >>> b"".join(unpacked(packed, "en-es.txt.gz"))
    b'cat gato'
    """
    start = file.tell() if file.seekable() else None
    pieces = iter(partial(file.read1, size), b"")
    layers: list[FileKind] = []
    while True:
        head, pieces = with_head(pieces)
        kind = kind_of(head)
        if kind in _PACKERS:
            pieces = _decompressed(pieces, _PACKERS[kind], str(name))
        elif kind == ZIP:
            whole = file if start is not None and not layers else None
            pieces = _zip_member(pieces, whole, str(name))
        elif kind == TAR:
            if start is not None and ZIP not in layers:
                place = file.tell()
                file.seek(start)
                _require_one(_listed(file, str(name)), "tar", str(name))
                file.seek(place)
            pieces = _tar_member(pieces, str(name))
        else:
            return pieces
        layers.append(kind)
        if len(layers) > _MOST_LAYERS:
            raise FormatError(name, "archives lie in archives; unpack the file first")


def unpacked_stream(file: io.BufferedReader, name: StrPath) -> io.BufferedReader:
    """Unpack a file like `unpacked`, as a stream; plain regular files are returned themselves."""
    if file.seekable():
        start = file.tell()
        is_plain = kind_of(file.read(_HEAD_SIZE)) not in (*_PACKERS, ZIP, TAR)
        file.seek(start)
        if is_plain:
            return file
    return io.BufferedReader(_Joined(unpacked(file, name)), BLOCK_SIZE)


def with_head(pieces: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Find the first bytes, up to a line end at least; return them and all pieces."""
    rest = iter(pieces)
    head = b""
    for piece in rest:
        head += piece
        # A line from a terminal does not wait for the next. Zip archives have line ends anywhere.
        if len(head) >= _HEAD_SIZE or (b"\n" in head and not head.startswith(b"PK\3\4")):
            break
    return head, itertools.chain([head] if head else [], rest)


def _damaged(name: str) -> FormatError:
    return FormatError(name, "the archive is truncated or damaged; get it again")


def _decompressed(pieces: Iterable[bytes], packer: _Packer, name: str) -> Iterator[bytes]:
    """Unpack one member or several; padding and garbage may follow."""
    current = packer.open()
    for piece in pieces:
        rest = piece
        while rest:
            if current.eof:
                rest = rest.lstrip(b"\0")  # padding of tapes
                if not rest:
                    break
                if not rest.startswith(packer.magic[: len(rest)]):
                    logger.warning("%s: bytes behind the end of the archive are ignored", name)
                    return
                current = packer.open()
            try:
                data = current.decompress(rest)
            except _DAMAGES as error:
                raise _damaged(name) from error
            yield data
            rest = current.unused_data
    if not current.eof:
        raise _damaged(name)


def _zip_member(
    pieces: Iterator[bytes], file: io.BufferedIOBase | None, name: str
) -> Iterator[bytes]:
    """Unpack the file in a zip archive, which lists its files at the end."""
    with contextlib.ExitStack() as stack:
        whole = stack.enter_context(tempfile.TemporaryFile()) if file is None else file
        if file is None:
            for piece in pieces:
                whole.write(piece)
        try:
            archive = stack.enter_context(zipfile.ZipFile(cast("IO[bytes]", whole)))
            names = [member.filename for member in archive.infolist() if not member.is_dir()]
            member = archive.getinfo(_require_one(names, "zip", name))
            if member.flag_bits & 1:
                problem = "this is an encrypted zip archive; unpack it with its password first"
                raise FormatError(name, problem)
            stream = stack.enter_context(archive.open(member))
            yield from iter(partial(stream.read, BLOCK_SIZE), b"")
        except NotImplementedError as error:
            raise FormatError(name, f"this is a zip archive; unpack it first ({error})") from error
        except _DAMAGES as error:
            raise _damaged(name) from error


def _listed(file: io.BufferedIOBase, name: str) -> list[str]:
    """List the files of a tar archive, packed or not."""
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", file), mode="r|*") as archive:
            return [member.name for member in archive if member.isfile()]
    except _DAMAGES as error:
        raise _damaged(name) from error


def _tar_member(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Unpack the file in a tar archive."""
    stream = io.BufferedReader(_Joined(pieces), BLOCK_SIZE)
    names: list[str] = []
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                if not member.isfile() or _is_hidden(member.name):
                    continue
                names.append(member.name)
                if len(names) == 1 and (content := archive.extractfile(member)):
                    yield from iter(partial(content.read, BLOCK_SIZE), b"")
    except _DAMAGES as error:
        raise _damaged(name) from error
    _require_one(names, "tar", name)


def _is_hidden(member: str) -> bool:
    """Recognize files that systems add, such as __MACOSX/._en.vec."""
    path = PurePosixPath(member)
    return path.name.startswith(".") or path.parts[:1] == ("__MACOSX",)


def _require_one(names: list[str], kind: str, name: str) -> str:
    """Return the only file of an archive; refuse several and none."""
    names = [member for member in names if not _is_hidden(member)]
    if len(names) == 1:
        return names[0]
    count = f"{len(names)} files" if names else "no file"
    listed = f" ({', '.join(names[:4])}{', ...' if len(names) > 4 else ''})" if names else ""
    raise FormatError(name, f"this is a {kind} archive of {count}{listed}; unpack it, and name one")


class _Joined(io.RawIOBase):
    """Raw stream of pieces of bytes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Copy the next bytes into a buffer; 0 at the end."""
        into = memoryview(buffer).cast("B")
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        n = min(len(into), len(self._rest))
        into[:n] = self._rest[:n]
        self._rest = self._rest[n:]
        return n
