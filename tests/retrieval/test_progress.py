"""Progress, exceptions and interrupts of every sweep of the kernel."""

from __future__ import annotations

import signal
import subprocess
import sys
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from searches import assert_same, unit

from alignx import _core

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from alignx.support.arrays import Matrix

needs_bytes = pytest.mark.skipif(
    _core.simd_level() == "portable", reason="this processor multiplies no bytes"
)


@cache
def rows_of(count: int, equal: int = 0) -> Matrix:
    rows = unit(np.random.default_rng(0), count, 64)
    rows[:equal] = rows[0]
    return rows


def search(equal: int, k: int, k_keys: int) -> Callable[..., Any]:
    """A screened search, or one in float32 if `k` is large; rows that fall back take longer."""
    rows = rows_of(6_000 if k < 10 else 3_000, equal)
    return partial(_core.search, rows, rows, k_queries=k, k_keys=k_keys)


def count_better(**options: Any) -> object:  # noqa: ANN401  # passed on
    rows = rows_of(4_500)
    scores, indices = np.ones(4_500, np.float32), np.arange(4_500)
    return _core.count_better(rows, rows, scores, indices, **options)


def clusters(**options: Any) -> object:  # noqa: ANN401  # passed on
    keys = rows_of(960)
    prepared = _core.prepare_keys(keys, groups=np.arange(0, 961, 2))
    return _core.search_clusters(
        rows_of(4_500),
        keys,
        prepared,
        keys[::2].copy(),
        keys[::48].copy(),
        np.arange(0, 481, 24),
        clusters_met=480,
        regions_met=20,
        k_queries=1,
        k_keys=1,
        **options,
    )


CALLS = {
    "both sides": search(0, 3, 3),
    "one side": search(0, 3, 0),
    "some fall back": search(3_000, 3, 3),
    "all fall back": search(6_000, 3, 3),
    "float32": search(0, 400, 400),
    "count": count_better,
    "clusters": pytest.param(clusters, marks=needs_bytes),
}


@pytest.mark.slow
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize("n_threads", [1, 3])
def test_progress_rises_to_the_end(call: Callable[..., Any], n_threads: int) -> None:
    fractions: list[float] = []
    call(n_threads=n_threads, progress=fractions.append)
    assert fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)
    # With more threads, the one that reports may have come late, or too late.
    assert n_threads > 1 or (fractions[-1] == 1 and len(fractions) > 2)


@pytest.mark.slow
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize(("n_threads", "calls"), [(1, 1), (1, 2), (3, 1)])
def test_an_exception_of_the_callback_ends_the_search(
    call: Callable[..., Any], n_threads: int, calls: int
) -> None:
    fractions: list[float] = []

    def stop(fraction: float) -> None:
        fractions.append(fraction)
        if len(fractions) == calls:
            raise RuntimeError("enough")

    try:
        with pytest.raises(RuntimeError, match="enough"):
            call(n_threads=n_threads, progress=stop)
    except pytest.fail.Exception:
        assert n_threads > 1  # the thread that reports came too late
        assert not fractions
    small = rows_of(300)
    found = _core.search(small, small, k_queries=1, k_keys=1, n_threads=n_threads)
    assert len(fractions) <= calls
    assert_same(found[:2], _core.search(small, small, k_queries=1, k_keys=1, n_threads=1)[:2])


def test_progress_must_be_callable() -> None:
    wrong: Any = 5
    with pytest.raises(TypeError, match="incompatible function arguments"):
        _core.search(rows_of(300), rows_of(300), k_queries=1, k_keys=0, progress=wrong)


# Minutes of work, were it not interrupted; the timer speaks once it is under way.
LARGE = """
import signal, sys, threading
import numpy as np
from alignx import _core
signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs inherit "ignore"
kind, n_threads = sys.argv[1], int(sys.argv[2])
rows = np.random.default_rng(0).standard_normal((150_000, 300), dtype=np.float32)
if kind != "screened":
    rows = np.tile(rows[:500], (240, 1))
if kind == "clusters":
    prepared = _core.prepare_keys(rows, groups=np.arange(0, 120_001, 16))
timer = threading.Timer(0.4, print, ("running",), {"flush": True})
try:
    timer.start()
    if kind == "clusters":
        _core.search_clusters(
            rows, rows, prepared, rows[:7500], rows[:1], np.array([0, 7500]),
            clusters_met=7500, regions_met=1, k_queries=10, k_keys=10, n_threads=n_threads,
        )
    else:
        _core.search(rows, rows, k_queries=10, k_keys=10, n_threads=n_threads)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["equal", "screened", pytest.param("clusters", marks=needs_bytes)])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_ctrl_c_interrupts_a_large_search(tmp_path: Path, kind: str, n_threads: int) -> None:
    command = [sys.executable, "-c", LARGE, kind, str(n_threads)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "running\n"
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=10)
        finally:
            process.kill()
    assert output == "interrupted\n"
    assert process.returncode == 0
