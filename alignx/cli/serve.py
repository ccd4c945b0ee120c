"""Command `alignx serve`: a dictionary as a local page and as JSON."""

from __future__ import annotations

import sys
import threading
import webbrowser
from typing import Annotated, Literal

from alignx.cli.command import command, option
from alignx.cli.inputs import read_languages, shared_space
from alignx.cli.options import LanguagePair, MapFile, Neighbors, RankingOption, refuse
from alignx.cli.terminal import Terminal
from alignx.support.packages import require_packages

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
        str, option("Address to listen on; another than this lets other machines in.")
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
    from alignx.server.listening import Door

    door = Door(host, port)  # taken before minutes of reading
    from alignx.alignment.alignment import Alignment
    from alignx.server.application import application
    from alignx.server.dictionary import LiveDictionary

    languages = read_languages(terminal, map_file, files)
    alignment = None if map_file == "-" else Alignment.load(map_file)
    shared = alignment.apply(*languages) if alignment else shared_space(map_file, languages)
    with terminal.working("Preparing") as progress:
        dictionary = LiveDictionary(
            shared,
            languages,
            alignment=alignment,
            ranking=ranking,
            n_neighbors=n_neighbors,
            oov=oov,
            casing=files.casing,
            progress=progress,
        )
    del languages, shared  # what is not needed any more takes memory

    def ready() -> None:
        sys.stdout.write(f"{door.url}\n")
        sys.stdout.flush()
        terminal.note("Ctrl-C ends")
        if open_browser:  # some browsers take the terminal until they end
            threading.Thread(target=webbrowser.open, args=(door.url,), daemon=True).start()

    door.serve(application(dictionary, door.hosts), ready)
