"""Unpacked bytes of a file of vectors."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from alignx.support.archives import unpacked_stream
from alignx.support.file_kinds import HEAD_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["VectorStream"]


class VectorStream(io.BufferedReader):
    r"""Stream of the unpacked bytes of a file, or of standard input.

    Parameters
    ----------
    file : binary stream
        File at its beginning, or a pipe, packed or not; it stays open.
    path : str
        Name in messages.

    Attributes
    ----------
    head : bytes
        The first 4096 bytes, or all of a shorter file; they are not consumed.
    size : int or None
        Bytes in the file, still packed; None for a pipe.

    Examples
    --------
    >>> stream = VectorStream(io.BufferedReader(io.BytesIO(b"cat 1 0\n")), "en.vec")
    >>> stream.head
    b'cat 1 0\n'
    """

    def __init__(self, file: io.BufferedReader, path: str) -> None:
        self._file = file
        self._unpacked = unpacked_stream(file, path)
        status = _status_of(file)
        is_regular = status is not None and stat.S_ISREG(status.st_mode)
        self.size = status.st_size if status and is_regular else None
        self._is_named = is_regular and _names(path, status)
        super().__init__(_Unclosed(self._unpacked), HEAD_SIZE)
        self.head = self.peek(HEAD_SIZE)[:HEAD_SIZE]

    @property
    def fraction(self) -> float | None:
        """Share of the file that was read so far; None for a pipe."""
        return min(1.0, self._file.tell() / self.size) if self.size else None

    @contextlib.contextmanager
    def regular(self) -> Iterator[io.BufferedReader]:
        """Open the bytes as a regular file, whose `name` is its path.

        Packed files and pipes are written to a temporary file, which is removed at the end; maps
        into memory of it stay valid.
        """
        if self._is_named and self._unpacked is self._file:
            self._file.seek(0)
            yield self._file
            return
        with tempfile.NamedTemporaryFile(prefix="alignx-") as copy:
            shutil.copyfileobj(self, copy)
            copy.flush()
            with Path(copy.name).open("rb") as file:
                yield file


class _Unclosed(io.RawIOBase):
    """Raw stream of another, which stays open; each read is as long as possible."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fill a buffer; less of it at the end only."""
        return self._file.readinto(buffer)


def _names(path: str, status: os.stat_result | None) -> bool:
    """Return True if a path leads to the file of a status."""
    try:
        return status is not None and os.path.samestat(Path(path).stat(), status)
    except OSError:
        return False


def _status_of(file: io.BufferedReader) -> os.stat_result | None:
    """Return the status of a file; None for bytes in memory."""
    try:
        return os.fstat(file.fileno())
    except OSError:
        return None
