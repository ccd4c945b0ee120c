"""The search that bounds most scores in bytes gives what computing all scores gives, to the bit."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from searches import (
    FEWEST_SCREENED,
    LEVELS,
    Found,
    Search,
    answers_at_level,
    assert_same,
    check,
    check_within_rounding,
    unit,
)
from threadpoolctl import threadpool_limits

import alignx as ax
from alignx import _core
from alignx.retrieval.csls import csls_biases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from alignx.support.arrays import Matrix

Make: TypeAlias = "Callable[[np.random.Generator], Search]"
Cloud: TypeAlias = "Callable[[np.random.Generator], tuple[Matrix, Matrix]]"

SCREENS = _core.simd_level() != "portable"
needs_bytes = pytest.mark.skipif(not SCREENS, reason="this processor multiplies no bytes")


@pytest.fixture(scope="module", autouse=True)
def one_blas_thread() -> Iterator[None]:
    """BLAS threads that wait for each other slow small matrices down on a busy machine."""
    with threadpool_limits(1):
        yield


# As many threads as cores wait for each other by turning in circles, which takes long on a busy
# machine; so few tests have 2.
THREADS = [1, 3, 7]


def sides_of(search: Search) -> list[Search]:
    """Give the search of both sides, and of either alone."""
    return [search, replace(search, k_keys=0), replace(search, k_queries=0)]


def check_bits(search: Search) -> None:
    """Compare every direction, on some number of threads, with scores all computed in float32."""
    expected = search.unscreened()
    for part, n_threads in zip(sides_of(search), THREADS, strict=True):
        found = part.run(n_threads)
        for side, other in zip(found, expected, strict=True):
            if side[1].shape[1] > 0:
                assert_same((side, side), (other, other))


def fallbacks(search: Search) -> tuple[int, int]:
    return search.answer()[2]


def assert_hardly_any(counts: tuple[int, int], search: Search) -> None:
    """One row in ten thousand deceives by chance."""
    rows = len(search.queries), len(search.keys)
    assert all(count <= 2 + row // 2_000 for count, row in zip(counts, rows, strict=True))


def known_of(queries: Matrix, keys: Matrix, k: int) -> tuple[Found, Found]:
    """Give what an earlier sweep of both sides finds by dot product alone."""
    return Search(queries, keys, k, k).run()


# --- where screening begins -------------------------------------------------------------------


def equal_rows(n: int, m: int, k_queries: int, k_keys: int) -> Search:
    row = np.linspace(-1, 1, 40, dtype=np.float32)[None]
    return Search(np.repeat(row, n, axis=0), np.repeat(row, m, axis=0), k_queries, k_keys)


@needs_bytes
@pytest.mark.parametrize(
    ("n", "m", "k_queries", "k_keys", "prepared", "is_screened"),
    [
        (256, 700, 10, 0, False, True),
        (255, 700, 10, 0, False, False),
        (16, 700, 10, 0, True, True),
        (15, 700, 10, 0, True, False),
        (700, 256, 0, 10, False, True),
        (700, 255, 0, 10, False, False),
        (600, 700, 43, 0, False, True),
        (600, 700, 44, 0, False, False),
        (600, 700, 0, 37, False, True),
        (600, 700, 0, 38, False, False),
        (600, 700, 10, 38, False, False),
    ],
)
def test_fallbacks_show_which_searches_are_screened(
    n: int, m: int, k_queries: int, k_keys: int, prepared: bool, is_screened: bool
) -> None:
    # Of rows that are all equal nothing can be excluded, so all are given up, if there are enough
    # for that; and only a screened search can give up.
    search = replace(equal_rows(n, m, k_queries, k_keys), prepared=prepared)
    of_queries, of_keys, counts = search.answer()
    gives_up = 512 + (m if k_queries else n) // 8 < (m if k_queries else n)
    expected = (n if k_queries else 0, m if k_keys else 0)
    assert counts == (expected if is_screened and gives_up else (0, 0))
    check_within_rounding(search, (of_queries, of_keys))


def test_the_reference_is_never_screened() -> None:
    search = equal_rows(700, 700, 10, 10)
    for part in search.unscreened_parts():
        assert len(part.queries) < FEWEST_SCREENED
        assert fallbacks(part) == (0, 0)
    if SCREENS:
        assert fallbacks(search) == (700, 700)


# --- shapes -----------------------------------------------------------------------------------

DIMENSIONS = [1, 2, 3, 4, 5, 7, 16, 63, 64, 65, 300, 511, 1024]
SIZES = [(256, 257), (257, 300), (300, 256), (401, 700)]
COUNTS = [1, 2, 10, 16]


def shaped(dimension: int, n: int, m: int, k: int, *, biased: bool) -> Search:
    rng = np.random.default_rng([dimension, n, m, k])
    biases = (rng.uniform(-0.5, 0.5, size).astype(np.float32) for size in (n, m))
    query_bias, key_bias = biases if biased else (None, None)
    queries, keys = unit(rng, n, dimension), unit(rng, m, dimension)
    return Search(queries, keys, k, k, query_bias, key_bias)


@pytest.mark.slow
@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize(("n", "m"), SIZES)
def test_every_shape_equals_the_search_in_float32(dimension: int, n: int, m: int) -> None:
    for k, biased in ((10, False), (1 if n % 2 else 16, True)):
        search = shaped(dimension, n, m, k, biased=biased)
        check_bits(search)
        check_within_rounding(search, search.run(3))


@pytest.mark.parametrize("k", [17, 256])
def test_more_neighbors_than_screening_serves(k: int) -> None:
    search = shaped(7, 256, 256, k, biased=True)
    check_bits(search)
    check_within_rounding(search, search.run(3))


def test_sides_may_ask_for_different_numbers() -> None:
    for k_queries, k_keys in [(1, 16), (25, 1), (7, 2)]:
        search = replace(shaped(64, 300, 401, 1, biased=True), k_queries=k_queries, k_keys=k_keys)
        check_bits(search)


@pytest.mark.slow
@needs_bytes
@pytest.mark.parametrize("dimension", [16, 64, 300])
def test_no_random_row_falls_back(dimension: int) -> None:
    rng = np.random.default_rng(dimension)
    queries, keys = unit(rng, 2000, dimension), unit(rng, 1500, dimension)
    search = Search(queries, keys, 10, 10)
    assert fallbacks(search) == (0, 0)
    query_bias, key_bias = csls_biases(queries, keys)
    search = replace(search, query_bias=query_bias, key_bias=key_bias)
    assert fallbacks(search) == (0, 0)
    assert fallbacks(replace(search, known=known_of(queries, keys, 10))) == (0, 0)


# --- awkward data -----------------------------------------------------------------------------


def both_sides(rows: NDArray[np.floating], others: NDArray[np.floating], k: int = 10) -> Search:
    return Search(rows.astype(np.float32), others.astype(np.float32), k, k)


def all_equal(_: np.random.Generator) -> Search:
    return equal_rows(300, 257, 10, 10)


def many_equal(_: np.random.Generator) -> Search:
    return equal_rows(700, 700, 3, 10)


def one_bit_apart(rng: np.random.Generator) -> Search:
    """Rows that differ from one another in the last bit of one element."""
    rows = np.repeat(unit(rng, 1, 40), 1300, axis=0)
    column = rng.integers(0, 40, 1300)
    at = (np.arange(1300), column)
    rows[at] = np.nextafter(rows[at], rng.choice([-np.inf, np.inf], 1300).astype(np.float32))
    return both_sides(rows[:600], rows[600:])


def zero_rows(rng: np.random.Generator) -> Search:
    queries, keys = unit(rng, 300, 20), unit(rng, 400, 20)
    queries[::3] = 0
    keys[::2] = 0
    return both_sides(queries, keys)


def all_zero(_: np.random.Generator) -> Search:
    return both_sides(np.zeros((700, 5)), np.zeros((300, 5)))


def zero_keys(rng: np.random.Generator) -> Search:
    return both_sides(unit(rng, 300, 20), np.zeros((700, 20)))


def hubs(rng: np.random.Generator) -> Search:
    """Three keys are the nearest of all queries."""
    center = unit(rng, 1, 30)
    queries, keys = center + 0.5 * unit(rng, 700, 30), unit(rng, 500, 30)
    keys[[3, 150, 499]] = center + 0.01 * unit(rng, 3, 30)
    return both_sides(queries, keys)


def ascending(rng: np.random.Generator) -> Search:
    """Each key is better than all before it, so that thresholds rise at every step."""
    center = unit(rng, 1, 30)
    queries, keys = center + 0.1 * unit(rng, 300, 30), np.linspace(0, 1, 1500)[:, None] * center
    return both_sides(queries, keys + 1e-5 * unit(rng, 1500, 30))


def descending(rng: np.random.Generator) -> Search:
    search = ascending(rng)
    return replace(search, keys=search.keys[::-1].copy())


def near_duplicates(rng: np.random.Generator) -> Search:
    centers = unit(rng, 40, 50)
    queries = centers[rng.integers(0, 40, 600)] + 1e-4 * unit(rng, 600, 50)
    return both_sides(queries, centers[rng.integers(0, 40, 700)] + 1e-4 * unit(rng, 700, 50))


def duplicates(rng: np.random.Generator) -> Search:
    centers = unit(rng, 40, 50)
    return both_sides(centers[rng.integers(0, 40, 600)], centers[rng.integers(0, 40, 700)])


def many_near_ties(rng: np.random.Generator) -> Search:
    """On a circle the best neighbors are closer to each other than bytes can tell."""
    return both_sides(unit(rng, 1500, 2), unit(rng, 1500, 2), 5)


def on_a_sphere(rng: np.random.Generator) -> Search:
    return both_sides(unit(rng, 1500, 3), unit(rng, 1500, 3), 2)


def on_a_line(rng: np.random.Generator) -> Search:
    return both_sides(rng.standard_normal((300, 1)), rng.standard_normal((1500, 1)), 3)


def antiparallel(rng: np.random.Generator) -> Search:
    rows = unit(rng, 300, 20)
    return both_sides(rows, np.concatenate([-rows, rows[:100]]))


def all_negative(rng: np.random.Generator) -> Search:
    return both_sides(-np.abs(unit(rng, 300, 20)), np.abs(unit(rng, 400, 20)))


def one_hot(rng: np.random.Generator) -> Search:
    """Rows that hold one number each, as unlike what the rotation makes of them as can be."""
    return both_sides(
        np.eye(33)[rng.integers(0, 33, 300)] * rng.standard_normal((300, 1)),
        np.eye(33)[rng.integers(0, 33, 900)] * rng.standard_normal((900, 1)),
    )


def along_axes(rng: np.random.Generator) -> Search:
    """The rotation turns rows of two by a multiple of 45 degrees: here or along the diagonals all
    bytes are the largest there are, whose products fit into 16 bits just so."""
    axes = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
    return both_sides(
        axes[rng.integers(0, 4, 300)] * rng.uniform(0.97, 1, (300, 1)),
        axes[rng.integers(0, 4, 700)] * rng.uniform(0.97, 1, (700, 1)),
    )


def along_diagonals(rng: np.random.Generator) -> Search:
    search = along_axes(rng)
    turn = np.array([[1, 1], [-1, 1]], np.float32)
    return both_sides(search.queries @ turn, search.keys @ turn)


def constant_rows(rng: np.random.Generator) -> Search:
    return both_sides(
        np.repeat(rng.standard_normal((300, 1)), 64, axis=1),
        np.repeat(rng.standard_normal((400, 1)), 64, axis=1),
    )


def heavy_tails(rng: np.random.Generator) -> Search:
    return both_sides(rng.standard_cauchy((300, 40)), rng.standard_cauchy((400, 40)))


def spike_of(size: float, *, in_queries: bool, in_keys: bool) -> Make:
    """One row has a spike: the last of the keys, which is not among those the step is chosen on."""

    def spike(rng: np.random.Generator) -> Search:
        queries, keys = unit(rng, 300, 64), unit(rng, 1000, 64)
        if in_queries:
            queries[7, 0] = size
        if in_keys:
            keys[999, 0] = -size if in_queries else size
        return both_sides(queries, keys)

    spike.__name__ = f"spike_{size:g}_{'q' * in_queries}{'k' * in_keys}"
    return spike


def negative_spike(dimension: int, size: float) -> Make:
    """Cut to bytes, the last key looks less far from all queries than it is, and so the nearest."""

    def spike(rng: np.random.Generator) -> Search:
        queries, keys = -np.abs(unit(rng, 1000, dimension)), np.abs(unit(rng, 1000, dimension))
        keys[999] = 0
        keys[999, 0] = size
        return both_sides(queries, keys, 1)

    spike.__name__ = f"negative_spike_{dimension}_{size:g}"
    return spike


def moderate_norms(rng: np.random.Generator) -> Search:
    sizes = np.geomspace(0.1, 30, 300)[:, None]
    return both_sides(
        rng.permutation(sizes) * unit(rng, 300, 40), rng.permutation(sizes) * unit(rng, 300, 40)
    )


def long_queries(rng: np.random.Generator) -> Search:
    sizes = np.geomspace(0.1, 30, 300)[:, None]
    return both_sides(rng.permutation(sizes) * unit(rng, 300, 40), unit(rng, 700, 40))


def wild_norms(rng: np.random.Generator) -> Search:
    sizes = np.geomspace(1e-20, 1e18, 300)[:, None]
    return both_sides(
        rng.permutation(sizes) * unit(rng, 300, 40), rng.permutation(sizes) * unit(rng, 300, 40)
    )


def tiny_and_huge(rng: np.random.Generator) -> Search:
    """Either side alone is out of all proportion, but the dot products are not."""
    return both_sides(1e-20 * unit(rng, 300, 40), 1e20 * unit(rng, 400, 40))


def subnormal(rng: np.random.Generator) -> Search:
    return both_sides(1e-40 * unit(rng, 300, 40), unit(rng, 400, 40))


def subnormal_products(rng: np.random.Generator) -> Search:
    return both_sides(1e-21 * unit(rng, 300, 40), 1e-21 * unit(rng, 400, 40))


def some_subnormal(rng: np.random.Generator) -> Search:
    queries, keys = unit(rng, 300, 40), unit(rng, 400, 40)
    queries[::2] *= np.float32(1e-40)
    keys[::3] *= np.float32(1e-42)
    return both_sides(queries, keys)


AWKWARD: list[Make] = [
    all_equal,
    many_equal,
    one_bit_apart,
    zero_rows,
    all_zero,
    zero_keys,
    hubs,
    ascending,
    descending,
    near_duplicates,
    duplicates,
    many_near_ties,
    on_a_sphere,
    on_a_line,
    antiparallel,
    all_negative,
    one_hot,
    along_axes,
    along_diagonals,
    constant_rows,
    heavy_tails,
    *(
        spike_of(size, in_queries=in_queries, in_keys=in_keys)
        for size in (3, 30, 1e6)
        for in_queries, in_keys in ((True, False), (False, True), (True, True))
    ),
    *(negative_spike(dimension, size) for dimension in (2, 5, 16, 64) for size in (3, 10)),
    moderate_norms,
    long_queries,
    wild_norms,
    tiny_and_huge,
    subnormal,
    subnormal_products,
    some_subnormal,
]


@cache
def awkward(make: Make) -> Search:
    return make(np.random.default_rng(AWKWARD.index(make)))


@pytest.mark.slow
@pytest.mark.parametrize("make", AWKWARD)
@pytest.mark.parametrize("biased", [False, True])
def test_awkward_data_equal_the_search_in_float32(make: Make, biased: bool) -> None:
    search = awkward(make)
    if biased:
        rng = np.random.default_rng(0)
        rows = search.queries, search.keys
        lengths = [np.median(np.linalg.norm(side.astype(np.float64), axis=1)) for side in rows]
        size = float(lengths[0] * lengths[1]) / 2
        query_bias, key_bias = (
            rng.uniform(-size, size, len(side)).astype(np.float32) for side in rows
        )
        search = replace(search, query_bias=query_bias, key_bias=key_bias)
    check_bits(search)
    check_within_rounding(search, search.run(3))


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("some", [False, True])
def test_scores_beyond_float32_equal_the_search_in_float32(sign: int, some: bool) -> None:
    rng = np.random.default_rng(0)
    queries, keys = np.abs(unit(rng, 300, 20)), sign * np.abs(unit(rng, 400, 20))
    queries[: 150 if some else None] *= np.float32(1e25)
    keys[: 150 if some else None] *= np.float32(1e25)
    search = both_sides(queries, keys)
    check_bits(search)
    query_bias, key_bias = (rng.standard_normal(n).astype(np.float32) for n in (300, 400))
    known = known_of(search.queries, search.keys, 10)
    check_bits(replace(search, query_bias=query_bias, key_bias=key_bias, known=known))
    if SCREENS:
        assert fallbacks(search) == (300, 400)


BIASES: dict[str, Callable[[np.random.Generator, int], NDArray[np.floating]]] = {
    "constant": lambda _, n: np.full(n, 0.7),
    "negative": lambda rng, n: rng.uniform(-3, -1, n),
    "tiny": lambda rng, n: 1e-30 * rng.standard_normal(n),
    "subnormal": lambda rng, n: 1e-42 * rng.standard_normal(n),
    "wide": lambda rng, n: 30 * rng.standard_normal(n),
    "rounding": lambda rng, n: rng.uniform(300, 300.001, n),
    "too large to bound": lambda rng, n: rng.uniform(-1e6, 1e6, n),
    "huge": lambda rng, n: rng.choice([-1e30, 1e30], n),
    "one huge": lambda _, n: np.where(np.arange(n) == 5, 1e30, 0.0),
    "ascending": lambda _, n: np.linspace(-1, 1, n),
}


@pytest.mark.parametrize("name", BIASES)
@pytest.mark.parametrize("sides", ["queries", "keys", "both"])
def test_any_bias_equals_the_search_in_float32(name: str, sides: str) -> None:
    rng = np.random.default_rng(list(BIASES).index(name))
    query_bias, key_bias = (BIASES[name](rng, n).astype(np.float32) for n in (300, 700))
    search = replace(
        both_sides(unit(rng, 300, 40), unit(rng, 700, 40)),
        query_bias=None if sides == "keys" else query_bias,
        key_bias=None if sides == "queries" else key_bias,
    )
    check_bits(search)
    check_within_rounding(search, search.run(3))


@pytest.mark.slow
def test_biases_that_swallow_differences() -> None:
    """Scores that differ as bytes but not in float32, of which the lower index comes first."""
    rng = np.random.default_rng(0)
    queries = np.arange(-128, 128)[:, None] / 127
    queries[0] = 0
    for sign in [-1, 1] * 150:
        keys = rng.integers(-127, 128, (300, 1)) / 127
        keys[0] = 1
        # Between 2^13, where float32 tells multiples of 2^-10, and what is too large to bound.
        bias = sign * (rng.uniform(8192, 8320) + 2e-3 * rng.standard_normal(300))
        search = replace(both_sides(queries, keys, 3), k_keys=0, key_bias=bias.astype(np.float32))
        assert_same(search.run(), search.unscreened())


# --- rows made for what the bytes lose --------------------------------------------------------


def hadamard(dimension: int) -> NDArray[np.float64]:
    matrix = np.ones((1, 1))
    while len(matrix) < dimension:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    rows: NDArray[np.float64] = matrix / np.sqrt(dimension)
    return rows


def rotation(dimension: int) -> NDArray[np.float64]:
    """What csrc/rotation.cpp does to a column of a power of two of elements."""

    def signs(turn: int) -> NDArray[np.float64]:
        mask = 2**64 - 1
        drawn = []
        for at in range(dimension):
            i = 2 * at + turn
            for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
                i = (i ^ i >> 33) * factor & mask
            drawn.append(-1.0 if (i ^ i >> 33) & 1 else 1.0)
        return np.array(drawn)

    mix = hadamard(dimension)
    return mix @ (signs(1)[:, None] * mix * signs(0))


def adding_up(dimension: int, seed: int, *, against: bool) -> Search:
    """Bytes have the neighbors of these rows in the wrong order by as much as they can.

    What they lose of a query times a key along it is all that Cauchy-Schwarz allows for. A key
    across it, which loses nothing, or against it, which loses as much with the other sign, is
    hardly worse, but looks better by far.
    """
    rng = np.random.default_rng(seed)
    n = dimension // 9
    loss = rng.uniform(0.42, 0.49, (300, 1))
    queries = np.repeat(loss, dimension, axis=1)
    queries[:, :n] += 126
    queries[0] = np.round(queries[0])
    queries[0, 0] = 127  # all is in steps of the bytes, with this the largest
    other = np.full((40, dimension), 127.0)
    other[:, n:] *= -1 if against else (-1) ** np.arange(dimension - n)
    along = np.full((40, dimension), 127.0)
    along[:, :n] -= 0.45 * (along - other).sum(axis=1, keepdims=True) / 126.45 // n
    rest = rng.integers(-40, 41, (420, dimension))
    keys = rng.permutation(np.concatenate([along, other, rest]))
    turn = rng.permutation(rng.choice([-1, 1], (dimension, 1)) * rotation(dimension)) / 127
    return both_sides(queries @ turn, keys @ turn, 1)


@pytest.mark.slow
@pytest.mark.parametrize("dimension", [64, 256])
@pytest.mark.parametrize("against", [False, True])
def test_errors_that_add_up_equal_the_search_in_float32(dimension: int, against: bool) -> None:
    for seed in range(5):
        search = adding_up(dimension, seed, against=against)
        turned = both_sides(search.keys, search.queries)
        for k in (1, 10):
            check_bits(replace(search, k_queries=k, k_keys=k))
            check_bits(replace(turned, k_queries=k, k_keys=k))


@needs_bytes
def test_errors_that_add_up_deceive() -> None:
    # Were it not so, the rows would be made for another rotation, and the test above prove little.
    assert fallbacks(adding_up(64, 0, against=False)) == (0, 0)
    assert fallbacks(adding_up(64, 0, against=True))[0] > 200


# --- CPU levels -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answered:
    """A search, what a level answered, and what it answered in float32 alone."""

    search: Search
    found: tuple[Found, Found]
    fallbacks: tuple[int, int]
    unscreened: tuple[Found, Found]


@pytest.fixture(scope="module")
def level_searches() -> list[Search]:
    shapes = [
        shaped(dimension, n, m, k, biased=k in (1, 10))
        for i, dimension in enumerate(DIMENSIONS)
        for n, m in (SIZES[i % len(SIZES)],)
        for k in COUNTS
    ]
    known = [
        replace(search, known=known_of(search.queries, search.keys, 10)) for search in shapes[::5]
    ]
    prepared = [replace(search, prepared=True) for search in shapes[1::7]]
    adding = [adding_up(64, 0, against=against) for against in (False, True)]
    return [*shapes, *known, *prepared, *adding, *(awkward(make) for make in AWKWARD)]


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_every_level_equals_its_search_in_float32(
    level: str, level_searches: list[Search], tmp_path: Path
) -> None:
    parts = [search.unscreened_parts() for search in level_searches]
    calls = level_searches + [part for some in parts for part in some]
    answers = iter(answers_at_level(level, tmp_path, calls, 3))
    screened = [next(answers) for _ in level_searches]
    for search, found, some in zip(level_searches, screened, parts, strict=True):
        expected = search.join_parts([next(answers)[:2] for _ in some])
        assert_same(found[:2], expected)
        if level == "portable":
            assert found[2] == (0, 0)
            check_within_rounding(search, found[:2])


# --- rows that cannot be certified ------------------------------------------------------------


@needs_bytes
@pytest.mark.parametrize("biased", [False, True])
def test_every_row_falls_back_where_nothing_can_be_excluded(biased: bool) -> None:
    search = equal_rows(700, 800, 10, 3)
    if biased:
        ones = np.ones(800, np.float32)
        search = replace(search, query_bias=ones[:700], key_bias=ones)
    for part, expected in zip(sides_of(search), [(700, 800), (700, 0), (0, 800)], strict=True):
        assert fallbacks(part) == expected
    check_bits(search)


@pytest.mark.slow
@needs_bytes
def test_only_ambiguous_rows_fall_back() -> None:
    rng = np.random.default_rng(0)
    queries, keys = unit(rng, 1000, 60), unit(rng, 3000, 60)
    # A thousand keys that are equally near to ten queries come after those that others are near to.
    keys[2000:, 0] = queries[:, 0] = 0
    keys[2000:, 1:] = 0
    keys[2000:, 0] = 1
    queries[200:210, 0] = 3
    search = both_sides(queries, keys, 3)
    (_, indices), _, counts = replace(search, k_keys=0).answer()
    assert counts == (10, 0)
    np.testing.assert_array_equal(indices[200:210], [[2000, 2001, 2002]] * 10)
    check_bits(search)
    query_bias, key_bias = (
        rng.uniform(-0.1, 0.1, len(rows)).astype(np.float32) for rows in (queries, keys)
    )
    check_bits(replace(search, query_bias=query_bias, key_bias=key_bias))


@needs_bytes
@pytest.mark.parametrize("dimension", [5, 16, 64])
def test_rows_whose_estimates_deceive_fall_back(dimension: int) -> None:
    search = negative_spike(dimension, 3)(np.random.default_rng(0))
    of_queries, of_keys = fallbacks(search)
    assert 0 < of_queries < len(search.queries)
    assert 0 < of_keys < len(search.keys)
    check_bits(search)


@needs_bytes
@pytest.mark.parametrize("k", [1, 10])
def test_a_batch_of_rows_falls_back(k: int) -> None:
    """More than top_k.cpp searches at once, of which it copies the rows."""
    rng = np.random.default_rng(k)
    queries = np.concatenate([unit(rng, 100, 4), np.zeros((4500, 4), np.float32)])
    rng.shuffle(queries)
    keys = np.concatenate([np.zeros((900, 4), np.float32), unit(rng, 300, 4)])
    rng.shuffle(keys)
    bias = rng.uniform(0, 1e-3, 1200).astype(np.float32)
    search = replace(both_sides(queries, keys, k), k_keys=0, key_bias=bias)
    assert fallbacks(search)[0] > 4096
    check_bits(search)


def test_neighbors_tell_how_many_queries_fell_back() -> None:
    rng = np.random.default_rng(0)
    keys = unit(rng, 700, 30)
    expected = 700 if SCREENS else 0
    assert ax.ExactIndex(keys).search(keys, 3).fallbacks == 0
    equal = np.repeat(keys[:1], 700, axis=0)
    found = ax.ExactIndex(equal).search(equal, 3)
    assert found.fallbacks == found.first(1).fallbacks == expected
    both = ax.cross_neighbors(equal, equal, 3)
    assert (both.of_source.fallbacks, both.of_target.fallbacks) == (expected, expected)
    csls = ax.csls_neighbors(equal, equal[:650], 3)
    assert csls.of_source.fallbacks == expected
    assert csls.reversed().of_target.fallbacks == expected


# --- neighbors that are known -----------------------------------------------------------------


def random(rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    return unit(rng, 500, 30), unit(rng, 600, 30)


def paired(rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    """Rows with one near neighbor each, as translations are."""
    rows = unit(rng, 500, 30)
    more = np.concatenate([rows + 0.5 * unit(rng, 500, 30), unit(rng, 100, 30)])
    return rows, unit_length(more)


def clustered(rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    centers = unit(rng, 30, 30)
    source = centers[rng.integers(0, 25, 500)] + 0.7 * unit(rng, 500, 30)
    target = centers[rng.integers(5, 30, 600)] + 0.7 * unit(rng, 600, 30)
    return unit_length(source), unit_length(target)


def duplicated(rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    rows = unit(rng, 60, 20)
    return rows[rng.integers(0, 60, 500)], rows[rng.integers(0, 60, 600)]


def of_integers(rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    queries, keys = (rng.integers(-1, 2, (n, 4)).astype(np.float32) for n in (500, 600))
    return queries, keys


def unit_length(rows: NDArray[np.floating]) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


CLOUDS = [random, paired, clustered, duplicated, of_integers]


def half_means(known: tuple[Found, Found]) -> tuple[Matrix, Matrix]:
    """Give the biases of CSLS."""
    first, second = ((scores.mean(axis=1) / 2).astype(np.float32) for scores, _ in known)
    return first, second


@pytest.mark.slow
@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("k_known", [1, 10, 40, 500])
def test_known_neighbors_change_no_bit_of_csls(cloud: Cloud, k_known: int) -> None:
    queries, keys = cloud(np.random.default_rng(k_known))
    known = known_of(queries, keys, k_known)
    query_bias, key_bias = half_means(known)
    for k in (1, 10, 31):
        check_bits(Search(queries, keys, k, k, query_bias, key_bias, known=known))


@pytest.mark.slow
@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("name", BIASES)
def test_known_neighbors_serve_any_bias(cloud: Cloud, name: str) -> None:
    rng = np.random.default_rng(0)
    queries, keys = cloud(rng)
    query_bias, key_bias = (BIASES[name](rng, n).astype(np.float32) for n in (500, 600))
    known = known_of(queries, keys, 10)
    search = Search(queries, keys, 5, 12, query_bias, key_bias, known=known)
    check_bits(search)
    check_bits(replace(search, query_bias=None))
    check_bits(replace(search, key_bias=None))


@pytest.mark.slow
def test_known_lists_may_be_of_different_lengths() -> None:
    queries, keys = paired(np.random.default_rng(0))
    query_bias, key_bias = (np.linspace(-1, 1, n, dtype=np.float32) for n in (500, 600))
    for k_queries, k_keys in [(3, 12), (40, 1), (600, 500), (0, 10), (10, 0), (0, 0)]:
        known = Search(queries, keys, k_queries, k_keys).run()
        for k in (1, 10):
            check_bits(Search(queries, keys, k, k, query_bias, key_bias, known=known))


@pytest.mark.parametrize("base", [-4096, -512, 64])
def test_known_neighbors_under_a_bias_that_swallows_differences(base: float) -> None:
    """Neighbors are known whose dot products are larger by less than the bias lets float32 see, so
    that rows before them, which are not known, come first."""
    rng = np.random.default_rng(0)
    row = np.full((1, 4), 0.37, np.float32)
    queries, keys = np.repeat(row, 300, axis=0), np.repeat(row, 500, axis=0)
    queries[290:] *= np.float32(1 + 2**-20)
    keys[490:] *= np.float32(1 + 2**-20)
    known = known_of(queries, keys, 10)
    assert known[0][1].min() == 490
    for _ in range(20):
        query_bias, key_bias = (
            np.full(n, base - rng.uniform(0, 1), np.float32) for n in (300, 500)
        )
        check_bits(Search(queries, keys, 3, 3, query_bias, key_bias, known=known))


def test_known_neighbors_of_a_hub() -> None:
    search = awkward(hubs)
    known = known_of(search.queries, search.keys, 10)
    query_bias, key_bias = half_means(known)
    check_bits(replace(search, known=known, query_bias=query_bias, key_bias=key_bias))


@needs_bytes
def test_known_neighbors_spare_zero_rows_the_way_through_float32() -> None:
    queries, keys = unit(np.random.default_rng(0), 300, 20), unit(np.random.default_rng(1), 400, 20)
    queries[::3] = 0
    known = known_of(queries, keys, 10)
    search = Search(queries, keys, 10, 10, known=known)
    assert fallbacks(search) == (0, 0)
    check_bits(search)


KNOWN = Search(np.eye(4, dtype=np.float32), np.ones((6, 4), np.float32), 2, 2).run()


def changed(side: int, part: int, value: NDArray[Any]) -> tuple[Any, Any]:
    known: list[list[Any]] = [list(found) for found in KNOWN]
    known[side][part] = value
    return tuple(known[0]), tuple(known[1])


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (changed(0, 0, KNOWN[0][0][:3]), "known must hold scores and indices of 4 rows"),
        (changed(0, 1, KNOWN[0][1][:3]), "known must hold scores and indices of 4 rows"),
        (changed(0, 0, KNOWN[0][0][:, :1].copy()), "known must hold scores and indices of 4 rows"),
        (changed(0, 0, KNOWN[0][0][:, 0].copy()), "known must hold scores and indices of 4 rows"),
        (changed(1, 0, KNOWN[0][0]), "known must hold scores and indices of 6 rows"),
        (changed(1, 1, KNOWN[0][1]), "known must hold scores and indices of 6 rows"),
        ((KNOWN[1], KNOWN[0]), "known must hold scores and indices of 4 rows"),
        (changed(0, 1, np.full((4, 2), 6)), "known indices must lie in [0, 6)"),
        (changed(0, 1, np.full((4, 2), -1)), "known indices must lie in [0, 6)"),
        (changed(1, 1, np.full((6, 2), 4)), "known indices must lie in [0, 4)"),
        (changed(1, 1, np.full((6, 2), 2**62)), "known indices must lie in [0, 4)"),
    ],
)
def test_wrong_lists_of_known_neighbors_are_refused(known: Any, message: str) -> None:  # noqa: ANN401
    search = Search(np.eye(4, dtype=np.float32), np.ones((6, 4), np.float32), 1, 1)
    with pytest.raises(ValueError, match=re.escape(message)):
        replace(search, known=known).run()
    replace(search, known=KNOWN).run()


@pytest.mark.parametrize("known", [KNOWN[0], (KNOWN[0], None), 3])
def test_known_neighbors_of_other_types_are_refused(known: Any) -> None:  # noqa: ANN401
    search = Search(np.eye(4, dtype=np.float32), np.ones((6, 4), np.float32), 1, 1, known=known)
    with pytest.raises(TypeError, match="incompatible function arguments"):
        search.run()


# --- keys that are prepared -------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 15, 16, 17, 255, 300])
@pytest.mark.parametrize("biased", [False, True])
def test_prepared_keys_change_no_bit(n: int, biased: bool) -> None:
    search = shaped(65, n, 700, min(n, 10), biased=biased)
    expected = search.unscreened()
    prepared = _core.prepare_keys(search.keys, 3)
    for part, n_threads in zip(sides_of(search), THREADS, strict=True):
        found = _core.search(**part.arguments(), prepared_keys=prepared, n_threads=n_threads)
        for side, other in zip(found[:2], expected, strict=True):
            if side[1].shape[1] > 0:
                assert_same((side, side), (other, other))


def test_prepared_keys_serve_known_neighbors_too() -> None:
    search = shaped(30, 300, 700, 10, biased=True)
    known = known_of(search.queries, search.keys, 10)
    check_bits(replace(search, known=known, prepared=True))


@pytest.mark.parametrize("make", [all_equal, zero_keys, heavy_tails, near_duplicates, wild_norms])
def test_awkward_keys_may_be_prepared(make: Make) -> None:
    check_bits(replace(awkward(make), prepared=True))


def test_keys_that_cannot_be_screened_may_be_prepared() -> None:
    rng = np.random.default_rng(0)
    for n, m, d in ((3, 5, 4), (300, 5, 4), (300, 300, 0), (20, 300, 0), (3, 3, 2**14 + 1)):
        search = both_sides(rng.standard_normal((n, d)), rng.standard_normal((m, d)), 2)
        assert_same(replace(search, prepared=True).run(), search.unscreened())
    no_queries = Search(np.ones((0, 4), np.float32), np.ones((300, 4), np.float32), 2, 0)
    assert replace(no_queries, prepared=True).run()[0][1].shape == (0, 2)


def test_prepared_keys_must_be_those_that_are_searched() -> None:
    keys = np.ones((300, 8), np.float32)
    for other in (keys[:299], keys[:, :7].copy(), np.ones((300, 9), np.float32)):
        prepared = _core.prepare_keys(other)
        with pytest.raises(ValueError, match="prepared keys must be those that are searched"):
            _core.search(keys, keys, k_queries=1, k_keys=0, prepared_keys=prepared)


def test_only_keys_can_be_prepared() -> None:
    with pytest.raises(ValueError, match="keys must have 2 dimensions, got 1"):
        _core.prepare_keys(np.ones(3, np.float32))
    wrong: Any = np.ones((3, 3))
    with pytest.raises(TypeError, match="incompatible function arguments"):
        _core.prepare_keys(wrong)
    with pytest.raises(ValueError, match="n_threads must be at least 1, got 0"):
        _core.prepare_keys(np.ones((3, 3), np.float32), 0)


# --- many exact ties --------------------------------------------------------------------------


@dataclass(frozen=True)
class Drawn:
    """Small integers times a power of two, of which float32 rounds nothing."""

    search: Search
    n_threads: int


@st.composite
def searches_of_integers(draw: st.DrawFn) -> Drawn:
    n, m = (draw(st.integers(FEWEST_SCREENED, 400)) for _ in range(2))
    dimension, largest = draw(st.integers(1, 24)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))

    def rows(count: int) -> NDArray[np.float32]:
        distinct = rng.integers(
            -largest, largest + 1, (draw(st.sampled_from([3, 50, count])), dimension)
        )
        scale = 2.0 ** draw(st.integers(-20, 20))
        return (scale * distinct[rng.integers(0, len(distinct), count)]).astype(np.float32)

    queries, keys = rows(n), rows(m)
    query_bias = key_bias = None
    if draw(st.booleans()):
        # Multiples of what all dot products are multiples of, of about their size.
        scores = np.abs(queries[:1].astype(np.float64) @ keys.T)
        unit_of_scores = min(scores[scores > 0], default=1.0)
        query_bias, key_bias = (
            (unit_of_scores * rng.integers(-3, 4, size)).astype(np.float32) for size in (n, m)
        )
    k_queries, k_keys = draw(st.integers(0, m // 16)), draw(st.integers(0, n // 16))
    search = Search(queries, keys, k_queries, k_keys, query_bias, key_bias, exact=True)
    if draw(st.booleans()):
        known = known_of(queries, keys, draw(st.integers(1, 16)))
        search = replace(search, known=known)
    return Drawn(replace(search, prepared=draw(st.booleans())), draw(st.sampled_from(THREADS)))


@pytest.mark.slow
@settings(max_examples=150)
@given(searches_of_integers())
def test_integers_equal_the_oracle_with_all_their_ties(drawn: Drawn) -> None:
    check(drawn.search, drawn.search.run(drawn.n_threads))


# --- real vectors -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Search:
    """Neighbors by cosine of frequent words of two languages, the most frequent first."""
    source, target = (
        ax.Normalizer().fit_transform(
            ax.load(shared_data / "vectors" / f"{code}.vec.gz", limit=3_000).vectors
        )
        for code in ("en", "es")
    )
    return Search(source, target, 10, 10)


@pytest.fixture(scope="module")
def real_by_csls(real: Search) -> Search:
    query_bias, key_bias = half_means(real.run(3))
    return replace(real, query_bias=query_bias, key_bias=key_bias)


@pytest.mark.slow
def test_real_vectors_equal_the_search_in_float32(real: Search) -> None:
    check_bits(real)
    check_within_rounding(real, real.run(3))
    assert_hardly_any(fallbacks(real), real)


@pytest.mark.slow
def test_real_vectors_by_csls_equal_the_search_in_float32(
    real: Search, real_by_csls: Search
) -> None:
    expected = real_by_csls.unscreened()
    check_within_rounding(real_by_csls, expected)
    for known in (None, real.run(), known_of(real.queries, real.keys, 30)):
        found = replace(real_by_csls, known=known).answer(3)
        assert_same(found[:2], expected)
        assert_hardly_any(found[2], real)


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_real_vectors_at_every_level(
    level: str, real: Search, real_by_csls: Search, tmp_path: Path
) -> None:
    searches = [real, real_by_csls, replace(real_by_csls, known=real.run())]
    answers = answers_at_level(level, tmp_path, searches, 3)
    for search, (of_queries, of_keys, counts) in zip(searches, answers, strict=True):
        check_within_rounding(search, (of_queries, of_keys))
        assert_hardly_any(counts, search)
        if level != "portable" and SCREENS:
            assert_same((of_queries, of_keys), search.run(3))


# --- memory -----------------------------------------------------------------------------------

MEASURED = """
import ctypes, sys
from pathlib import Path
import numpy as np
from alignx.retrieval.csls import csls_neighbors
from alignx.retrieval.exact import cross_neighbors
from alignx.support.config import set_config
set_config(n_threads=2)
def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
rng = np.random.default_rng(2)
source, target = (rng.standard_normal((20_000, 300), dtype=np.float32) for _ in range(2))
for rows in (source, target):
    rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
