"""English, Spanish and German: accuracy of joint maps, of a star, and of pairwise maps.

Fits are kept in the folder, so an interrupted run goes on, and the tests can be asked again.
"""

from __future__ import annotations

from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING, Any

import alignx as ax
from alignx.vectors.normalizer import Normalizer
from benchmarks.bench_dictionary import vectors
from benchmarks.common import data_directory
from benchmarks.retrieval_data import note

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from alignx.alignment.language_map import LanguageMap
    from alignx.evaluation.word_translation import EvaluationReport

    Languages = Mapping[str, ax.Embeddings]
    Spaces = Callable[[str, str], ax.SharedSpace]

Row = dict[str, Any]

CODES = ("en", "es", "de")
OWN = (("en", "es"), ("en", "de"), ("es", "de"))  # dictionaries of the pairwise maps
WITHOUT = ("es", "de")  # the dictionary that joint maps do without
BASELINE = "pairwise"
PARTS = ("accuracy", "difference")


def accuracy(options: argparse.Namespace, folder: Path, rows: list[Row]) -> Iterator[Row]:
    """Measure all ordered pairs of the real languages, and compare with pairwise maps."""
    if {*PARTS} <= {row["part"] for row in rows}:
        return
    languages = {code: vectors(code, options.vocabulary) for code in CODES}
    folder.mkdir(parents=True, exist_ok=True)
    reports: dict[str, dict[tuple[str, str], EvaluationReport]] = {}
    for name, make in ENGINES.items():
        spaces = make(languages, folder)
        reports[name] = {pair: ax.evaluate(spaces(*pair), tests(pair)) for pair in pairs()}
    rows[:] = [row for row in rows if row["part"] not in PARTS]  # rather than rows of other fits
    for name, found in reports.items():
        for pair, report in found.items():
            yield {
                "part": "accuracy",
                "job": "-".join(pair),
                "engine": name,
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
            found = ax.compare(compared, ranking=ranking)
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


def kept(path: Path, fit: Callable[[], ax.Alignment]) -> ax.Alignment:
    """Fit and save, unless that was done."""
    if not path.exists():
        fit().save(path)
        note(f"{path}: written")
    return ax.Alignment.load(path)


def pairwise(languages: Languages, folder: Path) -> Spaces:
    """Align each pair alone, both directions by its own dictionary."""
    spaces = {}
    for pair in OWN:
        for order in (pair, pair[::-1]):
            both = [languages[code] for code in order]
            known = training(pair) if order == pair else training(pair).reversed()
            path = folder / f"pairwise-{'-'.join(order)}.safetensors"
            found = kept(path, partial(ax.align, *both, lexicon=known))
            spaces[order] = found.apply(*both)
    return lambda source, target: spaces[source, target]


def star(languages: Languages, _: Path) -> Spaces:
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
        back = alignment.target.matrix.T
        rows = mapped_by(alignment.source, languages[code]) @ back
        mapped[code] = languages[code].with_vectors(rows)
    space = ax.SharedSpace(mapped)
    return space.pair


def mapped_by(language_map: LanguageMap, language: ax.Embeddings) -> Any:  # noqa: ANN401
    return language_map.map_rows(language.vectors).collect()


def joint(languages: Languages, folder: Path, *lexicons: tuple[str, str]) -> Spaces:
    """Align all languages together."""
    path = folder / f"joint-{len(lexicons)}"
    if not (path / "space.json").exists():
        work = ax.Work(folder=folder / f"{path.name}.work")
        known = {pair: training(pair) for pair in lexicons}
        alignment = ax.align_many(languages, lexicons=known, work=work)
        note(str(alignment))
        alignment.save(path, languages)
    return ax.SharedSpace.open(path).pair


ENGINES: dict[str, Callable[[Languages, Path], Spaces]] = {
    BASELINE: pairwise,
    "star": star,
    "joint, no es-de dictionary": lambda each, folder: joint(
        each, folder, *(pair for pair in OWN if pair != WITHOUT)
    ),
    "joint, all dictionaries": lambda each, folder: joint(each, folder, *OWN),
}
