"""Where the parts of a fastText model lie in its file.

Nothing in the file is trusted: it is checked down to its last byte against what its own header
says. fastText itself crashes on a truncated model, or gives random vectors.
"""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING, NamedTuple

from alignx.errors import FormatError
from alignx.support.file_kinds import HEAD_SIZE, described

if TYPE_CHECKING:
    import io

__all__ = ["DIMENSION_AT", "FASTTEXT_MAGIC", "MATRIX_SHAPE", "MatrixPlace", "ModelLayout"]

FASTTEXT_MAGIC = (793_712_314).to_bytes(4, "little")
DIMENSION_AT = 8
"""Where the header has the dimension, a little-endian int32."""
MATRIX_SHAPE = struct.Struct("<?qq")
"""What a matrix begins with: whether it is quantized, rows and columns."""

_VERSIONS = (11, 12)
# After the magic number: version; dim, ws, epoch, minCount, neg, wordNgrams, loss, model, bucket,
# minn, maxn, lrUpdateRate, t; then the dictionary's size, nwords, nlabels, ntokens, pruneidx_size.
_HEADER = struct.Struct("<4xi12idiiiqq")
_ENTRY_TAIL = struct.Struct("<qb")
_PRUNED_ENTRY = 8
_FLOAT = 4
_SUPERVISED = 3
_WORD = 0
_LARGEST_DIMENSION = 100_000


class MatrixPlace(NamedTuple):
    """A float32 matrix in a file.

    Attributes
    ----------
    offset : int
        Of its first number, in bytes; of no particular alignment.
    rows, columns : int
        Its shape.
    """

    offset: int
    rows: int
    columns: int

    @property
    def end(self) -> int:
        """The offset behind its last number."""
        return self.offset + self.rows * self.columns * _FLOAT


class ModelLayout(NamedTuple):
    """What the header and the dictionary of a model say.

    Attributes
    ----------
    words : list of bytes
        Those that it was trained on, most frequent first; labels are left out.
    bucket : int
        How many rows of the input matrix, behind those of the words, n-grams share.
    minn, maxn : int
        How many characters n-grams have; none is used where `maxn` is 0.
    input, output : MatrixPlace
        The input matrix has a row for each word and bucket.
    """

    words: list[bytes]
    bucket: int
    minn: int
    maxn: int
    input: MatrixPlace
    output: MatrixPlace

    @classmethod
    def read(cls, file: io.BufferedReader, path: str) -> ModelLayout:
        """Check a whole model.

        Parameters
        ----------
        file : binary file
            At its beginning.
        path : str
            What messages call it.

        Raises
        ------
        FormatError
            If it is no unquantized model, or not complete.
        """
        if file.peek(len(FASTTEXT_MAGIC))[: len(FASTTEXT_MAGIC)] != FASTTEXT_MAGIC:
            found = described(file.peek(HEAD_SIZE)[:HEAD_SIZE])
            problem = f"this is not a fastText model: {found}"
            hint = "; text vectors end in .vec" if found.endswith("text") else ""
            raise FormatError(path, problem + hint)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                facts = _read_facts(data, path)
                words, at = _read_dictionary(data, facts, path)
                matrices = _find_matrices(data, facts, at, path)
            except struct.error as error:
                raise _truncated(path) from error
        return cls(words, facts.bucket, facts.minn, facts.maxn, *matrices)


class _Facts(NamedTuple):
    """What the header says."""

    dimension: int
    bucket: int
    minn: int
    maxn: int
    is_supervised: bool
    n_words: int
    n_labels: int
    n_pruned: int


def _read_facts(data: mmap.mmap, path: str) -> _Facts:
    """Read the header and refuse what no training writes."""
    version, *numbers = _HEADER.unpack_from(data)
    dimension, loss, model, bucket, minn, maxn = numbers[0], *numbers[6:11]
    size, n_words, n_labels, _, n_pruned = numbers[13:]
    if version not in _VERSIONS:
        raise FormatError(path, f"fastText models of version 11 or 12 can be read, got {version}")
    if not (
        0 < dimension <= _LARGEST_DIMENSION
        and bucket >= 0
        and model in (1, 2, _SUPERVISED)
        and loss in (1, 2, 3, 4)
        and min(n_words, n_labels) >= 0
        and size == n_words + n_labels
    ):
        raise _damaged(path)
    is_supervised = model == _SUPERVISED
    # Classifiers of version 11 were trained without n-grams of characters, whatever they say; and
    # a pruning that has kept no n-gram leaves none.
    if (version == 11 and is_supervised) or n_pruned == 0 or bucket == 0:
        maxn = 0
    return _Facts(dimension, bucket, minn, maxn, is_supervised, n_words, n_labels, max(n_pruned, 0))


def _read_dictionary(data: mmap.mmap, facts: _Facts, path: str) -> tuple[list[bytes], int]:
    """Read the words, labels left out, and the offset behind the dictionary."""
    at = _HEADER.size
    words = []
    for position in range(facts.n_words + facts.n_labels):
        end = data.find(b"\0", at)
        if end < 0:
            raise _truncated(path)
        _, kind = _ENTRY_TAIL.unpack_from(data, end + 1)
        # Rows of the matrix are counted like the entries: words first.
        if (kind == _WORD) != (position < facts.n_words):
            raise _damaged(path)
        if kind == _WORD:
            words.append(data[at:end])
        at = end + 1 + _ENTRY_TAIL.size
    return words, at + facts.n_pruned * _PRUNED_ENTRY


def _find_matrices(
    data: mmap.mmap, facts: _Facts, at: int, path: str
) -> tuple[MatrixPlace, MatrixPlace]:
    """Check that both matrices have the size that they must have, and are complete."""
    n_outputs = facts.n_labels if facts.is_supervised else facts.n_words
    places = []
    for expected in (facts.n_words + facts.bucket, n_outputs):
        is_quantized, rows, columns = MATRIX_SHAPE.unpack_from(data, at)
        if is_quantized:
            raise FormatError(
                path, "quantized models (.ftz) cannot be read; use the model before quantization"
            )
        if (rows, columns) != (expected, facts.dimension):
            raise _damaged(path)
        places.append(MatrixPlace(at + MATRIX_SHAPE.size, rows, columns))
        at = places[-1].end
    # Only quantization prunes some n-grams and renumbers the others.
    if facts.n_pruned > 0:
        raise _damaged(path)
    if at > len(data):
        raise _truncated(path)
    return places[0], places[1]


def _truncated(path: str) -> FormatError:
    """Make the error of a model that ends too early."""
    return FormatError(path, "the fastText model is truncated; download it again")


def _damaged(path: str) -> FormatError:
    """Make the error of a model whose numbers contradict each other."""
    return FormatError(path, "the fastText model is damaged; download it again")
