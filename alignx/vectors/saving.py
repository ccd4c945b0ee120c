"""Saving of embeddings in every format."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from alignx.errors import FormatError
from alignx.support.arguments import require_instance
from alignx.support.files import replacing, require_writable
from alignx.vectors.cache import write_cache
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.text import write_text

if TYPE_CHECKING:
    from alignx.support.arrays import LazyRows

__all__ = ["require_savable", "save"]

_TEXT_SUFFIXES = (".vec", ".txt", ".vec.gz", ".txt.gz")
_CACHE_SUFFIX = ".safetensors"
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
        Name that ends in ``.vec``, ``.txt``, ``.vec.gz``, ``.txt.gz`` or ``.safetensors``. An
        old file is replaced as a whole, and kept if saving fails.
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
    with replacing(name, "wb") as file:
        if name.endswith(_CACHE_SUFFIX):
            write_cache(file, name, embeddings, dtype, rows)
        else:
            write_text(file, name, embeddings, decimals, rows)


def require_savable(
    path: str | os.PathLike[str], *, dtype: str = "float32", decimals: int | None = None
) -> None:
    """Check arguments of `save` before long work; raises the same errors."""
    name = os.fspath(path)
    if dtype not in ("float32", "float16"):
        raise ValueError(f"dtype must be 'float32' or 'float16', got {dtype!r}")
    if decimals is not None and not 0 <= decimals <= _MAX_DECIMALS:
        raise ValueError(f"decimals must lie in [0, {_MAX_DECIMALS}], got {decimals}")
    is_cache = name.endswith(_CACHE_SUFFIX)
    if dtype == "float16" and not is_cache:
        raise ValueError(f"float16 is for {_CACHE_SUFFIX} only, got {name}")
    if decimals is not None and is_cache:
        raise ValueError(f"decimals are for text only, got {name}")
    if not name.endswith((*_TEXT_SUFFIXES, _CACHE_SUFFIX)):
        known = ", ".join((*_TEXT_SUFFIXES, _CACHE_SUFFIX))
        raise FormatError(name, f"the name must end in one of {known}")
    require_writable(name)
