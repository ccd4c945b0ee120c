"""What the benchmarks share: facts of the machine, medians, peak memory, JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignx import _core
from alignx.support.files import replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HERE = Path(__file__).parent
SETTLE = 0.05  # seconds until threads of the job before have stopped waiting actively
PEERS = ("numpy", "scikit-learn", "faiss-cpu", "gensim", "alignx")


def data_directory() -> Path:
    """Where the real vectors and dictionaries are: ALIGNX_SHARED_DATA, or beside the project."""
    named = os.environ.get("ALIGNX_SHARED_DATA")
    path = Path(named) if named else HERE.parents[1] / "shared" / "data"
    if not path.is_dir():
        sys.exit(f"{path}: no such directory; set ALIGNX_SHARED_DATA to the folder of real vectors")
    return path


def parser(description: str | None, default: str) -> argparse.ArgumentParser:
    """Give the options that all benchmarks have: --json FILE and --threads N."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--json", type=Path, default=HERE / "results" / default)
    options.add_argument("--threads", type=int, default=_core.default_threads())
    return options


def arguments(description: str | None, default: str) -> argparse.Namespace:
    """Read --json FILE and --threads N."""
    return parser(description, default).parse_args()


def machine() -> dict[str, Any]:
    """Tell what the figures were measured on."""
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "simd": _core.simd_level(),
        "python": platform.python_version(),
        "packages": {name: _version_of(name) for name in PEERS},
    }


def _cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def timings(jobs: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each job; jobs take turns, so that a drifting clock hits all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, job in jobs.items():
            time.sleep(SETTLE)
            start = time.perf_counter()
            job()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def medians(jobs: Mapping[str, Callable[[], object]], repeats: int = 5) -> dict[str, float]:
    """Median seconds of each job, after a turn that warms up."""
    timings(jobs, 1)
    return {name: statistics.median(values) for name, values in timings(jobs, repeats).items()}


MEASURED = """
from pathlib import Path
def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
before = status("VmRSS")
result = work()
print(status("VmHWM") - before)
"""


def peak_memory(code: str, *args: str) -> int:
    """Bytes that `work()` of a fresh process needs at its peak beyond what was there before.

    `code` defines `work` after preparing what it needs.
    """
    answer = subprocess.run(
        [sys.executable, "-c", code + MEASURED, *args], check=True, capture_output=True, text=True
    )
    return int(answer.stdout.split()[-1])


def write(path: Path, rows: list[dict[str, Any]], **facts: object) -> None:
    """Write machine facts, with further ones of the benchmark, and rows, and show the rows."""
    save(path, rows, **facts)
    for row in rows:
        print(json.dumps(row))
    print(f"{path}: now run benchmarks/render.py")


def save(path: Path, rows: list[dict[str, Any]], **facts: object) -> None:
    """Write machine facts and rows, in whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(json.dumps({"machine": machine() | facts, "rows": rows}, indent=1) + "\n")
