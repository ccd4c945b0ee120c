"""Checkpoint folder of finished parts of a computation."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from alignx.errors import FormatError, OutputError
from alignx.support.files import reading, replacing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Tensors", "Workspace"]

_SETTINGS = "settings.json"


@dataclass(frozen=True)
class Workspace:
    """Folder of finished parts; a part is present as a whole or not at all.

    Parameters
    ----------
    folder : Path
        Path of the folder.
    """

    folder: Path

    @classmethod
    def open(cls, folder: Path, settings: dict[str, Any]) -> Workspace:
        """Create the folder, or reopen that of a run with the same settings.

        Parameters
        ----------
        folder : Path
            New, empty, or of an earlier run.
        settings : dict
            Settings on which the parts depend, as JSON.

        Raises
        ------
        FormatError
            If the folder is of a run with other settings, or holds something else.
        OutputError
            If the folder cannot be made.
        """
        settings = json.loads(json.dumps(settings))
        work = cls(folder)
        try:
            folder.mkdir(exist_ok=True)
            is_new = not any(folder.iterdir())
        except OSError as error:
            raise OutputError(folder, error.strerror or str(error)) from error
        if is_new:
            work.write_json(_SETTINGS, settings)
        else:
            known = cls.of_run(folder).read_json(_SETTINGS)
            differing = sorted(
                k for k in known.keys() | settings.keys() if known.get(k) != settings.get(k)
            )
            if differing:
                raise FormatError(
                    folder,
                    f"this is the work of a run with other settings ({', '.join(differing)}); "
                    "delete it or name another folder",
                )
            for unfinished in folder.glob(".alignx-*.tmp"):  # of a run that was killed
                unfinished.unlink(missing_ok=True)
        return work

    @classmethod
    def of_run(cls, folder: Path) -> Workspace:
        """Find the folder of an earlier run, or one that is missing; FormatError for others."""
        work = cls(folder)
        if folder.exists() and not isinstance(work.read_json(_SETTINGS), dict):
            raise FormatError(folder, "this folder holds something else; name another")
        return work

    def absolute(self) -> Workspace:
        """Return the same folder with an absolute path."""
        return Workspace(self.folder.absolute())

    def path(self, name: str) -> Path:
        """Return the path of a part."""
        return self.folder / name

    def has(self, name: str) -> bool:
        """Tell whether a part is finished."""
        return self.path(name).exists()

    def read_json(self, name: str) -> Any:  # noqa: ANN401  # any JSON value
        """Read a part, or None if it is missing or damaged."""
        try:
            with reading(self.path(name)) as file:
                return json.load(file)
        except (OSError, ValueError):
            return None

    def write_json(self, name: str, value: object) -> None:
        """Write a part."""
        with replacing(self.path(name)) as file:
            json.dump(value, file, indent=1)

    def remove(self) -> None:
        """Delete the folder with all parts."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Tensors:
    """Arrays by name in one file, read whole or by rows.

    Parameters
    ----------
    path : Path
        Path of the file.

    Raises
    ------
    FormatError
        If it is damaged.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file: Any = safe_open(path, "np")
        except (OSError, SafetensorError) as error:
            raise FormatError(path, f"a finished part is damaged: {error}") from error

    @staticmethod
    def save(path: Path, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Write arrays to a file, whole or not at all."""
        with replacing(path, "wb") as file:
            file.write(to_bytes({k: np.ascontiguousarray(v) for k, v in tensors.items()}))

    @classmethod
    def are_whole(cls, path: Path) -> bool:
        """Tell whether the file exists and is not damaged."""
        try:
            cls(path)
        except FormatError:
            return False
        return True

    def rows(self, name: str, first: int = 0, end: int | None = None) -> NDArray[Any]:
        """Read rows of an array."""
        found: NDArray[Any] = self._file.get_slice(name)[slice(first, end)]
        return found

    def names(self) -> list[str]:
        """Return the names of the arrays."""
        return list(self._file.keys())

    def __contains__(self, name: str) -> bool:
        return name in self._file.keys()  # noqa: SIM118  # no mapping

    def __getitem__(self, name: str) -> NDArray[Any]:
        whole: NDArray[Any] = self._file.get_tensor(name)
        return whole
