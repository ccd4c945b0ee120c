"""Probability of a change by chance, from the changes of permuted slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import false_discovery_control

from alignx.semantic_change.result import DriftTest

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
    Each score becomes its difference from the word's mean over the permutations, and is compared
    with the differences of all words in all permutations: a p-value is (1 + c) / (1 + B n), where c
    counts those at least as great. The p-values of single words, at least 1 / (1 + B), could not
    pass the correction for thousands of words.

    Pooling takes the differences of all words for samples of one distribution. Where they are not,
    words that vary more than others are found too often, and steady words too rarely. Then the
    mean rate of false alarms over the words without change is right, and that of each word is not.
    The means are of B permutations each, so p-values are approximate, less so with more
    permutations. Takes O(B n log(B n)) time.

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
    [0.517, 0.017, 0.897]
    """
    count = np.maximum(np.isfinite(permuted).sum(axis=0), 1)
    mean = np.nansum(permuted, axis=0) / count
    # The variance of a difference from a mean is greater if the value is no part of that mean.
    wider = np.sqrt((count + 1) / np.maximum(count - 1, 1))
    differences = ((permuted - mean) * wider).ravel()
    null = np.sort(differences[np.isfinite(differences)])
    below = np.searchsorted(null, observed - mean, side="left")
    p_values = (1 + len(null) - below) / (1 + len(null))
    return DriftTest(len(permuted), p_values, false_discovery_control(p_values))
