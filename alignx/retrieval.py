"""Exact nearest neighbors by cosine and by CSLS, through the compiled kernel.

CSLS(x, z) = 2 cos(x, z) - r(x) - r(z), where r is the mean cosine to the `neighborhood` nearest
rows of the other language. For ranking the answers to one x it is nearest-neighbor search with a
bias for each key: cos(x, z) - r(z) / 2. One sweep over the pairs gives both r, a second one the
neighbors of both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx import _core
from alignx.arrays import Indices, Matrix, as_rows, require_same_dimension
from alignx.progress import Progress, part_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "CslsNeighbors",
    "ExactIndex",
    "Neighbors",
    "csls_bias",
    "csls_biases",
    "csls_neighbors",
    "csls_search",
    "mutual_neighbors",
]


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The best keys of each query, best first; equal scores are ordered by lower index.

    Attributes
    ----------
    indices : (n, k) int64
        Rows of the keys.
    scores : (n, k) float32
        What they are ordered by.
    """

    indices: Indices
    scores: Matrix

    def take(self, rows: Indices) -> Neighbors:
        """Give the neighbors of some of the queries, in the order asked for."""
        return Neighbors(self.indices[rows], self.scores[rows])


@dataclass(frozen=True, eq=False)
class CslsNeighbors:
    """Neighbors by CSLS in both directions.

    Attributes
    ----------
    of_source : Neighbors
        Target rows near each source row.
    of_target : Neighbors
        Source rows near each target row.
    """

    of_source: Neighbors
    of_target: Neighbors


def _require_count(value: int, most: int, name: str) -> None:
    if not 1 <= value <= most:
        raise ValueError(f"{name} must lie in [1, {most}], got {value}")


def _as_bias(bias: ArrayLike, count: int, name: str) -> Matrix:
    values = np.asarray(bias)
    if values.shape != (count,):
        raise ValueError(f"{name} must hold one value for each of {count} rows, got {values.shape}")
    return as_rows(values[:, None], name)[:, 0].copy()


class ExactIndex:
    """Exact search by dot product minus a bias.

    Parameters
    ----------
    keys : (m, d) float32
        What is searched; unit rows make the dot product a cosine. Not copied.
    bias : (m,) float32, optional
        Subtracted from the score of each key; `csls_bias` makes the ranking that of CSLS.
    n_threads : int, optional
        OpenMP's default unless given.

    Raises
    ------
    ValueError
        If `keys` or `bias` are not finite, or of the wrong shape.

    Examples
    --------
    >>> keys = np.eye(3, dtype=np.float32)
    >>> ExactIndex(keys).search(keys[:1], k=2).indices
    array([[0, 1]])
    """

    def __init__(
        self, keys: ArrayLike, *, bias: ArrayLike | None = None, n_threads: int | None = None
    ) -> None:
        self.keys = as_rows(keys, "keys")
        if len(self.keys) == 0:
            raise ValueError("keys must have at least 1 row, got 0")
        self.bias = None if bias is None else _as_bias(bias, len(self.keys), "bias")
        self.n_threads = n_threads

    def __len__(self) -> int:
        return len(self.keys)

    def search(
        self, queries: ArrayLike, k: int = 10, *, progress: Progress | None = None
    ) -> Neighbors:
        """Find the `k` best keys of each query.

        Parameters
        ----------
        queries : (n, d) float32
            Rows to search for.
        k : int
            How many, ``1 <= k <= m``.
        progress : callable, optional
            Called now and then with the fraction done, in [0, 1].

        Returns
        -------
        Neighbors
            Scores are dot product minus bias.

        Raises
        ------
        ValueError
            If `k` is out of range or a query is not finite.
        DimensionError
            If queries and keys differ in dimension.

        Notes
        -----
        Takes O(n m d) time, and O(n k) memory beyond inputs and a few MB a thread.
        """
        rows = as_rows(queries, "queries")
        require_same_dimension(rows, self.keys, "queries and keys")
        _require_count(k, len(self.keys), "k")
        (scores, indices), _ = _core.search(
            rows,
            self.keys,
            k_queries=k,
            k_keys=0,
            key_bias=self.bias,
            n_threads=self.n_threads,
            progress=progress,
        )
        return Neighbors(indices, scores)


