"""Parts that commands of sentences share: texts, languages, the encoder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignx.cli.inputs import read_languages, shared_space
from alignx.cli.options import LanguagePair, refuse
from alignx.errors import FormatError

if TYPE_CHECKING:
    from alignx.cli.terminal import JsonTerminal, Terminal
    from alignx.sentences.aligned_documents import AlignedDocuments
    from alignx.sentences.encoder import SentenceEncoder
    from alignx.sentences.mined_pairs import MinedPairs

__all__ = ["TextPair", "fitted_encoder", "print_table", "read_texts", "require_table"]


@dataclass(frozen=True, kw_only=True)
class TextPair(LanguagePair):
    """Vectors and texts of two languages."""

    source_texts: Annotated[
        Path,
        typer.Argument(metavar="SOURCE_TEXTS", help="Texts of the source language, one a line."),
    ]
    target_texts: Annotated[
        Path,
        typer.Argument(metavar="TARGET_TEXTS", help="Texts of the target language, one a line."),
    ]


def require_table(
    terminal: JsonTerminal, output: Path | None, map_file: str, files: TextPair
) -> None:
    """Refuse an output that would replace an input or has another ending, and JSON without one."""
    from alignx.sentences.mined_pairs import require_pairs_name
    from alignx.support.outputs import require_outputs

    refuse(terminal.as_json and output is None, "--json", "it takes an --output")
    inputs = {
        "MAP": None if map_file == "-" else Path(map_file),
        "VECTORS": files.paths,
        "TEXTS": [files.source_texts, files.target_texts],
    }
    require_outputs({"--output": output}, inputs)
    if output is not None:
        require_pairs_name(output)


def print_table(
    terminal: JsonTerminal,
    found: MinedPairs | AlignedDocuments,
    output: Path | None,
    facts: dict[str, Any],
) -> None:
    """Write a table to its file and print the facts, or print the table itself."""
    if output is not None:
        found.save(output)
        terminal.note(f"{output}: written")
    terminal.print(facts, "" if output is not None else "".join(found.lines()))


def read_texts(terminal: Terminal, files: TextPair) -> tuple[list[str], list[str]]:
    """Read both files, a text a line, and print their numbers of lines."""
    from alignx.support.counts import counted
    from alignx.support.files import require_readable
    from alignx.support.text_files import read_lines

    paths = files.source_texts, files.target_texts
    require_readable(*paths)
    if paths[0].samefile(paths[1]):
        raise FormatError(paths[1], "the texts must be two files, got one twice")
    found = []
    for path in paths:
        texts = [line.text for line in read_lines(path, "texts")]
        if not any(map(str.strip, texts)):
            raise FormatError(path, "texts must hold at least one that is not empty, got none")
        terminal.note(f"{path.name}: {counted(len(texts), 'line')}")
        found.append(texts)
    return found[0], found[1]


def fitted_encoder(terminal: Terminal, map_file: str, files: TextPair) -> SentenceEncoder:
    """Read the vectors, map them into one space and fit an encoder of it."""
    from alignx.sentences.encoder import SentenceEncoder

    languages = read_languages(terminal, map_file, files)
    return SentenceEncoder().fit(shared_space(map_file, languages))
