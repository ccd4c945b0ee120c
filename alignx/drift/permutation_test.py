"""Probability of a change by chance, from the changes of permuted slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import false_discovery_control

from alignx.drift.result import DriftTest

if TYPE_CHECKING:
    from alignx.support.arrays import Double

__all__ = ["FEWEST_PERMUTATIONS", "permutation_test"]

FEWEST_PERMUTATIONS = 10


def permutation_test(observed: Double, permuted: Double) -> DriftTest:
    """Compare the scores of words with those of permuted slices.

    Parameters
    ----------
    observed : (n,) float64
        Scores of the words between the slices.
    permuted : (B, n) float64
        Scores of the same words in each permutation; NaN where a word was too rare.

    Notes
    -----
    Each score becomes a deviation from the word's own mean over the permutations (the others, for
    a permuted score), in the word's own standard deviations. These are then pooled: a p-value is
    (1 + c) / (1 + B n), where c counts the permuted deviations of all words at least as great.
    The p-values of single words, at least 1 / (1 + B), could not pass the correction for thousands
    of words. Takes O(B n log(B n)) time.

    References
    ----------
    Dubossarsky et al., "Time-Out: Temporal Referencing for Robust Modeling of Lexical Semantic
    Change", ACL 2019, on the need of such a control; Tusher, Tibshirani and Chu, "Significance
    Analysis of Microarrays", PNAS 2001, on pooled permutations; Phipson and Smyth, "Permutation
    P-values Should Never Be Zero", 2010.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> test = permutation_test(np.array([0.0, 9.0, -1.0]), rng.standard_normal((19, 3)))
    >>> test.p_values.round(3).tolist()
    [0.448, 0.017, 0.845]
    """
    is_there = np.isfinite(permuted)
    count = is_there.sum(axis=0)
    values = np.where(is_there, permuted, 0.0)
    total, squares = values.sum(axis=0), (values**2).sum(axis=0)
    statistic = _deviation(observed, total, squares, count)
    others = _deviation(permuted, total - values, squares - values**2, count - is_there)
    null = np.sort(others[np.isfinite(others)])
    above = len(null) - np.searchsorted(null, statistic, side="left")
    p_values = (1 + above) / (1 + len(null))
    return DriftTest(len(permuted), p_values, false_discovery_control(p_values))


def _deviation(values: Double, total: Double, squares: Double, count: Double) -> Double:
    """Return deviations from a mean over `count` values in the deviation of such a difference."""
    n = np.maximum(count, 2)
    variance = np.maximum(squares - total**2 / n, 0) / (n - 1) * (1 + 1 / n)
    spread = np.sqrt(np.maximum(variance, np.finfo(np.float64).tiny))
    deviation: Double = (values - total / n) / spread
    return deviation
