"""Copies of fastText models with mapped vectors."""

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
from alignx.vectors.fasttext.layout import DIMENSION_AT, MATRIX_SHAPE, MatrixLocation, ModelLayout
from alignx.vectors.fasttext.quantized_matrix import QuantizedMatrix
from alignx.vectors.vector_stream import VectorStream

if TYPE_CHECKING:
    import io

    from alignx.support.progress import Progress

__all__ = ["write_mapped_model"]

_BLOCK = 1 << 24  # bytes of a matrix in memory at once
# Singular values this much smaller than the largest are rounding.
_RANK_TOLERANCE = 1e-6


def write_mapped_model(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str],
    matrix: Double,
    *,
    progress: Progress | None = None,
) -> None:
    """Copy a fastText model with its vectors multiplied by a matrix.

    A word's vector is the mean of rows of the input matrix, so mapping these maps all words. The
    output matrix is multiplied by the transposed pseudo-inverse (for an orthogonal matrix, the
    matrix itself), so that the products of input and output, which the model has learned, stay
    the same. Memory beyond the words does not depend on the size of the model.

    Parameters
    ----------
    path : path
        An unquantized model, ``.bin``, packed or not.
    output : path
        Path of the copy, which replaces an old file as a whole; may be `path`.
    matrix : (d, c) float64
        Matrix to multiply rows by, from the right.
    progress : callable, optional
        Called with the fraction done.

    Raises
    ------
    DimensionError
        If the model has another dimension than d.
    FormatError
        If the file is not such a model, or has numbers that are not finite; or if the suffix of
        the copy belongs to another format.
    OutputError
        If the copy cannot be written.
    """
    name = os.fspath(path)
    require_suffix(output, "a fastText model")
    require_regular(name, "a fastText model")
    with reading(name) as packed, VectorStream(packed, name).regular() as file:
        layout = ModelLayout.read(file, name)
        if layout.input.columns != len(matrix):
            raise DimensionError(
                f"the map takes vectors of dimension {len(matrix)}, got {name} of dimension "
                f"{layout.input.columns}"
            )
        if isinstance(layout.input, QuantizedMatrix) or isinstance(layout.output, QuantizedMatrix):
            problem = (
                "a quantized model (.ftz) cannot be mapped as a model; map the model before "
                "quantization, or write the mapped vectors (.vec)"
            )
            raise FormatError(name, problem)
        inverse: Double = np.linalg.pinv(matrix, rcond=_RANK_TOLERANCE).T.astype(np.float64)
        share = layout.input.rows / max(layout.input.rows + layout.output.rows, 1)
        with replacing(output, "wb") as out:
            _copy(file, out, 0, DIMENSION_AT)
            out.write(matrix.shape[1].to_bytes(4, "little"))
            _copy(file, out, DIMENSION_AT + 4, layout.input.offset - MATRIX_SHAPE.size)
            _map(file, out, layout.input, matrix, name, part_of(progress, 0, share))
            _map(file, out, layout.output, inverse, name, part_of(progress, share, 1 - share))
            file.seek(layout.output.end)
            shutil.copyfileobj(file, out)


def _copy(file: io.BufferedReader, out: IO[bytes], start: int, stop: int) -> None:
    """Copy part of a file block by block."""
    file.seek(start)
    for at in range(start, stop, _BLOCK):
        out.write(file.read(min(_BLOCK, stop - at)))


def _map(
    file: io.BufferedReader,
    out: IO[bytes],
    location: MatrixLocation,
    matrix: Double,
    path: str,
    progress: Progress | None,
) -> None:
    """Write a mapped matrix of the model."""
    out.write(MATRIX_SHAPE.pack(False, location.rows, matrix.shape[1]))
    file.seek(location.offset)
    step = max(_BLOCK // (4 * location.columns), 1)
    single = matrix.astype(np.float32)
    for start in range(0, location.rows, step):
        count = min(step, location.rows - start)
        rows = np.fromfile(file, np.float32, count * location.columns).reshape(
            count, location.columns
        )
        out.write(_product(rows, single, path, start).data)
        if progress is not None:
            progress((start + count) / location.rows)


def _product(rows: Matrix, matrix: Matrix, path: str, start: int) -> Matrix:
    """Map rows with one BLAS thread, as results depend on the number of threads."""
    with threadpool_limits(limits=1, user_api="blas"), np.errstate(invalid="ignore"):
        mapped: Matrix = rows @ matrix
    bad = first_not_finite(mapped)
    if bad is not None:
        raise FormatError(path, f"numbers of a model must be finite, row {start + bad} has others")
    return mapped
