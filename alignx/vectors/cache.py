"""Our cache of vectors: one safetensors file, opened memory-mapped.

It holds the tensors `vectors` (n, d) and `words` (UTF-8, newline-joined). The format is eight bytes
with the length of a JSON header, the header, and the data; it is written and mapped here rather
than by the package, which needs all tensors in memory to write them and does not map them.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple, overload

import numpy as np

from alignx.errors import FormatError
from alignx.support.arrays import first_not_finite, row_blocks
from alignx.support.file_kinds import HEAD_SIZE, described
from alignx.support.files import printable, reading, require_regular
from alignx.support.memory import require_whole
from alignx.vectors.embeddings import (
    Embeddings,
    LoadOptions,
    LoadReport,
    count_zero_rows,
    enter_words,
    guess_language,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from alignx.support.arrays import LazyRows, Matrix

__all__ = ["read_cache", "write_cache"]

_FORMAT = "alignx-embeddings"
_VERSION = "1"
_LENGTH_SIZE = 8
# Generous, ours take some 500 bytes; it keeps a damaged length from asking for gigabytes.
_LONGEST_HEADER = 1 << 20
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
    alignx.errors.MissingFileError: no-such.safetensors: no such file; check the name
    """
    header = _read_header(path)
    stored = _map_vectors(header)
    given = options.language or header.metadata.get("language")
    named = None if given else guess_language(path)
    language = given or named
    words, vectors, n_read = _select(_map_words(header, len(stored)), stored, options, language)
    is_mapped = vectors.dtype == np.float32 and not options.lowercase
    vectors = _as_float32(vectors, path)
    is_whole = is_mapped and len(vectors) == len(stored)
    zero_rows = header.zero_rows
    # Counting reads a page for each row; a part of what has no zero rows has none either.
    if zero_rows is None or not (is_whole or (is_mapped and zero_rows == 0)):
        zero_rows = sum(map(count_zero_rows, row_blocks(vectors)))
    known: dict[str, Any] = {"zero_rows": zero_rows}
    if is_whole and "checksum" in header.metadata:
        known["checksum"] = header.metadata["checksum"]
    n, d = vectors.shape
    report = LoadReport(
        path, "cache", n_read, d, merged=n_read - n, zero_rows=zero_rows, language=named
    )
    return Embeddings.from_checked(
        words,
        vectors,
        language=language,
        source=header.metadata.get("source") or printable(Path(path).name),
        report=report,
        space=header.metadata.get("space") or None,
        **known,
    )


def write_cache(
    file: IO[bytes],
    path: str,
    embeddings: Embeddings,
    dtype: Literal["float32", "float16"],
    rows: LazyRows | None = None,
) -> None:
    r"""Write a cache.

    Parameters
    ----------
    file : binary file
        Where to write, empty.
    path : str
        Its name, for messages.
    embeddings : Embeddings
        What to write.
    dtype : {"float32", "float16"}
        How to store the vectors; float16 halves the file and keeps three digits.
    rows : LazyRows, optional
        Take the place of the vectors.

    Raises
    ------
    FormatError
        If a number is too large for float16.

    Notes
    -----
    Memory beyond the arguments is the words and a few thousand rows. The header, which comes
    first, tells what only all rows tell: it is corrected at the end. Rows are computed twice for
    pipes, where nothing can be corrected, and when so many rows have become zero that the header
    has another length.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> write_cache(file, "en.safetensors", Embeddings(["cat"], [[1.0]]), "float32")
    >>> file.getvalue()[-7:]
    b'\x00\x00\x80?cat'
    """
    words = _join(embeddings.words)
    dimension = embeddings.dimension if rows is None else rows.dimension
    space = embeddings.space if rows is None else rows.space
    layout = _Layout(
        (len(embeddings), dimension), _DTYPES["F32" if dtype == "float32" else "F16"], len(words)
    )
    summary = _Summary(layout.shape, words)

    def write(header: bytes, blocks: Iterable[Matrix]) -> None:
        file.write(header)
        for block in _stored(blocks, layout.dtype, embeddings.words, path):
            file.write(block.data)
        file.write(words)

    def blocks() -> Iterator[Matrix]:
        return row_blocks(embeddings.vectors) if rows is None else rows.blocks()

    if file.seekable():
        expected = _header_of(embeddings, layout, summary.checksum, embeddings.zero_rows, space)
        write(expected, summary.of(blocks()))
        header = _header_of(embeddings, layout, summary.checksum, summary.zero_rows, space)
        file.seek(0)
        if len(header) == len(expected):
            file.write(header)
            return
        file.truncate()
    else:
        for _ in summary.of(blocks()):
            pass
    header = _header_of(embeddings, layout, summary.checksum, summary.zero_rows, space)
    write(header, blocks())


class _Layout(NamedTuple):
    """The sizes that a header tells."""

    shape: tuple[int, int]
    dtype: np.dtype[Any]
    words_size: int


