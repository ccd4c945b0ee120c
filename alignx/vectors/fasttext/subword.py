"""Vectors of words, seen in training or not, by a fastText model that stays in its file."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.errors import FormatError
from alignx.support.arrays import Indices, Matrix, first_not_finite
from alignx.support.files import FileState, printable, reading, require_regular
from alignx.support.memory import release, require_whole
from alignx.vectors.embeddings import (
    Embeddings,
    LoadOptions,
    LoadReport,
    count_zero_rows,
    enter_words,
    guess_language,
)
from alignx.vectors.fasttext.layout import ModelLayout
from alignx.vectors.fasttext.ngrams import ngram_hashes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from alignx.support.progress import Progress

__all__ = ["SubwordVectors", "read_fasttext"]

# Matrix rows that are copied out of the file at once, in bytes. Rows of n-grams lie all over the
# matrix, so each block may pass over the whole of it: larger blocks pass less often.
_BLOCK = 1 << 27
# Part of the matrix that is mapped at once while it is passed over.
_WINDOW = 1 << 25
_WORDS = 1 << 13
_END_OF_SENTENCE = b"</s>"


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
        Words that are not valid UTF-8 are left out and counted as skipped. `unseen` gives vectors
        of any other words.

    Raises
    ------
    FormatError
        If the file is no such model, or truncated.

    Examples
    --------
    >>> read_fasttext("no-such.bin", LoadOptions())
    Traceback (most recent call last):
        ...
    alignx.errors.MissingFileError: no-such.bin: no such file; check the name
    """
    model = SubwordVectors(path)
    rows = [row for row, word in enumerate(model.stored) if _is_text(word)]
    if not rows:
        raise FormatError(path, "the model has no words that are valid UTF-8")
    index: dict[str, int] = {}
    words = [model.stored[row].decode() for row in rows]
    named = None if options.language else guess_language(path)
    language = options.language or named
    n_read, kept = enter_words(
        index, words, options.limit, lowercase=options.lowercase, language=language
    )
    vectors = model.of_stored(np.asarray(rows)[kept], options.progress)
    zero_rows = count_zero_rows(vectors)
    report = LoadReport(
        path,
        "fasttext",
        rows=n_read,
        dimension=vectors.shape[1],
        skipped=len(model.stored) - len(rows),
        merged=n_read - len(kept),
        zero_rows=zero_rows,
        language=named,
    )
    return Embeddings.from_checked(
        tuple(index),
        vectors,
        language=language,
        source=printable(Path(path).name),
        report=report,
        unseen=model,
        index=index,
        zero_rows=zero_rows,
    )


