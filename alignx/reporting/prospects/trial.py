"""Quick trials of an alignment, from the vectors alone and from identical words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.alignment.held_out import correct_answers, split_folds
from alignx.alignment.unsupervised.initial_pairs import distributional_pairs
from alignx.alignment.unsupervised.runs import RunSettings
from alignx.alignment.unsupervised.starts import Start, grow
from alignx.mapping import Reweighted
from alignx.support.arrays import unit_rows

if TYPE_CHECKING:
    from alignx.support.arrays import Indices, Matrix

__all__ = ["FEWEST_IDENTICAL", "Trial"]

# Few words and directions, so that a trial takes seconds.
WORDS = 2_000
SETTINGS = RunSettings(vocabulary=4_000, n_components=100, max_rounds=30)  # `grow` takes half
FEWEST_IDENTICAL = 50
RIDGE = 1.0  # for few pairs; see `Reweighted`


@dataclass(frozen=True)
class Trial:
    """Outcome of two quick trials on the most frequent words.

    Attributes
    ----------
    agreement : float
        Share of pairs in common of two short runs of self-learning without pairs, in [0, 1].
    identical_precision : float or None
        P@1 of identical words by a map fitted on other identical words, in [0, 1]; None with
        fewer than 50.
    asked : int
        Identical words that were asked for.
    """

    agreement: float
    identical_precision: float | None
    asked: int

    @classmethod
    def of(cls, X: Matrix, Y: Matrix, identical: Indices) -> Trial:
        """Try on normalized rows, most frequent first, and rows of identical words, (p, 2)."""
        source, target = X[:WORDS], Y[:WORDS]
        starts = [Start("vectors", np.concatenate(distributional_pairs(source, target)))]
        agreement = grow((source, target), starts, SETTINGS, 0).agreement
        right = _identical_answers(X, Y, identical)
        is_enough = len(right) >= FEWEST_IDENTICAL
        return cls(agreement, float(right.mean()) if is_enough else None, len(right))

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that ``--json`` prints."""
        return asdict(self)


def _identical_answers(X: Matrix, Y: Matrix, pairs: Indices) -> Indices:
    """Mark the identical words that are found by a map of the other half of them."""
    if len(pairs) < FEWEST_IDENTICAL:
        return np.zeros(0, np.int64)
    found = []
    for fold in split_folds(pairs, 2, 0):
        fitted = Reweighted(regularization=RIDGE).fit(X, Y, pairs=fold.train)
        mapped = unit_rows(fitted.transform(X)), unit_rows(fitted.transform_target(Y))
        found.append(correct_answers(*mapped, fold.held_out, min(10, len(X), len(Y))))
    return np.concatenate(found).astype(np.int64)
