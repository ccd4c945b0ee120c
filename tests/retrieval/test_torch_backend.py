from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import alignx as ax
from alignx import _core

torch = pytest.importorskip("torch")

from alignx.retrieval import torch_backend as torch_search  # noqa: E402  # it needs torch
from alignx.retrieval import torch_screening  # noqa: E402
from alignx.support.config import config_context  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from alignx.support.arrays import Indices, Matrix

Precision: TypeAlias = Literal["float32", "bfloat16"]
Result: TypeAlias = tuple[tuple["Matrix", "Indices"], tuple["Matrix", "Indices"], tuple[int, int]]

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
ONE_PAIR = 8
_T = TypeVar("_T")


@pytest.fixture(params=PRECISIONS)
def precision(request: pytest.FixtureRequest) -> Precision:
    value: Precision = request.param
    return value


@pytest.fixture(autouse=True)
def one_torch_thread() -> Iterator[None]:
    """Threads that wait for each other slow small matrices down on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@dataclass(frozen=True)
class Search:
    """One search; `run` does it through torch, `expected` by the compiled kernel alone."""

    queries: Matrix
    keys: Matrix
    k_queries: int
    k_keys: int
    query_bias: Matrix | None = None
    key_bias: Matrix | None = None

    def run(self, precision: Precision | None, **options: Any) -> Result:  # noqa: ANN401
        with config_context(n_threads=1, device=options.pop("device", "cpu")):
            return torch_search.search(precision=precision, **vars(self), **options)

    def expected(self) -> Result:
        return _core.search(**vars(self), n_threads=1)

    def check(self, precision: Precision | None, **options: Any) -> tuple[int, int]:  # noqa: ANN401
        """Compare bit by bit; give the fallbacks."""
        found, expected = self.run(precision, **options), self.expected()
        for (scores, indices), (right_scores, right_indices) in zip(
            found[:2], expected[:2], strict=True
        ):
            assert scores.dtype == np.float32
            assert indices.dtype == np.int64
            np.testing.assert_array_equal(indices, right_indices)
            np.testing.assert_array_equal(scores.view(np.int32), right_scores.view(np.int32))
        return found[2]


def unit(rows: NDArray[np.floating]) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def random(n: int, m: int, dimension: int = 40, seed: int = 0) -> tuple[Matrix, Matrix]:
    rng = np.random.default_rng((seed, n, m, dimension))
    return unit(rng.standard_normal((n, dimension))), unit(rng.standard_normal((m, dimension)))


def biases(n: int, m: int, size: float = 0.2) -> dict[str, Matrix]:
    rng = np.random.default_rng((n, m))
    return {
        "query_bias": (size * rng.standard_normal(n)).astype(np.float32),
        "key_bias": (size * rng.standard_normal(m)).astype(np.float32),
    }


# --- the same answers -------------------------------------------------------------------------


# Neither side is screened, one of them is, both are; tiles from one pair to all pairs.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "m"), [(1, 1), (1, 700), (700, 1), (9, 10), (30, 500), (500, 30), (257, 640), (640, 257)]
)
@pytest.mark.parametrize("dimension", [1, 7, 40])
@pytest.mark.parametrize("tile", [2**12, 2**15, 2**29])
def test_small_and_large_inputs(
    precision: Precision, n: int, m: int, dimension: int, tile: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_search, "_TILE_BYTES", tile)
    monkeypatch.setattr(torch_screening, "_BATCH", 100)
    queries, keys = random(n, m, dimension)
    k_queries, k_keys = min(m, 5), min(n, 3)
    Search(queries, keys, k_queries, k_keys).check(precision)
    Search(queries, keys, k_queries, k_keys, **biases(n, m)).check(precision)


@pytest.mark.parametrize(
    ("k_queries", "k_keys"), [(0, 0), (10, 0), (0, 10), (1, 200), (300, 1), (300, 200), (60, 60)]
)
def test_any_number_of_neighbors(precision: Precision, k_queries: int, k_keys: int) -> None:
    queries, keys = random(200, 300)
    Search(queries, keys, k_queries, k_keys).check(precision)
    Search(queries, keys, k_queries, k_keys, **biases(200, 300)).check(precision)


@pytest.mark.parametrize("side", ["query_bias", "key_bias"])
def test_one_bias_alone(precision: Precision, side: str) -> None:
    bias = {side: biases(300, 200)[side]}
    queries, keys = random(300, 200)
    plain, biased = Search(queries, keys, 5, 5), Search(queries, keys, 5, 5, **bias)
    biased.check(precision)
    changed = [
        not np.array_equal(before[1], after[1])
        for before, after in zip(plain.expected()[:2], biased.expected()[:2], strict=True)
    ]
    assert changed == [side == "key_bias", side == "query_bias"]


def test_no_rows() -> None:
    rows, none = np.ones((50, 3), np.float32), np.empty((0, 3), np.float32)
    assert Search(none, rows, 5, 0).check(None) == (0, 0)
    assert Search(rows, none, 0, 5).check(None) == (0, 0)
    assert Search(none, none, 0, 0).check(None) == (0, 0)


def test_more_rows_than_a_batch_holds() -> None:
    queries, keys = random(9000, 500, 8)
    fallbacks = Search(queries, keys, 2, 2).check("float32")
    assert max(fallbacks) < 90


VALUES = st.sampled_from([0.0, -0.0, 1.0, -1.0, 3.0, 1e-3, 0.1, 1e-30, -1e-41, 1e15, -3e18])


@pytest.mark.slow
@settings(max_examples=150)
@given(st.data())
def test_whatever_the_rows_hold(data: st.DataObject) -> None:
    """Few values, so that ties abound, of any size; and few margins, so that bounds decide."""
    n, m, dimension = (data.draw(st.integers(1, most)) for most in (40, 40, 4))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    values = np.array(data.draw(st.lists(VALUES, min_size=1, max_size=5)), dtype=np.float32)
    queries = rng.choice(values, (n, dimension))
    keys = (rng.choice(values, (m, dimension)) + rng.choice(values)).astype(np.float32)
    if data.draw(st.booleans()):
        queries *= np.float32(1.7)
    some = {
        name: rng.choice(values, count)
        for name, count in (("query_bias", n), ("key_bias", m))
        if data.draw(st.booleans())
    }
    search = Search(
        queries, keys, data.draw(st.integers(0, m)), data.draw(st.integers(0, n)), **some
    )
    margin = data.draw(st.integers(1, 8))
    tile = data.draw(st.sampled_from([ONE_PAIR, 50 * ONE_PAIR, 2**20]))
    with (
        mock.patch.object(torch_search, "_TILE_BYTES", tile),
        mock.patch.dict(torch_screening.MARGIN, dict.fromkeys(PRECISIONS, margin)),
    ):
        search.check(data.draw(st.sampled_from(PRECISIONS)))


# --- which rows are certain -------------------------------------------------------------------


def test_rows_that_differ_need_no_fallback(precision: Precision) -> None:
    queries, keys = random(500, 900, 300)
    assert Search(queries, keys, 10, 10).check(precision) == (0, 0)
    assert Search(queries, keys, 10, 10, **biases(500, 900)).check(precision) == (0, 0)


def test_few_candidates_are_scored_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    scored = mock.Mock(wraps=_core.score_pairs)
    monkeypatch.setattr(_core, "score_pairs", scored)
    queries, keys = random(500, 900, 300)
    Search(queries, keys, 10, 0).run("float32")
    assert 5000 <= sum(len(call.args[2]) for call in scored.mock_calls) < 5100


def test_rows_that_are_equal_are_searched_anew(precision: Precision) -> None:
    """Each of the keys could be the tenth; a search that trusted the device would err."""
    queries, _ = random(60, 1)
    keys = np.tile(queries[:1], (300, 1))
    search = Search(queries, keys, 10, 10)
    # The device tells queries apart, but not keys.
    assert search.check(precision) == (60, 0)
    indices = search.run(precision)[0][1]
    np.testing.assert_array_equal(indices, np.tile(np.arange(10), (60, 1)))


def test_only_rows_in_doubt_are_searched_anew(precision: Precision) -> None:
    """Eighty keys are copies of one, and near to a few queries alone."""
    queries, keys = random(200, 400, 100)
    keys[100:180] = queries[7]
    assert Search(queries, keys, 3, 0).check(precision)[0] in range(1, 60)


def test_scores_closer_than_rounding(precision: Precision) -> None:
    """Keys that differ in the last bits only, in an order that each rounding may change."""
    rng = np.random.default_rng(1)
    queries, keys = random(50, 500, 100)
    keys[:] = keys[0]
    keys += 1e-7 * rng.standard_normal(keys.shape).astype(np.float32)
    assert Search(queries, keys, 5, 5).check(precision)[0] > 40


def device_with_errors(largest: float) -> Callable[[Tensor, Tensor], Tensor]:
    generator = torch.Generator().manual_seed(5)

    def dot_products(queries: Tensor, keys: Tensor) -> Tensor:
        scores: Tensor = queries @ keys.T
        return scores.add(torch.rand(scores.shape, generator=generator) - 0.5, alpha=2 * largest)

    return dot_products


@pytest.mark.parametrize("error", [1e-7, 1e-6, 4e-6, 1e-5, 1e-3, 1.0])
def test_a_less_precise_device(error: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors within the bound, about 5e-6 here, are allowed for; others are found out."""
    queries, keys = random(300, 400, 40)
    # So many keys lie close to each other that their order is lost in the errors.
    rng = np.random.default_rng(2)
    keys[:200] = unit(keys[0] + 1e-3 * rng.standard_normal((200, 40)))
    monkeypatch.setattr(torch_search, "_dot_products", device_with_errors(error))
    fallbacks = Search(queries, keys, 10, 10, **biases(300, 400, 0.001)).check("float32")
    assert (fallbacks == (300, 400)) == (error > 5e-6)


