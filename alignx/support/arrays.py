"""Array types, and checks and conversions of matrices."""

from __future__ import annotations

import math
import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignx.errors import DimensionError
from alignx.support.memory import release, require_whole

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
    "freeze",
    "frozen_rows",
    "is_frozen",
    "longest_row",
    "require_same_dimension",
    "row_blocks",
    "unit_rows",
    "zero_rows",
]

Matrix: TypeAlias = NDArray[np.float32]
Double: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]

_Array = TypeVar("_Array", bound=NDArray[Any])

# Few enough to stay in the processor's cache, which makes mapping them twice as fast.
BLOCK_ROWS = 2_048


def as_rows(array: ArrayLike, name: str, first: int = 0) -> Matrix:
    """Convert to contiguous float32 rows; copy only where needed.

    `name` is that of the array in messages, and `first` the number of its first row.

    Raises
    ------
    TypeError
        If it does not hold real numbers.
    ValueError
        If it has not two dimensions, or holds NaN, infinity or a row that float32 makes zero.
    """
    given = np.asarray(array)
    if given.dtype.kind not in "fiu":
        raise TypeError(f"{name} must be real numbers, got dtype {given.dtype}")
    if given.ndim != 2:
        raise ValueError(f"{name} must have 2 dimensions, got {given.ndim}")
    with np.errstate(over="ignore", under="ignore"):
        rows: Matrix = np.ascontiguousarray(given, dtype=np.float32)
    row = first_not_finite(rows)
    if row is not None:
        value = given[row][~np.isfinite(rows[row])][0]
        raise ValueError(f"{name} must be finite float32, got {value} in row {first + row}")
    if given.dtype.kind == "f" and given.dtype.itemsize > rows.dtype.itemsize:
        _require_not_vanished(given, rows, name, first)
    return rows


def _require_not_vanished(given: NDArray[np.floating], rows: Matrix, name: str, first: int) -> None:
    """Refuse nonzero rows that float32 makes zero: words without a vector."""
    for row in np.flatnonzero(zero_rows(rows)):
        if given[row].any():
            value = np.abs(given[row]).max()
            raise ValueError(
                f"{name} must be large enough for float32, got at most {value} in row "
                f"{first + row}; scale the rows"
            )


def frozen_rows(array: ArrayLike, name: str) -> Matrix:
    """Convert to read-only rows as `as_rows` does.

    Writable arrays are copied; read-only arrays and read-only maps of files are not.
    """
    given = np.asarray(array)
    rows = as_rows(given, name)
    is_new = isinstance(array, list | tuple) or not np.may_share_memory(rows, given)
    return freeze(rows if is_new or is_frozen(rows) else rows.copy())


def is_frozen(array: NDArray[Any]) -> bool:
    """Return True if an array and its bases are read-only."""
    owner: object = array
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            return False
        owner = owner.base
    while isinstance(owner, memoryview):
        if not owner.readonly:
            return False
        owner = owner.obj
    if isinstance(owner, mmap.mmap):
        with memoryview(owner) as view:
            return view.readonly
    return owner is None or isinstance(owner, bytes)


def freeze(array: _Array) -> _Array:
    """Make an array and its bases read-only; return the array."""
    owner: object = array
    while isinstance(owner, np.ndarray):
        owner.flags.writeable = False
        owner = owner.base
    return array


def first_not_finite(matrix: NDArray[np.floating]) -> int | None:
    """Return the first row with NaN or infinity, or None."""
    # A sum of float32 numbers cannot overflow float64, so it is finite exactly if they are.
    with np.errstate(invalid="ignore"):
        if np.isfinite(np.sum(matrix, dtype=np.float64)):
            return None
    return next(row for row, vector in enumerate(matrix) if not np.isfinite(vector).all())


def longest_row(rows: Matrix) -> float:
    """Return the largest Euclidean norm of finite rows; 0 without rows."""
    with np.errstate(over="ignore", under="ignore"):
        square = float(np.einsum("ij,ij->i", rows, rows).max(initial=0))
    if not 1e-30 < square < 1e36:
        # float32 may have lost it: squares of such rows overflow, or vanish.
        square = float(np.einsum("ij,ij->i", rows, rows, dtype=np.float64).max(initial=0))
    return math.sqrt(square)


def require_same_dimension(a: Matrix, b: Matrix, names: str) -> None:
    """Refuse matrices with rows of different lengths by a DimensionError."""
    if a.shape[1] != b.shape[1]:
        raise DimensionError(
            f"{names} must have the same dimension, got {a.shape[1]} and {b.shape[1]}"
        )


def zero_rows(rows: Matrix) -> NDArray[np.bool_]:
    """Return a mask of the zero rows: words without a vector."""
    # Hardly any other row begins with zero, so the rest of a row is seldom looked at.
    is_zero = np.asarray(~rows[:, :1].any(axis=1))
    is_zero[is_zero] = ~rows[is_zero].any(axis=1)
    return is_zero


def unit_rows(rows: Matrix) -> Matrix:
    """Divide rows by their Euclidean norm; zero rows stay zero.

    A row of unit length up to float32 rounding stays the same; if all are, the argument itself is
    returned. The result for a row does not depend on other rows.

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
    """Yield blocks of rows; release those of mapped files after use."""
    for start in range(0, len(rows), BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS]
        require_whole(block)
        yield block
        release(block)


@dataclass(frozen=True, eq=False)
class LazyRows:
    """Rows computed on demand, a block at a time, in little memory.

    Blocks are always the same, and so are their rows to the last bit, which in a matrix product
    depends on the number of rows.

    Parameters
    ----------
    stored : (n, e) float32
        Rows to transform; may be memory-mapped.
    dimension : int
        Length of the transformed rows.
    transform : callable
        Maps a block of stored rows to as many (., dimension) float32.
    kept : (n,) bool, optional
        Mask of the rows to yield [default: all].
    space : str, optional
        Fingerprint of the space of the transformed rows.
    """

    stored: Matrix
    dimension: int
    transform: Callable[[Matrix], Matrix]
    kept: NDArray[np.bool_] | None = None
    space: str | None = None

    def __len__(self) -> int:
        return len(self.stored) if self.kept is None else int(self.kept.sum())

    def blocks(self) -> Iterator[Matrix]:
        """Yield the transformed rows by blocks; refuse NaN and infinity."""
        first = 0
        for block in row_blocks(self.stored):
            computed = self.transform(as_rows(block, "rows", first))
            checked = as_rows(computed, "vectors", first)
            yield checked if self.kept is None else checked[self.kept[first : first + len(block)]]
            first += len(block)

    def collect(self) -> Matrix:
        """Return all transformed rows, (n, dimension)."""
        result: Matrix = np.empty((len(self), self.dimension), dtype=np.float32)
        first = 0
        for block in self.blocks():
            result[first : first + len(block)] = block
            first += len(block)
        return result
