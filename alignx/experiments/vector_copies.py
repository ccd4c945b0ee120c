"""Memory-mapped copies of files of vectors that several cells read."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignx.vectors.io import save

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alignx.experiments.cell import Cell, Protocol

__all__ = ["copy_tasks", "copy_vectors", "drop_copies", "plan_copies"]

SUFFIX = ".safetensors"


def plan_copies(
    cells: Iterable[Cell], folder: Path, states: dict[str, dict[str, Any]]
) -> dict[str, str]:
    """Name the copy of each file that is slow to open and read by several cells.

    `states` holds facts about each file that change with it.
    """
    uses = Counter((file, cell.protocol) for cell in cells for file in cell.vectors)
    return {
        file: str(folder.resolve() / _name(file, states[file], protocol))
        for (file, protocol), count in uses.items()
        if count > 1 and not file.endswith(SUFFIX)
    }


def copy_tasks(
    copies: dict[str, str], cells: Iterable[Cell], origin: Path
) -> list[tuple[str, str, str, Protocol]]:
    """Return arguments of `copy_vectors` for the copies that do not exist yet."""
    users = {file: cell for cell in cells for file in cell.vectors}
    return [
        (str(origin.resolve() / file), copy, users[file].vectors[file], users[file].protocol)
        for file, copy in copies.items()
        if not Path(copy).exists()
    ]


def drop_copies(folder: Path, kept: Sequence[str] = ()) -> None:
    """Remove all copies of a folder but those kept."""
    for path in folder.glob(f"*{SUFFIX}"):
        if str(path.resolve()) not in kept:
            path.unlink(missing_ok=True)


def copy_vectors(path: str, copy: str, language: str, protocol: Protocol) -> bool:
    """Copy vectors as a protocol reads them; return False where that fails."""
    try:
        save(protocol.load_vectors(path, language), copy)
    except Exception:  # the cells read the file itself and report its error
        return False
    return True


def _name(file: str, state: dict[str, Any], protocol: Protocol) -> str:
    """Name a copy by all that it depends on."""
    facts = [file, state, protocol.model_dump(), version("alignx")]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16] + SUFFIX
