"""Files of approximate indexes: FAISS's own file, then the biases, then facts about both.

FAISS trusts what it reads: from a truncated or changed file it crashes or answers at random. So
the facts at the end hold a checksum of all that comes before, which is compared first.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from alignx.errors import FormatError
from alignx.support.arrays import Matrix, row_blocks
from alignx.support.files import reading, replacing, require_regular

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["checksum_of", "read_index_file", "write_index_file"]

StrPath = str | os.PathLike[str]

_MAGIC = b"alignx/ann-index"
_VERSION = 1
# The file ends in the facts, their SHA-256, their length and this name.
_DIGEST = hashlib.sha256().digest_size
_TAIL = _DIGEST + 8 + len(_MAGIC)
_BLOCK = 1 << 20


def checksum_of(rows: Matrix) -> str:
    """SHA-256 of the shape and the numbers of rows, in hexadecimal.

    Examples
    --------
    >>> checksum_of(np.zeros((1, 2), dtype=np.float32))[:8]
    '48eed504'
    """
    digest = hashlib.sha256("{} {}\n".format(*rows.shape).encode())
    for block in row_blocks(rows):
        digest.update(block.astype("<f4", copy=False).data)
    return digest.hexdigest()


def write_index_file(
    path: StrPath,
    dump: Callable[[Callable[[bytes], object]], object],
    bias: Matrix | None,
    facts: dict[str, Any],
) -> None:
    """Write a file that takes the place of `path` when it is complete.

    Parameters
    ----------
    path : str or path-like
        The file.
    dump : callable
        Is given the function that takes FAISS's file piece by piece.
    bias : (m,) float32, optional
        Kept as it is.
    facts : dict
        What JSON can hold; what describes the file itself is added.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    digest = hashlib.sha256()
    sizes = [0, 0]
    with replacing(path, "wb") as file:

        def write(data: bytes, part: int = 0) -> None:
            file.write(data)
            digest.update(data)
            sizes[part] += len(data)

        dump(write)
        if bias is not None:
            write(bias.astype("<f4", copy=False).tobytes(), 1)
        facts = {
            "format": _MAGIC.decode(),
            "version": _VERSION,
            **facts,
            "index_bytes": sizes[0],
            "bias_bytes": sizes[1],
            "checksum": digest.hexdigest(),
        }
        encoded = json.dumps(facts).encode()
        length = len(encoded).to_bytes(8, "little")
        file.write(encoded + hashlib.sha256(encoded).digest() + length + _MAGIC)


def read_index_file(path: StrPath) -> tuple[dict[str, Any], Matrix | None]:
    """Read the facts and the biases, after checking the whole file.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    facts : dict
        As they were written.
    bias : (m,) float32 or None
        As it was written.

    Raises
    ------
    FormatError
        If there is no such file, it is no index or damaged, or a newer alignx wrote it.
    """
    require_regular(path, "an index")
    with reading(path) as file:
        facts = _read_facts(file, path)
        file.seek(0)
        size = facts["index_bytes"]
        digest = hashlib.sha256()
        for start in range(0, size, _BLOCK):
            digest.update(file.read(min(_BLOCK, size - start)))
        stored = file.read(facts["bias_bytes"])
        digest.update(stored)
    if digest.hexdigest() != facts["checksum"]:
        raise _damaged(path)
    bias = np.frombuffer(stored, "<f4").astype(np.float32) if stored else None
    return facts, bias


def _read_facts(file: IO[bytes], path: StrPath) -> dict[str, Any]:
    """Read the end of the file, and check it against its checksum and the size of the file."""
    end = os.fstat(file.fileno()).st_size - _TAIL
    file.seek(max(end, 0))
    tail = file.read(_TAIL)
    if len(tail) < _TAIL or not tail.endswith(_MAGIC):
        raise FormatError(path, "this is no index of alignx, or it is truncated; build it again")
    checksum, length = tail[:_DIGEST], int.from_bytes(tail[_DIGEST : _DIGEST + 8], "little")
    if length > end:
        raise _damaged(path)
    file.seek(end - length)
    encoded = file.read(length)
    if hashlib.sha256(encoded).digest() != checksum:
        raise _damaged(path)
    facts: dict[str, Any] = json.loads(encoded)
    if facts["version"] > _VERSION:
        raise FormatError(
            path,
            f"a newer alignx wrote this index (version {facts['version']}, not {_VERSION}); "
            "update alignx",
        )
    if facts["index_bytes"] + facts["bias_bytes"] != end - length:
        raise _damaged(path)
    return facts


def _damaged(path: StrPath) -> FormatError:
    """Make the error of a file that is not as it was written."""
    return FormatError(path, "the index is damaged; build it again")
