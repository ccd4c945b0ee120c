"""Command `alignx evaluate`: accuracy of translations, agreement on word similarity."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

from alignx.cli.command import command, option
from alignx.cli.inputs import read_languages, read_lexicon, shared_space
from alignx.cli.options import (
    LanguagePair,
    MapFile,
    Neighbors,
    OovOption,
    RankingOption,
    Reverse,
    TableOptions,
    refuse,
    require_at_most,
)
from alignx.cli.terminal import JsonTerminal
from alignx.support.config import get_config

__all__ = ["evaluate"]

SIDES = {
    "similarity": ("source", "target"),
    "source_similarity": ("source", "source"),
    "target_similarity": ("target", "target"),
}


@command(
    "evaluate en-es.safetensors en.vec es.vec -d en-es.test.txt",
    settings=("threads", "device"),
    first=("dictionary", "policy", "similarity", "reverse", "limit"),
)
def evaluate(
    map_file: MapFile,
    files: LanguagePair,
    dictionary: Annotated[Path | None, option("Test dictionary.", "--dictionary", "-d")] = None,
    policy: Annotated[
        Literal["muse", "vecmap", "fasttext", "xling"] | None,
        option(
            "Published protocol for OOV words, for comparable figures.",
            "--oov-policy",
            default="muse",
        ),
    ] = None,
    oov: OovOption = "drop",
    similarity: Annotated[
        Path | None, option("Human scores as in SemEval-2017: source word, target word, score.")
    ] = None,
    source_similarity: Annotated[
        Path | None, option("Human scores of pairs of source words.")
    ] = None,
    target_similarity: Annotated[
        Path | None, option("Human scores of pairs of target words.")
    ] = None,
    ranking: RankingOption = None,
    reverse: Reverse = False,
    n_neighbors: Neighbors = None,
    *,
    table: TableOptions,
    terminal: JsonTerminal,
) -> None:
    """Measure accuracy on a test dictionary, and agreement with human word similarity."""
    judged = dict(zip(SIDES, (similarity, source_similarity, target_similarity), strict=True))
    of_dictionary = {"--oov-policy": policy, "--ranking": ranking}
    table.require_dictionary(dictionary)
    _require_dictionary(dictionary, judged, {**of_dictionary, "--neighbors": n_neighbors})

    from alignx.evaluation.word_similarity import evaluate_similarity
    from alignx.evaluation.word_translation import evaluate as evaluate_translation

    scores = {
        name: read_lexicon(terminal, path, files, scored=True)
        for name, path in judged.items()
        if path
    }
    pairs = None if dictionary is None else read_lexicon(terminal, dictionary, files, table)
    languages = read_languages(terminal, map_file, files)
    shared = shared_space(map_file, languages, reverse=reverse)
    require_at_most(n_neighbors, min(map(len, shared.values())), "--neighbors")
    result: dict[str, Any] = {"version": version("alignx")}
    text = []
    if pairs is not None:
        with terminal.working("Evaluating") as progress:
            report = evaluate_translation(
                shared,
                pairs,
                oov_policy=policy or "muse",
                oov=oov,
                ranking=ranking,
                n_neighbors=n_neighbors,
                progress=progress,
            )
        result |= report.as_dict()
        text.append(str(report))
    for name, scored in scores.items():
        first, second = (getattr(shared, side) for side in SIDES[name])
        agreement = evaluate_similarity(first, second, scored, oov=oov)
        result[name] = agreement.as_dict()
        text.append(f"{name.replace('_', ' ')}: {agreement}")
    terminal.print(result, "\n".join(text) + "\n")


def _require_dictionary(
    dictionary: Path | None, judged: dict[str, Path | None], options: dict[str, Any]
) -> None:
    """Refuse options of a dictionary without one, and a command with nothing to measure."""
    if dictionary is not None:
        return
    refuse(not any(judged.values()), "--dictionary", "give a dictionary or a similarity file")
    for name, value in {**options, "--device": get_config().device}.items():
        refuse(value is not None, name, "it takes a --dictionary; leave it out")
