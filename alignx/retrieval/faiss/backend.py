"""Building and searching of FAISS indexes of keys with a bias.

The bias is one more coordinate, [x, 1] . [z, -bias(z)], so FAISS ranks by dot product minus bias.
"""

from __future__ import annotations

import importlib
from contextlib import nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from alignx.errors import MissingDependencyError
from alignx.support.arrays import Indices, Matrix, row_blocks, zero_rows
from alignx.support.config import get_config
from alignx.support.progress import Progress, part_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from alignx.retrieval.exact import ExactIndex

__all__ = [
    "FACTORY_STRINGS",
    "FaissObject",
    "build_index",
    "default_settings",
    "faiss_module",
    "largest_settings",
    "rescore",
    "search",
]

FaissObject: TypeAlias = Any
"""Any object of FAISS, which has no annotations."""

FACTORY_STRINGS = {
    "flat": "Flat",
    "hnsw": "HNSW32,Flat",
    "ivf": "IVF{lists},Flat",
    "ivfpq": "IVF{lists},PQ{pairs}x4fsr",
}
"""Strings of `faiss.index_factory`; a code of ``"ivfpq"`` is 4 bits for a pair of coordinates."""

# Few lists are cheap to find, many hold fewer keys that need not be compared: measured on word
# vectors, from 1 to 8 roots of the number of keys, this is the fastest at a given recall.
_LISTS_PER_ROOT = 2
_KEYS_PER_LIST = 40
_MOST_TRAINED = 2**18
_ROUNDS = 6
# 16 codes, trained with 256 keys each.
_CODES = 16
_TRAINED_FOR_CODES = 4_096
# Queries between two calls of `progress`, at which Python can interrupt a search.
_BLOCK = 1_024


@cache
def faiss_module() -> FaissObject:
    """Import FAISS, or raise MissingDependencyError."""
    try:
        return importlib.import_module("faiss")
    except ImportError as error:
        raise MissingDependencyError(
            "approximate search needs the package faiss: pip install faiss-cpu"
        ) from error


@cache
def _openmp() -> FaissObject:
    faiss_module()  # its OpenMP must be there to be found
    return importlib.import_module("threadpoolctl").ThreadpoolController()


def _threads(count: int | None = None) -> AbstractContextManager[object]:
    """Limit FAISS to `count` threads, by default to those of the config, in a ``with`` block."""
    count = get_config().n_threads if count is None else count
    if count is None:
        return nullcontext()
    limiter: AbstractContextManager[object] = _openmp().limit(limits=count, user_api="openmp")
    return limiter


