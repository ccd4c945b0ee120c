"""Formats of files of vectors, recognized by their first bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alignx.vectors.binary.numpy_reader import (
    is_numpy,
    is_numpy_archive,
    read_numpy,
    read_numpy_archive,
)
from alignx.vectors.binary.pickles import is_pickle, refuse_pickle
from alignx.vectors.binary.word2vec import is_word2vec_binary, read_word2vec_binary
from alignx.vectors.cache import is_cache, read_cache
from alignx.vectors.fasttext.layout import is_fasttext
from alignx.vectors.fasttext.reader import read_fasttext
from alignx.vectors.text.vector_text import read_text

if TYPE_CHECKING:
    import io
    from collections.abc import Callable

    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.load_options import LoadOptions
    from alignx.vectors.vector_stream import VectorStream

__all__ = ["read_vectors"]


class _Streamed(NamedTuple):
    """Format that is read once, from its beginning to its end."""

    recognizes: Callable[[bytes], bool]
    read: Callable[[VectorStream, str, LoadOptions], Embeddings]


class _Mapped(NamedTuple):
    """Format of a regular file, which is mapped into memory; its `name` is its path."""

    recognizes: Callable[[bytes], bool]
    read: Callable[[io.BufferedReader, str, LoadOptions], Embeddings]


# The first that recognizes 4096 bytes reads the file; the rest is text.
_FORMATS: tuple[_Streamed | _Mapped, ...] = (
    _Mapped(is_fasttext, read_fasttext),
    _Mapped(is_cache, read_cache),
    _Streamed(is_word2vec_binary, read_word2vec_binary),
    _Streamed(is_numpy, read_numpy),
    _Mapped(is_numpy_archive, read_numpy_archive),
    _Streamed(is_pickle, refuse_pickle),
)


def read_vectors(stream: VectorStream, path: str, options: LoadOptions) -> Embeddings:
    """Read vectors of any format, called `path` in messages; raises as `alignx.load` does."""
    for known in _FORMATS:
        if not known.recognizes(stream.head):
            continue
        if isinstance(known, _Streamed):
            return known.read(stream, path, options)
        with stream.regular() as file:
            return known.read(file, path, options)
    return read_text(stream, path, options)
