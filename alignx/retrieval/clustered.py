"""Approximate nearest neighbors through clusters: each row meets the rows of near clusters.

Clusters of some sixteen rows lie in regions. A query is compared with the centroids of regions,
with the clusters of the nearest regions, and with the rows of the nearest clusters; the kernel does
so for thousands of queries at once (csrc/clustered.hpp). A pair that one side misses is mostly
found from the other, so searching both ways and merging finds nearly all.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from alignx import _core
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.neighbors import CrossNeighbors, Neighbors
from alignx.support.arrays import freeze, frozen_rows, is_frozen
from alignx.support.config import get_config
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Progress

__all__ = ["ClusteredIndex", "Clusters", "SearchParams", "can_search_clusters"]

_ROWS_PER_CLUSTER = 16
# Rows of a sample for each centroid, in the round of Lloyd's algorithm before the last.
_SAMPLE_PER_CLUSTER = 6
_REGION_ROUNDS = 4
_LEAST_REGIONS = 16
# Share of the regions in which a row looks for the centroid of its own cluster.
_ASSIGNMENT_SHARE = 0.1


def can_search_clusters() -> bool:
    """Check for fast multiplication of bytes, required to search clusters.

    Examples
    --------
    >>> can_search_clusters() == (_core.simd_level() != "portable")
    True
    """
    return _core.simd_level() != "portable"


@dataclass(frozen=True)
class SearchParams:
    """Number of clusters that a row meets; more cost time and find more.

    Parameters
    ----------
    clusters : int
        Approximate number of clusters.
    regions : float
        Share of the regions whose clusters a row is compared with, in (0, 1].

    Examples
    --------
    >>> SearchParams(100, 0.1).doubled()
    SearchParams(clusters=200, regions=0.2)
    """

    clusters: int = 160
    regions: float = 0.16

    def doubled(self) -> SearchParams:
        """Double both numbers."""
        return SearchParams(2 * self.clusters, min(1.0, 2 * self.regions))


@dataclass(frozen=True, eq=False, repr=False)
class Clusters:
    """Order of rows by cluster, and the centroids of clusters and regions.

    Attributes
    ----------
    order : (n,) int64
        Row at each position.
    starts : (c + 1,) int64
        First position of each cluster, and n.
    centroids : (c, d) float32
        Mean direction of each cluster.
    regions : (r, d) float32
        Mean direction of the clusters of each region.
    region_starts : (r + 1,) int64
        First cluster of each region, and c.
    """

    order: Indices
    starts: Indices
    centroids: Matrix
    regions: Matrix
    region_starts: Indices

    def __post_init__(self) -> None:
        for each in fields(self):
            array = getattr(self, each.name)
            object.__setattr__(self, each.name, array if is_frozen(array) else freeze(array.copy()))

    def __repr__(self) -> str:
        counts = len(self.order), len(self.centroids), len(self.regions)
        return "Clusters({} rows, {} clusters, {} regions)".format(*counts)

    @classmethod
    def fit(
        cls,
        rows: Matrix,
        *,
        random_state: int = 0,
        progress: Progress | None = None,
    ) -> Clusters:
        """Cluster rows by spherical k-means, comparing them only with near centroids.

        Parameters
        ----------
        rows : (n, d) float32
            Unit rows, memory-mapped perhaps.
        random_state : int
            Seed of the choice of the initial centroids.
        progress : callable, optional
            Called now and then with the fraction done.

        Returns
        -------
        Clusters

        Raises
        ------
        ValueError
            If there are no rows; or if there are so many that they are compared only with near
            centroids, and the processor does not multiply bytes.

        Notes
        -----
        Takes O(n c d / 10) operations for c = n / 16 clusters, on bytes.

        References
        ----------
        Dhillon and Modha, "Concept Decompositions for Large Sparse Text Data using Clustering",
        Machine Learning 42, 2001.

        Examples
        --------
        >>> rows = np.eye(3, dtype=np.float32)[[0, 1, 0, 1]]
        >>> len(Clusters.fit(rows).order)
        4
        """
        n = len(rows)
        if n == 0:
            raise ValueError("rows must have at least 1 row, got 0")
        rng = np.random.default_rng(random_state)
        count = max(1, n // _ROWS_PER_CLUSTER)
        centroids = np.array(rows[_chosen(rng, n, count)])
        tree = _CentroidTree.build(centroids)
        if _SAMPLE_PER_CLUSTER * count < n:
            sample = np.array(rows[_chosen(rng, n, _SAMPLE_PER_CLUSTER * count)])
            labels = tree.nearest(sample, part_of(progress, 0, 0.3))
            tree = _CentroidTree.build(_means(sample, labels, tree.centroids))
        labels = tree.nearest(rows, part_of(progress, 0.3, 0.7))
        order = np.argsort(labels, kind="stable")
        starts = np.searchsorted(labels[order], np.arange(count + 1)).astype(np.int64)
        return cls(order, starts, tree.centroids, tree.regions, tree.region_starts)

    def take(self, rows: Matrix) -> Matrix:
        """Copy rows into this order."""
        ordered: Matrix = np.ascontiguousarray(rows[self.order])
        return freeze(ordered)

    def with_means_of(self, ordered: Matrix) -> Clusters:
        """Replace the centroids by the means of rows that are in this order."""
        labels = np.repeat(np.arange(len(self.centroids)), np.diff(self.starts))
        return replace(self, centroids=_means(ordered, labels, self.centroids))


def _chosen(rng: np.random.Generator, n: int, count: int) -> Indices:
    return np.sort(rng.choice(n, count, replace=False)).astype(np.int64)


def _means(rows: Matrix, labels: Indices, centroids: Matrix) -> Matrix:
    """Average the rows of each label by direction; a label without rows keeps its centroid."""
    order = np.argsort(labels, kind="stable")
    present, starts = np.unique(labels[order], return_index=True)
    sums = np.add.reduceat(rows[order] if (np.diff(order) != 1).any() else rows, starts, axis=0)
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    norms[norms == 0] = 1
    means = centroids.copy()
    means[present] = sums / norms
    return means


@dataclass(frozen=True, eq=False)
class _CentroidTree:
    """Centroids ordered by region."""

    centroids: Matrix
    regions: Matrix
    region_starts: Indices

    @classmethod
    def build(cls, centroids: Matrix) -> _CentroidTree:
        count = min(len(centroids), int(2 * np.sqrt(len(centroids))))
        regions = centroids[np.linspace(0, len(centroids) - 1, count).astype(np.int64)]
        for _ in range(_REGION_ROUNDS):
            labels = ExactIndex.borrowing(regions).search(centroids, 1).indices[:, 0]
            regions = _means(centroids, labels, regions)
        order = np.argsort(labels, kind="stable")
        starts = np.searchsorted(labels[order], np.arange(count + 1)).astype(np.int64)
        return cls(np.ascontiguousarray(centroids[order]), regions, starts)

    def nearest(self, rows: Matrix, progress: Progress | None) -> Indices:
        """Find the nearest centroid of each row, among those in near regions."""
        regions_met = max(1, round(_ASSIGNMENT_SHARE * len(self.regions)))
        if regions_met < 8:
            found = ExactIndex.borrowing(self.centroids).search(rows, 1)
            return found.indices[:, 0]
        (_, indices), _ = _core.search_clusters(
            rows,
            self.centroids,
            _core.prepare_keys(self.centroids, get_config().n_threads, self.region_starts),
            self.regions,
            self.regions[:1],
            np.array([0, len(self.regions)]),
            clusters_met=regions_met,
            regions_met=1,
            k_queries=1,
            k_keys=0,
            n_threads=get_config().n_threads,
            progress=progress,
        )
        nearest: Indices = np.maximum(indices[:, 0], 0)
        return nearest


class ClusteredIndex:
    """Approximate search of rows that are ordered by cluster.

    Parameters
    ----------
    keys : (m, d) float32
        Rows in the order of `clusters`. Writable arrays are copied.
    clusters : Clusters
        Clusters with the means of these keys as centroids; those of other keys cost recall.

    Raises
    ------
    ValueError
        If the processor does not multiply bytes (level "portable" of `alignx info`), or keys are
        not finite.
    """

    def __init__(self, keys: Matrix, clusters: Clusters) -> None:
        self.keys = frozen_rows(keys, "keys")
        self.clusters = clusters
        self._prepared = _core.prepare_keys(self.keys, get_config().n_threads, clusters.starts)

    def __reduce__(self) -> tuple[type, tuple[Matrix, Clusters]]:
        return type(self), (self.keys, self.clusters)

    def __len__(self) -> int:
        return len(self.keys)

    def __repr__(self) -> str:
        return f"ClusteredIndex({len(self)} keys, {len(self.clusters.centroids)} clusters)"

    def cross_search(
        self,
        queries: Matrix,
        k: int,
        params: SearchParams,
        *,
        query_bias: Matrix | None = None,
        key_bias: Matrix | None = None,
        known: Neighbors | None = None,
        progress: Progress | None = None,
    ) -> CrossNeighbors:
        """Find the `k` best of the keys that each query meets, and the reverse.

        Parameters
        ----------
        queries : (n, d) float32
            Rows to search for.
        k : int
            Answers for a row; missing ones are index -1 with score minus infinity.
        params : SearchParams
            Number of clusters that a query meets.
        query_bias : (n,) float32, optional
            Subtracted from the scores of queries near a key.
        key_bias : (m,) float32, optional
            Subtracted from the scores of keys near a query.
        known : Neighbors, optional
            Neighbors of the queries by dot product, to be improved.
        progress : callable, optional
            Called now and then with the fraction done.

        Returns
        -------
        CrossNeighbors
            Indices are positions in `keys`, and rows of `queries`.
        """
        clusters = self.clusters
        regions_met = max(_LEAST_REGIONS, round(params.regions * len(clusters.regions)))
        of_queries, of_keys = _core.search_clusters(
            queries,
            self.keys,
            self._prepared,
            clusters.centroids,
            clusters.regions,
            clusters.region_starts,
            clusters_met=min(params.clusters, len(clusters.centroids)),
            regions_met=min(regions_met, len(clusters.regions)),
            k_queries=k,
            k_keys=min(k, len(queries)),
            query_bias=query_bias,
            key_bias=key_bias,
            centroid_bias=None if key_bias is None else self._mean_bias(key_bias),
            known=None if known is None else (known.scores, known.indices),
            n_threads=get_config().n_threads,
            progress=progress,
        )
        return CrossNeighbors(
            Neighbors(of_queries[1], of_queries[0]), Neighbors(of_keys[1], of_keys[0])
        )

    def _mean_bias(self, bias: Matrix) -> Matrix:
        sizes = np.diff(self.clusters.starts)
        labels = np.repeat(np.arange(len(sizes)), sizes)
        sums = np.bincount(labels, weights=bias, minlength=len(sizes))
        means: Matrix = (sums / np.maximum(sizes, 1)).astype(np.float32)
        return means
