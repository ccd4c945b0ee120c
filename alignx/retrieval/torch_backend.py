"""Exact search with the matrix products of torch, on a GPU for example.

Products of torch only screen the pairs: of each row the best `k` and some more are kept. Those that
can be among the best `k` are scored again on the processor by the compiled kernel, which fixes
every bit of the answer. A bound on the difference of the two scores tells whether a pair that was
dropped could belong to the answer; rows for which it could are searched again by the kernel.
"""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

import torch

from alignx import _core
from alignx.retrieval.torch_screening import MARGIN, Precision, ScreenedRows
from alignx.support.arrays import Indices, Matrix
from alignx.support.config import get_config
from alignx.support.progress import Progress, part_of
from alignx.support.torch_device import as_device

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

__all__ = ["search"]

_Found: TypeAlias = tuple[Matrix, Indices]

# Memory of the scores of one tile, and of the same scores less a bias.
_TILE_BYTES = 2**29
_BYTES_PER_PAIR = 8

# Held while settings of torch are changed, which all threads share.
_settings = threading.RLock()


def search(
    queries: Matrix,
    keys: Matrix,
    *,
    k_queries: int,
    k_keys: int,
    query_bias: Matrix | None = None,
    key_bias: Matrix | None = None,
    precision: Precision | None = None,
    progress: Progress | None = None,
) -> tuple[_Found, _Found, tuple[int, int]]:
    """Find the keys near each query and the queries near each key.

    Arguments and answers are those of `_core.search`.

    Parameters
    ----------
    queries, keys : (n, d), (m, d) float32
        Finite rows.
    k_queries, k_keys : int
        Keys for each query and queries for each key; 0 searches none.
    query_bias, key_bias : (n,), (m,) float32, optional
        Subtracted from the dot product where the row is the neighbor.
    precision : {"float32", "bfloat16"}, optional
        Number type of the rows on the device; sums are float32. By default bfloat16 on NVIDIA's
        GPUs that multiply it faster, else float32. The answers are the same.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    of_queries, of_keys : ((n, k) float32, (n, k) int64)
        Scores and indices, best first; equal scores by lower index.
    fallbacks : (int, int)
        Number of rows of each side that the compiled kernel had to search again.

    Raises
    ------
    ValueError
        If torch cannot use the device or multiply in that precision, or dot products overflow.

    Notes
    -----
    Takes O(n m d) time, and O((n + m)(d + k)) memory on the device beside one tile of scores.
    Settings of torch that would multiply float32 less precisely are off in the meantime, and
    searches of several threads wait for each other.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.eye(3, dtype=np.float32)
    >>> (scores, indices), _, _ = search(rows, rows, k_queries=1, k_keys=0)
    >>> indices.ravel()
    array([0, 1, 2])
    """
    config = get_config()
    device = as_device(config.device or "cpu")
    precision = precision or _fastest_precision(device)
    if precision not in MARGIN:
        raise ValueError(f"precision must be one of {', '.join(MARGIN)}, got {precision!r}")
    of_queries = ScreenedRows(queries, query_bias, k_queries, len(keys), precision)
    of_keys = ScreenedRows(keys, key_bias, k_keys, len(queries), precision)
    if of_queries.is_screened or of_keys.is_screened:
        of_queries.upload(device)
        of_keys.upload(device)
        with _full_precision(device):
            _sweep(of_queries, of_keys, part_of(progress, 0, 0.75))
    with ThreadPoolExecutor(config.n_threads or _core.default_threads()) as pool:
        of_queries.rescore(of_keys, pool)
        of_keys.rescore(of_queries, pool)
    of_queries.search_again(of_keys, part_of(progress, 0.75, 0.125))
    of_keys.search_again(of_queries, part_of(progress, 0.875, 0.125))
    if progress is not None:
        progress(1.0)
    return of_queries.found, of_keys.found, (of_queries.fallbacks, of_keys.fallbacks)


def _fastest_precision(device: torch.device) -> Precision:
    """Choose bfloat16 for GPUs that need not emulate it, and can add its products in float32."""
    if device.type == "cuda" and torch.version.cuda is not None:
        return "bfloat16" if torch.cuda.get_device_capability(device) >= (8, 0) else "float32"
    return "float32"


@contextmanager
def _full_precision(device: torch.device) -> Iterator[None]:
    """Multiply float32 as float32, whatever the program has set."""
    matmuls = torch.backends.cuda.matmul, torch.backends.mkldnn.matmul  # type: ignore[attr-defined]  # added at run time
    with _settings, torch.no_grad(), torch.autocast(device.type, enabled=False):
        before = [matmul.fp32_precision for matmul in matmuls]
        try:
            for matmul in matmuls:
                matmul.fp32_precision = "ieee"
            yield
        finally:
            for matmul, value in zip(matmuls, before, strict=True):
                matmul.fp32_precision = value


def _sweep(queries: ScreenedRows, keys: ScreenedRows, progress: Progress | None) -> None:
    """Screen all pairs, tile by tile."""
    n, m = len(queries.rows), len(keys.rows)
    pairs = _TILE_BYTES // _BYTES_PER_PAIR
    height = max(1, min(math.isqrt(pairs), n))
    width = max(1, min(pairs // height, m))
    for row in range(0, n, height):
        rows = slice(row, min(row + height, n))
        column = 0
        while column < m:
            columns = slice(column, min(column + width, m))
            try:
                _screen(queries, rows, keys, columns)
            except torch.OutOfMemoryError:
                if width == 1:
                    raise
                width //= 2
                continue
            column = columns.stop
            if progress is not None:
                progress((row * m + (rows.stop - row) * column) / (n * m))


def _screen(queries: ScreenedRows, rows: slice, keys: ScreenedRows, columns: slice) -> None:
    """Screen one tile, for the rows of both sides."""
    dots = _dot_products(queries.operand[rows], keys.operand[columns])
    found = []
    for side, at, other, others, scores in (
        (queries, rows, keys, columns, dots),
        (keys, columns, queries, rows, dots.T),
    ):
        if side.is_screened:
            biased = scores if other.offset is None else scores - other.offset[others]
            found.append((side.near, at, side.better(at, biased, others.start)))
    # Only now, so that a tile is entered as a whole or not at all.
    for near, at, better in found:
        for old, new in zip(near, better, strict=True):
            old[at] = new


def _dot_products(queries: Tensor, keys: Tensor) -> Tensor:
    if queries.dtype == torch.float32:
        return queries @ keys.T
    return torch.mm(queries, keys.T, out_dtype=torch.float32)
