"""Reading vectors against gensim's KeyedVectors.load_word2vec_format, the same file in one run."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from pathlib import Path
from typing import Any

from gensim.models import KeyedVectors

import alignx as ax
from benchmarks.common import arguments, data_directory, medians, peak_memory, write

MEMORY = """
import sys
import alignx as ax
ax.load  # imports what loading needs
def work():
    return ax.load(sys.argv[1])
"""


def main() -> None:
    options = arguments(__doc__, "load.json")
    packed = data_directory() / "vectors" / "en.vec.gz"
    with tempfile.TemporaryDirectory() as folder:
        plain, cache = Path(folder) / "en.vec", Path(folder) / "en.safetensors"
        with gzip.open(packed) as source, plain.open("wb") as target:
            shutil.copyfileobj(source, target)
        loaded = ax.load(plain)
        ax.save(loaded, cache)
        shape = {"n": len(loaded), "d": loaded.dimension, "threads": options.threads}
        rows = []
        for name, path in {"text": plain, "text, gzip": packed}.items():
            with ax.config_context(n_threads=options.threads):
                rows += compare(name, path, shape)
        opened = medians({"alignx": lambda: ax.load(cache)})["alignx"]
        rows.append({"job": "open cache", "engine": "alignx", **shape, "seconds": opened})
    write(options.json, rows)


def compare(job: str, path: Path, shape: dict[str, int]) -> list[dict[str, Any]]:
    seconds = medians(
        {
            "alignx": lambda: ax.load(path),
            "gensim": lambda: KeyedVectors.load_word2vec_format(str(path)),
        },
        repeats=3,
    )
    return [
        {
            "job": job,
            "engine": engine,
            **shape,
            "seconds": seconds[engine],
            "ratio": seconds["gensim"] / seconds[engine],
            "peak_memory": peak_memory(MEMORY, str(path)) if engine == "alignx" else None,
        }
        for engine in seconds
    ]


if __name__ == "__main__":
    main()
