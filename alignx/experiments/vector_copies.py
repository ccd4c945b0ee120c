"""Copies of files of vectors, for cells that read the same ones: they open memory-mapped."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignx.vectors.io import save

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alignx.experiments.cell import Cell, Protocol

__all__ = ["VectorCopies", "copy_vectors"]

SUFFIX = ".safetensors"


@dataclass(frozen=True)
class VectorCopies:
    """Where copies are.

    Parameters
    ----------
    folder : Path
        Holds them, and no other ``.safetensors`` files.
    paths : dict of str to str
        The copy of each file that is worth one.
    """

    folder: Path
    paths: dict[str, str]

    @classmethod
    def of(
        cls, cells: Iterable[Cell], folder: Path, states: dict[str, dict[str, Any]]
    ) -> VectorCopies:
        """Plan copies of what is slow to open and read by several cells.

        Parameters
        ----------
        cells : iterable of Cell
            Those that are to run.
        folder : Path
            Where copies go.
        states : dict of str to dict
            What changes when a file does.
        """
        uses = Counter((file, cell.protocol) for cell in cells for file in cell.vectors)
        paths = {
            file: str(folder.resolve() / _name(file, states[file], protocol))
            for (file, protocol), count in uses.items()
            if count > 1 and not file.endswith(SUFFIX)
        }
        return cls(folder, paths)

    def tasks(self, cells: Iterable[Cell], origin: Path) -> list[tuple[Any, ...]]:
        """Give arguments of `copy_vectors` for each copy that is still to be made."""
        found = {file: (code, cell) for cell in cells for file, code in cell.vectors.items()}
        return [
            (str(origin.resolve() / file), copy, found[file][0], found[file][1].protocol)
            for file, copy in self.paths.items()
            if not Path(copy).exists()
        ]

    def drop(self, *, all_of_them: bool = False) -> None:
        """Remove copies that are of no use any more."""
        for path in self.folder.glob(f"*{SUFFIX}"):
            if all_of_them or str(path.resolve()) not in self.paths.values():
                path.unlink(missing_ok=True)


def copy_vectors(path: str, copy: str, language: str, protocol: Protocol) -> bool:
    """Make a copy of vectors as the protocol reads them.

    Returns
    -------
    bool
        Whether that has worked. If not, cells read the file itself and say what is wrong with it.
    """
    try:
        save(protocol.load_vectors(path, language), copy)
    except Exception:  # whatever it is, the cells will meet it
        return False
    return True


def _name(file: str, state: dict[str, Any], protocol: Protocol) -> str:
    """Name a copy by all that it depends on."""
    facts = [file, state, asdict(protocol), version("alignx")]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16] + SUFFIX
