"""Command `alignx serve`: a dictionary as a local page and as JSON."""

from __future__ import annotations

import sys
import threading
import webbrowser
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from alignx.cli.command import command, option
from alignx.cli.inputs import read_alignment, read_languages, shared_space
from alignx.cli.options import LanguagePair, MapFile, Neighbors, RankingOption, refuse
from alignx.cli.terminal import Terminal
from alignx.support.packages import require_packages

if TYPE_CHECKING:
    from alignx.server.dictionary import LiveDictionary

__all__ = ["serve"]


@command(
    "serve en-es.safetensors en.vec es.vec --open",
    first=("port", "open_browser", "ranking", "oov", "limit"),
)
def serve(
    map_file: MapFile,
    files: LanguagePair,
    port: Annotated[
        int, option("Port; 0 takes any that is free.", "--port", "-p", min=0, max=65_535)
    ] = 8000,
    host: Annotated[
        str,
        option("Address to listen on; any other lets other machines in.", metavar="NAME"),
    ] = "127.0.0.1",
    open_browser: Annotated[bool, option("Open the page in the browser.", "--open")] = False,
    ranking: RankingOption = None,
    oov: Annotated[
        Literal["drop", "subword"] | None,
        option(
            "Drop out-of-vocabulary (OOV) words, or compute their vectors from character n-grams.",
            default="subword for fastText models (.bin)",
        ),
    ] = None,
    n_neighbors: Neighbors = None,
    *,
    terminal: Terminal,
) -> None:
    """Serve the dictionary as a page to search and as JSON, on this machine only."""
    refuse(
        ranking in ("nn", "isf", "hnn") and n_neighbors is not None,
        "--neighbors",
        f"CSLS uses it, and --ranking {ranking} does not; leave it out",
    )
    require_packages({"alignx serve": "starlette", "the server": "uvicorn"})
    from alignx.server.application import application
    from alignx.server.listening import Door

    with Door(host, port) as door:  # taken before minutes of reading
        if not door.is_local:
            terminal.note(f"{host}: everyone who can reach this machine may ask, without password")
        options = {"ranking": ranking, "n_neighbors": n_neighbors, "oov": oov}
        dictionary = _dictionary(terminal, map_file, files, options)
        door.serve(
            application(dictionary, door.hosts), partial(_welcome, terminal, door.url, open_browser)
        )


def _dictionary(
    terminal: Terminal, map_file: str, files: LanguagePair, options: dict[str, Any]
) -> LiveDictionary:
    """Read the files and prepare the search."""
    from alignx.server.dictionary import LiveDictionary

    languages = read_languages(terminal, map_file, files)
    alignment = read_alignment(map_file)
    shared = alignment.apply(*languages) if alignment else shared_space(map_file, languages)
    with terminal.working("Preparing") as progress:
        return LiveDictionary(
            shared,
            languages,
            alignment=alignment,
            casing=files.casing,
            progress=progress,
            **options,
        )


def _welcome(terminal: Terminal, url: str, open_browser: bool) -> None:
    """Print the address, and open it."""
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
    terminal.note("Ctrl-C ends")
    if open_browser:  # some browsers take the terminal until they end
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
