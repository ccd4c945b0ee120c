"""Check a map on pairs that it was not fitted on, at a small share of the cost of the fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.held_out import Recipe, Trial
from alignx.alignment.model_selection import Fold, split_folds
from alignx.alignment.validation import FEW_WORDS, SAME_BY_CHANCE, Validation
from alignx.mapping import Procrustes
from alignx.retrieval.csls import csls_bias, mutual_neighbors
from alignx.retrieval.exact import ExactIndex
from alignx.support.arrays import Indices, Matrix, unit_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.alignment.unsupervised.fit import Workplace
    from alignx.mapping import Aligner
    from alignx.support.progress import Progress

__all__ = ["check"]

FOLDS = 5
# Words of each language that take part, the most frequent, beside those of the dictionary: rounds
# of refinement are 16 times faster than usual. Of small vocabularies a fifth takes part.
FREQUENT = 5_000
ENOUGH = 40  # questions, after which no further fold is asked for
COMPARED = 1_000  # maps of fewer words have pairs in common by chance


def check(
    recipe: Recipe,
    fitted: Aligner,
    pairs: Indices,
    trial: Trial | None = None,
    progress: Progress | None = None,
) -> Validation | None:
    """Ask for held-out words.

    With few known words, one fifth of them after the other is held out until enough are or the map
    has clearly failed, and what the map finds is compared with what these maps find. With many, one
    fifth is asked for: by the trial, if there is one, or by a map without refinement.

    Parameters
    ----------
    recipe : Recipe
        How the map was fitted.
    fitted : Aligner
        The map.
    pairs : (p, 2) int64
        Rows that it was fitted on.
    trial : Trial, optional
        A map without a fifth of the words that was fitted for another purpose.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    Validation or None
        None if no map can be fitted on fewer pairs.
    """
    words = len(np.unique(pairs[:, 0]))
    if words >= FEW_WORDS and trial is not None:
        held_out = np.stack([trial.held_out.source, trial.held_out.target], axis=1)
        found, rounds = trial.is_right()[:, 0], recipe.work.refinement
        answers = len(trial.target)
        chance = _chance(held_out, answers)
        return Validation(int(found.sum()), len(found), words, answers, chance, rounds)
    few = words < FEW_WORDS
    work, known, first = _smaller(recipe.work, np.unique(pairs, axis=0), few)
    whole = _pairs_found(_mapped(fitted, work), first, work) if few and first >= COMPARED else None
    folds = list(split_folds(known, min(FOLDS, max(words, 2)), work.seed))
    answer = _asked(Recipe(recipe.aligner, work), folds, words, whole, first, progress)
    if answer is None and work.source.shape[1] == work.target.shape[1]:
        # The method cannot be fitted on fewer pairs; this one can.
        answer = _asked(Recipe(Procrustes(), work), folds, words, whole, first, progress)
    return answer


def _asked(
    recipe: Recipe,
    folds: list[Fold],
    words: int,
    whole: Indices | None,
    first: int,
    progress: Progress | None,
) -> Validation | None:
    """Ask for one fold after the other, until they are enough or the map has clearly failed."""
    work = recipe.work
    found = None
    hits = asked = 0
    chances: list[float] = []
    agreements: list[float] = []
    for number, fold in enumerate(folds):
        try:
            aligner, _ = recipe.fit(fold.train, None)
        except ValueError:  # too few pairs without these
            continue
        mapped = _mapped(aligner, work)
        is_right = _answers_right(mapped, fold.held_out, work)
        hits, asked = hits + int(is_right.sum()), asked + len(is_right)
        chances.append(_chance(fold.held_out, len(work.target)))
        if whole is not None:
            agreements.append(_agreement(whole, _pairs_found(mapped, first, work)))
        if progress is not None:
            progress((number + 1) / len(folds))
        agreement = float(np.mean(agreements)) if agreements else None
        chance = float(np.mean(chances))
        found = Validation(hits, asked, words, len(work.target), chance, work.refinement, agreement)
        if asked >= ENOUGH or (agreement is not None and agreement < SAME_BY_CHANCE / 2):
            break
    return found


def _smaller(work: Workplace, pairs: Indices, few: bool) -> tuple[Workplace, Indices, int]:
    """Keep the most frequent rows and those of the dictionary, renumbered; count the first."""
    usual = min(work.vocabulary, len(work.source), len(work.target))
    most = min(FREQUENT, max(COMPARED, usual // 5))
    kept = [
        np.union1d(np.arange(min(most, len(rows))), column)
        for rows, column in zip((work.source, work.target), pairs.T, strict=True)
    ]
    known = [np.searchsorted(rows, column) for rows, column in zip(kept, pairs.T, strict=True)]
    first = min(most, work.vocabulary, len(kept[0]), len(kept[1]))
    smaller = work._replace(
        source=work.source[kept[0]],
        target=work.target[kept[1]],
        refinement=work.refinement if few else 0,
        vocabulary=first,
        n_neighbors=min(work.n_neighbors, first),
        log=None,
    )
    return smaller, np.stack(known, axis=1), first


def _mapped(aligner: Aligner, work: Workplace) -> tuple[Matrix, Matrix]:
    source = unit_rows(aligner.transform(work.source))
    return source, unit_rows(aligner.transform_target(work.target))


def _answers_right(
    mapped: tuple[Matrix, Matrix], held_out: Indices, work: Workplace
) -> NDArray[np.bool_]:
    """Tell which held-out words have a known translation as their first answer by CSLS."""
    source, target = mapped
    bias = csls_bias(
        target,
        source,
        n_neighbors=work.n_neighbors,
    )
    questions = np.unique(held_out[:, 0])
    index = ExactIndex(target, bias=bias)
    found = index.search(source[questions], 1).indices[:, 0]
    # Pairs of rows as single numbers, so that membership is one call.
    return np.isin(questions * len(target) + found, held_out[:, 0] * len(target) + held_out[:, 1])


def _pairs_found(mapped: tuple[Matrix, Matrix], first: int, work: Workplace) -> Indices:
    """Give the mutual pairs of the most frequent words, each as one number."""
    source, target = mapped
    pairs = mutual_neighbors(
        source[:first],
        target[:first],
        n_neighbors=work.n_neighbors,
    )
    return np.asarray(pairs[:, 0] * first + pairs[:, 1])


def _agreement(one: Indices, other: Indices) -> float:
    """Give the share of pairs that two maps have in common, in [0, 1]."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return 2 * shared / max(1, len(one) + len(other))


def _chance(pairs: Indices, answers: int) -> float:
    """Give the share of words that a random answer translates right."""
    return len(pairs) / max(1, len(np.unique(pairs[:, 0]))) / answers