cross_neighbors(source[:300], target[:300])  # starts the threads
cosine = cross_neighbors(source, target) if sys.argv[1] == "csls" else None
ctypes.CDLL(None).malloc_trim(0)  # what the first sweep gave back
Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
before = status("VmRSS")
if cosine is None:
    found = cross_neighbors(source, target)
else:
    found = csls_neighbors(source, target, cosine=cosine)
needed = status("VmHWM") - before
sides = found.of_source, found.of_target
needed -= sum(side.scores.nbytes + side.indices.nbytes for side in sides)
if any(side.fallbacks for side in sides):
    needed -= 2 * (9 << 19)  # each thread's packed blocks of float32, whatever the inputs
print(needed / (source.nbytes + target.nbytes))
"""


@needs_bytes
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cosine", "csls"])
def test_memory_stays_below_a_third_of_the_inputs(kind: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", MEASURED, kind]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert 0.1 < float(done.stdout) < 0.35


@pytest.mark.parametrize("is_read_only", [False, True])
def test_prepared_keys_of_keys_that_have_changed_are_refused(is_read_only: bool) -> None:
    keys = np.random.default_rng(0).standard_normal((300, 8)).astype(np.float32)
    prepared = _core.prepare_keys(keys)
    equal = keys.copy()
    equal.flags.writeable = not is_read_only
    _core.search(keys, equal, k_queries=1, k_keys=0, prepared_keys=prepared)
    keys[299, 7] += 1
    keys.flags.writeable = not is_read_only
    other = keys if not is_read_only else keys.copy()
    with pytest.raises(ValueError, match="prepared keys must be those that are searched"):
        _core.search(keys, other, k_queries=1, k_keys=0, prepared_keys=prepared)


def test_checksums_tell_arrays_apart() -> None:
    rows = np.arange(40, dtype=np.float32).reshape(5, 8)
    others = [rows[:4], rows[::-1].copy(), rows + 1, rows[:, :7].copy(), np.zeros((0, 8), "f4")]
    sums = {_core.checksum(each) for each in (rows, *others)}
    assert len(sums) == 6
    assert _core.checksum(rows.copy()) in sums
    with pytest.raises(ValueError, match="array must be C-contiguous"):
        _core.checksum(rows.T)
