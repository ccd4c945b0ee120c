"""Run the cells of a grid and keep finished ones."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from alignx.errors import FormatError
from alignx.experiments.cell import run_cell
from alignx.experiments.vector_copies import copy_tasks, copy_vectors, drop_copies, plan_copies
from alignx.support.files import reading, replacing
from alignx.support.parallel import as_completed

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.experiments.cell import Cell
    from alignx.experiments.grid import Grid
    from alignx.support.progress import Log, Progress

__all__ = ["GridRunner"]


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
        drop_copies(self.folder, list(copies.values()))
        copying = copy_tasks(copies, cells, self.grid.folder)
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
            drop_copies(self.folder)
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
            return result if is_valid and result.keys() >= {"csls", "nn", "seconds"} else None
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
