"""Generalized Procrustes by the package qc-procrustes, run by the Python that has it.

`PYTHON many_peer.py FOLDER REPEATS THREADS LOSS` reads `0.npy`, `1.npy`, ...: rows that mean the
same. It stops after the fewest rounds that reach the loss, and imports nothing of ours.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from typing import Any

ROUNDS = (1, 2, 3, 5, 10, 20, 50)


def measured(folder: Path, repeats: int, enough: float) -> list[dict[str, Any]]:
    import numpy as np
    from procrustes import generalized  # type: ignore[import-not-found]

    rows = []
    for dtype in ("float64", "float32"):
        given = [np.load(path).astype(dtype) for path in sorted(folder.glob("*.npy"))]
        for rounds in ROUNDS:
            start = time.perf_counter()
            aligned, _ = generalized(given, tol=0, n_iter=rounds)
            seconds = [time.perf_counter() - start]
            pairs = combinations([each.astype(np.float64) for each in aligned], 2)
            loss = sum(float(np.square(one - other).sum()) for one, other in pairs)
            if loss <= enough:
                break
        for _ in range(repeats - 1):
            start = time.perf_counter()
            generalized(given, tol=0, n_iter=rounds)
            seconds.append(time.perf_counter() - start)
        rows.append({"dtype": dtype, "rounds": rounds, "all_seconds": seconds, "loss": loss})
    return rows


if __name__ == "__main__":
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=int(sys.argv[3])):
        found = measured(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[4]))
    print(json.dumps({"version": version("qc-procrustes"), "rows": found}))
