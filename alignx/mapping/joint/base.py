"""Base class of the joint aligners, and the frame that their maps share."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from alignx.errors import DimensionError, NotFittedError
from alignx.mapping.joint.evidence import Evidence, as_evidence
from alignx.support.arrays import Double, Matrix, as_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from alignx.mapping.joint.evidence import Pair

__all__ = ["Frame", "JointAligner"]


@dataclass(frozen=True, eq=False)
class Frame:
    """Axes of a joint space, as far as the map of a new language needs them.

    Attributes
    ----------
    strengths : (c,) float64
        Agreement of the languages on each axis, descending; 1 where the maps do not weigh.
    """

    strengths: Double

    def tensors(self) -> dict[str, Double]:
        """Give the arrays to store, by name."""
        return {"strengths": self.strengths}

    @classmethod
    def restored(cls, tensors: Mapping[str, Double]) -> Self:
        """Return the frame of stored arrays."""
        return cls(tensors["strengths"])


class JointAligner(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Base of the joint aligners: a linear map of each of several languages into one space.

    The space has the second largest dimension of the languages: a direction that one language has
    alone is shared with none. All maps are applied by ``rows @ map``; nothing is centered.

    Attributes
    ----------
    maps_ : tuple of (d_i, c) float32
        Map of each language.
    frame_ : Frame
        Axes of the space, for `fit_language`.
    """

    maps_: tuple[Matrix, ...]
    frame_: Frame

    def fit(
        self,
        languages: Sequence[ArrayLike],
        pairs: Mapping[Pair, ArrayLike],
        weights: Mapping[Pair, ArrayLike] | None = None,
    ) -> Self:
        """Learn the maps.

        Parameters
        ----------
        languages : sequence of (n_i, d_i) float32
            All rows of each language, most frequent first; at least two languages.
        pairs : mapping of (int, int) to (p, 2) int
            Paired rows of two languages, given by their numbers. Every language must be reached.
        weights : mapping of (int, int) to (p,) float, optional
            Weight of each pair of rows, at least 0. A pair of languages counts as much as the mean
            of its weights. Default: 1.

        Raises
        ------
        ValueError
            If a language, row, weight or parameter is out of range, or languages are not connected.
        """
        rows = [as_rows(language, f"language {i}") for i, language in enumerate(languages)]
        if len(rows) < 2:
            raise ValueError(f"languages must be at least 2, got {len(rows)}")
        evidence = as_evidence([len(each) for each in rows], pairs, weights)
        # As in Aligner.fit: one thread of BLAS, so that its threads wait for no other, and results
        # do not depend on their number.
        with threadpool_limits(limits=1, user_api="blas"):
            maps, self.frame_ = self._solve(rows, evidence)
        self.maps_ = tuple(each.astype(np.float32) for each in maps)
        return self

    def initial(self) -> JointAligner:
        """Return the aligner of the rounds of growth before the last, unfitted."""
        return self

    def transform(self, rows: ArrayLike, language: int) -> Matrix:
        """Map rows (n, d_i) of a language into the shared space, (n, c) float32.

        Raises
        ------
        NotFittedError, DimensionError
            Before `fit`, or if the rows have another width than those of `fit`.
        """
        if not hasattr(self, "maps_"):
            raise NotFittedError(f"{type(self).__name__} must be fitted before transform")
        checked, matrix = as_rows(rows, "language"), self.maps_[language]
        if checked.shape[1] != len(matrix):
            raise DimensionError(
                f"rows must have dimension {len(matrix)} as in fit, got {checked.shape[1]}"
            )
        return np.asarray(checked @ matrix)

    def fit_language(
        self,
        frame: Frame,
        rows: ArrayLike,
        others: Sequence[ArrayLike],
        pairs: Mapping[int, ArrayLike],
        weights: Mapping[int, ArrayLike] | None = None,
    ) -> Matrix:
        """Learn the map of a new language into a space whose other maps stay.

        The aligner need not be fitted: the frame of the fit of the others and its parameters do.

        Parameters
        ----------
        frame : Frame
            `frame_` of the fit of the others.
        rows : (n, d) float32
            All rows of the new language, most frequent first.
        others : sequence of (m_i, c) float32
            Mapped rows of the fixed languages, at unit length.
        pairs : mapping of int to (p, 2) int
            Rows of the new language and of each of the others, where there are any.
        weights : mapping of int to (p,) float, optional
            Weight of each pair, as for `fit`.

        Returns
        -------
        (d, c) float32

        Raises
        ------
        ValueError
            If a row, weight or parameter is out of range, or there are no pairs.

        Notes
        -----
        German joining English and Spanish, by `JointReweighted` on known and induced pairs with
        both: of 100 held-out words 61.5 from English, 58.2 from Spanish, and 36.7 and 46.9 in
        return are right; in a fit of all three 62.3, 58.7, 37.5 and 46.8 (1,200 to 3,100 words).
        Tuned maps lose more, see `add_language`.
        """
        new = as_rows(rows, "new language")
        known = {number: as_rows(others[number], f"language {number}") for number in pairs}
        if not known:
            raise ValueError("pairs must join the new language with at least 1 other, got none")
        # Number 0 is the new language.
        renumbered = {number: at for at, number in enumerate(known, start=1)}
        evidence = as_evidence(
            [len(new), *(len(each) for each in known.values())],
            {(0, at): pairs[number] for number, at in renumbered.items()},
            {(0, renumbered[number]): each for number, each in (weights or {}).items()},
        )
        with threadpool_limits(limits=1, user_api="blas"):
            matrix = self._solve_language(frame, [new, *known.values()], evidence)
        return matrix.astype(np.float32)

    @abstractmethod
    def _solve(self, languages: list[Matrix], evidence: Evidence) -> tuple[list[Double], Frame]:
        """Find the maps of all languages, and the frame that they share."""

    @abstractmethod
    def _solve_language(self, frame: Frame, languages: list[Matrix], evidence: Evidence) -> Double:
        """Find the map of the first language, where the rows of the others are mapped already."""
