"""Preparation of a space on disk for questions of single words."""

from __future__ import annotations

import logging
import time
from itertools import combinations
from typing import TYPE_CHECKING

from alignx.alignment.space_folder.files import path_of
from alignx.alignment.space_folder.reader import SpaceFolder
from alignx.alignment.space_folder.stored_biases import is_sound
from alignx.alignment.space_folder.stored_language import read_vectors
from alignx.alignment.space_folder.writer import changing
from alignx.errors import MissingFileError, OutputError
from alignx.retrieval.csls import csls_biases
from alignx.retrieval.neighbors import N_NEIGHBORS
from alignx.support.arguments import require_callable
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.alignment.space_folder.manifest import LanguageRecord
    from alignx.support.arrays import Matrix
    from alignx.support.files import StrPath
    from alignx.support.progress import Progress

    Pair = tuple[LanguageRecord, LanguageRecord]
    Found = tuple[Pair, tuple[Matrix, Matrix]]

__all__ = ["prepare_language", "prepare_space"]

SECONDS = 10.0  # of finished work that an interrupt may lose
PIVOTS = 2  # first languages, one of which is the pivot of each pair; see `pivot_code`

logger = logging.getLogger("alignx")


def prepare_space(
    folder: StrPath, codes: Sequence[str] | None = None, *, progress: Progress | None = None
) -> int:
    """Store the CSLS biases of pairs of languages, so that single words are translated at once.

    `MultilingualAlignment.save` does so for the pairs with evidence, and for each language with the
    first two, through which others are compared; `add_language` and `update_language` for those of
    these pairs that have the language. Without its biases a pair gives the same answers, after
    seconds for a large vocabulary. The space is locked only while a file is written; sound
    files that are there stay, damaged ones are replaced.

    Parameters
    ----------
    folder : path
        Folder of the space.
    codes : sequence of str, optional
        Languages of which every pair is prepared. Default: the pairs of `save`.
    progress : callable, optional
        Called with the fraction done.

    Returns
    -------
    int
        Number of pairs that were prepared now.

    Raises
    ------
    ValueError
        If a language is not there.
    MissingFileError, FormatError, OutputError
        If the folder holds no space, or cannot be written.

    Notes
    -----
    Takes one search of O(n m d) time for each pair, 10 seconds of one core for 60,000 and 80,000
    words, and 4 bytes a word of both on disk. Answers are the same to the last bit where the space
    was prepared on the same kind of processor; elsewhere scores may differ by rounding.

    Examples
    --------
    >>> import alignx as ax  # doctest: +SKIP
    >>> ax.prepare_space("space", ["es", "sk", "fr"])  # doctest: +SKIP
    3
    """
    require_callable(progress, "progress")
    opened = SpaceFolder.open(folder)
    return _prepare(opened, _missing(opened, codes), progress)


def prepare_language(folder: StrPath, code: str, *, progress: Progress | None = None) -> int:
    """Store the CSLS biases of a language that has come or changed; see `prepare_space`.

    Other pairs of the space stay as they are, prepared or not.
    """
    opened = SpaceFolder.open(folder)
    return _prepare(opened, _missing(opened, None, of=code), progress)


def _prepare(opened: SpaceFolder, missing: list[Pair], progress: Progress | None) -> int:
    """Search and store the biases of pairs, and count them."""
    found: list[Found] = []
    count, last = 0, time.monotonic()
    try:
        for number, pair in enumerate(missing):
            part = part_of(progress, number / len(missing), 1 / len(missing))
            try:  # not those of `opened`, which would keep all languages in memory
                rows = [read_vectors(path_of(opened.path, each.vectors)).vectors for each in pair]
            except MissingFileError:
                continue  # another process has replaced a language, and prepares it
            found.append((pair, csls_biases(rows[0], rows[1], progress=part)))
            count += 1
            if time.monotonic() - last > SECONDS:
                _store(opened, found)
                last = time.monotonic()
        _store(opened, found)
    except (KeyboardInterrupt, OutputError):
        logger.warning(
            "%s is complete; until `alignx hub prepare` has finished, single words take longer",
            opened.path,
        )
        raise
    return count


def _missing(
    opened: SpaceFolder, codes: Sequence[str] | None, *, of: str | None = None
) -> list[Pair]:
    """Return the pairs of languages that are to be prepared and are not, in their order.

    Also those of which the file is damaged; `of` leaves out the pairs without a language.
    """
    manifest = opened.manifest
    chosen = manifest.languages if codes is None else [manifest.language(code) for code in codes]
    pairs = {frozenset(pair) for pair in combinations((each.code for each in chosen), 2)}
    if codes is None:
        evidence = {frozenset(each.codes) for each in manifest.pairs if each.pairs or each.induced}
        pairs = {pair for pair in pairs if pair in evidence or pair & {*manifest.codes[:PIVOTS]}}
    if of is not None:
        pairs = {pair for pair in pairs if of in pair}
    for record in (each for each in manifest.biases if of is None or of in each.codes):
        change = pairs.discard if is_sound(opened.path, record) else pairs.add
        change(frozenset(record.codes))
    return [
        (source, target)
        for source, target in combinations(manifest.languages, 2)
        if {source.code, target.code} in pairs and min(source.words, target.words) >= N_NEIGHBORS
    ]


def _store(opened: SpaceFolder, found: list[Found]) -> None:
    """Write what was found, and forget it."""
    if found:
        with changing(opened.path) as writer:
            for pair, both in found:
                writer.put_biases(pair, both)
    found.clear()
