"""Exact retrieval against faiss and NumPy on real vectors: time, exactness, memory, growth.

Whole jobs on English and Spanish vectors (retrieval_jobs.py), every CPU level
(retrieval_levels.py), and growth with the number of rows, as a table and a figure beside the JSON
(retrieval_growth.py, retrieval_figure.py).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

import alignx as ax
from benchmarks.common import parser, write
from benchmarks.openblas import use_fastest
from benchmarks.peak import peaks
from benchmarks.retrieval_data import english_and_spanish, note, save
from benchmarks.retrieval_figure import draw
from benchmarks.retrieval_growth import growth_rows
from benchmarks.retrieval_jobs import job_rows
from benchmarks.retrieval_levels import level_rows

if TYPE_CHECKING:
    import argparse

LOAD = "ALIGNX_BENCHMARK_LOAD"
QUIET = 0.5


def read_options() -> argparse.Namespace:
    options = parser(__doc__, "retrieval.json")
    options.add_argument("--rows", type=int, default=80_000, help="of each language")
    options.add_argument("--repeats", type=int, default=3, help="turns of each job")
    options.add_argument("--quick", action="store_true", help="5,000 rows, once: does it run?")
    options.add_argument(
        "--full", action="store_true", help="no extrapolation of NumPy; faiss at all sizes"
    )
    given = options.parse_args()
    if given.quick:
        given.rows, given.repeats = 5_000, 1
    return given


def load_at_start() -> float:
    """How busy the machine is with other work, kept over the new start of `use_fastest`."""
    return float(os.environ.setdefault(LOAD, str(os.getloadavg()[0])))


def main() -> None:
    options = read_options()
    load = load_at_start()
    tried = use_fastest("benchmarks.bench_retrieval", options.threads)
    if load > QUIET:
        note(f"load average {load:.1f}: other work slows faiss more than alignx; do not publish")
    note("peaks of the processor")
    counts = [count for count in (1, 2) if count <= (os.cpu_count() or 1)]
    measured_peaks = peaks(counts)
    note("vectors")
    ax.set_config(n_threads=options.threads)
    languages = english_and_spanish().first(options.rows)
    with threadpool_limits(options.threads), tempfile.TemporaryDirectory() as folder:
        files = save(languages, Path(folder))
        jobs = job_rows(languages, files, options.threads, options.repeats, full=options.full)
        levels = level_rows(languages, Path(folder), options.threads, options.repeats, tried)
    growth = growth_rows(languages, counts, options.repeats, measured_peaks, full=options.full)
    draw(growth, options.json.parent / "retrieval_growth.svg")
    facts = {"load": load, "openblas_seconds": tried, "peaks": measured_peaks}
    write(options.json, [*jobs, *levels, *growth], **facts)


if __name__ == "__main__":
    main()
