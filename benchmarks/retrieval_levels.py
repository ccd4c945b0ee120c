"""Top-10 at each CPU level, in processes that are forced to it.

The faiss that the AVX2 levels meet is held to AVX2 too, and so is its OpenBLAS (the faster of its
AVX2 kernels); the one that all others meet, the portable level among them, is free. A process
measures once, after a small search that warms up; processes take turns.

Run as a program, it is such a process: ENGINE QUERIES KEYS THREADS.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from math import inf
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

import alignx as ax
from alignx import _core
from benchmarks.common import HERE
from benchmarks.openblas import environment
from benchmarks.retrieval_data import Languages, note, save

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.support.arrays import Matrix

K = 10
WARM_UP_ROWS = 1_000
FREE, AVX2 = "faiss", "faiss, AVX2"
OPENBLAS_AVX2 = ("Haswell", "Zen")
PEERS = {"avx2": AVX2, "avxvnni": AVX2}


def by_alignx(queries: Matrix, keys: Matrix, threads: int) -> float:
    ax.set_config(n_threads=threads)
    ax.ExactIndex(keys[:WARM_UP_ROWS]).search(queries[:WARM_UP_ROWS], K)
    start = time.perf_counter()
    ax.ExactIndex(keys).search(queries, K)
    return time.perf_counter() - start


def by_faiss(queries: Matrix, keys: Matrix, threads: int) -> float:
    import faiss  # a child that measures alignx has no use for it

    faiss.omp_set_num_threads(threads)
    index = faiss.IndexFlatIP(keys.shape[1])
    index.add(keys)
    index.search(queries[:WARM_UP_ROWS], K)
    start = time.perf_counter()
    index.search(queries, K)
    return time.perf_counter() - start


def _run(engine: str, variables: dict[str, str], args: list[str]) -> float:
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.retrieval_levels", engine, *args],
        env=variables,
        cwd=HERE.parent,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(json.loads(child.stdout))


def _variables(name: str, openblas: dict[str, float]) -> dict[str, str]:
    """Give the environment of a child for one engine at one level."""
    if name == AVX2:  # wheels that hold all levels in one library read the second name
        kernels = min(OPENBLAS_AVX2, key=lambda core: openblas.get(core, inf))
        return environment(kernels) | {"FAISS_OPT_LEVEL": "avx2", "FAISS_SIMD_LEVEL": "AVX2"}
    return dict(os.environ) if name == FREE else os.environ | {"ALIGNX_SIMD": name}


def _measure(
    names: list[str], args: list[str], openblas: dict[str, float], repeats: int
) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(repeats):
        for name in names:
            engine = "faiss" if name in (FREE, AVX2) else "alignx"
            seconds[name].append(_run(engine, _variables(name, openblas), args))
    return seconds


def level_rows(
    languages: Languages, folder: Path, threads: int, repeats: int, openblas: dict[str, float]
) -> list[dict[str, Any]]:
    """Measure a quarter of the source rows against all target rows.

    `openblas` are the seconds that OpenBLAS's kernels took in a trial.
    """
    levels = _core.simd_levels()
    queries = languages.source[: len(languages.source) // 4]
    args = [*save(Languages(queries, languages.target), folder), str(threads)]
    note("CPU levels: " + ", ".join(levels))
    seconds = _measure([*levels, AVX2, FREE], args, openblas, repeats)
    shape = {"n": len(queries), "m": len(languages.target), "d": queries.shape[1], "k": K}
    rows = []
    for name, values in seconds.items():
        peer = PEERS.get(name, FREE) if name in levels else None
        rows.append(
            {
                "job": "top-10 by CPU level",
                "engine": "alignx" if peer else name,
                "simd": name if peer else None,
                **shape,
                "threads": threads,
                "seconds": median(values),
                "all_seconds": values,
                "peer": peer,
                "ratio": median(seconds[peer]) / median(values) if peer else None,
                "exact": None,
                "peak_memory": None,
            }
        )
    return rows


def main() -> None:
    engine, queries, keys, threads = sys.argv[1:]
    measure = {"alignx": by_alignx, "faiss": by_faiss}[engine]
    print(json.dumps(measure(np.load(queries), np.load(keys), int(threads))))


if __name__ == "__main__":
    main()
