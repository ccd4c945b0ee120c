"""Choice of index and shard sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from alignx.errors import AlignxError
from alignx.retrieval.clustered import can_search_clusters

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "FAISS_KINDS",
    "IndexChoice",
    "IndexKind",
    "Plan",
    "Sharding",
    "is_large",
    "make_plan",
    "needed_memory",
    "slower_than_exact",
]

IndexKind: TypeAlias = Literal["exact", "clustered", "ivf", "hnsw", "ivfpq"]
IndexChoice: TypeAlias = Literal["auto", "exact", "clustered", "ivf", "hnsw", "ivfpq"]
FAISS_KINDS = ("ivf", "hnsw", "ivfpq")

# Pairs of words up to which exact search is a matter of half a minute on two cores.
PAIRS_FOR_EXACT = 4e10
# Time of a dictionary with each index over that of exact search: at 10,000 and 80,000 words a
# language, and the power of the number of words by which it falls from there on, the difference of
# the slopes of growth in benchmarks/README.md.
MEASURED = (10_000, 80_000)
SLOWDOWN = {
    "clustered": (1.5, 1.5, 0.6),
    "ivf": (9.0, 30.0, 0.0),
    "hnsw": (13.0, 30.0, 0.45),
    "ivfpq": (7.0, 8.0, 0.65),
}
SHARD_ROWS = (262_144, 131_072, 65_536, 32_768)
# Bytes of Python with its libraries, and of a word as a string in the lists of its language.
BASE = 350_000_000
WORD = 180


@dataclass(frozen=True, kw_only=True)
class Sharding:
    """Options of a sharded search: index, memory, checkpoint and cluster.

    Parameters
    ----------
    index : {"auto", "exact", "clustered", "ivf", "hnsw", "ivfpq"}
        Kind of search. ``"exact"`` compares all words; ``"clustered"`` compares a word only with
        the clusters nearest to it; the others are indexes of FAISS.
    recall : float
        Least share of best translations by CSLS that an approximate index must find, in (0, 1].
    memory : int, optional
        Limit of resident memory in bytes.
    checkpoint : path, optional
        Folder that keeps finished parts, so that an interrupted search resumes. It takes about
        three times the size of the vectors, and is deleted in the end. Default: a temporary folder.
    keep_checkpoint : bool
        Leave the folder in the end.
    cluster : str, optional
        Address of a Dask scheduler whose workers see the folder.
    random_state : int
        Seed of clusters and samples. The same seed gives the same dictionary with any number of
        threads; for ``"hnsw"`` only with one thread.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    index: IndexChoice = "auto"
    recall: float = 0.99
    memory: int | None = None
    checkpoint: str | Path | None = None
    keep_checkpoint: bool = False
    cluster: str | None = None
    random_state: int = 0

    def __post_init__(self) -> None:
        if self.index not in get_args(IndexChoice):
            names = ", ".join(get_args(IndexChoice))
            raise ValueError(f"index must be one of {names}, got {self.index!r}")
        if not 0 < self.recall <= 1:
            raise ValueError(f"recall must lie in (0, 1], got {self.recall}")
        if self.memory is not None and self.memory < 1:
            raise ValueError(f"memory must be at least 1 byte, got {self.memory}")
        if self.random_state < 0:
            raise ValueError(f"random_state must be at least 0, got {self.random_state}")


@dataclass(frozen=True)
class Plan:
    """Chosen index and size of shards.

    Attributes
    ----------
    kind : {"exact", "clustered", "ivf", "hnsw", "ivfpq"}
        The index.
    reason : str
        Reason of the choice.
    shard_rows : int
        Queries of a shard.
    memory : int
        Estimated peak of memory in bytes.
    """

    kind: IndexKind
    reason: str
    shard_rows: int
    memory: int


def is_large(n: int, m: int) -> bool:
    """Tell whether exact search of vocabularies of these sizes takes long.

    Examples
    --------
    >>> is_large(200_000, 200_000), is_large(1_000_000, 100_000)
    (False, True)
    """
    return n * m > PAIRS_FOR_EXACT


