"""Command `alignx hub dictionary`: one table of the words of several languages."""

from __future__ import annotations

import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alignx.cli.command import command, option
from alignx.cli.hub.inputs import SpaceFolderArgument
from alignx.cli.options import RankingOption
from alignx.cli.terminal import JsonTerminal
from alignx.support.outputs import require_outputs

if TYPE_CHECKING:
    from alignx.induction.pair_selection import Symbols

__all__ = ["dictionary"]


@command(
    "hub dictionary space/ en es de -o concepts.tsv",
    settings=("threads", "device"),
    first=("output", "k", "threshold", "limit", "ranking"),
)
def dictionary(
    space: SpaceFolderArgument,
    output: Annotated[
        Path, option("Table: .tsv, .csv, .jsonl or .ttl (OntoLex).", "--output", "-o")
    ],
    codes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CODES]", help="Languages of the columns, at least two.", show_default="all"
        ),
    ] = None,
    k: Annotated[
        int, option("Translations of each word, and most words in a cell.", "-k", min=1)
    ] = 1,
    threshold: Annotated[
        float | None,
        option("Keep rows with at least this score.", metavar="S", min=0, max=1),
    ] = None,
    limit: Annotated[
        int | None, option("Take only the first N words of each language.", default="all", min=1)
    ] = None,
    agreement: Annotated[
        float,
        option(
            "Least share of pairs that must choose each other to join two parts of a row; with 1 "
            "all words of a row do.",
            metavar="SHARE",
            min=0,
            max=1,
        ),
    ] = 0.5,
    nearest: Annotated[
        int, option("Nearest languages that each is compared with, besides a hub.", min=1)
    ] = 5,
    numbers: Annotated[bool, option("Keep numbers.")] = False,
    punctuation: Annotated[bool, option("Keep punctuation.")] = False,
    ranking: RankingOption = None,
    *,
    terminal: JsonTerminal,
) -> None:
    """Write a dictionary of several languages: a row for each concept, a column a language."""
    from alignx.alignment.shared_space import SharedSpace
    from alignx.induction.concepts.files import require_savable
    from alignx.induction.concepts.induce import induce_concepts

    require_outputs({"--output": output}, {"SPACE": space})
    require_savable(output)
    start = time.perf_counter()
    kept: dict[Symbols, bool] = {"numbers": numbers, "punctuation": punctuation}
    with terminal.working("Searching") as progress:
        concepts = induce_concepts(
            SharedSpace.open(space, limit=limit),
            codes or None,
            k=k,
            agreement=agreement,
            n_nearest=nearest,
            exclude=[kind for kind, is_kept in kept.items() if not is_kept],
            ranking=ranking,
            progress=progress,
        )
    if threshold is not None:
        concepts = concepts.at_least(threshold)
    concepts.save(output)
    seconds = time.perf_counter() - start
    if terminal.as_json:
        facts = {"version": version("alignx"), **concepts.as_dict(), "seconds": seconds}
        terminal.print(facts)
    else:
        terminal.note(f"{output}: {concepts}, in {seconds:.1f} s")
