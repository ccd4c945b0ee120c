"""Command `alignx info`: versions and processor, for bug reports."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from alignx import _core
from alignx.cli.command import command, option
from alignx.cli.hub.summary import show
from alignx.cli.options import refuse
from alignx.cli.terminal import JsonTerminal

__all__ = ["info"]

PACKAGES = ("numpy", "scipy", "scikit-learn", "safetensors", "fasttext", "faiss-cpu", "torch")


@command("info space/", settings=())
def info(
    space: Annotated[
        Path | None,
        typer.Argument(metavar="SPACE", help="Folder of a space, to print what it holds."),
    ] = None,
    verify: Annotated[
        bool, option("Read all files of the space, and compare their checksums.")
    ] = False,
    *,
    terminal: JsonTerminal,
) -> None:
    """Print versions and CPU instructions, for bug reports, or the contents of a space."""
    refuse(verify and space is None, "--verify", "it takes a SPACE")
    if space is not None:
        show(terminal, space, verify=verify)
        return
    facts = {
        "version": version("alignx"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "simd": _core.simd_level(),
        "simd_available": _core.simd_levels(),
        "threads": _core.default_threads(),
        "packages": {name: _version_of(name) for name in PACKAGES},
    }
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in facts.items()}
    terminal.print(facts, "".join(f"{name}: {text}\n" for name, text in texts.items()))


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