class SubwordVectors:
    """Vectors of any words, seen in training or not, by a fastText model.

    The vector of a word is the mean of those of its n-grams of characters, and of its own if the
    model has been trained on the word. It equals what fastText gives, to the last bit.

    Parameters
    ----------
    path : str or path-like
        An unquantized model, ``.bin``. Its numbers stay in the file, which must stay as it is.

    Attributes
    ----------
    path : str
        The file, by a name that is good in every directory.
    stored : list of bytes
        The words that it was trained on, most frequent first.

    Raises
    ------
    FormatError
        If the file is no such model, or truncated.

    Notes
    -----
    In memory are the words, and while vectors are computed some 200 MB. Copies, and what a pickle
    holds, open the file by its name again, and refuse one that has changed. A file that is
    replaced by a new one, as alignx replaces files, is still read as it was.

    References
    ----------
    Bojanowski, Grave, Joulin and Mikolov, "Enriching Word Vectors with Subword Information", TACL
    2017, section 3.2.

    Examples
    --------
    >>> SubwordVectors("no-such.bin")
    Traceback (most recent call last):
        ...
    alignx.errors.MissingFileError: no-such.bin: no such file; check the name
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        name = os.fspath(path)
        require_regular(name, "a fastText model")
        with reading(name) as file:
            # Whatever the working directory and links will be when it is opened again.
            self.path = os.path.realpath(name)
            self._status = os.fstat(file.fileno())
            self._layout = layout = ModelLayout.read(file, name)
            # Rows as bytes, since the file does not align its numbers.
            self._rows: NDArray[np.uint8] = np.memmap(
                file,
                np.uint8,
                mode="r",
                offset=layout.input.offset,
                shape=(layout.input.rows, layout.input.columns * 4),
            )
        self.stored = layout.words

    @property
    def dimension(self) -> int:
        """How many numbers each vector has."""
        return self._layout.input.columns

    def __repr__(self) -> str:
        return f"SubwordVectors({self.path!r})"

    def __reduce__(self) -> tuple[Callable[..., SubwordVectors], tuple[str, FileState]]:
        return _reopened, (self.path, FileState.of(self._status))

    @cached_property
    def _row_of(self) -> dict[bytes, int]:
        return {word: row for row, word in enumerate(self.stored)}

    def __call__(self, words: Sequence[str]) -> Matrix:
        """Average the subwords of each word.

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
            If a vector of the model is not finite, or the file has been changed.
        """
        texts = [_encoded(word) for word in words]
        row_of = self._row_of
        own = np.fromiter(
            (-1 if text is None else row_of.get(text, -1) for text in texts), np.int64, len(texts)
        )
        return self._vectors(texts, own, None)

    def of_stored(self, rows: Indices, progress: Progress | None = None) -> Matrix:
        """Give the vectors of words that the model was trained on.

        Parameters
        ----------
        rows : (n,) int64
            Their positions in `stored`.
        progress : callable, optional
            Called now and then with the fraction done.

        Returns
        -------
        (n, d) float32

        Raises
        ------
        FormatError
            If a vector of the model is not finite, or the file has been changed.
        """
        return self._vectors([self.stored[row] for row in rows], rows, progress)

    def _require_unchanged(self) -> None:
        """Refuse a file that was written to; one that took its place by its name is another."""
        require_whole(self._rows)
        try:
            status = Path(self.path).stat()
        except OSError:
            return
        if (
            os.path.samestat(status, self._status)
            and status.st_mtime_ns != self._status.st_mtime_ns
        ):
            raise _changed(self.path)

    def _vectors(
        self, texts: Sequence[bytes | None], own: Indices, progress: Progress | None
    ) -> Matrix:
        """Average the rows of each word: its own, unless that is -1, and those of its n-grams."""
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
        """Yield the rows of some words, and the offsets between words, up to `_BLOCK` of them."""
        most = max(_BLOCK // self._rows.shape[1], 1)
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
        """Give the rows of the matrix that each word is the mean of, and how many they are."""
        layout = self._layout
        # The end of a sentence is a mark without characters; nor has it any what has no UTF-8.
        has_none = np.fromiter(
            (t is None or t == _END_OF_SENTENCE for t in texts), bool, len(texts)
        )
        hashes, offsets = ngram_hashes([text or b"" for text in texts], layout.minn, layout.maxn)
        counts = np.diff(offsets)
        rows = (hashes % np.uint32(max(layout.bucket, 1))).astype(np.int64) + len(self.stored)
        if has_none.any():
            rows = rows[~np.repeat(has_none, counts)]
            counts[has_none] = 0
        is_stored = own >= 0
        starts = np.cumsum(counts) - counts
        return np.insert(rows, starts[is_stored], own[is_stored]), counts + is_stored

    def _average(self, rows: Indices, offsets: Indices, out: Matrix) -> None:
        """Write the mean of the rows of each word."""
        from scipy.sparse import csr_array  # it takes a fifth of a second to load

        needed, position = np.unique(rows, return_inverse=True)
        ones = np.ones(len(rows), np.float32)
        entries = (ones, position.astype(np.int32), offsets.astype(np.int32))
        # Adds rows one after the other in float32, as fastText does, and then divides as it does.
        out[:] = csr_array(entries, shape=(len(out), len(needed))) @ self._gathered(needed)
        counts = np.diff(offsets)
        out *= (1.0 / np.maximum(counts, 1)).astype(np.float32)[:, None]

    def _gathered(self, rows: Indices) -> Matrix:
        """Copy rows of the matrix, in ascending order, and let go of the file behind them."""
        gathered = np.empty((len(rows), self._rows.shape[1]), np.uint8)
        step = max(_WINDOW // self._rows.shape[1], 1)
        starts = np.arange(0, len(self._rows), step)
        ends = np.searchsorted(rows, starts + step)
        done = 0
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            if end > done:
                window = self._rows[start : start + step]
                require_whole(window)
                np.take(window, rows[done:end] - start, axis=0, out=gathered[done:end], mode="clip")
                release(window)
                done = end
        found: NDArray[Any] = gathered.view(np.float32)
        return found


def _reopened(path: str, state: FileState) -> SubwordVectors:
    """Open a model that a pickle or a copy names, if it is still the same."""
    model = SubwordVectors(path)
    if FileState.of(model._status) != state:
        raise _changed(path)
    return model


def _changed(path: str) -> FormatError:
    """Make the error of a model that is not the one that was loaded."""
    return FormatError(path, "the fastText model has changed since it was loaded; load it again")


def _is_text(word: bytes) -> bool:
    """Tell whether a word is one that a file of vectors could hold."""
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return bool(word) and b"\n" not in word


def _encoded(word: str) -> bytes | None:
    """Give the bytes of a word; none for half of an emoji, which JSON may hold."""
    try:
        return word.encode()
    except UnicodeEncodeError:
        return None
