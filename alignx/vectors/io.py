"""Loading and saving of embeddings in every format."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from alignx.errors import FormatError
from alignx.support.arguments import require_instance
from alignx.support.files import reading, replacing, require_regular, require_writable
from alignx.vectors.cache import read_cache, write_cache
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.fasttext.layout import FASTTEXT_MAGIC
from alignx.vectors.fasttext.reader import read_fasttext
from alignx.vectors.hub import located
from alignx.vectors.load_options import LoadOptions
from alignx.vectors.text import read_text, write_text

if TYPE_CHECKING:
    from alignx.support.arrays import LazyRows
    from alignx.support.progress import Progress

__all__ = ["load", "require_savable", "save"]

_TEXT_SUFFIXES = (".vec", ".txt", ".vec.gz", ".txt.gz")
_CACHE_SUFFIX = ".safetensors"
_MAX_DECIMALS = 20
_MAPPED = {".bin": "a fastText model", _CACHE_SUFFIX: "a cache of vectors"}


def load(
    path: str | os.PathLike[str],
    *,
    limit: int | None = None,
    lowercase: bool = False,
    language: str | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    progress: Progress | None = None,
) -> Embeddings:
    r"""Load embeddings from a file.

    The format is found by name and content: word2vec text (``.vec``, ``.txt``; gzipped or not,
    with or without header), a fastText model (``.bin``) or an alignx cache (``.safetensors``).

    Parameters
    ----------
    path : str or path-like
        File to read, or ``hf://OWNER/NAME[/FILE]`` for one of the Hugging Face Hub.
    limit : int, optional
        Maximum number of words, at least 1; the rest of the file is not read.
    lowercase : bool
        Lower-case the words. Of words that become equal the first is kept.
    language : str, optional
        Language code such as ``"en"``. Default: the code in the file or in its name.
    on_error : {"raise", "skip"}
        Raise at the first malformed line of text, or skip and count such lines.
    progress : callable, optional
        Called with the fraction of the file read so far.

    Returns
    -------
    Embeddings
        Embeddings with a `report`. A float32 cache is mapped into memory, and its numbers and
        checksum are not checked again. A fastText model gives `oov_vectors`, which read the file
        when they are used.

    Raises
    ------
    FormatError
        If the file is missing or holds no embeddings; names the line where there is one.
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "wiki.en.vec"
    >>> _ = path.write_text("3 2\ncat 1 0\ndog 0.6 0.8\ncat 0 1\n")
    >>> english = load(path)
    >>> english
    Embeddings(language='en', n=2, d=2, source='wiki.en.vec')
    >>> print(english.report)
    2 words of 2 dimensions; 1 duplicate merged
    """
    name, language = located(path, language)
    options = LoadOptions(limit, lowercase, language, on_error, progress)
    for suffix, what in _MAPPED.items():
        if name.endswith(suffix):
            require_regular(name, what)  # opening a pipe would wait for its writer
    with reading(name) as file:
        beginning = file.peek(16)
        if beginning.startswith(FASTTEXT_MAGIC) or name.endswith(".bin"):
            found = read_fasttext(name, options)
        elif name.endswith(_CACHE_SUFFIX) or beginning[4:9] == b"\0\0\0\0{":
            found = read_cache(name, options)
        else:
            return read_text(file, name, options)
    if progress is not None:
        progress(1.0)
    return found


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
