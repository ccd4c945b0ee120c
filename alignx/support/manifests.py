"""Manifests: files of JSON that name the other files of a folder, with their format and version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from alignx.errors import FormatError
from alignx.support.files import reading
from alignx.support.models import Table, validated_json

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_manifest_file"]

AnyTable = TypeVar("AnyTable", bound=Table)


def read_manifest_file(
    model: type[AnyTable], path: Path, *, kind: str, command: str, advice: str
) -> AnyTable:
    """Read the manifest of a folder.

    Parameters
    ----------
    model : class
        Its model; the defaults of the fields ``format`` and ``version`` are those it must have.
    path : Path
        File in the folder.
    kind : str
        What the folder holds, such as ``"a space"``.
    command : str
        Command that makes such folders.
    advice : str
        What to do if it is damaged.

    Raises
    ------
    MissingFileError, InputError
        If the folder is missing, or the file cannot be read.
    FormatError
        If the folder is a file or holds no manifest, or this is damaged, of another format, or of
        a later version of alignx.
    """
    folder = path.parent
    if folder.is_file():
        raise FormatError(folder, f"{kind} is a folder, from `{command}`; this is a file")
    if folder.is_dir() and not path.exists():
        problem = f"this folder holds no {path.name}; make {kind} with `{command}`"
        raise FormatError(folder, problem)
    with reading(path) as file:
        data = file.read()
    try:
        head: Any = json.loads(data)
    except ValueError as error:  # of UTF-8 or JSON
        raise FormatError(path, f"damaged: it must be JSON ({error}); {advice}") from None
    fields = model.model_fields
    if not isinstance(head, dict) or head.get("format") != fields["format"].default:
        raise FormatError(path, f"not the manifest of {kind} that alignx has written")
    if head.get("version") != (version := fields["version"].default):
        raise FormatError(
            path,
            f"version must be {version}, got {head.get('version')}: written by alignx "
            f"{head.get('alignx')}; update alignx",
        )
    return validated_json(model, data, path)
