"""fastText models, read through the package `fasttext`.

The package's C++ trusts the file: a truncated model crashes it or gives random vectors. So the file
is checked here first, down to its last byte, against what its own header says.
"""

from __future__ import annotations

import importlib
import mmap
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

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
from alignx.errors import FormatError, MissingDependencyError
from alignx.files import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["FASTTEXT_MAGIC", "SubwordVectors", "read_fasttext"]

FASTTEXT_MAGIC = (793_712_314).to_bytes(4, "little")

_VERSIONS = (11, 12)
# After the magic number: version; dim, ws, epoch, minCount, neg, wordNgrams, loss, model, bucket,
# minn, maxn, lrUpdateRate, t; then the dictionary's size, nwords, nlabels, ntokens, pruneidx_size.
_HEADER = struct.Struct("<4xi12idiiiqq")
_ENTRY_TAIL = struct.Struct("<qb")
_SHAPE = struct.Struct("<?qq")
_PRUNED_ENTRY = 8
_FLOAT = 4
_SUPERVISED = 3
_WORD = 0
_LARGEST_DIMENSION = 100_000


def read_fasttext(path: str, options: LoadOptions) -> Embeddings:
    """Read the words of a fastText model and their vectors, subwords included.

    Parameters
    ----------
    path : str
        An unquantized model, ``.bin``.
    options : LoadOptions
        What to keep of it.

    Returns
    -------
    Embeddings
        Words that are not valid UTF-8 are left out and counted as skipped.

    Raises
    ------
    FormatError
        If the file is no such model, or truncated.
    MissingDependencyError
        If the package `fasttext` is not installed.

    Notes
    -----
    The whole model is in memory while it is read.

    Examples
    --------
    >>> read_fasttext("no-such.bin", LoadOptions())
    Traceback (most recent call last):
        ...
    alignx.errors.FormatError: no-such.bin: no such file; check the name
    """
    model = SubwordVectors(path)
    stored = model.stored
    words = [word for word in map(_decode, stored) if word is not None]
    index: dict[str, int] = {}
    n_read, kept = enter_words(index, words, options.limit, lowercase=options.lowercase)
    if not kept:
        raise FormatError(path, "the model has no words that are valid UTF-8")
    vectors = model([words[position] for position in kept])
    zero_rows = count_zero_rows(vectors)
    report = LoadReport(
        path,
        "fasttext",
        rows=n_read,
        dimension=vectors.shape[1],
        skipped=len(stored) - len(words),
        merged=n_read - len(kept),
        zero_rows=zero_rows,
    )
    return Embeddings.from_checked(
        tuple(index),
        vectors,
        language=options.language or guess_language(path),
        source=Path(path).name,
        report=report,
        index=index,
        zero_rows=zero_rows,
    )


class SubwordVectors:
    """Vectors of any words, seen in training or not, by a fastText model.

    Parameters
    ----------
    path : str or path-like
        An unquantized model, ``.bin``.

    Attributes
    ----------
    stored : list of bytes
        The words that it was trained on, most frequent first.

    Raises
    ------
    FormatError
        If the file is no such model, or truncated.
    MissingDependencyError
        If the package `fasttext` is not installed.

    Notes
    -----
    The whole model stays in memory.

    Examples
    --------
    >>> SubwordVectors("no-such.bin")
    Traceback (most recent call last):
        ...
    alignx.errors.FormatError: no-such.bin: no such file; check the name
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self.stored = _checked_words(self.path)
        self._model = _fasttext().load_model(self.path)

    def __call__(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Let fastText average the subwords of each word.

        Parameters
        ----------
        words : sequence of str, length n
            Any strings.

        Returns
        -------
        (n, d) float32
            As they are in the model; zero for what has no UTF-8 and for words without subwords.

        Raises
        ------
        FormatError
            If a vector of the model is not finite.
        """
        vectors = np.zeros((len(words), self._model.get_dimension()), dtype=np.float32)
        for row, word in enumerate(words):
            if _is_encodable(word):
                vectors[row] = self._model.get_word_vector(word)
        bad = first_not_finite(vectors)
        if bad is not None:
            raise FormatError(self.path, f"vectors must be finite, that of {words[bad]!r} is not")
        return vectors


