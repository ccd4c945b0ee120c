"""Pairs of a new language and those of a space by their vectors alone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from alignx.multilingual.failures import require_none_failed
from alignx.multilingual.language_part import FREQUENT
from alignx.multilingual.pair_tasks import learned_pairs
from alignx.multilingual.spectra import CANDIDATES, most_similar, spectrum
from alignx.support.arrays import unit_rows
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from alignx.alignment.space_folder.reader import SpaceFolder
    from alignx.multilingual.pair_tasks import LearnedPairs
    from alignx.support.progress import Progress
    from alignx.vectors.embeddings import Embeddings

__all__ = ["start_by_vectors"]

logger = logging.getLogger("alignx")


def start_by_vectors(
    folder: SpaceFolder,
    code: str,
    words: Embeddings,
    *,
    allow_failed: bool,
    progress: Progress | None = None,
) -> tuple[list[str], dict[str, LearnedPairs]]:
    """Join a language without a dictionary by self-learning with the hub and similar languages.

    Parameters
    ----------
    folder : SpaceFolder
        The space.
    code : str
        Code of the new language.
    words : Embeddings
        Its normalized words.
    allow_failed : bool
        Take the best of pairs that have all failed.
    progress : callable, optional
        Called with the fraction done.

    Returns
    -------
    list of str, dict of str to LearnedPairs
        The other languages, those that join it first, and the pairs with these.

    Raises
    ------
    AlignmentFailed
        If self-learning fails with all of them; names them with their diagnoses.
    """
    frequent = words.head(FREQUENT)
    others = [other for other in folder.manifest.codes if other != code]
    spectra = {other: spectrum(_before_map(folder, other).vectors) for other in others}
    spectra[code] = spectrum(frequent.vectors)
    order = most_similar(spectra, code, folder.manifest.hub)
    tried = {}
    for number, other in enumerate(chosen := order[:CANDIDATES]):
        part = part_of(progress, number / len(chosen), 1 / len(chosen))
        tried[other] = learned_pairs(frequent, _before_map(folder, other), part)
    good = {other: found for other, found in tried.items() if found.succeeded}
    if not good:
        reports = {(code, other): found.report for other, found in tried.items()}
        agreed = {o: found.diagnosis.agreement for o, found in tried.items() if found.diagnosis}
        advice = f"give a dictionary of {code} and a language of the space (--dictionary)"
        require_none_failed(reports, allow_failed and bool(agreed), "keep the map", advice)
        best = max(agreed, key=agreed.__getitem__)
        logger.warning("%s-%s: vectors alone give no map: %s", code, best, tried[best].report)
        good = {best: tried[best]}
    return [*good, *(other for other in order if other not in good)], good


def _before_map(folder: SpaceFolder, other: str) -> Embeddings:
    """Return the frequent words of a language as they were before its map, at unit length."""
    mapped = folder.languages[other].head(FREQUENT)
    inverse = np.linalg.pinv(folder.language_map(other).matrix.astype(np.float64))
    return mapped.with_vectors(unit_rows(mapped.vectors @ inverse.astype(np.float32)))
