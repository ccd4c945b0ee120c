"""Our cache of vectors: one safetensors file, opened memory-mapped.

It holds the tensors `vectors` (n, d) and `words` (UTF-8, newline-joined). The format is eight bytes
with the length of a JSON header, the header, and the data; it is written and mapped here rather
than by the package, which needs all tensors in memory to write them and does not map them.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple, overload

import numpy as np

from alignx.arrays import first_not_finite
from alignx.embeddings import (
    Embeddings,
    LoadOptions,
    LoadReport,
    count_zero_rows,
    enter_words,
    guess_language,
)
from alignx.errors import FormatError
from alignx.files import reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_cache", "write_cache"]

_FORMAT = "alignx-embeddings"
_VERSION = "1"
_LENGTH_SIZE = 8
# Generous, ours take some 500 bytes; it keeps a damaged length from asking for gigabytes.
_LONGEST_HEADER = 1 << 20
_ROWS_PER_WRITE = 16_384
_DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "U8": np.dtype("u1"),
}
_LARGEST_HALF = float(np.finfo(np.float16).max)


def read_cache(path: str, options: LoadOptions) -> Embeddings:
    """Open a cache.

    Parameters
    ----------
    path : str
        The file.
    options : LoadOptions
        What to keep of it.

    Returns
    -------
    Embeddings
        Float32 vectors are mapped, not read, and words are decoded at first use, unless they are
        to be lower-cased. Float16 vectors are converted, so they are read.

    Raises
    ------
    FormatError
        If the file is no such cache, or truncated.

    Examples
    --------
    >>> read_cache("no-such.safetensors", LoadOptions())
    Traceback (most recent call last):
        ...
    alignx.errors.FormatError: no-such.safetensors: no such file; check the name
    """
    header = _read_header(path)
    stored = _map_vectors(header)
    words, vectors, n_read = _select(_map_words(header, len(stored)), stored, options)
    is_mapped = vectors.dtype == np.float32 and not options.lowercase
    vectors = _as_float32(vectors, path)
    is_whole = is_mapped and len(vectors) == len(stored)
    zero_rows = header.zero_rows
    # Counting reads a page for each row; a part of what has no zero rows has none either.
    if zero_rows is None or not (is_whole or (is_mapped and zero_rows == 0)):
        zero_rows = count_zero_rows(vectors)
    known: dict[str, object] = {"zero_rows": zero_rows}
    if is_whole and "checksum" in header.metadata:
        known["checksum"] = header.metadata["checksum"]
    n, d = vectors.shape
    report = LoadReport(path, "cache", n_read, d, merged=n_read - n, zero_rows=zero_rows)
    return Embeddings.from_checked(
        words,
        vectors,
        language=options.language or header.metadata.get("language") or guess_language(path),
        source=header.metadata.get("source") or Path(path).name,
        report=report,
        **known,
    )


def write_cache(
    file: IO[bytes], path: str, embeddings: Embeddings, dtype: Literal["float32", "float16"]
) -> None:
    r"""Write a cache.

    Parameters
    ----------
    file : binary file
        Where to write.
    path : str
        Its name, for messages.
    embeddings : Embeddings
        What to write.
    dtype : {"float32", "float16"}
        How to store the vectors; float16 halves the file and keeps three digits.

    Raises
    ------
    FormatError
        If a number is too large for float16.

    Notes
    -----
    Memory beyond the arguments is the words and a few thousand rows.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> write_cache(file, "en.safetensors", Embeddings(["cat"], [[1.0]]), "float32")
    >>> file.getvalue()[-7:]
    b'\x00\x00\x80?cat'
    """
    words = "\n".join(embeddings.words).encode()
    header = _header_of(embeddings, len(words), _DTYPES["F32" if dtype == "float32" else "F16"])
    file.write(len(header).to_bytes(_LENGTH_SIZE, "little"))
    file.write(header)
    for start in range(0, len(embeddings), _ROWS_PER_WRITE):
        rows = embeddings.vectors[start : start + _ROWS_PER_WRITE]
        if dtype == "float16":
            file.write(_as_float16(rows, embeddings.words[start:], path).data)
        else:
            file.write(rows.astype("<f4", copy=False).data)
    file.write(words)


@dataclass(frozen=True, eq=False)
class StoredWords(Sequence[str]):
    r"""Words of a cache, decoded when the first of them is needed.

    Parameters
    ----------
    data : (b,) uint8
        The words, UTF-8 and newline-joined.
    n : int
        How many of them to use.
    path : str
        Where they come from, for messages.

    Examples
    --------
    >>> words = StoredWords(np.frombuffer(b"cat\ndog\ncow", dtype=np.uint8), 2, "en.safetensors")
    >>> len(words), words[1]
    (2, 'dog')
    """

    data: NDArray[np.uint8]
    n: int
    path: str

    @cached_property
    def _words(self) -> tuple[str, ...]:
        """All of them, decoded."""
        try:
            text = self.data.tobytes().decode()
        except UnicodeDecodeError as error:
            raise _damaged(self.path, "its words are not UTF-8") from error
        return tuple(text.split("\n", self.n)[: self.n])

    def __len__(self) -> int:
        return self.n

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> tuple[str, ...]: ...
    def __getitem__(self, position: int | slice) -> str | tuple[str, ...]:
        return self._words[position]

    def __eq__(self, other: object) -> bool:
        return self._words == (other._words if isinstance(other, StoredWords) else other)


class _Tensor(NamedTuple):
    """Where a tensor lies in the file."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int


