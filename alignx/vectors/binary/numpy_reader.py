"""Reading of NumPy's files: an archive with words, or an array with a list of words beside it."""

from __future__ import annotations

import contextlib
import itertools
import re
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

from alignx.errors import FormatError
from alignx.support.arrays import Matrix, as_rows
from alignx.support.file_kinds import NUMPY, NUMPY_ARCHIVE, kind_of
from alignx.vectors.binary.word_list import read_word_list, require_list_beside
from alignx.vectors.vocabulary_reader import VocabularyReader

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.load_options import LoadOptions

__all__ = [
    "is_numpy",
    "is_numpy_archive",
    "read_numpy",
    "read_numpy_archive",
]

_BLOCK = 1 << 22  # bytes to read at once
_MEMBER = ".npy"
_WORDS = {"words", "vocab", "vocabulary", "tokens", "keys", "index_to_key", "index2word", "labels"}
_VECTORS = {"vectors", "embeddings", "embedding", "matrix", "weights", "vecs", "syn0", "data"}
_AS_WRITTEN = "np.savez(path, words=np.array(words, dtype=str), vectors=vectors)"
_BROKEN = re.compile("[\n\ud800-\udfff]")
_DAMAGES = (EOFError, OSError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)


def is_numpy(head: bytes) -> bool:
    """Recognize an array, ``.npy``."""
    return kind_of(head) is NUMPY


def is_numpy_archive(head: bytes) -> bool:
    """Recognize an archive of arrays, ``.npz``."""
    return kind_of(head) is NUMPY_ARCHIVE


def read_numpy(stream: io.BufferedReader, path: str, options: LoadOptions) -> Embeddings:
    """Read a matrix, ``.npy``, with its words from the list beside it; see `read_word_list`.

    Raises
    ------
    FormatError
        If there is no such list, or it has another length; or if the array is no matrix of
        numbers.
    """
    with _damage_named(path):
        array = _Stored.of(stream, path)
    if array.dtype.hasobject:
        raise _objects(path, "it")
    array.require_matrix(path)
    words = read_word_list(require_list_beside(path, array.shape[0]), array.shape[0])
    return _embeddings(words, array, path, options)


def read_numpy_archive(file: io.BufferedReader, path: str, options: LoadOptions) -> Embeddings:
    """Read an archive, ``.npz``, with an array of words and a matrix.

    They are found by usual names, such as ``words`` and ``vectors``, or else by their shapes.

    Raises
    ------
    FormatError
        If the arrays cannot be told, or their lengths differ.
    """
    with _damage_named(path), zipfile.ZipFile(file) as archive:
        arrays = {}
        for name in archive.namelist():
            if name.endswith(_MEMBER):
                with _opened(archive, name, path) as array:
                    arrays[name] = array
        words_name, vectors_name = _chosen(arrays, path)
        with _opened(archive, words_name, path) as array:
            words = array.words(path)
        with _opened(archive, vectors_name, path) as array:
            array.require_matrix(path)
            n_rows = array.shape[0]
            if len(words) != n_rows:
                problem = f"words and rows must be as many, got {len(words):,} and {n_rows:,}"
                raise FormatError(path, problem)
            return _embeddings(words, array, path, options)


