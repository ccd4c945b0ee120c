"""Refinement on mutual CSLS neighbors."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from sklearn.base import clone

from alignx.mapping.base import Aligner
from alignx.retrieval.csls import mutual_neighbors
from alignx.retrieval.neighbors import N_NEIGHBORS, count_or_default
from alignx.support.arguments import require_whole
from alignx.support.arrays import Double, Indices, Matrix, as_rows, unit_rows
from alignx.support.progress import Log, Progress, part_of

__all__ = ["Refinement", "RefinementRound", "balanced_weights", "refine"]

AnyAligner = TypeVar("AnyAligner", bound=Aligner)


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """Settings of `refine`.

    Parameters
    ----------
    rounds : int
        Number of refits, at least 0.
    vocabulary : int
        Most frequent words of each language among which pairs are induced, at least 1.
    n_neighbors : int, optional
        Neighbors in the CSLS average, at most the size of the smaller vocabulary. Default: 10, or
        the size of that vocabulary with a warning.

    Examples
    --------
    >>> Refinement(rounds=1)
    Refinement(rounds=1, vocabulary=20000, n_neighbors=None)
    """

    rounds: int = 5
    vocabulary: int = 20_000
    n_neighbors: int | None = None

    def __post_init__(self) -> None:
        for name, least in (("rounds", 0), ("vocabulary", 1), ("n_neighbors", 1)):
            value = getattr(self, name)
            called = "refinement" if name == "rounds" else name
            if value is not None or name == "rounds":
                require_whole(value, called)
            if value is not None and value < least:
                raise ValueError(f"{called} must be at least {least}, got {value}")

    @classmethod
    def of(cls, refinement: int | Refinement) -> Refinement:
        """Return the settings with a number of rounds, or those given."""
        return refinement if isinstance(refinement, Refinement) else cls(rounds=refinement)

    def with_rounds(self, rounds: int) -> Refinement:
        """Return the settings with another number of rounds."""
        return replace(self, rounds=rounds)

    def resolved(self, *sizes: int) -> Refinement:
        """Return the settings with `n_neighbors` chosen for vocabularies of these sizes."""
        if self.n_neighbors is not None:
            return self
        fewest = min(self.vocabulary, *sizes)
        return replace(
            self, n_neighbors=count_or_default(None, N_NEIGHBORS, fewest, "n_neighbors", "words")
        )


@dataclass(frozen=True)
class RefinementRound:
    """Figures of one round of refinement.

    Attributes
    ----------
    round, pairs : int
        Number of the round, from 1, and of the pairs of the refit, known ones included.
    criterion : float
        Mean cosine of the induced pairs under the map that induced them.
    seconds : float
        Duration; NaN for rounds of a saved alignment.
    """

    round: int
    criterion: float
    pairs: int
    seconds: float = field(default=math.nan, compare=False)


def balanced_weights(pairs: Indices) -> Double:
    """Weigh pairs, (p, 2) rows, to balance words with many translations and with few.

    A pair whose source row is in a pairs and its target row in b weighs ``1 / sqrt(a b)``.

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
    pairs: Indices | None = None,
    refinement: int | Refinement = 5,
    final: AnyAligner | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> tuple[AnyAligner, list[RefinementRound]]:
    """Refit an aligner on its mutual CSLS neighbors.

    Parameters
    ----------
    aligner : Aligner
        Fitted; it is not changed.
    source, target : (n, d) float32, (m, e) float32
        All rows of each language, most frequent first.
    pairs : (p, 2) int64, optional
        Known pairs of rows, kept in every round.
    refinement : int or Refinement
        Number of rounds, or all settings.
    final : Aligner, optional
        Aligner to fit in the last round. Default: `aligner`.
    progress, log : callable, optional
        Called with the fraction done, and with the figures of each round.

    Returns
    -------
    aligner : Aligner
        Of the same class and parameters as `final`, fitted on the last pairs.
    rounds : list of RefinementRound

    Notes
    -----
    Each round takes two sweeps of O(vocabulary^2 d) time. Pairs are weighed by `balanced_weights`,
    since a dictionary gives some words a dozen translations. The rounds before the last refit
    `aligner.initial()`: for most methods the aligner itself, for `Contrastive` the map that it
    tunes.

    References
    ----------
    Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, section 2.2.
    """
    source, target = as_rows(source, "source"), as_rows(target, "target")
    settings = Refinement.of(refinement)
    rounds, first = settings.rounds, settings.vocabulary
    if rounds:
        settings = settings.resolved(len(source), len(target))
    initial = aligner.initial()
    final = aligner if final is None else final
    history = []
    for number in range(1, rounds + 1):
        start = time.perf_counter()
        X = unit_rows(aligner.transform(source[:first]))
        Y = unit_rows(aligner.transform_target(target[:first]))
        share = part_of(progress, (number - 1) / rounds, 1 / rounds)
        found = mutual_neighbors(X, Y, n_neighbors=settings.n_neighbors, progress=share)
        criterion = np.einsum("ij,ij->i", X[found[:, 0]], Y[found[:, 1]])
        if pairs is not None:
            found = np.unique(np.concatenate([found, pairs]), axis=0)
        weights = balanced_weights(found)
        kind = final if number == rounds else initial
        aligner = clone(kind).fit(source, target, weights, pairs=found)
        seconds = time.perf_counter() - start
        history.append(RefinementRound(number, float(criterion.mean()), len(found), seconds))
        if log is not None:
            log({"stage": "refinement", **vars(history[-1])})
    if not rounds and progress is not None:
        progress(1.0)
    return aligner, history
