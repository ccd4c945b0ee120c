"""Command `alignx hub info`: languages and accuracies of a space."""

from __future__ import annotations

from alignx.cli.command import command
from alignx.cli.hub.inputs import SpaceFolderArgument
from alignx.cli.hub.summary import show
from alignx.cli.terminal import JsonTerminal

__all__ = ["info"]


@command("hub info space/", settings=())
def info(space: SpaceFolderArgument, *, terminal: JsonTerminal) -> None:
    """Print the languages of a space, and how good their maps are."""
    show(terminal, space)
