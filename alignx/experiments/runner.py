"""Run the cells of a grid and keep finished ones."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignx.errors import FormatError
from alignx.experiments.cell import run_cell
from alignx.support.files import reading, replacing
from alignx.support.parallel import as_completed
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alignx.experiments.cell import Cell, Protocol
    from alignx.experiments.grid import Grid
    from alignx.support.progress import Log, Progress

__all__ = ["GridRunner", "copy_vectors", "plan_copies"]

SUFFIX = ".safetensors"


@dataclass(frozen=True)
class GridRunner:
    """Grid and folder of its results.

    The folder holds a file for each finished cell: its settings, the state of the files that it
    read, and its result. A result is valid while settings and files stay the same.
    """

    grid: Grid
    folder: Path

    @cached_property
    def cells(self) -> list[Cell]:
        """All cells of the grid."""
        return self.grid.cells()

    def kept(self) -> dict[int, dict[str, Any]]:
        """Return the valid results by position of their cells; failures are none."""
        found = {i: self._read(cell) for i, cell in enumerate(self.cells)}
        return {position: result for position, result in found.items() if result is not None}

    def run(
        self,
        *,
        n_jobs: int | None = 1,
        cluster: str | None = None,
        progress: Progress | None = None,
        log: Log | None = None,
    ) -> list[dict[str, Any]]:
        """Run the cells without a valid result.

        Parameters
        ----------
        n_jobs : int, optional
            Cells at the same time. None: one on each core, or as many as a cluster takes.
        cluster : str, optional
            Address of a Dask scheduler; workers need the files at the same paths.
        progress, log : callable, optional
            Called with the fraction done, and with each new result.

        Returns
        -------
        list of dict
            Result of `run_cell` for each cell, in the order of the grid. Each one is written at
            once, so that an interrupt loses only unfinished cells. A failed cell stops no other.

        Raises
        ------
        OutputError
            If a result cannot be written.
        ClusterError, MissingDependencyError, ValueError
            See `as_completed`.
        """
        results = self.kept()
        waiting = [i for i in range(len(self.cells)) if i not in results]
        if waiting:
            self.folder.mkdir(exist_ok=True)
        cells = [self.cells[i] for i in waiting]
        copies = plan_copies(cells, self.folder, self._states)
        _drop_copies(self.folder, list(copies.values()))
        copying = _copy_tasks(copies, cells, self.grid.folder)
        running = [(cell, str(self.grid.folder.resolve()), copies) for cell in cells]
        steps = len(copying) + len(self.cells)

        def report(done: int) -> None:
            if progress is not None:
                progress(done / steps)

        with closing(as_completed(copy_vectors, copying, n_jobs=n_jobs, cluster=cluster)) as copied:
            for done, _ in enumerate(copied, start=1):
                report(done)
        with closing(as_completed(run_cell, running, n_jobs=n_jobs, cluster=cluster)) as finished:
            for number, result in finished:
                position = waiting[number]
                self._keep(self.cells[position], result)
                results[position] = result
                report(len(copying) + len(results))
                if log is not None:
                    log(result)
        if all(result["failed"] is None for result in results.values()):
            _drop_copies(self.folder)
        return [results[i] for i in range(len(self.cells))]

    @cached_property
    def _states(self) -> dict[str, dict[str, Any]]:
        """State of each file: a checksum, or size and time of large files of vectors."""
        folder = self.grid.folder
        vectors = {file for cell in self.cells for file in cell.vectors}
        lexicons = {file for cell in self.cells for file in cell.dictionaries}
        return {file: _size_and_time(folder / file) for file in vectors} | {
            file: _checksum(folder / file) for file in lexicons
        }

    def _settings(self, cell: Cell) -> dict[str, Any]:
        """Return all facts that a result depends on."""
        states = {file: self._states[file] for file in cell.files}
        return {"alignx": version("alignx"), **cell.as_dict(), "files": states}

    def _file(self, cell: Cell) -> Path:
        return self.folder / f"{cell.name}.json"

    def _read(self, cell: Cell) -> dict[str, Any] | None:
        """Return the valid result of a cell; None for a damaged file."""
        settings = self._settings(cell)
        try:
            kept = json.loads(self._file(cell).read_bytes())
            result: dict[str, Any] = kept["result"]
            is_valid = kept["settings"] == settings and result["failed"] is None
            needed = {"csls", "nn", "seconds", "questions"}
            return result if is_valid and result.keys() >= needed else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def _keep(self, cell: Cell, result: dict[str, Any]) -> None:
        with replacing(self._file(cell)) as file:
            kept = {"settings": self._settings(cell), "result": result}
            json.dump(kept, file, ensure_ascii=False, indent=1)
            file.write("\n")


def _size_and_time(path: Path) -> dict[str, Any]:
    try:
        facts = path.stat()
    except OSError as error:
        raise FormatError(path, f"the file cannot be read: {error.strerror}") from error
    return {"size": facts.st_size, "modified": facts.st_mtime_ns}


def _checksum(path: Path) -> dict[str, Any]:
    with reading(path) as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest()}


# --- memory-mapped copies of files of vectors that several cells read --------------------------


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


def _copy_tasks(
    copies: dict[str, str], cells: Iterable[Cell], origin: Path
) -> list[tuple[str, str, str, Protocol]]:
    """Return arguments of `copy_vectors` for the copies that do not exist yet."""
    users = {file: cell for cell in cells for file in cell.vectors}
    return [
        (str(origin.resolve() / file), copy, users[file].vectors[file], users[file].protocol)
        for file, copy in copies.items()
        if not Path(copy).exists()
    ]


def _drop_copies(folder: Path, kept: Sequence[str] = ()) -> None:
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
