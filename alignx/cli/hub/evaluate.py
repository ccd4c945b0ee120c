"""Command `alignx hub evaluate`: accuracy between all languages of a space."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

from alignx.cli.command import command, option
from alignx.cli.hub.inputs import SpaceFolderArgument
from alignx.cli.lexicons import assigned, load_lexicons
from alignx.cli.options import Neighbors, RankingOption, Reading, require_at_most
from alignx.cli.terminal import JsonTerminal
from alignx.support.files import replacing
from alignx.support.outputs import require_outputs, require_suffix

__all__ = ["evaluate"]


@command(
    "hub evaluate space/ -d en-es=test.txt -d es-de=more.txt -o report.html",
    settings=("threads", "device"),
    first=("dictionaries", "both_ways", "output", "limit"),
)
def evaluate(
    space: SpaceFolderArgument,
    dictionaries: Annotated[
        list[str],
        option(
            "Test dictionary; repeat for more. The languages are those in the name of the file, "
            "or of its words; en-es=FILE says them.",
            "--dictionary",
            "-d",
            metavar="FILE",
        ),
    ],
    both_ways: Annotated[
        bool, option("Use each dictionary in both directions, unless the other has its own.")
    ] = False,
    output: Annotated[
        Path | None,
        option("Also write a page with figures, triangles and kinds of maps.", "--output", "-o"),
    ] = None,
    policy: Annotated[
        Literal["muse", "vecmap", "fasttext", "xling"],
        option("Published protocol for OOV words, for comparable figures.", "--oov-policy"),
    ] = "muse",
    ranking: RankingOption = None,
    n_neighbors: Neighbors = None,
    *,
    reading: Reading,
    terminal: JsonTerminal,
) -> None:
    """Measure accuracy from each language of a space into each other."""
    if output is not None:
        require_suffix(output, "a page")
        require_outputs({"--output": output}, {})

    from alignx.alignment.shared_space import SharedSpace
    from alignx.alignment.space_folder.manifest import read_manifest
    from alignx.evaluation.accuracy_matrix import evaluate_many

    shared = SharedSpace.open(space, limit=reading.limit)
    given = load_lexicons(dictionaries, reading, shared)
    tests = assigned(terminal, given, shared)
    require_at_most(n_neighbors, min(map(len, shared.values())), "--neighbors")
    with terminal.working("Evaluating") as progress:
        matrix = evaluate_many(
            shared,
            tests,
            both_ways=both_ways,
            oov_policy=policy,
            ranking=ranking,
            n_neighbors=n_neighbors,
            progress=progress,
        )
    if output is not None:
        from alignx.reporting.space_page import space_page

        with replacing(output) as file:
            file.write(space_page(read_manifest(space), matrix))
        terminal.note(f"{output}: written")
    terminal.print({"version": version("alignx"), **matrix.as_dict()}, f"{matrix}\n")
