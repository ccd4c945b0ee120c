"""Exact search whose matrix product is left to torch, on a GPU for example.

What torch computes only screens the pairs: of each row it keeps the best `k` and some more. Those
that can be among the best `k` are scored again on the processor, by the compiled kernel, which
fixes every bit of the answer. A bound on the difference of the two scores then tells whether a pair
that was not kept could belong to the answer after all; rows for which it could are searched anew by
the compiled kernel.
"""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from alignx import _core
from alignx.errors import MissingDependencyError
from alignx.support.arrays import Double, Indices, Matrix
from alignx.support.progress import Progress, part_of

try:
    import torch
except ImportError as error:
    raise MissingDependencyError(
        "searching on a device needs the package torch: pip install 'alignx[torch]'"
    ) from error
from alignx.support.config import get_config
from alignx.support.torch_device import as_device

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

__all__ = ["search"]

_Found: TypeAlias = tuple[Matrix, Indices]
_Precision: TypeAlias = Literal["float32", "bfloat16"]

# Of the scores of one tile, and of the same scores less a bias.
_TILE_BYTES = 2**29
_BYTES_OF_A_PAIR = 8
# Rows that are copied together, and pairs that are worth a thread of their own.
_BATCH = 4096
# Candidates beyond the best k, and at least k more. A row is certain if its scores fall within them
# by about twice the bound, 0.0001 and 0.007; those of real vectors in 300 dimensions do.
_MARGIN = {"float32": 8, "bfloat16": 32}

# Largest relative error of one operation. Tensor cores align the products of a group to the largest
# and cut off the rest, where rounding begins or at worst two bits above (Fasi et al., "Numerical
# behavior of NVIDIA tensor cores", 2021).
_ROUNDING = 2.0**-24
_DEVICE_ROUNDING = {"float32": _ROUNDING, "bfloat16": 2.0**-21}
# What is smaller may become zero; where sums are larger, some could overflow.
_SMALLEST = 2.0**-126
_LARGEST = 2.0**126

# Held while settings of torch, which are those of all threads, are not the program's own.
_settings = threading.RLock()


def search(
    queries: Matrix,
    keys: Matrix,
    *,
    k_queries: int,
    k_keys: int,
    query_bias: Matrix | None = None,
    key_bias: Matrix | None = None,
    precision: _Precision | None = None,
    progress: Progress | None = None,
) -> tuple[_Found, _Found, tuple[int, int]]:
    """Find the keys near each query and the queries near each key, as `_core.search` does.

    Parameters
    ----------
    queries : (n, d) float32
        Finite rows.
    keys : (m, d) float32
        Finite rows.
    k_queries : int
        How many keys for each query, ``0 <= k_queries <= m``; 0 searches none.
    k_keys : int
        How many queries for each key, ``0 <= k_keys <= n``.
    query_bias : (n,) float32, optional
        Subtracted from the dot product where a query is the neighbor.
    key_bias : (m,) float32, optional
        Subtracted from the dot product where a key is the neighbor.
    precision : {"float32", "bfloat16"}, optional
        What rows are rounded to for the device; sums are float32. By default bfloat16 on NVIDIA's
        GPUs that multiply it faster, else float32. The answers are the same.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    of_queries : ((n, k_queries) float32, (n, k_queries) int64)
        Scores and indices, best first; equal scores by lower index.
    of_keys : ((m, k_keys) float32, (m, k_keys) int64)
        The same of the keys.
    fallbacks : (int, int)
        How many rows of each side had to be searched by the compiled kernel.

    Raises
    ------
    ValueError
        If torch cannot use the device or multiply in that precision, or dot
        products overflow.

    Notes
    -----
    Takes O(n m d) time, and O((n + m)(d + k)) memory on the device beside one tile of scores.
    Settings of torch that would multiply float32 less precisely are off in the meantime, and
    searches of several threads wait for each other.

    Examples
    --------
    >>> rows = np.eye(3, dtype=np.float32)
    >>> (scores, indices), _, _ = search(rows, rows, k_queries=1, k_keys=0)
    >>> indices
    array([[0],
           [1],
           [2]])
    """
    config = get_config()
    place = as_device(config.device or "cpu")
    precision = precision or _fastest_precision(place)
    if precision not in _MARGIN:
        raise ValueError(f"precision must be one of {', '.join(_MARGIN)}, got {precision!r}")
    of_queries = _Side(queries, query_bias, k_queries, len(keys), precision)
    of_keys = _Side(keys, key_bias, k_keys, len(queries), precision)
    if of_queries.is_screened or of_keys.is_screened:
        of_queries.upload(place)
        of_keys.upload(place)
        with _full_precision(place):
            _sweep(of_queries, of_keys, part_of(progress, 0, 0.75))
    with ThreadPoolExecutor(config.n_threads or _core.default_threads()) as pool:
        of_queries.settle(of_keys, pool)
        of_keys.settle(of_queries, pool)
    of_queries.search_again(of_keys, part_of(progress, 0.75, 0.125))
    of_keys.search_again(of_queries, part_of(progress, 0.875, 0.125))
    if progress is not None:
        progress(1.0)
    return of_queries.found, of_keys.found, (of_queries.fallbacks, of_keys.fallbacks)


