"""Neighbors across two stored languages, shard by shard, each kept in a file when finished.

One direction has the rows of one language as queries, a range of them for each shard, and all rows
of the other as keys. A shard of a kernel's search fills neighbors of both sides; merging those of
all shards, and of both directions where search is approximate, gives what one search would have.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alignx.induction.sharded.shards import (
    Engine,
    Shard,
    neighbor_tensors,
    part_name,
    read_neighbors,
    search_shard,
)
from alignx.induction.sharded.stored_rows import StoredLanguage
from alignx.retrieval.neighbors import CrossNeighbors, Neighbors, merge_neighbors
from alignx.support.parallel import as_completed
from alignx.support.progress import part_of
from alignx.support.workspace import Tensors, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alignx.retrieval.clustered import SearchParams
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Progress

__all__ = ["SIDES", "ShardedSearch", "reordered", "without_gaps"]

SIDES = ("source", "target")
# Rows merged at a time.
_MERGED = 262_144


@dataclass(frozen=True)
class ShardedSearch:
    """Searches of one dictionary.

    Parameters
    ----------
    work : Workspace
        Folder of finished parts.
    engine : Engine
        Index and size of shards.
    effort : SearchParams
        Search parameters of the clustered index.
    label : str
        Name of this attempt in file names, as others search more or less.
    cluster : str, optional
        Address of a Dask scheduler whose workers search the shards.
    """

    work: Workspace
    engine: Engine
    effort: SearchParams
    label: str
    cluster: str | None = None

    def language(self, name: str) -> StoredLanguage:
        """Open one of the two languages."""
        return StoredLanguage(str(self.work.folder), name)

    def neighbors(self, k: int, *, biased: bool, progress: Progress | None) -> CrossNeighbors:
        """Find the `k` nearest rows of the other language for every row of both.

        Parameters
        ----------
        k : int
            Neighbors of each row.
        biased : bool
            Search by CSLS, with the biases written by `write_biases`.
        progress : callable, optional
            Called with the fraction done.

        Returns
        -------
        CrossNeighbors
            In the order of the stored rows. Scores are dot products minus the bias of the key.
        """
        merged = self._name("csls" if biased else "cosine")
        if not Tensors.are_whole(self.work.path(merged)):
            shards = list(self._shards(k, biased=biased))
            self._run([s for s in shards if not Tensors.are_whole(Path(s.output))], progress)
            found = [(side, self._merge(shards, side, k)) for side in SIDES]
            Tensors.save(self.work.path(merged), neighbor_tensors(found))
            for shard in shards:
                Path(shard.output).unlink()
        file = Tensors(self.work.path(merged))
        return CrossNeighbors(*(read_neighbors(file, side) for side in SIDES))

    def write_biases(self, source: Matrix, target: Matrix) -> None:
        """Write the CSLS biases for the shards.

        Parameters
        ----------
        source, target : (n,) float32
            Biases in the order of the stored rows.
        """
        tensors = {"source": source, "target": target}
        Tensors.save(self.work.path(self._name("biases")), tensors)

    def _name(self, part: str) -> str:
        return part_name(part, self.label)

    def _shards(self, k: int, *, biased: bool) -> Iterator[Shard]:
        # The exact sweep finds the neighbors of both sides; approximate indexes search both ways.
        directions = [SIDES] if self.engine.kind == "exact" else [SIDES, SIDES[::-1]]
        for queries, keys in directions:
            count = len(self.language(queries).rows)
            for first in range(0, count, self.engine.shard_rows):
                name = self._name(f"{'csls' if biased else 'cosine'}.{queries}.{first}")
                yield Shard(
                    str(self.work.folder),
                    queries,
                    keys,
                    first,
                    min(first + self.engine.shard_rows, count),
                    k,
                    biased,
                    self.engine,
                    self.effort,
                    self.label,
                    str(self.work.path(name)),
                )

    def _run(self, shards: list[Shard], progress: Progress | None) -> None:
        if self.cluster is None:
            for number, shard in enumerate(shards):
                share = 1 / len(shards)
                search_shard(shard, part_of(progress, number * share, share))
            return
        arguments = [(shard,) for shard in shards]
        done = as_completed(search_shard, arguments, cluster=self.cluster)
        for number, _ in enumerate(done, start=1):
            if progress is not None:
                progress(number / len(shards))

    def _merge(self, shards: list[Shard], side: str, k: int) -> Neighbors:
        """Merge the neighbors that shards have found for the rows of a side."""
        rows = len(self.language(side).rows)
        whole = Neighbors(np.empty((rows, k), np.int64), np.empty((rows, k), np.float32))
        files = [(shard, Tensors(Path(shard.output))) for shard in shards]
        for first in range(0, rows, _MERGED):
            end = min(first + _MERGED, rows)
            parts = [
                read_neighbors(file, "keys", first, end)
                for shard, file in files
                if shard.queries != side and "keys.scores" in file
            ]
            merged = merge_neighbors(parts + _ranges(files, side, first, end), k)
            whole.indices[first:end], whole.scores[first:end] = merged.indices, merged.scores
        return whole


def _ranges(files: list[tuple[Shard, Tensors]], side: str, first: int, end: int) -> list[Neighbors]:
    """Read the neighbors of some rows as queries: one item, or none."""
    pieces = []
    for shard, file in files:
        low, high = max(first, shard.first), min(end, shard.end)
        if shard.queries == side and low < high:
            pieces.append(read_neighbors(file, "queries", low - shard.first, high - shard.first))
    if not pieces:
        return []
    indices = np.concatenate([piece.indices for piece in pieces])
    return [Neighbors(indices, np.concatenate([piece.scores for piece in pieces]))]


def without_gaps(found: CrossNeighbors) -> CrossNeighbors:
    """Give missing neighbors a cosine of 0."""
    return CrossNeighbors(
        *(
            Neighbors(each.indices, np.where(each.indices < 0, np.float32(0), each.scores))
            for each in (found.of_source, found.of_target)
        )
    )


def reordered(found: Neighbors, queries: Indices, keys: Indices) -> Neighbors:
    """Turn stored rows of queries and keys into rows of their vocabularies."""
    result = Neighbors(np.empty_like(found.indices), np.empty_like(found.scores))
    result.indices[queries] = np.where(found.indices >= 0, keys[found.indices], -1)
    result.scores[queries] = found.scores
    return result
