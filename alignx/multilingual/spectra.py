"""Likeness of languages by the spectra of their vectors, without a dictionary.

References
----------
Dubossarsky, Vulic, Reichart and Korhonen, "The Secret is in the Spectra: Predicting Cross-lingual
Task Performance with Spectral Similarity Measures", EMNLP 2020.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alignx.support.arrays import Double, Matrix

__all__ = ["CANDIDATES", "distance", "most_similar", "spectrum"]

CANDIDATES = 3  # neighbors of a language without a dictionary, the hub among them


def spectrum(rows: Matrix) -> Double:
    """Return the shares of the variance of rows (n, d) by principal axis, (d,), largest first."""
    covariance = rows.T.astype(np.float64) @ rows
    return np.asarray(np.linalg.eigvalsh(covariance)[::-1] / np.trace(covariance))


def distance(one: Double, other: Double) -> float:
    """Sum the squared differences of the logarithms of two spectra."""
    d = min(len(one), len(other))
    logs = [np.log(np.maximum(each[:d], 1e-9)) for each in (one, other)]
    return float(np.square(logs[0] - logs[1]).sum())


def most_similar(spectra: Mapping[str, Double], code: str, hub: str) -> list[str]:
    """Order the other languages by likeness to one, the most similar first, the hub before all.

    Examples
    --------
    >>> spectra = {"en": [0.9, 0.1], "es": [0.6, 0.4], "it": [0.7, 0.3], "pt": [0.6, 0.4]}
    >>> most_similar(spectra, "pt", hub="en")
    ['en', 'es', 'it']
    """
    others = [other for other in spectra if other != code]
    return sorted(others, key=lambda other: (other != hub, distance(spectra[code], spectra[other])))
