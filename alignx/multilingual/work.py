"""Independent tasks of a fit, in parallel, whose finished results are kept in a folder."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from alignx.support.arguments import require_optional, require_whole
from alignx.support.parallel import as_completed
from alignx.support.workspace import Tensors, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from alignx.support.files import StrPath
    from alignx.support.progress import Progress

__all__ = ["Keep", "Result", "Tasks", "Work", "kept"]

_FACTS = "facts"


class Result(NamedTuple):
    """Arrays and figures of a finished task."""

    arrays: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any]


Keep: TypeAlias = "Callable[[str, Callable[[], Result]], Result]"
"""Function that returns the kept result of a step by its name, or makes and keeps it."""


@dataclass(frozen=True)
class Work:
    """Place and parallelism of a fit of many languages.

    Parameters
    ----------
    folder : path, optional
        Folder of finished parts, from which an interrupted fit goes on. It is made, and stays until
        `remove`. Default: a temporary folder, so that nothing is kept.
    n_jobs : int, optional
        Processes at the same time, at least 1. Default: 1; its searches use all cores.
    cluster : str, optional
        Address of the scheduler of a Dask cluster, such as "tcp://HOST:PORT". The workers need the
        folder, which must then be given, and the files of the vectors at the same paths.

    Notes
    -----
    The folder also keeps the finished maps: a second call of `align_many` with the same inputs
    returns them at once. So an interrupt while the space is saved loses nothing; call `remove`
    after that.

    Examples
    --------
    >>> Work(n_jobs=4)
    Work(folder=None, n_jobs=4, cluster=None)
    >>> import alignx as ax  # doctest: +SKIP
    >>> work = ax.Work("work")  # doctest: +SKIP
    >>> ax.align_many(paths, lexicons=lexicons, work=work).save("space", paths)  # doctest: +SKIP
    >>> work.remove()  # doctest: +SKIP
    """

    folder: StrPath | None = None
    n_jobs: int | None = None
    cluster: str | None = None

    def __post_init__(self) -> None:
        if self.n_jobs is not None:
            require_whole(self.n_jobs, "n_jobs")
            if self.n_jobs < 1:
                raise ValueError(f"n_jobs must be at least 1, got {self.n_jobs}")
        require_optional(self.cluster, str, "cluster")
        if self.cluster is not None and self.folder is None:
            raise ValueError("work on a cluster must name a folder that its workers can read")

    @contextmanager
    def opened(self, settings: dict[str, Any]) -> Iterator[Tasks]:
        """Open the folder for a fit with certain inputs and settings, as JSON.

        Raises
        ------
        FormatError, OutputError
            If the folder is of another fit, holds something else, or cannot be made.
        """
        if self.folder is None:
            with tempfile.TemporaryDirectory(prefix="alignx-") as folder:
                store = Workspace.open(Path(folder) / "work", settings)
                yield Tasks(store, self.n_jobs or 1, None)
            return
        store = Workspace.open(Path(self.folder), settings).absolute()
        n_jobs = self.n_jobs if self.cluster else self.n_jobs or 1
        yield Tasks(store, n_jobs, self.cluster)

    def remove(self) -> None:
        """Delete the folder with all that a fit has kept, if there is one.

        Raises
        ------
        FormatError
            If it is no folder of a fit.
        """
        if self.folder is not None:
            Workspace.of_run(Path(self.folder)).remove()


@dataclass(frozen=True)
class Tasks:
    """Tasks of one fit.

    Attributes
    ----------
    store : Workspace
        Folder of the results.
    n_jobs, cluster
        As for `Work`.
    """

    store: Workspace
    n_jobs: int | None = 1
    cluster: str | None = None

    def run(
        self,
        function: Callable[..., Result],
        calls: Mapping[str, tuple[Any, ...]],
        progress: Progress | None = None,
    ) -> dict[str, Result]:
        """Call a function for each name with its arguments, unless its result is there.

        Arguments travel by pickle: paths and numbers of rows rather than matrices.
        """
        waiting = [name for name in calls if not Tensors.are_whole(self._path(name))]
        if not waiting:
            return {name: _read(self._path(name)) for name in calls}
        made = as_completed(
            _made,
            [(function, str(self._path(name)), calls[name]) for name in waiting],
            n_jobs=1 if len(waiting) == 1 and not self.cluster else self.n_jobs,
            cluster=self.cluster,
        )
        for count, _ in enumerate(made):
            if progress is not None:
                progress((count + 1) / len(waiting))
        return {name: _read(self._path(name)) for name in calls}

    def keep(self, name: str, make: Callable[[], Result]) -> Result:
        """Return the kept result of a name, or make it here and keep it."""
        return kept(self._path(name), make)

    def _path(self, name: str) -> Path:
        return self.store.path(f"{name}.result")


def kept(path: Path, make: Callable[[], Result]) -> Result:
    """Read a result from a file, or make it and write the file."""
    if not Tensors.are_whole(path):
        _write(path, make())
    return _read(path)


def _made(function: Callable[..., Result], path: str, arguments: tuple[Any, ...]) -> None:
    _write(Path(path), function(*arguments))


def _write(path: Path, result: Result) -> None:
    text = np.frombuffer(json.dumps(result.facts).encode(), dtype=np.uint8)
    Tensors.save(path, {**result.arrays, _FACTS: text})


def _read(path: Path) -> Result:
    file = Tensors(path)
    arrays = {key: file[key] for key in file.names() if key != _FACTS}
    return Result(arrays, json.loads(file[_FACTS].tobytes()))
