"""Rows on a torch device, their candidates, and the rescoring of these by the kernel."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import torch

from alignx import _core
from alignx.support.config import get_config
from alignx.support.progress import Progress, part_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import ThreadPoolExecutor

    from torch import Tensor

    from alignx.support.arrays import Double, Indices, Matrix

__all__ = ["MARGIN", "Precision", "ScreenedRows"]

Precision: TypeAlias = Literal["float32", "bfloat16"]

# Rows that are copied together, and pairs that one thread scores.
_BATCH = 4096
# Candidates beyond the best k, and at least k more. A row is certain if its scores fall within them
# by about twice the bound, 0.0001 and 0.007; those of real vectors in 300 dimensions do.
MARGIN = {"float32": 8, "bfloat16": 32}

# Largest relative error of one operation. Tensor cores align the products of a group to the largest
# and cut off the rest, where rounding begins or at worst two bits above (Fasi et al., "Numerical
# behavior of NVIDIA tensor cores", 2021).
_ROUNDING = 2.0**-24
_DEVICE_ROUNDING = {"float32": _ROUNDING, "bfloat16": 2.0**-21}
# What is smaller may become zero; where sums are larger, some could overflow.
_SMALLEST = 2.0**-126
_LARGEST = 2.0**126


class ScreenedRows:
    """Rows of one side, on the processor and on the device, and their candidates."""

    # Made by `upload`: the rows and their bias on the device, the candidates so far, and the
    # Euclidean lengths of the rows and of their rounding errors.
    operand: Tensor
    offset: Tensor | None
    near: tuple[Tensor, Tensor]
    lengths: Double
    remainders: Double

    def __init__(
        self, rows: Matrix, bias: Matrix | None, k: int, n_others: int, precision: Precision
    ) -> None:
        self.rows = rows
        self.bias = bias
        self.k = k
        self.precision = precision
        self.width = k + max(MARGIN[precision], k)
        # A screen that keeps everything is useless.
        self.is_screened = k > 0 and self.width < n_others
        self.found = np.empty((len(rows), k), np.float32), np.empty((len(rows), k), np.int64)
        self.is_certain = np.zeros(len(rows), dtype=bool)

    @property
    def fallbacks(self) -> int:
        """Number of rows that the kernel searches again."""
        return int(np.count_nonzero(~self.is_certain)) if self.is_screened else 0

    def batches(self) -> Iterator[slice]:
        """Yield slices of rows that are copied together."""
        for first in range(0, len(self.rows), _BATCH):
            yield slice(first, min(first + _BATCH, len(self.rows)))

    def upload(self, device: torch.device) -> None:
        """Copy the rows to the device, rounded."""
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
        """Update the candidates of some rows by scores of others, from row `first` on."""
        scores, indices = _largest(scores, self.width)
        scores = torch.cat([self.near[0][at], scores], dim=1)
        indices = torch.cat([self.near[1][at], indices + first], dim=1)
        scores, places = scores.topk(self.width, dim=1, sorted=False)
        return scores, indices.gather(1, places)

    def rescore(self, other: ScreenedRows, pool: ThreadPoolExecutor) -> None:
        """Turn candidates into neighbors, and mark the rows that are certain."""
        if self.is_screened:
            bounds = self._bounds(other)
            for at in self.batches():
                self._rescore_batch(other, at, bounds[at, None], pool)

    @np.errstate(invalid="ignore", over="ignore")
    def _bounds(self, other: ScreenedRows) -> Double:
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
    def _rescore_batch(
        self, other: ScreenedRows, at: slice, bounds: Double, pool: ThreadPoolExecutor
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

    def search_again(self, other: ScreenedRows, progress: Progress | None) -> None:
        """Search rows that are not certain by the compiled kernel."""
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


def _largest(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Select at least the `count` largest of each row, in any order, and their columns.

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
    """Compute dot products by the compiled kernel, in several threads."""
    parts = np.array_split(pairs, 1 + len(pairs) // _BATCH)
    scores = pool.map(lambda part: _core.score_pairs(rows, others, part), parts)
    return np.concatenate(list(scores))
