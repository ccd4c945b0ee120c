"""How often words occur in running text, as far as their rank in a vocabulary tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from alignx.support.arrays import Double

__all__ = ["SMOOTHING", "expected_shares", "sif_weights"]

ZIPF_SHIFT = 2.7  # Mandelbrot's
SMOOTHING = 1e-3  # the a of SIF: Arora et al. found 1e-4 to 1e-2 to differ little


def expected_shares(count: int) -> Double:
    """Share of each word of a vocabulary in running text, by its rank.

    Parameters
    ----------
    count : int
        Words, most frequent first.

    Returns
    -------
    (count,) float64
        They sum to 1.

    Examples
    --------
    >>> expected_shares(3).round(2)
    array([0.41, 0.32, 0.27])
    """
    shares = 1 / (np.arange(1, count + 1) + ZIPF_SHIFT)
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def sif_weights(shares: Double, smoothing: float = SMOOTHING) -> Double:
    """Weights by smooth inverse frequency: ``a / (a + p)``.

    Parameters
    ----------
    shares : (n,) float64
        The p of each word, its probability.
    smoothing : float
        The a, more than 0.

    Returns
    -------
    (n,) float64
        In (0, 1]; rare words count most.

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
