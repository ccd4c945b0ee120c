"""Many languages in one space: accuracy, and how time and memory grow with their number.

- accuracy: English, Spanish and German. Pairwise maps from their own dictionaries, rotations of
  each language onto English, and joint maps without a Spanish-German dictionary.
- growth: noisy rotated copies of the English vectors stand for languages (see many_data.py); the
  hub has a dictionary with each. Each number of languages is fitted in a process of its own.
- interrupted: the same, killed halfway (SIGKILL), and then run again.
- peer: generalized Procrustes against the package qc-procrustes, in an environment of its own.

Each row is written when it is measured, and not measured again: to do so, delete it or the file.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import alignx as ax
from alignx.vectors.normalizer import Normalizer
from benchmarks.bench_dictionary import vectors
from benchmarks.common import data_directory, parser, save
from benchmarks.many_data import write_languages
from benchmarks.many_figure import draw
from benchmarks.many_procrustes import peer
from benchmarks.many_watch import watch
from benchmarks.retrieval_data import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from alignx.alignment.language_map import LanguageMap
    from alignx.evaluation.word_translation import EvaluationReport

Row = dict[str, Any]
Reports = dict[tuple[str, str], "EvaluationReport"]

STAGES = ("accuracy", "growth", "interrupted", "peer")
CODES = ("en", "es", "de")
OWN = (("en", "es"), ("en", "de"), ("es", "de"))  # dictionaries of the pairwise maps
WITHOUT = ("es", "de")  # the dictionary that joint maps do without
BASELINE = "pairwise"
SIZES = (2, 5, 10, 20)
TESTED = 12  # pairs of languages without a dictionary to test
HALFWAY = 0.5

# P@1 by CSLS on MUSE's test dictionaries with Facebook's vectors of 200,000 words, from tables 1
# and 7 of Jawanpuria et al., "Learning Multilingual Word Embeddings in Latent Metric Space", TACL
# 2019.
LITERATURE = {
    "Procrustes (Conneau et al. 2018)": (81.4, 82.9, 73.5, 72.4),
    "UMWE, 6 languages, no dictionary (Chen and Cardie 2018)": (82.5, 83.7, 74.8, 72.9),
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
    options.add_argument("--vocabulary", type=int, help="words of a language of `accuracy`")
    options.add_argument("--folder", type=Path, help="where to keep made languages; default: /tmp")
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


def accuracy(options: argparse.Namespace, _: Path, rows: list[Row]) -> Iterator[Row]:
    """Measure all ordered pairs of the real languages, and compare with pairwise maps."""
    if any(row["part"] == "accuracy" for row in rows):
        return
    languages = {code: vectors(code, options.vocabulary) for code in CODES}
    reports: dict[str, Reports] = {}
    for name, make in ENGINES.items():
        start = time.perf_counter()
        spaces = make(languages)
        seconds = time.perf_counter() - start
        reports[name] = {pair: ax.evaluate(spaces(*pair), tests(pair)) for pair in pairs()}
        for pair, report in reports[name].items():
            yield {
                "part": "accuracy",
                "job": "-".join(pair),
                "engine": name,
                "seconds": seconds,
                "new": {ranking: each.as_dict() for ranking, each in report.new.items()},
                "coverage": report.coverage,
                "csls": report.csls.as_dict(),
                "learned": report.more["learned"].as_dict() if "learned" in report.more else None,
            }
    for pair in pairs():
        of_pair = {name: found[pair] for name, found in reports.items()}
        yield from differences("-".join(pair), of_pair)


def differences(job: str, reports: dict[str, EvaluationReport]) -> Iterator[Row]:
    """Compare with pairwise maps on the questions that no map was fitted on."""
    for ranking in ("csls", "learned"):
        names = [name for name, each in reports.items() if ranking in each.questions.ranks]
        for name in names[1:]:
            compared = {BASELINE: reports[BASELINE], name: reports[name]}
            found = ax.compare(compared, ranking=ranking)  # type: ignore[arg-type]
            yield {
                "part": "difference",
                "job": job,
                "engine": name,
                "ranking": ranking,
                "n": found.n,
                "difference": found.methods[1].as_dict()["difference"],
            }


def pairs() -> list[tuple[str, str]]:
    return list(permutations(CODES, 2))


def training(pair: tuple[str, str]) -> ax.Lexicon:
    return ax.Lexicon.load(data_directory() / "dictionaries/muse" / f"{'-'.join(pair)}.0-5000.txt")


def tests(pair: tuple[str, str]) -> ax.Lexicon:
    name = f"{'-'.join(pair)}.5000-6500.txt"
    return ax.Lexicon.load(data_directory() / "dictionaries/muse" / name)


Spaces = Any  # Callable[[str, str], SharedSpace]


def pairwise(languages: Mapping[str, ax.Embeddings]) -> Spaces:
    """Align each pair alone, both directions by its own dictionary."""
    spaces = {}
    for pair in OWN:
        both = [languages[code] for code in pair]
        forward, backward = (
            ax.align(*order, lexicon=known).apply(*order)
            for order, known in (
                (both, training(pair)),
                (both[::-1], training(pair).reversed()),
            )
        )
        spaces[pair], spaces[pair[::-1]] = forward, backward
    return lambda source, target: spaces[source, target]


def star(languages: Mapping[str, ax.Embeddings]) -> Spaces:
    """Rotate each language onto English, with 5 rounds of refinement."""
    hub = languages["en"]
    mapped = {"en": hub.with_vectors(Normalizer().fit_transform(hub.vectors))}
    for code in CODES[1:]:
        alignment = ax.align(
            languages[code],
            hub,
            lexicon=training(("en", code)).reversed(),
            method="procrustes",
            refinement=5,
            ranker=False,
        )
        # A rotation of the source onto the target: undo what it turns the target by.
        back = alignment.target_map.matrix.T
        rows = mapped_by(alignment.source_map, languages[code]) @ back
        mapped[code] = languages[code].with_vectors(rows)
    space = ax.SharedSpace(mapped)
    return space.pair


def mapped_by(language_map: LanguageMap, language: ax.Embeddings) -> Any:  # noqa: ANN401
    return language_map.map_rows(language.vectors).collect()


def joint(languages: Mapping[str, ax.Embeddings], *lexicons: tuple[str, str]) -> Spaces:
    """Align all languages together."""
    alignment = ax.align_many(languages, lexicons={pair: training(pair) for pair in lexicons})
    note(str(alignment))
    return alignment.apply(languages).pair


ENGINES: dict[str, Callable[[Mapping[str, ax.Embeddings]], Spaces]] = {
    BASELINE: pairwise,
    "star": star,
    "joint, no es-de dictionary": lambda each: joint(each, *(p for p in OWN if p != WITHOUT)),
    "joint, all dictionaries": lambda each: joint(each, *OWN),
}


def growth(options: argparse.Namespace, folder: Path, rows: list[Row]) -> Iterator[Row]:
    """Fit each number of made languages in a process of its own."""
    for size in map(int, options.sizes.split(",")):
        name: Row = {"part": "growth", "languages": size, "words": options.words}
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


def interrupted(options: argparse.Namespace, folder: Path, rows: list[Row]) -> Iterator[Row]:
    """Kill a fit halfway, and run it again; the maps must be those of the fit in one go."""
    whole = [row for row in rows if row["part"] == "growth" and row["words"] == options.words]
    if any(row["part"] == "interrupted" for row in rows) or not whole:
        return
    chosen = max(whole, key=lambda row: (row["languages"] <= 5, row["languages"]))
    spec = specified(options, folder, chosen["languages"])
    task = json.dumps(spec | {"job": "align"})
    after = HALFWAY * chosen["process_seconds"]
    if watch("benchmarks.many_job", task, kill_after=after) is not None:
        raise RuntimeError("the fit ended before it was killed")
    found = watch("benchmarks.many_job", task)
    assert found is not None
    row = figures(found, options)
    yield {
        "part": "interrupted",
        "languages": chosen["languages"],
        "words": options.words,
        "killed_after": after,
        "whole_seconds": chosen["process_seconds"],
        "same_maps": row["digest"] == chosen["digest"],
        **row,
    }


MEASURES: dict[str, Callable[[argparse.Namespace, Path, list[Row]], Iterator[Row]]] = {
    "accuracy": accuracy,
    "growth": growth,
    "interrupted": interrupted,
    "peer": peer,
}

if __name__ == "__main__":
    main()
