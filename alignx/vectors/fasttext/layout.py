"""Layout of a fastText model file.

The whole file is checked against its header, as fastText crashes on a truncated model, or gives
random vectors.
"""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from alignx.errors import FormatError
from alignx.support.file_kinds import HEAD_SIZE, described
from alignx.vectors.fasttext.quantized_matrix import QuantizedMatrix

if TYPE_CHECKING:
    import io

    from alignx.support.arrays import Indices

__all__ = [
    "DIMENSION_AT",
    "FASTTEXT_MAGIC",
    "MATRIX_SHAPE",
    "MatrixLocation",
    "ModelLayout",
    "is_fasttext",
]

FASTTEXT_MAGIC = (793_712_314).to_bytes(4, "little")
DIMENSION_AT = 8
"""Offset of the dimension in the header, a little-endian int32."""
MATRIX_SHAPE = struct.Struct("<?qq")
"""Start of a matrix: quantization flag, rows and columns."""

_VERSIONS = (11, 12)
# After the magic number: version; dim, ws, epoch, minCount, neg, wordNgrams, loss, model, bucket,
# minn, maxn, lrUpdateRate, t; then the dictionary's size, nwords, nlabels, ntokens, pruneidx_size.
_HEADER = struct.Struct("<4xi12idiiiqq")
_ENTRY_TAIL = struct.Struct("<qb")
_KEPT_SIZE = 8  # bytes of an n-gram kept by pruning: its hash modulo the buckets, and its row
_FLOAT = 4
_SUPERVISED = 3
_WORD = 0
_LARGEST_DIMENSION = 100_000


def is_fasttext(head: bytes) -> bool:
    """Recognize a fastText model by its first bytes."""
    return head.startswith(FASTTEXT_MAGIC)


class MatrixLocation(NamedTuple):
    """Offset of the first number of a float32 matrix, unaligned, and its shape."""

    offset: int
    rows: int
    columns: int

    @property
    def end(self) -> int:
        """Offset behind the last number."""
        return self.offset + self.rows * self.columns * _FLOAT


class ModelLayout(NamedTuple):
    """Vocabulary, n-gram settings and matrices of a model.

    Attributes
    ----------
    words : list of bytes
        Vocabulary without labels, most frequent word first.
    n_labels : int
        Labels of a classifier.
    bucket : int
        Number of rows of the input matrix, behind the words, that n-grams share.
    minn, maxn : int
        Shortest and longest n-gram; `maxn` 0 for a model without n-grams.
    kept : (2, k) int64, optional
        Buckets in ascending order, and their rows behind the words, of a model that was pruned to
        these; None if every bucket has its row.
    input, output : MatrixLocation or QuantizedMatrix
        Both matrices; the input matrix has a row for each word and bucket.
    n_behind : int
        Bytes behind the model, which nobody reads.
    """

    words: list[bytes]
    n_labels: int
    bucket: int
    minn: int
    maxn: int
    kept: Indices | None
    input: MatrixLocation | QuantizedMatrix
    output: MatrixLocation | QuantizedMatrix
    n_behind: int = 0

    @classmethod
    def read(cls, file: io.BufferedReader | io.BufferedRandom, path: str) -> ModelLayout:
        """Read and check a model; FormatError if it is damaged or something else."""
        if file.peek(len(FASTTEXT_MAGIC))[: len(FASTTEXT_MAGIC)] != FASTTEXT_MAGIC:
            found = described(file.peek(HEAD_SIZE)[:HEAD_SIZE])
            problem = f"this is not a fastText model: {found}"
            hint = "; text vectors end in .vec" if found.endswith("text") else ""
            raise FormatError(path, problem + hint)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                facts = _read_facts(data, path)
                words, at = _read_dictionary(data, facts, path)
                kept, at = _read_kept(data, facts, at, path)
                matrices, end = _find_matrices(data, facts, at, path)
            except struct.error as error:
                raise _broken(path, "truncated") from error
            n_behind = len(data) - end
        return cls(
            words,
            facts.n_labels,
            facts.bucket,
            facts.minn,
            facts.maxn,
            kept,
            input=matrices[0],
            output=matrices[1],
            n_behind=n_behind,
        )


class _Facts(NamedTuple):
    """Numbers of the header."""

    dimension: int
    bucket: int
    minn: int
    maxn: int
    is_supervised: bool
    n_words: int
    n_labels: int
    n_kept: int  # -1 without pruning


