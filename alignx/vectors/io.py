"""Loading of embeddings in every format."""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import TYPE_CHECKING, Literal, cast

from alignx.errors import FormatError
from alignx.support.files import printable, reading
from alignx.vectors.formats import read_vectors
from alignx.vectors.hub import located
from alignx.vectors.load_options import LoadOptions
from alignx.vectors.vector_stream import VectorStream

if TYPE_CHECKING:
    import io
    import os

    from alignx.support.arrays import Matrix
    from alignx.support.progress import Progress
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.spelling import Casing

__all__ = ["load"]

logger = logging.getLogger("alignx")

_STDIN = "standard input"


def load(
    path: str | os.PathLike[str],
    *,
    limit: int | None = None,
    casing: Casing = "keep",
    language: str | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    progress: Progress | None = None,
    prefix: str = "",
) -> Embeddings:
    r"""Load embeddings from a file.

    The format is found by content, in any archive of one file: text (word2vec, GloVe, CSV),
    word2vec's binary format, a fastText model, NumPy arrays with words or an alignx cache. The page
    "Files and words" lists all.

    Parameters
    ----------
    path : str or path-like
        File to read; ``"-"`` is standard input, and ``hf://OWNER/NAME[/FILE]`` is a file of the
        Hugging Face Hub.
    limit : int, optional
        Maximum number of words, at least 1; the rest of the file is not read.
    casing : {"keep", "lower", "tr"}
        Keep capitals, lower-case the words by the rules of their language, or by those of Turkish.
        Of words that become equal the first is kept.
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
    name, language = located(path, language)
    options = LoadOptions(limit, casing, language, on_error, progress, prefix)
    with _opened(name) as file:
        name = _STDIN if name == "-" else name
        stream = VectorStream(file, name)
        if name == _STDIN and not stream.head:
            raise FormatError(name, "nothing is left to read; it can be read once only")
        found = read_vectors(stream, name, options)
    if progress is not None:
        progress(1.0)
    if len(found) > 1 and _are_equal(found.vectors):
        logger.warning("%s: all %s vectors are equal", printable(name), f"{len(found):,}")
    for note in found.report.notes if found.report else ():
        logger.warning("%s: %s", printable(name), note)
    return found


def _are_equal(vectors: Matrix) -> bool:
    """Compare rows; nearly always two are enough."""
    return bool(
        (vectors[0] == vectors[1]).all() and vectors[0].any() and (vectors == vectors[0]).all()
    )


def _opened(name: str) -> contextlib.AbstractContextManager[io.BufferedReader]:
    """Open a file, or standard input, which stays open."""
    if name == "-":
        return contextlib.nullcontext(cast("io.BufferedReader", sys.stdin.buffer))
    return reading(name)
