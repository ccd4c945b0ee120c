"""Similarity in shape of two sets of vectors, without a map or with known pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.retrieval.exact import ExactIndex

if TYPE_CHECKING:
    from alignx.support.arrays import Double, Matrix

__all__ = [
    "effective_condition_number",
    "laplacian_gap",
    "relational_similarity",
    "singular_value_gap",
]

GRAPH_NEIGHBORS = 10
ENERGY = 0.9
SMALLEST = 1e-9


def singular_value_gap(one: Double, other: Double) -> float:
    """Compute the singular value gap, over the dimensions that both have; 0 for equal spectra.

    It is the sum of squared differences of the logs of singular values, largest first. Values are
    at least 1e-9, or a single zero would decide.

    References
    ----------
    Dubossarsky et al., "The Secret is in the Spectra: Predicting Cross-lingual Task Performance
    with Spectral Similarity Measures", EMNLP 2020, section 3.2.
    """
    n = min(len(one), len(other))
    logs = [np.log(np.maximum(s[:n], SMALLEST)) for s in (one, other)]
    return float(((logs[0] - logs[1]) ** 2).sum())


def effective_condition_number(values: Double) -> float:
    """Divide the largest singular value by that at the effective rank; at least 1, also for zeros.

    The effective rank is the exponential of the entropy of the normalized singular values, cut
    to an integer.

    References
    ----------
    Dubossarsky et al., EMNLP 2020, section 3.1; Roy and Vetterli, "The Effective Rank", EUSIPCO
    2007.
    """
    from scipy.special import entr

    if not values.any():
        return 1.0
    rank = int(np.exp(entr(values / values.sum()).sum()))
    return float(values[0] / values[rank - 1])


def laplacian_gap(one: Matrix, other: Matrix) -> float:
    """Compare the graphs of nearest neighbors of unit rows by their Laplacian eigenvalues.

    It is the sum of squared differences of the k largest eigenvalues, for the least k at which
    they hold 90 % of the sum in one of both graphs, over k; 0 for equal graphs.

    References
    ----------
    Søgaard, Ruder and Vulić, "On the Limitations of Unsupervised Bilingual Dictionary
    Induction", ACL 2018, section 2. Division by k, so that sizes compare, is ours.
    """
    n = min(len(one), len(other))
    found = [_laplacian_eigenvalues(rows[:n]) for rows in (one, other)]
    k = min(int(np.searchsorted(np.cumsum(values), ENERGY * values.sum())) + 1 for values in found)
    return float(((found[0][:k] - found[1][:k]) ** 2).mean())


def _laplacian_eigenvalues(rows: Matrix) -> Double:
    """Compute the eigenvalues of the symmetric graph of nearest neighbors, largest first."""
    n = len(rows)
    nearest = ExactIndex.borrowing(rows).search(rows, min(GRAPH_NEIGHBORS + 1, n)).indices
    links = np.zeros((n, n))
    links[np.repeat(np.arange(n), nearest.shape[1]), nearest.ravel()] = 1
    links = np.maximum(links, links.T)
    np.fill_diagonal(links, 0)
    values = np.linalg.eigvalsh(np.diag(links.sum(axis=1)) - links)
    return np.asarray(values[::-1])


def relational_similarity(source: Matrix, target: Matrix) -> float:
    """Correlate the cosines of all pairs of unit rows that translate each other, in [-1, 1].

    Row i of one language translates row i of the other. 0 for fewer than three rows, or if the
    cosines of a language are all equal.

    References
    ----------
    Vulić, Ruder and Søgaard, "Are All Good Word Vector Spaces Isomorphic?", EMNLP 2020, section
    2.2: RSIM.
    """
    above = np.triu_indices(len(source), 1)
    cosines = [(rows @ rows.T)[above].astype(np.float64) for rows in (source, target)]
    if len(source) < 3 or any(np.ptp(values) < 1e-6 for values in cosines):
        return 0.0
    return float(np.corrcoef(cosines)[0, 1])