class _Summary:
    """What a header tells of all rows, gathered while they pass."""

    def __init__(self, shape: tuple[int, int], words: bytes) -> None:
        n, d = shape
        self._digest = hashlib.sha256(f"{n} {d}\n".encode() + words)
        self.zero_rows = 0

    @property
    def checksum(self) -> str:
        """That of `Embeddings` with these words and the rows so far."""
        return self._digest.hexdigest()

    def of(self, blocks: Iterable[Matrix]) -> Iterator[Matrix]:
        """Let rows pass."""
        for block in blocks:
            self._digest.update(block.astype("<f4", copy=False).data)
            self.zero_rows += count_zero_rows(block)
            yield block


def _stored(
    blocks: Iterable[Matrix], dtype: np.dtype[Any], words: Sequence[str], path: str
) -> Iterator[NDArray[Any]]:
    """Convert rows to the numbers that the file has."""
    first = 0
    for block in blocks:
        if dtype == np.float16:
            yield _as_float16(block, words, first, path)
        else:
            yield block.astype(dtype, copy=False)
        first += len(block)


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

    @property
    def joined(self) -> str:
        """Those to use, newline-joined."""
        require_whole(self.data)
        ends = np.flatnonzero(self.data == ord("\n"))
        used = self.data[: ends[self.n - 1]] if self.n <= len(ends) else self.data
        try:
            return used.tobytes().decode()
        except UnicodeDecodeError as error:
            raise _damaged(self.path, "its words are not UTF-8") from error

    @cached_property
    def _words(self) -> tuple[str, ...]:
        """All of them, decoded."""
        return tuple(self.joined.split("\n"))

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
    require_regular(path, "a cache of vectors")
    with reading(path) as file:
        size = os.fstat(file.fileno()).st_size
        other = f"this is not a safetensors file: {described(file.peek(HEAD_SIZE)[:HEAD_SIZE])}"
        length = int.from_bytes(file.read(_LENGTH_SIZE), "little")
        data_start = _LENGTH_SIZE + length
        if size < _LENGTH_SIZE or length > _LONGEST_HEADER:
            raise FormatError(path, other)
        text = file.read(length)
    if len(text) < length:
        raise _damaged(path, "it ends within its header")
    try:
        content = json.loads(text)
        metadata = content.pop("__metadata__", {})
        tensors = {name: _tensor(entry, data_start) for name, entry in content.items()}
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise FormatError(path, other) from error
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
    words: StoredWords, vectors: NDArray[Any], options: LoadOptions, language: str | None
) -> tuple[Sequence[str], NDArray[Any], int]:
    """Keep the words that are asked for; the last value is how many were looked at."""
    if options.lowercase:
        index: dict[str, int] = {}
        n_read, kept = enter_words(index, words, options.limit, lowercase=True, language=language)
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


def _as_float16(rows: Matrix, words: Sequence[str], first: int, path: str) -> NDArray[np.float16]:
    """Round to float16, and refuse what it cannot hold; `first` is the position of the rows."""
    with np.errstate(over="ignore"):
        half: NDArray[np.float16] = rows.astype("<f2")
    row = first_not_finite(half)
    if row is not None:
        largest = float(np.abs(rows[row]).max())
        raise FormatError(
            path,
            f"float16 holds numbers up to {_LARGEST_HALF:g}, the vector of {words[first + row]!r} "
            f"has {largest:g}; write float32",
        )
    return half


def _join(words: Sequence[str]) -> bytes:
    """Give words as the file has them; those of another cache are not taken apart for it."""
    text = words.joined if isinstance(words, StoredWords) else "\n".join(words)
    return text.encode()


def _header_of(
    embeddings: Embeddings, layout: _Layout, checksum: str, zero_rows: int, space: str | None
) -> bytes:
    """Compose what comes before the vectors, padded so that they are aligned."""
    (n, d), dtype, words_size = layout
    end = n * d * dtype.itemsize
    name = next(name for name, known in _DTYPES.items() if known == dtype)
    content = {
        "__metadata__": {
            "format": _FORMAT,
            "version": _VERSION,
            "language": embeddings.language or "",
            # Readers of safetensors take nothing but UTF-8.
            "source": (embeddings.source or "").encode(errors="backslashreplace").decode(),
            "count": str(n),
            "checksum": checksum,
            "zero_rows": str(zero_rows),
            "normalization": "",
            "space": space or "",
        },
        "vectors": {"dtype": name, "shape": [n, d], "data_offsets": [0, end]},
        "words": {"dtype": "U8", "shape": [words_size], "data_offsets": [end, end + words_size]},
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(_LENGTH_SIZE, "little") + text


def _damaged(path: str, how: str) -> FormatError:
    """Make the error of a cache that is not as it was written."""
    return FormatError(path, f"the cache is damaged: {how}; create it again")
