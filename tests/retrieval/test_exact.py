from __future__ import annotations

import logging
import os
import pickle
import re
import subprocess
import sys
import tracemalloc
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import cosines, csls, top_k
from reference import csls_bias as reference_bias
from reference import mutual_neighbors as reference_mutual

from alignx.errors import DimensionError
from alignx.retrieval.csls import (
    csls_bias,
    csls_biases,
    csls_neighbors,
    csls_search,
    mutual_neighbors,
    refined_search,
)
from alignx.retrieval.exact import ExactIndex, cross_neighbors, ranks
from alignx.retrieval.neighbors import CrossNeighbors, Neighbors, merge_neighbors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from alignx.support.arrays import Matrix

Languages = tuple["Matrix", "Matrix"]
TOLERANCE = 1e-5


def unit(rows: NDArray[np.float64]) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def random(rng: np.random.Generator, n: int, m: int) -> Languages:
    return unit(rng.standard_normal((n, 20))), unit(rng.standard_normal((m, 20)))


def clustered(rng: np.random.Generator, n: int, m: int) -> Languages:
    """Thirty narrow clusters, some of which only one language has."""
    centers = 3 * rng.standard_normal((30, 20))
    source = centers[rng.integers(0, 25, n)] + rng.standard_normal((n, 20))
    return unit(source), unit(centers[rng.integers(5, 30, m)] + rng.standard_normal((m, 20)))


def hubby(rng: np.random.Generator, n: int, m: int) -> Languages:
    """All rows lean one way, and some target rows lie right in the middle of it."""
    lean = 1.5 * rng.standard_normal(20)
    target = rng.standard_normal((m, 20)) * rng.choice([0.1, 1, 3], (m, 1)) + lean
    return unit(rng.standard_normal((n, 20)) + lean), unit(target)


def duplicated(rng: np.random.Generator, n: int, m: int) -> Languages:
    """Rows that occur up to a dozen times, so that ties and zero gaps abound."""
    base = unit(rng.standard_normal((60, 20)))
    return base[rng.integers(0, 60, n)], base[rng.integers(0, 60, m)]


MAKERS = [random, clustered, hubby, duplicated]


def make_languages(make: Callable[..., Languages], n: int = 400, m: int = 300) -> Languages:
    return make(np.random.default_rng(MAKERS.index(make)), n, m)


def assert_best(found: Neighbors, all_scores: NDArray[np.float64]) -> None:
    """Compare scores with the oracle, and each index by the score that it has there."""
    k = found.indices.shape[1]
    expected, _ = top_k(all_scores, k)
    of_indices = np.take_along_axis(all_scores, found.indices, axis=1)
    np.testing.assert_allclose(found.scores, expected, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(found.scores, of_indices, rtol=0, atol=TOLERANCE)
    assert all(len(set(row)) == k for row in found.indices.tolist())
    assert found.indices.dtype == np.int64
    assert found.scores.dtype == np.float32


def assert_same(found: Neighbors, expected: Neighbors) -> None:
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.scores, expected.scores)


# --- CSLS -------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("n_neighbors", [1, 2, 10, 300])
def test_biases_equal_the_oracle(make: Callable[..., Languages], n_neighbors: int) -> None:
    source, target = make_languages(make)
    source_bias, target_bias = csls_biases(source, target, n_neighbors=n_neighbors)
    for bias, own, other in ((source_bias, source, target), (target_bias, target, source)):
        expected = reference_bias(own, other, n_neighbors)
        np.testing.assert_allclose(bias, expected, rtol=0, atol=1e-6)
        np.testing.assert_array_equal(bias, csls_bias(own, other, n_neighbors=n_neighbors))
        assert bias.dtype == np.float32


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(("k", "n_neighbors"), [(1, 10), (10, 10), (300, 1), (7, 300)])
def test_csls_neighbors_equal_the_oracle(
    make: Callable[..., Languages], k: int, n_neighbors: int
) -> None:
    source, target = make_languages(make)
    expected = csls(source, target, n_neighbors)
    found = csls_neighbors(source, target, k, n_neighbors=n_neighbors)
    assert_best(found.of_source, expected)
    assert_best(found.of_target, expected.T)
    for kept in {n_neighbors, max(k, n_neighbors)}:
        cosine = cross_neighbors(source, target, kept)
        again = csls_neighbors(source, target, k, n_neighbors=n_neighbors, cosine=cosine)
        assert_same(again.of_source, found.of_source)
        assert_same(again.of_target, found.of_target)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**32), st.data())
def test_csls_is_symmetric(n: int, m: int, seed: int, data: st.DataObject) -> None:
    source, target = random(np.random.default_rng(seed), n, m)
    n_neighbors = data.draw(st.integers(1, min(n, m)))
    k = data.draw(st.integers(1, min(n, m)))
    one_way = csls(source, target, n_neighbors)
    np.testing.assert_allclose(one_way, csls(target, source, n_neighbors).T, atol=1e-12)
    found = csls_neighbors(source, target, k, n_neighbors=n_neighbors)
    swapped = csls_neighbors(target, source, k, n_neighbors=n_neighbors)
    assert_best(found.of_source, one_way)
    assert_same(found.of_source, swapped.of_target)
    assert_same(found.of_target, swapped.of_source)


