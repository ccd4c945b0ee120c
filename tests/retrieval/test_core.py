from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import cosines
from searches import (
    LEVELS,
    Found,
    Search,
    assert_same,
    at_level,
    check,
    unit,
    whole,
)

from alignx import _core

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray


DIMENSIONS = [1, 2, 5, 7, 16, 17, 40, 300, 1024]
SIZES = [1, 3, 13, 14, 15, 31, 32, 33, 257, 1000]
THREADS = [1, 2, 3, 7, 16]
REAL_TOLERANCE = 1e-6


def grid_search(dimension: int, n: int, m: int, k: int, *, biased: bool, exact: bool) -> Search:
    rng = np.random.default_rng([dimension, n, m, k, biased, exact])
    make = whole if exact else unit
    queries, keys = make(rng, n, dimension), make(rng, m, dimension)
    query_bias = key_bias = None
    if biased and exact:
        query_bias, key_bias = (rng.integers(-3, 4, i).astype(np.float32) for i in (n, m))
    elif biased:
        query_bias, key_bias = (rng.uniform(-0.5, 0.5, i).astype(np.float32) for i in (n, m))
    return Search(queries, keys, min(k, m), min(k, n), query_bias, key_bias, exact)


# --- the grid ---------------------------------------------------------------------------------

SHAPES = [
    pytest.param(d, SIZES[j], SIZES[(3 * j + i) % len(SIZES)], id=f"{d}-{SIZES[j]}")
    for i, d in enumerate(DIMENSIONS)
    for j in range(len(SIZES))
]


@pytest.mark.slow
@pytest.mark.parametrize(("dimension", "n", "m"), SHAPES)
@pytest.mark.parametrize("exact", [True, False], ids=["whole", "unit"])
def test_the_grid_equals_the_oracle(dimension: int, n: int, m: int, exact: bool) -> None:
    for k in sorted({1, 10, m}):
        for biased in (False, True):
            search = grid_search(dimension, n, m, k, biased=biased, exact=exact)
            found = search.run()
            check(search, found)
            assert_same(search.run(THREADS[1 + (n + m + k + biased) % 4]), found)


@pytest.mark.parametrize("n_threads", [*THREADS, None])
@pytest.mark.parametrize(("n", "m"), [(1000, 1000), (257, 33), (14, 1000), (1, 1)])
def test_threads_change_no_bit(n: int, m: int, n_threads: int | None) -> None:
    search = grid_search(40, n, m, 10, biased=True, exact=False)
    assert_same(search.run(n_threads), search.run(1))


@pytest.mark.parametrize("biased", [False, True])
def test_either_side_alone_equals_both_together(biased: bool) -> None:
    both = grid_search(17, 257, 1000, 10, biased=biased, exact=False)
    matrices = (both.queries, both.keys)
    of_queries, of_keys = both.run()
    alone = Search(*matrices, 10, 0, None, both.key_bias).run()
    assert_same(alone, (of_queries, alone[1]))
    assert alone[1][1].shape == (1000, 0)
    alone = Search(*matrices, 0, 10, both.query_bias, None).run()
    assert_same(alone, (alone[0], of_keys))
    assert alone[0][1].shape == (257, 0)


def test_sides_may_ask_for_different_numbers() -> None:
    both = grid_search(16, 33, 257, 10, biased=True, exact=True)
    for k_queries, k_keys in [(1, 33), (257, 1), (5, 2)]:
        search = Search(
            both.queries, both.keys, k_queries, k_keys, both.query_bias, both.key_bias, True
        )
        check(search, search.run(3))


def test_a_pair_scores_the_same_from_both_sides() -> None:
    search = grid_search(300, 33, 257, 257, biased=False, exact=False)
    (row_scores, row_indices), (column_scores, column_indices) = search.run(2)
    table = np.empty((33, 257), np.float32)
    np.put_along_axis(table, row_indices, row_scores, axis=1)
    other = np.empty((257, 33), np.float32)
    np.put_along_axis(other, column_indices, column_scores, axis=1)
    np.testing.assert_array_equal(table.view(np.int32), other.T.view(np.int32))
    (swapped, _), _ = Search(search.keys, search.queries, 33, 0).run()
    np.testing.assert_array_equal(swapped, column_scores)


