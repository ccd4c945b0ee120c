"""Memory-mapped safetensors cache of vectors.

Its tensors are `vectors` (n, d) and `words` (UTF-8, newline-joined). The safetensors package
checks files, but can neither map tensors nor write them a block at a time, so this module does.
"""

from __future__ import annotations

import hashlib
import json
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np
from safetensors import SafetensorError, safe_open

from alignx.errors import FormatError
from alignx.support.arrays import Matrix, first_not_finite, row_blocks, zero_rows
from alignx.support.files import printable
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.load_options import LoadOptions, LoadReport
from alignx.vectors.stored_words import StoredWords
from alignx.vectors.vocabulary_reader import VocabularyReader

if TYPE_CHECKING:
    import io
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from alignx.support.arrays import LazyRows

__all__ = ["is_cache", "read_cache", "write_cache"]

_FORMAT = "alignx-embeddings"
_VERSION = "1"
_LENGTH_SIZE = 8
_DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "U8": np.dtype("u1"),
}


def is_cache(head: bytes) -> bool:
    """Recognize a safetensors file by its first bytes."""
    return head[4:9] == b"\0\0\0\0{"


def read_cache(file: io.BufferedReader, path: str, options: LoadOptions) -> Embeddings:
    """Open a cache, a regular file, called `path` in messages.

    Float32 vectors are mapped, not read, and words are decoded at first use, unless they are to
    be lower-cased. Float16 vectors are read and converted.

    Raises
    ------
    FormatError
        If the file is not such a cache, or truncated.
    """
    metadata, stored, words = _open(file, path)
    reader = VocabularyReader(path, options, metadata.get("language"))
    known: dict[str, Any] = {}
    kept: Sequence[str]
    notes: list[str] = []
    if options.casing != "keep" or options.prefix:
        vectors = stored[reader.add(words)]
        notes = reader.notes()
        kept, known["index"] = tuple(reader.index), reader.index
    else:
        reader.rows = min(len(words), options.limit or len(words))
        kept, vectors = StoredWords(words.data, reader.rows, path), stored[: reader.rows]
    is_mapped = vectors.dtype == np.float32 and "index" not in known
    is_whole = is_mapped and len(vectors) == len(stored)
    vectors = _as_float32(vectors, path)
    stated = metadata.get("zero_rows", "")
    # Counting reads a page for each row; a part of a file without zero rows has none either.
    if stated.isdecimal() and (is_whole or (is_mapped and int(stated) == 0)):
        known["zero_rows"] = int(stated)
    else:
        known["zero_rows"] = sum(int(zero_rows(block).sum()) for block in row_blocks(vectors))
    if is_whole and "checksum" in metadata:
        known["checksum"] = metadata["checksum"]
    n, d = vectors.shape
    facts: dict[str, Any] = {"merged": reader.rows - n, "zero_rows": known["zero_rows"]}
    facts |= {"language": reader.guessed, "notes": tuple(notes)}
    return Embeddings.from_checked(
        kept,
        vectors,
        language=reader.language,
        source=metadata.get("source") or printable(Path(path).name),
        report=LoadReport(path, "cache", reader.rows, d, **facts),
        space=metadata.get("space") or None,
        **known,
    )


def write_cache(
    file: IO[bytes],
    path: str,
    embeddings: Embeddings,
    dtype: Literal["float32", "float16"],
    rows: LazyRows | None = None,
) -> None:
    """Write a cache to an empty file, with memory for the words and a few thousand rows.

    The other parameters are those of `alignx.save`. For a pipe, lazy rows are computed twice, as
    the header, which depends on all rows, comes first.

    Raises
    ------
    FormatError
        If a number is too large for float16.
    """
    stored = embeddings.words
    # The words of another cache need not be decoded one by one.
    words = (stored.joined if isinstance(stored, StoredWords) else "\n".join(stored)).encode()
    given: Embeddings | LazyRows = embeddings if rows is None else rows
    blocks = partial(row_blocks, embeddings.vectors) if rows is None else rows.blocks
    shape = (len(embeddings), given.dimension)
    summary = _Summary(shape, words)
    if not file.seekable():
        for block in blocks():
            summary.add(block)
    kind = "F32" if dtype == "float32" else "F16"
    header = partial(_header, embeddings, kind, shape, len(words), given.space)
    file.write(header(summary))
    first = 0
    for block in blocks():
        if file.seekable():
            summary.add(block)
        as_stored = block if kind == "F32" else _as_float16(block, stored, first, path)
        file.write(as_stored.astype(_DTYPES[kind], copy=False).data)
        first += len(block)
    file.write(words)
    if file.seekable():
        file.seek(0)
        file.write(header(summary))