def csls_bias(
    keys: ArrayLike,
    queries: ArrayLike,
    *,
    neighborhood: int = 10,
    n_threads: int | None = None,
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
    neighborhood : int
        How many nearest queries to average, ``1 <= neighborhood <= n``.
    n_threads : int, optional
        OpenMP's default unless given.
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
    index = ExactIndex(queries, n_threads=n_threads)
    _require_count(neighborhood, len(index), "neighborhood")
    return _half_mean(index.search(keys, neighborhood, progress=progress).scores)


def _half_mean(scores: Matrix) -> Matrix:
    half: Matrix = (scores.mean(axis=1, dtype=np.float64) / 2).astype(np.float32)
    return half


def csls_biases(
    source: ArrayLike,
    target: ArrayLike,
    *,
    neighborhood: int = 10,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> tuple[Matrix, Matrix]:
    """`csls_bias` of both languages from one sweep.

    Parameters
    ----------
    source : (n, d) float32
        Unit rows.
    target : (m, d) float32
        Unit rows.
    neighborhood : int
        How many rows of the other language to average, ``1 <= neighborhood <= min(n, m)``.
    n_threads : int, optional
        OpenMP's default unless given.
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
    source, target = as_rows(source, "source"), as_rows(target, "target")
    require_same_dimension(source, target, "source and target")
    _require_count(neighborhood, min(len(source), len(target)), "neighborhood")
    (of_source, _), (of_target, _) = _core.search(
        source,
        target,
        k_queries=neighborhood,
        k_keys=neighborhood,
        n_threads=n_threads,
        progress=progress,
    )
    return _half_mean(of_source), _half_mean(of_target)


def csls_neighbors(
    source: ArrayLike,
    target: ArrayLike,
    k: int = 10,
    *,
    neighborhood: int = 10,
    biases: tuple[Matrix, Matrix] | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> CslsNeighbors:
    """The `k` best rows of the other language for every row of both, by CSLS.

    Parameters
    ----------
    source : (n, d) float32
        Unit rows.
    target : (m, d) float32
        Unit rows.
    k : int
        How many neighbors, ``1 <= k <= min(n, m)``.
    neighborhood : int
        How many rows of the other language define how crowded a row's surroundings are,
        ``1 <= neighborhood <= min(n, m)``.
    biases : ((n,) float32, (m,) float32), optional
        What `csls_biases` gave for these rows; saves the first of two sweeps, and `neighborhood`
        is not looked at.
    n_threads : int, optional
        OpenMP's default unless given.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    CslsNeighbors
        Scores are CSLS, in [-4, 4].

    Raises
    ------
    ValueError
        If `k` or `neighborhood` is out of range.
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
    source, target = as_rows(source, "source"), as_rows(target, "target")
    require_same_dimension(source, target, "source and target")
    _require_count(k, min(len(source), len(target)), "k")
    if biases is None:
        biases = csls_biases(
            source,
            target,
            neighborhood=neighborhood,
            n_threads=n_threads,
            progress=part_of(progress, 0, 0.5),
        )
        progress = part_of(progress, 0.5, 0.5)
    source_bias = _as_bias(biases[0], len(source), "source bias")
    target_bias = _as_bias(biases[1], len(target), "target bias")
    (source_scores, targets), (target_scores, sources) = _core.search(
        source,
        target,
        k_queries=k,
        k_keys=k,
        query_bias=source_bias,
        key_bias=target_bias,
        n_threads=n_threads,
        progress=progress,
    )
    return CslsNeighbors(
        Neighbors(targets, 2 * (source_scores - source_bias[:, None])),
        Neighbors(sources, 2 * (target_scores - target_bias[:, None])),
    )


def csls_search(
    queries: ArrayLike,
    source: ArrayLike,
    target: ArrayLike,
    k: int = 10,
    *,
    neighborhood: int = 10,
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
    k : int
        How many, ``1 <= k <= m``.
    neighborhood : int
        Of CSLS, ``1 <= neighborhood <= min(n, m)``.
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
    queries, source = as_rows(queries, "queries"), as_rows(source, "source")
    index = ExactIndex(target, n_threads=n_threads)
    _require_count(k, len(index), "k")
    _require_count(neighborhood, min(len(source), len(index)), "neighborhood")
    sample = np.linspace(0, len(source) - 1, max(neighborhood, len(source) // 32)).astype(np.int64)
    bias = csls_bias(
        index.keys, source[sample], neighborhood=neighborhood, n_threads=index.n_threads
    )
    is_exact = np.zeros(len(index), dtype=bool)
    indices = np.empty((len(queries), k), dtype=np.int64)
    scores = np.empty((len(queries), k), dtype=np.float32)
    pending = np.arange(len(queries))
    while len(pending):
        bounded = ExactIndex(index.keys, bias=bias, n_threads=index.n_threads)
        found = bounded.search(queries[pending], min(2 * k, len(index)))
        is_final = is_exact[found.indices[:, :k]].all(axis=1)
        indices[pending[is_final]] = found.indices[is_final, :k]
        scores[pending[is_final]] = found.scores[is_final, :k]
        pending = pending[~is_final]
        doubtful = np.unique(found.indices[~is_final])
        doubtful = doubtful[~is_exact[doubtful]]
        bias[doubtful] = csls_bias(
            index.keys[doubtful], source, neighborhood=neighborhood, n_threads=index.n_threads
        )
        is_exact[doubtful] = True
    crowding = csls_bias(queries, index.keys, neighborhood=neighborhood, n_threads=index.n_threads)
    return Neighbors(indices, 2 * (scores - crowding[:, None]))


def mutual_neighbors(
    source: ArrayLike,
    target: ArrayLike,
    *,
    neighborhood: int = 10,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> Indices:
    """Pairs of rows that choose each other as nearest by CSLS.

    Parameters
    ----------
    source, target, neighborhood, n_threads, progress
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
    found = csls_neighbors(
        source, target, 1, neighborhood=neighborhood, n_threads=n_threads, progress=progress
    )
    chosen, back = found.of_source.indices[:, 0], found.of_target.indices[:, 0]
    rows = np.flatnonzero(back[chosen] == np.arange(len(chosen)))
    return np.stack([rows, chosen[rows]], axis=1)
