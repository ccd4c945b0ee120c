from __future__ import annotations

import logging
import os
import pickle
import re
import subprocess
import sys
import tracemalloc
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from made_languages import (
    EYE,
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
from reference import cosines

from alignx.errors import DimensionError
from alignx.retrieval.csls import csls_bias, csls_biases, csls_neighbors, mutual_neighbors
from alignx.retrieval.csls_search import csls_search
from alignx.retrieval.exact import ExactIndex, cross_neighbors
from alignx.retrieval.neighbors import Neighbors
from alignx.retrieval.ranking import best_ranks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import ArrayLike

    from alignx.support.arrays import Matrix


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


@pytest.mark.slow
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
        assert_same(ours, alone)


def test_a_search_of_both_sides_refuses_what_does_not_fit() -> None:
    source, target = random(np.random.default_rng(2), 5, 6)
    index = ExactIndex(target)
    for k in (0, 7):
        with pytest.raises(ValueError, match=rf"k must lie in \[1, 6\], got {k}"):
            index.cross_search(source, k)
    with pytest.raises(DimensionError):
        index.cross_search(source[:, :4], 1)


def test_an_index_with_another_bias_leaves_the_first_as_it_is() -> None:
    source, target = make_languages(hubby)
    bias = csls_bias(target, source)
    plain = ExactIndex(target)
    before = plain.search(source)
    biased = plain.with_bias(bias)
    assert biased.keys is plain.keys
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
        (EYE, [0, 0, 0], ValueError, "bias must hold one value for each of 4 rows, got (3,)"),
        (EYE, np.zeros((4, 1)), ValueError, "one value for each of 4 rows, got (4, 1)"),
        (EYE, 0.0, ValueError, "one value for each of 4 rows, got ()"),
        (EYE[:0], None, ValueError, "keys must have at least 1 row, got 0"),
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


OVERFLOWING = """
import numpy as np
from alignx.retrieval.exact import ExactIndex
try:
    ExactIndex([[1e30, -1e30], [1, 1]]).search([[1e30, 1e30]], 2)
except ValueError as error:
    print(error)
"""


@pytest.mark.slow
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
    assert repr(other) == "ExactIndex(300 keys of dimension 20, biased)"
    assert not other.keys.flags.writeable
    assert_same(other.search(queries, 5), expected)


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
    "best_ranks": lambda source, target: best_ranks(
        source, target, np.array([[i, i] for i in range(9)])
    ),
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


# Calls that take a number of neighbors, by the name of the number.
COUNTED: list[tuple[str, Callable[[ArrayLike, ArrayLike, Any], object]]] = [
    ("k", lambda x, y, n: ExactIndex(y).search(x, n)),
    ("k", lambda x, y, n: ExactIndex(y).cross_search(x, n)),
    ("k", lambda x, y, n: list(ExactIndex(y).search_blocks([x, x], n))),
    ("k", cross_neighbors),
    ("k", lambda x, y, n: csls_neighbors(x, y, n, n_neighbors=1)),
    ("k", lambda x, y, n: csls_search(x, x, y, n, n_neighbors=1)),
    ("n_neighbors", lambda x, y, n: csls_bias(x, y, n_neighbors=n)),
    ("n_neighbors", lambda x, y, n: csls_biases(x, y, n_neighbors=n)),
    ("n_neighbors", lambda x, y, n: mutual_neighbors(x, y, n_neighbors=n)),
    ("n_neighbors", lambda x, y, n: csls_neighbors(x, y, 1, n_neighbors=n)),
    ("n_neighbors", lambda x, y, n: csls_search(x, x, y, 1, n_neighbors=n)),
]


@pytest.mark.parametrize(("name", "call"), COUNTED)
def test_numbers_of_neighbors(
    name: str, call: Callable[[ArrayLike, ArrayLike, Any], object], caplog: pytest.LogCaptureFixture
) -> None:
    for count in (0, -1, 5):
        with pytest.raises(ValueError, match=rf"^{name} must lie in \[1, 4\], got {count}"):
            call(EYE, EYE, count)
    with pytest.raises(ValueError, match=r"must lie in \[1, 2\], got 3"):
        call(EYE, EYE[:2], 3)
    with pytest.raises(DimensionError, match="must have the same dimension, got"):
        call(EYE, np.ones((4, 3)), 1)
    with caplog.at_level(logging.WARNING, "alignx"):
        call(*make_languages(random, 10, 10), None)
        assert not caplog.messages
        call(*make_languages(random, 6, 6), None)
    assert caplog.messages == [f"{name} is 6 instead of 10: there are only 6 rows"]


def test_the_smaller_side_limits_the_counts() -> None:
    for call in (
        lambda: csls_biases(EYE[:2], EYE, n_neighbors=3),
        lambda: csls_neighbors(EYE[:2], EYE, 3, n_neighbors=1),
        lambda: cross_neighbors(EYE[:2], EYE, 3),
        lambda: csls_search(EYE[:2], EYE[:2], EYE, 1, n_neighbors=3),
    ):
        with pytest.raises(ValueError, match=r"must lie in \[1, 2\], got 3"):
            call()
