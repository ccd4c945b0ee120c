"""Data and settings of a fit, to repeat it on other pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.base import clone

from alignx.alignment.growth import grow
from alignx.mapping import (
    Aligner,
    Procrustes,
    Refinement,
    RefinementRound,
    balanced_weights,
    refine,
)
from alignx.support.arrays import Matrix, unit_rows
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from alignx.support.arrays import Indices
    from alignx.support.progress import Log, Progress

__all__ = ["FitContext", "FitSpec", "FrequentPart", "frequent_part"]

PAIRS_PER_DIMENSION = 2  # of grown pairs; whitening needs a good estimate of the covariances


class FitContext(NamedTuple):
    """Normalized rows of both languages, most frequent first, and settings of refinement."""

    source: Matrix
    target: Matrix
    refinement: Refinement
    log: Log | None = None

    @property
    def n_neighbors(self) -> int:
        """Neighbors in the CSLS average."""
        assert self.refinement.n_neighbors is not None
        return self.refinement.n_neighbors

    def mapped(self, aligner: Aligner) -> tuple[Matrix, Matrix]:
        """Map all rows to unit rows in the shared space."""
        source = unit_rows(aligner.transform(self.source))
        return source, unit_rows(aligner.transform_target(self.target))


@dataclass(frozen=True, eq=False)
class FitSpec:
    """A strategy: an aligner with its parameters, not fitted, and the context of its fits.

    Attributes
    ----------
    aligner : Aligner
        Not fitted.
    context : FitContext
        Rows and refinement.
    self_learning : bool
        Whether the pairs are first grown by self-learning; see `grow`.
    """

    aligner: Aligner
    context: FitContext
    self_learning: bool = False

    def __str__(self) -> str:
        start = "self-learning from the pairs, " if self.self_learning else ""
        rounds = self.context.refinement.rounds
        return f"{start}{self.aligner}, {rounds} rounds of refinement"

    def facts(self) -> dict[str, Any]:
        """Return the strategy for ``--json``."""
        return {
            "aligner": str(self.aligner),
            "refinement": self.context.refinement.rounds,
            "self_learning": self.self_learning,
        }

    def fit(
        self, pairs: Indices, progress: Progress | None = None
    ) -> tuple[Aligner, list[RefinementRound]]:
        """Fit on pairs of rows, (p, 2), and refine."""
        source, target, refinement, log = self.context
        if not len(pairs):
            raise ValueError("a map must be fitted on at least 1 pair, got 0")
        aligner, start, share = self.aligner, pairs, 0.0
        if self.self_learning:
            share = 0.5
            start = grow(source, target, pairs, part_of(progress, 0, share), log)
            dimensions = source.shape[1], target.shape[1]
            if len(start) < PAIRS_PER_DIMENSION * max(dimensions) and len({*dimensions}) == 1:
                aligner = Procrustes()
        first = aligner.initial() if refinement.rounds else aligner
        return refine(
            clone(first).fit(source, target, balanced_weights(start), pairs=start),
            source,
            target,
            pairs=pairs,
            refinement=refinement,
            final=aligner,
            progress=part_of(progress, share, 1 - share),
            log=log,
        )


class FrequentPart(NamedTuple):
    """The first rows of each language and those of the lexicon, and its pairs renumbered."""

    context: FitContext
    pairs: Indices
    first: int


def frequent_part(context: FitContext, pairs: Indices, most: int) -> FrequentPart:
    """Keep up to `most` most frequent rows of each language and all rows of the pairs."""
    languages = context.source, context.target
    kept = [
        np.union1d(np.arange(min(most, len(rows))), column)
        for rows, column in zip(languages, pairs.T, strict=True)
    ]
    known = [np.searchsorted(rows, column) for rows, column in zip(kept, pairs.T, strict=True)]
    source, target = (rows[some] for rows, some in zip(languages, kept, strict=True))
    part = FitContext(source, target, context.refinement)
    return FrequentPart(part, np.stack(known, axis=1), min(most, *map(len, kept)))
