"""Calibration: the probability of a correct pair by its CSLS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from alignx.retrieval.neighbors import Neighbors
    from alignx.support.arrays import Double, Indices, Matrix

__all__ = ["Calibration", "PairFeatures"]


class PairFeatures(NamedTuple):
    """Features of p candidate pairs, (p,) float32 each.

    Attributes
    ----------
    score
        CSLS.
    source_gap, target_gap
        Difference to the best other pair of the same source or target word; negative for all but
        the best.
    """

    score: Matrix
    source_gap: Matrix
    target_gap: Matrix

    @classmethod
    def of(
        cls,
        source_rows: Indices,
        target_rows: Indices,
        scores: Matrix,
        of_source: Neighbors,
        of_target: Neighbors,
    ) -> Self:
        """Compute the features of pairs of rows, (p,) int64 and (p,) float32.

        `of_source` and `of_target` are the best rows by CSLS for each side of each pair, (p, k);
        the first two are used.
        """
        return cls(
            scores, _gap(scores, target_rows, of_source), _gap(scores, source_rows, of_target)
        )

    def matrix(self) -> Double:
        """Return the columns of the logistic model, (p, 5)."""
        columns = [*self, self.source_gap > 0, self.target_gap > 0]
        return np.stack(columns, axis=1).astype(np.float64)


def _gap(scores: Matrix, partner: Indices, best: Neighbors) -> Matrix:
    """Return the lead of each pair over the best pair with another partner."""
    if best.scores.shape[1] < 2:  # there is no other partner
        return np.zeros_like(scores)
    is_best = best.indices[:, 0] == partner
    return np.asarray(scores - np.where(is_best, best.scores[:, 1], best.scores[:, 0]))


@dataclass(frozen=True, eq=False, repr=False)
class Calibration:
    """A logistic model of pair features, calibrated by isotonic regression.

    Attributes
    ----------
    weights : (5,) float64
        Weights of CSLS, both gaps, and whether each gap is positive.
    logits : (c,) float64
        Knots of a nondecreasing function of the weighted sum, linear between them.
    probabilities : (c,) float64
        Its values there, in (0, 1).

    References
    ----------
    Zadrozny and Elkan, "Transforming classifier scores into accurate multiclass probability
    estimates", KDD 2002.

    Examples
    --------
    >>> score = np.linspace(0, 1, 200, dtype=np.float32)
    >>> features = PairFeatures(score, score - 0.5, score - 0.5)
    >>> calibration = Calibration.fit(features, score > 0.4)
    >>> calibration.probability(features)[[0, -1]].round(2)
    array([0.01, 0.99])
    """

    weights: Double
    logits: Double
    probabilities: Double

    def __repr__(self) -> str:
        return f"Calibration({len(self.logits)} knots)"

    @classmethod
    def fit(cls, features: PairFeatures, is_right: ArrayLike) -> Self:
        """Fit on held-out pairs, with (p,) bool whether each is correct.

        Probabilities are never 0 or 1: each level of the isotonic regression counts one more
        correct and one more wrong pair than were seen on it (Laplace's rule of succession).

        Raises
        ------
        ValueError
            If all pairs are correct or all are wrong.
        """
        from sklearn.isotonic import IsotonicRegression
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        right = np.asarray(is_right, dtype=np.float64)
        if len(np.unique(right)) < 2:
            raise ValueError("calibration needs right and wrong pairs, got only one kind")
        matrix = features.matrix()
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(matrix, right)
        weights = model[-1].coef_[0] / model[0].scale_
        logits = matrix @ weights
        order = np.argsort(logits, kind="stable")
        logits, right = logits[order], right[order]
        level = IsotonicRegression().fit_transform(logits, right)
        _, start, size = np.unique(level, return_index=True, return_counts=True)
        smooth = (np.add.reduceat(right, start) + 1) / (size + 2)
        # Smoothing small levels may disturb the order; pooling again restores it.
        rank = np.arange(len(smooth))
        smooth = IsotonicRegression().fit(rank, smooth, sample_weight=size).predict(rank)
        knots = np.stack([logits[start], logits[start + size - 1]], axis=1).ravel()
        return cls(weights, knots, np.repeat(smooth, 2))

    def probability(self, features: PairFeatures) -> NDArray[np.float64]:
        """Return the probability that pairs are correct, (p,) float64 in (0, 1)."""
        return np.interp(features.matrix() @ self.weights, self.logits, self.probabilities)
