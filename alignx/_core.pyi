from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

_Found = tuple[NDArray[np.float32], NDArray[np.int64]]

class PreparedKeys: ...

def search(
    queries: NDArray[np.float32],
    keys: NDArray[np.float32],
    *,
    k_queries: int,
    k_keys: int,
    query_bias: NDArray[np.float32] | None = None,
    key_bias: NDArray[np.float32] | None = None,
    known: tuple[_Found, _Found] | None = None,
    prepared_keys: PreparedKeys | None = None,
    n_threads: int | None = None,
    progress: Callable[[float], object] | None = None,
) -> tuple[_Found, _Found, tuple[int, int]]: ...
def search_clusters(
    queries: NDArray[np.float32],
    keys: NDArray[np.float32],
    prepared_keys: PreparedKeys,
    centroids: NDArray[np.float32],
    regions: NDArray[np.float32],
    region_starts: NDArray[np.int64],
    *,
    clusters_met: int,
    regions_met: int,
    k_queries: int,
    k_keys: int,
    query_bias: NDArray[np.float32] | None = None,
    key_bias: NDArray[np.float32] | None = None,
    centroid_bias: NDArray[np.float32] | None = None,
    known: _Found | None = None,
    n_threads: int | None = None,
    progress: Callable[[float], object] | None = None,
) -> tuple[_Found, _Found]: ...
def merge(parts: Sequence[_Found], k: int, n_threads: int | None = None) -> _Found: ...
def prepare_keys(
    keys: NDArray[np.float32],
    n_threads: int | None = None,
    groups: NDArray[np.int64] | None = None,
) -> PreparedKeys: ...
def score_pairs(
    queries: NDArray[np.float32], keys: NDArray[np.float32], pairs: NDArray[np.int64]
) -> NDArray[np.float32]: ...
def count_better(
    queries: NDArray[np.float32],
    keys: NDArray[np.float32],
    scores: NDArray[np.float32],
    indices: NDArray[np.int64],
    *,
    key_bias: NDArray[np.float32] | None = None,
    n_threads: int | None = None,
    progress: Callable[[float], object] | None = None,
) -> NDArray[np.int64]: ...
def checksum(array: NDArray[np.generic]) -> int: ...
def simd_level() -> str: ...
def simd_levels() -> list[str]: ...
def default_threads() -> int: ...
def explain_bus_errors() -> None: ...
def parse_vectors(
    text: Buffer,
    dimension: int,
    n_threads: int | None = None,
    separator: str = " ",
    decimal: str = ".",
) -> tuple[
    list[str],
    NDArray[np.float32],
    NDArray[np.int64],
    list[tuple[int, str]],
    int,
    list[int],
    list[tuple[int, bytes]],
]: ...
def format_vectors(
    words: Sequence[str], rows: NDArray[np.float32], decimals: int | None = None
) -> bytes: ...
