"""Import of the compiled part, for sources without it from an installed copy of the same code."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["import_compiled_part"]


def import_compiled_part(folders: list[str]) -> ModuleType:
    """Import the compiled part, which sources have beside them only if installed in place.

    `folders` is the ``__path__`` of alignx. It gets the folder of an installed copy of the same
    code, if there is one and the sources have no compiled part. ImportError otherwise.
    """
    try:
        return import_module("alignx._core")
    except ModuleNotFoundError as error:
        if error.name != "alignx._core":
            raise
    installed = _installed_copy(Path(folders[0]))
    if installed is not None:
        folders.append(installed)
        return import_module("alignx._core")
    raise ImportError(
        f"alignx is imported from its sources, {folders[0]}, which have no compiled part beside "
        "them; start Python in another folder, or install them in place: pip install -e .",
        name="alignx._core",
    )


def _installed_copy(here: Path) -> str | None:
    """Find an installed alignx with the same code as this, whose compiled part thus fits it."""
    elsewhere = [path for path in sys.path if Path(path or ".").resolve() != here.parent.resolve()]
    found = PathFinder.find_spec("alignx", elsewhere)
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    names = {path.relative_to(here) for path in here.rglob("*.py*") if path.suffix != ".pyc"}
    others = {path.relative_to(folder) for path in folder.rglob("*.py*") if path.suffix != ".pyc"}
    if names != others or any(
        (here / name).read_bytes() != (folder / name).read_bytes() for name in names
    ):
        return None
    return str(folder)
