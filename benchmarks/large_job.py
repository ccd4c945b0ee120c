"""One job of the benchmark of large dictionaries, in a process of its own; see bench_large.py.

`python -m benchmarks.large_job SPEC`, with what to do as JSON, writes rows as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.induction.lazy_space import LazySpace
from alignx.induction.pair_selection import PairSelection
from alignx.induction.sharded.induce import ShardedInduction, induce_sharded
from alignx.induction.sharded.plan import Sharding
from alignx.support.config import config_context, set_config
from alignx.support.memory import peak_resident
from benchmarks.large_data import embeddings, mapped, row_of
from benchmarks.large_engines import Faiss, K, build, exact_scores, recall
from benchmarks.retrieval_data import Languages, note

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]

RECALL = 0.99  # asked of the dictionary


def in_fresh_process(**spec: object) -> list[Row]:
    """Do a job in a new process, whose peak memory is that of the job."""
    note(", ".join(f"{name} {value}" for name, value in spec.items() if name != "folder"))
    command = [sys.executable, "-m", "benchmarks.large_job", json.dumps(spec, default=str)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    rows: list[Row] = json.loads(answer.stdout)
    for row in rows:
        note(f"  {row['seconds']:.1f} s, {row['settings']}, {row['peak_memory'] / 1e9:.2f} GB")
    return rows


def dictionary(
    folder: str, engine: str, rows: int, threads: int, every: int = 1, answers: str | None = None
) -> list[Row]:
    """The mutual dictionary of `every` so many source rows and all target rows.

    With a name for the answers, pairs and the best translation of each word are kept in that file.
    """
    source, target = mapped(Path(folder), rows)
    languages = embeddings(source, "s", every), embeddings(target, "t")
    recalls: list[float] = []

    def tell(facts: Row) -> None:
        note(f"  {facts}")
        if facts["stage"] == "recall" and "recall" in facts:
            recalls.append(facts["recall"])

    def induce(*, mutual: bool, keep: bool) -> ShardedInduction:
        sharding = Sharding(
            index=engine,  # type: ignore[arg-type]  # one of them
            recall=RECALL,
            checkpoint=Path(folder, f"work.{engine}"),
            keep_checkpoint=keep,
        )
        with config_context(n_threads=threads):
            return induce_sharded(
                LazySpace(*languages), PairSelection(mutual=mutual), sharding, log=tell
            )

    start = time.perf_counter()
    found = induce(mutual=True, keep=answers is not None)
    seconds = time.perf_counter() - start
    if answers is not None:
        # Goes on from what is finished: only the words that are written differ.
        best = np.full(rows, -1)
        for word, translation in induce(mutual=False, keep=False).lexicon:
            best[row_of(word)] = row_of(translation)
        pairs = np.array([(row_of(s), row_of(t)) for s, t in found.lexicon], np.int64)
        np.savez(Path(folder, answers), best=best, pairs=pairs.reshape(-1, 2))
    effort = {"clusters": found.effort.clusters, "regions": found.effort.regions}
    return [
        {
            "engine": engine,
            "n": len(languages[0]),
            "m": len(languages[1]),
            "d": source.shape[1],
            "k": 1,
            "threads": threads,
            "seconds": seconds,
            "steps": found.seconds,
            "settings": effort if engine == "clustered" else {},
            "exact": engine == "exact",
            "peak_memory": found.peak_memory,
            "pairs": len(found.lexicon),
            "sampled_recall": found.recall.value,
            "sampled_recall_error": found.recall.error,
            "sample": found.recall.sample,
            "attempts": max(1, len(recalls)),
        }
    ]


def neighbors(
    folder: str,
    engine: str,
    rows: int,
    threads: int,
    sample: int,
    settings: list[Row] | None = None,
) -> list[Row]:
    """The nearest rows by cosine both ways with each of the settings; tuned ones if None."""
    languages = Languages(*map(np.array, mapped(Path(folder), rows)))
    rng = np.random.default_rng(0)
    source, target = (np.sort(rng.choice(rows, min(rows, sample), replace=False)) for _ in "st")
    samples = source, target
    start = time.perf_counter()
    index = build(engine, languages, samples, threads)
    build_seconds = time.perf_counter() - start
    tune_seconds = None
    if settings is None and isinstance(index, Faiss):
        start = time.perf_counter()
        settings = [index.tuned()]
        tune_seconds = time.perf_counter() - start
    results = [(index.search(each), peak_resident()) for each in settings or [{}]]
    exact = exact_scores(languages, samples)
    return [
        {
            "engine": engine,
            "n": rows,
            "m": rows,
            "d": languages.source.shape[1],
            "k": K,
            "threads": threads,
            "seconds": build_seconds + found.seconds,
            "build_seconds": build_seconds,
            "search_seconds": found.seconds,
            "tune_seconds": tune_seconds,
            "queries_timed": 2 * len(source) if isinstance(index, Faiss) else 2 * rows,
            "settings": found.settings,
            "exact": engine == "exact",
            "peak_memory": peak,
            "recall@1": recall(found.scores, exact, 1),
            "recall@10": recall(found.scores, exact, K),
            "recall_queries": len(source) + len(target),
        }
        for found, peak in results
    ]


JOBS: dict[str, Callable[..., list[Row]]] = {"dictionary": dictionary, "neighbors": neighbors}

if __name__ == "__main__":
    spec = json.loads(sys.argv[1])
    set_config(n_threads=spec["threads"])
    print(json.dumps(JOBS[spec.pop("job")](**spec)))