class _Header(NamedTuple):
    """What the beginning of a cache says."""

    path: str
    metadata: dict[str, str]
    tensors: dict[str, _Tensor]

    @property
    def zero_rows(self) -> int | None:
        """How many rows are zero, if the file tells."""
        number = self.metadata.get("zero_rows", "")
        return int(number) if number.isdecimal() else None


def _read_header(path: str) -> _Header:
    """Read and check everything but the data."""
    with reading(path) as file:
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(_LENGTH_SIZE), "little")
        data_start = _LENGTH_SIZE + length
        if size < _LENGTH_SIZE or length > _LONGEST_HEADER:
            raise FormatError(path, "this is not a safetensors file")
        text = file.read(length)
    if len(text) < length:
        raise _damaged(path, "it ends within its header")
    try:
        content = json.loads(text)
        metadata = content.pop("__metadata__", {})
        tensors = {name: _tensor(entry, data_start) for name, entry in content.items()}
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise FormatError(path, "this is not a safetensors file") from error
    _check_metadata(metadata, path)
    for name, tensor in tensors.items():
        _check_extent(name, tensor, size, path)
    return _Header(path, metadata, tensors)


def _tensor(entry: dict[str, Any], data_start: int) -> _Tensor:
    """Read the description of a tensor; any exception means that it is none."""
    dtype = _DTYPES.get(entry["dtype"], np.dtype("V1"))
    shape = tuple(map(int, entry["shape"]))
    begin, end = map(int, entry["data_offsets"])
    expected = math.prod(shape) * dtype.itemsize
    if min(begin, *shape) < 0 or (dtype.kind != "V" and end - begin != expected):
        raise ValueError(entry)
    return _Tensor(dtype, shape, data_start + begin)


def _check_metadata(metadata: object, path: str) -> None:
    """Refuse other safetensors files, and those of a later version."""
    if not isinstance(metadata, dict) or metadata.get("format") != _FORMAT:
        raise FormatError(path, "this safetensors file holds no vectors that alignx has written")
    if metadata.get("version") != _VERSION:
        version = metadata.get("version")
        problem = f"its version is {version}, this alignx reads {_VERSION}; update alignx"
        raise FormatError(path, problem)


def _check_extent(name: str, tensor: _Tensor, size: int, path: str) -> None:
    """Refuse a tensor that ends behind the file."""
    end = tensor.offset + math.prod(tensor.shape) * tensor.dtype.itemsize
    if end > size:
        raise _damaged(path, f"{name} should end at byte {end}, the file at {size}")


