"""Many languages in one space: accuracy, and how time and memory grow with their number.

- accuracy: English, Spanish and German. Pairwise maps from their own dictionaries, rotations of
  each language onto English, and joint maps without a Spanish-German dictionary. With --folder,
  fits are kept there, so an interrupted run goes on.
- growth: noisy rotated copies of the English vectors stand for languages (see many_data.py); the
  hub has a dictionary with each. Each number of languages is fitted in a process of its own.
- memory: the joint fit alone, by the default method, of 50 languages by their pairs with evidence.
- interrupted: five such languages in one go, and killed halfway (SIGKILL) and run again.
- peer: generalized Procrustes against the package qc-procrustes, in an environment of its own.

Each row is written when it is measured, and not measured again: to do so, delete it or the file.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import alignx as ax
from benchmarks.bench_dictionary import vectors
from benchmarks.common import parser, save
from benchmarks.many_accuracy import accuracy
from benchmarks.many_data import write_languages
from benchmarks.many_figure import draw
from benchmarks.many_procrustes import peer
from benchmarks.many_watch import watch
from benchmarks.retrieval_data import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Row = dict[str, Any]

STAGES = ("accuracy", "growth", "memory", "interrupted", "peer")
SIZES = (2, 5, 10, 20)
TESTED = 12  # pairs of languages without a dictionary to test
INTERRUPTED, HALFWAY = 5, 0.5  # languages, and when their fit is killed

# Rows of a language that take part in a fit: the 20,000 most frequent, and others of dictionaries.
MEMORY = {"languages": 50, "rows": 22_000, "dimension": 300, "paired": 15_000}
PAIRS = (49, 98, 245)  # with evidence: the hub with each, and up to four more of each

# P@1 by CSLS on MUSE's test dictionaries with Facebook's vectors of 200,000 words, from tables 1
# and 7 of Jawanpuria et al., "Learning Multilingual Word Embeddings in Latent Metric Space", TACL
# 2019.
LITERATURE = {
    "Procrustes (Conneau et al. 2018)": (81.4, 82.9, 73.5, 72.4),
    "UMWE, no dictionary (Chen and Cardie 2018)": (82.5, 83.7, 74.8, 72.9),
    "GeoMM, each pair alone (Jawanpuria et al. 2019)": (81.9, 85.5, 74.9, 76.7),
    "GeoMM-multi, all languages (Jawanpuria et al. 2019)": (81.0, 85.7, 75.1, 75.7),
}
PUBLISHED = ("en-es", "es-en", "en-de", "de-en")


def read_options() -> argparse.Namespace:
    options = parser(__doc__, "many.json")
    options.formatter_class = argparse.RawDescriptionHelpFormatter
    options.add_argument("--stages", default=",".join(STAGES), help=",".join(STAGES))
    options.add_argument("--sizes", default=",".join(map(str, SIZES)), help="languages of `growth`")
    options.add_argument("--words", type=int, default=50_000, help="of each language of `growth`")
    options.add_argument("--method", help="of `growth`; default: that of ax.align_many")
    options.add_argument("--vocabulary", type=int, help="words of a language of `accuracy`")
    options.add_argument("--folder", type=Path, help="of what is made and fitted; default: deleted")
    options.add_argument("--peer-python", help="Python that has qc-procrustes, for `peer`")
    return options.parse_args()


def main() -> None:
    options = read_options()
    ax.set_config(n_threads=options.threads)
    rows: list[Row] = json.loads(options.json.read_text())["rows"] if options.json.exists() else []
    if not rows:
        rows += literature()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        for stage in options.stages.split(","):
            for row in MEASURES[stage](options, folder, rows):
                rows.append(row)
                save(options.json, rows)
                note(json.dumps(row)[:300])
    draw(rows, options.json.with_suffix(".svg"))
    note(f"{options.json}: now run benchmarks/render.py")


def literature() -> list[Row]:
    return [
        {"part": "literature", "job": pair, "engine": engine, "csls": {"p@1": value / 100}}
        for engine, values in LITERATURE.items()
        for pair, value in zip(PUBLISHED, values, strict=True)
    ]


def growth(options: argparse.Namespace, folder: Path, rows: list[Row]) -> Iterator[Row]:
    """Fit each number of made languages in a process of its own."""
    for size in map(int, options.sizes.split(",")):
        name: Row = {"part": "growth", "languages": size, "words": options.words}
        name["method"] = options.method
        if any(name.items() <= row.items() for row in rows):
            continue
        spec = specified(options, folder, size)
        found = watch("benchmarks.many_job", json.dumps(spec | {"job": "align"}))
        assert found is not None  # nobody kills it
        tested = watch("benchmarks.many_job", json.dumps(spec | {"job": "accuracy"}))
        assert tested is not None
        yield name | figures(found, options) | answers(tested)
        shutil.rmtree(spec["work"], ignore_errors=True)


def specified(options: argparse.Namespace, folder: Path, size: int) -> Row:
    """Write the languages, and describe the job."""
    made = folder / f"made-{options.words}"
    write_languages(vectors("en", None), options.words, size, made)
    return {
        "folder": str(made),
        "languages": size,
        "words": options.words,
        "work": str(folder / f"work-{size}"),
        "answer": str(folder / f"maps-{size}.npz"),
        "method": options.method,
        "tested": TESTED,
        "threads": options.threads,
    }


def figures(found: Any, options: argparse.Namespace) -> Row:  # noqa: ANN401  # Watched
    """Tell what an alignment took; its own figures are those that it printed."""
    return {
        "process_seconds": found.seconds,
        "cpu_seconds": found.cpu_seconds,
        "peak_memory": found.peak_memory,
        "peak_private": found.peak_private,
        "threads": options.threads,
    } | answers(found)


def answers(found: Any) -> Row:  # noqa: ANN401
    row: Row = json.loads(found.output.splitlines()[-1])
    return row


def memory(options: argparse.Namespace, folder: Path, rows: list[Row]) -> Iterator[Row]:
    """Fit 50 languages in a process of its own; time is not of interest."""
    for count in PAIRS:
        name = {"part": "memory", **MEMORY, "pairs": count}
        if any(name.items() <= row.items() for row in rows):
            continue
        spec = MEMORY | {"pairs": count, "folder": str(folder / "memory")}
        spec |= {"threads": options.threads, "job": "memory"}
        found = watch("benchmarks.many_job", json.dumps(spec))
        assert found is not None
        yield name | figures(found, options)


def interrupted(options: argparse.Namespace, folder: Path, rows: list[Row]) -> Iterator[Row]:
    """Fit in one go, then kill a fit halfway and run it again; the maps must be the same.

    Halfway by processor seconds, which other programs on the machine hardly change.
    """
    if any(row["part"] == "interrupted" for row in rows):
        return
    spec = specified(options, folder, INTERRUPTED) | {"job": "align"}
    for_whole = spec | {"work": str(folder / "work-whole")}
    for each in (spec, for_whole):
        shutil.rmtree(each["work"], ignore_errors=True)  # an earlier run may have got further
    whole = watch("benchmarks.many_job", json.dumps(for_whole))
    assert whole is not None
    after = HALFWAY * whole.cpu_seconds
    if watch("benchmarks.many_job", json.dumps(spec), kill_after=after) is not None:
        raise RuntimeError("the fit ended before it was killed")
    found = watch("benchmarks.many_job", json.dumps(spec))
    assert found is not None
    row = figures(found, options)
    yield {
        "part": "interrupted",
        "languages": INTERRUPTED,
        "words": options.words,
        "killed_after": after,
        "whole_seconds": whole.cpu_seconds,
        "same_maps": row["digest"] == figures(whole, options)["digest"],
        **row,
    }


MEASURES: dict[str, Callable[[argparse.Namespace, Path, list[Row]], Iterator[Row]]] = {
    "accuracy": accuracy,
    "growth": growth,
    "memory": memory,
    "interrupted": interrupted,
    "peer": peer,
}

if __name__ == "__main__":
    main()
