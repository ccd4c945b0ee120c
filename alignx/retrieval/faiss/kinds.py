"""What FAISS builds and searches for `alignx.ann`: one class for each kind of index.

A bias is one more coordinate, [x, 1] . [z, -bias(z)], so that FAISS ranks by dot product minus
bias. It only proposes keys: `alignx.ann` computes their scores again.
"""

from __future__ import annotations

import importlib
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from alignx.errors import MissingDependencyError
from alignx.retrieval.exact import ExactIndex
from alignx.support.arrays import Indices, Matrix, row_blocks, zero_rows
from alignx.support.config import get_config
from alignx.support.progress import Progress, part_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

__all__ = [
    "KINDS",
    "CompressedLists",
    "Flat",
    "Graph",
    "Lists",
    "Structure",
    "dump",
    "faiss_version",
    "restore",
    "score_rows",
    "threads",
]


# FAISS has no annotations.
_Faiss: TypeAlias = Any

# Few lists are cheap to find, many hold fewer keys that need not be compared: measured on word
# vectors, from 1 to 8 roots of the number of keys, this is the fastest at a given recall.
_LISTS_PER_ROOT = 2
_TRAINED_PER_LIST = 40
_MOST_TRAINED = 2**18
_ROUNDS = 6
_CODES = 16
_TRAINED_PER_CODE = 256


@cache
def _faiss() -> _Faiss:
    try:
        return importlib.import_module("faiss")
    except ImportError as error:
        raise MissingDependencyError(
            "approximate search needs the package faiss: pip install faiss-cpu"
        ) from error


@cache
def _openmp() -> _Faiss:
    """Find the OpenMP libraries of this process, that of FAISS among them."""
    _faiss()
    return importlib.import_module("threadpoolctl").ThreadpoolController()


def faiss_version() -> str:
    """Give the version of FAISS.

    Raises
    ------
    MissingDependencyError
        If it is not installed.
    """
    version: str = _faiss().__version__
    return version


def threads(count: int | None = None) -> AbstractContextManager[object]:
    """Limit FAISS to `count` threads, or to the number of the settings, in a ``with`` block."""
    count = get_config().n_threads if count is None else count
    if count is None:
        return nullcontext()
    limiter: AbstractContextManager[object] = _openmp().limit(limits=count, user_api="openmp")
    return limiter


def score_rows(queries: Matrix, keys: Matrix, indices: Indices) -> Matrix:
    """Dot products of each query with the keys that are named for it.

    Parameters
    ----------
    queries : (n, d) float32
        Rows.
    keys : (m, d) float32
        Rows; only those that are named are read.
    indices : (n, k) int64
        Rows of `keys`, or -1.

    Returns
    -------
    (n, k) float32
        Negative infinity for -1.
    """
    faiss = _faiss()
    indices = np.ascontiguousarray(indices)
    scores: Matrix = np.empty(indices.shape, dtype=np.float32)
    pointers = map(faiss.swig_ptr, (scores, queries, keys, indices))
    faiss.fvec_inner_products_by_idx(*pointers, keys.shape[1], *indices.shape)
    scores[indices < 0] = -np.inf
    return scores


def _widened(rows: Matrix, width: int, last: Matrix | float) -> Matrix:
    """Append the coordinate of the bias, and zeros up to the width of the index."""
    dimension = rows.shape[1]
    if width == dimension:
        return rows
    wide: Matrix = np.zeros((len(rows), width), dtype=np.float32)
    wide[:, :dimension] = rows
    wide[:, dimension] = last
    return wide


def _centered(bias: Matrix) -> Matrix:
    """Shift the bias by its mean, which changes no ranking and leaves less to approximate."""
    centered: Matrix = bias - bias.mean(dtype=np.float64).astype(np.float32)
    return centered


