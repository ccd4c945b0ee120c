"""Exact nearest neighbors by dot product or cosine, on the processor or a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from alignx import _core
from alignx.retrieval.kernel import as_bias, as_source_and_target, search_rows
from alignx.retrieval.neighbors import N_NEIGHBORS, CrossNeighbors, Neighbors, count_or_default
from alignx.support.arrays import (
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
    "cosine_neighbors",
    "cross_neighbors",
]

# Keys are prepared once an index is asked that many queries; for fewer it would take longer than
# the search.
_PREPARED_FROM = 256


class ExactIndex:
    """Exact search by dot product minus a bias.

    Parameters
    ----------
    keys : (m, d) float32
        Rows to search; unit rows make the dot product a cosine. Writable arrays are copied; a
        read-only array or map of a file is not.
    bias : (m,) float32, optional
        Subtracted from the score of each key; `csls_bias` of these keys makes the ranking that of
        CSLS. Copied.

    Raises
    ------
    ValueError
        If `keys` or `bias` are not finite, or of the wrong shape.

    Examples
    --------
    >>> import numpy as np
    >>> keys = np.eye(3, dtype=np.float32)
    >>> ExactIndex(keys).search(keys[:1], k=2).indices
    array([[0, 1]])
    """

    def __init__(self, keys: ArrayLike, *, bias: ArrayLike | None = None) -> None:
        self._fill(frozen_rows(keys, "keys"), bias)

    @classmethod
    def borrowing(
        cls, keys: ArrayLike | ExactIndex, *, bias: ArrayLike | None = None
    ) -> ExactIndex:
        """Index keys without a copy; nobody may change them while the index is in use.

        Parameters
        ----------
        keys : (m, d) float32 or ExactIndex
            Rows to search, or an index of them, which is taken with another bias.
        bias : (m,) float32, optional
            Subtracted from the score of each key.

        Examples
        --------
        >>> import numpy as np
        >>> keys = np.eye(3, dtype=np.float32)
        >>> np.shares_memory(ExactIndex.borrowing(keys).keys, keys)
        True
        """
        if isinstance(keys, ExactIndex):
            return keys.with_bias(bias)
        rows = as_rows(keys, "keys").view()
        rows.flags.writeable = False
        index = object.__new__(cls)
        index._fill(rows, bias)
        return index

    def _fill(self, keys: Matrix, bias: ArrayLike | None) -> None:
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
        """Freeze the arrays of a pickle or a copy, which are writable."""
        self.__dict__.update(state)
        freeze(self.keys)
        if self.bias is not None:
            freeze(self.bias)

    def __len__(self) -> int:
        return len(self.keys)

    def __repr__(self) -> str:
        biased = "" if self.bias is None else ", biased"
        return f"ExactIndex({len(self)} keys of dimension {self.keys.shape[1]}{biased})"

    def with_bias(self, bias: ArrayLike | None) -> ExactIndex:
        """Index the same keys with another bias, without preparing them again."""
        index = object.__new__(type(self))
        index.__dict__.update(self.__dict__)
        index.bias = None if bias is None else as_bias(bias, len(self.keys), "bias")
        return index

    def prepare(self) -> Self:
        """Keep the keys as bytes too, a quarter of their size, as a larger search does.

        Later searches, of few queries too, then read these first. Returns the index.
        """
        if not self._prepared and get_config().device is None:
            self._prepared.append(_core.prepare_keys(self.keys, get_config().n_threads))
        return self

    def search(
        self, queries: ArrayLike, k: int | None = None, *, progress: Progress | None = None
    ) -> Neighbors:
        """Find the `k` best keys of each query.

        Parameters
        ----------
        queries : (n, d) float32
            Rows to search for.
        k : int, optional
            Answers for a query, ``1 <= k <= m``; 10 by default, or all keys with a warning.
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
        return self._search(queries, k, self.bias, progress, both=False).of_source

    def cross_search(
        self, queries: ArrayLike, k: int | None = None, *, progress: Progress | None = None
    ) -> CrossNeighbors:
        """Find the `k` best keys of each query and queries of each key, without the bias.

        Parameters
        ----------
        queries : (n, d) float32
            Rows to search for.
        k : int, optional
            Keys for a query, ``1 <= k <= m``; of queries, at most as many as there are. 10 by
            default, or all keys with a warning.
        progress : callable, optional
            Called now and then with the fraction done, in [0, 1].

        Returns
        -------
        CrossNeighbors
            Queries are the source, keys the target.

        Raises
        ------
        ValueError
            If `k` is out of range, a query is not finite, or dot products do not fit float32.
        DimensionError
            If queries and keys differ in dimension.
        """
        return self._search(queries, k, None, progress, both=True)

    def _search(
        self,
        queries: ArrayLike,
        k: int | None,
        bias: Matrix | None,
        progress: Progress | None,
        *,
        both: bool,
    ) -> CrossNeighbors:
        rows = as_rows(queries, "queries")
        require_same_dimension(rows, self.keys, "queries and keys")
        k = count_or_default(k, N_NEIGHBORS, len(self.keys), "k")
        if len(rows) >= _PREPARED_FROM:
            self.prepare()
        return search_rows(
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
        """Search queries block by block.

        Parameters
        ----------
        blocks : iterable of (n, d) float32
            Rows to search for; some thousand a block keep all threads busy.
        k : int, optional
            Answers for a query, ``1 <= k <= m``; 10 by default, or all keys with a warning.

        Yields
        ------
        Neighbors
            Those of one block, when the next is asked for.

        Raises
        ------
        ValueError
            If `k` is out of range, a query is not finite, or dot products do not fit float32.
        DimensionError
            If queries and keys differ in dimension.

        Examples
        --------
        >>> import numpy as np
        >>> keys = np.eye(3, dtype=np.float32)
        >>> blocks = (keys[i : i + 2] for i in (0, 2))
        >>> [found.indices.ravel().tolist() for found in ExactIndex(keys).search_blocks(blocks, 1)]
        [[0, 1], [2]]
        """
        k = count_or_default(k, N_NEIGHBORS, len(self.keys), "k")
        for block in blocks:
            yield self.search(block, k)


def cross_neighbors(
    source: ArrayLike,
    target: ArrayLike,
    k: int | None = None,
    *,
    progress: Progress | None = None,
) -> CrossNeighbors:
    """Find the `k` nearest neighbors in both directions.

    Parameters
    ----------
    source : (n, d) float32
        Rows of one language; unit rows make the dot product a cosine.
    target : (m, d) float32
        Rows of the other language.
    k : int, optional
        Neighbors of a row, ``1 <= k <= min(n, m)``; 10 by default, or as many as there are with a
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
    >>> import numpy as np
    >>> rows = np.eye(3, dtype=np.float32)
    >>> cross_neighbors(rows, rows[[2, 0, 1]], k=1).of_source.indices.ravel()
    array([1, 2, 0])
    """
    source, target = as_source_and_target(source, target)
    k = count_or_default(k, N_NEIGHBORS, min(len(source), len(target)), "k")
    return cosine_neighbors(source, target, k, progress).record_checksums(source, target)


def cosine_neighbors(
    source: Matrix, target: Matrix, k: int, progress: Progress | None
) -> CrossNeighbors:
    """Find what `cross_neighbors` finds, for checked rows and without checksums of them."""
    found = search_rows(source, target, k_queries=k, k_keys=k, progress=progress)
    for side in (found.of_source, found.of_target):
        freeze(side.indices)
        freeze(side.scores)
    return found
