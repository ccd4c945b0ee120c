"""Exact nearest neighbors by dot product or cosine, on the processor or a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from alignx import _core
from alignx.retrieval.neighbors import N_NEIGHBORS, CrossNeighbors, Neighbors, resolved_count
from alignx.support.arrays import (
    Indices,
    Matrix,
    as_rows,
    freeze,
    frozen_rows,
    longest_row,
    require_same_dimension,
)
from alignx.support.config import get_config

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import ArrayLike

    from alignx.support.progress import Progress

__all__ = [
    "ExactIndex",
    "as_bias",
    "as_languages",
    "cosine_neighbors",
    "cross_neighbors",
    "ranks",
    "require_products",
    "seal_of",
    "sealed",
    "sweep",
]

_Found: TypeAlias = tuple[Matrix, Indices]

# Keys are prepared once an index is asked that many queries; for fewer it would take longer than
# the search.
_PREPARED_FROM = 256

# Below this length of a dot product, what float32 makes zero is no longer beyond its precision.
_SHORTEST_PRODUCT = 2.0**-116
_LARGEST = float(np.finfo(np.float32).max)


def sweep(
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
    """Search both ways, on the processor or on a device of torch."""
    require_products(
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


def require_products(longest_query: float, longest_key: float, *biases: Matrix | None) -> None:
    """Refuse rows whose dot products, less a bias, overflow float32 or vanish in it.

    Parameters
    ----------
    longest_query, longest_key : float
        Euclidean lengths of the longest rows.
    *biases : (n,) float32, optional
        Subtracted from the products.

    Raises
    ------
    ValueError
        If a product could be infinite, or all of them are zero for rows that are not.
    """
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


class ExactIndex:
    """Exact search by dot product minus a bias.

    Parameters
    ----------
    keys : (m, d) float32
        What is searched; unit rows make the dot product a cosine. Copied if somebody could still
        write to them; a read-only array or read-only map of a file is not.
    bias : (m,) float32, optional
        Subtracted from the score of each key; `csls_bias` of these keys makes the ranking that of
        CSLS. Copied.

    Raises
    ------
    ValueError
        If `keys` or `bias` are not finite, or of the wrong shape.

    Notes
    -----
    A pickle holds the keys, and not what a search has prepared of them.

    Examples
    --------
    >>> keys = np.eye(3, dtype=np.float32)
    >>> ExactIndex(keys).search(keys[:1], k=2).indices
    array([[0, 1]])
    """

    def __init__(
        self,
        keys: ArrayLike,
        *,
        bias: ArrayLike | None = None,
    ) -> None:
        self._enter(frozen_rows(keys, "keys"), bias)

    @classmethod
    def borrowing(
        cls,
        keys: ArrayLike,
        *,
        bias: ArrayLike | None = None,
    ) -> ExactIndex:
        """Index keys without a copy, which nobody may change as long as the index is there.

        Parameters
        ----------
        keys : (m, d) float32
            What is searched.
        bias : (m,) float32, optional
            Subtracted from the score of each key.

        Examples
        --------
        >>> keys = np.eye(3, dtype=np.float32)
        >>> np.shares_memory(ExactIndex.borrowing(keys).keys, keys)
        True
        """
        rows = as_rows(keys, "keys").view()
        rows.flags.writeable = False
        index = object.__new__(cls)
        index._enter(rows, bias)
        return index

    def _enter(self, keys: Matrix, bias: ArrayLike | None) -> None:
        if len(keys) == 0:
            raise ValueError("keys must have at least 1 row, got 0")
        self.keys = keys
        self.bias = None if bias is None else as_bias(bias, len(keys), "bias")
        self._longest = longest_row(keys)
        # Shared by all indexes of the same keys.
        self._prepared: list[_core.PreparedKeys] = []

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_prepared": []}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Take over what a pickle or a copy holds, whose arrays could be written to."""
        self.__dict__.update(state)
        freeze(self.keys)
        if self.bias is not None:
            freeze(self.bias)

    def __len__(self) -> int:
        return len(self.keys)

    def with_bias(self, bias: ArrayLike | None) -> ExactIndex:
        """Give an index of the same keys with another bias, without preparing them again."""
        index = object.__new__(type(self))
        index.__dict__.update(self.__dict__)
        index.bias = None if bias is None else as_bias(bias, len(self.keys), "bias")
        return index

    def search(
        self, queries: ArrayLike, k: int | None = None, *, progress: Progress | None = None
    ) -> Neighbors:
        """Find the `k` best keys of each query.

        Parameters
        ----------
        queries : (n, d) float32
            Rows to search for.
        k : int, optional
            How many, ``1 <= k <= m``; 10 unless given, or all keys with a warning.
        progress : callable, optional
            Called now and then with the fraction done, in [0, 1].

        Returns
        -------
        Neighbors
            Scores are dot product minus bias.

        Raises
        ------
        ValueError
            If `k` is out of range, a query is not finite, or dot products do not fit float32.
        DimensionError
            If queries and keys differ in dimension.

        Notes
        -----
        Takes O(n m d) time, and memory of a third of the inputs. Keys are kept as bytes, a quarter
        of their size, from the first larger search on.
        """
        return self._sweep(queries, k, self.bias, progress, both=False).of_source

    def cross_search(
        self, queries: ArrayLike, k: int | None = None, *, progress: Progress | None = None
    ) -> CrossNeighbors:
        """Find the `k` best keys of each query and the `k` best queries of each key, in one sweep.

        Parameters
        ----------
        queries : (n, d) float32
            Rows to search for.
        k : int, optional
            How many keys of a query, ``1 <= k <= m``; of queries, at most as many as there are. 10
            unless given, or all keys with a warning.
        progress : callable, optional
            Called now and then with the fraction done, in [0, 1].

        Returns
        -------
        CrossNeighbors
            Keys near queries as those of the source, without regard to the bias.

        Raises
        ------
        ValueError
            If `k` is out of range, a query is not finite, or dot products do not fit float32.
        DimensionError
            If queries and keys differ in dimension.
        """
        return self._sweep(queries, k, None, progress, both=True)

    def _sweep(
        self,
        queries: ArrayLike,
        k: int | None,
        bias: Matrix | None,
        progress: Progress | None,
        *,
        both: bool,
    ) -> CrossNeighbors:
        """Search for the neighbors of the queries, or of both sides."""
        rows = as_rows(queries, "queries")
        require_same_dimension(rows, self.keys, "queries and keys")
        k = resolved_count(k, N_NEIGHBORS, len(self.keys), "k")
        if not self._prepared and get_config().device is None and len(rows) >= _PREPARED_FROM:
            self._prepared.append(_core.prepare_keys(self.keys, get_config().n_threads))
        return sweep(
            rows,
            self.keys,
            longest_key=self._longest,
            k_queries=k,
            k_keys=min(k, len(rows)) if both else 0,
            key_bias=bias,
            prepared_keys=self._prepared[0] if self._prepared else None,
            progress=progress,
        )

    def search_blocks(
        self, blocks: Iterable[ArrayLike], k: int | None = None
    ) -> Iterator[Neighbors]:
        """Search block after block of queries, so that they need not fit into memory together.

        Parameters
        ----------
        blocks : iterable of (n, d) float32
            Rows to search for; some thousand a block keep all threads busy.
        k : int, optional
            How many, ``1 <= k <= m``; 10 unless given, or all keys with a warning.

        Yields
        ------
        Neighbors
            Of the rows of one block, when the next is asked for.

        Raises
        ------
        ValueError
            If `k` is out of range, a query is not finite, or dot products do not fit float32.
        DimensionError
            If queries and keys differ in dimension.

        Examples
        --------
        >>> keys = np.eye(3, dtype=np.float32)
        >>> blocks = (keys[i : i + 2] for i in (0, 2))
        >>> [found.indices.ravel().tolist() for found in ExactIndex(keys).search_blocks(blocks, 1)]
        [[0, 1], [2]]
        """
        k = resolved_count(k, N_NEIGHBORS, len(self.keys), "k")
        for block in blocks:
            yield self.search(block, k)


