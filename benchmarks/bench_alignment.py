"""Accuracy of the aligners on MUSE's test dictionaries, 80,000 words a language (German 60,000).

The maps see the training dictionaries only; nothing is chosen on the test dictionaries.
"""

from __future__ import annotations

import time
from functools import cache

import alignx as ax
from benchmarks.common import arguments, data_directory, write

PAIRS = (("en", "es"), ("es", "en"), ("en", "de"), ("de", "en"))
METHODS = {
    "procrustes": (ax.Procrustes(), 0),
    "procrustes, refined": (ax.Procrustes(), 5),
    "cca": (ax.CCA(), 0),
    "cca, refined": (ax.CCA(), 5),
    "least_squares": (ax.LeastSquares(), 0),
    "least_squares, refined": (ax.LeastSquares(), 5),
    "reweighted": (ax.Reweighted(), 0),
    "reweighted, refined": (ax.Reweighted(), 5),
}


@cache
def vectors(language: str) -> ax.Embeddings:
    return ax.load(data_directory() / "vectors" / f"{language}.vec.gz")


def dictionary(source: str, target: str, part: str) -> ax.Lexicon:
    return ax.Lexicon.load(data_directory() / "dictionaries/muse" / f"{source}-{target}.{part}.txt")


def main() -> None:
    options = arguments(__doc__, "alignment.json")
    ax.set_config(n_threads=options.threads)
    rows = []
    for name, (method, rounds) in METHODS.items():
        for source, target in PAIRS:
            known = dictionary(source, target, "0-5000")
            for language in (source, target):
                vectors(language).checksum  # noqa: B018  # computed once, as loading is
            start = time.perf_counter()
            alignment = ax.align(
                vectors(source),
                vectors(target),
                lexicon=known,
                method=method,
                refinement=rounds,
                ranker=False,
            )
            seconds = time.perf_counter() - start
            shared = alignment.apply(vectors(source), vectors(target))
            report = ax.evaluate(shared, dictionary(source, target, "5000-6500"))
            job = {"job": f"{source}-{target}", "engine": name, "threads": options.threads}
            rows.append({**job, "seconds": seconds, **report.as_dict()})
    write(options.json, rows)


if __name__ == "__main__":
    main()
