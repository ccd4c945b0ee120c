"""Command `alignx classify names`: a classifier from the names of labels."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from alignx.cli.classify.inputs import (
    OovModels,
    TextOovOption,
    Unlabeled,
    read_oov_models,
    read_unlabeled,
    require_language,
)
from alignx.cli.command import command, option
from alignx.cli.inputs import read_languages, shared_space
from alignx.cli.options import LanguageFiles, MapFile, codes_and_files, refuse
from alignx.cli.terminal import JsonTerminal
from alignx.support.counts import counted
from alignx.support.outputs import require_outputs, require_suffix

__all__ = ["names"]


@command(
    "classify names en-es.safetensors en.vec es.vec --language en --label sports "
    "--label 'arts=music film painting' -o model.safetensors",
    first=("labels", "output", "language", "unlabeled", "n_neighbors"),
)
def names(
    map_file: MapFile,
    files: LanguageFiles,
    labels: Annotated[
        list[str],
        option(
            "Label, or label and the words that describe it; repeat for each.",
            "--label",
            metavar="NAME[=WORDS]",
        ),
    ],
    language: Annotated[str, option("Language of the names and words.", metavar="CODE")],
    output: Annotated[Path, option("Model, .safetensors.", "--output", "-o")],
    unlabeled: Unlabeled = None,
    n_neighbors: Annotated[
        int, option("Nearest words that enlarge each label.", "--neighbors", min=0)
    ] = 20,
    trust: Annotated[
        float,
        option("Weight of names against unlabeled texts.", metavar="A", min=0, max=1),
    ] = 0.6,
    oov_models: OovModels = None,
    oov: TextOovOption = "learned",
    *,
    terminal: JsonTerminal,
) -> None:
    """Learn a classifier from label names, without labeled texts."""
    files.require_count(map_file)
    further = codes_and_files(unlabeled, "--unlabeled")
    models = codes_and_files(oov_models, "--oov-model")
    described = _described(labels)

    from alignx.classification.label_names import LabelNameClassifier
    from alignx.texts.documents import TextReader

    start = time.perf_counter()
    inputs_read = {
        "MAP": None if map_file == "-" else map_file,
        "VECTORS": files.paths,
        "--unlabeled": [path for _, path in further],
        "--oov-model": [path for _, path in models],
    }
    require_outputs({"--output": output}, inputs_read)
    require_suffix(output, "a model")
    texts = read_unlabeled(terminal, further)
    space = shared_space(map_file, read_languages(terminal, map_file, files))
    for code in (language, *texts):
        require_language(space, code, "--language" if code == language else "--unlabeled")
    subwords = read_oov_models(terminal, map_file, space, models)
    reader = TextReader(oov_vectors=subwords or {}, oov=oov)
    classifier = LabelNameClassifier(space, n_neighbors=n_neighbors, trust=trust, reader=reader)
    classifier.fit(described, language=language, unlabeled=texts)
    classifier.save(output)
    facts = {
        "classes": classifier.classes_.tolist(),
        "nearest": classifier.words_,
        "unlabeled": {code: len(part) for code, part in texts.items()},
        "bytes": output.stat().st_size,
        "seconds": time.perf_counter() - start,
    }
    if terminal.as_json:
        terminal.print({"version": version("alignx"), **facts})
        return
    for label, near in classifier.words_.items():
        terminal.note(f"{label}: {', '.join(near[:5])}")
    terminal.note(_summary(output, facts))


def _summary(output: Path, facts: Mapping[str, Any]) -> str:
    texts = counted(sum(facts["unlabeled"].values()), "unlabeled text")
    return (
        f"{output}: {len(facts['classes'])} classes, {texts}, {facts['bytes'] / 1000:,.1f} kB "
        f"in {facts['seconds']:.1f} s"
    )


def _described(labels: Sequence[str]) -> dict[str, str]:
    """Split each ``NAME=WORDS``; a name alone describes itself."""
    found: dict[str, str] = {}
    for given in labels:
        name, _, words = (part.strip() for part in given.partition("="))
        refuse(not name, "--label", f"give a name, such as 'arts=music film', got {given!r}")
        refuse(name in found, "--label", f"labels must be different, got {name!r} twice")
        found[name] = words or name.replace("_", " ")
    refuse(len(found) < 2, "--label", f"give at least two, got {len(found)}")
    return found