class _Stored(NamedTuple):
    """Array in a stream, which stands at its first number.

    Parameters
    ----------
    stream : binary stream
        Open file.
    shape : tuple of int
        Shape of the array.
    is_transposed : bool
        Whether columns are stored one by one, rather than rows.
    dtype : numpy.dtype
        Type of the numbers.
    """

    stream: IO[bytes]
    shape: tuple[int, ...]
    is_transposed: bool
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, stream: IO[bytes], path: str) -> _Stored:
        """Read the header of an array; no object in it is loaded."""
        version = np.lib.format.read_magic(stream)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read is None:
            number = ".".join(map(str, version))
            problem = f"NumPy files of version 1 and 2 can be read, got {number}"
            raise FormatError(path, problem)
        return cls(stream, *read(stream))

    def __str__(self) -> str:
        return f"{self.dtype} of shape {self.shape}"

    @property
    def is_matrix(self) -> bool:
        """Whether these are rows of real numbers."""
        return len(self.shape) == 2 and self.dtype.kind in "fiu"

    @property
    def are_words(self) -> bool:
        """Whether these are strings, or objects that may be."""
        return len(self.shape) == 1 and self.dtype.kind in "USO"

    def require_matrix(self, path: str) -> None:
        """Refuse another array than a matrix of real numbers."""
        if not self.is_matrix or 0 in self.shape:
            problem = f"vectors must be a matrix of real numbers, a row for each word, got {self}"
            raise FormatError(path, problem)

    def words(self, path: str) -> list[str]:
        """Read strings, or UTF-8 bytes."""
        words: list[str] = []
        for block in self.blocks(path):
            try:
                words += block.tolist() if block.dtype.kind == "U" else map(bytes.decode, block)
            except UnicodeDecodeError as error:
                raise FormatError(path, "its words must be UTF-8, and are not") from error
        return words

    def blocks(self, path: str) -> Iterator[NDArray[Any]]:
        """Yield rows, or items, a few at a time."""
        if self.is_transposed and len(self.shape) > 1:
            whole = self._read(self.shape[::-1], path)
            yield whole.T
            return
        width = self.dtype.itemsize * int(np.prod(self.shape[1:]))
        step = max(_BLOCK // max(width, 1), 1)
        for start in range(0, self.shape[0], step):
            yield self._read((min(step, self.shape[0] - start), *self.shape[1:]), path)

    def _read(self, shape: tuple[int, ...], path: str) -> NDArray[Any]:
        size = int(np.prod(shape)) * self.dtype.itemsize
        data = self.stream.read(size)
        if len(data) < size:
            raise FormatError(path, "the NumPy file is truncated; get it again")
        return np.frombuffer(data, self.dtype).reshape(shape)


@contextlib.contextmanager
def _opened(archive: zipfile.ZipFile, name: str, path: str) -> Iterator[_Stored]:
    """Open an array of an archive."""
    with archive.open(name) as member:
        yield _Stored.of(member, path)


def _chosen(arrays: dict[str, _Stored], path: str) -> tuple[str, str]:
    """Find the names of the arrays of words and of vectors."""
    words = {name for name, array in arrays.items() if array.are_words}
    vectors = {name for name, array in arrays.items() if array.is_matrix}
    for found, usual in ((words, _WORDS), (vectors, _VECTORS)):
        if named := {name for name in found if name.removesuffix(_MEMBER).lower() in usual}:
            found &= named
    if len(words) != 1 or len(vectors) != 1:
        listed = ", ".join(
            f"{name} ({array})" for name, array in itertools.islice(arrays.items(), 5)
        )
        problem = f"this is a NumPy archive (.npz) of {listed or 'no array'}"
        missing = "no words" if not words else "no matrix" if not vectors else "several of a kind"
        raise FormatError(path, f"{problem}: {missing}; save it as {_AS_WRITTEN}")
    name = words.pop()
    if arrays[name].dtype.hasobject:
        raise _objects(path, f"its array {name}")
    return name, vectors.pop()


def _embeddings(
    words: Sequence[str], array: _Stored, path: str, options: LoadOptions
) -> Embeddings:
    """Keep the rows of new words."""
    broken = next((word for word in words if not word or _BROKEN.search(word)), None)
    if broken is not None:
        problem = f"words must not be empty, nor contain a line end or a surrogate, got {broken!r}"
        raise FormatError(path, problem)
    reader = VocabularyReader(path, options)
    kept = np.array(reader.add(words))
    matrix: Matrix = np.empty((len(kept), array.shape[1]), np.float32)
    start = done = 0
    for block in array.blocks(path):
        here = kept[done : np.searchsorted(kept, start + len(block))]
        try:
            matrix[done : done + len(here)] = as_rows(block[here - start], "vectors", done)
        except ValueError as error:
            raise FormatError(path, str(error)) from error
        start, done = start + len(block), done + len(here)
        if done == len(kept):
            break
        if options.progress is not None:
            options.progress(start / array.shape[0])
    return reader.embeddings("numpy", matrix)


@contextlib.contextmanager
def _damage_named(path: str) -> Iterator[None]:
    """Raise FormatError in place of the errors of NumPy and zipfile."""
    try:
        yield
    except FormatError:
        raise
    except _DAMAGES as error:
        raise FormatError(path, f"the NumPy file is damaged ({error}); get it again") from error


def _objects(path: str, what: str) -> FormatError:
    """Make the error of an array that only a pickle can hold."""
    problem = f"{what} holds Python objects, which are pickled and never loaded"
    return FormatError(path, f"{problem}; save it as {_AS_WRITTEN}")
