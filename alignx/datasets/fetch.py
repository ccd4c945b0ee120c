"""Public vectors and dictionaries by language code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from alignx.datasets.catalog import DICTIONARIES, VECTORS, dictionary_file, vectors_file
from alignx.datasets.download import cache_folder, download
from alignx.datasets.languages import parse_name

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.datasets.catalog import PublicFile
    from alignx.support.files import StrPath
    from alignx.support.progress import Progress

__all__ = ["fetch", "public_file"]


def fetch(
    name: str,
    *,
    vectors: Literal["wiki", "crawl", "aligned"] | None = None,
    format: Literal["vec", "bin"] | None = None,  # noqa: A002  # as the command line calls it
    dictionary: Literal["muse", "xling"] | None = None,
    part: Literal["train", "test", "full", "500", "1k", "3k"] | None = None,
    folder: StrPath | None = None,
    progress: Progress | None = None,
) -> Path:
    """Fetch public vectors of a language, or a dictionary of two, by HTTP.

    A file is fetched once. Later calls compare it with the checksum of the first.

    Parameters
    ----------
    name : str
        Language such as ``"es"`` or ``"Spanish"`` for vectors; pair such as ``"en-es"`` for a
        dictionary.
    vectors : {"wiki", "crawl", "aligned"}, optional
        fastText vectors of Wikipedia (default), of Common Crawl and Wikipedia, or of Wikipedia and
        aligned with English already.
    format : {"vec", "bin"}, optional
        Text (default), or the fastText model, which has vectors of out-of-vocabulary words too.
    dictionary : {"muse", "xling"}, optional
        Collection of the dictionary; default MUSE.
    part : {"train", "test", "full", "500", "1k", "3k"}, optional
        Part of the dictionary; default ``"train"``. MUSE has no number, XLING no ``"full"``.
    folder : str or path-like, optional
        Folder of the file. Default: ``ALIGNX_CACHE``, or the user's folder for caches.
    progress : callable, optional
        Called with the fraction that has arrived.

    Returns
    -------
    Path
        The file. Beside it lie its license and a record with its checksum.

    Raises
    ------
    DownloadError
        If the file cannot be fetched; what has arrived is kept, and the next call goes on from
        there.
    OutputError
        If the folder cannot be written.
    ValueError
        If there is no such file, or an argument is for the other kind of file.

    Examples
    --------
    >>> spanish = load(fetch("es"), limit=200_000)  # doctest: +SKIP
    >>> known = Lexicon.load(fetch("en-es"))  # doctest: +SKIP
    """
    file = public_file(name, vectors=vectors, format=format, dictionary=dictionary, part=part)
    return download(file, cache_folder() if folder is None else folder, progress)


def public_file(
    name: str,
    *,
    vectors: str | None = None,
    format: str | None = None,  # noqa: A002
    dictionary: str | None = None,
    part: str | None = None,
) -> PublicFile:
    """Find the file that `fetch` fetches; takes the same arguments."""
    codes = parse_name(name)
    is_pair = len(codes) == 2
    others = (
        {"vectors": vectors, "format": format}
        if is_pair
        else {"dictionary": dictionary, "part": part}
    )
    for option, value in others.items():
        if value is not None:
            kind = "vectors of a language" if is_pair else "a dictionary of two languages"
            raise ValueError(f"{option}={value} is for {kind}, got {name!r}")
    for option, value, known in (
        ("vectors", vectors, VECTORS),
        ("dictionary", dictionary, DICTIONARIES),
    ):
        if value is not None and value not in known:
            raise ValueError(f"{option} must be one of {', '.join(known)}, got {value!r}")
    if is_pair:
        return dictionary_file(codes[0], codes[1], dictionary or "muse", part or "train")
    return vectors_file(codes[0], vectors or "wiki", format or "vec")