class Structure:
    """What FAISS keeps of the keys.

    Parameters
    ----------
    index : FAISS index
        Of all keys.
    exact : ExactIndex
        Of the same keys and bias.
    """

    faiss_class: ClassVar[str]
    queries_at_once: ClassVar[int] = 256

    def __init__(self, index: _Faiss, exact: ExactIndex) -> None:
        self.index = index
        self.dimension = exact.keys.shape[1]

    @classmethod
    def build(
        cls,
        exact: ExactIndex,
        *,
        seed: int,
        like: Structure | None = None,  # noqa: ARG003
        progress: Progress | None = None,
    ) -> Structure:
        """Build the structure of some keys.

        Parameters
        ----------
        exact : ExactIndex
            Of the keys, which are read a block at a time.
        seed : int
            Of everything random.
        like : Structure, optional
            Of the same keys with another bias; what can be is taken from it.
        progress : callable, optional
            Called now and then with the fraction done.
        """
        with threads():
            index = cls._empty(exact, seed)
            _add(index, exact, progress, cls._finisher(exact, seed))
        return cls(index, exact)

    @classmethod
    def _empty(cls, exact: ExactIndex, seed: int) -> _Faiss:
        raise NotImplementedError

    @classmethod
    def _finisher(
        cls,
        exact: ExactIndex,  # noqa: ARG003
        seed: int,  # noqa: ARG003
    ) -> Callable[[Matrix], None] | None:
        """Give what changes rows before they are added, in place."""
        return None

    def defaults(self) -> dict[str, int]:
        """Settings of a search that is not tuned, in the order in which they are tuned."""
        return {}

    def limits(self) -> list[dict[str, int]]:
        """The most that settings are raised to; more of it if the first does not suffice."""
        return [{}]

    def candidates(self, k: int, settings: dict[str, int]) -> int:
        """How many keys to propose for `k` answers."""
        count: int = self.index.ntotal
        return min(k * settings.get("rescored", 1), count)

    def propose(self, queries: Matrix, count: int, settings: dict[str, int]) -> Indices:
        """Rows of the keys that are likely the best: (n, count), -1 where there are no more."""
        return self._search(_widened(queries, self.index.d, 1), count, settings)

    def _search(self, wide: Matrix, count: int, settings: dict[str, int]) -> Indices:  # noqa: ARG002
        indices: Indices = self.index.search(wide, count)[1]
        return indices


class Flat(Structure):
    """All keys, compared with every query in float32."""

    faiss_class = "IndexFlat"

    @classmethod
    def _empty(cls, exact: ExactIndex, seed: int) -> _Faiss:  # noqa: ARG003
        return _faiss().IndexFlatIP(_width(exact))


class Graph(Structure):
    """A graph of neighboring keys, which a query walks toward its answers.

    Neighbors by dot product make a graph in which short keys cannot be reached. So keys get one
    more coordinate, which makes all of them as long as the longest and is zero in queries: the
    nearest by distance are then the best by dot product. Many equal keys would be neighbors of each
    other only; those that occur, the zero rows, are scattered a little.
    """

    faiss_class = "IndexHNSWFlat"

    @classmethod
    def _empty(cls, exact: ExactIndex, seed: int) -> _Faiss:
        faiss = _faiss()
        index = faiss.IndexHNSWFlat(exact.keys.shape[1] + 2, 32, faiss.METRIC_L2)
        index.hnsw.efConstruction = 80
        index.hnsw.rng = faiss.RandomGenerator(seed)
        return index

    @classmethod
    def _finisher(cls, exact: ExactIndex, seed: int) -> Callable[[Matrix], None]:
        squares = np.concatenate([_squares(block) for block in row_blocks(exact.keys)])
        longest = float((squares + _last_coordinate(exact) ** 2).max())
        dimension = exact.keys.shape[1]
        rng = np.random.default_rng([seed, 2])

        def finish(wide: Matrix) -> None:
            is_zero = zero_rows(wide[:, :dimension])
            scattered = rng.standard_normal((np.count_nonzero(is_zero), dimension))
            wide[is_zero, :dimension] = 0.03 * (longest / dimension) ** 0.5 * scattered
            wide[:, -1] = np.sqrt(np.maximum(longest - _squares(wide), 0))

        return finish

    def defaults(self) -> dict[str, int]:
        """Settings of a search that is not tuned."""
        return {"efSearch": min(128, self.index.ntotal)}

    def limits(self) -> list[dict[str, int]]:
        """The most that settings are raised to."""
        return [{"efSearch": min(4_096, self.index.ntotal)}]

    def _search(self, wide: Matrix, count: int, settings: dict[str, int]) -> Indices:
        parameters = _faiss().SearchParametersHNSW(efSearch=settings["efSearch"])
        indices: Indices = self.index.search(wide, count, params=parameters)[1]
        return indices


