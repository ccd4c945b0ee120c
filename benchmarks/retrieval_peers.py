"""How faiss and NumPy do what alignx's retrieval does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import faiss
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alignx.support.arrays import Indices, Matrix


def flat_index(keys: Matrix) -> faiss.IndexFlatIP:
    index = faiss.IndexFlatIP(keys.shape[1])
    index.add(keys)
    return index


def biased_search(queries: Matrix, keys: Matrix, r: Matrix, k: int) -> Indices:
    """Search by dot product minus half of `r`, as one more coordinate, since faiss has no bias."""
    index = flat_index(np.hstack([keys, -r[:, None] / 2]))
    one = np.ones((len(queries), 1), np.float32)
    indices: Indices = index.search(np.hstack([queries, one]), k)[1]
    return indices


def biased_searches(
    source: Matrix, target: Matrix, r: tuple[Matrix, Matrix], k: int
) -> tuple[Indices, Indices]:
    """The last two of faiss's four searches by CSLS; the first two give `r`."""
    return biased_search(source, target, r[1], k), biased_search(target, source, r[0], k)


def mutual_pairs(forward: Indices, backward: Indices) -> Indices:
    """Rows that choose each other, from the first choices of both sides."""
    chosen = forward[:, 0]
    rows = np.flatnonzero(backward[chosen, 0] == np.arange(len(chosen)))
    return np.stack([rows, chosen[rows]], axis=1)


def _best(similarities: Matrix, k: int) -> Iterator[tuple[Indices, Matrix]]:
    """The k largest of each row, one after another, each struck out once found."""
    rows = np.arange(len(similarities))
    for _ in range(k):
        found = similarities.argmax(axis=1)
        yield found, similarities[rows, found]
        similarities[rows, found] = -np.inf


@dataclass(frozen=True)
class NumpyCsls:
    """CSLS of all pairs by matrix products of batches of rows and repeated argmax, as VecMap does.

    Written from the description of that scheme. Of every `stride` batches one is computed: with
    more than 1, only the time means anything. Made by `prepare`.
    """

    k: int
    batch: int
    stride: int
    space: Matrix  # for the similarities of a batch

    @classmethod
    def prepare(cls, k: int, batch: int, stride: int, rows: int) -> NumpyCsls:
        """Allocate and touch what languages of up to `rows` rows need, outside the time."""
        return cls(k, batch, stride, np.ones(min(batch, rows) * rows, np.float32))

    def neighbors(self, source: Matrix, target: Matrix) -> tuple[Indices, Indices]:
        """The k best of both sides by CSLS."""
        r_source = self.mean_of_best(source, target)
        r_target = self.mean_of_best(target, source)
        return self._choose(source, target, r_target), self._choose(target, source, r_source)

    def share(self, rows: int) -> float:
        """How much of the work is done for that many rows."""
        done = [part.stop - part.start for part in self._batches(rows)]
        return float(sum(done) / rows)

    def _batches(self, rows: int) -> Iterator[slice]:
        for start in range(0, rows, self.batch * self.stride):
            yield slice(start, min(start + self.batch, rows))

    def _sweep(self, queries: Matrix, keys: Matrix, work: Callable[[slice, Matrix], None]) -> None:
        for part in self._batches(len(queries)):
            shape = part.stop - part.start, len(keys)
            similarities = self.space[: shape[0] * shape[1]].reshape(shape)
            work(part, np.matmul(queries[part], keys.T, out=similarities))

    def mean_of_best(self, queries: Matrix, keys: Matrix) -> Matrix:
        """The r of the queries: their mean similarity to their k nearest keys."""
        mean = np.zeros(len(queries), np.float32)

        def work(part: slice, similarities: Matrix) -> None:
            for _, values in _best(similarities, self.k):
                mean[part] += values / self.k

        self._sweep(queries, keys, work)
        return mean

    def _choose(self, queries: Matrix, keys: Matrix, r: Matrix) -> Indices:
        chosen = np.zeros((len(queries), self.k), np.int64)
        half = r / 2

        def work(part: slice, similarities: Matrix) -> None:
            similarities -= half
            for rank, (found, _) in enumerate(_best(similarities, self.k)):
                chosen[part, rank] = found

        self._sweep(queries, keys, work)
        return chosen