def test_the_bias_of_an_index_makes_its_ranking_csls() -> None:
    source, target = make_languages(hubby)
    index = ExactIndex(target, bias=csls_bias(target, source))
    found = index.search(source)
    assert_best(found, cosines(source, target) - reference_bias(target, source, 10))
    np.testing.assert_array_equal(found.indices, csls_neighbors(source, target).of_source.indices)
    plain = ExactIndex(target).search(source)
    assert (found.indices[:, 0] != plain.indices[:, 0]).mean() > 0.2


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("k", [1, 3, 10, 200, 300])
@pytest.mark.parametrize("count", [1, 17, 400])
def test_a_few_queries_find_what_all_find(
    make: Callable[..., Languages], k: int, count: int
) -> None:
    source, target = make_languages(make)
    full = csls_neighbors(source, target, k)
    rows = np.random.default_rng(k).choice(len(source), count, replace=False)
    found = csls_search(source[rows], source, target, k)
    assert_same(found, full.of_source.take(rows))
    if count <= len(target):
        found = csls_search(target[:count], target, source, k)
        assert_same(found, full.of_target.take(np.arange(count)))


@pytest.mark.parametrize("make", [random, clustered, hubby])
@pytest.mark.parametrize("slack", [0.0, 0.1, 1.0])
def test_biases_are_refined_where_they_decide(make: Callable[..., Languages], slack: float) -> None:
    source, target = make(np.random.default_rng(17), 700, 500)
    sources, targets = ExactIndex(source), ExactIndex(target)
    exact = reference_bias(target, source, 6)
    bound = (exact - slack * np.random.default_rng(0).random(500) - 1e-6).astype(np.float32)
    given = bound.copy()
    queries = source[::9]
    for k in (1, 3, 500):
        found = refined_search(queries, sources, targets, k, bias=bound, n_neighbors=6)
        scores, indices = top_k(cosines(queries, target) - exact, k + (k < 500))
        np.testing.assert_allclose(found.scores, scores[:, :k], atol=TOLERANCE)
        is_clear = (scores[:, 0] - scores[:, 1] > TOLERANCE).nonzero()
        np.testing.assert_array_equal(found.indices[is_clear, 0], indices[is_clear, 0])
    assert np.array_equal(bound, given)
    for k in (0, 501):
        with pytest.raises(ValueError, match=rf"k must lie in \[1, 500\], got {k}"):
            refined_search(queries, sources, targets, k, bias=bound, n_neighbors=6)
    with pytest.raises(DimensionError):
        refined_search(queries[:, :7], sources, targets, 1, bias=bound, n_neighbors=6)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("n_neighbors", [1, 10, 300])
def test_new_queries_are_scored_against_both_languages(
    make: Callable[..., Languages], n_neighbors: int
) -> None:
    source, target = make_languages(make)
    queries, _ = make(np.random.default_rng(99), 25, 25)
    r_queries = 2 * reference_bias(queries, target, n_neighbors)
    r_target = 2 * reference_bias(target, source, n_neighbors)
    expected = 2 * cosines(queries, target) - r_queries[:, None] - r_target
    for k in (1, 5, 300):
        found = csls_search(queries, source, target, k, n_neighbors=n_neighbors)
        assert_best(found, expected)


def test_no_queries_give_no_answers() -> None:
    source, target = make_languages(random)
    for found in (
        csls_search(source[:0], source, target, 5),
        ExactIndex(target).search(source[:0], 5),
    ):
        assert found.indices.shape == found.scores.shape == (0, 5)


@pytest.mark.parametrize("make", [random, clustered, hubby])
@pytest.mark.parametrize("n_neighbors", [1, 10])
def test_mutual_neighbors_equal_the_oracle(
    make: Callable[..., Languages], n_neighbors: int
) -> None:
    source, target = make_languages(make)
    found = mutual_neighbors(source, target, n_neighbors=n_neighbors)
    expected = reference_mutual(csls(source, target, n_neighbors))
    assert found.tolist() == [list(pair) for pair in expected]
    assert found.dtype == np.int64
    assert 20 < len(found) < 300


def test_equal_rows_choose_the_first() -> None:
    rows = np.tile(unit(np.ones((1, 5))), (40, 1))
    assert mutual_neighbors(rows, rows[:30]).tolist() == [[0, 0]]


# --- the other side of CSLS: an independent library -------------------------------------------


