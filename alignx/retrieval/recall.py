"""Recall of approximate CSLS neighbors, measured on a sample against exact search."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from alignx.retrieval.csls_search import search_with_bias_bounds
from alignx.retrieval.exact import ExactIndex

if TYPE_CHECKING:
    from alignx.retrieval.neighbors import Neighbors
    from alignx.support.arrays import Matrix

__all__ = ["MeasuredRecall", "measure_recall"]

# Of two answers whose scores differ by less than rounding, either is right.
_TIED = 1e-5


class MeasuredRecall(NamedTuple):
    """Share of words whose best translation by CSLS was found.

    Attributes
    ----------
    value : float
        Share of the sample, in [0, 1].
    error : float
        Standard error of the share.
    sample : int
        Number of words in the sample.
    """

    value: float
    error: float
    sample: int

    def __str__(self) -> str:
        return f"{self.value:.1%} +/- {1.96 * self.error:.1%} (sample of {self.sample:,})"


def measure_recall(
    found: Neighbors,
    source: Matrix,
    target: Matrix,
    target_bias: Matrix,
    *,
    n_neighbors: int,
    sample: int,
    random_state: int,
) -> MeasuredRecall:
    """Compare the best answers of a sample of the source rows with those of exact CSLS.

    Parameters
    ----------
    found : Neighbors
        Best target rows of all source rows.
    source, target : (n, d), (m, d) float32
        Unit rows, memory-mapped perhaps.
    target_bias : (m,) float32
        Half the mean cosine of each target row to the nearest source rows that were found; a
        missed one can only raise it.
    n_neighbors : int
        Neighbors in the CSLS average.
    sample : int
        Number of source rows to compare.
    random_state : int
        Seed of the sample.

    Returns
    -------
    MeasuredRecall

    Notes
    -----
    Takes two sweeps of O(sample (n + m) d) time: only biases that decide are computed exactly.
    """
    rng = np.random.default_rng(random_state)
    count = min(sample, len(source))
    rows = np.sort(rng.choice(len(source), count, replace=False))
    sources = ExactIndex(source)
    targets = ExactIndex(target)
    bounds = target_bias - np.float32(1e-6)  # rounding must not make a bound too large
    exact = search_with_bias_bounds(
        source[rows], sources, targets, 1, lower_bounds=bounds, n_neighbors=n_neighbors
    )
    answers = found.indices[rows, 0]
    is_right = answers == exact.indices[:, 0]
    for i in np.flatnonzero(~is_right & (answers >= 0)):
        key = target[answers[i]]
        bias = sources.search(key[None], n_neighbors).scores.mean(dtype=np.float64) / 2
        is_right[i] = source[rows[i]] @ key - bias > exact.scores[i, 0] - _TIED
    value = float(is_right.mean())
    return MeasuredRecall(value, float(np.sqrt(value * (1 - value) / count)), count)
