"""Documents of the commands `alignx search`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alignx.cli.command import option
from alignx.cli.options import codes_and_files
from alignx.cli.terminal import Terminal
from alignx.support.counts import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.search.index import CrossLingualIndex

__all__ = ["IndexArgument", "Texts", "note_index", "read_documents"]

IndexArgument = Annotated[
    Path, typer.Argument(metavar="INDEX", help="Folder from `alignx search build`.")
]
Texts = Annotated[
    list[str],
    option(
        "Documents of a language, one a line; repeat for more.",
        "--texts",
        "-t",
        metavar="CODE=FILE",
    ),
]


def read_documents(terminal: Terminal, texts: Sequence[str]) -> dict[str, list[str]]:
    """Read the documents of each language, a line each, empty lines included."""
    from alignx.support.files import require_readable
    from alignx.support.text_files import read_lines

    files = codes_and_files(texts, "--texts")
    require_readable(*(path for _, path in files))
    documents: dict[str, list[str]] = {}
    for code, path in files:
        own = [line.text for line in read_lines(path, "a list of documents", markup=False)]
        terminal.note(f"{path.name}: {counted(len(own), 'line')} ({code})")
        documents.setdefault(code, []).extend(own)
    return documents


def note_index(terminal: Terminal, path: Path, index: CrossLingualIndex, given: int) -> None:
    """Print the size of an index, and how many lines of those given it has left out."""
    sizes = ", ".join(f"{code}: {count:,}" for code, count in index.sizes.items())
    terminal.note(f"{path}: {counted(len(index), 'document')}{f' ({sizes})' if sizes else ''}")
    if given:
        terminal.note(f"left out: {counted(given, 'line')}, empty or there already")
