"""Approximate search: exact among what is met, and the same however it is called."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import plant_clusters
from reference import cosines, top_k
from searches import Found, Search, assert_same, unit

from alignx import _core
from alignx.retrieval.clustered import ClusteredIndex, Clusters, SearchParams, can_search_clusters
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.neighbors import Neighbors, merge_neighbors
from alignx.support.config import config_context

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Progress

needs_bytes = pytest.mark.skipif(
    not can_search_clusters(), reason="this processor multiplies no bytes"
)

# Scores are computed in float32; which of them are computed is decided by bytes.
TOLERANCE = 2e-6
BYTES_TOLERANCE = 0.02


@dataclass(frozen=True)
class Sweep:
    """One call of `search_clusters`."""

    queries: Matrix
    keys: Matrix
    starts: Indices
    centroids: Matrix
    regions: Matrix
    region_starts: Indices
    clusters_met: int
    regions_met: int
    k_queries: int
    k_keys: int
    query_bias: Matrix | None = None
    key_bias: Matrix | None = None
    centroid_bias: Matrix | None = None
    known: Found | None = None

    def run(
        self, n_threads: int | None = 1, progress: Progress | None = None
    ) -> tuple[Found, Found]:
        arguments = {name: getattr(self, name) for name in self.__dataclass_fields__}
        prepared = _core.prepare_keys(self.keys, n_threads, arguments.pop("starts"))
        return _core.search_clusters(
            prepared_keys=prepared, n_threads=n_threads, progress=progress, **arguments
        )

    def exact(self) -> tuple[Found, Found]:
        """Answer it as if everything was met."""
        biases = self.query_bias, self.key_bias
        return Search(self.queries, self.keys, self.k_queries, self.k_keys, *biases).run()

    def of_queries(self, begin: int, end: int) -> Sweep:
        """Search some of the queries, and nothing for keys."""
        part = slice(begin, end)
        return replace(
            self,
            queries=self.queries[part].copy(),
            query_bias=None if self.query_bias is None else self.query_bias[part].copy(),
            known=None if self.known is None else (self.known[0][part], self.known[1][part]),
            k_keys=0,
        )


def cut(rng: np.random.Generator, total: int, parts: int) -> Indices:
    """Cut rows anywhere, so that some parts are empty."""
    inner = np.sort(rng.integers(0, total + 1, parts - 1))
    return np.concatenate([[0], inner, [total]]).astype(np.int64)


def random_sweep(
    dimension: int, n: int, m: int, k: int, *, clusters: int = 5, regions: int = 3, seed: int = 0
) -> Sweep:
    """Random rows in random clusters, of which all are met."""
    rng = np.random.default_rng([dimension, n, m, k, clusters, regions, seed])
    return Sweep(
        unit(rng, n, dimension),
        unit(rng, m, dimension),
        cut(rng, m, clusters),
        unit(rng, clusters, dimension),
        unit(rng, regions, dimension),
        cut(rng, clusters, regions),
        clusters,
        regions,
        min(k, m),
        min(k, n),
    )


def with_biases(sweep: Sweep, scale: float = 0.5) -> Sweep:
    rng = np.random.default_rng(0)
    query_bias, key_bias, centroid_bias = (
        rng.uniform(-scale, scale, len(rows)).astype(np.float32)
        for rows in (sweep.queries, sweep.keys, sweep.centroids)
    )
    return replace(sweep, query_bias=query_bias, key_bias=key_bias, centroid_bias=centroid_bias)


def assert_valid(found: Found, all_scores: NDArray[np.float64]) -> None:
    """Scores are right, in order and of different rows; -1 and minus infinity end a row."""
    scores, indices = found
    assert scores.dtype == np.float32
    assert indices.dtype == np.int64
    assert scores.shape == indices.shape == (len(all_scores), indices.shape[1])
    missing = indices == -1
    assert (np.isneginf(scores) == missing).all()
    assert (missing[:, :-1] <= missing[:, 1:]).all()
    there = indices[~missing]
    assert ((there >= 0) & (there < all_scores.shape[1])).all()
    right = np.take_along_axis(all_scores, np.maximum(indices, 0), axis=1)
    np.testing.assert_allclose(scores[~missing], right[~missing], rtol=0, atol=TOLERANCE)
    falls = scores[:, :-1] > scores[:, 1:]
    ties = (scores[:, :-1] == scores[:, 1:]) & (indices[:, :-1] < indices[:, 1:])
    assert (falls | ties | missing[:, 1:]).all()
    for row in indices.tolist():
        named = [index for index in row if index >= 0]
        assert len(set(named)) == len(named)


def scores_of(sweep: Sweep) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """All scores of both sides."""
    dots = cosines(sweep.queries, sweep.keys)
    of_queries = dots if sweep.key_bias is None else dots - sweep.key_bias
    of_keys = dots.T if sweep.query_bias is None else dots.T - sweep.query_bias
    return of_queries, of_keys


def assert_best(
    found: Found,
    all_scores: NDArray[np.float64],
    met: NDArray[np.bool_],
    tolerance: float = TOLERANCE,
) -> None:
    """Compare with the best of those that are met, which float64 knows."""
    assert_valid(found, all_scores)
    scores, indices = found
    there = indices >= 0
    of_met = np.where(met, all_scores, -np.inf)
    assert np.isfinite(np.take_along_axis(of_met, np.maximum(indices, 0), axis=1)[there]).all()
    best, _ = top_k(of_met, indices.shape[1])
    np.testing.assert_array_equal(there, np.isfinite(best))
    np.testing.assert_allclose(scores[there], best[there], rtol=0, atol=tolerance)


# --- everything is met ------------------------------------------------------------------------

# So few rows that all of them are candidates: k and half as many, six at least.
SIZES = [(1, 1), (1, 30), (30, 1), (13, 7), (15, 29), (30, 30)]
DIMENSIONS = [1, 2, 3, 4, 5, 7, 16, 17, 65, 300]


@needs_bytes
@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize(("n", "m"), SIZES)
def test_all_candidates_are_ordered_as_by_exact_search(dimension: int, n: int, m: int) -> None:
    for clusters, regions in ((1, 1), (5, 3), (3, 7), (40, 6)):
        sweep = random_sweep(dimension, n, m, 20, clusters=clusters, regions=regions)
        for case in (sweep, with_biases(sweep)):
            for n_threads in (1, 3):
                assert_same(case.run(n_threads), case.exact())


@needs_bytes
@pytest.mark.parametrize("dimension", [16, 40, 300])
@pytest.mark.parametrize(("n", "m"), [(1000, 257), (63, 900), (64, 900), (65, 900), (2000, 1)])
def test_meeting_all_finds_what_exact_search_finds(dimension: int, n: int, m: int) -> None:
    sweep = random_sweep(dimension, n, m, 10, clusters=50, regions=9)
    for case in (sweep, with_biases(sweep, 0.2)):
        found = case.run(3)
        for side, exact, scores in zip(found, case.exact(), scores_of(case), strict=True):
            assert_best(side, scores, np.ones(scores.shape, dtype=bool), BYTES_TOLERANCE)
            assert (side[1] == exact[1]).all(axis=1).mean() > 0.98


@needs_bytes
def test_either_side_alone_is_as_with_the_other() -> None:
    sweep = with_biases(random_sweep(17, 300, 400, 10, clusters=30))
    of_queries, of_keys = sweep.run()
    none = np.empty((0, 0), np.float32), np.empty((0, 0), np.int64)
    for k_queries, k_keys in ((10, 0), (0, 10), (0, 0)):
        found = replace(sweep, k_queries=k_queries, k_keys=k_keys).run(2)
        for side, expected, k in zip(
            found, (of_queries, of_keys), (k_queries, k_keys), strict=True
        ):
            if k:
                assert_same((side, none), (expected, none))
            else:
                assert side[0].shape == side[1].shape == (len(expected[0]), 0)


@needs_bytes
def test_sides_may_ask_for_different_numbers() -> None:
    for k_queries, k_keys in ((1, 25), (30, 2)):
        sweep = replace(random_sweep(5, 30, 30, 1), k_queries=k_queries, k_keys=k_keys)
        assert_same(sweep.run(), sweep.exact())


@pytest.mark.slow
@needs_bytes
@pytest.mark.parametrize("n_threads", [1, 3])
def test_more_queries_than_a_window_holds(n_threads: int) -> None:
    # A window holds 16 MiB of bytes.
    sweep = random_sweep(8192, 2500, 20, 10, clusters=4, regions=2)
    for side, scores in zip(sweep.run(n_threads), scores_of(sweep), strict=True):
        assert_best(side, scores, np.ones(scores.shape, dtype=bool), BYTES_TOLERANCE)


@pytest.mark.slow
@needs_bytes
@pytest.mark.parametrize("n_threads", [1, 3])
def test_more_meetings_than_a_window_holds(n_threads: int) -> None:
    # A window ends once its queries meet 8 Mi clusters.
    sweep = replace(random_sweep(4, 7000, 20, 15, clusters=2000, regions=40), k_keys=0)
    assert_same(sweep.run(n_threads), sweep.exact())


@needs_bytes
@pytest.mark.parametrize("side", ["queries", "keys"])
def test_no_rows(side: str) -> None:
    sweep = random_sweep(5, 30, 30, 3)
    if side == "queries":
        sweep = replace(sweep, queries=sweep.queries[:0], k_keys=0)
    else:
        sweep = replace(sweep, keys=sweep.keys[:0], starts=np.zeros(6, np.int64), k_queries=0)
    for (scores, indices), count in zip(sweep.run(2), (sweep.k_queries, sweep.k_keys), strict=True):
        assert scores.shape == indices.shape
        assert scores.shape[1] == count
        assert (indices == -1).all()


# --- awkward rows -----------------------------------------------------------------------------


@needs_bytes
@pytest.mark.parametrize("n_threads", [1, 3])
def test_equal_rows_are_ordered_by_index(n_threads: int) -> None:
    row = np.linspace(-1, 1, 40, dtype=np.float32)[None]
    sweep = random_sweep(40, 200, 300, 10, clusters=30)
    sweep = replace(sweep, queries=np.repeat(row, 200, axis=0), keys=np.repeat(row, 300, axis=0))
    assert_same(sweep.run(n_threads), sweep.exact())


@needs_bytes
@pytest.mark.parametrize("side", ["queries", "keys", "centroids", "regions"])
def test_zero_rows(side: str) -> None:
    sweep = random_sweep(7, 30, 25, 20)
    rows = getattr(sweep, side).copy()
    for zeros in (slice(0, 2), slice(None)):
        rows[zeros] = 0
        case = replace(sweep, **{side: rows})
        assert_same(case.run(), case.exact())


@needs_bytes
def test_rows_of_unlike_lengths() -> None:
    sweep = random_sweep(40, 300, 28, 19, clusters=6)
    lengths = np.geomspace(0.2, 5, 300).astype(np.float32)
    for scale_of_queries, scale_of_keys in ((1, 1), (1e-6, 1e6), (1e4, 1e4), (1e-9, 1e-9)):
        queries = sweep.queries * lengths[:, None] * np.float32(scale_of_queries)
        keys = sweep.keys * np.float32(scale_of_keys)
        case = replace(sweep, queries=queries, keys=keys, k_keys=0)
        assert_same(case.run(), case.exact())


@needs_bytes
@pytest.mark.parametrize("factor", [1e-38, 1e-25, 1e18, 1e30])
@pytest.mark.parametrize("sides", [("queries",), ("keys",), ("queries", "keys")])
def test_rows_too_short_or_too_long_are_refused(factor: float, sides: tuple[str, ...]) -> None:
    sweep = random_sweep(7, 30, 25, 5)
    case = replace(sweep, **{side: getattr(sweep, side) * np.float32(factor) for side in sides})
    if len(sides) == 1 and factor in (1e-25, 1e18):
        assert_same(case.run(), case.exact())  # the other side makes up for it
    else:
        with pytest.raises(ValueError, match="must be of moderate size"):
            case.run()


@needs_bytes
@pytest.mark.parametrize("value", [np.inf, np.nan])
@pytest.mark.parametrize("side", ["queries", "keys"])
def test_rows_that_are_not_finite_are_refused(side: str, value: float) -> None:
    sweep = random_sweep(7, 30, 25, 5)
    rows = getattr(sweep, side).copy()
    rows[17, 3] = value
    with pytest.raises(ValueError, match="must be of moderate size"):
        replace(sweep, **{side: rows}).run()


@needs_bytes
@pytest.mark.parametrize("value", [1e12, -1e12, np.inf, np.nan])
@pytest.mark.parametrize("name", ["query_bias", "key_bias"])
def test_biases_that_are_huge_are_refused(name: str, value: float) -> None:
    sweep = with_biases(random_sweep(7, 30, 25, 5))
    bias = getattr(sweep, name).copy()
    bias[3] = value
    with pytest.raises(ValueError, match="must be of moderate size"):
        replace(sweep, **{name: bias}).run()


@needs_bytes
def test_large_biases_decide() -> None:
    sweep = with_biases(random_sweep(7, 30, 28, 19), 1000)
    assert_same(sweep.run(), sweep.exact())


@needs_bytes
@pytest.mark.parametrize("value", [1e30, -1e30, np.inf, np.nan])
def test_any_bias_of_a_centroid_is_survived(value: float) -> None:
    sweep = with_biases(random_sweep(7, 30, 25, 5))
    assert sweep.centroid_bias is not None
    bias = sweep.centroid_bias.copy()
    bias[1:3] = value
    found = replace(sweep, centroid_bias=bias, clusters_met=3).run()
    for side, scores in zip(found, scores_of(sweep), strict=True):
        assert_valid(side, scores)


@needs_bytes
@pytest.mark.parametrize("factor", [0, 1e-38, 1e38])
def test_any_centroids_are_survived(factor: float) -> None:
    sweep = random_sweep(7, 30, 25, 5)
    centroids = sweep.centroids * np.float32(factor)
    found = replace(sweep, centroids=centroids, clusters_met=3).run()
    for side, scores in zip(found, scores_of(sweep), strict=True):
        assert_valid(side, scores)


# --- some clusters are met --------------------------------------------------------------------

CENTERS = 24
OF_A_REGION = 4


def separated(n: int, m: int, k: int) -> tuple[Sweep, Indices, Indices]:
    """Rows around orthogonal centers, and the cluster of each: a row meets its own and no other."""
    rng = np.random.default_rng([n, m, k])
    centers = np.eye(CENTERS, 40, dtype=np.float32)
    of_queries = rng.integers(0, CENTERS, n)
    of_keys = np.sort(rng.integers(0, CENTERS, m))
    queries, keys = (
        (centers[of] + 0.05 * rng.standard_normal((len(of), 40))).astype(np.float32)
        for of in (of_queries, of_keys)
    )
    for rows in (queries, keys):
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    regions = centers.reshape(-1, OF_A_REGION, 40).mean(axis=1)
    sweep = Sweep(
        queries,
        keys,
        np.searchsorted(of_keys, np.arange(CENTERS + 1)).astype(np.int64),
        centers,
        regions,
        np.arange(0, CENTERS + 1, OF_A_REGION),
        1,
        1,
        min(k, m),
        min(k, n),
    )
    return sweep, of_queries, of_keys


@needs_bytes
@pytest.mark.parametrize("n_threads", [1, 2, 3, 7, 30])
@pytest.mark.parametrize(("n", "m", "k"), [(1, 300, 40), (300, 300, 40), (3000, 90, 10), (5, 7, 7)])
def test_neighbors_are_the_best_of_the_cluster_that_is_met(
    n: int, m: int, k: int, n_threads: int
) -> None:
    sweep, of_queries, of_keys = separated(n, m, k)
    met = of_queries[:, None] == of_keys[None, :]
    for case in (sweep, with_biases(sweep, 0.05)):
        found = case.run(n_threads)
        for side, scores, pairs in zip(found, scores_of(case), (met, met.T), strict=True):
            assert_best(side, scores, pairs, TOLERANCE if k >= max(n, m) else BYTES_TOLERANCE)


@needs_bytes
def test_a_query_between_two_clusters_meets_both() -> None:
    sweep, of_queries, of_keys = separated(400, 300, 40)
    others = (of_queries + 1 + np.arange(400) % (CENTERS - 1)) % CENTERS
    queries = sweep.queries + np.float32(0.9) * sweep.centroids[others]
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    case = replace(sweep, queries=queries, clusters_met=2, regions_met=2)
    met = (of_queries[:, None] == of_keys) | (others[:, None] == of_keys)
    for side, scores, pairs in zip(case.run(3), scores_of(case), (met, met.T), strict=True):
        assert_best(side, scores, pairs)


@needs_bytes
def test_clusters_of_regions_that_are_not_met_are_not_met() -> None:
    sweep, of_queries, of_keys = separated(400, 300, 40)
    met = (of_queries // OF_A_REGION)[:, None] == (of_keys // OF_A_REGION)[None, :]
    case = replace(sweep, clusters_met=CENTERS)
    for side, scores, pairs in zip(case.run(3), scores_of(case), (met, met.T), strict=True):
        assert_best(side, scores, pairs, BYTES_TOLERANCE)


@needs_bytes
def test_a_bias_of_a_centroid_keeps_queries_away() -> None:
    sweep, of_queries, of_keys = separated(400, 300, 40)
    bias = np.zeros(CENTERS, np.float32)
    bias[3] = 10
    found, _ = replace(sweep, centroid_bias=bias).run()
    assert not (of_keys[found[1][found[1] >= 0]] == 3).any()
    assert ((found[1] >= 0).any(axis=1) | (of_queries == 3)).all()


@needs_bytes
def test_a_query_that_is_as_near_to_all_clusters_meets_some() -> None:
    # Else zero rows would meet everything.
    sweep = random_sweep(7, 3, 40, 40, clusters=40, regions=1)
    sweep = replace(sweep, queries=np.zeros((3, 7), np.float32), starts=np.arange(41))
    for clusters_met, expected in ((1, 16), (2, 32), (3, 40)):
        (_, indices), _ = replace(sweep, clusters_met=clusters_met).run()
        np.testing.assert_array_equal(indices, [[*range(expected), *[-1] * (40 - expected)]] * 3)


@needs_bytes
def test_rows_that_pad_a_cluster_are_nobody() -> None:
    # Of six keys in clusters of two, the first was once found for what fills up the tile.
    sweep, _, of_keys = separated(50, 48, 40)
    (_, indices), _ = replace(sweep, queries=sweep.keys[of_keys == 7].copy(), k_keys=1).run()
    assert (of_keys[indices[indices >= 0]] == 7).all()


# --- it does not matter how it is called ------------------------------------------------------


def mixed() -> Sweep:
    """Some clusters of many, with biases, zero rows and known neighbors of doubtful scores."""
    rng = np.random.default_rng(3)
    sweep = with_biases(random_sweep(24, 2100, 1500, 10, clusters=120, regions=20), 0.1)
    for rows in (sweep.queries, sweep.keys):
        rows[rng.choice(len(rows), 20)] = 0
    indices = rng.integers(-1, 1500, (2100, 8))
    scores = np.einsum("ikd,id->ik", sweep.keys[indices], sweep.queries)
    known = (scores - rng.uniform(0, 0.3, scores.shape)).astype(np.float32), indices
    return replace(sweep, clusters_met=30, regions_met=9, known=known)


@pytest.mark.slow
@needs_bytes
@pytest.mark.parametrize("n_threads", [2, 3, 7, 200, None])
def test_threads_do_not_matter(n_threads: int | None) -> None:
    sweep = mixed()
    assert_same(sweep.run(n_threads), sweep.run())


@needs_bytes
@pytest.mark.parametrize("length", [1, 37, 64, 900, 2000])
def test_what_a_query_finds_does_not_depend_on_the_others(length: int) -> None:
    sweep = mixed()
    none = np.empty((0, 0), np.float32), np.empty((0, 0), np.int64)
    whole = sweep.run()[0]
    for begin in range(0, 2100, max(length, 300)):
        part = sweep.of_queries(begin, begin + length)
        rows = slice(begin, begin + length)
        assert_same((part.run()[0], none), ((whole[0][rows], whole[1][rows]), none))


@needs_bytes
def test_groups_do_not_matter_to_exact_search() -> None:
    rng = np.random.default_rng(0)
    queries, keys = unit(rng, 300, 20), unit(rng, 400, 20)
    grouped = _core.prepare_keys(keys, groups=cut(rng, 400, 100))
    found = _core.search(queries, keys, k_queries=10, k_keys=10, prepared_keys=grouped)
    assert_same(found[:2], Search(queries, keys, 10, 10).run())


# --- known neighbors --------------------------------------------------------------------------


def known_neighbors(sweep: Sweep, k: int) -> Found:
    """Give the best by dot product, with every third missing."""
    scores, indices = Search(sweep.queries, sweep.keys, k, 0).run()[0]
    missing = np.arange(indices.size).reshape(indices.shape) % 3 == 2
    return scores, np.where(missing, -1, indices)


@needs_bytes
@pytest.mark.parametrize("biased", [False, True])
def test_known_neighbors_are_never_lost(biased: bool) -> None:
    sweep = random_sweep(32, 900, 700, 10, clusters=60, regions=12)
    sweep = replace(sweep, clusters_met=2, regions_met=2)
    sweep = with_biases(sweep, 0.1) if biased else sweep
    scores, indices = known_neighbors(sweep, 6)
    without = sweep.run(2)
    found = replace(sweep, known=(scores, indices)).run(2)
    rows, at = np.nonzero(indices >= 0)
    pairs = np.stack([rows, indices[rows, at]], axis=1)
    for side, all_scores, (row, other) in zip(
        found, scores_of(sweep), (pairs.T, pairs.T[::-1]), strict=True
    ):
        assert_valid(side, all_scores)
        is_found = (side[1][row] == other[:, None]).any(axis=1)
        # Who is left out is no better than the last that is found.
        assert (is_found | (all_scores[row, other] <= side[0][row, -1] + TOLERANCE)).all()
    for side, other in zip(found, without, strict=True):
        assert (side[0] >= other[0] - BYTES_TOLERANCE).all()
        assert (side[0] > other[0]).mean() > 0.1


@needs_bytes
def test_all_is_known_and_all_is_met() -> None:
    sweep = with_biases(random_sweep(16, 30, 30, 20))
    known = Search(sweep.queries, sweep.keys, 30, 0).run()[0]
    assert_same(replace(sweep, known=known).run(3), sweep.exact())
    nothing = np.full((30, 4), np.nan, np.float32), np.full((30, 4), -1)
    assert_same(replace(sweep, known=nothing).run(3), sweep.exact())


@needs_bytes
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_any_score_of_a_known_neighbor_is_survived(value: float) -> None:
    sweep = random_sweep(16, 30, 30, 20)
    known = np.full((30, 2), value, np.float32), np.tile([1, 2], (30, 1))
    assert_same(replace(sweep, known=known).run(), sweep.exact())


# --- arguments --------------------------------------------------------------------------------

ROWS = np.eye(6, 4, dtype=np.float32)
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"queries": ROWS[0]}, "queries must have 2 dimensions, got 1"),
    ({"keys": ROWS[0]}, "keys must have 2 dimensions, got 1"),
    ({"centroids": ROWS[0]}, "centroids must have 2 dimensions, got 1"),
    ({"regions": ROWS[0]}, "regions must have 2 dimensions, got 1"),
    ({"queries": np.eye(6, dtype=np.float32)}, "the same dimension, got 6 and 4"),
    ({"keys": np.eye(6, dtype=np.float32)}, "the same dimension, got 4 and 6"),
    ({"centroids": np.eye(3, dtype=np.float32)}, "the same dimension, got 4 and 3"),
    ({"regions": np.eye(2, dtype=np.float32)}, "the same dimension, got 4 and 2"),
    ({"region_starts": np.array([0, 1, 2])}, "region_starts must be ascending rows from 0 to 3"),
    ({"region_starts": np.array([0, 4, 3])}, "region_starts must be ascending rows from 0 to 3"),
    ({"region_starts": np.array([-1, 1, 3])}, "region_starts must be ascending rows from 0 to 3"),
    ({"region_starts": np.array([3])}, "region_starts must be ascending rows from 0 to 3"),
    ({"region_starts": np.array([[0, 3]])}, "region_starts must be ascending rows from 0 to 3"),
    ({"region_starts": np.array([0, 3])}, "one start for each of 2 regions, and the end, got 2"),
    ({"keys": ROWS[:5]}, "prepared keys must be those that are searched"),
    ({"centroids": ROWS[:4], "region_starts": np.array([0, 1, 4])}, "each of 4 centroids"),
    ({"prepared_keys": _core.prepare_keys(ROWS)}, "with a group for each of 3 centroids"),
    ({"clusters_met": 0}, "clusters_met must be at least 1, got 0"),
    ({"regions_met": 0}, "regions_met must be at least 1, got 0"),
    ({"k_queries": 7}, r"k_queries must lie in \[0, 6\], got 7"),
    ({"k_keys": 7}, r"k_keys must lie in \[0, 6\], got 7"),
    ({"query_bias": ROWS[:, 0][:5].copy()}, r"query_bias must have shape \(6,\)"),
    ({"key_bias": ROWS[:, 0][:5].copy()}, r"key_bias must have shape \(6,\)"),
    ({"centroid_bias": ROWS[:, 0].copy()}, r"centroid_bias must have shape \(3,\)"),
    ({"known": (ROWS, np.full((6, 4), 6))}, r"known indices must lie in \[-1, 6\)"),
    ({"known": (ROWS, np.full((6, 4), -2))}, r"known indices must lie in \[-1, 6\)"),
    ({"known": (ROWS, np.zeros((6, 3), int))}, "known must hold scores and indices of 6 rows"),
    ({"known": (ROWS[:5], np.zeros((5, 4), int))}, "known must hold scores and indices of 6 rows"),
    ({"n_threads": 0}, "n_threads must be at least 1, got 0"),
]  # fmt: skip


def arguments() -> dict[str, Any]:
    return {
        "queries": ROWS,
        "keys": ROWS,
        "prepared_keys": _core.prepare_keys(ROWS, groups=np.array([0, 2, 4, 6])),
        "centroids": ROWS[:3],
        "regions": ROWS[:2],
        "region_starts": np.array([0, 1, 3]),
        "clusters_met": 1,
        "regions_met": 1,
        "k_queries": 1,
        "k_keys": 1,
    }


@needs_bytes
@pytest.mark.parametrize(("wrong", "message"), WRONG)
def test_wrong_arguments_are_named(wrong: dict[str, Any], message: str) -> None:
    _core.search_clusters(**arguments())
    with pytest.raises(ValueError, match=message):
        _core.search_clusters(**(arguments() | wrong))


@needs_bytes
@pytest.mark.parametrize("name", ["queries", "keys", "centroids", "regions", "key_bias"])
def test_arrays_are_not_converted(name: str) -> None:
    values = np.zeros(6) if name == "key_bias" else ROWS.astype(np.float64)
    with pytest.raises(TypeError, match="incompatible function arguments"):
        _core.search_clusters(**(arguments() | {name: values}))


@needs_bytes
@pytest.mark.parametrize("groups", [[0, 5], [1, 6], [0, 4, 3, 6], [6], []])
def test_wrong_groups_are_named(groups: list[int]) -> None:
    with pytest.raises(ValueError, match="groups must be ascending rows from 0 to 6"):
        _core.prepare_keys(ROWS, groups=np.array(groups, dtype=np.int64))


@needs_bytes
@pytest.mark.parametrize("dimension", [0, 16_385])
def test_a_dimension_that_bytes_do_not_serve_is_named(dimension: int) -> None:
    rows = np.zeros((3, dimension), np.float32)
    with pytest.raises(ValueError, match=rf"lies in \[1, 16384\], got {dimension}"):
        _core.prepare_keys(rows, groups=np.array([0, 3]))


PORTABLE = """
import numpy as np
from alignx import _core
from alignx.retrieval.clustered import ClusteredIndex, Clusters, can_search_clusters
assert not can_search_clusters()
rows = np.eye(40, dtype=np.float32)
clusters = Clusters.fit(rows)
try:
    ClusteredIndex(clusters.take(rows), clusters)
