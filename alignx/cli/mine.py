"""Command `alignx mine`: translations among the texts of two files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from alignx.cli.command import command, option
from alignx.cli.options import MapFile
from alignx.cli.sentences import TextPair, fitted_encoder, print_table, read_texts, require_table
from alignx.cli.terminal import JsonTerminal

__all__ = ["mine"]


@command(
    "mine en-es.safetensors en.vec es.vec en.txt es.txt -o pairs.tsv",
    settings=("threads", "device"),
    first=("output", "min_probability", "candidates", "limit"),
)
def mine(
    map_file: MapFile,
    files: TextPair,
    output: Annotated[
        Path | None,
        option(
            "Table of the pairs with probabilities and line numbers: .tsv or .txt.",
            "--output",
            "-o",
            default="standard output",
        ),
    ] = None,
    min_probability: Annotated[
        float,
        option("Least probability of a pair; 0 keeps the best of each text.", min=0, max=1),
    ] = 0.5,
    candidates: Annotated[
        int, option("Nearest texts that are compared word by word, in each direction.", min=1)
    ] = 8,
    seed: Annotated[int, option("Seed of the decoys.", min=0)] = 0,
    *,
    terminal: JsonTerminal,
) -> None:
    """Find pairs of texts that translate each other, in two files, with their probabilities."""
    from alignx.sentences.mining import mine as mine_texts

    require_table(terminal, output, map_file, files)
    source, target = read_texts(terminal, files)
    encoder = fitted_encoder(terminal, map_file, files)
    with terminal.working("Mining") as progress:
        found = mine_texts(
            source,
            target,
            encoder,
            candidates=candidates,
            min_probability=min_probability,
            seed=seed,
            progress=progress,
        )
    expected = float(found.probabilities.sum())
    terminal.note(f"{len(found):,} pairs, of which about {expected:,.0f} are right")
    print_table(
        terminal,
        found,
        output,
        {
            "pairs": len(found),
            "expected_right": expected,
            "source_texts": len(source),
            "target_texts": len(target),
        },
    )