def test_errors_of_the_device_in_both_directions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The best key is taken for the worst of six that are nearly equal; all six are scored again.

    With errors of nearly the bound, 5e-6, its score on the device is two bounds below the others.
    """
    queries, keys = random(50, 300, 40)
    queries[:] = queries[0]
    keys[:6] = queries[0]
    keys[1:6, np.argmax(queries[0])] -= 2e-6
    errors = torch.zeros(300)
    errors[:6] = 4.5e-6
    errors[0] = -4.5e-6
    monkeypatch.setattr(torch_search, "_dot_products", lambda q, k: q @ k.T + errors)
    search = Search(queries, keys, 3, 0)
    assert search.check("float32") == (0, 0)
    assert (search.run("float32")[0][1][:, 0] == 0).all()


def test_the_bound_of_bfloat16_is_as_large_as_its_error() -> None:
    """Numbers next to the middle of two of bfloat16's, so that rounding is as wrong as can be."""
    powers = np.ldexp(np.float32(1 + 0.99 * 2**-8), np.arange(-40, 40)).astype(np.float32)
    assert Search(powers[:, None], powers[:, None], 3, 3).check("bfloat16") == (0, 0)


def test_the_bound_covers_the_bias(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less a bias of 100, dot products that hardly differ may be rounded to numbers that do."""
    monkeypatch.setattr(torch_search, "_dot_products", device_with_errors(1e-7))
    queries, keys = random(500, 400, 40)
    some = {
        name: (64 + 3 * np.arange(count)).astype(np.float32)
        for name, count in (("query_bias", 500), ("key_bias", 400))
    }
    assert Search(queries, keys, 10, 10, **some).check("float32") == (0, 0)


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("share", [0.0001, 0.2, 1.0])
def test_scores_that_are_no_numbers(
    precision: Precision, value: float, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = torch.Generator().manual_seed(3)
    broken: list[NDArray[np.bool_]] = []

    def dot_products(queries: Tensor, keys: Tensor) -> Tensor:
        scores = queries @ keys.T
        where = torch.rand(scores.shape, generator=generator) < share
        broken.append(where.numpy())
        return scores.masked_fill(where, value)

    monkeypatch.setattr(torch_search, "_dot_products", dot_products)
    fallbacks = Search(*random(300, 400, 100), 5, 5).check(precision)
    assert len(broken) == 1
    assert fallbacks == (broken[0].any(axis=1).sum(), broken[0].any(axis=0).sum())


@pytest.mark.parametrize(
    ("scale", "other"),
    [(1e30, 1e-30), (1e30, 1), (3e38, 1e-3), (1e-30, 1e-30), (1e-38, 1), (1e-42, 1e3)],
)
def test_huge_and_tiny_rows(precision: Precision, scale: float, other: float) -> None:
    queries, keys = random(60, 90, 5)
    search = Search(queries * np.float32(scale), keys * np.float32(other), 4, 3)
    search.check(precision)


def test_scores_that_overflow(precision: Precision) -> None:
    """Without fused multiply-add some are NaN, and then both searches refuse them."""
    queries, keys = random(60, 90, 5)
    search = Search(queries * np.float32(1e30), keys * np.float32(1e30), 4, 3)
    try:
        search.expected()
    except ValueError as refused:
        with pytest.raises(ValueError, match=str(refused)):
            search.run(precision)
    else:
        assert search.check(precision) == (60, 90)


def test_sums_that_may_overflow_on_the_device_alone(
    precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where terms are added in another order, a partial sum may be infinite."""
    generator = torch.Generator().manual_seed(8)

    def dot_products(queries: Tensor, keys: Tensor) -> Tensor:
        scores = queries @ keys.T
        return scores.masked_fill(torch.rand(scores.shape, generator=generator) < 0.01, -math.inf)

    monkeypatch.setattr(torch_search, "_dot_products", dot_products)
    queries, keys = (rows * np.float32(1.2e19) for rows in random(60, 90))
    assert Search(queries, keys, 4, 3).check(precision) == (60, 90)


def test_one_huge_row_among_others(precision: Precision) -> None:
    queries, keys = random(100, 200, 5)
    keys[17] *= 1e30
    Search(queries, keys, 4, 4).check(precision)
    queries[3] *= 1e4
    Search(queries, keys, 4, 4, **biases(100, 200, 1e10)).check(precision)


def zeros(n: int, m: int) -> tuple[Matrix, Matrix]:
    return np.zeros((n, 5), np.float32), np.zeros((m, 5), np.float32)


def some_zeros(n: int, m: int) -> tuple[Matrix, Matrix]:
    queries, keys = random(n, m)
    queries[::3], keys[::2] = 0, 0
    return queries, keys


def duplicates(n: int, m: int) -> tuple[Matrix, Matrix]:
    rows, others = random(30, 20)
    rng = np.random.default_rng(4)
    return rows[rng.integers(0, 30, n)], np.concatenate([rows, others])[rng.integers(0, 50, m)]


def hubs(n: int, m: int) -> tuple[Matrix, Matrix]:
    """All rows lean one way, and some keys lie right in the middle of it."""
    rng = np.random.default_rng(6)
    lean = 1.5 * rng.standard_normal(20)
    keys = rng.standard_normal((m, 20)) * rng.choice([0.1, 1, 3], (m, 1)) + lean
    return unit(rng.standard_normal((n, 20)) + lean), unit(keys)


def whole_numbers(n: int, m: int) -> tuple[Matrix, Matrix]:
    rng = np.random.default_rng(7)
    return (
        rng.integers(-2, 3, (n, 6)).astype(np.float32),
        rng.integers(-2, 3, (m, 6)).astype(np.float32),
    )


@pytest.mark.parametrize("make", [zeros, some_zeros, duplicates, hubs, whole_numbers])
@pytest.mark.parametrize("tile", [2**15, 2**29])
def test_rows_that_are_hard_to_tell_apart(
    precision: Precision,
    make: Callable[[int, int], tuple[Matrix, Matrix]],
    tile: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch_search, "_TILE_BYTES", tile)
    queries, keys = make(200, 330)
    Search(queries, keys, 10, 10).check(precision)
    fallbacks = Search(queries, keys, 1, 7, **biases(200, 330, 0.01)).check(precision)
    if make is zeros:
        # Then the biases alone decide, and these differ.
        assert fallbacks == (0, 0)


# --- the device -------------------------------------------------------------------------------


def test_tiles_keep_to_their_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def watched(queries: Tensor, keys: Tensor) -> Tensor:
        scores = queries @ keys.T
        sizes.append(scores.numel())
        return scores

    monkeypatch.setattr(torch_search, "_dot_products", watched)
    monkeypatch.setattr(torch_search, "_TILE_BYTES", 2**14)
    for n, m in ((300, 500), (3, 4000), (4000, 30)):
        sizes.clear()
        Search(*random(n, m), 2, 2).check("float32")
        assert sum(sizes) == n * m
        assert max(sizes) <= 2**14 // ONE_PAIR
        assert len(sizes) < 3 * n * m / (2**14 // ONE_PAIR)


@pytest.mark.parametrize("most", [1, 37, 1000, 10**6])
def test_tiles_shrink_where_memory_is_short(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    tiles: list[tuple[int, int]] = []

    def dot_products(queries: Tensor, keys: Tensor) -> Tensor:
        tiles.append((len(queries), len(keys)))
        if len(keys) > most:
            raise torch.OutOfMemoryError("out of memory")
        return queries @ keys.T

    monkeypatch.setattr(torch_search, "_dot_products", dot_products)
    queries, keys = random(100, 150)
    Search(queries, keys, 4, 4, **biases(100, 150)).check("float32")
    assert sum(rows * columns for rows, columns in tiles if columns <= most) == 15000
    # What failed once is not tried again.
    widths = [columns for _, columns in tiles if columns > most]
    assert widths == sorted(set(widths), reverse=True)
    assert len(widths) < 9


def test_memory_may_run_out_in_the_midst_of_a_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one side has entered by then must not be entered twice."""
    largest, calls = torch_screening._largest, iter(range(100))

    def sometimes(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
        if next(calls) in (1, 4, 8):
            raise torch.OutOfMemoryError("out of memory")
        return largest(scores, count)

    monkeypatch.setattr(torch_screening, "_largest", sometimes)
    monkeypatch.setattr(torch_search, "_TILE_BYTES", 2**16)
    queries, keys = random(100, 150)
    assert Search(queries, keys, 4, 4).check("float32") == (0, 0)


def test_no_memory_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    short = mock.Mock(side_effect=torch.OutOfMemoryError("out of memory"))
    monkeypatch.setattr(torch_search, "_dot_products", short)
    with pytest.raises(torch.OutOfMemoryError):
        Search(*random(100, 150), 4, 4).run(None)


def test_settings_of_the_program_neither_matter_nor_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queries, keys = random(200, 300, 300)
    inside = []

    def watched(queries: Tensor, keys: Tensor) -> Tensor:
        matmuls = torch.backends.cuda.matmul, torch.backends.mkldnn.matmul
        scores = queries @ keys.T
        inside.append(([m.fp32_precision for m in matmuls], scores.dtype, scores.requires_grad))
        return scores

    monkeypatch.setattr(torch_search, "_dot_products", watched)
    before = torch.get_float32_matmul_precision()
    try:
        for setting in ("highest", "high", "medium"):
            torch.set_float32_matmul_precision(setting)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                assert Search(queries, keys, 10, 10).check("float32") == (0, 0)
                assert torch.is_autocast_enabled("cpu")
            assert torch.get_float32_matmul_precision() == setting
            with pytest.raises(KeyboardInterrupt):
                Search(queries, keys, 1, 1).run("float32", progress=interrupt)
            assert torch.get_float32_matmul_precision() == setting
    finally:
        torch.set_float32_matmul_precision(before)
    assert all(state == (["ieee", "ieee"], torch.float32, False) for state in inside)


@pytest.mark.parametrize("name", ["nonsense", "", "meta", "cuda:x", "cuda:99"])
def test_devices_that_torch_cannot_use(name: str) -> None:
    message = rf"device must be one that torch can use, got '{name}': \w+"
    with pytest.raises(ValueError, match=message) as caught, config_context(device=name):
        pass
    assert "\n" not in str(caught.value)


def test_other_arguments_that_are_refused() -> None:
    search = Search(*random(100, 150), 4, 4)
    with pytest.raises(ValueError, match="one of float32, bfloat16, got 'float16'"):
        search.run("float16")  # type: ignore[arg-type]  # as users may


@pytest.mark.slow
def test_without_torch_the_message_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np, alignx as ax\n"
        "try:\n    ax.set_config(device='cpu'); ax.ExactIndex(np.eye(3)).search(np.eye(3), 1)\n"
        "except ax.MissingDependencyError as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "pip install 'alignx[torch]'" in done.stdout


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch has no CUDA device")
@pytest.mark.parametrize("precision", [None, *PRECISIONS])
def test_cuda(precision: Precision | None) -> None:
    for make in (random, some_zeros, duplicates, hubs, whole_numbers):
        queries, keys = make(3000, 5000)
        search = Search(queries, keys, 10, 10, **biases(3000, 5000, 0.05))
        search.check(precision, device="cuda")
    queries, keys = random(3000, 5000, 300)
    assert Search(queries, keys, 10, 10).check(precision, device="cuda") == (0, 0)


# --- progress ---------------------------------------------------------------------------------


def interrupt(_: float) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("make", [random, zeros])
def test_progress_rises_to_one(
    make: Callable[[int, int], tuple[Matrix, Matrix]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_search, "_TILE_BYTES", 2**16)
    monkeypatch.setattr(torch_screening, "_BATCH", 100)
    for n, m, k_keys in ((300, 400, 5), (300, 400, 0), (300, 5, 5), (2, 3, 1)):
        fractions: list[float] = []
        Search(*make(n, m), min(5, m), k_keys).check("float32", progress=fractions.append)
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1
        assert min(fractions) >= 0
        assert len(set(fractions)) > 5 or n * m < 2000


@pytest.mark.parametrize("after", [0, 3, 8])
def test_an_interrupt_ends_the_search(after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_search, "_TILE_BYTES", 2**18)
    calls = iter(range(after))
    with pytest.raises(KeyboardInterrupt):
        Search(*zeros(300, 400), 5, 5).run(
            "float32", progress=lambda _: interrupt(0) if next(calls, None) is None else None
        )


# --- through the public functions -------------------------------------------------------------


def assert_same(found: ax.Neighbors, expected: ax.Neighbors) -> None:
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.scores.view(np.int32), expected.scores.view(np.int32))


def on_the_device(call: Callable[[], _T]) -> tuple[_T, _T]:
    """Answers of a device of torch, and of the kernel."""
    with config_context(device="cpu"):
        found = call()
    return found, call()


def test_an_index_on_a_device_finds_the_same() -> None:
    queries, keys = hubs(300, 500)
    keys.flags.writeable = queries.flags.writeable = False
    bias, expected_bias = on_the_device(lambda: ax.csls_bias(keys, queries))
    np.testing.assert_array_equal(bias, expected_bias)
    for index_bias in (None, bias):
        index = ax.ExactIndex(keys, bias=index_bias)
        for rows in (queries, queries[:1]):
            assert_same(*on_the_device(lambda: index.search(rows, 7)))  # noqa: B023  # at once


def test_an_index_tells_how_many_fallbacks_it_took() -> None:
    index = ax.ExactIndex(np.ones((50, 3)))
    with config_context(device="cpu"):
        assert index.search(np.ones((20, 3)), 24).fallbacks == 20
        # Twice as many candidates would be all keys, so that there is nothing to screen.
        assert index.search(np.ones((20, 3)), 25).fallbacks == 0


def test_both_languages_on_a_device() -> None:
    source, target = hubs(300, 500)
    for call in (ax.cross_neighbors, ax.csls_neighbors):
        found, expected = on_the_device(lambda: call(source, target, 5))  # noqa: B023  # at once
        assert_same(found.of_source, expected.of_source)
        assert_same(found.of_target, expected.of_target)
    pairs, expected_pairs = on_the_device(lambda: ax.mutual_neighbors(source, target))
    np.testing.assert_array_equal(pairs, expected_pairs)
    assert len(pairs) > 50
    biases, expected_biases = on_the_device(lambda: ax.csls_biases(source, target))
    for bias, expected_bias in zip(biases, expected_biases, strict=True):
        np.testing.assert_array_equal(bias, expected_bias)