def build_index(
    exact: ExactIndex, kind: str, random_state: int, progress: Progress | None
) -> FaissObject:
    """Build an index of a kind of `FACTORY_STRINGS`, reading the keys a block at a time.

    An index of kind ``"hnsw"`` gets a last coordinate that makes all keys equally long, and is zero
    in queries: the nearest by Euclidean distance are then the best by dot product. With dot
    products themselves the graph has no way to short keys.
    """
    faiss = faiss_module()
    keys, bias = exact.keys, exact.bias
    width = keys.shape[1] + (bias is not None)
    if kind == "hnsw":
        index = faiss.index_factory(keys.shape[1] + 2, FACTORY_STRINGS[kind], faiss.METRIC_L2)
        index.hnsw.efConstruction = 80
        index.hnsw.rng = faiss.RandomGenerator(random_state)
    else:
        width += kind == "ivfpq" and width % 2
        lists = round(_LISTS_PER_ROOT * len(keys) ** 0.5)
        lists = max(1, min(lists, len(keys) // _KEYS_PER_LIST))
        factory = FACTORY_STRINGS[kind].format(lists=lists, pairs=width // 2)
        index = faiss.index_factory(width, factory, faiss.METRIC_INNER_PRODUCT)
    # A shift of the bias by its mean changes no ranking, and leaves less to approximate.
    last = 0 if bias is None else bias.mean(dtype=np.float64).astype(np.float32) - bias
    last = np.broadcast_to(np.float32(last), len(keys))
    trained = 0.0
    with _threads():
        if not index.is_trained:
            _train(index, keys, last, random_state)
            trained = 0.5
        _add(index, keys, last, random_state, part_of(progress, trained, 1 - trained))
    return index


def _train(index: FaissObject, keys: Matrix, last: Matrix, random_state: int) -> None:
    """Cluster a sample of the keys into lists, then train the codes."""
    rng = np.random.default_rng(random_state)
    count = min(index.nlist * _KEYS_PER_LIST, _MOST_TRAINED)
    chosen = rng.permutation(len(keys))[:count]
    rows = _widened(keys[chosen], index.d, last[chosen])
    for clustering in (index.cp, index.pq.cp) if hasattr(index, "pq") else (index.cp,):
        clustering.seed = random_state % 2**31
        clustering.min_points_per_centroid = 1  # FAISS would print warnings about few keys
    index.cp.niter = _ROUNDS
    index.train_q1(len(rows), faiss_module().swig_ptr(rows), False, index.metric_type)  # verbose
    # What is left to train is so small that one thread is the fastest.
    with _threads(1):
        index.train(np.resize(rows, (max(_CODES, min(len(rows), _TRAINED_FOR_CODES)), index.d)))


def _add(
    index: FaissObject, keys: Matrix, last: Matrix, random_state: int, progress: Progress | None
) -> None:
    """Add the keys a block at a time, so that Python can interrupt it."""
    is_graph = hasattr(index, "hnsw")
    rng = np.random.default_rng(random_state)
    if is_graph:
        squares = np.concatenate([_squares(block) for block in row_blocks(keys)])
        longest = float((squares + last**2).max())
    done = 0
    for block in row_blocks(keys):
        wide = _widened(block, index.d, last[done : done + len(block)])
        if is_graph:
            # Equal keys would be neighbors of each other only, and zero rows are often many.
            is_zero = zero_rows(block)
            noise = rng.standard_normal((np.count_nonzero(is_zero), block.shape[1]))
            wide[is_zero, :-2] = 0.03 * (longest / block.shape[1]) ** 0.5 * noise
            wide[:, -1] = np.sqrt(np.maximum(longest - _squares(wide), 0))
        index.add(wide)
        done += len(block)
        if progress is not None:
            progress(done / len(keys))


def _squares(rows: Matrix) -> Matrix:
    squares: Matrix = np.einsum("ij,ij->i", rows, rows)
    return squares


def _widened(rows: Matrix, width: int, last: Matrix | float) -> Matrix:
    """Append the coordinate of the bias, and zeros up to the width of the index."""
    dimension = rows.shape[1]
    if width == dimension:
        return np.ascontiguousarray(rows)
    wide: Matrix = np.zeros((len(rows), width), dtype=np.float32)
    wide[:, :dimension] = rows
    wide[:, dimension] = last
    return wide


def default_settings(index: FaissObject, kind: str) -> dict[str, int]:
    """Choose settings for a search that is not tuned, in the order in which they are tuned."""
    if kind == "hnsw":
        return {"efSearch": min(128, index.ntotal)}
    lists = {"nprobe": min(index.nlist, round(5 * index.nlist**0.5))} if kind != "flat" else {}
    return lists | ({"rescored": 32} if kind == "ivfpq" else {})


def largest_settings(index: FaissObject, kind: str) -> list[dict[str, int]]:
    """List the largest settings of a tuned search; the next if the first find too little."""
    if kind == "hnsw":
        return [{"efSearch": min(4_096, index.ntotal)}]
    if kind == "ivfpq":
        return [{"nprobe": index.nlist, "rescored": count} for count in (128, 1_024)]
    return [{"nprobe": index.nlist} if kind == "ivf" else {}]


def search(
    index: FaissObject,
    exact: ExactIndex,
    queries: Matrix,
    k: int,
    settings: dict[str, int],
    progress: Progress | None,
) -> tuple[Indices, Matrix]:
    """Find keys of each query and their exact scores: (n, k), -1 and -inf where there is none."""
    faiss = faiss_module()
    parameters = None
    if "efSearch" in settings:
        parameters = faiss.SearchParametersHNSW(efSearch=settings["efSearch"])
    elif "nprobe" in settings:
        parameters = faiss.SearchParametersIVF(nprobe=settings["nprobe"])
    count = min(k * settings.get("rescored", 1), index.ntotal)
    indices = np.empty((len(queries), k), dtype=np.int64)
    scores = np.empty((len(queries), k), dtype=np.float32)
    with _threads():
        for start in range(0, len(queries), _BLOCK):
            block = slice(start, start + _BLOCK)
            rows = queries[block]
            proposed = index.search(_widened(rows, index.d, 1), count, params=parameters)[1]
            rescored = rescore(exact, rows, proposed)
            best = np.lexsort((proposed, -rescored), axis=1)[:, :k]
            indices[block] = np.take_along_axis(proposed, best, axis=1)
            scores[block] = np.take_along_axis(rescored, best, axis=1)
            if progress is not None:
                progress(min(1.0, (start + _BLOCK) / len(queries)))
    return indices, scores


def rescore(exact: ExactIndex, queries: Matrix, indices: Indices) -> Matrix:
    """Compute the scores of some keys of each query: (n, k), -inf for index -1."""
    faiss = faiss_module()
    scores: Matrix = np.empty(indices.shape, dtype=np.float32)
    pointers = map(faiss.swig_ptr, (scores, queries, exact.keys, indices))
    faiss.fvec_inner_products_by_idx(*pointers, queries.shape[1], *indices.shape)
    if exact.bias is not None:
        scores -= exact.bias[indices]
    if not np.isfinite(scores[indices >= 0]).all():
        raise ValueError("dot products must stay within float32; scale the vectors down")
    scores[indices < 0] = -np.inf
    return scores