except ValueError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_processor_that_multiplies_no_bytes_is_named(tmp_path: Path) -> None:
    output = subprocess.run(
        [sys.executable, "-c", PORTABLE],
        cwd=tmp_path,
        env=os.environ | {"ALIGNX_SIMD": "portable"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert output == "clusters need a processor that multiplies bytes, this one is portable\n"


# --- fitting ----------------------------------------------------------------------------------


def assert_partition(clusters: Clusters, n: int) -> None:
    """Every row is in one cluster, every cluster in one region."""
    np.testing.assert_array_equal(np.sort(clusters.order), np.arange(n))
    for starts, parts, rows in (
        (clusters.starts, clusters.centroids, n),
        (clusters.region_starts, clusters.regions, len(clusters.centroids)),
    ):
        assert starts.dtype == np.int64
        assert starts.shape == (len(parts) + 1,)
        assert starts[0] == 0
        assert starts[-1] == rows
        assert (np.diff(starts) >= 0).all()
        assert np.isfinite(parts).all()


def assert_equal_clusters(some: Clusters, others: Clusters) -> None:
    for name in Clusters.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(some, name), getattr(others, name))


COUNTS = [1, 2, 3, 15, 16, 17, 33, 96, 97, 500, 3000]


@pytest.mark.parametrize("n", COUNTS)
@pytest.mark.parametrize("kind", ["random", "constant", "zero"])
def test_clusters_part_the_rows(n: int, kind: str) -> None:
    rows = unit(np.random.default_rng(n), n, 8)
    if kind != "random":
        rows[:] = rows[0] if kind == "constant" else 0
    clusters = Clusters.fit(rows)
    assert_partition(clusters, n)
    assert len(clusters.centroids) == max(1, n // 16)
    means = clusters.with_means_of(clusters.take(rows))
    assert_partition(means, n)
    assert_equal_clusters(replace(means, centroids=clusters.centroids), clusters)


def test_no_rows_make_no_clusters() -> None:
    with pytest.raises(ValueError, match="rows must have at least 1 row, got 0"):
        Clusters.fit(np.empty((0, 8), np.float32))


@needs_bytes
def test_clusters_of_so_many_rows_that_they_look_at_some_only() -> None:
    rng = np.random.default_rng(0)
    rows = unit(rng, 23_000, 8)
    rows[rng.choice(len(rows), 500)] = 0
    fractions: list[float] = []
    clusters = Clusters.fit(rows, progress=fractions.append)
    assert_partition(clusters, len(rows))
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1)
    with config_context(n_threads=3):
        assert_equal_clusters(clusters, Clusters.fit(rows))
    # Nearly all rows are in the cluster that is nearest of all.
    labels = np.empty(len(rows), np.int64)
    labels[clusters.order] = np.repeat(np.arange(len(clusters.centroids)), np.diff(clusters.starts))
    some = np.flatnonzero(rows.any(axis=1))[::20]
    best = cosines(rows[some], clusters.centroids)
    assert (best[np.arange(len(some)), labels[some]] >= best.max(axis=1) - 1e-6).mean() > 0.97


def test_the_random_state_decides_the_clusters() -> None:
    rows = unit(np.random.default_rng(0), 1000, 8)
    clusters = Clusters.fit(rows, random_state=3)
    with config_context(n_threads=3):
        assert_equal_clusters(clusters, Clusters.fit(rows, random_state=3))
    assert (clusters.order != Clusters.fit(rows, random_state=4).order).any()


def test_centroids_become_the_mean_directions_of_their_rows() -> None:
    rows = unit(np.random.default_rng(0), 700, 8)
    clusters = Clusters.fit(rows)
    ordered = clusters.take(rows)
    np.testing.assert_array_equal(ordered, rows[clusters.order])
    means = clusters.with_means_of(ordered).centroids
    for cluster, (begin, end) in enumerate(
        zip(clusters.starts[:-1], clusters.starts[1:], strict=True)
    ):
        expected = clusters.centroids[cluster].astype(np.float64)
        if end > begin:
            expected = ordered[begin:end].astype(np.float64).sum(axis=0)
            expected /= np.linalg.norm(expected)
        np.testing.assert_allclose(means[cluster], expected, atol=1e-5)


# --- the index --------------------------------------------------------------------------------


def both_ways(
    source: Matrix, target: Matrix, k: int, params: SearchParams
) -> tuple[Neighbors, Neighbors]:
    """Search each language for the other and merge; rows are those of the matrices."""
    of_source, of_target = (
        clusters.with_means_of(clusters.take(rows))
        for rows in (source, target)
        for clusters in [Clusters.fit(rows)]
    )
    rows, others = of_source.take(source), of_target.take(target)
    there = ClusteredIndex(others, of_target).cross_search(rows, k, params)
    back = ClusteredIndex(rows, of_source).cross_search(others, k, params).reversed()
    merged = []
    for parts, near, far in (
        ((there.of_source, back.of_source), of_source, of_target),
        ((there.of_target, back.of_target), of_target, of_source),
    ):
        joined = merge_neighbors(parts, k)
        scores, places = joined.scores, joined.indices
        indices, ordered = np.empty_like(places), np.empty_like(scores)
        indices[near.order] = np.where(places < 0, -1, far.order[places])
        ordered[near.order] = scores
        merged.append(Neighbors(indices, ordered))
    return merged[0], merged[1]


def recall(found: Neighbors, exact: Neighbors) -> float:
    """Share of the true neighbors that are found, by score."""
    return float((found.scores >= exact.scores[:, -1:] - TOLERANCE).sum() / exact.scores.size)


@pytest.mark.slow
@needs_bytes
@pytest.mark.parametrize(
    ("params", "least"), [(SearchParams(), 0.998), (SearchParams(16, 0.12), 0.98)]
)
def test_recall_on_planted_clusters(params: SearchParams, least: float) -> None:
    planted = plant_clusters(0.3, count=8_000, dimension=40)
    target = planted.target / np.linalg.norm(planted.target, axis=1, keepdims=True)
    source = (planted.source @ planted.rotation).astype(np.float32)
    found = both_ways(source, target, 10, params)
    for side, rows, others in zip(found, (source, target), (target, source), strict=True):
        exact = ExactIndex(others).search(rows, 10)
        assert recall(side, exact) > least
        assert_valid((side.scores, side.indices), cosines(rows, others))


@needs_bytes
def test_biases_and_known_neighbors_of_an_index() -> None:
    rng = np.random.default_rng(0)
    queries, keys = unit(rng, 300, 16), unit(rng, 600, 16)
    query_bias, key_bias = (rng.uniform(0, 0.3, n).astype(np.float32) for n in (300, 600))
    clusters = Clusters.fit(keys)
    ordered = clusters.take(keys)
    index = ClusteredIndex(ordered, clusters.with_means_of(ordered))
    known = index.cross_search(queries, 3, SearchParams(1, 0.01)).of_source
    key_bias = key_bias[clusters.order]
    found = index.cross_search(
        queries,
        10,
        SearchParams(1000, 1.0),
        query_bias=query_bias,
        key_bias=key_bias,
        known=known,
    )
    exact = ExactIndex(ordered, bias=key_bias).search(queries, 10)
    assert recall(found.of_source, exact) > 0.999
    exact = ExactIndex(queries, bias=query_bias).search(ordered, 10)
    assert recall(found.of_target, exact) > 0.999


@needs_bytes
def test_an_index_gives_as_many_neighbors_as_there_are_queries() -> None:
    rows = unit(np.random.default_rng(0), 40, 16)
    clusters = Clusters.fit(rows)
    found = ClusteredIndex(clusters.take(rows), clusters).cross_search(rows[:3], 10, SearchParams())
    assert found.of_source.indices.shape == (3, 10)
    assert found.of_target.indices.shape == (40, 3)


@needs_bytes
def test_an_index_of_clusters_keeps_its_keys() -> None:
    rows = unit(np.random.default_rng(0), 300, 16)
    clusters = Clusters.fit(rows)
    keys = rows[clusters.order]
    index = ClusteredIndex(keys, clusters)
    expected = index.cross_search(rows, 3, SearchParams()).of_source
    copied = pickle.loads(pickle.dumps(index))
    assert repr(copied) == repr(index) == "ClusteredIndex(300 keys, 18 clusters)"
    keys[:] = 0
    for each in (index, copied):
        found = each.cross_search(rows, 3, SearchParams()).of_source
        np.testing.assert_array_equal(found.indices, expected.indices)
        np.testing.assert_array_equal(found.scores, expected.scores)
    with pytest.raises(ValueError, match="keys must be finite"):
        ClusteredIndex(np.full_like(keys, np.nan), clusters)
