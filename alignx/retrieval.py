"""Exact nearest neighbors by cosine and by CSLS, through the compiled kernel or on a GPU.

CSLS(x, z) = 2 cos(x, z) - r(x) - r(z), where r is the mean cosine to the `neighborhood` nearest
rows of the other language. For ranking the answers to one x it is nearest-neighbor search with a
bias for each key: cos(x, z) - r(z) / 2. One sweep over the pairs gives the cosine neighbors of both
sides, and so both r; a second one, which skips what the first has excluded, the CSLS neighbors of
both sides.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from alignx import _core
from alignx.arrays import (
    Indices,
    Matrix,
    as_rows,
    freeze,
    frozen_rows,
    longest_row,
    require_same_dimension,
)
from alignx.progress import Progress, part_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import ArrayLike

__all__ = [
    "NEIGHBORHOOD",
    "CrossNeighbors",
    "ExactIndex",
    "Neighbors",
    "cross_neighbors",
    "csls_bias",
    "csls_biases",
    "csls_neighbors",
    "csls_of_cosine",
    "csls_search",
    "merge_neighbors",
    "mutual_neighbors",
    "ranks",
    "refined_search",
    "require_products",
    "resolved_count",
]

logger = logging.getLogger("alignx")

_Found: TypeAlias = tuple[Matrix, Indices]

# Keys are prepared once an index is asked that many queries; for fewer it would take longer than
# the search.
_PREPARED_FROM = 256

# Neighbors, of a search or in the average of CSLS, where no other number is given.
NEIGHBORHOOD = 10
# Below this length of a dot product, what float32 makes zero is no longer beyond its precision.
_SHORTEST_PRODUCT = 2.0**-116
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The best keys of each query, best first; equal scores are ordered by lower index.

    Attributes
    ----------
    indices : (n, k) int64
        Rows of the keys.
    scores : (n, k) float32
        What they are ordered by.
    fallbacks : int
        How many of the queries had to be searched in float32, because the bounds of the fast search
        could not prove its answer. They cost time; the answers are the same.
    """

    indices: Indices
    scores: Matrix
    fallbacks: int = 0

    def take(self, rows: Indices) -> Neighbors:
        """Give the neighbors of some of the queries, in the order asked for."""
        return Neighbors(self.indices[rows], self.scores[rows])

    def first(self, k: int) -> Neighbors:
        """Give the `k` best neighbors of each query."""
        return Neighbors(self.indices[:, :k], self.scores[:, :k], self.fallbacks)


@dataclass(frozen=True, eq=False)
class CrossNeighbors:
    """Neighbors across two languages, in both directions.

    Attributes
    ----------
    of_source : Neighbors
        Target rows near each source row.
    of_target : Neighbors
        Source rows near each target row.
    """

    of_source: Neighbors
    of_target: Neighbors
    # Checksums of the rows and of what was found, if `cross_neighbors` has found it.
    _seal: tuple[tuple[int, ...], tuple[int, ...]] | None = field(
        default=None, init=False, repr=False
    )

    def reversed(self) -> CrossNeighbors:
        """Exchange the languages."""
        result = CrossNeighbors(self.of_target, self.of_source)
        if self._seal is not None:
            object.__setattr__(result, "_seal", self._seal[::-1])
        return result

    def mutual_pairs(self) -> Indices:
        """Pairs of rows that are each other's best: (p, 2), by ascending source row."""
        chosen, back = self.of_source.indices[:, 0], self.of_target.indices[:, 0]
        rows = np.flatnonzero(back[chosen] == np.arange(len(chosen)))
        return np.stack([rows, chosen[rows]], axis=1)

    def biases(self, neighborhood: int) -> tuple[Matrix, Matrix]:
        """Half the mean of the `neighborhood` best scores of each row: `csls_biases` of cosines."""
        return (
            _half_mean(self.of_source.first(neighborhood).scores),
            _half_mean(self.of_target.first(neighborhood).scores),
        )


def _sealed(found: CrossNeighbors, source: Matrix, target: Matrix) -> CrossNeighbors:
    """Tie neighbors to the rows that they are of."""
    object.__setattr__(found, "_seal", _seal_of(found, source, target))
    return found


