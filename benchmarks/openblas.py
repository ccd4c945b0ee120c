"""Choose the OpenBLAS kernels with which the peers are fastest.

NumPy's and faiss's OpenBLAS choose kernels when they are loaded, and OPENBLAS_CORETYPE overrides
the choice. An older OpenBLAS does not know a newer processor and takes kernels five times slower
than it could, and an environment may name slow ones, so each choice is tried in a process of its
own, and the benchmark starts again with the fastest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

MARK = "ALIGNX_BENCHMARK_OPENBLAS"  # what was tried: core type -> seconds
CORE_TYPES = ("", "Haswell", "Zen", "SkylakeX")  # "" is OpenBLAS's own choice

TRIAL = """
import sys, time
import faiss, numpy as np
from threadpoolctl import threadpool_limits
threadpool_limits(int(sys.argv[1]))
x = np.random.default_rng(0).standard_normal((20_000, 300), dtype=np.float32)
index = faiss.IndexFlatIP(300)
index.add(x)
def best(work):
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
print(best(lambda: index.search(x[:4000], 10)) + best(lambda: x[:4000] @ x.T))
"""


def environment(core_type: str) -> dict[str, str]:
    """Give this process's environment with other OpenBLAS kernels, and no other of its settings."""
    kept = {name: v for name, v in os.environ.items() if not name.startswith("OPENBLAS_")}
    return kept | ({"OPENBLAS_CORETYPE": core_type} if core_type else {})


def _seconds(core_type: str, threads: int) -> float | None:
    trial = subprocess.run(
        [sys.executable, "-c", TRIAL, str(threads)],
        env=environment(core_type),
        capture_output=True,
        text=True,
        check=False,  # kernels that the processor cannot run end it
    )
    return float(trial.stdout) if trial.returncode == 0 else None


def use_fastest(module: str, threads: int) -> dict[str, float]:
    """Start `python -m module` again with the fastest kernels, then give the seconds of each."""
    if MARK not in os.environ:
        _start_again(module, threads)
    tried: dict[str, float] = json.loads(os.environ[MARK])
    return tried


def _start_again(module: str, threads: int) -> None:
    given = os.environ.get("OPENBLAS_CORETYPE", "")
    candidates = dict.fromkeys((*CORE_TYPES, given))
    seconds = {name: _seconds(name, threads) for name in candidates}
    tried = {name: value for name, value in seconds.items() if value is not None}
    fastest = min(tried, key=lambda name: tried[name])
    marked = environment(fastest) | {MARK: json.dumps(tried)}
    os.execve(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]], marked)
