"""Array types, and the one place where a caller's array is checked and converted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignx.errors import DimensionError
from alignx.memory import release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "BLOCK_ROWS",
    "Double",
    "Indices",
    "LazyRows",
    "Matrix",
    "as_rows",
    "first_not_finite",
    "require_same_dimension",
    "row_blocks",
    "unit_rows",
    "zero_rows",
]

Matrix: TypeAlias = NDArray[np.float32]
Double: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]

# Few enough to stay in the cache of the processor from one step to the next, which makes mapping
# them twice as fast as all rows at once.
BLOCK_ROWS = 2_048


def as_rows(array: ArrayLike, name: str, first: int = 0) -> Matrix:
    """Give the array as contiguous float32 rows, copying only where it is not so already.

    Parameters
    ----------
    array : (n, d) array-like
        Real numbers, finite.
    name : str
        What messages call it.
    first : int
        What messages call its first row.

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
        raise ValueError(f"{name} must be finite float32, got {value} in row {first + row}")
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

    A row that is of unit length already, up to float32 rounding, stays as it is; if all are, the
    rows themselves are returned. What becomes of a row does not depend on the others.

    Examples
    --------
    >>> unit_rows(np.array([[3, 4], [0, 0]], dtype=np.float32))
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    is_kept = (norms == 0) | (np.abs(norms - 1) < 1e-6)
    if is_kept.all():
        return rows
    norms[is_kept] = 1
    # Divided in float64, where the norm of the largest and the smallest rows is exact.
    result: Matrix = np.empty_like(rows)
    np.divide(rows, norms[:, None], out=result, casting="same_kind")
    return result


def row_blocks(rows: Matrix) -> Iterator[Matrix]:
    """Yield the rows a block at a time, and let go of those that map a file when they are done.

    Parameters
    ----------
    rows : (n, d) float32
        Any rows.

    Yields
    ------
    (BLOCK_ROWS, d) float32
        The last block may have fewer rows.

    Examples
    --------
    >>> [len(block) for block in row_blocks(np.zeros((5_000, 2), dtype=np.float32))]
    [2048, 2048, 904]
    """
    for start in range(0, len(rows), BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS]
        yield block
        release(block)


@dataclass(frozen=True, eq=False)
class LazyRows:
    """Rows that are computed when they are needed, a block at a time.

    Neither they nor what they are computed from has to fit into memory. The blocks are always the
    same, so that the rows are too, to the last bit, whether they are collected or not: the last bit
    of a matrix product depends on how many rows are multiplied.

    Parameters
    ----------
    stored : (n, e) float32
        What they are computed from, memory-mapped perhaps.
    dimension : int
        How many numbers each will have.
    transform : callable
        Takes some of the stored rows to as many (., dimension) float32.
    space : str, optional
        What tells the space that they are brought into from others.

    Examples
    --------
    >>> stored = np.array([[3, 4], [0, 2]], dtype=np.float32)
    >>> LazyRows(stored, 2, unit_rows).collect()
    array([[0.6, 0.8],
           [0. , 1. ]], dtype=float32)
    """

    stored: Matrix
    dimension: int
    transform: Callable[[Matrix], Matrix]
    space: str | None = None

    def __len__(self) -> int:
        return len(self.stored)

    def blocks(self) -> Iterator[Matrix]:
        """Compute them, and yield them as `row_blocks` does.

        Raises
        ------
        ValueError
            Where NaN or infinity is stored or comes out.
        """
        first = 0
        for block in row_blocks(self.stored):
            computed = self.transform(as_rows(block, "rows", first))
            yield as_rows(computed, "vectors", first)
            first += len(block)

    def collect(self) -> Matrix:
        """Compute all of them, (n, dimension)."""
        result: Matrix = np.empty((len(self), self.dimension), dtype=np.float32)
        for to, block in zip(row_blocks(result), self.blocks(), strict=True):
            to[:] = block
        return result