def test_faiss_finds_the_same() -> None:
    faiss = pytest.importorskip("faiss")
    source, target = make_languages(random, 1000, 2000)
    index = faiss.IndexFlatIP(target.shape[1])
    index.add(target)
    scores, indices = index.search(source, 10)
    found = ExactIndex(target).search(source)
    np.testing.assert_allclose(found.scores, scores, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(found.indices, indices)


def test_faiss_finds_csls_by_one_more_coordinate() -> None:
    faiss = pytest.importorskip("faiss")
    source, target = make_languages(hubby, 1000, 2000)
    bias = csls_bias(target, source)
    index = faiss.IndexFlatIP(target.shape[1] + 1)
    index.add(np.hstack([target, -bias[:, None]]))
    scores, indices = index.search(np.hstack([source, np.ones_like(source[:, :1])]), 10)
    found = ExactIndex(target, bias=bias).search(source)
    np.testing.assert_allclose(found.scores, scores, rtol=0, atol=1e-6)
    differ = found.indices != indices
    assert differ.mean() < 0.01
    own = np.take_along_axis(cosines(source, target) - bias, found.indices, axis=1)
    theirs = np.take_along_axis(cosines(source, target) - bias, indices, axis=1)
    np.testing.assert_allclose(own[differ], theirs[differ], rtol=0, atol=1e-6)


# --- neighbors across languages ---------------------------------------------------------------


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("k", [1, 10, 18, 300])
def test_neighbors_across_languages_equal_the_oracle(
    make: Callable[..., Languages], k: int
) -> None:
    source, target = make_languages(make)
    found = cross_neighbors(source, target, k)
    assert_best(found.of_source, cosines(source, target))
    assert_best(found.of_target, cosines(target, source))
    turned = cross_neighbors(target, source, k).reversed()
    assert_same(found.of_source, turned.of_source)
    assert_same(found.of_target, turned.of_target)
    assert_same(found.of_source, ExactIndex(target).search(source, k))
    biases = found.biases(min(k, 3))
    expected = csls_biases(source, target, n_neighbors=min(k, 3))
    for bias, other in zip(biases, expected, strict=True):
        np.testing.assert_array_equal(bias, other)


def test_the_first_neighbors_are_those_of_a_search_for_fewer() -> None:
    source, target = make_languages(hubby)
    found = cross_neighbors(source, target, 10)
    fewer = cross_neighbors(source, target, 3)
    assert_same(found.of_source.first(3), fewer.of_source)
    assert_same(found.of_target.first(3), fewer.of_target)
    taken = found.of_source.take(np.array([7, 7, 0]))
    np.testing.assert_array_equal(taken.indices, found.of_source.indices[[7, 7, 0]])
    np.testing.assert_array_equal(taken.scores, found.of_source.scores[[7, 7, 0]])


def test_cosine_neighbors_of_other_rows_are_refused() -> None:
    source, target = make_languages(random)
    cosine = cross_neighbors(source, target, 10)
    csls_neighbors(source, target, cosine=cosine)
    for wrong, side in (
        (cosine.reversed(), "of_source must hold at least 10 neighbors of each of 400 rows"),
        (cross_neighbors(source[:399], target, 10), "of_source .* of each of 400 rows"),
        (cross_neighbors(source, target[:299], 10), "of_target .* of each of 300 rows"),
        (cross_neighbors(source, target, 9), "of_source .* at least 10 .* got shape .400, 9."),
        (CrossNeighbors(cosine.of_source, cosine.of_target.first(9)), "of_target .* at least 10"),
    ):
        with pytest.raises(ValueError, match=f"cosine.{side}"):
            csls_neighbors(source, target, cosine=wrong)


# --- an index asked again and again -----------------------------------------------------------


def test_blocks_find_what_all_queries_together_find() -> None:
    source, target = make_languages(hubby, 700, 500)
    index = ExactIndex(target, bias=csls_bias(target, source))
    expected = index.search(source, 7)
    for size in (1, 100, 256, 699, 700):
        blocks = [source[i : i + size] for i in range(0, 700, size)]
        for asked in (blocks, iter(blocks), tuple(blocks)):
            found = list(index.search_blocks(asked, 7))
            assert [len(block.indices) for block in found] == [len(block) for block in blocks]
            indices, scores = (
                np.concatenate([getattr(block, name) for block in found])
                for name in ("indices", "scores")
            )
            assert_same(Neighbors(indices, scores), expected)
    assert list(index.search_blocks([])) == []


def test_a_block_is_searched_when_it_is_asked_for() -> None:
    source, target = make_languages(random)
    taken: list[int] = []

    def blocks() -> Iterator[Matrix]:
        for start in range(0, 400, 100):
            taken.append(start)
            yield source[start : start + 100]

    found = ExactIndex(target).search_blocks(blocks(), 2)
    assert taken == []
    next(found)
    assert taken == [0]
    next(found)
    assert taken == [0, 100]
    found.close()  # type: ignore[attr-defined]  # it is a generator
    with pytest.raises(ValueError, match="k must lie in"):
        next(ExactIndex(target).search_blocks(blocks(), 301))
    with pytest.raises(DimensionError, match="same dimension, got 3 and 20"):
        next(ExactIndex(target).search_blocks([np.ones((2, 3))], 1))


@pytest.mark.parametrize(("n", "m"), [(1, 40), (40, 1), (300, 400), (600, 350)])
@pytest.mark.parametrize("k", [1, 7, 40])
def test_both_sides_of_a_search_are_those_of_neighbors_across(n: int, m: int, k: int) -> None:
    source, target = clustered(np.random.default_rng(11), n, m)
    k = min(k, m)
    index = ExactIndex(target, bias=np.ones(m))  # which counts for `search` alone
    found = index.cross_search(source, k)
    there, back = ExactIndex(target).search(source, k), ExactIndex(source).search(target, min(k, n))
    for ours, alone in ((found.of_source, there), (found.of_target, back)):
        np.testing.assert_array_equal(ours.indices, alone.indices)
        np.testing.assert_array_equal(ours.scores, alone.scores)


def test_a_search_of_both_sides_refuses_what_does_not_fit() -> None:
    source, target = random(np.random.default_rng(2), 5, 6)
    index = ExactIndex(target)
    for k in (0, 7):
        with pytest.raises(ValueError, match=rf"k must lie in \[1, 6\], got {k}"):
            index.cross_search(source, k)
    with pytest.raises(DimensionError):
        index.cross_search(source[:, :4], 1)


def merged(parts: list[Neighbors], k: int) -> tuple[list[list[int]], list[list[float]]]:
    """Join them with a dictionary for each query."""
    indices, scores = [], []
    for row in range(len(parts[0].indices)):
        known: dict[int, float] = {}
        for part in parts:
            for index, score in zip(part.indices[row], part.scores[row], strict=True):
                if index >= 0:
                    known[int(index)] = float(score)
        best = sorted(known.items(), key=lambda item: (-item[1], item[0]))[:k]
        best += [(-1, -np.inf)] * (k - len(best))
        indices.append([index for index, _ in best])
        scores.append([score for _, score in best])
    return indices, scores


@pytest.mark.parametrize("counts", [(5,), (4, 4), (1, 6, 3), (0, 2)])
@pytest.mark.parametrize("k", [1, 4, 20])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_what_was_found_apart_is_joined(counts: tuple[int, ...], k: int) -> None:
    rng = np.random.default_rng(23)
    rows, keys = 50, 12
    table = rng.integers(0, 6, (rows, keys)).astype(np.float32)  # with many ties
    parts = []
    for count in counts:
        chosen = np.array([rng.permutation(keys)[:count] for _ in range(rows)]).reshape(rows, count)
        chosen = chosen.astype(np.int64)
        scores = np.take_along_axis(table, chosen, axis=1)
        order = np.lexsort((chosen, -scores), axis=1)
        indices = np.take_along_axis(chosen, order, axis=1)
        scores = np.take_along_axis(scores, order, axis=1)
        if count > 2:  # some miss their last ones
            indices[::3, -1], scores[::3, -1] = -1, -np.inf
        parts.append(Neighbors(indices, scores))
    found = merge_neighbors(parts, k)
    expected_indices, expected_scores = merged(parts, k)
    np.testing.assert_array_equal(found.indices, expected_indices)
    np.testing.assert_array_equal(found.scores, expected_scores)


def test_neighbors_in_parts_of_the_keys_are_those_of_all_keys() -> None:
    source, target = clustered(np.random.default_rng(5), 200, 330)
    parts = []
    for first in range(0, 330, 100):
        found = ExactIndex(target[first : first + 100]).search(source, 8)
        parts.append(Neighbors(found.indices + first, found.scores))
    whole = ExactIndex(target).search(source, 8)
    joined = merge_neighbors(parts, 8)
    np.testing.assert_array_equal(joined.indices, whole.indices)
    np.testing.assert_array_equal(joined.scores, whole.scores)


def test_an_index_with_another_bias_leaves_the_first_as_it_is() -> None:
    source, target = make_languages(hubby)
    bias = csls_bias(target, source)
    plain = ExactIndex(target)
    before = plain.search(source)
    biased = plain.with_bias(bias)
    assert biased.keys is plain.keys
    assert biased.n_threads == 1
    assert_same(biased.search(source), ExactIndex(target, bias=bias).search(source))
    assert_same(plain.search(source), before)
    assert_same(biased.with_bias(None).search(source), before)
    assert_same(ExactIndex(target).with_bias(bias.tolist()).search(source), biased.search(source))
    assert_same(biased.search(source[:3]), biased.search(source).take(np.arange(3)))
    with pytest.raises(ValueError, match="bias must hold one value for each of 300 rows"):
        plain.with_bias(bias[:299])
    with pytest.raises(ValueError, match="bias must be finite"):
        plain.with_bias(np.full(300, np.nan))


def test_few_queries_and_many_find_the_same() -> None:
    source, target = make_languages(clustered)
    index = ExactIndex(target)
    few = index.search(source[:255], 5)
    many = index.search(source, 5)
    again = index.search(source[:255], 5)
    for found in (few, again):
        assert_same(found, many.take(np.arange(255)))
    one_by_one = [index.search(row[None], 5).indices[0] for row in source[:40]]
    np.testing.assert_array_equal(one_by_one, many.indices[:40])


def test_mapped_keys_are_searched_where_they_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    keys, queries = unit(rng.standard_normal((30_000, 40))), unit(rng.standard_normal((300, 40)))
    expected = ExactIndex(keys).search(queries)
    path = tmp_path / "keys"
    path.write_bytes(keys.tobytes())
    mapped = np.memmap(path, np.float32, "r", shape=keys.shape)
    tracemalloc.start()
    index = ExactIndex(mapped)
    found = [index.search(queries), *index.search_blocks([queries[:200], queries[200:]])]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.shares_memory(index.keys, mapped)
    assert peak < keys.nbytes / 10
    assert_same(found[0], expected)
    assert_same(found[1], expected.take(np.arange(200)))
    assert_same(found[2], expected.take(np.arange(200, 300)))
    other = np.memmap(path, np.float32, "r", shape=keys.shape)
    for side in (cross_neighbors(queries, other, 3).of_source, index.search(queries, 3)):
        assert_same(side, expected.first(3))


# --- ranks ------------------------------------------------------------------------------------


def reference_ranks(scores: NDArray[np.float64], pairs: NDArray[np.int64]) -> list[int]:
    """Sort every row in full and look up each of its answers."""
    place = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1)
    best = np.full(len(scores), scores.shape[1])
    np.minimum.at(best, pairs[:, 0], place[pairs[:, 0], pairs[:, 1]])
    return [int(rank) + 1 for rank in best]


