"""Safetensors files with their metadata."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError, safe_open

from alignx.errors import FormatError
from alignx.support.file_kinds import HEAD_SIZE, described
from alignx.support.files import reading, require_regular

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["map_tensors", "read_tensors", "reading_model"]

_LENGTH_SIZE = 8
_DTYPES: dict[str, np.dtype[Any]] = {
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "I64": np.dtype("<i8"),
    "U64": np.dtype("<u8"),
    "U8": np.dtype("u1"),
}


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


@contextmanager
def reading_model(
    path: str | os.PathLike[str], name: str, version: str, *, maker: str, advice: str
) -> Iterator[tuple[dict[str, Any], dict[str, NDArray[Any]]]]:
    """Read a model from a ``.safetensors`` file; what fails in the block makes the file damaged.

    Parameters
    ----------
    path : path
        File whose metadata has an entry `name`: a JSON object with the key ``format_version``.
    name, version : str
        Entry, and the version that it must be of.
    maker : str
        The kind of model and what makes it, for the error of other files.
    advice : str
        What to do if it is damaged.

    Yields
    ------
    (dict, dict)
        The JSON object, and the tensors by name.

    Raises
    ------
    InputError, FormatError
        If it cannot be read, is another file, of another version, or damaged.
    """
    metadata, tensors = read_tensors(path)
    if name not in metadata:
        raise FormatError(path, f"not {maker}")
    try:
        facts = json.loads(metadata[name])
        if (found := facts["format_version"]) != version:
            problem = f"format version must be {version}, got {found}: written by alignx "
            raise FormatError(path, f"{problem}{facts.get('alignx_version')}; update alignx")
        yield facts, tensors
    except FormatError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FormatError(path, f"damaged: {error!r}; {advice}") from None


def map_tensors(
    path: str | os.PathLike[str], advice: str = ""
) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """Read the metadata of a ``.safetensors`` file, and map its tensors into memory, read-only.

    Raises as `read_tensors` does; tensors may be float16, float32, int64, uint64 or uint8.
    """
    require_regular(path, "a .safetensors file")
    with reading(path) as file:
        try:
            with safe_open(path, framework="np") as checked:  # of the file in its full length
                metadata = checked.metadata() or {}
        except SafetensorError as error:
            problem = f"not a safetensors file, or truncated ({error})"
            raise FormatError(path, "; ".join(filter(None, [problem, advice]))) from None
        length = int.from_bytes(file.read(_LENGTH_SIZE), "little")
        header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        tensors = {}
        for name, tensor in header.items():
            if tensor["dtype"] not in _DTYPES:
                raise FormatError(path, f"tensors must not be {tensor['dtype']}, got {name}")
            dtype, shape = _DTYPES[tensor["dtype"]], tuple(tensor["shape"])
            if 0 in shape:  # which no map can be
                tensors[name] = np.zeros(shape, dtype)
                continue
            offset = _LENGTH_SIZE + length + tensor["data_offsets"][0]
            mapped = np.memmap(file, dtype, "r", offset, shape)
            tensors[name] = np.require(mapped, requirements="A").view(np.ndarray)
        return metadata, tensors