class Lists(Structure):
    """Keys in lists, each around a centroid; a query is compared with those of the best lists.

    Lists are found by direction alone, so that they are the same for every bias; which of them are
    searched is decided by the cosine to their centroids minus the mean bias of their keys.
    """

    faiss_class = "IndexIVFFlat"

    def __init__(self, index: _Faiss, exact: ExactIndex) -> None:
        super().__init__(index, exact)
        wide = _faiss().downcast_index(index.quantizer).reconstruct_n(0, index.nlist)
        self.centroids: Matrix = np.ascontiguousarray(wide[:, : self.dimension])
        self._list_bias: Matrix = np.zeros(index.nlist, dtype=np.float32)
        if exact.bias is not None:
            self._list_bias = _mean_of_lists(index, _centered(exact.bias))
        self._nearest = ExactIndex.borrowing(self.centroids, bias=self._list_bias)

    @classmethod
    def build(
        cls,
        exact: ExactIndex,
        *,
        seed: int,
        like: Structure | None = None,
        progress: Progress | None = None,
    ) -> Structure:
        """Build the structure, with the centroids of another if there is one."""
        with threads():
            if isinstance(like, Lists):
                centroids, trained = like.centroids, 0.0
            else:
                centroids, trained = _centroids(exact, seed, part_of(progress, 0, 0.5)), 0.5
            index = cls._empty_lists(len(centroids), _width(exact))
            _faiss().downcast_index(index.quantizer).add(_widened(centroids, index.d, 0))
            # What is left to train is so small that one thread is the fastest.
            with threads(1):
                index.train(_sample(exact, index.d, seed))
            _add(index, exact, part_of(progress, trained, 1 - trained))
        return cls(index, exact)

    @classmethod
    def _empty_lists(cls, lists: int, width: int) -> _Faiss:
        faiss = _faiss()
        quantizer = faiss.IndexFlatIP(width)
        return faiss.IndexIVFFlat(quantizer, width, lists, faiss.METRIC_INNER_PRODUCT)

    def defaults(self) -> dict[str, int]:
        """Settings of a search that is not tuned."""
        return {"nprobe": min(self.index.nlist, round(5 * self.index.nlist**0.5))}

    def limits(self) -> list[dict[str, int]]:
        """The most that settings are raised to."""
        return [{"nprobe": self.index.nlist}]

    def _search(self, wide: Matrix, count: int, settings: dict[str, int]) -> Indices:
        queries = np.ascontiguousarray(wide[:, : self.dimension])
        near = self._nearest.search(queries, settings["nprobe"])
        # FAISS adds the products with the centroids to those with what the codes stand for.
        products = near.scores + self._list_bias[near.indices]
        self.index.nprobe = settings["nprobe"]
        indices: Indices = self.index.search_preassigned(wide, count, near.indices, products)[1]
        return indices


class CompressedLists(Lists):
    """Lists of keys as codes of 4 bits for two coordinates, a sixteenth of the size.

    Codes are coarse, so that some keys for each answer are scored again.
    """

    faiss_class = "IndexIVFPQFastScan"
    queries_at_once = 1_024

    @classmethod
    def _empty_lists(cls, lists: int, width: int) -> _Faiss:
        faiss = _faiss()
        width += width % 2
        index = faiss.IndexIVFPQFastScan(
            faiss.IndexFlatIP(width), width, lists, width // 2, 4, faiss.METRIC_INNER_PRODUCT
        )
        index.by_residual = True
        # FAISS would print warnings about a vocabulary of some hundred words.
        index.pq.cp.min_points_per_centroid = 1
        return index

    def defaults(self) -> dict[str, int]:
        """Settings of a search that is not tuned."""
        return super().defaults() | {"rescored": 32}

    def limits(self) -> list[dict[str, int]]:
        """The most that settings are raised to."""
        return [{"nprobe": self.index.nlist, "rescored": count} for count in (128, 1_024)]


KINDS: dict[str, type[Structure]] = {
    "flat": Flat,
    "hnsw": Graph,
    "ivf": Lists,
    "ivfpq": CompressedLists,
}


def _width(exact: ExactIndex) -> int:
    dimension: int = exact.keys.shape[1]
    return dimension + (exact.bias is not None)


def _squares(rows: Matrix) -> Matrix:
    squares: Matrix = np.einsum("ij,ij->i", rows, rows)
    return squares