def as_languages(source: ArrayLike, target: ArrayLike) -> tuple[Matrix, Matrix]:
    """Check the rows of two languages, which must have one dimension."""
    rows = as_rows(source, "source"), as_rows(target, "target")
    require_same_dimension(*rows, "source and target")
    return rows


def cross_neighbors(
    source: ArrayLike,
    target: ArrayLike,
    k: int | None = None,
    *,
    progress: Progress | None = None,
) -> CrossNeighbors:
    """The `k` rows of the other language with the largest dot product, for every row of both.

    Parameters
    ----------
    source : (n, d) float32
        Unit rows make the dot product a cosine.
    target : (m, d) float32
        Rows of the other language.
    k : int, optional
        How many neighbors, ``1 <= k <= min(n, m)``; 10 unless given, or as many as there are with a
        warning.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    CrossNeighbors
        Its arrays are read-only.

    Raises
    ------
    ValueError
        If `k` is out of range, or dot products do not fit float32.
    DimensionError
        If the widths differ.

    Notes
    -----
    One sweep of O(n m d) time for both directions; memory of a third of the inputs beyond them and
    the answers.

    Examples
    --------
    >>> rows = np.eye(3, dtype=np.float32)
    >>> cross_neighbors(rows, rows[[2, 0, 1]], k=1).of_source.indices.ravel()
    array([1, 2, 0])
    """
    source, target = as_languages(source, target)
    k = resolved_count(k, N_NEIGHBORS, min(len(source), len(target)), "k")
    return sealed(cosine_neighbors(source, target, k, progress), source, target)


