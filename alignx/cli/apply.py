"""Command `alignx apply`: vectors of one language in the shared space."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

import typer

from alignx.cli.command import command, option
from alignx.cli.inputs import is_folder, read_vectors
from alignx.cli.options import Dtype, Reading, refuse
from alignx.cli.terminal import Terminal
from alignx.support.counts import counted
from alignx.support.outputs import require_outputs

if TYPE_CHECKING:
    from alignx.alignment.alignment import Alignment
    from alignx.alignment.space_folder.reader import SpaceFolder
    from alignx.support.arrays import LazyRows
    from alignx.support.progress import Progress
    from alignx.vectors.embeddings import Embeddings

__all__ = ["apply"]

Side = Literal["source", "target"]


@command("apply en-es.safetensors en.vec -o en.aligned.vec", first=("output", "side", "limit"))
def apply(
    map_file: Annotated[
        Path,
        typer.Argument(
            metavar="MAP", help="Map from `alignx align`, or folder of a space from `alignx hub`."
        ),
    ],
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
    language: Annotated[
        str | None,
        option("Language of a space.", default="that of the vectors", metavar="CODE"),
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
    from alignx.vectors.saving import files_of, is_model_name, require_savable, save

    is_model = is_model_name(output)
    if is_model:
        _refuse_for_models(dtype, reading)
    else:
        require_savable(output, dtype=dtype)
    require_outputs({"--output": files_of(output)}, {"MAP": map_file})
    is_space = is_folder(str(map_file))
    refuse(is_space and side is not None, "--side", "a space takes --language")
    refuse(not is_space and language is not None, "--language", "a map takes --side")
    maps = _SpaceMaps.of(map_file, language) if is_space else _PairMaps.of(map_file, side)
    if is_model:
        with terminal.working(f"Mapping {vectors.name}") as progress:
            maps.save_model(vectors, output, progress)
        terminal.note(f"{output}: {vectors.name} as a fastText model of the shared space")
        return
    embeddings = read_vectors(terminal, vectors, reading)
    rows = maps.rows(embeddings)
    save(embeddings, output, dtype=dtype, rows=rows)
    terminal.note(f"{output}: {counted(len(rows), 'word')} of {rows.dimension} dimensions")


@dataclass(frozen=True)
class _PairMaps:
    """Maps of two languages, and the side to map."""

    alignment: Alignment
    side: Side | None

    @classmethod
    def of(cls, path: Path, side: Side | None) -> Self:
        from alignx.alignment.alignment import Alignment

        return cls(Alignment.load(path), side)

    def rows(self, embeddings: Embeddings) -> LazyRows:
        return self.alignment.stream(embeddings, self._side_of(embeddings.language))

    def save_model(self, vectors: Path, output: Path, progress: Progress | None) -> None:
        from alignx.vectors.language_codes import guess_language

        side = self._side_of(guess_language(vectors).code)
        self.alignment.save_mapped_model(vectors, output, side=side, progress=progress)

    def _side_of(self, language: str | None) -> Side:
        if self.side is not None:
            return self.side
        alignment = self.alignment
        return "source" if alignment.side_of(language) is alignment.source else "target"


@dataclass(frozen=True)
class _SpaceMaps:
    """Maps of a space on disk, and the language to map."""

    space: SpaceFolder
    language: str | None

    @classmethod
    def of(cls, path: Path, language: str | None) -> Self:
        from alignx.alignment.space_folder.reader import SpaceFolder

        return cls(SpaceFolder.open(path), language)

    def rows(self, embeddings: Embeddings) -> LazyRows:
        code = self.language or embeddings.language
        return self.space.stream(embeddings, code)

    def save_model(self, vectors: Path, output: Path, progress: Progress | None) -> None:
        from alignx.vectors.fasttext.mapped_copy import write_mapped_model
        from alignx.vectors.hub import local_path
        from alignx.vectors.language_codes import guess_language

        code = self.language or guess_language(vectors).code
        matrix = self.space.language_map(code).linear_map()
        write_mapped_model(local_path(vectors), output, matrix, progress=progress)


def _refuse_for_models(dtype: str, reading: Reading) -> None:
    """Refuse options that would change the words or numbers of a model."""
    given = {
        "--limit": reading.limit is not None,
        "--casing": reading.casing != "keep",
        "--dtype": dtype != "float32",
    }
    for name, is_given in given.items():
        refuse(is_given, name, "a .bin is mapped as it is, in float32")
