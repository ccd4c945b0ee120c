"""Contents of a space, as the commands of `alignx hub` print them."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from alignx.support.counts import counted

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.cli.terminal import JsonTerminal

__all__ = ["show"]


def show(
    terminal: JsonTerminal, path: Path, seconds: float | None = None, *, verify: bool = False
) -> None:
    """Print the languages, accuracies and triangles of a space."""
    from alignx.alignment.space_folder.reader import SpaceFolder

    folder = SpaceFolder.open(path)
    if verify:
        folder.verify()
        terminal.note(f"{path}: all files have their checksums")
    facts = folder.as_dict()
    if seconds is not None:
        facts["seconds"] = seconds
        count = counted(len(folder.manifest.languages), "language")
        terminal.note(f"{path}: {count} in {seconds:.1f} s")
    terminal.print({"version": version("alignx"), **facts}, f"{folder}\n")
