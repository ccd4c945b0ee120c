"""Tasks of two languages in a fit: paths of their parts travel, and no matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import clone

from alignx.alignment.growth import grow
from alignx.alignment.held_out import correct_answers
from alignx.alignment.unsupervised.self_learning import GUESSES, SelfLearning
from alignx.errors import DimensionError
from alignx.lexicon.lexicon import Lexicon
from alignx.mapping import Procrustes, Refinement, Reweighted, balanced_weights, refine
from alignx.multilingual.language_part import FREQUENT, HELD_OUT_FREQUENT
from alignx.multilingual.work import Result
from alignx.retrieval.csls import mutual_neighbors
from alignx.retrieval.neighbors import N_NEIGHBORS
from alignx.support.arrays import unit_rows
from alignx.vectors.io import load

if TYPE_CHECKING:
    from alignx.mapping import Aligner
    from alignx.support.arrays import Indices, Matrix

__all__ = ["fit_pairwise", "grow_pairs", "grown", "induce_pairs", "self_learn"]

FEWEST_ROWS = 50  # words of a language; with fewer, no pairs are grown
ROUNDS = 2  # of refinement of a map of two languages
RIDGE = 1e-4  # enough for vectors that do not span their space
PAIRS_PER_DIMENSION = 2  # whitening needs a good estimate of the covariances


def grow_pairs(source: str, target: str, known: Indices) -> Result:
    """Add induced pairs to the known ones, (p, 2) rows of two parts, by self-learning."""
    return Result({"pairs": grown(_rows(source), _rows(target), known)}, {})


def fit_pairwise(
    source: str, target: str, few: tuple[Indices, Indices], train: Indices, held_out: Indices
) -> Result:
    """Fit the map of two languages alone, and ask for the held-out words.

    Parameters
    ----------
    source, target : str
        Paths of the parts.
    few : tuple of (n,) int64, (m,) int64
        Rows of the parts that take part.
    train, held_out : (p, 2) int64
        Known pairs, as numbers among `few`.

    Returns
    -------
    Result
        Grown pairs of the start; pairs that the map induces, and the known ones; and whether the
        first answer to each held-out source word is right.
    """
    X, Y = (_rows(path)[rows] for path, rows in zip((source, target), few, strict=True))
    start = grown(X, Y, train)
    mapped = _mapped(_pairwise_map(X, Y, start, train), X, Y)
    k = min(N_NEIGHBORS, len(X), len(Y))
    induced = mutual_neighbors(*(rows[:HELD_OUT_FREQUENT] for rows in mapped), n_neighbors=k)
    arrays = {
        "start": start,
        "induced": np.unique(np.concatenate([induced, train]), axis=0),
        "is_correct": correct_answers(*mapped, held_out, k),
    }
    return Result(arrays, {})


def self_learn(source: str, target: str) -> Result:
    """Find pairs of two languages by their vectors and identical words alone, with a diagnosis."""
    parts = load(source).head(FREQUENT), load(target).head(FREQUENT)
    X, Y = (part.vectors for part in parts)
    shared = Lexicon.identical(*parts)
    rows = shared.rows(*parts)
    guesses = np.stack([rows.source, rows.target], axis=1) if len(shared) else None
    try:
        found = SelfLearning().fit(X, Y, guesses=guesses, refinement=ROUNDS)
    except DimensionError as error:  # too few pairs for languages of different dimensions
        return Result({"pairs": np.empty((0, 2), np.int64)}, {"problem": str(error)})
    k = min(N_NEIGHBORS, len(X), len(Y))
    pairs = mutual_neighbors(*_mapped(found.aligner_, X, Y), n_neighbors=k)
    facts = found.diagnosis_.as_dict()
    if facts["start"] == GUESSES:
        facts["start"] = "identical words"
    return Result({"pairs": pairs}, {"diagnosis": facts})


def induce_pairs(
    source: str, target: str, source_map: Matrix, target_map: Matrix, most: int = FREQUENT
) -> Result:
    """Find mutual neighbors by CSLS among the most frequent words of two mapped parts, (p, 2)."""
    X, Y = (
        unit_rows(_rows(path)[:most] @ matrix)
        for path, matrix in ((source, source_map), (target, target_map))
    )
    pairs = mutual_neighbors(X, Y, n_neighbors=min(N_NEIGHBORS, len(X), len(Y)))
    return Result({"pairs": pairs}, {})


def _rows(path: str) -> Matrix:
    return load(path).vectors


def grown(X: Matrix, Y: Matrix, known: Indices) -> Indices:
    """Add induced pairs to the known ones, (p, 2) rows, if the languages have the words."""
    return known if min(len(X), len(Y)) < FEWEST_ROWS else grow(X, Y, known)


def _pairwise_map(X: Matrix, Y: Matrix, start: Indices, known: Indices) -> Aligner:
    """Fit as the default of `align` does: reweighted, or orthogonal on few pairs."""
    dimensions = X.shape[1], Y.shape[1]
    is_few = len(start) < PAIRS_PER_DIMENSION * max(dimensions)
    is_orthogonal = is_few and dimensions[0] == dimensions[1]
    aligner = Procrustes() if is_orthogonal else Reweighted(regularization=RIDGE)
    settings = Refinement(rounds=ROUNDS, vocabulary=HELD_OUT_FREQUENT).resolved(len(X), len(Y))
    first: Aligner = clone(aligner).fit(X, Y, balanced_weights(start), pairs=start)
    return refine(first, X, Y, pairs=known, refinement=settings)[0]


def _mapped(aligner: Aligner, X: Matrix, Y: Matrix) -> tuple[Matrix, Matrix]:
    return unit_rows(aligner.transform(X)), unit_rows(aligner.transform_target(Y))