def test_a_score_does_not_depend_on_its_place() -> None:
    rng = np.random.default_rng(4)
    queries, keys = unit(rng, 50, 300), unit(rng, 100, 300)
    (scores, _), _ = Search(queries, keys, 100, 0).run()
    for row in (0, 13, 14, 49):
        (alone, _), _ = Search(queries[row : row + 1], keys, 100, 0).run()
        np.testing.assert_array_equal(alone[0], scores[row])


@pytest.mark.slow
@pytest.mark.parametrize("rows", [131_100, 263_000])
def test_more_rows_than_a_block_holds(rows: int) -> None:
    values = np.random.default_rng(rows).integers(-1000, 1000, (rows, 4)).astype(np.float32)
    keys = np.array([[1, 0, 0, 0], [0, 1, -1, 0], [1, 1, 1, 1]], np.float32)
    for queries, others in ((keys, values), (values, keys)):
        search = Search(queries, others, min(7, len(others)), min(7, len(queries)), exact=True)
        found = search.run()
        check(search, found)
        assert_same(search.run(2), found)


@pytest.mark.slow
@given(st.data())
def test_any_small_integers_equal_the_oracle(data: st.DataObject) -> None:
    n, m, dimension = (data.draw(st.integers(1, most)) for most in (40, 70, 9))
    k_queries, k_keys = data.draw(st.integers(0, m)), data.draw(st.integers(0, n))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    queries, keys = whole(rng, n, dimension), whole(rng, m, dimension)
    query_bias, key_bias = (rng.integers(-9, 9, size).astype(np.float32) for size in (n, m))
    search = Search(queries, keys, k_queries, k_keys, query_bias, key_bias, exact=True)
    check(search, search.run(data.draw(st.sampled_from(THREADS))))


# --- awkward data -----------------------------------------------------------------------------


def all_equal(rng: np.random.Generator) -> Search:
    row = whole(rng, 1, 40)
    return Search(np.repeat(row, 100, axis=0), np.repeat(row, 257, axis=0), 10, 10, exact=True)


def duplicates(rng: np.random.Generator) -> Search:
    keys = np.tile(whole(rng, 20, 16), (13, 1))
    return Search(keys[:33], keys, 30, 30, exact=True)


def one_bit_apart(rng: np.random.Generator) -> Search:
    """Keys between 1 and 2 - 2^-22 that differ in their last bits; each product is exact."""
    keys = np.ones((257, 1), np.float32)
    keys.view(np.int32)[:, 0] += rng.permutation(257).astype(np.int32)
    return Search(np.array([[1], [-1], [2], [0.5]], np.float32), keys, 257, 4, exact=True)


def zero_rows(rng: np.random.Generator) -> Search:
    queries, keys = whole(rng, 33, 7), whole(rng, 257, 7)
    queries[::3] = 0
    keys[::2] = 0
    return Search(queries, keys, 200, 20, exact=True)


def hubs(rng: np.random.Generator) -> Search:
    queries, keys = np.abs(whole(rng, 257, 17)), whole(rng, 300, 17)
    keys[[3, 150, 299]] = 9
    return Search(queries, keys, 5, 5, exact=True)


def all_negative(rng: np.random.Generator) -> Search:
    return Search(-np.abs(whole(rng, 40, 5)) - 1, np.abs(whole(rng, 70, 5)) + 1, 70, 40, exact=True)


def ascending(rng: np.random.Generator) -> Search:
    """Each key beats all before it, so that the heaps of queries change at every step."""
    line = np.arange(1, 1001, dtype=np.float32)[:, None]
    return Search(rng.permutation(line[:100]), line, 37, 37, exact=True)


def huge_biases(rng: np.random.Generator) -> Search:
    """Biases of 1e30 swallow the products: what ties then must be ordered by index."""
    choices = np.array([-3e38, -1e30, 0, 1, 1e30, 3e38], np.float32)
    query_bias, key_bias = (rng.choice(choices, size) for size in (100, 257))
    queries, keys = whole(rng, 100, 7), whole(rng, 257, 7)
    return Search(queries, keys, 257, 100, query_bias, key_bias, exact=True)