def some_answers(rng: np.random.Generator, n: int, m: int) -> NDArray[np.int64]:
    """One to some answers for each query, in any order, some of them twice."""
    more = np.stack([rng.integers(0, n, 2 * n), rng.integers(0, m, 2 * n)], axis=1)
    pairs = np.concatenate(
        [np.stack([np.arange(n), rng.integers(0, m, n)], axis=1), more, more[:9]]
    )
    return np.asarray(rng.permutation(pairs))


@pytest.mark.parametrize(("n", "m"), [(1, 1), (40, 70), (300, 256), (2_500, 300), (5_000, 90)])
@pytest.mark.parametrize("biased", [False, True])
def test_ranks_equal_the_oracle_with_ties_by_lower_row(n: int, m: int, biased: bool) -> None:
    rng = np.random.default_rng([n, m])
    queries, keys = (rng.integers(-2, 3, (count, 6)).astype(np.float32) for count in (n, m))
    bias = rng.integers(-4, 5, m).astype(np.float32) if biased else None
    scores = cosines(queries, keys) - (0 if bias is None else bias)
    pairs = some_answers(rng, n, m)
    expected = reference_ranks(scores, pairs)
    for n_threads in (1, 3):
        found = ranks(queries, keys, pairs, bias=bias)
        assert found.dtype == np.int64
        assert found.tolist() == expected
    lists: Any = pairs.tolist()
    assert (
        ranks(queries, keys, lists, bias=None if bias is None else bias.tolist()).tolist()
        == expected
    )


