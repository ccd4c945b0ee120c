"""Data and settings of a fit, to repeat it on other pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.base import clone

from alignx.mapping import Aligner, Refinement, RefinementRound, balanced_weights, refine
from alignx.support.arrays import Matrix, unit_rows

if TYPE_CHECKING:
    from alignx.support.arrays import Indices
    from alignx.support.progress import Log, Progress

__all__ = ["FitContext", "FitSpec", "FrequentPart", "frequent_part"]


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
    """An aligner with its parameters, not fitted, and the context of its fits."""

    aligner: Aligner
    context: FitContext

    def fit(
        self, pairs: Indices, progress: Progress | None = None
    ) -> tuple[Aligner, list[RefinementRound]]:
        """Fit on pairs of rows, (p, 2), and refine."""
        source, target, refinement, log = self.context
        weights = balanced_weights(pairs)
        first = self.aligner.initial() if refinement.rounds else self.aligner
        return refine(
            clone(first).fit(source, target, weights, pairs=pairs),
            source,
            target,
            pairs=pairs,
            refinement=refinement,
            final=self.aligner,
            progress=progress,
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