def no_columns(rng: np.random.Generator) -> Search:
    query_bias, key_bias = (rng.integers(-2, 2, size).astype(np.float32) for size in (20, 40))
    queries, keys = np.ones((20, 0), np.float32), np.ones((40, 0), np.float32)
    return Search(queries, keys, 40, 20, query_bias, key_bias, exact=True)


AWKWARD: list[Callable[[np.random.Generator], Search]] = [
    all_equal,
    duplicates,
    one_bit_apart,
    zero_rows,
    hubs,
    all_negative,
    ascending,
    huge_biases,
    no_columns,
]


def awkward(make: Callable[[np.random.Generator], Search]) -> Search:
    return make(np.random.default_rng(AWKWARD.index(make)))


@pytest.mark.parametrize("make", AWKWARD)
@pytest.mark.parametrize("n_threads", THREADS)
def test_awkward_data_equal_the_oracle(
    make: Callable[[np.random.Generator], Search], n_threads: int
) -> None:
    search = awkward(make)
    check(search, search.run(n_threads))


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("n_threads", THREADS)
def test_scores_beyond_float32_are_infinite_and_tie(sign: int, n_threads: int) -> None:
    large = np.full((40, 3), 1e30, np.float32)
    for side in Search(large[:17], sign * large, 40, 17).run(n_threads):
        scores, indices = side
        assert (scores == sign * np.inf).all()
        np.testing.assert_array_equal(indices, [range(indices.shape[1])] * len(indices))


@pytest.mark.parametrize(("n", "m"), [(0, 5), (5, 0), (0, 0)])
@pytest.mark.parametrize("n_threads", THREADS)
def test_an_empty_side_gives_empty_answers(n: int, m: int, n_threads: int) -> None:
    empty = Search(np.ones((n, 3), np.float32), np.ones((m, 3), np.float32), 0, 0)
    of_queries, of_keys = empty.run(n_threads)
    assert of_queries[0].shape == of_queries[1].shape == (n, 0)
    assert of_keys[0].shape == of_keys[1].shape == (m, 0)


# --- arguments --------------------------------------------------------------------------------

ROWS = np.arange(24, dtype=np.float32).reshape(6, 4)


@pytest.mark.parametrize(
    "wrong",
    [
        ROWS.astype(np.float64),
        ROWS.astype(np.float16),
        ROWS.astype(np.int32),
        np.asfortranarray(ROWS),
        ROWS[:, ::2].repeat(2, axis=1)[:, ::2],
        ROWS[::2],
        ROWS.T,
        ROWS[::-1],
        ROWS.astype(">f4"),
        ROWS.tolist(),
        None,
    ],
)
def test_other_arrays_are_a_type_error(wrong: Any) -> None:  # noqa: ANN401  # that is the point
    good = np.ones((6, 4), np.float32)
    for queries, keys in ((wrong, good), (good, wrong)):
        with pytest.raises(TypeError, match="incompatible function arguments"):
            _core.search(queries, keys, k_queries=1, k_keys=0)


@pytest.mark.parametrize("name", ["query_bias", "key_bias"])
def test_other_biases_are_a_type_error(name: str) -> None:
    for wrong in (np.zeros(6), np.zeros(12, np.float32)[::2], [0.0] * 6, "zero"):
        arguments: Any = {name: wrong}
        with pytest.raises(TypeError, match="incompatible function arguments"):
            _core.search(ROWS, ROWS, k_queries=1, k_keys=1, **arguments)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"queries": ROWS[0]}, "queries must have 2 dimensions, got 1"),
        ({"keys": ROWS[None]}, "keys must have 2 dimensions, got 3"),
        ({"keys": np.ones((6, 3), np.float32)}, "same dimension, got 4 and 3"),
        ({"k_queries": 7}, r"k_queries must lie in \[0, 6\], got 7"),
        ({"k_keys": 7}, r"k_keys must lie in \[0, 6\], got 7"),
        ({"query_bias": np.zeros(5, np.float32)}, r"query_bias must have shape \(6,\)"),
        ({"key_bias": np.zeros((6, 1), np.float32)}, r"key_bias must have shape \(6,\)"),
        ({"n_threads": 0}, "n_threads must be at least 1, got 0"),
        ({"n_threads": -2}, "n_threads must be at least 1, got -2"),
    ],
)
def test_wrong_arguments_are_a_value_error(changed: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"queries": ROWS, "keys": ROWS, "k_queries": 1, "k_keys": 1}
    with pytest.raises(ValueError, match=message):
        _core.search(**arguments | changed)


