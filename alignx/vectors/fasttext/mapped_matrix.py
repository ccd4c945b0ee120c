"""Float32 input matrix of a fastText model, mapped from its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx.support.memory import release, require_whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.support.arrays import Indices, Matrix

__all__ = ["MappedMatrix"]

_WINDOW = 1 << 25  # bytes of the matrix to touch at once


@dataclass(frozen=True, eq=False)
class MappedMatrix:
    """Float32 rows in a mapped file.

    Parameters
    ----------
    data : (n, 4 * columns) uint8
        Rows as bytes, as the file does not align its numbers.
    """

    data: NDArray[np.uint8]

    @property
    def columns(self) -> int:
        """Length of a row."""
        return int(self.data.shape[1]) // 4

    def require_whole(self) -> None:
        """Refuse a file that was cut in the meantime."""
        require_whole(self.data)

    def gather(self, rows: Indices) -> Matrix:
        """Copy rows, given in ascending order, and release the mapped pages."""
        gathered = np.empty((len(rows), self.data.shape[1]), np.uint8)
        step = max(_WINDOW // self.data.shape[1], 1)
        starts = np.arange(0, len(self.data), step)
        ends = np.searchsorted(rows, starts + step)
        done = 0
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            if end > done:
                window = self.data[start : start + step]
                require_whole(window)
                np.take(window, rows[done:end] - start, axis=0, out=gathered[done:end], mode="clip")
                release(window)
                done = end
        found: Matrix = gathered.view(np.float32)
        return found
