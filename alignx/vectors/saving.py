"""Saving of embeddings in every format."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from alignx.errors import FormatError
from alignx.support.arguments import require_instance
from alignx.support.files import replacing, require_writable
from alignx.support.packing import PACKED, packing, without_packing
from alignx.vectors.binary.numpy_writer import write_numpy, write_numpy_archive
from alignx.vectors.binary.word2vec import write_word2vec_binary
from alignx.vectors.binary.word_list import list_beside
from alignx.vectors.cache import write_cache
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.text.vector_text import write_text

if TYPE_CHECKING:
    from alignx.support.arrays import LazyRows

__all__ = ["files_of", "is_model_name", "require_savable", "save"]

_TEXT, _WORD2VEC, _CACHE = "text", "word2vec", "cache"
_ARRAY, _ARCHIVE = "array", "archive"
_FORMATS = {
    ".vec": _TEXT,
    ".txt": _TEXT,
    ".w2v.bin": _WORD2VEC,
    ".safetensors": _CACHE,
    ".npy": _ARRAY,
    ".npz": _ARCHIVE,
}
_MAX_DECIMALS = 20


def save(
    embeddings: Embeddings,
    path: str | os.PathLike[str],
    *,
    dtype: Literal["float32", "float16"] = "float32",
    decimals: int | None = None,
    rows: LazyRows | None = None,
) -> None:
    """Save embeddings to a file, in the format of its suffix.

    Parameters
    ----------
    embeddings : Embeddings
        Words and vectors.
    path : str or path-like
        Name that ends in ``.vec`` or ``.txt`` (text), ``.w2v.bin`` (word2vec's binary format), one
        of these and ``.gz``, ``.bz2`` or ``.xz``, or in ``.safetensors`` (cache), ``.npz`` (NumPy,
        arrays `words` and `vectors`) or ``.npy`` (vectors alone; the words of ``en.npy`` are
        written to ``en.words.txt``). An old file is replaced as a whole, and kept if saving fails.
    dtype : {"float32", "float16"}
        Number type in a cache.
    decimals : int, optional
        Digits behind the point in text, at most 20. Default: the fewest that read back to the
        same float32.
    rows : LazyRows, optional
        Rows to write in place of the vectors, one for each word, computed block by block.

    Raises
    ------
    FormatError
        If the suffix is unknown, or the format cannot hold a word or a number.
    OutputError
        If the file cannot be written.
    ValueError
        If an argument is out of range or does not apply to the format.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "en.vec"
    >>> save(Embeddings(["cat", "dog"], [[1, 0], [0.6, 0.8]]), path)
    >>> print(path.read_text(), end="")
    2 2
    cat 1 0
    dog 0.6 0.8
    """
    require_instance(embeddings, Embeddings, "embeddings")
    name = os.fspath(path)
    require_savable(name, dtype=dtype, decimals=decimals)
    if rows is not None and len(rows) != len(embeddings):
        raise ValueError(
            f"rows must be one for each word, got {len(rows)} rows, {len(embeddings)} words"
        )
    kind = _format_of(name)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(replacing(name, "wb"))
        if kind == _CACHE:
            write_cache(file, name, embeddings, dtype, rows)
        elif kind == _ARCHIVE:
            write_numpy_archive(file, name, embeddings, rows)
        elif kind == _ARRAY:
            words = stack.enter_context(replacing(list_beside(name), "wb"))
            write_numpy(file, words, name, embeddings, rows)
        elif kind == _WORD2VEC:
            write_word2vec_binary(stack.enter_context(packing(file, name)), name, embeddings, rows)
        else:
            write_text(stack.enter_context(packing(file, name)), name, embeddings, decimals, rows)


def require_savable(
    path: str | os.PathLike[str], *, dtype: str = "float32", decimals: int | None = None
) -> None:
    """Check arguments of `save` before long work; raises the same errors."""
    name = os.fspath(path)
    if dtype not in ("float32", "float16"):
        raise ValueError(f"dtype must be 'float32' or 'float16', got {dtype!r}")
    if decimals is not None and not 0 <= decimals <= _MAX_DECIMALS:
        raise ValueError(f"decimals must lie in [0, {_MAX_DECIMALS}], got {decimals}")
    kind = _format_of(name)
    if dtype == "float16" and kind != _CACHE:
        raise ValueError(f"float16 is for .safetensors only, got {name}")
    if decimals is not None and kind != _TEXT:
        raise ValueError(f"decimals are for text only, got {name}")
    for file in files_of(name):
        require_writable(file)


def is_model_name(path: str | os.PathLike[str]) -> bool:
    """Test for the name of a fastText model, which `save` does not write."""
    name = os.fspath(path).lower()
    return name.endswith(".bin") and not name.endswith(".w2v.bin")


def files_of(path: str | os.PathLike[str]) -> list[Path]:
    """Name the files that `save` writes: the path, and a list of words beside an array."""
    name = os.fspath(path)
    return [Path(name), list_beside(name)] if name.lower().endswith(".npy") else [Path(name)]


def _format_of(path: str) -> str:
    """Find the format by the ending of a name."""
    name = path.lower()
    base = without_packing(name)
    for suffix, kind in _FORMATS.items():
        if base.endswith(suffix) and (base == name or kind in (_TEXT, _WORD2VEC)):
            return kind
    if is_model_name(path):
        problem = (
            "the name .bin is for fastText models; end that of word2vec's binary format in .w2v.bin"
        )
        raise FormatError(path, problem)
    problem = f"the name must end in one of {', '.join(_FORMATS)}"
    raise FormatError(path, f"{problem}, or text and .w2v.bin also in {', '.join(PACKED)}")
