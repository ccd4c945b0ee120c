"""Files that keep an unfinished training: tensors, facts, and whose they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from numpy.typing import NDArray
from safetensors.numpy import save

from alignx.errors import AlignxError, FormatError
from alignx.support.files import replacing
from alignx.support.safetensors import read_tensors

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Facts", "Restore", "Tensors", "read_checkpoint", "write_checkpoint"]

Facts: TypeAlias = dict[str, Any]
Tensors: TypeAlias = dict[str, NDArray[Any]]
Restore: TypeAlias = Callable[[Facts, Tensors], object]

_FORMAT = "alignx_adversarial"
_FORMAT_VERSION = 1


def write_checkpoint(path: str | Path, identity: Facts, facts: Facts, tensors: Tensors) -> None:
    """Write one file that replaces the last as a whole.

    Parameters
    ----------
    path : path
        A ``.safetensors`` file.
    identity : dict
        What tells this training from others, as JSON can hold it.
    facts : dict
        What is no tensor, as JSON can hold it.
    tensors : dict
        Arrays by name.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    metadata = {"format_version": _FORMAT_VERSION, "identity": identity, "facts": facts}
    with replacing(path, "wb") as file:
        file.write(save(tensors, {_FORMAT: json.dumps(metadata)}))


def read_checkpoint(path: str | Path, identity: Facts, restore: Restore) -> None:
    """Hand what `write_checkpoint` wrote to `restore`.

    Parameters
    ----------
    path : path
        An existing file.
    identity : dict
        That of the training that is to go on.
    restore : callable
        Takes facts and tensors; if it fails, the file is damaged.

    Raises
    ------
    FormatError
        If the file is damaged, something else, or of another training.
    """
    metadata, tensors = read_tensors(path, "delete it to begin anew")
    if _FORMAT not in metadata:
        raise FormatError(path, "not a checkpoint of adversarial training; name another file")
    try:
        written = json.loads(metadata[_FORMAT])
        if written["format_version"] == _FORMAT_VERSION and written["identity"] == identity:
            restore(written["facts"], tensors)
            return
        other = _differences(written["identity"], identity)
    except AlignxError:
        raise
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise FormatError(path, f"damaged: {error!r}; delete it to begin anew") from None
    raise FormatError(
        path, f"the checkpoint is of another training ({other}); delete it or name another file"
    )


def _differences(written: Facts, wanted: Facts) -> str:
    """Name what differs between two identities."""
    names = [name for name in wanted if written.get(name) != wanted[name]]
    return "other " + ", ".join(names) if names else "of another version of alignx"
