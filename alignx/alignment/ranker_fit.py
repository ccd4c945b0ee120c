"""Fit of the learned ranking of a map, from held-out words or from induced pairs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import clone

from alignx.alignment.held_out import Fold, are_pairs
from alignx.mapping import Reweighted
from alignx.ranking.candidates import SOUGHT, CandidatePairs, Queries
from alignx.ranking.gain import measure_gain
from alignx.ranking.ranker import LabeledCandidates
from alignx.retrieval.csls import csls_biases, mutual_neighbors
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.alignment.cross_fit import CrossFit
    from alignx.alignment.fit_context import FitContext
    from alignx.mapping import Aligner
    from alignx.ranking.gain import RankingGain
    from alignx.ranking.ranker import PairRanker
    from alignx.support.arrays import Matrix
    from alignx.support.progress import Progress

__all__ = ["cross_fit_candidates", "fit_ranker", "held_out_candidates", "induced_candidates"]

# Words of each language among which pairs are induced.
INDUCED = 20_000
FEWEST_INDUCED = 1_000
FOLDS = 2
ASKED = 1_500  # words of a fold
# A map of so many pairs for each dimension, with a strong ridge, answers a tenth to a half of its
# words as the full map does: weak enough that CSLS must be corrected, as for new words. On held-out
# words of four dictionaries, 60 to 100 pairs in 300 dimensions taught most, 300 and more little.
PAIRS_PER_DIMENSION = 1 / 3
RIDGE = 1.0
LITTLE_RIDGE = 1e-4

logger = logging.getLogger("alignx")


def held_out_candidates(
    mapped: tuple[Matrix, Matrix],
    biases: tuple[Matrix, Matrix],
    words: tuple[Sequence[str], Sequence[str]],
    fold: Fold,
    k: int,
    n_neighbors: int,
) -> LabeledCandidates:
    """Find the candidates of the held-out words of a fold among unit rows, and label them.

    `mapped` are rows under a map that was fitted on the other pairs, and `biases` those of CSLS.
    """
    source, target = mapped
    rows = np.unique(fold.held_out[:, 0])
    queries = Queries.of_rows(rows, words[0], source)
    pairs = CandidatePairs.search(
        queries, source, target, words[1], k, n_neighbors=n_neighbors, biases=biases
    )
    is_correct = are_pairs(rows, pairs.target_rows, fold.held_out, len(target))
    known = [(words[0][s], words[1][t]) for s, t in fold.train.tolist()]
    return LabeledCandidates(pairs, is_correct, known)


def _held_out_candidates(
    context: FitContext,
    words: tuple[Sequence[str], Sequence[str]],
    aligner: Aligner,
    fold: Fold,
    k: int,
    progress: Progress | None = None,
) -> LabeledCandidates:
    """Find the candidates of the held-out words of a fold, by a map fitted on its other pairs."""
    mapped, n_neighbors = context.mapped(aligner), context.n_neighbors
    biases = csls_biases(*mapped, n_neighbors=n_neighbors, progress=progress)
    return held_out_candidates(mapped, biases, words, fold, k, n_neighbors)


def cross_fit_candidates(
    context: FitContext,
    words: tuple[Sequence[str], Sequence[str]],
    fits: CrossFit,
    k: int,
    progress: Progress | None = None,
) -> list[LabeledCandidates]:
    """Find the candidates of the held-out words of each fold, by the map fitted without it."""
    share = 1 / len(fits.folds)
    return [
        _held_out_candidates(
            context, words, aligner, fold, k, part_of(progress, number * share, share)
        )
        for number, (fold, aligner) in enumerate(zip(fits.folds, fits.aligners, strict=True))
    ]


def induced_candidates(
    context: FitContext,
    words: tuple[Sequence[str], Sequence[str]],
    aligner: Aligner,
    k: int,
    progress: Progress | None = None,
) -> tuple[list[LabeledCandidates], list[LabeledCandidates]]:
    """Find the candidates of words under weak maps, where the pairs of a map count as right.

    The pairs are mutual neighbors of frequent words. Those of the map itself are right by CSLS
    alone; weak maps of a few of them make mistakes that other features mend, as in spelling and
    frequency, which the pairs have not been chosen by. No candidates for too few pairs.

    Returns
    -------
    weak, strong : list of LabeledCandidates
        Candidates under weak maps, and for the level of the probabilities under a map of all pairs
        of other words. Pairs that are wrong, and count as right, make up there for words that are
        harder than those of mutual neighbors.
    """
    part = context._replace(source=context.source[:SOUGHT], target=context.target[:SOUGHT])
    source, target = (rows[:INDUCED] for rows in part.mapped(aligner))
    n_neighbors = min(context.n_neighbors, len(source), len(target))
    pairs = mutual_neighbors(source, target, n_neighbors=n_neighbors)
    if len(pairs) < FEWEST_INDUCED:
        return [], []
    random = np.random.default_rng(0)
    pairs = random.permutation(pairs)
    parts = []
    for number in range(FOLDS):
        asked, others = pairs[number::FOLDS], pairs[(number + 1) % FOLDS :: FOLDS]
        few = others[: int(PAIRS_PER_DIMENSION * source.shape[1])]
        weak = Reweighted(regularization=RIDGE).fit(part.source, part.target, pairs=few)
        fold = Fold(others, asked[:ASKED])
        share = part_of(progress, number / (FOLDS + 1), 1 / (FOLDS + 1))
        parts.append(_held_out_candidates(part, words, weak, fold, k, share))
    strong = Reweighted(regularization=LITTLE_RIDGE).fit(part.source, part.target, pairs=others)
    last = part_of(progress, FOLDS / (FOLDS + 1), 1 / (FOLDS + 1))
    return parts, [_held_out_candidates(part, words, strong, fold, k, last)]


def fit_ranker(
    ranker: PairRanker,
    parts: Sequence[LabeledCandidates],
    calibration: Sequence[LabeledCandidates] | None = None,
) -> tuple[PairRanker | None, RankingGain | None]:
    """Fit a ranker and measure its gain over CSLS; None, with a warning, where it has none.

    `calibration` is of induced pairs, as `parts` are then.
    """
    gain, induced = None, calibration is not None
    try:
        gain = measure_gain(ranker, parts, induced=induced)
        if gain.gain > 0 or (not induced and not gain.is_loss):
            return clone(ranker).fit(parts, calibration=calibration), gain
        reason = f"it does no better than CSLS: {gain}"
    except ValueError as error:
        reason = str(error)
    logger.warning("no learned ranking, and no probabilities, since %s", reason)
    return None, gain
