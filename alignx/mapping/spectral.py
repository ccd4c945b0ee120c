"""Inverses of covariance matrices, with the ridge that makes them safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from alignx.arrays import Double

__all__ = ["inverse_power", "require_nonnegative"]


def require_nonnegative(value: float, name: str) -> None:
    """Raise ValueError unless ``value >= 0`` and finite."""
    if not 0 <= value < np.inf:
        raise ValueError(f"{name} must be finite and at least 0, got {value}")


def inverse_power(gram: Double, power: float, regularization: float) -> Double:
    """Give ``(gram + regularization * mean eigenvalue * I) ** -power``.

    Parameters
    ----------
    gram : (d, d) float64
        Symmetric, positive semidefinite.
    power : float
        1 for the inverse, 0.5 for whitening.
    regularization : float
        Multiple of the mean eigenvalue that is added to all.

    Raises
    ------
    ValueError
        If the matrix is singular: fewer independent rows than dimensions.
    """
    values, vectors = np.linalg.eigh(gram)
    values = values + regularization * values.mean()
    rank = int((values > values[-1] * len(values) * np.finfo(np.float64).eps).sum())
    if rank < len(values):
        raise ValueError(
            f"pairs must span all {len(values)} dimensions, got rank {rank}: use more pairs or a "
            f"larger regularization than {regularization}"
        )
    return np.asarray((vectors * values**-power) @ vectors.T, dtype=np.float64)