def test_read_only_inputs_work_and_stay_as_they_are() -> None:
    search = grid_search(7, 33, 40, 10, biased=True, exact=True)
    arrays = [search.queries, search.keys, search.query_bias, search.key_bias]
    before = [None if array is None else array.copy() for array in arrays]
    for array in arrays:
        assert array is not None
        array.flags.writeable = False
    check(search, search.run(2))
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_outputs_are_fresh() -> None:
    search = grid_search(5, 14, 15, 10, biased=False, exact=True)
    first, second = search.run(), search.run()
    first[0][0][:] = 99
    check(search, second)


# --- single scores and ranks ------------------------------------------------------------------


def all_pairs(n: int, m: int) -> NDArray[np.int64]:
    return np.stack(np.meshgrid(np.arange(n), np.arange(m), indexing="ij"), axis=-1).reshape(-1, 2)


@pytest.mark.parametrize("dimension", [0, *DIMENSIONS])
def test_pairs_score_what_a_search_scores(dimension: int) -> None:
    rng = np.random.default_rng(dimension)
    queries, keys = (rng.standard_normal((n, dimension)).astype(np.float32) for n in (37, 61))
    (scores, indices), _ = Search(queries, keys, 61, 0).run()
    table = np.empty((37, 61), np.float32)
    np.put_along_axis(table, indices, scores, axis=1)
    for count in (0, 1, 15, 16, 17, 37 * 61):
        pairs = rng.permutation(all_pairs(37, 61))[:count]
        found = _core.score_pairs(queries, keys, pairs)
        assert found.dtype == np.float32
        expected = table[pairs[:, 0], pairs[:, 1]]
        np.testing.assert_array_equal(found.view(np.int32), expected.view(np.int32))


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (np.zeros(2, np.int64), r"pairs must have shape \(p, 2\)"),
        (np.zeros((2, 3), np.int64), r"pairs must have shape \(p, 2\)"),
        (np.array([[0, 0], [6, 0]]), "pairs must be rows of queries and keys"),
        (np.array([[0, 4]]), "pairs must be rows of queries and keys"),
        (np.array([[-1, 0]]), "pairs must be rows of queries and keys"),
        (np.array([[0, -1]]), "pairs must be rows of queries and keys"),
        (np.array([[2**62, 0]]), "pairs must be rows of queries and keys"),
    ],
)
def test_pairs_of_other_rows_are_a_value_error(pairs: NDArray[np.int64], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _core.score_pairs(ROWS, ROWS[:4], pairs)
    with pytest.raises(ValueError, match="same dimension, got 4 and 3"):
        _core.score_pairs(ROWS, np.ones((6, 3), np.float32), np.zeros((1, 2), np.int64))
    with pytest.raises(TypeError, match="incompatible function arguments"):
        _core.score_pairs(ROWS, ROWS, np.zeros((1, 2), np.int32))


@dataclass(frozen=True)
class Ranking:
    """For each query one key, and how many are better."""

    queries: NDArray[np.float32]
    keys: NDArray[np.float32]
    bias: NDArray[np.float32] | None
    indices: NDArray[np.int64]
    scores: NDArray[np.float32]
    expected: NDArray[np.int64]

    @classmethod
    def of_integers(cls, n: int, m: int, dimension: int, *, biased: bool) -> Ranking:
        rng = np.random.default_rng([n, m, dimension, biased])
        queries, keys = whole(rng, n, dimension), whole(rng, m, dimension)
        bias = rng.integers(-3, 4, m).astype(np.float32) if biased else None
        table = cosines(queries, keys) - (0 if bias is None else bias)
        indices = rng.integers(0, m, n)
        scores = table[np.arange(n), indices]
        better = table > scores[:, None]
        better |= (table == scores[:, None]) & (np.arange(m) < indices[:, None])
        return cls(queries, keys, bias, indices, scores.astype(np.float32), better.sum(axis=1))

    def run(self, **options: Any) -> NDArray[np.int64]:  # noqa: ANN401  # passed on
        return _core.count_better(
            self.queries, self.keys, self.scores, self.indices, key_bias=self.bias, **options
        )


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize(
    ("n", "m", "dimension"),
    [
        (1, 1, 1),
        (13, 33, 2),
        (14, 32, 7),
        (15, 1, 0),
        (300, 257, 1),
        (257, 1000, 40),
        (33, 700, 300),
    ],
)
def test_better_keys_are_counted(n: int, m: int, dimension: int, biased: bool) -> None:
    ranking = Ranking.of_integers(n, m, dimension, biased=biased)
    for n_threads in (1, 3, 7):
        found = ranking.run(n_threads=n_threads)
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, ranking.expected)


