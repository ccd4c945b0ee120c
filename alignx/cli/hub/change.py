"""Commands `alignx hub add`, `update` and `remove`: one language of a space."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from alignx.cli.command import command, option
from alignx.cli.hub.inputs import SpaceFolderArgument, codes_of, mapped_language
from alignx.cli.hub.summary import show
from alignx.cli.lexicons import Dictionaries, assigned, load_lexicons
from alignx.cli.options import Reading, refuse
from alignx.cli.terminal import JsonTerminal

__all__ = ["add", "remove", "update"]

Vectors = Annotated[
    str,
    typer.Argument(
        metavar="VECTORS",
        help="Vectors of one language; CODE=FILE where the name does not tell the language.",
    ),
]
NoRanker = Annotated[
    bool, option("Leave out the learned rankings and their probabilities.", "--no-ranker")
]
AllowFailed = Annotated[bool, option("Keep a language that has failed its check.")]


@command(
    "hub add space/ fr.vec -d fr-en.txt",
    settings=("threads", "device"),
    first=("dictionaries", "limit"),
)
def add(
    space: SpaceFolderArgument,
    vectors: Vectors,
    dictionaries: Dictionaries = None,
    no_ranker: NoRanker = False,
    allow_failed: AllowFailed = False,
    *,
    reading: Reading,
    terminal: JsonTerminal,
) -> None:
    """Add a language to a space; no file of another language changes."""
    from alignx.multilingual.space_changes import add_language

    change = partial(add_language, ranker=not no_ranker, allow_failed=allow_failed)
    _change(terminal, change, space, vectors, dictionaries, reading, is_new=True)


@command(
    "hub update space/ fr.new.vec -d fr-en.txt",
    settings=("threads", "device"),
    first=("dictionaries", "limit"),
)
def update(
    space: SpaceFolderArgument,
    vectors: Vectors,
    dictionaries: Dictionaries = None,
    no_ranker: NoRanker = False,
    allow_failed: AllowFailed = False,
    *,
    reading: Reading,
    terminal: JsonTerminal,
) -> None:
    """Give a language of a space other vectors or dictionaries; the others stay as they are."""
    from alignx.multilingual.space_changes import update_language

    change = partial(update_language, ranker=not no_ranker, allow_failed=allow_failed)
    _change(terminal, change, space, vectors, dictionaries, reading, is_new=False)


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
    change: Callable[..., Any],
    folder: Path,
    vectors: str,
    dictionaries: list[str] | None,
    reading: Reading,
    *,
    is_new: bool,
) -> None:
    """Fit one language to those of a space."""
    from alignx.alignment.space_folder.reader import SpaceFolder
    from alignx.multilingual.space_changes import require_presence

    refuse(not dictionaries, "--dictionary", "give one of the language and one of the space")
    ((code, path),) = codes_of([vectors]).items()
    space = SpaceFolder.open(folder)
    require_presence(space.manifest, code, is_new=is_new)  # before the vectors are read
    others = {each: space.languages[each] for each in space.languages if each != code}
    given = load_lexicons(dictionaries or (), reading, [code, *others])
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
            change(folder, code, embeddings, lexicons, progress=bar)
    show(terminal, folder, time.perf_counter() - start)