def _is_encodable(word: str) -> bool:
    """Tell whether a word is more than half of an emoji, which JSON may hold."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _fasttext() -> Any:  # noqa: ANN401
    """Import the package, without the warning that it prints at every load."""
    try:
        package = importlib.import_module("fasttext")
    except ImportError as error:
        raise MissingDependencyError(
            "reading fastText models needs the package fasttext: pip install fasttext"
        ) from error
    package.FastText.eprint = lambda *_: None
    return package


def _decode(word: bytes) -> str | None:
    """Text of a word; None if it has none that a file of vectors could hold."""
    try:
        text = word.decode()
    except UnicodeDecodeError:
        return None
    return text if text and "\n" not in text else None


class _Facts(NamedTuple):
    """What the header of a model says."""

    dimension: int
    bucket: int
    is_supervised: bool
    n_words: int
    n_labels: int
    n_pruned: int


def _checked_words(path: str) -> list[bytes]:
    """Check the whole layout of a model; return its words in their order."""
    with reading(path) as file:
        if file.peek(len(FASTTEXT_MAGIC))[: len(FASTTEXT_MAGIC)] != FASTTEXT_MAGIC:
            raise FormatError(path, "this is not a fastText model; text vectors end in .vec")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                facts = _read_facts(data, path)
                words, at = _read_dictionary(data, facts, path)
                _check_matrices(data, facts, at, path)
            except struct.error as error:
                raise _truncated(path) from error
    return words


def _read_facts(data: mmap.mmap, path: str) -> _Facts:
    """Read the header and refuse what no training writes."""
    version, *numbers = _HEADER.unpack_from(data)
    dimension, loss, model, bucket = numbers[0], numbers[6], numbers[7], numbers[8]
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
    return _Facts(dimension, bucket, model == _SUPERVISED, n_words, n_labels, max(n_pruned, 0))


def _read_dictionary(data: mmap.mmap, facts: _Facts, path: str) -> tuple[list[bytes], int]:
    """Read the words, labels left out, and the offset behind the dictionary."""
    at = _HEADER.size
    words = []
    for _ in range(facts.n_words + facts.n_labels):
        end = data.find(b"\0", at)
        if end < 0:
            raise _truncated(path)
        _, kind = _ENTRY_TAIL.unpack_from(data, end + 1)
        if kind == _WORD:
            words.append(data[at:end])
        at = end + 1 + _ENTRY_TAIL.size
    if len(words) != facts.n_words:
        raise _damaged(path)
    return words, at + facts.n_pruned * _PRUNED_ENTRY


def _check_matrices(data: mmap.mmap, facts: _Facts, at: int, path: str) -> None:
    """Check that both matrices have the size that they must have, and are complete."""
    n_outputs = facts.n_labels if facts.is_supervised else facts.n_words
    for expected in (facts.n_words + facts.bucket, n_outputs):
        is_quantized, rows, columns = _SHAPE.unpack_from(data, at)
        if is_quantized:
            raise FormatError(
                path, "quantized models (.ftz) cannot be read; use the model before quantization"
            )
        if (rows, columns) != (expected, facts.dimension):
            raise _damaged(path)
        at += _SHAPE.size + rows * columns * _FLOAT
    if at > len(data):
        raise _truncated(path)


def _truncated(path: str) -> FormatError:
    """Make the error of a model that ends too early."""
    return FormatError(path, "the fastText model is truncated; download it again")


def _damaged(path: str) -> FormatError:
    """Make the error of a model whose numbers contradict each other."""
    return FormatError(path, "the fastText model is damaged; download it again")
