"""Array types, and the one place where a caller's array is checked and converted."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignx.errors import DimensionError

__all__ = [
    "Double",
    "Indices",
    "Matrix",
    "as_rows",
    "first_not_finite",
    "require_same_dimension",
    "unit_rows",
    "zero_rows",
]

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
        raise TypeError(f"{name} must be real numbers, got dtype {rows.dtype}")
    if rows.ndim != 2:
        raise ValueError(f"{name} must have 2 dimensions, got {rows.ndim}")
    with np.errstate(over="ignore"):
        rows = np.ascontiguousarray(rows, dtype=np.float32)
    row = first_not_finite(rows)
    if row is not None:
        value = rows[row][~np.isfinite(rows[row])][0]
        raise ValueError(f"{name} must be finite float32, got {value} in row {row}")
    return rows


def first_not_finite(matrix: NDArray[np.floating]) -> int | None:
    """Find the first row with NaN or infinity, without a temporary of the size of the matrix.

    Parameters
    ----------
    matrix : (n, d) float16 or float32
        Any rows.

    Returns
    -------
    int or None
        None if all numbers are finite.

    Examples
    --------
    >>> first_not_finite(np.array([[0, 1], [0, np.inf]], dtype=np.float32))
    1
    """
    # A sum of float32 numbers cannot overflow float64, so it is finite exactly if they are.
    with np.errstate(invalid="ignore"):
        if np.isfinite(np.sum(matrix, dtype=np.float64)):
            return None
    return next(row for row, vector in enumerate(matrix) if not np.isfinite(vector).all())


def require_same_dimension(a: Matrix, b: Matrix, names: str) -> None:
    """Raise DimensionError unless both have rows of one length."""
    if a.shape[1] != b.shape[1]:
        raise DimensionError(
            f"{names} must have the same dimension, got {a.shape[1]} and {b.shape[1]}"
        )


def zero_rows(rows: Matrix) -> NDArray[np.bool_]:
    """Tell which rows are zero: the words without a vector."""
    # Hardly any other row begins with zero, so the rest of a row is seldom looked at.
    is_zero = np.asarray(~rows[:, :1].any(axis=1))
    is_zero[is_zero] = ~rows[is_zero].any(axis=1)
    return is_zero


def unit_rows(rows: Matrix) -> Matrix:
    """Give the rows divided by their Euclidean norm; zero rows stay zero.

    Rows that are all of unit length already, up to float32 rounding, are returned as they are.
    """
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    norms[norms == 0] = 1
    if np.abs(norms - 1).max(initial=0) < 1e-6:
        return rows
    # Divided in float64, where the norm of the largest and the smallest rows is exact.
    result: Matrix = np.empty_like(rows)
    np.divide(rows, norms[:, None], out=result, casting="same_kind")
    return result
