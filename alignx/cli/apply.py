"""Command `alignx apply`: vectors of one language in the shared space."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from alignx.cli.command import command, option
from alignx.cli.inputs import read_vectors
from alignx.cli.options import Dtype, Reading, refuse
from alignx.cli.terminal import Terminal
from alignx.support.counts import counted
from alignx.support.outputs import require_outputs

__all__ = ["apply"]

Side = Literal["source", "target"]


@command("apply en-es.safetensors en.vec -o en.aligned.vec", first=("output", "side", "limit"))
def apply(
    map_file: Annotated[Path, typer.Argument(metavar="MAP", help="Map from `alignx align`.")],
    vectors: Annotated[Path, typer.Argument(metavar="VECTORS", help="Vectors of one language.")],
    output: Annotated[
        Path,
        option(
            "Mapped vectors: .vec, .txt, .safetensors, .w2v.bin, .npy or .npz; .bin for a fastText "
            "model, with a map of `alignx align --normalize linear`.",
            "--output",
            "-o",
        ),
    ],
    side: Annotated[
        Side | None, option("Side of the map.", default="by the language of the vectors")
    ] = None,
    dtype: Dtype = "float32",
    *,
    reading: Reading,
    terminal: Terminal,
) -> None:
    """Map the vectors of one language into the shared space.

    Rows have unit length. A fastText model (.bin) keeps all its words and n-grams, and the lengths
    of its vectors.
    """
    from alignx.alignment.alignment import Alignment
    from alignx.vectors.language_codes import guess_language
    from alignx.vectors.saving import files_of, is_model_name, require_savable, save

    is_model = is_model_name(output)
    if is_model:
        _refuse_for_models(dtype, reading)
    else:
        require_savable(output, dtype=dtype)
    require_outputs({"--output": files_of(output)}, {"MAP": map_file})
    alignment = Alignment.load(map_file)

    def side_of(language: str | None) -> Side:
        if side is not None:
            return side
        return "source" if alignment.side_of(language) is alignment.source else "target"

    if is_model:
        with terminal.working(f"Mapping {vectors.name}") as progress:
            alignment.save_mapped_model(
                vectors, output, side=side_of(guess_language(vectors).code), progress=progress
            )
        terminal.note(f"{output}: {vectors.name} as a fastText model of the shared space")
        return
    embeddings = read_vectors(terminal, vectors, reading)
    rows = alignment.stream(embeddings, side_of(embeddings.language))
    save(embeddings, output, dtype=dtype, rows=rows)
    terminal.note(f"{output}: {counted(len(rows), 'word')} of {rows.dimension} dimensions")


def _refuse_for_models(dtype: str, reading: Reading) -> None:
    """Refuse options that would change the words or numbers of a model."""
    given = {
        "--limit": reading.limit is not None,
        "--casing": reading.casing != "keep",
        "--dtype": dtype != "float32",
    }
    for name, is_given in given.items():
        refuse(is_given, name, "a .bin is mapped as it is, in float32")
