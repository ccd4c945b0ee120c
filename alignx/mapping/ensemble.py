"""Ensemble of aligners: the mean of their cosines as one map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from alignx.mapping.base import Aligner, Maps, as_pairs
from alignx.mapping.contrastive import Contrastive
from alignx.mapping.rcsls import RCSLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Double, Indices, Matrix

__all__ = ["MapEnsemble"]


@dataclass(eq=False, repr=False)
class MapEnsemble(Aligner):
    """Ensemble of aligners: a word is near another if the members agree that it is.

    The maps of the members lie side by side, each scaled to a mean squared length of 1 for the
    paired rows of a language. So a dot product of rows is the sum of those of the members, and the
    cosine is the mean of theirs, weighted by the lengths of the rows.

    Parameters
    ----------
    members : sequence of Aligner, optional
        At least one; they are copied and fitted on the same pairs. Default:
        ``[RCSLS(), Contrastive()]``.

    Raises
    ------
    ValueError
        By `fit`, if there is no member, one is no aligner, or they subtract different means.

    Notes
    -----
    Takes as long as its members together. The shared space is as wide as those of all members, and
    so are the memory and the time of a search. In `refine`, the rounds before the last refit the
    first member's `initial` map alone.

    Examples
    --------
    >>> from alignx.mapping.procrustes import Procrustes
    >>> X = np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32)
    >>> MapEnsemble([Procrustes(), RCSLS()]).fit(X, X[:, ::-1]).transform(X).shape
    (50, 8)
    """

    members: Sequence[Aligner] | None = None

    def initial(self) -> Aligner:
        """Return the initial aligner of the first member."""
        return self._members()[0].initial()

    def _members(self) -> Sequence[Aligner]:
        default = [RCSLS(), Contrastive()]
        members: list[Any] = default if self.members is None else list(self.members)
        wrong = [member for member in members if not isinstance(member, Aligner)]
        if wrong or not members:
            got = repr(wrong[0]) if wrong else "none"
            raise ValueError(f"members must be at least 1 aligner, such as RCSLS(), got {got}")
        return members

    def _solve(self, source: Double, target: Double, weights: Double) -> Maps:
        rows = source.astype(np.float32), target.astype(np.float32)
        return self._solve_among(*rows, as_pairs(None, len(source), len(target)), weights)

    def _solve_among(self, source: Matrix, target: Matrix, pairs: Indices, weights: Double) -> Maps:
        solved = [
            clone(member)._solve_among(source, target, pairs, weights) for member in self._members()
        ]
        X, Y = source[pairs[:, 0]], target[pairs[:, 1]]
        source_map, source_mean = _side_by_side(
            X, weights, [(maps.source, maps.source_mean) for maps in solved]
        )
        target_map, target_mean = _side_by_side(
            Y, weights, [(maps.target, maps.target_mean) for maps in solved]
        )
        return Maps(source_map, target_map, source_mean, target_mean)


def _side_by_side(
    rows: Matrix, weights: Double, maps: Sequence[tuple[Double, Double | None]]
) -> tuple[Double, Double]:
    """Join the maps of a language, each scaled to a mean squared length of 1 of its rows."""
    means = [np.zeros(rows.shape[1]) if mean is None else mean for _, mean in maps]
    if any((mean != means[0]).any() for mean in means):
        raise ValueError(
            "members must subtract the same means, got some that center and some that do not; "
            "set center=False on the former"
        )
    centered = rows - means[0]
    moments = centered.T @ (weights * centered) / len(rows)
    lengths = [np.sqrt(np.einsum("ij,ij->", moments @ matrix, matrix)) for matrix, _ in maps]
    scaled = [matrix / (length or 1.0) for (matrix, _), length in zip(maps, lengths, strict=True)]
    return np.concatenate(scaled, axis=1), means[0]