def _map_vectors(header: _Header) -> NDArray[Any]:
    """Map the matrix."""
    tensor = header.tensors.get("vectors")
    if tensor is None or tensor.dtype.kind != "f" or len(tensor.shape) != 2 or 0 in tensor.shape:
        raise _damaged(header.path, "it has no matrix of vectors")
    # A map at an odd offset would be slow or, on some processors, impossible to compute with.
    return np.require(_map(header.path, tensor), requirements="A")


def _map_words(header: _Header, count: int) -> StoredWords:
    """Map the words, which must be as many as the vectors."""
    tensor = header.tensors.get("words")
    if tensor is None or tensor.dtype != np.uint8 or len(tensor.shape) != 1 or 0 in tensor.shape:
        raise _damaged(header.path, "it has no words")
    data = _map(header.path, tensor)
    found = int(np.count_nonzero(data == ord("\n"))) + 1
    if found != count:
        raise _damaged(header.path, f"it has {found} words for {count} vectors")
    return StoredWords(data, count, header.path)


def _map(path: str, tensor: _Tensor) -> NDArray[Any]:
    """Map a tensor; nothing is read yet."""
    return np.asarray(np.memmap(path, tensor.dtype, "r", tensor.offset, tensor.shape))


def _select(
    words: StoredWords, vectors: NDArray[Any], options: LoadOptions
) -> tuple[Sequence[str], NDArray[Any], int]:
    """Keep the words that are asked for; the last value is how many were looked at."""
    if options.lowercase:
        index: dict[str, int] = {}
        n_read, kept = enter_words(index, words, options.limit, lowercase=True)
        return tuple(index), vectors[kept], n_read
    count = min(len(words), options.limit or len(words))
    return StoredWords(words.data, count, words.path), vectors[:count], count


def _as_float32(vectors: NDArray[Any], path: str) -> NDArray[np.float32]:
    """Convert float16; what we write is finite, but numbers that are read anyway are checked."""
    if vectors.dtype == np.float32:
        return vectors
    converted: NDArray[np.float32] = vectors.astype(np.float32)
    if first_not_finite(converted) is not None:
        raise _damaged(path, "its vectors are not finite")
    return converted


def _as_float16(rows: NDArray[np.float32], words: Sequence[str], path: str) -> NDArray[np.float16]:
    """Round to float16, and refuse what it cannot hold."""
    with np.errstate(over="ignore"):
        half: NDArray[np.float16] = rows.astype("<f2")
    row = first_not_finite(half)
    if row is not None:
        largest = float(np.abs(rows[row]).max())
        raise FormatError(
            path,
            f"float16 holds numbers up to {_LARGEST_HALF:g}, the vector of {words[row]!r} has "
            f"{largest:g}; write float32",
        )
    return half


def _header_of(embeddings: Embeddings, words_size: int, dtype: np.dtype[Any]) -> bytes:
    """Compose the header, padded so that the vectors behind it are aligned."""
    n, d = embeddings.vectors.shape
    end = n * d * dtype.itemsize
    name = next(name for name, known in _DTYPES.items() if known == dtype)
    content = {
        "__metadata__": {
            "format": _FORMAT,
            "version": _VERSION,
            "language": embeddings.language or "",
            "source": embeddings.source or "",
            "count": str(n),
            "checksum": embeddings.checksum,
            "zero_rows": str(embeddings.zero_rows),
            "normalization": "",
        },
        "vectors": {"dtype": name, "shape": [n, d], "data_offsets": [0, end]},
        "words": {"dtype": "U8", "shape": [words_size], "data_offsets": [end, end + words_size]},
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return text + b" " * (-len(text) % 8)


def _damaged(path: str, how: str) -> FormatError:
    """Make the error of a cache that is not as it was written."""
    return FormatError(path, f"the cache is damaged: {how}; create it again")
