"""Similarity of two languages in one space, with bootstrap resamples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx.retrieval.csls import csls_neighbors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Double, Indices, Matrix

__all__ = ["CANDIDATE_TEXTS", "TARGET_TEXTS", "Bootstrap", "geometric_mean", "similarities"]

N_NEIGHBORS = 10
PAIRS = 1_000  # the cosines among them are half a million
LEAST_SHARE = 1e-6  # of the variance; smaller shares are rounding, or no dimension at all

# Streams of random numbers.
TARGET_WORDS, CANDIDATE_WORDS, ROTATION = 0, 1, 4
TARGET_TEXTS = 2
CANDIDATE_TEXTS = 3


@dataclass(frozen=True)
class Bootstrap:
    """Bootstrap with common random draws for all candidates.

    Parameters
    ----------
    resamples : int
        Number of resamples, at least 1.
    random_state : int
        Seed of the resamples and of the rotation.
    """

    resamples: int = 200
    random_state: int = 0

    def __post_init__(self) -> None:
        if self.resamples < 1:
            raise ValueError(f"resamples must be at least 1, got {self.resamples}")

    def rotation(self, dimension: int) -> Matrix:
        """Draw an orthogonal matrix."""
        rng = np.random.default_rng([self.random_state, ROTATION])
        axes, _ = np.linalg.qr(rng.standard_normal((dimension, dimension)))
        return np.asarray(axes, np.float32)

    def draws(self, count: int, stream: int) -> Double:
        """Draw multiplicities, (1 + resamples, count); the first row is all ones."""
        rng = np.random.default_rng([self.random_state, stream])
        drawn = [
            np.bincount(rng.integers(count, size=count), minlength=count)
            for _ in range(self.resamples)
        ]
        return np.stack([np.ones(count), *drawn])


def similarities(X: Matrix, Y: Matrix, bootstrap: Bootstrap) -> dict[str, Double]:
    """Compute similarity of a candidate X and the target Y, for the data and each resample.

    Returns
    -------
    dict of str to (1 + resamples,) float64
        ``"mutual"``, ``"spectral"``, ``"relational"``; see `SourceCandidate`.
    """
    found = _mutual_pairs(X, Y)
    by_chance = _mutual_pairs(X @ bootstrap.rotation(X.shape[1]), Y)
    pairs, others = _beyond_chance(*found, *by_chance)
    draws = bootstrap.draws(len(Y), TARGET_WORDS)
    spectra = (
        _log_spectrum(X, bootstrap.draws(len(X), CANDIDATE_WORDS)),
        _log_spectrum(Y, draws),
    )
    excess = draws[:, pairs[:, 0]].sum(axis=1) - draws[:, others[:, 0]].sum(axis=1)
    return {
        "mutual": np.maximum(excess, 0) / len(Y),
        "spectral": np.exp(-np.sqrt(((spectra[0] - spectra[1]) ** 2).mean(axis=1))),
        "relational": _relational(X, Y, pairs[:PAIRS], draws),
    }


def _mutual_pairs(X: Matrix, Y: Matrix) -> tuple[Indices, Matrix]:
    """Find mutual neighbors, rows of Y and of X, most frequent first, and their CSLS."""
    k = min(N_NEIGHBORS, len(X), len(Y))
    found = csls_neighbors(Y, X, 1, n_neighbors=k)
    pairs = found.mutual_pairs()
    return pairs, found.of_source.scores[pairs[:, 0], 0]


def _beyond_chance(
    pairs: Indices, scores: Matrix, others: Indices, other_scores: Matrix
) -> tuple[Indices, Indices]:
    """Keep pairs above the score from which they outnumber those by chance most."""
    least = np.sort(scores)
    excess = np.searchsorted(np.sort(other_scores), least) - np.arange(len(least))
    threshold = least[excess.argmax()]
    return pairs[scores >= threshold], others[other_scores >= threshold]


def _log_spectrum(rows: Matrix, draws: Double) -> Double:
    """Compute logs of the singular values, relative to the length of all rows, (draws, d)."""
    doubles = rows.astype(np.float64)
    _, axes = np.linalg.eigh(doubles.T @ doubles)
    variances = draws @ (doubles @ axes) ** 2
    total = variances.sum(axis=1, keepdims=True)
    shares = variances / np.maximum(total, np.finfo(np.float64).tiny)
    return np.asarray(np.log(np.maximum(shares, LEAST_SHARE)) / 2)


def _relational(X: Matrix, Y: Matrix, pairs: Indices, draws: Double) -> Double:
    """Correlate cosines over all pairs of two mutual neighbors; 0 where there is none."""
    weights = draws[:, pairs[:, 0]]
    y, x = Y[pairs[:, 0]].astype(np.float64), X[pairs[:, 1]].astype(np.float64)
    apart = 1 - np.eye(len(pairs))
    A, B = (y @ y.T) * apart, (x @ x.T) * apart

    def total(values: Double) -> Double:
        return np.asarray(np.einsum("rp,rp->r", weights @ values, weights))

    n = np.maximum(total(apart), 1)
    a, b = total(A) / n, total(B) / n
    variances = total(A * A) / n - a * a, total(B * B) / n - b * b
    covariance = total(A * B) / n - a * b
    is_spread = np.minimum(*variances) > 1e-12
    found = np.zeros(len(weights))
    found[is_spread] = covariance[is_spread] / np.sqrt(np.prod(variances, axis=0)[is_spread])
    return np.clip(found, 0, 1)


def geometric_mean(terms: Sequence[Double]) -> Double:
    """Compute the geometric mean of arrays."""
    return np.asarray(np.prod(terms, axis=0) ** (1 / len(terms)))
