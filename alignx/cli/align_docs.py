"""Command `alignx align-docs`: alignment of the sentences of two documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from alignx.cli.command import command, option
from alignx.cli.options import MapFile
from alignx.cli.sentences import TextPair, fitted_encoder, print_table, read_texts, require_table
from alignx.cli.terminal import JsonTerminal

__all__ = ["align_docs"]


@command(
    "align-docs en-es.safetensors en.vec es.vec en.txt es.txt -o aligned.tsv",
    settings=("threads",),
    first=("output", "max_block", "limit"),
)
def align_docs(
    map_file: MapFile,
    files: TextPair,
    output: Annotated[
        Path | None,
        option(
            "Table of the blocks with line numbers: .tsv or .txt.",
            "--output",
            "-o",
            default="standard output",
        ),
    ] = None,
    max_block: Annotated[int, option("Most sentences of both documents in one block.", min=2)] = 4,
    seed: Annotated[int, option("Seed of the sentences that costs are relative to.", min=0)] = 0,
    *,
    terminal: JsonTerminal,
) -> None:
    """Align the sentences of two documents, one a line, that translate each other."""
    from alignx.sentences.document_alignment import align_documents

    require_table(terminal, output, map_file, files)
    source, target = read_texts(terminal, files)
    encoder = fitted_encoder(terminal, map_file, files)
    found = align_documents(source, target, encoder, max_block=max_block, seed=seed)
    terminal.note(f"{len(found):,} blocks, {found.paired:,} of them with both sides")
    print_table(
        terminal,
        found,
        output,
        {
            "blocks": len(found),
            "paired": found.paired,
            "source_texts": len(source),
            "target_texts": len(target),
        },
    )
