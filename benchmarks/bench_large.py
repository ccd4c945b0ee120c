"""Dictionaries of a million words a language: exact against approximate search.

Each job runs in a fresh process (large_job.py), so that its peak memory is its own. Parts:

full         the mutual dictionary, exact and clustered, and what the clustered one misses;
two_million  the clustered one of twice as many words;
recall       seconds against recall of each index and its settings, as a table and a figure;
growth       seconds against the number of words.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import alignx as ax
from benchmarks.bench_retrieval import QUIET, load_at_start
from benchmarks.common import parser, write
from benchmarks.large_data import write_rows
from benchmarks.large_figure import draw
from benchmarks.large_job import in_fresh_process
from benchmarks.openblas import use_fastest
from benchmarks.retrieval_data import english_and_spanish, note

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

Row = dict[str, Any]

PARTS = ("full", "two_million", "recall", "growth")
INDEXES = ("exact", "clustered", "ivf", "hnsw", "ivfpq")
SETTINGS: dict[str, list[Row]] = {
    "exact": [{}],
    "clustered": [
        {"clusters": clusters, "regions": regions}
        for clusters, regions in (
            (16, 0.06), (32, 0.06), (64, 0.08), (160, 0.16), (256, 0.24), (512, 0.48)
        )
    ],
    "ivf": [{"nprobe": nprobe} for nprobe in (8, 16, 32, 64, 128, 256)],
    "hnsw": [{"efSearch": size} for size in (16, 32, 64, 128, 256, 512)],
    "ivfpq": [
        {"nprobe": nprobe, "rescored": rescored}
        for nprobe, rescored in ((16, 4), (32, 8), (64, 8), (128, 8), (128, 16), (256, 16))
    ],
}  # fmt: skip
TRIAL = 5  # the exact search is tried with that part of the rows of each language
EVERY = 10  # ... and extrapolated from every tenth source row where all would take too long
SHARES = (1 / 20, 1 / 10, 1 / 5, 2 / 5, 1)  # of the rows, for growth
MOST_FAISS = 1 / 5  # of the rows
LONGEST = 600  # seconds of one job of growth, as estimated
ASSUMED_SLOPE = 1.6  # of what was measured once
RECALL_SAMPLE = 10_000  # rows of each language
GROWTH_SAMPLE = 2_000


def read_options() -> argparse.Namespace:
    options = parser(__doc__, "large.json")
    options.add_argument("--rows", type=int, default=1_000_000, help="of each language")
    options.add_argument("--recall-rows", type=int, default=200_000, help="of recall, >= 20000")
    options.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    options.add_argument(
        "--exact-minutes",
        type=float,
        default=12,
        help="above that estimate exact search is extrapolated, and no answers are compared",
    )
    return options.parse_args()


def main() -> None:
    options = read_options()
    load = load_at_start()
    ax.set_config(n_threads=options.threads)
    tried = use_fastest("benchmarks.bench_large", options.threads)
    if load > QUIET:
        note(f"load average {load:.1f}: other work slows this; do not publish")
    before = json.loads(options.json.read_text())["rows"] if options.json.exists() else []
    rows: list[Row] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            note("vectors")
            write_rows(english_and_spanish(), largest(options), Path(folder))
            for part in options.parts:
                for row in MEASURED[part](Path(folder), options):
                    rows += [{"part": part, "ratio": None, **row, "load": load}]
    finally:  # an interrupt after an hour loses nothing
        if rows:
            again = {row["part"] for row in rows}
            merged = [row for row in before if row["part"] not in again] + rows
            merged.sort(key=lambda row: PARTS.index(row["part"]))
            write(options.json, merged, load=load, openblas_seconds=tried)
            draw(merged, options.json.with_suffix(".svg"))


def largest(options: argparse.Namespace) -> int:
    """How many rows the chosen parts need."""
    needed: dict[str, int] = {
        "full": options.rows,
        "two_million": 2 * options.rows,
        "recall": options.recall_rows,
        "growth": options.rows,
    }
    return int(max(needed[part] for part in options.parts))


# --- the dictionary -----------------------------------------------------------------------------


def full_rows(folder: Path, options: argparse.Namespace) -> Iterator[Row]:
    common = {"job": "dictionary", "folder": folder, "threads": options.threads}
    [trial] = in_fresh_process(**common, engine="exact", rows=options.rows // TRIAL)
    yield {"job": "mutual dictionary, trial", **trial}
    scale = (options.rows / trial["n"]) ** 2
    is_whole = scale * trial["seconds"] <= 60 * options.exact_minutes
    [exact] = in_fresh_process(
        **common,
        engine="exact",
        rows=options.rows,
        every=1 if is_whole else EVERY,
        answers="exact.npz" if is_whole else None,
    )
    if not is_whole:
        exact |= extrapolated(exact, options.rows)
    exact |= {"by_square_seconds": scale * trial["seconds"], "by_square_from": trial["n"]}
    yield {"job": "mutual dictionary", **exact}
    [clustered] = in_fresh_process(
        **common, engine="clustered", rows=options.rows, answers="clustered.npz"
    )
    clustered |= {"peer": "exact", "ratio": exact["seconds"] / clustered["seconds"]}
    if is_whole:
        clustered |= compared(folder / "clustered.npz", folder / "exact.npz")
    yield {"job": "mutual dictionary", **clustered}


def extrapolated(row: Row, rows: int) -> Row:
    """Scale the search of some source rows up to all of them."""
    search = row["steps"]["cosine"] + row["steps"]["csls"]
    seconds = row["seconds"] + search * (rows / row["n"] - 1)
    return {
        "n": rows,
        "seconds": seconds,
        "measured_seconds": row["seconds"],
        "extrapolated": row["n"] / rows,
        "pairs": None,
    }


def compared(file: Path, exact_file: Path) -> Row:
    """What a dictionary has in common with the exact one."""
    with np.load(file) as found, np.load(exact_file) as exact:
        pairs, right = (set(map(tuple, each["pairs"].tolist())) for each in (found, exact))
        known = exact["best"] >= 0
        return {
            "pairs_recall": len(pairs & right) / len(right),
            "pairs_precision": len(pairs & right) / len(pairs),
            "best_found": float(np.mean((found["best"] == exact["best"])[known])),
        }


def two_million_rows(folder: Path, options: argparse.Namespace) -> Iterator[Row]:
    [row] = in_fresh_process(
        job="dictionary",
        folder=folder,
        threads=options.threads,
        engine="clustered",
        rows=2 * options.rows,
    )
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    yield {"job": "mutual dictionary", **row, "memory_of_machine": total}


# --- neighbors by cosine ------------------------------------------------------------------------


def recall_rows(folder: Path, options: argparse.Namespace) -> Iterator[Row]:
    exact: Row = {}
    for engine in INDEXES:
        for row in in_fresh_process(
            job="neighbors",
            folder=folder,
            engine=engine,
            rows=options.recall_rows,
            threads=options.threads,
            sample=RECALL_SAMPLE,
            settings=SETTINGS[engine],
        ):
            exact = exact or row
            ratio = exact["seconds"] / row["seconds"]
            yield {"job": "top-10 both ways", **row, "peer": "exact", "ratio": ratio}


def growth_rows(folder: Path, options: argparse.Namespace) -> Iterator[Row]:
    for engine in INDEXES:
        most = 1 if engine in ("exact", "clustered") else MOST_FAISS
        curve: list[Row] = []
        for rows in (round(share * options.rows) for share in SHARES if share <= most):
            if curve and estimate(curve, rows) > LONGEST:
                note(f"{engine}: {rows:,} rows would take {estimate(curve, rows):.0f} s; left out")
                break
            start = time.perf_counter()
            [row] = in_fresh_process(
                job="neighbors",
                folder=folder,
                engine=engine,
                rows=rows,
                threads=options.threads,
                sample=GROWTH_SAMPLE,
            )
            curve.append(row | {"wall_seconds": time.perf_counter() - start})
        fitted = slope(curve, "seconds") if len(curve) > 1 else None
        for row in curve:
            yield {"job": "top-10 both ways, growth", **row, "slope": fitted}


def estimate(curve: list[Row], rows: int) -> float:
    """Seconds that the job would take, from the last two sizes."""
    grows = slope(curve[-2:], "wall_seconds") if len(curve) > 1 else ASSUMED_SLOPE
    last = curve[-1]
    return float(last["wall_seconds"] * (rows / last["n"]) ** grows)


def slope(curve: list[Row], of: str) -> float:
    """Fit d log(time) / d log(rows)."""
    n, seconds = ([row[key] for row in curve] for key in ("n", of))
    return float(np.polyfit(np.log(n), np.log(seconds), 1)[0])


MEASURED = {
    "full": full_rows,
    "two_million": two_million_rows,
    "recall": recall_rows,
    "growth": growth_rows,
}

if __name__ == "__main__":
    main()
