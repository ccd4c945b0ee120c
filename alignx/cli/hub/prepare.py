"""Command `alignx hub prepare`: single words of a space, translated at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from alignx.cli.command import command, option
from alignx.cli.hub.inputs import SpaceFolderArgument
from alignx.cli.terminal import Terminal
from alignx.support.counts import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["NoPrepare", "prepare", "prepare_searches"]

NoPrepare = Annotated[
    bool,
    option("Leave out the CSLS biases that make single words fast.", "--no-prepare"),
]


@command("hub prepare space/ es sk fr", settings=("threads", "device"))
def prepare(
    space: SpaceFolderArgument,
    codes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CODES]",
            help="Languages of which every pair is prepared.",
            show_default="pairs with evidence",
        ),
    ] = None,
    *,
    terminal: Terminal,
) -> None:
    """Store the CSLS biases of pairs of languages, so that single words are translated at once.

    `alignx hub`, `hub add` and `hub update` do so for most pairs. The others give the same answers,
    after seconds for large vocabularies.
    """
    count = prepare_searches(terminal, space, codes)
    terminal.note(f"{space}: {counted(count, 'pair')} of languages prepared")


def prepare_searches(terminal: Terminal, folder: Path, codes: Sequence[str] | None = None) -> int:
    """Prepare pairs of languages of a space, and return their number."""
    from alignx.alignment.space_folder.prepare import prepare_space

    with terminal.working("Preparing searches") as bar:
        return prepare_space(folder, codes, progress=bar)
