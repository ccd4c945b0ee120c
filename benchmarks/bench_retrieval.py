"""Exact retrieval against faiss.IndexFlatIP on real vectors: time, memory, equal answers.

Jobs: "top-10" is 20,000 English queries against 80,000 Spanish keys. "CSLS-10 both ways" is what a
dictionary needs: r of both languages, then the 10 best by CSLS for the rows of both; FAISS does it
by four searches, two of them with the bias as one more coordinate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

import alignx as ax
from benchmarks.common import arguments, data_directory, medians, peak_memory, write

if TYPE_CHECKING:
    from alignx.arrays import Indices, Matrix

K = 10


def rows_of(language: str) -> Matrix:
    loaded = ax.load(data_directory() / "vectors" / f"{language}.vec.gz")
    return ax.Normalizer().fit_transform(loaded.vectors)


def faiss_search(keys: Matrix, queries: Matrix) -> tuple[Matrix, Indices]:
    index = faiss.IndexFlatIP(keys.shape[1])
    index.add(keys)
    scores, indices = index.search(queries, K)
    return scores, indices


def faiss_csls(source: Matrix, target: Matrix) -> tuple[Indices, Indices]:
    r_source = faiss_search(target, source)[0].mean(axis=1)
    r_target = faiss_search(source, target)[0].mean(axis=1)
    one = np.ones((len(source), 1), np.float32), np.ones((len(target), 1), np.float32)
    biased_target = np.hstack([target, -r_target[:, None] / 2])
    biased_source = np.hstack([source, -r_source[:, None] / 2])
    forward = faiss_search(biased_target, np.hstack([source, one[0]]))
    backward = faiss_search(biased_source, np.hstack([target, one[1]]))
    return forward[1], backward[1]


def share_of_equal(ours: Indices, theirs: Indices) -> float:
    return float((ours == theirs).mean())


MEMORY = """
import sys
import numpy as np
import alignx as ax
rng = np.random.default_rng(0)
def unit(rows):
    x = rng.standard_normal((rows, 300), dtype=np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return x
source, target = unit(20_000), unit(80_000)
ax.csls_neighbors(source[:100], target[:100], 10)  # loads what is loaded once
def work():
    if sys.argv[1] == "top-10":
        return ax.ExactIndex(target).search(source, 10)
    return ax.csls_neighbors(source, target, 10)
"""


def main() -> None:
    options = arguments(__doc__, "retrieval.json")
    faiss.omp_set_num_threads(options.threads)
    source, target = rows_of("en")[:20_000].copy(), rows_of("es")
    shape = {"n": len(source), "m": len(target), "d": source.shape[1], "k": K}
    shape["threads"] = options.threads

    index = ax.ExactIndex(target, n_threads=options.threads)
    flat = faiss.IndexFlatIP(target.shape[1])
    flat.add(target)
    rows = compare(
        "top-10",
        {"alignx": lambda: index.search(source, K), "faiss": lambda: flat.search(source, K)},
        share_of_equal(index.search(source, K).indices, flat.search(source, K)[1]),
        shape,
    )

    def ours() -> ax.CslsNeighbors:
        return ax.csls_neighbors(source, target, K, n_threads=options.threads)

    found, (forward, backward) = ours(), faiss_csls(source, target)
    equal = min(
        share_of_equal(found.of_source.indices, forward),
        share_of_equal(found.of_target.indices, backward),
    )
    rows += compare(
        "CSLS-10 both ways",
        {"alignx": ours, "faiss": lambda: faiss_csls(source, target)},
        equal,
        shape,
    )
    write(options.json, rows)


def compare(job: str, jobs: dict[str, Any], equal: float, shape: dict[str, int]) -> list[Any]:
    seconds = medians(jobs)
    return [
        {
            "job": job,
            "engine": engine,
            **shape,
            "seconds": seconds[engine],
            "ratio": seconds["faiss"] / seconds[engine],
            "exact": True,
            "equal_to_faiss": equal if engine == "alignx" else None,
            "peak_memory": peak_memory(MEMORY, job) if engine == "alignx" else None,
        }
        for engine in jobs
    ]


if __name__ == "__main__":
    main()
