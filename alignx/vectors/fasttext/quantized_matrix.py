"""Product-quantized matrix of a fastText model."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    import mmap

    from numpy.typing import NDArray

    from alignx.support.arrays import Indices, Matrix

__all__ = ["QuantizedMatrix"]

_CENTROIDS = 256  # of each part, as a code is a byte
_SHAPE = struct.Struct("<Bqqi")  # separate norms or not; rows, columns, codes
_QUANTIZER = struct.Struct("<4i")  # columns, parts, columns of a part, and of the last


@dataclass(frozen=True, eq=False)
class QuantizedMatrix:
    """Rows of byte codes, one for each part of a row.

    Parameters
    ----------
    codes : (n, m) uint8
        Centroids of the m parts of each row.
    tables : list of (256, .) float32
        Centroids of each part; all parts but the last have the same length.
    norms : (n,) float32, optional
        Factor of each row [default: 1].

    References
    ----------
    Jegou, Douze and Schmid, "Product Quantization for Nearest Neighbor Search", PAMI 2011; Joulin
    et al., "FastText.zip: Compressing Text Classification Models", 2016.

    Examples
    --------
    >>> tables = [np.arange(512, dtype=np.float32).reshape(256, 2), np.ones((256, 1), np.float32)]
    >>> codes = np.array([[3, 0], [1, 9]], np.uint8)
    >>> QuantizedMatrix(codes, tables, np.array([2, 1], np.float32)).gather(np.array([0, 1]))
    array([[12., 14.,  2.],
           [ 2.,  3.,  1.]], dtype=float32)
    """

    codes: NDArray[np.uint8]
    tables: list[Matrix]
    norms: Matrix | None = None

    @classmethod
    def read(cls, data: mmap.mmap, at: int) -> tuple[Self, int]:
        """Read a matrix behind its flag, and find its end.

        Raises
        ------
        ValueError
            If its numbers contradict each other.
        struct.error
            If the file ends before.
        """
        has_norms, rows, columns, n_codes = _SHAPE.unpack_from(data, at)
        at += _SHAPE.size
        if has_norms > 1 or min(rows, columns, n_codes) < 0 or n_codes > len(data):
            raise ValueError("the shape is impossible")
        codes, at = _bytes(data, at, n_codes), at + n_codes
        tables, at = _read_tables(data, at, columns)
        if n_codes != rows * len(tables):
            raise ValueError("the number of codes contradicts the shape")
        norms = None
        if has_norms:
            norm_codes, at = _bytes(data, at, rows), at + rows
            (table,), at = _read_tables(data, at, 1)
            norms = table[norm_codes, 0]
        return cls(codes.reshape(rows, len(tables)), tables, norms), at

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.codes)

    @property
    def columns(self) -> int:
        """Length of a row."""
        return sum(table.shape[1] for table in self.tables)

    def require_whole(self) -> None:
        """Accept any change of the file, as nothing is left there."""

    def gather(self, rows: Indices) -> Matrix:
        """Decode rows, (n, columns) float32."""
        codes = self.codes[rows]
        parts = [table[codes[:, part]] for part, table in enumerate(self.tables)]
        found: Matrix = np.concatenate(parts, axis=1)
        if self.norms is not None:
            found *= self.norms[rows][:, None]
        return found


def _bytes(data: mmap.mmap, at: int, size: int) -> NDArray[np.uint8]:
    """Copy bytes of the file."""
    if at + size > len(data):
        raise struct.error("the file ends before")
    return np.frombuffer(data[at : at + size], np.uint8)


def _read_tables(data: mmap.mmap, at: int, columns: int) -> tuple[list[Matrix], int]:
    """Read the centroids of rows of `columns` numbers, and find their end."""
    found, n_parts, part, last = _QUANTIZER.unpack_from(data, at)
    if found != columns or not 0 < last <= part or (n_parts - 1) * part + last != columns:
        raise ValueError("the parts do not make up a row")
    at += _QUANTIZER.size
    numbers = _bytes(data, at, _CENTROIDS * columns * 4).view("<f4").astype(np.float32)
    bounds = [_CENTROIDS * part * position for position in range(1, n_parts)]
    tables = [table.reshape(_CENTROIDS, -1) for table in np.split(numbers, bounds)]
    return tables, at + numbers.nbytes
