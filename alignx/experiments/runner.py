"""Run the cells of a grid, keep what is finished, and do nothing twice."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from alignx.errors import FormatError
from alignx.experiments.cell import run_cell
from alignx.experiments.vector_copies import VectorCopies, copy_vectors
from alignx.support.files import reading, replacing
from alignx.support.parallel import as_completed

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.experiments.cell import Cell
    from alignx.experiments.grid import Grid
    from alignx.support.progress import Log, Progress

__all__ = ["Bench"]


@dataclass(frozen=True)
class Bench:
    """A grid, and the folder with what is known of its cells.

    Each cell has a file in the folder with its settings, the state of the files that it reads, and
    its result. As long as these are the same the result stands.

    Parameters
    ----------
    grid : Grid
        What to run.
    folder : Path
        Where results are kept; it is made when there is something to keep.
    """

    grid: Grid
    folder: Path

    @cached_property
    def cells(self) -> list[Cell]:
        """All cells of the grid."""
        return self.grid.cells()

    def kept(self) -> dict[int, dict[str, Any]]:
        """Give the results that stand, by the position of their cells; failures do not."""
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
        """Run the cells that have no result yet.

        Parameters
        ----------
        n_jobs : int, optional
            How many cells at the same time; None for one on each core, or all that a cluster takes.
        cluster : str, optional
            Address of a Dask scheduler; its workers must find the files under the same paths.
        progress : callable, optional
            Called with the fraction done.
        log : callable, optional
            Called with each result as it arrives.

        Returns
        -------
        list of dict
            What `run_cell` gives, for each cell in the order of the grid. A cell that fails says
            why, and stops no other.

        Raises
        ------
        OutputError
            If a result cannot be kept.
        ClusterError, MissingDependencyError, ValueError
            As of `as_completed`.

        Notes
        -----
        Each result is kept as it arrives, so that an interrupt loses only cells that are running.
        """
        results = self.kept()
        waiting = [i for i in range(len(self.cells)) if i not in results]
        if waiting:
            self.folder.mkdir(exist_ok=True)
        cells = [self.cells[i] for i in waiting]
        copies = VectorCopies.of(cells, self.folder, self._states)
        copies.drop()
        copying = copies.tasks(cells, self.grid.folder)
        running = [(cell, str(self.grid.folder.resolve()), copies.paths) for cell in cells]
        steps = len(copying) + len(self.cells)
        with closing(as_completed(copy_vectors, copying, n_jobs=n_jobs, cluster=cluster)) as copied:
            for done, _ in enumerate(copied, start=1):
                if progress is not None:
                    progress(done / steps)
        with closing(as_completed(run_cell, running, n_jobs=n_jobs, cluster=cluster)) as finished:
            for number, result in finished:
                position = waiting[number]
                self._keep(self.cells[position], result)
                results[position] = result
                if progress is not None:
                    progress((len(copying) + len(results)) / steps)
                if log is not None:
                    log(result)
        if all(result["failed"] is None for result in results.values()):
            copies.drop(all_of_them=True)
        return [results[i] for i in range(len(self.cells))]

    @cached_property
    def _states(self) -> dict[str, dict[str, Any]]:
        """The state of each file; vectors are too large for checksums."""
        folder = self.grid.folder
        vectors = dict.fromkeys(file for cell in self.cells for file in cell.vectors)
        lexicons = dict.fromkeys(file for cell in self.cells for file in cell.dictionaries)
        return {file: _size_and_time(folder / file) for file in vectors} | {
            file: _checksum(folder / file) for file in lexicons
        }

    def _settings(self, cell: Cell) -> dict[str, Any]:
        """Give all that a result depends on."""
        files = [*cell.vectors, *cell.dictionaries]
        return {
            "alignx": version("alignx"),
            **asdict(cell),
            "files": {file: self._states[file] for file in files},
        }

    def _file(self, cell: Cell) -> Path:
        return self.folder / f"{cell.name}.json"

    def _read(self, cell: Cell) -> dict[str, Any] | None:
        """Give the result of a cell if it stands; a damaged file is none."""
        settings = self._settings(cell)
        try:
            kept = json.loads(self._file(cell).read_bytes())
            result: dict[str, Any] = kept["result"]
            stands = kept["settings"] == settings and result["failed"] is None
            return result if stands and result.keys() >= {"csls", "nn", "seconds"} else None
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