class _Summary:
    """Checksum and number of zero rows of blocks."""

    def __init__(self, shape: tuple[int, int], words: bytes) -> None:
        n, d = shape
        self._digest = hashlib.sha256(f"{n} {d}\n".encode() + words)
        self.zero_rows = 0

    @property
    def checksum(self) -> str:
        """Value of `Embeddings.checksum` for the words and the rows so far."""
        return self._digest.hexdigest()

    def add(self, block: Matrix) -> None:
        """Count the next rows."""
        self._digest.update(block.astype("<f4", copy=False).data)
        self.zero_rows += int(zero_rows(block).sum())


def _open(file: io.BufferedReader, path: str) -> tuple[dict[str, str], NDArray[Any], StoredWords]:
    """Check a cache, and map its vectors and words."""
    try:
        with safe_open(file.name, framework="np") as checked:
            metadata = checked.metadata() or {}
    except SafetensorError as error:
        raise _damaged(path, str(error)) from error
    length = int.from_bytes(file.read(_LENGTH_SIZE), "little")
    tensors = json.loads(file.read(length))
    if metadata.get("format") != _FORMAT:
        raise FormatError(
            path,
            "this safetensors file holds no vectors that alignx has written; a model, such as "
            "of model2vec, has to be loaded there, and passed to ax.as_embeddings",
        )
    if metadata.get("version") != _VERSION:
        version = metadata.get("version")
        problem = f"its version is {version}, this alignx reads {_VERSION}; update alignx"
        raise FormatError(path, problem)
    vectors = _map(file, tensors.get("vectors"), _LENGTH_SIZE + length)
    if vectors is None or vectors.dtype.kind != "f" or vectors.ndim != 2:
        raise _damaged(path, "it has no matrix of vectors")
    words = _map(file, tensors.get("words"), _LENGTH_SIZE + length)
    if words is None or words.dtype != np.uint8 or words.ndim != 1:
        raise _damaged(path, "it has no words")
    n_words = int(np.count_nonzero(words == ord("\n"))) + 1
    if n_words != len(vectors):
        raise _damaged(path, f"it has {n_words} words for {len(vectors)} vectors")
    # A map at an odd offset would be slow or, on some processors, impossible to compute with.
    return metadata, np.require(vectors, requirements="A"), StoredWords(words, n_words, path)


def _map(file: io.BufferedReader, tensor: dict[str, Any] | None, start: int) -> NDArray[Any] | None:
    """Map a tensor; None if it is absent, empty or of another type."""
    if tensor is None or tensor["dtype"] not in _DTYPES or 0 in tensor["shape"]:
        return None
    offset = start + tensor["data_offsets"][0]
    mapped = np.memmap(file, _DTYPES[tensor["dtype"]], "r", offset, tuple(tensor["shape"]))
    return np.asarray(mapped)


def _as_float32(vectors: NDArray[Any], path: str) -> Matrix:
    """Convert float16, and check the numbers, as they are read anyway."""
    if vectors.dtype == np.float32:
        return vectors
    converted: Matrix = vectors.astype(np.float32)
    if first_not_finite(converted) is not None:
        raise _damaged(path, "its vectors are not finite")
    return converted


def _as_float16(rows: Matrix, words: Sequence[str], first: int, path: str) -> NDArray[np.float16]:
    """Round to float16, if it can hold the numbers; `first` is the position of the rows."""
    with np.errstate(over="ignore"):
        half: NDArray[np.float16] = rows.astype("<f2")
    row = first_not_finite(half)
    if row is not None:
        most, largest = np.finfo(np.float16).max, float(np.abs(rows[row]).max())
        raise FormatError(
            path,
            f"float16 holds numbers up to {most:g}, the vector of {words[first + row]!r} "
            f"has {largest:g}; write float32",
        )
    return half


def _header(
    embeddings: Embeddings,
    dtype: str,
    shape: tuple[int, int],
    words_size: int,
    space: str | None,
    summary: _Summary,
) -> bytes:
    """Compose everything before the vectors; its length does not depend on the summary."""
    n, d = shape
    end = n * d * _DTYPES[dtype].itemsize
    content = {
        "__metadata__": {
            "format": _FORMAT,
            "version": _VERSION,
            "language": embeddings.language or "",
            # Readers of safetensors accept nothing but UTF-8.
            "source": (embeddings.source or "").encode(errors="backslashreplace").decode(),
            "count": str(n),
            "checksum": summary.checksum,
            "zero_rows": str(summary.zero_rows),
            "normalization": "",
            "space": space or "",
        },
        "vectors": {"dtype": dtype, "shape": [n, d], "data_offsets": [0, end]},
        "words": {"dtype": "U8", "shape": [words_size], "data_offsets": [end, end + words_size]},
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (len(str(n)) - len(str(summary.zero_rows)))
    text += b" " * (-len(text) % 8)  # aligns the vectors
    return len(text).to_bytes(_LENGTH_SIZE, "little") + text


def _damaged(path: str, how: str) -> FormatError:
    """Make the error of a cache that differs from the one written."""
    return FormatError(path, f"the cache is damaged: {how}; create it again")
