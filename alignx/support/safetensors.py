"""Safetensors files with their metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from alignx.errors import FormatError
from alignx.support.file_kinds import HEAD_SIZE, described
from alignx.support.files import reading, require_regular

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

__all__ = ["read_tensors"]


def read_tensors(
    path: str | os.PathLike[str], advice: str = ""
) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """Read the metadata and all tensors of a ``.safetensors`` file.

    Raises InputError if it cannot be read, and FormatError, with `advice`, if it is damaged or of
    another format.
    """
    require_regular(path, "a .safetensors file")  # it is opened twice
    with reading(path) as head:  # names a missing or unreadable file as all of alignx does
        try:
            with safe_open(path, framework="np") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # the file cannot be iterated
                return file.metadata() or {}, tensors
        except SafetensorError as error:
            looks = described(head.peek(HEAD_SIZE)[:HEAD_SIZE])
            problem = f"not a safetensors file, or truncated ({error}): {looks}"
            raise FormatError(path, "; ".join(filter(None, [problem, advice]))) from None
