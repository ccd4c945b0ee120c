"""Files without a name: gone when closed, however the process ends."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from alignx.errors import OutputError
from alignx.support.files import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["filling", "path_of", "scratch"]


@contextmanager
def scratch(beside: str) -> Iterator[int]:
    """Give the descriptor of an empty file on the disk where a file will be.

    Parameters
    ----------
    beside : str
        The file to be; where it is a device, the file without a name is among the temporary ones.

    Yields
    ------
    int
        Another process that inherits it can open the file by `path_of`.

    Raises
    ------
    OutputError
        If there can be no such file.
    """
    target = Path(os.path.realpath(beside))
    is_device = target.exists() and not target.is_file()
    try:
        file = tempfile.TemporaryFile(dir=None if is_device else target.parent)  # noqa: SIM115
    except OSError as error:
        raise OutputError(beside, f"{error.strerror}; choose another place") from error
    with file:
        yield file.fileno()


@contextmanager
def filling(descriptor: int, beside: str) -> Iterator[IO[bytes]]:
    """Write to a file without a name.

    Parameters
    ----------
    descriptor : int
        Of the file.
    beside : str
        What messages call it.

    Yields
    ------
    binary file

    Raises
    ------
    OutputError
        If the disk is full.
    """
    path = path_of(descriptor)
    try:
        with replacing(path, "wb") as file:
            yield file
    except OutputError as error:
        if error.path != path:
            raise
        raise OutputError(beside, f"the text, which lies beside it: {error.problem}") from error


def path_of(descriptor: int) -> str:
    """Name under which a process opens anew what it has a descriptor of."""
    return f"/proc/self/fd/{descriptor}"