def _fastest_precision(device: torch.device) -> _Precision:
    """Give bfloat16 for GPUs that need not emulate it, and that can add its products in float32."""
    if device.type == "cuda" and torch.version.cuda is not None:
        return "bfloat16" if torch.cuda.get_device_capability(device) >= (8, 0) else "float32"
    return "float32"


@contextmanager
def _full_precision(device: torch.device) -> Iterator[None]:
    """Let float32 be multiplied as float32, whatever the program has set for its own work."""
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


class _Side:
    """The rows of one side, on the processor and on the device, and what is near them."""

    # What `upload` makes: the rows and their bias on the device, the candidates that are there so
    # far, and the Euclidean lengths of the rows and of what rounding took from them.
    operand: Tensor
    offset: Tensor | None
    near: tuple[Tensor, Tensor]
    lengths: Double
    remainders: Double

    def __init__(
        self, rows: Matrix, bias: Matrix | None, k: int, n_others: int, precision: _Precision
    ) -> None:
        self.rows = rows
        self.bias = bias
        self.k = k
        self.precision = precision
        self.width = k + max(_MARGIN[precision], k)
        # Where everything would be kept, a screen would have nothing to do.
        self.is_screened = k > 0 and self.width < n_others
        self.found = np.empty((len(rows), k), np.float32), np.empty((len(rows), k), np.int64)
        self.is_certain = np.zeros(len(rows), dtype=bool)

    @property
    def fallbacks(self) -> int:
        return int(np.count_nonzero(~self.is_certain)) if self.is_screened else 0

    def batches(self) -> Iterator[slice]:
        for first in range(0, len(self.rows), _BATCH):
            yield slice(first, min(first + _BATCH, len(self.rows)))

    def upload(self, device: torch.device) -> None:
        """Bring the rows to the device, rounded."""
        rounded = self.precision == "bfloat16"
        # Elsewhere a product of bfloat16 is bfloat16 too; the rounded rows are float32 there.
        dtype = torch.bfloat16 if rounded and device.type == "cuda" else torch.float32
        # Tensor cores are faster where rows begin at multiples of 16 bytes.
        shape = len(self.rows), -(-self.rows.shape[1] // 8) * 8
        self.operand = torch.zeros(shape, dtype=dtype, device=device)
        self.lengths, self.remainders = np.empty(len(self.rows)), np.zeros(len(self.rows))
        for at in self.batches():
            rows = torch.tensor(self.rows[at], device="cpu")
            self.lengths[at] = torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64).numpy()
            if rounded:
                exact, rows = rows.double(), rows.bfloat16()
                self.remainders[at] = torch.linalg.vector_norm(exact - rows.double(), dim=1).numpy()
            self.operand[at, : rows.shape[1]] = rows.to(device)
        self.offset = None if self.bias is None else torch.tensor(self.bias, device=device)
        if self.is_screened:
            shape = len(self.rows), self.width
            self.near = (
                torch.full(shape, -math.inf, dtype=torch.float32, device=device),
                torch.zeros(shape, dtype=torch.int64, device=device),
            )

    def better(self, at: slice, scores: Tensor, first: int) -> tuple[Tensor, Tensor]:
        """Give the candidates of some rows after scores of others, from `first` on, are known."""
        scores, indices = _largest(scores, self.width)
        scores = torch.cat([self.near[0][at], scores], dim=1)
        indices = torch.cat([self.near[1][at], indices + first], dim=1)
        scores, places = scores.topk(self.width, dim=1, sorted=False)
        return scores, indices.gather(1, places)

    def settle(self, other: _Side, pool: ThreadPoolExecutor) -> None:
        """Turn candidates into neighbors, and tell of which rows these are certain."""
        if self.is_screened:
            bounds = self._bounds(other)
            for at in self.batches():
                self._settle_batch(other, at, bounds[at, None], pool)

    @np.errstate(invalid="ignore", over="ignore")
    def _bounds(self, other: _Side) -> Double:
        """Bound the difference of a row's scores on the device and on the processor.

        With x' and z' for the rounded rows, |x.z - x'.z'| <= |x - x'| |z| + |x'| |z - z'|, by
        Cauchy and Schwarz. A sum of d products, in any order, takes at most d roundings of each
        product, and the bias one more, each relative to what is rounded: at most |x| |z|, as the
        sum of |x_i z_i| is, and the bias.
        """
        dimension = self.rows.shape[1]
        longest = other.lengths.max(initial=0)
        remainder = other.remainders.max(initial=0)
        largest_bias = 0.0 if other.bias is None else float(np.abs(other.bias).max(initial=0))
        rounded = self.lengths + self.remainders
        reach = rounded * (longest + remainder) + largest_bias
        growth = sum(
            math.expm1((dimension + 2) * unit)
            for unit in (_ROUNDING, _DEVICE_ROUNDING[self.precision])
        )
        # Of every product and sum, if it is flushed to zero, and of every tiny element.
        underflow = 8 * (dimension + 1) * _SMALLEST * (1 + rounded + longest + remainder)
        bounds = self.remainders * longest + rounded * remainder + growth * reach + underflow
        # The lengths are rounded themselves.
        return np.where(reach < _LARGEST, 1.001 * bounds, np.inf)

    @np.errstate(invalid="ignore", over="ignore")
    def _settle_batch(
        self, other: _Side, at: slice, bounds: Double, pool: ThreadPoolExecutor
    ) -> None:
        screened, indices = (tensor[at].cpu().numpy() for tensor in self.near)
        # Those that are worse by more than two bounds than k others cannot be among the best k.
        kth = np.partition(screened, -self.k, axis=1)[:, -self.k, None]
        is_open = np.isfinite(screened) & (screened >= kth - 2 * bounds)
        pairs = np.stack([np.nonzero(is_open)[0] + at.start, indices[is_open]], axis=1)
        scores = np.full(screened.shape, -np.inf, dtype=np.float32)
        scores[is_open] = _score_pairs(self.rows, other.rows, pairs, pool)
        if other.bias is not None:
            scores[is_open] -= other.bias[pairs[:, 1]]
        order = np.lexsort((indices, -scores))[:, : self.k]
        best = np.take_along_axis(scores, order, axis=1)
        self.found[0][at] = best
        self.found[1][at] = np.take_along_axis(indices, order, axis=1)
        # Nothing that was left out is better on the device than the worst that was kept.
        could_be = screened.min(axis=1, keepdims=True) + bounds
        is_certain = np.isfinite(screened).all(axis=1) & (could_be < best[:, -1:])[:, 0]
        # A device that computes otherwise than assumed shows where the scores of both are known.
        is_as_assumed = not (is_open & (np.abs(screened - scores) > bounds)).any()
        self.is_certain[at] = is_certain & is_as_assumed

    def search_again(self, other: _Side, progress: Progress | None) -> None:
        """Search the rows that are not certain by the compiled kernel."""
        rows = np.flatnonzero(~self.is_certain) if self.k else np.empty(0, dtype=np.int64)
        for first in range(0, len(rows), _BATCH):
            batch = rows[first : first + _BATCH]
            share = len(batch) / len(rows)
            (scores, indices), _, _ = _core.search(
                self.rows[batch],
                other.rows,
                k_queries=self.k,
                k_keys=0,
                key_bias=other.bias,
                n_threads=get_config().n_threads,
                progress=part_of(progress, first / len(rows), share),
            )
            self.found[0][batch] = scores
            self.found[1][batch] = indices