def _read_facts(data: mmap.mmap, path: str) -> _Facts:
    """Read the header and check its numbers."""
    version, *numbers = _HEADER.unpack_from(data)
    dimension, loss, model, bucket, minn, maxn = numbers[0], *numbers[6:11]
    size, n_words, n_labels, _, n_kept = numbers[13:]
    if version not in _VERSIONS:
        raise FormatError(path, f"fastText models of version 11 or 12 can be read, got {version}")
    if not (
        0 < dimension <= _LARGEST_DIMENSION
        and bucket >= 0
        and model in (1, 2, _SUPERVISED)
        and loss in (1, 2, 3, 4)
        and min(n_words, n_labels, n_kept + 1) >= 0
        and size == n_words + n_labels
    ):
        raise _broken(path)
    is_supervised = model == _SUPERVISED
    # Classifiers of version 11 were trained without character n-grams in spite of their header;
    # and a pruning that has kept no n-gram leaves none.
    if (version == 11 and is_supervised) or n_kept == 0 or bucket == 0:
        maxn = 0
    return _Facts(dimension, bucket, minn, maxn, is_supervised, n_words, n_labels, n_kept)


def _read_dictionary(data: mmap.mmap, facts: _Facts, path: str) -> tuple[list[bytes], int]:
    """Read the words without labels, and find the end of the dictionary."""
    at = _HEADER.size
    words = []
    for position in range(facts.n_words + facts.n_labels):
        end = data.find(b"\0", at)
        if end < 0:
            raise _broken(path, "truncated")
        _, kind = _ENTRY_TAIL.unpack_from(data, end + 1)
        # The matrix has rows in the order of entries, words first.
        if (kind == _WORD) != (position < facts.n_words):
            raise _broken(path)
        if kind == _WORD:
            words.append(data[at:end])
        at = end + 1 + _ENTRY_TAIL.size
    return words, at


def _read_kept(data: mmap.mmap, facts: _Facts, at: int, path: str) -> tuple[Indices | None, int]:
    """Read the buckets that pruning has kept, and find their end."""
    if facts.n_kept < 0:
        return None, at
    end = at + facts.n_kept * _KEPT_SIZE
    if end > len(data):
        raise _broken(path, "truncated")
    pairs = np.frombuffer(data[at:end], "<i4").astype(np.int64).reshape(-1, 2).T
    buckets, rows = kept = pairs[:, np.argsort(pairs[0])]
    if (
        (np.diff(buckets) <= 0).any()
        or not np.array_equal(np.sort(rows), np.arange(facts.n_kept))
        or (buckets >= facts.bucket).any()
        or (buckets < 0).any()
    ):
        raise _broken(path)
    return kept, end


def _find_matrices(
    data: mmap.mmap, facts: _Facts, at: int, path: str
) -> tuple[list[MatrixLocation | QuantizedMatrix], int]:
    """Find both matrices and their end, and check their shape and extent."""
    n_ngrams = facts.bucket if facts.n_kept < 0 else facts.n_kept
    n_outputs = facts.n_labels if facts.is_supervised else facts.n_words
    found: list[MatrixLocation | QuantizedMatrix] = []
    for expected in (facts.n_words + n_ngrams, n_outputs):
        matrix, at = _find_matrix(data, at, path)
        if (matrix.rows, matrix.columns) != (expected, facts.dimension):
            raise _broken(path)
        found.append(matrix)
    is_quantized = [isinstance(matrix, QuantizedMatrix) for matrix in found]
    # Only quantization prunes some n-grams and renumbers the others; and it begins with the input.
    if not is_quantized[0] and (facts.n_kept >= 0 or is_quantized[1]):
        raise _broken(path)
    if at > len(data):
        raise _broken(path, "truncated")
    return found, at


def _find_matrix(
    data: mmap.mmap, at: int, path: str
) -> tuple[MatrixLocation | QuantizedMatrix, int]:
    """Find a matrix and its end."""
    is_quantized, rows, columns = MATRIX_SHAPE.unpack_from(data, at)
    if not is_quantized:
        location = MatrixLocation(at + MATRIX_SHAPE.size, rows, columns)
        return location, location.end
    try:
        return QuantizedMatrix.read(data, at + 1)
    except ValueError as error:
        problem = f"the quantized fastText model (.ftz) is damaged, {error}; get it again"
        raise FormatError(path, problem) from error


def _broken(path: str, how: str = "damaged") -> FormatError:
    return FormatError(path, f"the fastText model is {how}; download it again")
