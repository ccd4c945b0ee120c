from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_Found = tuple[NDArray[np.float32], NDArray[np.int64]]

def search(
    queries: NDArray[np.float32],
    keys: NDArray[np.float32],
    *,
    k_queries: int,
    k_keys: int,
    query_bias: NDArray[np.float32] | None = None,
    key_bias: NDArray[np.float32] | None = None,
    n_threads: int,
    progress: Callable[[float], object] | None = None,
) -> tuple[_Found, _Found]: ...
def simd_level() -> str: ...
def simd_levels() -> list[str]: ...
def default_threads() -> int: ...