@pytest.mark.slow
def test_better_keys_of_more_queries_and_keys_than_blocks_hold() -> None:
    for n, m, dimension in ((4_500, 700, 64), (300, 5_000, 64), (17_000, 20, 1), (20, 40_000, 2)):
        ranking = Ranking.of_integers(n, m, dimension, biased=True)
        for n_threads in (1, 3):
            np.testing.assert_array_equal(ranking.run(n_threads=n_threads), ranking.expected)


@pytest.mark.parametrize("sign", [-1, 1])
def test_counts_agree_with_the_order_of_a_search(sign: int) -> None:
    rng = np.random.default_rng(0)
    queries, keys = unit(rng, 60, 300), unit(rng, 500, 300)
    bias = (sign * rng.uniform(0, 0.3, 500)).astype(np.float32)
    (scores, indices), _ = Search(queries, keys, 500, 0, None, bias).run()
    for place in (0, 1, 250, 499):
        found = _core.count_better(
            queries, keys, scores[:, place].copy(), indices[:, place].copy(), key_bias=bias
        )
        assert (found == place).all()


def test_no_queries_or_keys_have_no_better_ones() -> None:
    some, none = np.ones((5, 3), np.float32), np.ones((0, 3), np.float32)
    scores, indices = np.zeros(5, np.float32), np.zeros(5, np.int64)
    assert _core.count_better(none, some, scores[:0], indices[:0]).shape == (0,)
    assert _core.count_better(none, none, scores[:0], indices[:0]).shape == (0,)
    assert not _core.count_better(some, none, scores, indices).any()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"queries": ROWS[0]}, "queries must have 2 dimensions, got 1"),
        ({"keys": np.ones((6, 3), np.float32)}, "same dimension, got 4 and 3"),
        ({"scores": np.zeros(5, np.float32)}, "must hold one value for each query"),
        ({"scores": np.zeros((6, 1), np.float32)}, "must hold one value for each query"),
        ({"indices": np.zeros(7, np.int64)}, "must hold one value for each query"),
        ({"key_bias": np.zeros(5, np.float32)}, r"key_bias must have shape \(6,\)"),
        ({"n_threads": 0}, "n_threads must be at least 1, got 0"),
    ],
)
def test_wrong_arguments_of_a_count_are_a_value_error(
    changed: dict[str, Any], message: str
) -> None:
    arguments: dict[str, Any] = {
        "queries": ROWS,
        "keys": ROWS,
        "scores": np.zeros(6, np.float32),
        "indices": np.zeros(6, np.int64),
    }
    with pytest.raises(ValueError, match=message):
        _core.count_better(**arguments | changed)


# --- CPU levels -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def level_searches() -> list[Search]:
    searches = [
        grid_search(d, n, m, k, biased=k == 10, exact=exact)
        for d in DIMENSIONS
        for n, m in [(1, 33), (13, 257), (14, 14), (15, 31), (32, 3), (33, 32)]
        for k in (1, 10, m)
        for exact in (True, False)
    ]
    return searches + [awkward(make) for make in AWKWARD]