def slower_than_exact(kind: IndexKind, n: int, m: int) -> str | None:
    """Return a warning if an index is slower than exact search for `n` and `m` words.

    Examples
    --------
    >>> slower_than_exact("hnsw", 80_000, 80_000)
    'hnsw takes some 30 times as long as --index exact for 80,000 x 80,000 words'
    >>> slower_than_exact("clustered", 1_000_000, 1_000_000)
    """
    if kind == "exact":
        return None
    few, many = MEASURED
    of_few, of_many, power = SLOWDOWN[kind]
    words = max(few, (n * m) ** 0.5)
    if words < many:
        ratio = of_few * (of_many / of_few) ** (math.log(words / few) / math.log(many / few))
    else:
        ratio = of_many * (many / words) ** power
    if ratio < 1:
        return None
    return f"{kind} takes some {ratio:.2g} times as long as --index exact for {n:,} x {m:,} words"


def make_plan(n: int, m: int, dimension: int, sharding: Sharding, k: int) -> Plan:
    """Choose an index and the size of shards.

    Parameters
    ----------
    n, m : int
        Words of both languages.
    dimension : int
        Dimension of the space.
    sharding : Sharding
        Options of the search.
    k : int
        Neighbors of each row.

    Raises
    ------
    AlignxError
        If the memory cannot suffice, or the processor lacks what ``"clustered"`` needs.

    Examples
    --------
    >>> make_plan(50_000, 50_000, 300, Sharding(), 10).kind
    'exact'
    >>> make_plan(1_000_000, 1_000_000, 300, Sharding(), 10).kind
    'clustered'
    """
    kind, reason = _choose(n, m, sharding.index, sharding.recall)
    for shard_rows in SHARD_ROWS:
        needed = needed_memory(kind, n, m, dimension, shard_rows, k)
        if sharding.memory is None or needed <= sharding.memory:
            return Plan(kind, reason, shard_rows, needed)
    allowed = sharding.memory or 0
    raise AlignxError(
        f"{n:,} x {m:,} words of {dimension} dimensions take {needed / 1e9:.1f} GB with the "
        f"{kind} index, {allowed / 1e9:.1f} GB are allowed; raise memory (--memory), or read fewer "
        "words (--limit)"
    )


def _choose(n: int, m: int, index: IndexChoice, recall: float) -> tuple[IndexKind, str]:
    pairs = f"{n:,} x {m:,} words"
    if index == "clustered" and not can_search_clusters():
        raise AlignxError(
            "this processor has no fast kernel for clusters; take --index exact or ivf"
        )
    if index != "auto":
        return index, "as asked"
    if recall == 1:
        return "exact", "recall 1 is asked for"
    if not is_large(n, m):
        return "exact", f"{pairs} take seconds"
    if not can_search_clusters():
        return "exact", f"this processor has no fast kernel for clusters ({pairs} will take long)"
    return "clustered", f"{pairs} would take exact search minutes to hours"


def needed_memory(kind: IndexKind, n: int, m: int, dimension: int, shard_rows: int, k: int) -> int:
    """Estimate the peak of resident memory in bytes, pages of mapped files included.

    Examples
    --------
    >>> needed_memory("exact", 1000, 1000, 300, 65_536, 10) < 1e9
    True
    """
    more, both = max(n, m), n + m
    row = 4.0 * dimension
    shard = min(shard_rows, more) * (2 * row + 40 * k)
    lists = both * k * 12
    if kind == "exact":
        # The second sweep holds bytes and float32 rows of both languages.
        work = both * (row + dimension) + shard
    elif kind == "clustered":
        # Panels of clusters are half empty; candidates and partial answers of all keys add to them.
        work = more * (row + 2.2 * dimension + 40 * k) + shard
    elif kind == "ivfpq":
        work = more * (row + dimension / 4) + shard
    else:
        work = more * (2 * row + (300 if kind == "hnsw" else 20)) + shard
    return int(BASE + both * WORD + 2 * lists + 1.1 * work)