@pytest.mark.parametrize("make", MAKERS)
def test_ranks_are_places_in_a_search_for_all(make: Callable[..., Languages]) -> None:
    source, target = make_languages(make)
    bias = csls_bias(target, source)
    pairs = some_answers(np.random.default_rng(1), 400, 300)
    for index in (ExactIndex(target), ExactIndex(target, bias=bias)):
        place = np.argsort(index.search(source, 300).indices, axis=1)
        best = np.full(400, 300)
        np.minimum.at(best, pairs[:, 0], place[pairs[:, 0], pairs[:, 1]])
        np.testing.assert_array_equal(ranks(source, target, pairs, bias=index.bias), best + 1)


def test_ranks_of_no_queries() -> None:
    pairs = np.empty((0, 2), np.int64)
    for keys in (EYE, EYE[:0]):
        assert ranks(EYE[:0], keys, pairs).tolist() == []


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([[0, 0], [1, 0], [3, 0]], "pairs must name a key for each of 4 queries"),
        (np.empty((0, 2)), "pairs must name a key for each of 4 queries"),
        ([[0, 0], [1, 0], [2, 0], [4, 0]], "pairs must be rows of queries and keys"),
        ([[0, 0], [1, 0], [2, 0], [3, 4]], "pairs must be rows of queries and keys"),
        ([[0, 0], [1, 0], [2, 0], [3, -1]], "pairs must be rows of queries and keys"),
        ([0, 1, 2, 3], "pairs must have shape (p, 2)"),
        ([[0, 0, 0]], "pairs must have shape (p, 2)"),
    ],
)
def test_pairs_that_do_not_fit_are_refused(pairs: Any, message: str) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=re.escape(message)):
        ranks(EYE, EYE, pairs)


def test_what_ranks_are_of_must_fit() -> None:
    pairs = np.stack([np.arange(4)] * 2, axis=1)
    assert ranks(EYE, EYE, pairs).tolist() == [1, 1, 1, 1]
    with pytest.raises(DimensionError, match="queries and keys must have the same dimension"):
        ranks(EYE, np.ones((4, 3)), pairs)
    with pytest.raises(ValueError, match="bias must hold one value for each of 4 rows"):
        ranks(EYE, EYE, pairs, bias=np.zeros(3))
    with pytest.raises(ValueError, match="bias must be finite"):
        ranks(EYE, EYE, pairs, bias=[0, np.inf, 0, 0])
    with pytest.raises(ValueError, match="n_threads must be at least 1, got 0"):
        ranks(EYE, EYE, pairs)


# --- threads and progress ---------------------------------------------------------------------


def test_threads_change_no_bit() -> None:
    source, target = make_languages(hubby)
    expected = csls_neighbors(source, target)
    for n_threads in (2, 5, None):
        found = csls_neighbors(source, target)
        assert_same(found.of_source, expected.of_source)
        assert_same(found.of_target, expected.of_target)
        searched = csls_search(source, source, target)
        assert_same(searched, expected.of_source)


def test_progress_covers_both_sweeps() -> None:
    source, target = make_languages(random, 2000, 3000)
    fractions: list[float] = []
    csls_neighbors(source, target, progress=fractions.append)
    assert fractions == sorted(fractions)
    assert 0.5 in fractions
    assert fractions[-1] == 1
    for call in (csls_biases, csls_bias, cross_neighbors, mutual_neighbors):
        fractions.clear()
        call(source, target, progress=fractions.append)
        assert fractions[-1] == 1
    fractions.clear()
    ExactIndex(target).search(source, progress=fractions.append)
    assert fractions[-1] == 1


# --- arguments --------------------------------------------------------------------------------

EYE = np.eye(4, dtype=np.float32)


def test_frozen_keys_are_not_copied_and_others_are_converted_once() -> None:
    frozen = EYE.copy()
    frozen.flags.writeable = False
    index = ExactIndex(frozen)
    assert index.keys is frozen
    assert len(index) == 4
    expected = index.search(EYE, 4)
    for other in (EYE.astype(np.float64), EYE.tolist(), np.asfortranarray(EYE), EYE.astype(int)):
        assert_same(ExactIndex(other).search(other, 4), expected)


