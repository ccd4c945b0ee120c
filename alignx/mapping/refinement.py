"""Refinement: induce pairs with the map, fit it again on them, and so on."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from sklearn.base import clone

from alignx.mapping.base import Aligner
from alignx.retrieval.csls import mutual_neighbors
from alignx.retrieval.neighbors import N_NEIGHBORS, count_or_default
from alignx.support.arrays import Double, Indices, Matrix, unit_rows
from alignx.support.progress import Progress, part_of

__all__ = ["RefinementRound", "balanced_weights", "refine"]

AnyAligner = TypeVar("AnyAligner", bound=Aligner)


@dataclass(frozen=True)
class RefinementRound:
    """What one round did.

    Attributes
    ----------
    round : int
        Counted from 1.
    criterion : float
        Mean cosine of the induced pairs under the map that induced them: high where the spaces
        agree, known without a dictionary.
    pairs : int
        How many the map was fitted on, known ones included.
    seconds : float
        How long it took; NaN for rounds of a saved alignment.
    """

    round: int
    criterion: float
    pairs: int
    seconds: float = field(default=math.nan, compare=False)


def balanced_weights(pairs: Indices) -> Double:
    """Weigh pairs so that a word with many translations counts little more than one with few.

    Parameters
    ----------
    pairs : (p, 2) int64
        Rows of source and target.

    Returns
    -------
    (p,) float64
        ``1 / sqrt(a b)`` for a pair whose source row is in a pairs and its target row in b.

    Examples
    --------
    >>> balanced_weights(np.array([[0, 0], [0, 1], [0, 2], [0, 3], [1, 4]]))
    array([0.5, 0.5, 0.5, 0.5, 1. ])
    """
    counts = [np.bincount(column)[column] for column in pairs.T]
    return np.asarray(1 / np.sqrt(counts[0] * counts[1]), dtype=np.float64)


def refine(
    aligner: AnyAligner,
    source: Matrix,
    target: Matrix,
    *,
    seed_pairs: Indices | None = None,
    rounds: int = 5,
    vocabulary: int = 20_000,
    n_neighbors: int | None = None,
    progress: Progress | None = None,
) -> tuple[AnyAligner, list[RefinementRound]]:
    """Refit an aligner on the mutual CSLS neighbors that it induces, several times.

    Pairs that are known stay, since induction may lose them to a wrong neighbor, and pairs are
    weighed by `balanced_weights`, since a dictionary gives some words a dozen translations.

    Parameters
    ----------
    aligner : Aligner
        Fitted; it is left as it is.
    source, target : (n, d) float32, (m, e) float32
        All rows of each language as the aligner takes them, most frequent first.
    seed_pairs : (p, 2) int64, optional
        Known pairs of rows, which take part in every round beside the induced ones.
    rounds : int
        How often, at least 0.
    vocabulary : int
        Pairs are induced among that many most frequent rows of each side, at least 1.
    n_neighbors : int, optional
        Neighbors in the average of CSLS; at most the size of the smaller vocabulary. 10 unless
        given, or the size of that vocabulary with a warning.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    aligner : Aligner
        Of the same class and parameters, fitted on the last pairs.
    rounds : list of RefinementRound

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Notes
    -----
    Each round takes two sweeps of O(vocabulary^2 d) time.

    References
    ----------
    Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, section 2.2.
    """
    if rounds < 0:
        raise ValueError(f"rounds must be at least 0, got {rounds}")
    if vocabulary < 1:
        raise ValueError(f"vocabulary must be at least 1, got {vocabulary}")
    fewest = min(vocabulary, len(source), len(target))
    if rounds and n_neighbors is None:
        n_neighbors = count_or_default(None, N_NEIGHBORS, fewest, "n_neighbors")
    history = []
    for number in range(1, rounds + 1):
        start = time.perf_counter()
        mapped_source = unit_rows(aligner.transform(source[:vocabulary]))
        mapped_target = unit_rows(aligner.transform_target(target[:vocabulary]))
        pairs = mutual_neighbors(
            mapped_source,
            mapped_target,
            n_neighbors=n_neighbors,
            progress=part_of(progress, (number - 1) / rounds, 1 / rounds),
        )
        criterion = np.einsum("ij,ij->i", mapped_source[pairs[:, 0]], mapped_target[pairs[:, 1]])
        if seed_pairs is not None:
            pairs = np.unique(np.concatenate([pairs, seed_pairs]), axis=0)
        aligner = clone(aligner).fit(
            source[pairs[:, 0]], target[pairs[:, 1]], balanced_weights(pairs)
        )
        seconds = time.perf_counter() - start
        history.append(RefinementRound(number, float(criterion.mean()), len(pairs), seconds))
    return aligner, history