def _seal_of(
    found: CrossNeighbors, source: Matrix, target: Matrix
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    def checksums(rows: Matrix, near: Neighbors) -> tuple[int, ...]:
        arrays = (rows, *map(np.ascontiguousarray, (near.indices, near.scores)))
        return tuple(map(_core.checksum, arrays))

    return checksums(source, found.of_source), checksums(target, found.of_target)


def _search(
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
    n_threads: int | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> CrossNeighbors:
    """Search both ways, on the processor or on a device of torch."""
    require_products(
        longest_row(queries),
        longest_row(keys) if longest_key is None else longest_key,
        query_bias,
        key_bias,
    )
    if device is None:
        of_queries, of_keys, fallbacks = _core.search(
            queries,
            keys,
            k_queries=k_queries,
            k_keys=k_keys,
            query_bias=query_bias,
            key_bias=key_bias,
            known=known,
            prepared_keys=prepared_keys,
            n_threads=n_threads,
            progress=progress,
        )
    else:
        from alignx import torch_search  # torch takes a second to load

        of_queries, of_keys, fallbacks = torch_search.search(
            queries,
            keys,
            k_queries=k_queries,
            k_keys=k_keys,
            query_bias=query_bias,
            key_bias=key_bias,
            n_threads=n_threads,
            device=device,
            progress=progress,
        )
    (query_scores, keys_near), (key_scores, queries_near) = of_queries, of_keys
    return CrossNeighbors(
        Neighbors(keys_near, query_scores, fallbacks[0]),
        Neighbors(queries_near, key_scores, fallbacks[1]),
    )


def _require_count(value: int, most: int, name: str) -> None:
    if not 1 <= value <= most:
        raise ValueError(f"{name} must lie in [1, {most}], got {value}")


def resolved_count(
    given: int | None, default: int, most: int, name: str, rows: str = "rows"
) -> int:
    """Check a number of neighbors that was given, or lower the default to what there is and say so.

    Parameters
    ----------
    given : int or None
        By the caller.
    default : int
        Where nothing is given.
    most : int
        How many rows there are.
    name : str
        What messages call the number.
    rows : str
        What messages call the rows.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If what is given is out of range, or there are no rows.

    Examples
    --------
    >>> resolved_count(None, 10, 80_000, "neighborhood")
    10
    """
    value = min(default, most) if given is None else given
    _require_count(value, most, name)
    if given is None and value < default:
        logger.warning(
            "%s is %d instead of %d: there are only %d %s", name, value, default, most, rows
        )
    return value


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


def _as_bias(bias: ArrayLike, count: int, name: str) -> Matrix:
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
    n_threads : int, optional
        OpenMP's default unless given.
    device : str, optional
        Where torch computes, for example ``"cuda"``; by default the compiled kernel on the
        processor. The answers are the same.

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
        n_threads: int | None = None,
        device: str | None = None,
    ) -> None:
        self._enter(frozen_rows(keys, "keys"), bias, n_threads, device)

    @classmethod
    def borrowing(
        cls,
        keys: ArrayLike,
        *,
        bias: ArrayLike | None = None,
        n_threads: int | None = None,
        device: str | None = None,
    ) -> ExactIndex:
        """Index keys without a copy, which nobody may change as long as the index is there.

        Parameters
        ----------
        keys : (m, d) float32
            What is searched.
        bias, n_threads, device
            As for `ExactIndex`.

        Examples
        --------
        >>> keys = np.eye(3, dtype=np.float32)
        >>> np.shares_memory(ExactIndex.borrowing(keys).keys, keys)
        True
        """
        rows = as_rows(keys, "keys").view()
        rows.flags.writeable = False
        index = object.__new__(cls)
        index._enter(rows, bias, n_threads, device)
        return index

    def _enter(
        self, keys: Matrix, bias: ArrayLike | None, n_threads: int | None, device: str | None
    ) -> None:
        if len(keys) == 0:
            raise ValueError("keys must have at least 1 row, got 0")
        self.keys = keys
        self.bias = None if bias is None else _as_bias(bias, len(keys), "bias")
        self.n_threads = n_threads
        self.device = device
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
        index.bias = None if bias is None else _as_bias(bias, len(self.keys), "bias")
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
        k = resolved_count(k, NEIGHBORHOOD, len(self.keys), "k")
        if not self._prepared and self.device is None and len(rows) >= _PREPARED_FROM:
            self._prepared.append(_core.prepare_keys(self.keys, self.n_threads))
        return _search(
            rows,
            self.keys,
            longest_key=self._longest,
            k_queries=k,
            k_keys=min(k, len(rows)) if both else 0,
            key_bias=bias,
            prepared_keys=self._prepared[0] if self._prepared else None,
            n_threads=self.n_threads,
            device=self.device,
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
        k = resolved_count(k, NEIGHBORHOOD, len(self.keys), "k")
        for block in blocks:
            yield self.search(block, k)


def merge_neighbors(
    parts: Sequence[Neighbors], k: int, *, n_threads: int | None = None
) -> Neighbors:
    """Join what was found apart for the same queries.

    Parameters
    ----------
    parts : sequence of Neighbors
        At least one; -1 among the indices is no neighbor, and one that occurs in several parts
        counts once.
    k : int
        How many to keep; -1 and minus infinity stand for what is missing.
    n_threads : int, optional
        OpenMP's default unless given.

    Returns
    -------
    Neighbors

    Examples
    --------
    >>> one = Neighbors(np.array([[4, 2]]), np.array([[0.9, 0.5]], dtype=np.float32))
    >>> two = Neighbors(np.array([[7, 4]]), np.array([[1.0, 0.9]], dtype=np.float32))
    >>> merge_neighbors([one, two], k=3).indices
    array([[7, 4, 2]])
    """
    scores, indices = _core.merge([(p.scores, p.indices) for p in parts], k, n_threads)
    return Neighbors(indices, scores)


def csls_bias(
    keys: ArrayLike,
    queries: ArrayLike,
    *,
    neighborhood: int | None = None,
    n_threads: int | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> Matrix:
    """Half the mean similarity of each key to its nearest queries.

    Subtracting this bias from cosine similarity ranks keys as CSLS does: hubs, the keys close to
    everything, sink.

    Parameters
    ----------
    keys : (m, d) float32
        Unit rows, one for each candidate translation.
    queries : (n, d) float32
        Unit rows of the *whole* query language, not only the words to translate.
    neighborhood : int, optional
        How many nearest queries to average, ``1 <= neighborhood <= n``; 10 unless given, or all
        with a warning.
    n_threads : int, optional
        OpenMP's default unless given.
    device : str, optional
        Where torch computes, for example ``"cuda"``; by default the compiled kernel on the
        processor. The answers are the same.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    (m,) float32
        ``r(key) / 2``, in [-0.5, 0.5].

    Raises
    ------
    ValueError
        If `neighborhood` is out of range.
    DimensionError
        If the widths differ.

    Notes
    -----
    Takes O(n m d) time and O(m neighborhood) memory beyond its arguments.

    References
    ----------
    Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, section 2.3.

    Examples
    --------
    >>> rows = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    >>> csls_bias(rows, rows[:1], neighborhood=1)
    array([0.5, 0. ], dtype=float32)
    """
    index = ExactIndex.borrowing(queries, n_threads=n_threads, device=device)
    neighborhood = resolved_count(neighborhood, NEIGHBORHOOD, len(index), "neighborhood")
    return _half_mean(index.search(keys, neighborhood, progress=progress).scores)


def _half_mean(scores: Matrix) -> Matrix:
    half: Matrix = (scores.mean(axis=1, dtype=np.float64) / 2).astype(np.float32)
    return half


def _as_languages(source: ArrayLike, target: ArrayLike) -> tuple[Matrix, Matrix]:
    rows = as_rows(source, "source"), as_rows(target, "target")
    require_same_dimension(*rows, "source and target")
    return rows


def cross_neighbors(
    source: ArrayLike,
    target: ArrayLike,
    k: int | None = None,
    *,
    n_threads: int | None = None,
    device: str | None = None,
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
    n_threads : int, optional
        OpenMP's default unless given.
    device : str, optional
        Where torch computes, for example ``"cuda"``; by default the compiled kernel on the
        processor. The answers are the same.
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
    source, target = _as_languages(source, target)
    k = resolved_count(k, NEIGHBORHOOD, min(len(source), len(target)), "k")
    return _sealed(_cosine(source, target, k, n_threads, device, progress), source, target)


def _cosine(
    source: Matrix,
    target: Matrix,
    k: int,
    n_threads: int | None,
    device: str | None,
    progress: Progress | None,
) -> CrossNeighbors:
    """Give what `cross_neighbors` gives, not tied to the rows."""
    found = _search(
        source,
        target,
        k_queries=k,
        k_keys=k,
        n_threads=n_threads,
        device=device,
        progress=progress,
    )
    for side in (found.of_source, found.of_target):
        freeze(side.indices)
        freeze(side.scores)
    return found


def csls_biases(
    source: ArrayLike,
    target: ArrayLike,
    *,
    neighborhood: int | None = None,
    n_threads: int | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> tuple[Matrix, Matrix]:
    """`csls_bias` of both languages from one sweep.

    Parameters
    ----------
    source : (n, d) float32
        Unit rows.
    target : (m, d) float32
        Unit rows.
    neighborhood : int, optional
        How many rows of the other language to average, ``1 <= neighborhood <= min(n, m)``; 10
        unless given, or as many as there are with a warning.
    n_threads : int, optional
        OpenMP's default unless given.
    device : str, optional
        Where torch computes, for example ``"cuda"``; by default the compiled kernel on the
        processor. The answers are the same.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    source_bias : (n,) float32
        Half the mean cosine of each source row to its nearest target rows.
    target_bias : (m,) float32
        Half the mean cosine of each target row to its nearest source rows.

    Raises
    ------
    ValueError
        If `neighborhood` is out of range.
    DimensionError
        If the widths differ.

    Notes
    -----
    Takes O(n m d) time and O((n + m) neighborhood) memory beyond its arguments.

    Examples
    --------
    >>> rows = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    >>> csls_biases(rows, rows, neighborhood=2)[0]
    array([0.25, 0.25], dtype=float32)
    """
    source, target = _as_languages(source, target)
    fewest = min(len(source), len(target))
    neighborhood = resolved_count(neighborhood, NEIGHBORHOOD, fewest, "neighborhood")
    found = _cosine(source, target, neighborhood, n_threads, device, progress)
    return found.biases(neighborhood)


def csls_neighbors(
    source: ArrayLike,
    target: ArrayLike,
    k: int | None = None,
    *,
    neighborhood: int | None = None,
    cosine: CrossNeighbors | None = None,
    n_threads: int | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> CrossNeighbors:
    """The `k` best rows of the other language for every row of both, by CSLS.

    Parameters
    ----------
    source : (n, d) float32
        Unit rows.
    target : (m, d) float32
        Unit rows.
    k : int, optional
        How many neighbors, ``1 <= k <= min(n, m)``; 10 unless given, or as many as there are with a
        warning.
    neighborhood : int, optional
        How many rows of the other language define how crowded a row's surroundings are,
        ``1 <= neighborhood <= min(n, m)``; 10 unless given, or as many as there are with a warning.
    cosine : CrossNeighbors, optional
        What `cross_neighbors` gave for these rows, with at least `neighborhood` neighbors; saves
        the first of two sweeps. Neighbors from elsewhere are compared with those that it gives,
        which saves nothing.
    n_threads : int, optional
        OpenMP's default unless given.
    device : str, optional
        Where torch computes, for example ``"cuda"``; by default the compiled kernel on the
        processor. The answers are the same.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    CrossNeighbors
        Scores are CSLS, in [-4, 4].

    Raises
    ------
    ValueError
        If `k` or `neighborhood` is out of range, dot products do not fit float32, or `cosine` is
        not of these rows.
    DimensionError
        If the widths differ.

    Notes
    -----
    Two sweeps of O(n m d) time; O((n + m) k) memory beyond the arguments.

    References
    ----------
    Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, section 2.3.

    Examples
    --------
    >>> rows = np.eye(3, dtype=np.float32)
    >>> csls_neighbors(rows, rows[[2, 0, 1]], k=1, neighborhood=1).of_source.indices.ravel()
    array([1, 2, 0])
    """
    source, target = _as_languages(source, target)
    fewest = min(len(source), len(target))
    k = resolved_count(k, NEIGHBORHOOD, fewest, "k")
    neighborhood = resolved_count(neighborhood, NEIGHBORHOOD, fewest, "neighborhood")

    def search_all(width: int) -> CrossNeighbors:
        return _cosine(source, target, width, n_threads, device, part_of(progress, 0, 0.5))

    rest = part_of(progress, 0.5, 0.5)
    if cosine is None:
        cosine = search_all(neighborhood)
    else:
        _require_neighbors_of(cosine, len(source), len(target), neighborhood)
        if cosine._seal is not None:
            is_right, rest = cosine._seal == _seal_of(cosine, source, target), progress
        else:
            is_right = _are_equal(cosine, search_all(_width(cosine)))
        if not is_right:
            raise ValueError(
                "cosine must be what cross_neighbors gives for source and target, got neighbors "
                "of other rows"
            )
    return csls_of_cosine(
        source,
        target,
        cosine,
        k,
        neighborhood=neighborhood,
        n_threads=n_threads,
        device=device,
        progress=rest,
    )


def csls_of_cosine(
    source: Matrix,
    target: Matrix,
    cosine: CrossNeighbors,
    k: int,
    *,
    neighborhood: int,
    n_threads: int | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> CrossNeighbors:
    """Do the second sweep of `csls_neighbors`, without a look at where the first comes from.

    Parameters
    ----------
    source, target, k, neighborhood, n_threads, device, progress
        As of `csls_neighbors`.
    cosine : CrossNeighbors
        All nearest neighbors of these rows; others give wrong answers.

    Returns
    -------
    CrossNeighbors
        Scores are CSLS.
    """
    source_bias, target_bias = cosine.biases(neighborhood)
    found = _search(
        source,
        target,
        k_queries=k,
        k_keys=k,
        query_bias=source_bias,
        key_bias=target_bias,
        known=(
            (cosine.of_source.scores, cosine.of_source.indices),
            (cosine.of_target.scores, cosine.of_target.indices),
        ),
        n_threads=n_threads,
        device=device,
        progress=progress,
    )
    return CrossNeighbors(
        _as_csls(found.of_source, source_bias), _as_csls(found.of_target, target_bias)
    )


def _require_neighbors_of(found: CrossNeighbors, n: int, m: int, neighborhood: int) -> None:
    for name, neighbors, rows in (
        ("of_source", found.of_source, n),
        ("of_target", found.of_target, m),
    ):
        shape = neighbors.scores.shape
        if shape[0] != rows or shape[1] < neighborhood:
            raise ValueError(
                f"cosine.{name} must hold at least {neighborhood} neighbors of each of {rows} "
                f"rows, got shape {shape}"
            )


def _width(found: CrossNeighbors) -> int:
    return max(len(found.of_source.scores.T), len(found.of_target.scores.T))


def _are_equal(given: CrossNeighbors, right: CrossNeighbors) -> bool:
    """Tell whether neighbors are the first of those that are right."""
    return all(
        np.array_equal(mine.indices, true.indices[:, : mine.indices.shape[1]])
        and np.array_equal(mine.scores, true.scores[:, : mine.scores.shape[1]])
        for mine, true in (
            (given.of_source, right.of_source),
            (given.of_target, right.of_target),
        )
    )


def _as_csls(found: Neighbors, bias: Matrix) -> Neighbors:
    with np.errstate(over="ignore"):
        scores = 2 * (found.scores - bias[:, None])
    if not np.isfinite(scores).all():
        raise ValueError("CSLS must stay within float32, got overflow; scale the rows")
    return Neighbors(found.indices, scores, found.fallbacks)


def csls_search(
    queries: ArrayLike,
    source: ArrayLike,
    target: ArrayLike,
    k: int | None = None,
    *,
    neighborhood: int | None = None,
    n_threads: int | None = None,
) -> Neighbors:
    """The `k` best target rows of a few queries by CSLS, without a sweep over all pairs.

    The answer is that of a search with the full `csls_bias`. That bias is costly (every target row
    against every source row), but the bias against a sample of the source rows is cheap and never
    larger, so it bounds every score from above. Search by that bound, make the bias of the answers
    exact, and search again: once all answers are exact, nothing that was left out can beat them.

    Parameters
    ----------
    queries : (q, d) float32
        Unit rows to translate; some of `source`, or new ones.
    source : (n, d) float32
        Unit rows of the whole language of the queries.
    target : (m, d) float32
        Unit rows to choose from.
    k : int, optional
        How many, ``1 <= k <= m``; 10 unless given, or all with a warning.
    neighborhood : int, optional
        Of CSLS, ``1 <= neighborhood <= min(n, m)``; 10 unless given, or as many as there are with a
        warning.
    n_threads : int, optional
        OpenMP's default unless given.

    Returns
    -------
    Neighbors
        Scores are CSLS.

    Raises
    ------
    ValueError
        If `k` or `neighborhood` is out of range.
    DimensionError
        If the widths differ.

    Examples
    --------
    >>> rows = np.eye(3, dtype=np.float32)
    >>> csls_search(rows[:1], rows, rows[[2, 0, 1]], k=1, neighborhood=1).indices
    array([[1]])
    """
    sources = ExactIndex.borrowing(source, n_threads=n_threads)
    targets = ExactIndex.borrowing(target, n_threads=n_threads)
    k = resolved_count(k, NEIGHBORHOOD, len(targets), "k")
    fewest = min(len(sources), len(targets))
    neighborhood = resolved_count(neighborhood, NEIGHBORHOOD, fewest, "neighborhood")
    sample = np.linspace(0, len(sources) - 1, max(neighborhood, len(sources) // 32)).astype(
        np.int64
    )
    bias = csls_bias(
        targets.keys, sources.keys[sample], neighborhood=neighborhood, n_threads=n_threads
    )
    found = refined_search(queries, sources, targets, k, bias=bias, neighborhood=neighborhood)
    crowding = _half_mean(targets.search(queries, neighborhood).scores)
    return _as_csls(found, crowding)


def refined_search(
    queries: ArrayLike,
    sources: ExactIndex,
    targets: ExactIndex,
    k: int,
    *,
    bias: Matrix,
    neighborhood: int,
) -> Neighbors:
    """The `k` best target rows of a few queries, with biases that are made exact where it matters.

    Parameters
    ----------
    queries : (q, d) float32
        Rows of the source language.
    sources, targets : ExactIndex
        All rows of both languages.
    k : int
        How many, ``1 <= k <= m``.
    bias : (m,) float32
        At most the bias of each target row, so that no score is underestimated.
    neighborhood : int
        Of CSLS.

    Returns
    -------
    Neighbors
        Scores are dot product less the exact bias.

    Raises
    ------
    ValueError
        If `k` is out of range.
    DimensionError
        If the widths differ.
    """
    queries = as_rows(queries, "queries")
    require_same_dimension(queries, targets.keys, "queries and target")
    _require_count(k, len(targets), "k")
    bias = bias.copy()
    is_exact = np.zeros(len(targets), dtype=bool)
    indices = np.empty((len(queries), k), dtype=np.int64)
    scores = np.empty((len(queries), k), dtype=np.float32)
    pending = np.arange(len(queries))
    while len(pending):
        found = targets.with_bias(bias).search(queries[pending], min(2 * k, len(targets)))
        is_final = is_exact[found.indices[:, :k]].all(axis=1)
        indices[pending[is_final]] = found.indices[is_final, :k]
        scores[pending[is_final]] = found.scores[is_final, :k]
        pending = pending[~is_final]
        doubtful = np.unique(found.indices[~is_final])
        doubtful = doubtful[~is_exact[doubtful]]
        bias[doubtful] = _half_mean(sources.search(targets.keys[doubtful], neighborhood).scores)
        is_exact[doubtful] = True
    return Neighbors(indices, scores)


def ranks(
    queries: ArrayLike,
    keys: ArrayLike,
    pairs: Indices,
    *,
    bias: ArrayLike | None = None,
    n_threads: int | None = None,
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
    n_threads : int, optional
        OpenMP's default unless given.

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
    bias = None if bias is None else _as_bias(bias, len(keys), "bias")
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
        queries, keys, scores[best], pairs[best, 1], key_bias=bias, n_threads=n_threads
    )
    return better + 1


def mutual_neighbors(
    source: ArrayLike,
    target: ArrayLike,
    *,
    neighborhood: int | None = None,
    n_threads: int | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> Indices:
    """Pairs of rows that choose each other as nearest by CSLS.

    Parameters
    ----------
    source, target, neighborhood, n_threads, device, progress
        As in `csls_neighbors`.

    Returns
    -------
    (p, 2) int64
        Source row and target row of each pair, by ascending source row.

    Raises
    ------
    ValueError
        If `neighborhood` is out of range.
    DimensionError
        If the widths differ.

    Examples
    --------
    >>> rows = np.eye(3, dtype=np.float32)
    >>> mutual_neighbors(rows, rows[[2, 0, 1]], neighborhood=1)
    array([[0, 1],
           [1, 2],
           [2, 0]])
    """
    return csls_neighbors(
        source,
        target,
        1,
        neighborhood=neighborhood,
        n_threads=n_threads,
        device=device,
        progress=progress,
    ).mutual_pairs()