def test_scores_are_dot_products_whatever_the_length() -> None:
    found = ExactIndex(3 * EYE, bias=[0, 1, 2, 100]).search([[1, 1, 1, 1]], 4)
    assert found.indices.tolist() == [[0, 1, 2, 3]]
    assert found.scores.tolist() == [[3, 2, 1, -97]]


@pytest.mark.parametrize(
    ("keys", "bias", "exception", "message"),
    [
        (EYE[0], None, ValueError, "keys must have 2 dimensions, got 1"),
        (EYE[None], None, ValueError, "keys must have 2 dimensions, got 3"),
        ([["a", "b"]], None, TypeError, "keys must be real numbers, got dtype <U1"),
        (EYE.astype(complex), None, TypeError, "keys must be real numbers, got dtype complex128"),
        (EYE, [0, 0, 0], ValueError, "one value for each of 4 rows, got (3,)"),
    ],
)
def test_an_index_names_rule_and_arrival(
    keys: ArrayLike, bias: ArrayLike | None, exception: type[Exception], message: str
) -> None:
    with pytest.raises(exception, match=re.escape(message)):
        ExactIndex(keys, bias=bias)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_by_row(bad: float) -> None:
    named = f"must be finite float32, got {bad} in row 2"
    broken = EYE.copy()
    broken[2, 1] = bad
    with pytest.raises(ValueError, match=f"keys {named}"):
        ExactIndex(broken)
    with pytest.raises(ValueError, match=f"queries {named}"):
        ExactIndex(EYE).search(broken, 1)
    with pytest.raises(ValueError, match=r"bias must be finite"):
        ExactIndex(EYE, bias=[0, bad, 0, 0])
    for call in (csls_biases, csls_neighbors, mutual_neighbors):
        with pytest.raises(ValueError, match=f"source {named}"):
            call(broken, EYE, n_neighbors=1)
        with pytest.raises(ValueError, match=f"target {named}"):
            call(EYE, broken, n_neighbors=1)
    with pytest.raises(ValueError, match=f"source {named}"):
        cross_neighbors(broken, EYE, 1)
    with pytest.raises(ValueError, match=f"target {named}"):
        cross_neighbors(EYE, broken, 1)


@pytest.mark.parametrize("k", [0, -1, 5])
def test_counts_out_of_range_are_named(k: int) -> None:
    message = re.escape(f"must lie in [1, 4], got {k}")
    with pytest.raises(ValueError, match=f"^k {message}"):
        ExactIndex(EYE).search(EYE, k)
    with pytest.raises(ValueError, match=f"^k {message}"):
        csls_search(EYE[:1], EYE, EYE, k, n_neighbors=1)
    with pytest.raises(ValueError, match=f"^k {message}"):
        csls_neighbors(EYE, EYE, k, n_neighbors=1)
    with pytest.raises(ValueError, match=f"^k {message}"):
        cross_neighbors(EYE, EYE, k)
    for call in (csls_bias, csls_biases, mutual_neighbors):
        with pytest.raises(ValueError, match=f"^n_neighbors {message}"):
            call(EYE, EYE, n_neighbors=k)
    with pytest.raises(ValueError, match=f"^n_neighbors {message}"):
        csls_neighbors(EYE, EYE, 1, n_neighbors=k)
    with pytest.raises(ValueError, match=f"^n_neighbors {message}"):
        csls_search(EYE[:1], EYE, EYE, 1, n_neighbors=k)


def test_the_smaller_side_limits_the_counts() -> None:
    small = EYE[:2]
    message = re.escape("must lie in [1, 2], got 3")
    for source, target in ((small, EYE), (EYE, small)):
        with pytest.raises(ValueError, match=message):
            csls_biases(source, target, n_neighbors=3)
        with pytest.raises(ValueError, match=message):
            csls_neighbors(source, target, 3, n_neighbors=1)
        with pytest.raises(ValueError, match=message):
            cross_neighbors(source, target, 3)
        with pytest.raises(ValueError, match=message):
            csls_search(source, source, target, 1, n_neighbors=3)


def test_other_dimensions_are_named() -> None:
    narrow = np.ones((4, 3), np.float32)
    with pytest.raises(
        DimensionError, match="queries and keys must have the same dimension, got 3 and 4"
    ):
        ExactIndex(EYE).search(narrow, 1)
    for call in (csls_biases, csls_neighbors, mutual_neighbors):
        with pytest.raises(
            DimensionError, match="source and target must have the same dimension, got 4 and 3"
        ):
            call(EYE, narrow, n_neighbors=1)
    with pytest.raises(DimensionError, match="got 4 and 3"):
        csls_bias(EYE, narrow, n_neighbors=1)
    with pytest.raises(DimensionError, match=r"source and target .* got 4 and 3"):
        cross_neighbors(EYE, narrow, 1)
    with pytest.raises(DimensionError, match="same dimension"):
        csls_search(EYE, EYE, narrow, 1, n_neighbors=1)


def test_no_threads_are_refused() -> None:
    with pytest.raises(ValueError, match="n_threads must be at least 1, got 0"):
        ExactIndex(EYE).search(EYE, 1)
    with pytest.raises(ValueError, match="n_threads must be at least 1, got 0"):
        csls_biases(EYE, EYE, n_neighbors=1)


