"""Parts that commands of sentences share: texts, languages, the encoder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alignx.cli.inputs import read_languages, shared_space
from alignx.cli.options import LanguagePair
from alignx.errors import FormatError

if TYPE_CHECKING:
    from alignx.cli.terminal import Terminal
    from alignx.sentences.encoder import SentenceEncoder

__all__ = ["TextPair", "fitted_encoder", "read_texts"]


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
