"""Array types, and the one place where a caller's array is checked and converted."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignx.errors import DimensionError

__all__ = ["Double", "Indices", "Matrix", "as_rows", "require_same_dimension", "unit_rows"]

Matrix: TypeAlias = NDArray[np.float32]
Double: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]


def as_rows(array: ArrayLike, name: str) -> Matrix:
    """Give the array as contiguous float32 rows, copying only where it is not so already.

    Parameters
    ----------
    array : (n, d) array-like
        Real numbers, finite.
    name : str
        What messages call it.

    Raises
    ------
    TypeError
        If it does not hold real numbers.
    ValueError
        If it has not two dimensions, or NaN or infinity occurs.
    """
    rows = np.asarray(array)
    if rows.dtype.kind not in "fiu":
        raise TypeError(f"{name} must hold real numbers, got {rows.dtype}")
    if rows.ndim != 2:
        raise ValueError(f"{name} must have 2 dimensions, got {rows.ndim}")
    rows = np.ascontiguousarray(rows, dtype=np.float32)
    # A float64 sum of float32 values cannot overflow, so it is finite exactly if they all are.
    if not np.isfinite(rows.sum(dtype=np.float64)):
        row = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise ValueError(f"{name} must be finite, got NaN or infinity in row {row}")
    return rows


def require_same_dimension(a: Matrix, b: Matrix, names: str) -> None:
    """Raise DimensionError unless both have rows of one length."""
    if a.shape[1] != b.shape[1]:
        raise DimensionError(
            f"{names} must have the same dimension, got {a.shape[1]} and {b.shape[1]}"
        )


def unit_rows(rows: Matrix) -> Matrix:
    """Give the rows divided by their Euclidean norm; zero rows stay zero."""
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    norms[norms == 0] = 1
    return np.asarray(rows / norms[:, None].astype(np.float32), dtype=np.float32)
