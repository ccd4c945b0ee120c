"""Independent tasks of a fit, in parallel, whose finished results are kept in a folder."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from alignx.support.arguments import require_optional, require_whole
from alignx.support.parallel import as_completed
from alignx.support.workspace import Tensors, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from alignx.support.files import StrPath
    from alignx.support.progress import Progress

__all__ = ["Result", "Tasks", "Work"]

_FACTS = "facts"


class Result(NamedTuple):
    """Arrays and figures of a finished task."""

    arrays: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Work:
    """Place and parallelism of a fit of many languages.

    Parameters
    ----------
    folder : path, optional
        Folder of finished parts, from which an interrupted fit goes on. It is made, and removed
        when the fit has ended. Default: a temporary folder, so that nothing is kept.
    n_jobs : int, optional
        Processes at the same time, at least 1. Default: 1; its searches use all cores.
    cluster : str, optional
        Address of the scheduler of a Dask cluster, such as "tcp://HOST:PORT". The workers need the
        folder, which must then be given, and the files of the vectors at the same paths.

    Examples
    --------
    >>> Work(n_jobs=4)
    Work(folder=None, n_jobs=4, cluster=None)
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

        It is removed if the block ends without an exception.

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
        store.remove()


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
            return {name: self._read(name) for name in calls}
        made = as_completed(
            _made,
            [(function, str(self._path(name)), calls[name]) for name in waiting],
            n_jobs=1 if len(waiting) == 1 and not self.cluster else self.n_jobs,
            cluster=self.cluster,
        )
        for count, _ in enumerate(made):
            if progress is not None:
                progress((count + 1) / len(waiting))
        return {name: self._read(name) for name in calls}

    def _path(self, name: str) -> Path:
        return self.store.path(f"{name}.result")

    def _read(self, name: str) -> Result:
        file = Tensors(self._path(name))
        arrays = {key: file[key] for key in file.names() if key != _FACTS}
        return Result(arrays, json.loads(file[_FACTS].tobytes()))


def _made(function: Callable[..., Result], path: str, arguments: tuple[Any, ...]) -> None:
    arrays, facts = function(*arguments)
    text = np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8)
    Tensors.save(Path(path), {**arrays, _FACTS: text})
