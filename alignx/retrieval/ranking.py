"""Exact ranks of known keys, for measures such as P@1 and MRR."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx import _core
from alignx.retrieval.kernel import as_bias, require_float32_products
from alignx.support.arrays import Indices, as_rows, longest_row, require_same_dimension
from alignx.support.config import get_config

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["best_ranks"]


def best_ranks(
    queries: ArrayLike,
    keys: ArrayLike,
    pairs: Indices,
    *,
    bias: ArrayLike | None = None,
) -> Indices:
    """Rank the best correct key of each query among all keys.

    Parameters
    ----------
    queries : (n, d) float32
        Rows to search for.
    keys : (m, d) float32
        Rows to search.
    pairs : (p, 2) int64
        Row of a query and row of a correct key; at least one pair for each query.
    bias : (m,) float32, optional
        Subtracted from the score of each key.

    Returns
    -------
    (n,) int64
        Counted from 1; of equal scores the lower row comes first.

    Raises
    ------
    ValueError
        If a query has no pair, a row does not exist, or dot products do not fit float32.
    DimensionError
        If queries and keys differ in dimension.

    Notes
    -----
    Takes O(n m d) time and a few MB.

    Examples
    --------
    >>> rows = np.eye(3, dtype=np.float32)
    >>> best_ranks(rows[:1], rows, np.array([[0, 2], [0, 1]]))
    array([2])
    """
    queries, keys = as_rows(queries, "queries"), as_rows(keys, "keys")
    require_same_dimension(queries, keys, "queries and keys")
    pairs = np.ascontiguousarray(pairs, dtype=np.int64)
    bias = None if bias is None else as_bias(bias, len(keys), "bias")
    require_float32_products(longest_row(queries), longest_row(keys), bias)
    scores = _core.score_pairs(queries, keys, pairs)
    if bias is not None:
        scores -= bias[pairs[:, 1]]
    order = np.lexsort((pairs[:, 1], -scores, pairs[:, 0]))
    asked, first = np.unique(pairs[order, 0], return_index=True)
    if len(asked) != len(queries):
        raise ValueError(f"pairs must name a key for each of {len(queries)} queries")
    best = order[first]
    better = _core.count_better(
        queries, keys, scores[best], pairs[best, 1], key_bias=bias, n_threads=get_config().n_threads
    )
    return better + 1
