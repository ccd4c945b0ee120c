"""Reading vectors against gensim, and against unpacking alone, the same file in one run."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gensim.models import KeyedVectors

import alignx as ax
from benchmarks.common import arguments, data_directory, medians, peak_memory, write

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT = 20_000
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
        plain, cache, binary = (
            Path(folder) / f"en.{end}" for end in ("vec", "safetensors", "w2v.bin")
        )
        plain.write_bytes(gzip.decompress(packed.read_bytes()))
        loaded = ax.load(plain)
        ax.save(loaded, cache)
        ax.save(loaded, binary)
        shape = {"n": len(loaded), "d": loaded.dimension, "threads": options.threads}
        with ax.config_context(n_threads=options.threads):
            rows = [
                *compare("text", plain, shape, partial(by_gensim, plain)),
                *compare("text, gzip", packed, shape, partial(by_gensim, packed)),
                *compare("word2vec binary", binary, shape, partial(by_gensim, binary, binary=True)),
            ]
            short = loaded.head(SHORT)
            for name, module in {"bz2": bz2, "xz": lzma}.items():  # slow, so of fewer words
                path = Path(folder) / f"en.vec.{name}"
                ax.save(short, path)
                job, shorter = f"{SHORT:,} words, {name}", {**shape, "n": SHORT}
                unpack = partial(unpacked, module, path)
                rows += compare(job, path, shorter, unpack, f"{name} alone")
        opened = medians({"alignx": lambda: ax.load(cache)})["alignx"]
        rows.append({"job": "open cache", "engine": "alignx", **shape, "seconds": opened})
    write(options.json, rows)


def by_gensim(path: Path, *, binary: bool = False) -> None:
    KeyedVectors.load_word2vec_format(str(path), binary=binary)


def unpacked(module: Any, path: Path) -> None:  # noqa: ANN401  # bz2 or lzma
    with module.open(path) as file:
        while file.read(1 << 20):
            pass


def compare(
    job: str, path: Path, shape: dict[str, int], peer: Callable[[], None], engine: str = "gensim"
) -> list[dict[str, Any]]:
    seconds = medians({"alignx": lambda: ax.load(path), engine: peer}, repeats=3)
    return [
        {
            "job": job,
            "engine": name,
            **shape,
            "seconds": seconds[name],
            "ratio": seconds[engine] / seconds[name],
            "peak_memory": peak_memory(MEMORY, str(path)) if name == "alignx" else None,
        }
        for name in seconds
    ]


if __name__ == "__main__":
    main()
