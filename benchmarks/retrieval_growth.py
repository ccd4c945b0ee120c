"""How time grows with the number of rows, and how near to the machine's peak it is spent.

alignx finds the neighbors of both sides in one sweep, 2 n m d operations; faiss searches twice,
4 n m d. `gops` are the operations that were done, in billions a second, and `peak_share` their
share of the peak of the instructions that do them: bytes for alignx, float32 for faiss.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from threadpoolctl import threadpool_limits

import alignx as ax
from alignx import _core
from benchmarks.common import timings
from benchmarks.peak import OF_LEVEL, Peaks, float32_peak
from benchmarks.retrieval_data import Languages, grown, note
from benchmarks.retrieval_peers import flat_index

if TYPE_CHECKING:
    from collections.abc import Callable

K = 10
SIZES = (5_000, 10_000, 20_000, 40_000, 80_000, 120_000, 160_000, 200_000)
ONCE_FROM = 40_000  # these sizes take long enough to be measured once
WARM_UP_ROWS = 2_000

Row: TypeAlias = dict[str, Any]


def by_alignx(languages: Languages) -> Callable[[], object]:
    return lambda: ax.cross_neighbors(*languages, K)


def by_faiss(languages: Languages) -> Callable[[], object]:
    source, target = languages
    flat_source, flat_target = flat_index(source), flat_index(target)

    def search() -> None:
        flat_target.search(source, K)
        flat_source.search(target, K)

    return search


def _row(languages: Languages, engine: str, threads: int, seconds: list[float]) -> Row:
    source, target = languages
    sweeps = 1 if engine == "alignx" else 2
    operations = 2 * sweeps * len(source) * len(target) * source.shape[1]
    return {
        "job": "top-10 both ways",
        "engine": engine,
        "n": len(source),
        "m": len(target),
        "d": source.shape[1],
        "k": K,
        "threads": threads,
        "seconds": median(seconds),
        "all_seconds": seconds,
        "ratio": None,
        "exact": None,
        "peak_memory": None,
        "gops": operations / median(seconds) / 1e9,
    }


def _measure(languages: Languages, threads: int, repeats: int, *, with_faiss: bool) -> list[Row]:
    jobs = {"alignx": by_alignx(languages)}
    if with_faiss:
        jobs["faiss"] = by_faiss(languages)
    seconds = timings(jobs, repeats)
    rows = {name: _row(languages, name, threads, seconds[name]) for name in jobs}
    if with_faiss:
        rows["alignx"]["peer"] = "faiss"
        rows["alignx"]["ratio"] = rows["faiss"]["seconds"] / rows["alignx"]["seconds"]
    return list(rows.values())


def _with_peak_shares(rows: list[Row], peaks: Peaks) -> list[Row]:
    ours = OF_LEVEL.get(_core.simd_level())
    for row in rows:
        kinds = peaks.get(row["threads"], {})
        of_alignx = kinds.get(ours) if ours else None
        peak = of_alignx if row["engine"] == "alignx" else float32_peak(kinds)
        row["peak_share"] = 1e9 * row["gops"] / peak if peak else None
    return rows


def _with_slopes(rows: list[Row]) -> list[Row]:
    """Add d log(time) / d log(rows), fitted to all sizes of an engine and number of threads."""
    for row in rows:
        curve = [r for r in rows if all(r[key] == row[key] for key in ("engine", "threads"))]
        n, seconds = ([r[key] for r in curve] for key in ("n", "seconds"))
        row["slope"] = float(np.polyfit(np.log(n), np.log(seconds), 1)[0]) if len(n) > 1 else None
    return rows


def growth_rows(
    languages: Languages, threads: list[int], repeats: int, peaks: Peaks, *, full: bool
) -> list[Row]:
    """Measure sizes up to 2.5 times the real rows; faiss only the real ones unless `full`."""
    real = len(languages.source)
    sizes = [size for size in SIZES if size <= 2.5 * real] or [real]
    largest = grown(languages, max(sizes))
    rows = []
    for count in threads:
        with threadpool_limits(count), ax.config_context(n_threads=count):
            few = languages.first(WARM_UP_ROWS)
            timings({"alignx": by_alignx(few), "faiss": by_faiss(few)}, 1)
            for size in sizes:
                note(f"{size:,} rows a language, threads: {count}")
                rows += _measure(
                    largest.first(size),
                    count,
                    1 if size >= ONCE_FROM else repeats,
                    with_faiss=full or size <= real,
                )
    return _with_slopes(_with_peak_shares(rows, peaks))