def _add(
    index: _Faiss,
    exact: ExactIndex,
    progress: Progress | None,
    finish: Callable[[Matrix], None] | None = None,
) -> None:
    """Add the keys a block at a time, so that Python can interrupt it."""
    last = _last_coordinate(exact)
    done = 0
    for block in row_blocks(exact.keys):
        wide = _widened(block, index.d, last[done : done + len(block)])
        if finish is not None:
            finish(wide)
        index.add(wide)
        done += len(block)
        if progress is not None:
            progress(done / len(exact))


def _last_coordinate(exact: ExactIndex) -> Matrix:
    if exact.bias is None:
        return np.zeros(len(exact), dtype=np.float32)
    return -_centered(exact.bias)


def _sample(exact: ExactIndex, width: int, seed: int) -> Matrix:
    """Draw the rows that codes are trained on, some twice if there are fewer than codes."""
    rng = np.random.default_rng([seed, 1])
    count = min(len(exact), _CODES * _TRAINED_PER_CODE)
    chosen = np.resize(np.sort(rng.permutation(len(exact))[:count]), max(count, _CODES))
    return _widened(exact.keys[chosen], width, _last_coordinate(exact)[chosen])


def _centroids(exact: ExactIndex, seed: int, progress: Progress | None) -> Matrix:
    """Cluster a sample of the keys by direction: spherical k-means, (lists, d) of unit length.

    Exact neighbors do not depend on the number of threads, so that centroids do not either.
    """
    keys = exact.keys
    count = max(1, min(round(_LISTS_PER_ROOT * len(keys) ** 0.5), len(keys) // _TRAINED_PER_LIST))
    order = np.random.default_rng([seed, 0]).permutation(len(keys))
    sample = keys[np.sort(order[: min(count * _TRAINED_PER_LIST, _MOST_TRAINED)])]
    centroids = _directions(keys[np.sort(order[:count])])
    for round_ in range(_ROUNDS):
        chosen = ExactIndex.borrowing(centroids).search(sample, 1).indices[:, 0]
        by_list = np.argsort(chosen, kind="stable")
        filled, first = np.unique(chosen[by_list], return_index=True)
        centroids[filled] = _directions(np.add.reduceat(sample[by_list], first, axis=0))
        if progress is not None:
            progress((round_ + 1) / _ROUNDS)
    return centroids


def _directions(rows: Matrix) -> Matrix:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    norms[norms == 0] = 1
    unit: Matrix = rows / norms
    return unit


def _mean_of_lists(index: _Faiss, bias: Matrix) -> Matrix:
    means: Matrix = np.zeros(index.nlist, dtype=np.float32)
    for number in range(index.nlist):
        size = index.invlists.list_size(number)
        if size:
            rows = _faiss().rev_swig_ptr(index.invlists.get_ids(number), size)
            means[number] = bias[rows].mean(dtype=np.float64)
    return means


def dump(structure: Structure, write: Callable[[bytes], object]) -> None:
    """Give FAISS's own file of the structure to `write`, piece by piece.

    Raises
    ------
    OSError
        If `write` raises it.
    """
    faiss = _faiss()
    if isinstance(structure, Lists):
        structure.index.nprobe = 1  # what the last search left would be written too
    faiss.write_index(structure.index, faiss.PyCallbackIOWriter(write))


def restore(path: str, kind: str, exact: ExactIndex, *, mmap: bool) -> Structure | None:
    """Read FAISS's own file, which must be whole; None if FAISS cannot read it as what it is.

    Parameters
    ----------
    path : str
        The file; what follows FAISS's part of it does no harm.
    kind : str
        A key of `KINDS`.
    exact : ExactIndex
        Of the keys and bias that it was built from.
    mmap : bool
        Map it into memory where FAISS can.
    """
    faiss = _faiss()
    try:
        with Path(path).open("rb") as file:  # FAISS itself takes only names that have UTF-8
            name = f"/proc/self/fd/{file.fileno()}"
            index = faiss.read_index(name, getattr(faiss, "IO_FLAG_MMAP_IFC", 0) if mmap else 0)
    except RuntimeError:
        return None
    structure = KINDS[kind]
    is_right = isinstance(index, getattr(faiss, structure.faiss_class))
    return structure(index, exact) if is_right and index.ntotal == len(exact) else None
