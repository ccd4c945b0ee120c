from __future__ import annotations

import pickle
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_languages import (
    MAKERS,
    Languages,
    assert_best,
    assert_same,
    clustered,
    hubby,
    make_languages,
    random,
    unit,
)
from reference import cosines, csls
from reference import csls_bias as reference_bias
from reference import mutual_neighbors as reference_mutual

from alignx.retrieval.csls import csls_bias, csls_biases, csls_neighbors, mutual_neighbors
from alignx.retrieval.csls_search import csls_search
from alignx.retrieval.exact import ExactIndex, cross_neighbors
from alignx.retrieval.neighbors import CrossNeighbors
from alignx.support.config import config_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from alignx.support.arrays import Matrix


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_bias_of_an_index_makes_its_ranking_csls() -> None:
    source, target = make_languages(hubby)
    index = ExactIndex(target, bias=csls_bias(target, source))
    found = index.search(source)
    assert_best(found, cosines(source, target) - reference_bias(target, source, 10))
    np.testing.assert_array_equal(found.indices, csls_neighbors(source, target).of_source.indices)
    plain = ExactIndex(target).search(source)
    assert (found.indices[:, 0] != plain.indices[:, 0]).mean() > 0.2


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


@pytest.mark.slow
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


def test_threads_change_no_bit() -> None:
    source, target = make_languages(hubby)
    expected = csls_neighbors(source, target)
    for n_threads in (2, 5, None):
        with config_context(n_threads=n_threads):
            found = csls_neighbors(source, target)
            searched = csls_search(source, source, target)
        assert_same(found.of_source, expected.of_source)
        assert_same(found.of_target, expected.of_target)
        assert_same(searched, expected.of_source)


@pytest.mark.slow
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


def test_read_only_inputs_stay_as_they_are() -> None:
    source, target = make_languages(clustered)
    copies = source.copy(), target.copy()
    source.flags.writeable = target.flags.writeable = False
    csls_neighbors(source, target)
    csls_search(source[:5], source, target)
    np.testing.assert_array_equal(source, copies[0])
    np.testing.assert_array_equal(target, copies[1])