def cosine_neighbors(
    source: Matrix,
    target: Matrix,
    k: int,
    progress: Progress | None,
) -> CrossNeighbors:
    """Give what `cross_neighbors` gives, not tied to the rows."""
    found = sweep(
        source,
        target,
        k_queries=k,
        k_keys=k,
        progress=progress,
    )
    for side in (found.of_source, found.of_target):
        freeze(side.indices)
        freeze(side.scores)
    return found


def sealed(found: CrossNeighbors, source: Matrix, target: Matrix) -> CrossNeighbors:
    """Tie neighbors to the rows that they are of."""
    object.__setattr__(found, "_seal", seal_of(found, source, target))
    return found


def seal_of(
    found: CrossNeighbors, source: Matrix, target: Matrix
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Compute checksums of rows and of their neighbors, for each side."""

    def checksums(rows: Matrix, near: Neighbors) -> tuple[int, ...]:
        arrays = (rows, *map(np.ascontiguousarray, (near.indices, near.scores)))
        return tuple(map(_core.checksum, arrays))

    return checksums(source, found.of_source), checksums(target, found.of_target)


def ranks(
    queries: ArrayLike,
    keys: ArrayLike,
    pairs: Indices,
    *,
    bias: ArrayLike | None = None,
) -> Indices:
    """The rank of the best of some keys for each query, among all keys.

    Parameters
    ----------
    queries : (n, d) float32
        Rows to search for.
    keys : (m, d) float32
        Rows to search.
    pairs : (p, 2) int64
        Row of a query and row of a key that counts for it; at least one pair for each query.
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
    >>> ranks(rows[:1], rows, np.array([[0, 2], [0, 1]]))
    array([2])
    """
    queries, keys = as_rows(queries, "queries"), as_rows(keys, "keys")
    require_same_dimension(queries, keys, "queries and keys")
    pairs = np.ascontiguousarray(pairs, dtype=np.int64)
    bias = None if bias is None else as_bias(bias, len(keys), "bias")
    require_products(longest_row(queries), longest_row(keys), bias)
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