def test_read_only_inputs_stay_as_they_are() -> None:
    source, target = make_languages(clustered)
    copies = source.copy(), target.copy()
    source.flags.writeable = target.flags.writeable = False
    csls_neighbors(source, target)
    csls_search(source[:5], source, target)
    np.testing.assert_array_equal(source, copies[0])
    np.testing.assert_array_equal(target, copies[1])


@pytest.mark.parametrize("bias", [np.zeros((3, 4)), np.zeros((4, 1)), 0.0])
def test_a_bias_of_another_shape_is_refused(bias: ArrayLike) -> None:
    with pytest.raises(ValueError, match="bias must hold one value for each of 4 rows"):
        ExactIndex(np.eye(4), bias=bias)


def test_an_index_needs_keys() -> None:
    with pytest.raises(ValueError, match="keys must have at least 1 row, got 0"):
        ExactIndex(np.zeros((0, 3)))


OVERFLOWING = """
import numpy as np
from alignx.retrieval.exact import ExactIndex
try:
    ExactIndex([[1e30, -1e30], [1, 1]]).search([[1e30, 1e30]], 2)
except ValueError as error:
    print(error)
"""


def test_scores_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    # Without fused multiply-add the products are infinities of both signs, and their sum is NaN.
    done = subprocess.run(
        [sys.executable, "-c", OVERFLOWING],
        cwd=tmp_path,
        env=os.environ | {"ALIGNX_SIMD": "portable"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("dot products must stay within float32")


# --- what a caller may still change -----------------------------------------------------------


def own(rows: Matrix) -> tuple[Matrix, Matrix]:
    return rows, rows


def read_only_view(rows: Matrix) -> tuple[Matrix, Matrix]:
    view = rows[:]
    view.flags.writeable = False
    return view, rows


def view_of_a_buffer(rows: Matrix) -> tuple[Matrix, Matrix]:
    buffer = bytearray(rows.tobytes())
    view = np.frombuffer(memoryview(buffer).toreadonly(), np.float32).reshape(rows.shape)
    return view, np.frombuffer(buffer, np.float32).reshape(rows.shape)


@pytest.mark.parametrize("given", [own, read_only_view, view_of_a_buffer])
@pytest.mark.parametrize("is_prepared", [False, True])
def test_an_index_keeps_the_keys_that_it_was_given(
    given: Callable[[Matrix], tuple[Matrix, Matrix]], is_prepared: bool
) -> None:
    queries, keys = make_languages(random)
    expected = ExactIndex(keys.copy()).search(queries, 5)
    kept, writable = given(keys)
    index = ExactIndex(kept)
    if is_prepared:
        index.search(queries, 5)
    writable[:] = writable[::-1].copy()
    assert_same(index.search(queries, 5), expected)
    assert_same(index.with_bias(None).search(queries, 5), expected)


def test_a_map_that_can_be_written_to_is_copied(tmp_path: Path) -> None:
    queries, keys = make_languages(random)
    keys.tofile(tmp_path / "keys")
    for mode in ("r+", "c"):
        mapped = np.memmap(tmp_path / "keys", np.float32, mode, shape=keys.shape)
        index = ExactIndex(mapped)
        mapped[:] = 0
        assert_same(index.search(queries, 5), ExactIndex(keys).search(queries, 5))
        keys.tofile(tmp_path / "keys")


def test_what_cannot_change_is_not_copied(tmp_path: Path) -> None:
    keys = make_languages(random)[1]
    keys.tofile(tmp_path / "keys")
    frozen = keys.copy()
    frozen.flags.writeable = False
    mapped = np.memmap(tmp_path / "keys", np.float32, "r", shape=keys.shape)
    bytes_ = np.frombuffer(keys.tobytes(), np.float32).reshape(keys.shape)
    for rows in (frozen, frozen[5:], mapped, mapped[5:], bytes_):
        assert np.shares_memory(ExactIndex(rows).keys, rows)


def test_a_bias_is_kept_too() -> None:
    queries, keys = make_languages(random)
    bias = np.zeros(len(keys), np.float32)
    index = ExactIndex(keys, bias=bias)
    bias[:] = np.arange(len(keys))
    assert_same(index.search(queries, 5), ExactIndex(keys).search(queries, 5))
    with pytest.raises(ValueError, match="read-only"):
        index.bias[0] = 1  # type: ignore[index]


@pytest.mark.parametrize("copied", [deepcopy, lambda index: pickle.loads(pickle.dumps(index))])
def test_an_index_can_be_copied_after_a_search(copied: Callable[[ExactIndex], ExactIndex]) -> None:
    queries, keys = make_languages(random)
    index = ExactIndex(keys, bias=np.arange(len(keys)) / 1000)
    expected = index.search(queries, 5)
    other = copied(index)
    assert not other.keys.flags.writeable
    assert_same(other.search(queries, 5), expected)


# --- neighbors of other rows ------------------------------------------------------------------


def in_one_row(source: Matrix, target: Matrix) -> Languages:
    source = source.copy()
    source[7] = source[8]
    return source, target


@pytest.mark.parametrize(
    "other",
    [
        in_one_row,
        lambda source, target: in_one_row(target, source)[::-1],
        lambda source, target: (source[::-1], target),
        lambda source, target: (target, source),
    ],
)
@pytest.mark.parametrize("is_pickled", [False, True])
def test_cosine_neighbors_of_rows_that_only_look_alike_are_refused(
    other: Callable[[Matrix, Matrix], Languages], is_pickled: bool
) -> None:
    languages = make_languages(random, 300, 300)
    cosine = cross_neighbors(*languages, 10)
    if is_pickled:
        cosine = pickle.loads(pickle.dumps(cosine))
    csls_neighbors(*languages, cosine=cosine)
    with pytest.raises(ValueError, match="cosine must be what cross_neighbors gives"):
        csls_neighbors(*other(*languages), cosine=cosine)
    assert_same(
        csls_neighbors(*languages[::-1], cosine=cosine.reversed()).of_target,
        csls_neighbors(*languages).of_source,
    )


def test_cosine_neighbors_that_were_changed_are_refused() -> None:
    languages = make_languages(random)
    cosine = pickle.loads(pickle.dumps(cross_neighbors(*languages, 10)))
    cosine.of_source.indices[3] = cosine.of_source.indices[4]
    with pytest.raises(ValueError, match="cosine must be what cross_neighbors gives"):
        csls_neighbors(*languages, cosine=cosine)


def test_cosine_neighbors_from_elsewhere_are_put_to_the_proof() -> None:
    source, target = make_languages(random)
    forth, back = ExactIndex(target).search(source, 12), ExactIndex(source).search(target, 10)
    found = csls_neighbors(source, target, 5, cosine=CrossNeighbors(forth, back))
    assert_same(found.of_source, csls_neighbors(source, target, 5).of_source)
    missing = replace(forth, indices=forth.indices[:, ::-1].copy())
    with pytest.raises(ValueError, match="cosine must be what cross_neighbors gives"):
        csls_neighbors(source, target, 5, cosine=CrossNeighbors(missing, back))


# --- rows beyond float32 ----------------------------------------------------------------------

SEARCHES: dict[str, Callable[[Matrix, Matrix], object]] = {
    "search": lambda source, target: ExactIndex(target).search(source, 2),
    "many": lambda source, target: ExactIndex(target).search(np.tile(source, (50, 1)), 2),
    "cross_search": lambda source, target: ExactIndex(target).cross_search(source, 2),
    "cross_neighbors": partial(cross_neighbors, k=2),
    "csls_bias": partial(csls_bias, n_neighbors=2),
    "csls_biases": partial(csls_biases, n_neighbors=2),
    "csls_neighbors": partial(csls_neighbors, k=2, n_neighbors=2),
    "csls_search": lambda source, target: csls_search(source, source, target, 2, n_neighbors=2),
    "mutual_neighbors": partial(mutual_neighbors, n_neighbors=2),
    "ranks": lambda source, target: ranks(source, target, np.array([[i, i] for i in range(9)])),
}


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize(
    ("scale", "other"), [(1e20, 1e20), (1e30, 1e10), (3e38, 3e38), (1e-25, 1e-25), (1e-42, 1e-3)]
)
def test_rows_whose_dot_products_leave_float32_are_refused(
    name: str, scale: float, other: float
) -> None:
    source, target = make_languages(random, 9, 9)
    for rows in ((source * scale, target * other), (source * other, target * scale)):
        with pytest.raises(ValueError, match="dot products must stay within float32, got rows as"):
            SEARCHES[name](*(np.asarray(side, np.float32) for side in rows))


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize(("scale", "other"), [(1e20, 1e-20), (1e18, 1e18), (1e-15, 1e-15)])
def test_rows_of_any_length_serve_if_their_products_do(
    name: str, scale: float, other: float
) -> None:
    source, target = make_languages(random, 9, 9)
    SEARCHES[name](source * np.float32(scale), target * np.float32(other))


def test_a_long_row_is_refused_where_no_product_overflows_in_the_answer() -> None:
    keys = np.array([[1e30, -1e30], [1, 1], [2, 2]], np.float32)
    with pytest.raises(ValueError, match=r"dot products must .* 1\.41e\+30 and 1\.41e\+30"):
        ExactIndex(keys).search([[1e30, 1e30]], 1)


def test_a_bias_may_be_as_large_as_float32() -> None:
    most = float(np.finfo(np.float32).max)
    found = ExactIndex(EYE, bias=[most, 0, 0, 0]).search(EYE[:1], 4)
    assert found.indices.tolist() == [[1, 2, 3, 0]]
    with pytest.raises(ValueError, match=r"dot products .* and biases up to 3\.4e\+38"):
        ExactIndex(1e19 * EYE, bias=[-most, 0, 0, 0]).search(1e19 * EYE, 1)


# --- numbers that were not given --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("k", lambda x, y: ExactIndex(y).search(x)),
        ("k", lambda x, y: ExactIndex(y).cross_search(x)),
        ("k", lambda x, y: list(ExactIndex(y).search_blocks([x, x]))),
        ("k", cross_neighbors),
        ("n_neighbors", csls_bias),
        ("n_neighbors", csls_biases),
        ("n_neighbors", mutual_neighbors),
        ("n_neighbors", lambda x, y: csls_neighbors(x, y, 1)),
        ("n_neighbors", lambda x, y: csls_search(x, x, y, 1)),
    ],
)
def test_a_number_that_was_not_given_is_lowered_and_said(
    name: str, call: Callable[[Matrix, Matrix], object], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "alignx"):
        call(*make_languages(random, 10, 10))
        assert not caplog.messages
        call(*make_languages(random, 6, 6))
    assert caplog.messages == [f"{name} is 6 instead of 10: there are only 6 rows"]
