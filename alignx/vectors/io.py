"""Load and save embeddings, whatever the file format."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from alignx.errors import FormatError
from alignx.support.arguments import require_instance
from alignx.support.files import reading, replacing, require_regular, require_writable
from alignx.vectors.cache import read_cache, write_cache
from alignx.vectors.embeddings import Embeddings, LoadOptions
from alignx.vectors.fasttext import FASTTEXT_MAGIC, read_fasttext
from alignx.vectors.text import read_text, write_text

if TYPE_CHECKING:
    from alignx.support.arrays import LazyRows
    from alignx.support.progress import Progress

__all__ = ["load", "require_savable", "save"]

_TEXT_SUFFIXES = (".vec", ".txt", ".vec.gz", ".txt.gz")
_CACHE_SUFFIX = ".safetensors"
_MOST_DECIMALS = 20
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

    Word2vec text (``.vec``, ``.txt``; gzip is recognized whatever the name), fastText models
    (``.bin``) and our cache (``.safetensors``) are told apart by name and content. In text, every
    byte but space, tab and line end may belong to a word, and the header is optional.

    Parameters
    ----------
    path : str or path-like
        The file.
    limit : int, optional
        How many words to keep at most, ``limit >= 1``; the rest is not read.
    lowercase : bool
        Whether to lower-case the words. Of words that become equal the first is kept.
    language : str, optional
        A code such as ``"en"``; by default what the file or its name says.
    on_error : {"raise", "skip"}
        What to do about a malformed line of text: raise at the first, or skip and count them.
    progress : callable, optional
        Is called with the fraction of the file that has been read.

    Returns
    -------
    Embeddings
        Their `report` tells what was found. A float32 cache is mapped rather than read: its
        numbers and checksum are those that were written, and are not checked again. A float16
        cache is converted, so it is read. Those of a fastText model have `unseen`, which gives
        vectors of words that it has not seen; the file must stay where it is.

    Raises
    ------
    FormatError
        If there is no such file or it holds no embeddings; names the line where there is one.
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
    options = LoadOptions(limit, lowercase, language, on_error, progress)
    name = os.fspath(path)
    for suffix, what in _MAPPED.items():
        if name.endswith(suffix):
            require_regular(name, what)  # before opening it waits for whoever would write
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
    """Save embeddings to a file, in the format that its name tells.

    Parameters
    ----------
    embeddings : Embeddings
        What to save.
    path : str or path-like
        Ends in ``.vec``, ``.txt``, ``.vec.gz``, ``.txt.gz`` or ``.safetensors``. It is replaced
        as a whole: if anything goes wrong, an old file stays as it was.
    dtype : {"float32", "float16"}
        How a cache stores the vectors.
    decimals : int, optional
        How many digits behind the point to write as text, ``0 <= decimals <= 20``; by default the
        fewest that read back to the same float32.
    rows : LazyRows, optional
        What to write instead of their vectors, one for each word; each is computed when it is
        written.

    Raises
    ------
    FormatError
        If the name tells no format, or the format cannot hold a word or a number.
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
    """Refuse what `save` would refuse whatever the embeddings, before long work.

    Parameters
    ----------
    path, dtype, decimals
        As for `save`.

    Raises
    ------
    FormatError, OutputError, ValueError
        As `save` does.

    Examples
    --------
    >>> require_savable("en.npz")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    alignx.errors.FormatError: en.npz: the name must end in one of ...
    """
    name = os.fspath(path)
    if dtype not in ("float32", "float16"):
        raise ValueError(f"dtype must be 'float32' or 'float16', got {dtype!r}")
    if decimals is not None and not 0 <= decimals <= _MOST_DECIMALS:
        raise ValueError(f"decimals must lie in [0, {_MOST_DECIMALS}], got {decimals}")
    is_cache = name.endswith(_CACHE_SUFFIX)
    if dtype == "float16" and not is_cache:
        raise ValueError(f"float16 is for {_CACHE_SUFFIX} only, got {name}")
    if decimals is not None and is_cache:
        raise ValueError(f"decimals are for text only, got {name}")
    if not name.endswith((*_TEXT_SUFFIXES, _CACHE_SUFFIX)):
        known = ", ".join((*_TEXT_SUFFIXES, _CACHE_SUFFIX))
        raise FormatError(name, f"the name must end in one of {known}")
    require_writable(name)
