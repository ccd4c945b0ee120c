"""Loading and saving of embeddings in every format."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING, Literal, cast

from alignx.errors import FormatError
from alignx.support.arguments import require_instance
from alignx.support.files import printable, reading, replacing, require_writable
from alignx.vectors.cache import write_cache
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.formats import read_vectors
from alignx.vectors.load_options import LoadOptions
from alignx.vectors.text import write_text
from alignx.vectors.vector_stream import VectorStream

if TYPE_CHECKING:
    import io

    from alignx.support.arrays import LazyRows
    from alignx.support.progress import Progress

__all__ = ["load", "require_savable", "save"]

logger = logging.getLogger("alignx")

_TEXT_SUFFIXES = (".vec", ".txt", ".vec.gz", ".txt.gz")
_CACHE_SUFFIX = ".safetensors"
_MAX_DECIMALS = 20
_STDIN = "standard input"


def load(
    path: str | os.PathLike[str],
    *,
    limit: int | None = None,
    lowercase: bool = False,
    language: str | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    progress: Progress | None = None,
    prefix: str = "",
) -> Embeddings:
    r"""Load embeddings from a file.

    The format is found by content, in any archive of one file: text (word2vec, GloVe, CSV), a
    fastText model or an alignx cache. The page "Files and words" lists all.

    Parameters
    ----------
    path : str or path-like
        File to read; ``"-"`` is standard input.
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
    prefix : str
        Beginning of the words to keep, which is taken off, such as ``"/c/en/"`` for the English
        words of ConceptNet Numberbatch.

    Returns
    -------
    Embeddings
        Embeddings with a `report`, whose notes on what was guessed or left out are logged as
        warnings too. A float32 cache is mapped into memory, and its numbers and
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
    options = LoadOptions(limit, lowercase, language, on_error, progress, prefix)
    name = os.fspath(path)
    with _opened(name) as file:
        name = _STDIN if name == "-" else name
        stream = VectorStream(file, name)
        if name == _STDIN and not stream.head:
            raise FormatError(name, "nothing is left to read; it can be read once only")
        found = read_vectors(stream, name, options)
    if progress is not None:
        progress(1.0)
    for note in found.report.notes if found.report else ():
        logger.warning("%s: %s", printable(name), note)
    return found


def _opened(name: str) -> contextlib.AbstractContextManager[io.BufferedReader]:
    """Open a file, or standard input, which stays open."""
    if name == "-":
        return contextlib.nullcontext(cast("io.BufferedReader", sys.stdin.buffer))
    return reading(name)


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
