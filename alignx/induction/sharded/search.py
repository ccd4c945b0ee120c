"""Neighbors across two stored languages, shard by shard, each kept in a file when it is finished.

One direction has the rows of one language as queries, a range of them for each shard, and all rows
of the other as keys. A shard of a kernel's search fills neighbors of both sides; merging those of
all shards, and of both directions where search is approximate, gives what one search would have.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from alignx.errors import FormatError
from alignx.induction.sharded.stored_rows import StoredLanguage
from alignx.induction.sharded.workspace import Tensors, Workspace
from alignx.retrieval.clustered import ClusteredIndex, SearchParams
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.neighbors import CrossNeighbors, Neighbors, merge_neighbors
from alignx.support.memory import release
from alignx.support.parallel import as_completed
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from alignx.support.arrays import Matrix
    from alignx.support.progress import Progress

__all__ = [
    "FAISS_KINDS",
    "SIDES",
    "Engine",
    "IndexKind",
    "Searching",
    "build_index",
    "forget_indexes",
    "search_shard",
]

IndexKind: TypeAlias = Literal["exact", "clustered", "ivf", "hnsw", "ivfpq"]
FAISS_KINDS = ("ivf", "hnsw", "ivfpq")
SIDES = ("source", "target")
# Rows that are merged at a time.
_MERGED = 262_144


@dataclass(frozen=True)
class Engine:
    """How neighbors are found.

    Parameters
    ----------
    kind : {"exact", "clustered", "ivf", "hnsw", "ivfpq"}
        The index.
    recall : float
        What an approximate index must reach, in (0, 1].
    shard_rows : int
        Queries of a shard.
    seed : int
        Of all random numbers.
    """

    kind: IndexKind
    recall: float = 0.99
    shard_rows: int = 250_000
    seed: int = 0


@dataclass(frozen=True)
class _Shard:
    """What a process needs to know to search one shard; it travels by pickle."""

    folder: str
    queries: str  # names of languages
    keys: str
    first: int
    end: int
    k: int
    biased: bool
    engine: Engine
    effort: SearchParams
    label: str
    output: str


def _part_name(part: str, label: str) -> str:
    """Name the file of a part of the search."""
    return f"{part}.{label}.safetensors"


@dataclass(frozen=True)
class Searching:
    """The searches of one dictionary.

    Parameters
    ----------
    work : Workspace
        Keeps what is finished.
    engine : Engine
        How neighbors are found.
    effort : SearchParams
        Of the clustered index.
    label : str
        Tells the files of this attempt from those of others with more or less effort.
    cluster : str, optional
        Address of a Dask scheduler whose workers search the shards.
    """

    work: Workspace
    engine: Engine
    effort: SearchParams
    label: str
    cluster: str | None = None

    def language(self, name: str) -> StoredLanguage:
        """Give one of the two languages."""
        return StoredLanguage(str(self.work.folder), name)

    def neighbors(self, k: int, *, biased: bool, progress: Progress | None) -> CrossNeighbors:
        """The `k` nearest rows of the other language, for every row of both.

        Parameters
        ----------
        k : int
            How many.
        biased : bool
            Whether to search by CSLS, with the biases that `keep_biases` has kept.
        progress : callable, optional
            Called now and then with the fraction done.

        Returns
        -------
        CrossNeighbors
            In the order of the stored rows. Scores are dot products less the bias of what is found.
        """
        merged = self._name("csls" if biased else "cosine")
        if not Tensors.are_whole(self.work.path(merged)):
            shards = list(self._shards(k, biased=biased))
            self._run([s for s in shards if not Tensors.are_whole(Path(s.output))], progress)
            found = [(side, self._merge(shards, side, k)) for side in SIDES]
            Tensors.save(self.work.path(merged), _tensors(found))
            for shard in shards:
                Path(shard.output).unlink()
        return _neighbors(Tensors(self.work.path(merged)))

    def keep_biases(self, source: Matrix, target: Matrix) -> None:
        """Keep the biases of CSLS for the shards.

        Parameters
        ----------
        source, target : (n,) float32
            In the order of the stored rows.
        """
        tensors = {"source": source, "target": target}
        Tensors.save(self.work.path(self._name("biases")), tensors)

    def _name(self, part: str) -> str:
        return _part_name(part, self.label)

    def _shards(self, k: int, *, biased: bool) -> Iterator[_Shard]:
        # The exact sweep finds the neighbors of both sides; what is approximate searches both ways.
        directions = [SIDES] if self.engine.kind == "exact" else [SIDES, SIDES[::-1]]
        for queries, keys in directions:
            count = len(self.language(queries).rows)
            for first in range(0, count, self.engine.shard_rows):
                name = self._name(f"{'csls' if biased else 'cosine'}.{queries}.{first}")
                yield _Shard(
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

    def _run(self, shards: list[_Shard], progress: Progress | None) -> None:
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

    def _merge(self, shards: list[_Shard], side: str, k: int) -> Neighbors:
        """Join what shards have found for the rows of a side."""
        rows = len(self.language(side).rows)
        whole = Neighbors(np.empty((rows, k), np.int64), np.empty((rows, k), np.float32))
        files = [(shard, Tensors(Path(shard.output))) for shard in shards]
        for first in range(0, rows, _MERGED):
            end = min(first + _MERGED, rows)
            parts = [
                _read(file, "keys", first, end)
                for shard, file in files
                if shard.queries != side and "keys.scores" in file
            ]
            merged = merge_neighbors(parts + _ranges(files, side, first, end), k)
            whole.indices[first:end], whole.scores[first:end] = merged.indices, merged.scores
        return whole


def _ranges(
    files: list[tuple[_Shard, Tensors]], side: str, first: int, end: int
) -> list[Neighbors]:
    """What was found for some rows where they were queries: one item, or none."""
    pieces = []
    for shard, file in files:
        low, high = max(first, shard.first), min(end, shard.end)
        if shard.queries == side and low < high:
            pieces.append(_read(file, "queries", low - shard.first, high - shard.first))
    if not pieces:
        return []
    indices = np.concatenate([piece.indices for piece in pieces])
    return [Neighbors(indices, np.concatenate([piece.scores for piece in pieces]))]


def _read(file: Tensors, side: str, first: int = 0, end: int | None = None) -> Neighbors:
    indices = file.rows(f"{side}.indices", first, end).astype(np.int64)
    return Neighbors(indices, file.rows(f"{side}.scores", first, end))


def _tensors(found: Iterable[tuple[str, Neighbors]]) -> dict[str, NDArray[Any]]:
    # Rows are fewer than 2^31; files of half the size are worth the conversion.
    tensors: dict[str, NDArray[Any]] = {}
    for name, neighbors in found:
        tensors[f"{name}.indices"] = neighbors.indices.astype(np.int32)
        tensors[f"{name}.scores"] = neighbors.scores
    return tensors


def _neighbors(file: Tensors) -> CrossNeighbors:
    return CrossNeighbors(*(_read(file, side) for side in SIDES))


def search_shard(shard: _Shard, progress: Progress | None = None) -> str:
    """Search one shard and write what it finds; a function of a module, for other processes.

    Parameters
    ----------
    shard : _Shard
        What to search.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    str
        The file that was written.
    """
    queries = StoredLanguage(shard.folder, shard.queries)
    rows = queries.rows[shard.first : shard.end]
    if shard.engine.kind in FAISS_KINDS:
        tensors = _tensors([("queries", _search_faiss(shard, rows, progress))])
    else:
        search = _search_exact if shard.engine.kind == "exact" else _search_clustered
        found = search(shard, rows, progress)
        tensors = _tensors([("queries", found.of_source), ("keys", found.of_target)])
    Tensors.save(Path(shard.output), tensors)
    release(rows)
    return shard.output


def _biases(shard: _Shard) -> tuple[Matrix | None, Matrix | None]:
    """Biases of the queries and of the keys."""
    if not shard.biased:
        return None, None
    tensors = Tensors(Path(shard.folder, _part_name("biases", shard.label)))
    return tensors.rows(shard.queries, shard.first, shard.end), tensors[shard.keys]


def _search_exact(shard: _Shard, rows: Matrix, progress: Progress | None) -> CrossNeighbors:
    index = _exact_index(*_key_of(shard))
    return _with_offset(index.cross_search(rows, shard.k, progress=progress), shard.first)


def _search_clustered(shard: _Shard, rows: Matrix, progress: Progress | None) -> CrossNeighbors:
    index = _clustered_index(*_key_of(shard))
    query_bias, key_bias = _biases(shard)
    known = None
    if shard.biased:
        cosine = Tensors(Path(shard.folder, _part_name("cosine", shard.label)))
        known = _read(cosine, shard.queries, shard.first, shard.end)
    found = index.cross_search(
        rows,
        shard.k,
        shard.effort,
        query_bias=query_bias,
        key_bias=key_bias,
        known=known,
        progress=progress,
    )
    return _with_offset(found, shard.first)


def _search_faiss(shard: _Shard, rows: Matrix, progress: Progress | None) -> Neighbors:
    from alignx.retrieval.faiss.index import FaissIndex

    path = _index_path(Path(shard.folder), shard.keys, biased=shard.biased)
    keys = StoredLanguage(shard.folder, shard.keys).rows
    index = FaissIndex.load(path, keys, keys_checksum=_NO_CHECKSUM)
    return index.search(rows, shard.k, progress=progress)


# The index lies beside its keys in a folder whose parts belong together.
_NO_CHECKSUM = "0" * 64


def _index_path(folder: Path, keys: str, *, biased: bool) -> Path:
    """Where the FAISS index of a language is."""
    return folder / f"{keys}.{'csls' if biased else 'cosine'}.faiss"


def build_index(
    work: Workspace,
    engine: Engine,
    keys: str,
    queries: str,
    *,
    target: float,
    bias: Matrix | None,
    progress: Progress | None,
) -> None:
    """Build the FAISS index of a language, or take the one that is there, and tune it.

    Parameters
    ----------
    work : Workspace
        Where it goes.
    engine : Engine
        Its kind.
    keys, queries : {"source", "target"}
        Which language is searched, and by which.
    target : float
        Recall that the index is tuned to, in (0, 1].
    bias : (m,) float32, optional
        Of the keys.
    progress : callable, optional
        Called now and then with the fraction done.

    Raises
    ------
    RecallError
        If no settings reach the recall.
    """
    from alignx.retrieval.faiss.index import FaissIndex

    path = _index_path(work.folder, keys, biased=bias is not None)
    rows = StoredLanguage(str(work.folder), keys).rows
    try:
        index = FaissIndex.load(path, rows, keys_checksum=_NO_CHECKSUM)
        if bias is not None and (index.bias is None or (index.bias != bias).any()):
            index = index.with_bias(bias, progress=part_of(progress, 0, 0.8))
    except FormatError:  # none yet, or only one of its two files
        index = FaissIndex(
            rows,
            bias=bias,
            kind=engine.kind,  # type: ignore[arg-type]  # one of FAISS's
            random_state=engine.seed,
            progress=part_of(progress, 0, 0.8),
        )
    if index.measured_recall is None or index.measured_recall < target:
        sample = StoredLanguage(str(work.folder), queries).rows
        index.tune(sample, 1, target=target, progress=part_of(progress, 0.8, 0.2))
        index.save(path, keys_checksum=_NO_CHECKSUM)


def _with_offset(found: CrossNeighbors, first: int) -> CrossNeighbors:
    """Make indices of a shard's queries those of all queries."""
    near_keys = found.of_target
    indices = np.where(near_keys.indices >= 0, near_keys.indices + first, -1)
    return CrossNeighbors(found.of_source, Neighbors(indices, near_keys.scores))


def _key_of(shard: _Shard) -> tuple[str, str, int]:
    """What an index depends on; a worker may meet other rows in the same place later."""
    written = StoredLanguage(shard.folder, shard.keys).path.stat().st_mtime_ns
    return shard.folder, shard.keys, written


# Shards of one direction come one after the other, so that the keys need preparing once.
@lru_cache(maxsize=1)
def _exact_index(folder: str, keys: str, _written: int) -> ExactIndex:
    return ExactIndex(StoredLanguage(folder, keys).rows)


@lru_cache(maxsize=1)
def _clustered_index(folder: str, keys: str, _written: int) -> ClusteredIndex:
    language = StoredLanguage(folder, keys)
    if language.clusters is None:
        raise FormatError(language.path, "its clusters are missing; delete the folder")
    return ClusteredIndex(language.rows, language.clusters)


def forget_indexes() -> None:
    """Give back the memory of prepared keys."""
    _exact_index.cache_clear()
    _clustered_index.cache_clear()
