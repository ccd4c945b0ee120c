"""Search of one shard: some queries of a language against all keys of the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.errors import FormatError
from alignx.induction.sharded.plan import FAISS_KINDS, IndexKind
from alignx.induction.sharded.stored_rows import StoredLanguage
from alignx.retrieval.clustered import ClusteredIndex, SearchParams
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.neighbors import CrossNeighbors, Neighbors
from alignx.support.memory import release
from alignx.support.progress import part_of
from alignx.support.workspace import Tensors, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from alignx.support.arrays import Matrix
    from alignx.support.progress import Progress

__all__ = [
    "Engine",
    "Shard",
    "build_index",
    "clear_indexes",
    "neighbor_tensors",
    "part_name",
    "read_neighbors",
    "search_shard",
]


@dataclass(frozen=True)
class Engine:
    """Index and size of shards of a search.

    Parameters
    ----------
    kind : {"exact", "clustered", "ivf", "hnsw", "ivfpq"}
        The index.
    recall : float
        Recall that an approximate index must reach, in (0, 1].
    shard_rows : int
        Queries of a shard.
    seed : int
        Seed of all random numbers.
    """

    kind: IndexKind
    recall: float = 0.99
    shard_rows: int = 250_000
    seed: int = 0


@dataclass(frozen=True)
class Shard:
    """Task of a process: the search of one shard."""

    folder: str
    queries: str
    keys: str
    first: int
    end: int
    k: int
    biased: bool
    engine: Engine
    effort: SearchParams
    label: str
    output: str


def part_name(part: str, label: str) -> str:
    """Return the file name of a part of the search."""
    return f"{part}.{label}.safetensors"


def read_neighbors(file: Tensors, side: str, first: int = 0, end: int | None = None) -> Neighbors:
    """Read rows of the neighbors of a side."""
    indices = file.rows(f"{side}.indices", first, end).astype(np.int64)
    return Neighbors(indices, file.rows(f"{side}.scores", first, end))


def neighbor_tensors(found: Iterable[tuple[str, Neighbors]]) -> dict[str, NDArray[Any]]:
    """Arrange neighbors as arrays for a file."""
    # Rows are fewer than 2^31, and int32 halves the files.
    tensors: dict[str, NDArray[Any]] = {}
    for name, neighbors in found:
        tensors[f"{name}.indices"] = neighbors.indices.astype(np.int32)
        tensors[f"{name}.scores"] = neighbors.scores
    return tensors


def search_shard(shard: Shard, progress: Progress | None = None) -> str:
    """Search one shard and write its neighbors.

    Parameters
    ----------
    shard : Shard
        Task.
    progress : callable, optional
        Called with the fraction done.

    Returns
    -------
    str
        Path of the written file.
    """
    queries = StoredLanguage(shard.folder, shard.queries)
    rows = queries.rows[shard.first : shard.end]
    if shard.engine.kind in FAISS_KINDS:
        tensors = neighbor_tensors([("queries", _search_faiss(shard, rows, progress))])
    else:
        search = _search_exact if shard.engine.kind == "exact" else _search_clustered
        found = search(shard, rows, progress)
        tensors = neighbor_tensors([("queries", found.of_source), ("keys", found.of_target)])
    Tensors.save(Path(shard.output), tensors)
    release(rows)
    return shard.output


def _biases(shard: Shard) -> tuple[Matrix | None, Matrix | None]:
    """Return the biases of the queries and of the keys."""
    if not shard.biased:
        return None, None
    tensors = Tensors(Path(shard.folder, part_name("biases", shard.label)))
    return tensors.rows(shard.queries, shard.first, shard.end), tensors[shard.keys]


def _search_exact(shard: Shard, rows: Matrix, progress: Progress | None) -> CrossNeighbors:
    index = _exact_index(*_key_of(shard))
    return _with_offset(index.cross_search(rows, shard.k, progress=progress), shard.first)


def _search_clustered(shard: Shard, rows: Matrix, progress: Progress | None) -> CrossNeighbors:
    index = _clustered_index(*_key_of(shard))
    query_bias, key_bias = _biases(shard)
    known = None
    if shard.biased:
        cosine = Tensors(Path(shard.folder, part_name("cosine", shard.label)))
        known = read_neighbors(cosine, shard.queries, shard.first, shard.end)
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


def _search_faiss(shard: Shard, rows: Matrix, progress: Progress | None) -> Neighbors:
    from alignx.retrieval.faiss.index import FaissIndex

    path = _index_path(Path(shard.folder), shard.keys, biased=shard.biased)
    keys = StoredLanguage(shard.folder, shard.keys).rows
    index = FaissIndex.load(path, keys, keys_checksum=_NO_CHECKSUM)
    return index.search(rows, shard.k, progress=progress)


# A checksum is not needed: the index lies beside its keys.
_NO_CHECKSUM = "0" * 64


def _index_path(folder: Path, keys: str, *, biased: bool) -> Path:
    """Return the path of the FAISS index of a language."""
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
    """Build the FAISS index of a language, or load the stored one, and tune it.

    Parameters
    ----------
    work : Workspace
        Folder of the index.
    engine : Engine
        Kind of index.
    keys, queries : {"source", "target"}
        Side of the keys and side of the queries.
    target : float
        Recall to reach, in (0, 1].
    bias : (m,) float32, optional
        Biases of the keys.
    progress : callable, optional
        Called with the fraction done.

    Raises
    ------
    RecallError
        If no parameters reach the recall.
    """
    from alignx.retrieval.faiss.index import FaissIndex

    path = _index_path(work.folder, keys, biased=bias is not None)
    rows = StoredLanguage(str(work.folder), keys).rows
    try:
        index = FaissIndex.load(path, rows, keys_checksum=_NO_CHECKSUM)
        if bias is not None and (index.bias is None or (index.bias != bias).any()):
            index = index.with_bias(bias, progress=part_of(progress, 0, 0.8))
    except (FormatError, OSError):  # none yet, or only one of its two files
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
    """Turn indices of a shard's queries into those of all queries."""
    near_keys = found.of_target
    indices = np.where(near_keys.indices >= 0, near_keys.indices + first, -1)
    return CrossNeighbors(found.of_source, Neighbors(indices, near_keys.scores))


def _key_of(shard: Shard) -> tuple[str, str, int]:
    """Return the identity of stored keys, which a later run may replace."""
    written = StoredLanguage(shard.folder, shard.keys).path.stat().st_mtime_ns
    return shard.folder, shard.keys, written


# Shards of one direction follow each other, so that the keys are prepared once.
@lru_cache(maxsize=1)
def _exact_index(folder: str, keys: str, _written: int) -> ExactIndex:
    return ExactIndex(StoredLanguage(folder, keys).rows)


@lru_cache(maxsize=1)
def _clustered_index(folder: str, keys: str, _written: int) -> ClusteredIndex:
    language = StoredLanguage(folder, keys)
    if language.clusters is None:
        raise FormatError(language.path, "its clusters are missing; delete the folder")
    return ClusteredIndex(language.rows, language.clusters)


def clear_indexes() -> None:
    """Free the memory of prepared keys."""
    _exact_index.cache_clear()
    _clustered_index.cache_clear()
