"""Command `alignx convert`: vectors, or a dictionary, in another format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from alignx.cli.command import command, option
from alignx.cli.inputs import read_lexicon, read_vectors
from alignx.cli.options import Dtype, LanguageCodes, Reading, TableOptions, as_pair_of_codes, refuse
from alignx.cli.terminal import Terminal
from alignx.support.outputs import require_outputs

__all__ = ["convert"]


@command(
    "convert cc.es.300.vec.gz -o es.safetensors --limit 200000",
    first=("output", "limit", "dtype", "language", "prefix"),
)
def convert(
    vectors: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Vectors in any format, packed or not; - is standard input. Or a dictionary.",
        ),
    ],
    output: Annotated[
        Path,
        option(
            "Vectors: .safetensors, .vec, .txt, .w2v.bin, .npy or .npz. A dictionary: .tsv, .csv, "
            ".ifo, .dix or another format of `alignx induce`.",
            "--output",
            "-o",
        ),
    ],
    dtype: Dtype = "float32",
    language: Annotated[
        str | None,
        option("Language code to store.", default="from the file name", metavar="CODE"),
    ] = None,
    languages: LanguageCodes = None,
    prefix: Annotated[
        str,
        option(
            "Beginning of the words to keep, which is taken off, such as /c/en/ in Numberbatch.",
            metavar="TEXT",
        ),
    ] = "",
    *,
    reading: Reading,
    table: TableOptions,
    terminal: Terminal,
) -> None:
    """Convert vectors or a dictionary to another format; .safetensors opens at once."""
    from alignx.lexicon.formats.write import is_dictionary
    from alignx.vectors.saving import files_of, require_savable, save

    if is_dictionary(output):
        given = {"--limit": reading.limit, "--language": language, "--prefix": prefix or None}
        for name, value in given.items():
            refuse(value is not None, name, "vectors take it, and a dictionary does not")
        refuse(dtype != "float32", "--dtype", "vectors take it, and a dictionary does not")
        _convert_dictionary(vectors, output, languages, reading, table, terminal)
        return
    for name, given in {"languages": languages, **vars(table)}.items():
        refuse(given is not None, f"--{name}", "a dictionary takes it, and vectors do not")
    require_savable(output, dtype=dtype)
    # The vectors may be replaced by themselves, but not by a list of their words.
    require_outputs({"--output": files_of(output)[1:]}, {"FILE": vectors})
    embeddings = read_vectors(terminal, vectors, reading, prefix)
    if language is not None:
        embeddings = replace(embeddings, language=language)
    save(embeddings, output, dtype=dtype)
    terminal.note(f"{output}: written")


def _convert_dictionary(
    path: Path,
    output: Path,
    codes: str | None,
    reading: Reading,
    table: TableOptions,
    terminal: Terminal,
) -> None:
    """Convert a dictionary to the format by which the output ends."""
    from alignx.lexicon.formats.write import files_of, require_languages, require_savable

    languages = None if codes is None else as_pair_of_codes(codes)
    require_outputs({"--output": files_of(output)}, {"FILE": path})
    require_savable(output)
    require_languages(output, languages)
    lexicon = read_lexicon(terminal, path, reading, table)
    lexicon.save(output, languages=languages, on_error=reading.on_error)
    terminal.note(f"{output}: written")
