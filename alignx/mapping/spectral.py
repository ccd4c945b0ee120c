"""Regularized powers of covariance matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from alignx.support.arrays import Double, Matrix

__all__ = ["inverse_power", "principal_axes", "require_nonnegative", "whitening"]


def require_nonnegative(value: float, name: str) -> None:
    """Raise ValueError unless ``value >= 0`` and finite."""
    if not 0 <= value < np.inf:
        raise ValueError(f"{name} must be finite and at least 0, got {value}")


def inverse_power(gram: Double, power: float, regularization: float) -> Double:
    """Return ``(gram + regularization * mean eigenvalue * I) ** -power``, (d, d) float64.

    Raises
    ------
    ValueError
        If the matrix is singular: fewer independent rows than dimensions.
    """
    values, vectors = _positive_spectrum(gram, regularization)
    return np.asarray((vectors * values**-power) @ vectors.T, dtype=np.float64)


def whitening(gram: Double, regularization: float) -> tuple[Double, Double]:
    """Give ``(gram + regularization * mean eigenvalue * I)`` to the powers -1/2 and 1/2.

    Parameters and errors are those of `inverse_power`.
    """
    values, vectors = _positive_spectrum(gram, regularization)
    roots = np.sqrt(values)
    return (vectors / roots) @ vectors.T, (vectors * roots) @ vectors.T


def _positive_spectrum(gram: Double, regularization: float) -> tuple[Double, Double]:
    """Give the eigenvalues, ascending and with the ridge, and the eigenvectors as columns."""
    values, vectors = np.linalg.eigh(gram)
    values = values + regularization * values.mean()
    rank = int((values > values[-1] * len(values) * np.finfo(np.float64).eps).sum())
    if rank < len(values):
        raise ValueError(
            f"pairs must span all {len(values)} dimensions, got rank {rank}: use more pairs or a "
            f"larger regularization than {regularization}, or Procrustes, which inverts nothing"
        )
    return values, vectors


def principal_axes(rows: Matrix) -> Double:
    """Give the directions in which rows vary most, best first, as columns (d, d).

    Each is turned so that its third moment is positive. Spaces that are rotations of each other
    have the same axes.
    """
    X = rows.astype(np.float64)
    with threadpool_limits(limits=1, user_api="blas"):
        axes: Double = np.linalg.eigh(X.T @ X)[1][:, ::-1]
        skewness = ((X @ axes) ** 3).sum(axis=0)
    return axes * np.where(skewness < 0, -1, 1)
