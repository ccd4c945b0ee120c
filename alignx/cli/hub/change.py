"""Commands `alignx hub add`, `update` and `remove`: one language of a space."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from alignx.cli.command import command, option
from alignx.cli.hub.inputs import SpaceFolderArgument, codes_of, mapped_language
from alignx.cli.hub.prepare import NoPrepare
from alignx.cli.hub.summary import show
from alignx.cli.lexicons import Dictionaries, assigned, load_lexicons
from alignx.cli.options import Reading
from alignx.cli.terminal import JsonTerminal

__all__ = ["FitOptions", "add", "remove", "update"]

Vectors = Annotated[
    str,
    typer.Argument(
        metavar="VECTORS",
        help="Vectors of one language; CODE=FILE where the name does not tell the language.",
    ),
]


@dataclass(frozen=True)
class FitOptions:
    """Options of the fit of one language."""

    dictionaries: Dictionaries = None
    no_ranker: Annotated[
        bool, option("Leave out the learned rankings and their probabilities.", "--no-ranker")
    ] = False
    allow_failed: Annotated[bool, option("Keep a language that has failed its check.")] = False
    no_prepare: NoPrepare = False


fit_command = partial(command, settings=("threads", "device"), first=("dictionaries", "limit"))


@fit_command("hub add space/ fr.vec -d fr-en.txt")
def add(
    space: SpaceFolderArgument,
    vectors: Vectors,
    *,
    fit: FitOptions,
    reading: Reading,
    terminal: JsonTerminal,
) -> None:
    """Add a language to a space; no file of another language changes.

    Without a dictionary it is joined by its vectors alone.
    """
    _change(terminal, space, vectors, fit, reading, is_new=True)


@fit_command("hub update space/ fr.new.vec -d fr-en.txt")
def update(
    space: SpaceFolderArgument,
    vectors: Vectors,
    *,
    fit: FitOptions,
    reading: Reading,
    terminal: JsonTerminal,
) -> None:
    """Give a language of a space other vectors or dictionaries; the others stay as they are."""
    _change(terminal, space, vectors, fit, reading, is_new=False)


@command("hub remove space/ fr", settings=())
def remove(
    space: SpaceFolderArgument,
    code: Annotated[str, typer.Argument(metavar="CODE", help="Language to remove.")],
    *,
    terminal: JsonTerminal,
) -> None:
    """Remove a language from a space; the others stay as they are."""
    from alignx.multilingual.space_changes import remove_language

    remove_language(space, code)
    show(terminal, space)


def _change(
    terminal: JsonTerminal,
    folder: Path,
    vectors: str,
    fit: FitOptions,
    reading: Reading,
    *,
    is_new: bool,
) -> None:
    """Fit one language to those of a space."""
    from alignx.alignment.space_folder.reader import SpaceFolder
    from alignx.multilingual import space_changes

    ((code, path),) = codes_of([vectors]).items()
    space = SpaceFolder.open(folder)
    # Before the vectors are read.
    space_changes.require_presence(space.manifest, code, is_new=is_new)
    others = {each: space.languages[each] for each in space.languages if each != code}
    given = load_lexicons(fit.dictionaries or (), reading, [code, *others])
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="alignx-") as work:
        embeddings = mapped_language(terminal, code, path, reading, Path(work))
        lexicons = assigned(terminal, given, {code: embeddings, **others})
        for pair in lexicons:
            if code not in pair:
                raise ValueError(
                    f"dictionaries must be of {code} and a language of the space, got one of "
                    f"{'-'.join(pair)}"
                )
        with terminal.working("Aligning") as bar:
            change = space_changes.add_language if is_new else space_changes.update_language
            change(
                folder,
                code,
                embeddings,
                lexicons,
                ranker=not fit.no_ranker,
                allow_failed=fit.allow_failed,
                prepare=not fit.no_prepare,
                progress=bar,
            )
    show(terminal, folder, time.perf_counter() - start)
