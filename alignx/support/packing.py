"""Packing of files that are written, by the ending of their name."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alignx.support.files import StrPath

__all__ = ["PACKED", "packing", "without_packing"]

PACKED = (".gz", ".bz2", ".xz")
"""Endings of packed files."""

# Numbers hardly compress: higher levels take several times as long for a few percent.
_GZIP_LEVEL = 4


def without_packing(path: StrPath) -> str:
    """Drop the endings of packed files, in any case.

    Examples
    --------
    >>> without_packing("en-es.tsv.gz"), without_packing("en.vec")
    ('en-es.tsv', 'en.vec')
    """
    name = os.fspath(path)
    while name.lower().endswith(PACKED):
        name = name[: name.rindex(".")]
    return name


@contextlib.contextmanager
def packing(file: IO[bytes], path: StrPath) -> Iterator[IO[bytes]]:
    """Pack what is written to a file, by the last ending of its name.

    Equal contents make equal files, without name and time of day.
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".gz":
        with gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as archive:
            yield cast("IO[bytes]", archive)
    elif suffix in PACKED:
        with {".bz2": bz2, ".xz": lzma}[suffix].open(file, "wb") as archive:
            yield archive
    else:
        yield file
