"""Search of checked rows in both directions, by the compiled kernel or by torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from alignx import _core
from alignx.retrieval.neighbors import CrossNeighbors, Neighbors
from alignx.support.arrays import (
    Indices,
    Matrix,
    as_rows,
    freeze,
    longest_row,
    require_same_dimension,
)
from alignx.support.config import get_config

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from alignx.support.progress import Progress

__all__ = ["as_bias", "as_source_and_target", "require_float32_products", "search_rows"]

_Found: TypeAlias = tuple[Matrix, Indices]

# Below this length of a dot product, what float32 makes zero is no longer beyond its precision.
_SHORTEST_PRODUCT = 2.0**-116
_LARGEST = float(np.finfo(np.float32).max)


def search_rows(
    queries: Matrix,
    keys: Matrix,
    *,
    longest_key: float | None = None,
    k_queries: int,
    k_keys: int = 0,
    query_bias: Matrix | None = None,
    key_bias: Matrix | None = None,
    known: tuple[_Found, _Found] | None = None,
    prepared_keys: _core.PreparedKeys | None = None,
    progress: Progress | None = None,
) -> CrossNeighbors:
    """Search checked rows in both directions, with `_core.search` or on a device of torch."""
    require_float32_products(
        longest_row(queries),
        longest_row(keys) if longest_key is None else longest_key,
        query_bias,
        key_bias,
    )
    config = get_config()
    if config.device is None:
        of_queries, of_keys, fallbacks = _core.search(
            queries,
            keys,
            k_queries=k_queries,
            k_keys=k_keys,
            query_bias=query_bias,
            key_bias=key_bias,
            known=known,
            prepared_keys=prepared_keys,
            n_threads=config.n_threads,
            progress=progress,
        )
    else:
        from alignx.retrieval import torch_backend  # torch takes a second to load

        of_queries, of_keys, fallbacks = torch_backend.search(
            queries,
            keys,
            k_queries=k_queries,
            k_keys=k_keys,
            query_bias=query_bias,
            key_bias=key_bias,
            progress=progress,
        )
    (query_scores, keys_near), (key_scores, queries_near) = of_queries, of_keys
    return CrossNeighbors(
        Neighbors(keys_near, query_scores, fallbacks[0]),
        Neighbors(queries_near, key_scores, fallbacks[1]),
    )


def require_float32_products(
    longest_query: float, longest_key: float, *biases: Matrix | None
) -> None:
    """Refuse row lengths whose dot products, less a bias, overflow float32 or vanish in it."""
    product = longest_query * longest_key
    most = max((float(np.abs(b).max(initial=0)) for b in biases if b is not None), default=0.0)
    # No sum of products of elements is larger, by Cauchy and Schwarz, but for rounding.
    if 1.001 * product + most > _LARGEST or 0 < product < _SHORTEST_PRODUCT:
        added = f", and biases up to {most:.3g}" if most else ""
        raise ValueError(
            f"dot products must stay within float32, got rows as long as {longest_query:.3g} and "
            f"{longest_key:.3g}{added}; scale the rows"
        )


def as_bias(bias: ArrayLike, count: int, name: str) -> Matrix:
    """Check and copy a bias for each of `count` rows."""
    values = np.asarray(bias)
    if values.shape != (count,):
        raise ValueError(f"{name} must hold one value for each of {count} rows, got {values.shape}")
    return freeze(as_rows(values[:, None], name)[:, 0].copy())


def as_source_and_target(source: ArrayLike, target: ArrayLike) -> tuple[Matrix, Matrix]:
    """Check the rows of two languages, which must have one dimension."""
    rows = as_rows(source, "source"), as_rows(target, "target")
    require_same_dimension(*rows, "source and target")
    return rows
