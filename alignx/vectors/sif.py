"""Word frequencies expected by rank, and smooth inverse frequency (SIF) weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from alignx.support.arrays import Double

__all__ = ["SMOOTHING", "expected_shares", "sif_weights"]

_ZIPF_SHIFT = 2.7  # Mandelbrot's
SMOOTHING = 1e-3
"""The a of SIF weights; Arora et al. found 1e-4 to 1e-2 to differ little."""


def expected_shares(count: int) -> Double:
    """Estimate the shares of words in running text, (count,) float64, from their ranks.

    Examples
    --------
    >>> expected_shares(3).round(2)
    array([0.41, 0.32, 0.27])
    """
    shares = 1 / (np.arange(1, count + 1) + _ZIPF_SHIFT)
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def sif_weights(shares: Double, smoothing: float = SMOOTHING) -> Double:
    """Compute SIF weights a / (a + p), (n,) float64, from shares p and smoothing a.

    References
    ----------
    Arora, Liang and Ma, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", ICLR 2017,
    section 3.

    Examples
    --------
    >>> sif_weights(np.array([0.009, 0.0]))
    array([0.1, 1. ])
    """
    return np.asarray(smoothing / (smoothing + shares), dtype=np.float64)
