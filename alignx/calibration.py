"""From CSLS to the probability that a pair is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignx.arrays import Double

__all__ = ["Calibration"]


@dataclass(frozen=True, eq=False)
class Calibration:
    """A nondecreasing step from scores to probabilities, linear between its knots.

    Attributes
    ----------
    scores : (c,) float64
        CSLS at the knots, ascending.
    probabilities : (c,) float64
        Share of right pairs there, in [0, 1], ascending.

    Examples
    --------
    >>> calibration = Calibration.fit([0.1, 0.2, 0.3, 0.4], [False, False, True, True])
    >>> calibration.probability([0.0, 0.25, 1.0]).round(2)
    array([0.17, 0.5 , 0.83])
    """

    scores: Double
    probabilities: Double

    @classmethod
    def fit(cls, scores: ArrayLike, is_right: ArrayLike) -> Calibration:
        """Fit by isotonic regression.

        Parameters
        ----------
        scores : (n,) float
            CSLS of candidate pairs that the map was not fitted on.
        is_right : (n,) bool
            Whether each is among the known translations.

        Returns
        -------
        Calibration
            Never exactly 0 or 1: each level counts one more right and one more wrong pair
            than were seen on it (Laplace's rule of succession), since a finite sample proves
            nothing certain.

        References
        ----------
        Zadrozny and Elkan, "Transforming classifier scores into accurate multiclass probability
        estimates", KDD 2002.
        """
        from sklearn.isotonic import IsotonicRegression  # heavy, and only needed here

        values = np.asarray(scores, dtype=np.float64)
        right = np.asarray(is_right, dtype=np.float64)
        order = np.argsort(values, kind="stable")
        values, right = values[order], right[order]
        level = IsotonicRegression().fit_transform(values, right)
        _, start, size = np.unique(level, return_index=True, return_counts=True)
        smooth = (np.add.reduceat(right, start) + 1) / (size + 2)
        # Smoothing small levels may disturb the order; pooling again restores it.
        rank = np.arange(len(smooth))
        smooth = IsotonicRegression().fit(rank, smooth, sample_weight=size).predict(rank)
        knots = np.stack([values[start], values[start + size - 1]], axis=1).ravel()
        return cls(knots, np.repeat(smooth, 2))

    def probability(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Give the probability that pairs of these scores are right.

        Parameters
        ----------
        scores : array of float
            CSLS.

        Returns
        -------
        array of float64
            Of the same shape, in (0, 1).
        """
        return np.interp(np.asarray(scores, dtype=np.float64), self.scores, self.probabilities)