def _sweep(queries: _Side, keys: _Side, progress: Progress | None) -> None:
    """Screen all pairs, tile by tile."""
    n, m = len(queries.rows), len(keys.rows)
    pairs = _TILE_BYTES // _BYTES_OF_A_PAIR
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


def _screen(queries: _Side, rows: slice, keys: _Side, columns: slice) -> None:
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


def _largest(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Give the `count` largest of each row, some more perhaps, in any order, and their columns.

    The largest are in the `count` groups of columns that have the largest maxima, and maxima are
    found much faster.
    """
    rows, columns = scores.shape
    size = 1 << ((columns // count).bit_length() - 1) // 2 if columns >= count else 1
    if size == 1:
        largest, indices = scores.topk(min(count, columns), dim=1, sorted=False)
        return largest, indices
    groups = columns // size
    # Members of a group are `groups` columns apart, so that neighbors in memory are in different
    # groups and can be compared side by side. A few columns at the end are in no group.
    members = scores[:, : size * groups].view(rows, size, groups)
    rest = torch.arange(size * groups, columns, device=scores.device).expand(rows, -1)
    chosen = members.amax(dim=1).topk(count, dim=1, sorted=False).indices
    candidates = members.gather(2, chosen[:, None, :].expand(-1, size, -1)).flatten(1)
    largest, places = candidates.topk(count, dim=1, sorted=False)
    indices = places // count * groups + chosen.gather(1, places % count)
    return torch.cat([largest, scores[:, size * groups :]], 1), torch.cat([indices, rest], 1)


def _score_pairs(rows: Matrix, others: Matrix, pairs: Indices, pool: ThreadPoolExecutor) -> Matrix:
    """Give the dot products that the compiled kernel gives."""
    parts = np.array_split(pairs, 1 + len(pairs) // _BATCH)
    scores = pool.map(lambda part: _core.score_pairs(rows, others, part), parts)
    return np.concatenate(list(scores))
