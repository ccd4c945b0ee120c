"""Learned rankings from and to a language that is added to a space on disk."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from alignx.multilingual.pair_rankers import (
    SPELLED,
    FittedRanker,
    fit_pair_rankers,
    held_out_of_pair,
)
from alignx.multilingual.transferred_ranker import with_spelling
from alignx.ranking.candidates import SOUGHT
from alignx.ranking.gain import FirstAnswers, RankingGain
from alignx.ranking.spelling import SpellingModel
from alignx.retrieval.csls import mutual_neighbors
from alignx.retrieval.neighbors import N_NEIGHBORS
from alignx.support.arrays import unit_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from alignx.alignment.space_folder.reader import SpaceFolder
    from alignx.multilingual.extension import Extension
    from alignx.multilingual.held_out_fit import HeldOutFit
    from alignx.ranking.ranker import PairRanker
    from alignx.support.arrays import Matrix

    Pair: TypeAlias = tuple[str, str]

__all__ = ["new_rankers", "transferred_rankers"]

FEWEST_RANKED = 200  # known words to learn a ranking from


def new_rankers(
    ranker: PairRanker, fit: Extension, code: str, folds: Sequence[HeldOutFit]
) -> dict[Pair, FittedRanker]:
    """Learn the ranking from and to each language with a dictionary, on its held-out words."""
    found: dict[Pair, FittedRanker] = {}
    for other in _taught(fit):
        mapped, words = partial(_mapped, fit, code), _words(fit, code, other)
        found |= fit_pair_rankers(ranker, mapped, words, folds, {})
    return found


def transferred_rankers(
    folder: SpaceFolder, fit: Extension, code: str, matrix: Matrix, folds: Sequence[HeldOutFit]
) -> dict[Pair, FittedRanker]:
    """Take a ranking that the space has, from the new language to each and back.

    That is the one for pairs without a lexicon, with its gain as measured at the fit of the space.
    Where the space has none, as with two languages, it is the one learned from most words, if it
    gains on the dictionaries of the new language. Each pair gets the spelling of its mutual
    neighbors among the frequent words.
    """
    shared, gain = _shared(folder, fit, code, folds)
    if shared is None:
        return {}
    found: dict[Pair, FittedRanker] = {}
    mapped = unit_rows(fit.words.vectors[:SPELLED] @ matrix)
    for other in folder.manifest.codes:
        if other == code:
            continue
        language = folder.languages[other]
        rows = language.vectors[:SPELLED]
        k = min(N_NEIGHBORS, len(mapped), len(rows))
        neighbors = mutual_neighbors(mapped, rows, n_neighbors=k).tolist()
        if not neighbors:
            continue
        words = [(fit.words.words[s], language.words[t]) for s, t in neighbors]
        spelling = SpellingModel.of(words)
        for pair, own in (((code, other), spelling), ((other, code), spelling.reversed())):
            found[pair] = FittedRanker(with_spelling(shared, own), gain, is_transferred=True)
    return found


def _shared(
    folder: SpaceFolder, fit: Extension, code: str, folds: Sequence[HeldOutFit]
) -> tuple[PairRanker | None, RankingGain | None]:
    """Choose a ranker of the space that gains on other languages than it was learned from."""
    stored = [pair for pair in folder.manifest.pairs if pair.file and pair.ranking_gain]
    for record in (pair for pair in stored if pair.is_transferred):
        return folder.pairs[record.codes].ranker, record.ranking_gain
    own = [pair for pair in stored if code not in pair.codes]
    for record in sorted(own, key=lambda pair: -pair.ranking_gain.n if pair.ranking_gain else 0):
        if (ranker := folder.pairs[record.codes].ranker) is not None:
            gain = _gain(ranker, fit, code, folds)
            return (ranker, gain) if gain is not None and gain.gain > 0 else (None, None)
    return None, None


def _gain(
    ranker: PairRanker, fit: Extension, code: str, folds: Sequence[HeldOutFit]
) -> RankingGain | None:
    """Measure a ranker on the held-out words of the new language; None without enough of them."""
    answers = [
        FirstAnswers.of(with_spelling(ranker, SpellingModel.of(part.known)), part)
        for other in _taught(fit)
        for parts in held_out_of_pair(
            partial(_mapped, fit, code),
            _words(fit, code, other),
            folds,
            (other, code),
            ranker.n_candidates,
        ).values()
        for part in parts
    ]
    return RankingGain.of(*FirstAnswers.joined(answers), transferred=True) if answers else None


def _taught(fit: Extension) -> list[str]:
    """Return the languages whose dictionary is large enough to learn a ranking."""
    return [
        other for other, rows in fit.known.items() if len(np.unique(rows[:, 0])) >= FEWEST_RANKED
    ]


def _words(fit: Extension, code: str, other: str) -> dict[str, Sequence[str]]:
    return {other: fit.languages[other].words, code: fit.words.words}


def _mapped(fit: Extension, code: str, asked: str, matrix: Matrix) -> Matrix:
    """Return unit rows of the new language by a map, or of another as they are."""
    if asked == code:
        return unit_rows(fit.words.vectors[:SOUGHT] @ matrix)
    return fit.others[asked][:SOUGHT]
