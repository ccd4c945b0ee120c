"""Vectors of any words from the subwords of a fastText model file."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alignx.errors import FormatError
from alignx.support.arrays import Indices, Matrix, first_not_finite
from alignx.support.files import FileState, reading, require_regular
from alignx.vectors.fasttext.layout import ModelLayout
from alignx.vectors.fasttext.mapped_matrix import MappedMatrix
from alignx.vectors.fasttext.ngrams import ngram_hashes
from alignx.vectors.fasttext.quantized_matrix import QuantizedMatrix
from alignx.vectors.vector_stream import VectorStream

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from alignx.support.progress import Progress
    from alignx.vectors.fasttext.layout import MatrixLocation

__all__ = ["SubwordVectors"]

# Bytes of matrix rows to copy at once. Rows of n-grams lie all over the matrix, so each block may
# pass over the whole file: larger blocks pass less often.
_BLOCK = 1 << 27
_WORDS = 1 << 13  # words to hash at once
_END_OF_SENTENCE = b"</s>"


class SubwordVectors:
    """Vectors of any words, in or out of the vocabulary of a fastText model.

    The vector of a word is the mean of the vectors of its character n-grams, and of its own if
    the word is in the vocabulary. It equals the vector from fastText to the last bit.

    Parameters
    ----------
    path : str or path-like
        Model, ``.bin`` or ``.ftz``, packed or not. The numbers of a ``.bin`` stay in the file,
        which must not change.

    Attributes
    ----------
    path : str
        Absolute path of the file.
    stored : list of bytes
        Vocabulary, most frequent word first.
    n_labels : int
        Labels of a classifier, which have no vectors.
    n_behind : int
        Bytes behind the model in its file.

    Raises
    ------
    FormatError
        If the file is not such a model, or truncated.

    Notes
    -----
    Memory holds the words, and some 200 MB during computation. A packed model is unpacked into a
    temporary file that no name leads to and that lasts as long as this object. Copies and pickles
    open the file again, and refuse one that has changed. A file replaced by a new one, as alignx
    replaces files, is still read as it was.

    References
    ----------
    Bojanowski, Grave, Joulin and Mikolov, "Enriching Word Vectors with Subword Information", TACL
    2017, section 3.2.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        name = os.fspath(path)
        require_regular(name, "a fastText model")
        with reading(name) as file, VectorStream(file, name).regular() as plain:
            self._map(plain, name)

    @classmethod
    def of(cls, file: io.BufferedReader, path: str) -> SubwordVectors:
        """Map an open file, which may be a copy of one that is packed; `path` is its own path."""
        model = cls.__new__(cls)
        model._map(file, path)
        return model

    def _map(self, file: io.BufferedReader, path: str) -> None:
        # Independent of the working directory and links when it is opened again.
        self.path = os.path.realpath(path)
        is_itself = os.path.realpath(file.name) == self.path
        self._status = os.fstat(file.fileno()) if is_itself else _status_of(path)
        self._layout = layout = ModelLayout.read(file, path)
        self._input = _matrix(file, layout.input)
        self.stored = layout.words
        self.n_labels, self.n_behind = layout.n_labels, layout.n_behind

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return self._input.columns

    def __repr__(self) -> str:
        return f"SubwordVectors({self.path!r})"

    def __reduce__(self) -> tuple[Callable[..., SubwordVectors], tuple[str, FileState]]:
        if self._status is None:
            problem = "a model that came through a pipe cannot be copied; write it to a file first"
            raise FormatError(self.path, problem)
        return _reopened, (self.path, FileState.of(self._status))

    @cached_property
    def _row_of(self) -> dict[bytes, int]:
        return {word: row for row, word in enumerate(self.stored)}

    def __call__(self, words: Sequence[str]) -> Matrix:
        """Compute the vectors of any strings, (n, d) float32.

        Strings without subwords, or with lone surrogates, get zero rows.

        Raises
        ------
        FormatError
            If a vector of the model is not finite, or the file has changed.
        """
        texts = [_encoded(word) for word in words]
        row_of = self._row_of
        own = np.fromiter(
            (-1 if text is None else row_of.get(text, -1) for text in texts), np.int64, len(texts)
        )
        return self._vectors(texts, own, None)

    def of_stored(self, rows: Indices, progress: Progress | None = None) -> Matrix:
        """Compute the vectors of words of the vocabulary, by their positions in `stored`."""
        return self._vectors([self.stored[row] for row in rows], rows, progress)

    def _require_unchanged(self) -> None:
        """Refuse a file that was written to; a new file under its name does not matter."""
        self._input.require_whole()
        status = _status_of(self.path)
        if (
            status is not None
            and self._status is not None
            and os.path.samestat(status, self._status)
            and status.st_mtime_ns != self._status.st_mtime_ns
        ):
            raise _changed(self.path)

    def _vectors(
        self, texts: Sequence[bytes | None], own: Indices, progress: Progress | None
    ) -> Matrix:
        """Average the rows of each word: its own, unless that is -1, and its n-grams."""
        self._require_unchanged()
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        done = 0
        for rows, offsets in self._row_blocks(texts, own):
            end = done + len(offsets) - 1
            self._average(rows, offsets, vectors[done:end])
            bad = first_not_finite(vectors[done:end])
            if bad is not None:
                word = (texts[done + bad] or b"").decode(errors="replace")
                raise FormatError(self.path, f"vectors must be finite, that of {word!r} is not")
            done = end
            if progress is not None:
                progress(done / len(texts))
        return vectors

    def _row_blocks(
        self, texts: Sequence[bytes | None], own: Indices
    ) -> Iterator[tuple[Indices, Indices]]:
        """Yield the rows of some words and the offsets between words, up to `_BLOCK` bytes."""
        most = max(_BLOCK // (4 * self.dimension), 1)
        rows: list[Indices] = []
        counts: list[Indices] = []
        size = 0
        for start in range(0, len(texts), _WORDS):
            stop = start + _WORDS
            found, count = self._rows_of(texts[start:stop], own[start:stop])
            rows.append(found)
            counts.append(count)
            size += len(found)
            if size >= most or stop >= len(texts):
                yield np.concatenate(rows), np.cumsum(np.concatenate([[0], *counts]))
                rows, counts, size = [], [], 0

    def _rows_of(self, texts: Sequence[bytes | None], own: Indices) -> tuple[Indices, Indices]:
        """Find the matrix rows to average for each word, and their number."""
        layout = self._layout
        # The end-of-sentence mark and words without UTF-8 have no n-grams.
        has_none = np.array([text in (None, _END_OF_SENTENCE) for text in texts], bool)
        hashes, offsets = ngram_hashes([text or b"" for text in texts], layout.minn, layout.maxn)
        counts = np.diff(offsets)
        rows = (hashes % np.uint32(max(layout.bucket, 1))).astype(np.int64)
        if has_none.any() or layout.kept is not None:
            is_kept = ~np.repeat(has_none, counts)
            if layout.kept is not None:
                rows, has_row = _renumbered(rows, layout.kept)
                is_kept &= has_row
            word = np.repeat(np.arange(len(texts)), counts)
            rows, counts = rows[is_kept], np.bincount(word[is_kept], minlength=len(texts))
        is_stored = own >= 0
        starts = np.cumsum(counts) - counts
        rows = np.insert(rows + len(self.stored), starts[is_stored], own[is_stored])
        return rows, counts + is_stored

    def _average(self, rows: Indices, offsets: Indices, out: Matrix) -> None:
        """Write the mean of the rows of each word into `out`."""
        from scipy.sparse import csr_array  # takes 0.2 s to import

        needed, position = np.unique(rows, return_inverse=True)
        ones = np.ones(len(rows), np.float32)
        entries = (ones, position.astype(np.int32), offsets.astype(np.int32))
        # Adds rows one by one in float32, then divides, as fastText does.
        out[:] = csr_array(entries, shape=(len(out), len(needed))) @ self._input.gather(needed)
        counts = np.diff(offsets)
        out *= (1.0 / np.maximum(counts, 1)).astype(np.float32)[:, None]


def _status_of(path: str) -> os.stat_result | None:
    """Return the status of a file, if there is one."""
    try:
        return Path(path).stat()
    except OSError:
        return None


def _matrix(
    file: io.BufferedReader, found: MatrixLocation | QuantizedMatrix
) -> MappedMatrix | QuantizedMatrix:
    """Map a matrix that is not quantized."""
    if isinstance(found, QuantizedMatrix):
        return found
    shape = (found.rows, 4 * found.columns)
    return MappedMatrix(np.memmap(file, np.uint8, mode="r", offset=found.offset, shape=shape))


def _renumbered(buckets: Indices, kept: Indices) -> tuple[Indices, NDArray[np.bool_]]:
    """Find the rows of buckets, and whether pruning has left them one."""
    at = np.searchsorted(kept[0], buckets)
    at[at == kept.shape[1]] = 0
    has_row: NDArray[np.bool_] = kept[0][at] == buckets
    return kept[1][at], has_row


def _reopened(path: str, state: FileState) -> SubwordVectors:
    """Open the model of a pickle or copy again, if it is unchanged."""
    model = SubwordVectors(path)
    if model._status is None or FileState.of(model._status) != state:
        raise _changed(path)
    return model


def _changed(path: str) -> FormatError:
    """Make the error of a model that differs from the one loaded."""
    return FormatError(path, "the fastText model has changed since it was loaded; load it again")


def _encoded(word: str) -> bytes | None:
    """Encode a word; None for a lone surrogate, which JSON may hold."""
    try:
        return word.encode()
    except UnicodeEncodeError:
        return None
