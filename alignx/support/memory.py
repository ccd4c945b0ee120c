"""Sizes in bytes, peak memory, and release of memory-mapped arrays."""

from __future__ import annotations

import mmap
import re
import resource
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.errors import FormatError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["parse_size", "peak_resident", "release", "require_whole"]

_STATUS = Path("/proc/self/status")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgt]?)(i?)b)?", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Parse a size such as "8GB", "1.5 GiB" or "4096" into bytes.

    Units in any case: kB, MB, GB, TB are powers of 1000; KiB, MiB, GiB, TiB of 1024.

    Raises
    ------
    ValueError
        If it is malformed or less than a byte.

    Examples
    --------
    >>> [parse_size(text) for text in ("8GB", "1.5 GiB", "512mb", "4096")]
    [8000000000, 1610612736, 512000000, 4096]
    """
    parts = _SIZE.fullmatch(text.strip())
    if parts is None or (parts[3] and not parts[2]):
        raise ValueError(
            f"a size must be a number with B, kB, MB, GB, TB, KiB, MiB, GiB or TiB, got {text!r}"
        )
    power = "kmgt".index(parts[2].lower()) + 1 if parts[2] else 0
    size = int(float(parts[1]) * (1024 if parts[3] else 1000) ** power)
    if size < 1:
        raise ValueError(f"a size must be at least 1 byte, got {text!r}")
    return size


def peak_resident() -> int:
    """Return the peak memory of this process in bytes.

    Present pages of mapped files count, although the system takes them back when memory is short.
    """
    try:
        lines = _STATUS.read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):  # not every system has it; elsewhere this begins at
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # the parent's peak


def release(array: NDArray[Any]) -> None:
    """Drop the pages of a memory-mapped array until the next access.

    Other arrays, and copy-on-write maps, are left alone.
    """
    mapping = _mapping_of(array)
    if mapping is None or not array.flags.c_contiguous or not array.nbytes:
        return
    begin = _address(array) - _address(np.frombuffer(mapping, np.uint8))
    page = begin - begin % mmap.PAGESIZE
    mapping.madvise(mmap.MADV_DONTNEED, page, begin + array.nbytes - page)


def require_whole(array: NDArray[Any]) -> None:
    """Refuse a map of a truncated file, as reading it kills the process."""
    owner: object = array
    while isinstance(owner, np.ndarray):
        if isinstance(owner, np.memmap) and isinstance(owner.base, mmap.mmap):
            begin = owner.offset - owner.offset % mmap.ALLOCATIONGRANULARITY
            if owner.base.size() < begin + len(owner.base):
                raise FormatError(
                    owner.filename or "a mapped file",
                    "the file was cut while it was mapped into memory; write it again, and then "
                    "open it again",
                )
            return
        owner = owner.base


def _mapping_of(array: NDArray[Any]) -> mmap.mmap | None:
    """Return the file map behind an array, unless it keeps unsaved changes."""
    owner: object = array
    is_shared = False
    while owner is not None and not isinstance(owner, mmap.mmap):
        # Changes to a map of mode "c" are in memory alone.
        is_shared = is_shared or (isinstance(owner, np.memmap) and owner.mode != "c")
        owner = getattr(owner, "base", None)
    return owner if is_shared else None


def _address(array: NDArray[Any]) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
