"""Generalized Procrustes on rows that mean the same, by alignx and by the package qc-procrustes."""

from __future__ import annotations

import json
import subprocess
import time
from itertools import combinations
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.mapping.joint import GeneralizedProcrustes
from alignx.vectors.normalizer import Normalizer
from benchmarks.bench_dictionary import vectors
from benchmarks.common import HERE
from benchmarks.many_data import SEED, copied

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

    from alignx.support.arrays import Matrix

Row = dict[str, Any]

LANGUAGES = (3, 5, 10)
ROWS = 5_000
REPEATS = 3
AS_GOOD = 1 + 1e-4  # times our loss


def peer(options: argparse.Namespace, folder: Path, rows: list[Row]) -> Iterator[Row]:
    """Compare both on the same rows; the peer stops as soon as it is as good."""
    if options.peer_python is None or any(row["part"] == "peer" for row in rows):
        return
    real = Normalizer().fit_transform(vectors("en", None).vectors[:ROWS])
    for languages in LANGUAGES:
        made = [copied(real, np.random.default_rng([SEED, i])) for i in range(languages)]
        facts = {"part": "peer", "languages": languages, "n": ROWS, "d": real.shape[1]}
        facts |= {"threads": options.threads}
        ours = _by_us(made)
        found = _by_peer(made, folder / f"peer-{languages}", ours["loss"], options)
        best = min(found["rows"], key=lambda row: median(row["all_seconds"]))
        engine = f"qc-procrustes {found['version']}, {best['dtype']}"
        seconds = median(best["all_seconds"])
        yield facts | {"engine": engine, "seconds": seconds} | best
        yield facts | ours | {"peer": engine, "ratio": seconds / ours["seconds"]}


def _by_us(made: list[Matrix]) -> Row:
    same = np.stack([np.arange(ROWS)] * 2, axis=1)
    evidence = dict.fromkeys(combinations(range(len(made)), 2), same)
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        fitted = GeneralizedProcrustes().fit(made, evidence)
        aligned = [fitted.transform(each, number) for number, each in enumerate(made)]
        seconds.append(time.perf_counter() - start)
    pairs = combinations([each.astype(np.float64) for each in aligned], 2)
    loss = sum(float(np.square(one - other).sum()) for one, other in pairs)
    return {"engine": "alignx", "seconds": median(seconds), "all_seconds": seconds, "loss": loss}


def _by_peer(made: list[Matrix], folder: Path, loss: float, options: argparse.Namespace) -> Row:
    folder.mkdir(parents=True, exist_ok=True)
    for number, each in enumerate(made):
        np.save(folder / f"{number:02}.npy", each)
    settings = [REPEATS, options.threads, AS_GOOD * loss]
    command = [options.peer_python, HERE / "many_peer.py", folder, *settings]
    answer = subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, text=True)
    found: Row = json.loads(answer.stdout.splitlines()[-1])
    return found
