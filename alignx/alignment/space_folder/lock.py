"""Lock of a space, for one writer at a time."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from alignx.support.files import output_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["LOCK", "locked"]

LOCK = ".lock"

logger = logging.getLogger("alignx")


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; wait for other processes and threads that hold it.

    The system releases it when a process ends, however it ends. Raises OutputError if the folder
    is write-protected.
    """
    lock = FileLock(folder / LOCK)
    with output_errors(folder):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            logger.warning("%s: another process changes this folder; waiting for it", folder)
            lock.acquire()
    try:
        yield
    finally:
        lock.release()
