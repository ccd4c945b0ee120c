"""A copy of a fastText model whose vectors, of words seen or not, are mapped ones."""

from __future__ import annotations

import os
import shutil
from typing import IO, TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from alignx.errors import DimensionError, FormatError
from alignx.support.arrays import Double, Matrix, first_not_finite
from alignx.support.files import reading, replacing, require_regular
from alignx.support.outputs import require_suffix
from alignx.support.progress import part_of
from alignx.vectors.fasttext.layout import DIMENSION_AT, MATRIX_SHAPE, MatrixPlace, ModelLayout

if TYPE_CHECKING:
    import io

    from alignx.support.progress import Progress

__all__ = ["write_mapped_model"]

_BLOCK = 1 << 24  # bytes of a matrix that are in memory at once
# Directions of the map that are this much weaker than the strongest are rounding: none.
_RANK_TOLERANCE = 1e-6


def write_mapped_model(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str],
    matrix: Double,
    *,
    progress: Progress | None = None,
) -> None:
    """Multiply the vectors of a fastText model with a matrix.

    A word's vector is the mean of rows of the input matrix, so mapping these maps all words. The
    output matrix is multiplied with the transposed pseudo-inverse, so that the products of input
    and output, which are what the model has learned, stay as they are (up to what a singular
    matrix takes out); for an orthogonal matrix that is the matrix itself. All else is copied.

    Parameters
    ----------
    path : path
        An unquantized model, ``.bin``.
    output : path
        Where the copy goes; may be the same file. It is replaced as a whole.
    matrix : (d, c) float64
        Multiplies rows from the right.
    progress : callable, optional
        Called now and then with the fraction done.

    Raises
    ------
    DimensionError
        If the vectors of the model are not of dimension d.
    FormatError
        If the file is no such model, or has numbers that are not finite; or if the name of the
        copy ends like another format.
    OutputError
        If the copy cannot be written.

    Notes
    -----
    Memory beyond the words is bounded, whatever the size of the model.

    Examples
    --------
    >>> write_mapped_model("no-such.bin", "mapped.bin", np.eye(3))
    Traceback (most recent call last):
        ...
    alignx.errors.MissingFileError: no-such.bin: no such file; check the name
    """
    name = os.fspath(path)
    require_suffix(output, "a fastText model")
    require_regular(name, "a fastText model")
    with reading(name) as file:
        layout = ModelLayout.read(file, name)
        if layout.input.columns != len(matrix):
            raise DimensionError(
                f"the map takes vectors of dimension {len(matrix)}, got {name} of dimension "
                f"{layout.input.columns}"
            )
        inverse: Double = np.linalg.pinv(matrix, rcond=_RANK_TOLERANCE).T.astype(np.float64)
        share = layout.input.rows / max(layout.input.rows + layout.output.rows, 1)
        with replacing(output, "wb") as out:
            _copy(file, out, 0, DIMENSION_AT)
            out.write(matrix.shape[1].to_bytes(4, "little"))
            _copy(file, out, DIMENSION_AT + 4, layout.input.offset - MATRIX_SHAPE.size)
            _map(file, out, layout.input, matrix, part_of(progress, 0, share))
            _map(file, out, layout.output, inverse, part_of(progress, share, 1 - share))
            file.seek(layout.output.end)
            shutil.copyfileobj(file, out)


def _copy(file: io.BufferedReader, out: IO[bytes], start: int, stop: int) -> None:
    """Copy part of a file, a block at a time."""
    file.seek(start)
    for at in range(start, stop, _BLOCK):
        out.write(file.read(min(_BLOCK, stop - at)))


def _map(
    file: io.BufferedReader,
    out: IO[bytes],
    place: MatrixPlace,
    matrix: Double,
    progress: Progress | None,
) -> None:
    """Write one matrix of the model, mapped."""
    out.write(MATRIX_SHAPE.pack(False, place.rows, matrix.shape[1]))
    file.seek(place.offset)
    step = max(_BLOCK // (4 * place.columns), 1)
    single = matrix.astype(np.float32)
    for start in range(0, place.rows, step):
        count = min(step, place.rows - start)
        rows = np.fromfile(file, np.float32, count * place.columns).reshape(count, place.columns)
        out.write(_product(rows, single, str(file.name), start).data)
        if progress is not None:
            progress((start + count) / place.rows)


def _product(rows: Matrix, matrix: Matrix, path: str, start: int) -> Matrix:
    """Map rows with one thread of BLAS, so that results do not depend on their number."""
    with threadpool_limits(limits=1, user_api="blas"), np.errstate(invalid="ignore"):
        mapped: Matrix = rows @ matrix
    bad = first_not_finite(mapped)
    if bad is not None:
        raise FormatError(path, f"numbers of a model must be finite, row {start + bad} has others")
    return mapped