@pytest.fixture(scope="module")
def level_answers(
    level_searches: list[Search], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[tuple[Found, Found]]]:
    directory = tmp_path_factory.mktemp("levels")
    return {level: at_level(level, directory, level_searches, 3) for level in LEVELS}


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_every_level_equals_the_oracle(
    level: str,
    level_searches: list[Search],
    level_answers: dict[str, list[tuple[Found, Found]]],
) -> None:
    for search, found in zip(level_searches, level_answers[level], strict=True):
        check(search, found)


@pytest.mark.slow
@pytest.mark.skipif(len(LEVELS) < 3, reason="this processor has fewer than two vector levels")
def test_the_vector_levels_agree_in_every_bit(
    level_answers: dict[str, list[tuple[Found, Found]]],
) -> None:
    for level in set(LEVELS) - {"portable"}:
        for found, other in zip(level_answers["avx2"], level_answers[level], strict=True):
            assert_same(found, other)


SCORING = """
import numpy as np
from alignx import _core
for d in (0, 1, 7, 8, 9, 40, 300):
    rng = np.random.default_rng(d)
    queries, keys = (rng.standard_normal((n, d)).astype(np.float32) for n in (33, 70))
    scores, indices = _core.search(queries, keys, k_queries=70, k_keys=0)[0]
    rows = np.repeat(np.arange(33), 70)
    pairs = np.stack([rows, indices.ravel()], axis=1)
    assert (_core.score_pairs(queries, keys, pairs) == scores.ravel()).all()
    for place in range(0, 70, 9):
        best = scores[:, place].copy(), indices[:, place].copy()
        assert (_core.count_better(queries, keys, *best, n_threads=2) == place).all()
print(_core.simd_level())
"""


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_pairs_and_counts_agree_with_a_search_at_every_level(level: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCORING],
        cwd=tmp_path,
        env=os.environ | {"ALIGNX_SIMD": level},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == level


@pytest.mark.slow
def test_the_best_level_is_the_default(tmp_path: Path) -> None:
    script = "from alignx import _core; print(_core.simd_level())"
    for asked, expected in [("", LEVELS[-1]), *((level, level) for level in LEVELS)]:
        found = subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            env=os.environ | {"ALIGNX_SIMD": asked},
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.strip() == expected


@pytest.mark.slow
@pytest.mark.parametrize("call", ["simd_level()", "search(x, x, k_queries=1, k_keys=0)"])
def test_an_unknown_level_is_named_at_first_use(call: str, tmp_path: Path) -> None:
    script = (
        "import numpy as np; from alignx import _core; x = np.ones((2, 2), np.float32)\n"
        f"print(_core.simd_levels())\ntry:\n    _core.{call}\nexcept ValueError as error:\n"
        "    print(error)"
    )
    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=os.environ | {"ALIGNX_SIMD": "mmx"},
        capture_output=True,
        text=True,
        check=True,
    )
    message = f"ALIGNX_SIMD must be one of {', '.join(LEVELS)} on this processor, got mmx"
    assert found.stdout.splitlines() == [str(LEVELS), message]


FORKED = """
import os, signal
import numpy as np
from alignx import _core
rows = np.random.default_rng(0).standard_normal((2000, 300)).astype(np.float32)
def search():
    return _core.search(rows, rows, k_queries=3, k_keys=0, n_threads=2)[0][1]
before = search()
child = os.fork()
if child == 0:
    signal.alarm(30)
    os._exit(0 if (search() == before).all() else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.slow
def test_a_forked_child_searches_on() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "0"


def test_any_number_of_threads_is_survived() -> None:
    rows = np.eye(40, dtype=np.float32)
    assert (_core.search(rows, rows, k_queries=1, k_keys=0, n_threads=10**6)[0][0] == 1).all()
    words, *_ = _core.parse_vectors(b"a 1\nb 2\n", 1, 10**6)
    assert words == ["a", "b"]
