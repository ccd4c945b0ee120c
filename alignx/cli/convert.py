"""Command `alignx convert`: vectors in another format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from alignx.cli.command import command, option
from alignx.cli.inputs import read_vectors
from alignx.cli.options import Dtype, Reading
from alignx.cli.terminal import Terminal

__all__ = ["convert"]


@command("convert cc.es.300.vec.gz -o es.safetensors --limit 200000")
def convert(
    vectors: Annotated[
        Path,
        typer.Argument(
            metavar="VECTORS", help="Vectors in any format, packed or not; - is standard input."
        ),
    ],
    output: Annotated[Path, option("Vectors: .safetensors, .vec, .txt, or .gz.", "--output", "-o")],
    dtype: Dtype = "float32",
    language: Annotated[
        str | None, option("Language code to store.", default="from the file name", metavar="CODE")
    ] = None,
    prefix: Annotated[
        str,
        option(
            "Beginning of the words to keep, which is taken off, such as /c/en/ in Numberbatch.",
            metavar="TEXT",
        ),
    ] = "",
    *,
    reading: Reading,
    terminal: Terminal,
) -> None:
    """Convert vectors to another format; .safetensors opens at once, whatever its size."""
    from alignx.vectors.saving import require_savable, save

    require_savable(output, dtype=dtype)
    embeddings = read_vectors(terminal, vectors, reading, prefix)
    if language is not None:
        embeddings = replace(embeddings, language=language)
    save(embeddings, output, dtype=dtype)
    terminal.note(f"{output}: written")
