"""Checkpoint files of adversarial training."""

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
_FORMAT_VERSION = 2


def write_checkpoint(path: str | Path, identity: Facts, facts: Facts, tensors: Tensors) -> None:
    """Replace a checkpoint file; raises OutputError.

    The identity distinguishes a training from others; facts are its state other than tensors.
    """
    metadata = {"format_version": _FORMAT_VERSION, "identity": identity, "facts": facts}
    with replacing(path, "wb") as file:
        file.write(save(tensors, {_FORMAT: json.dumps(metadata)}))


def read_checkpoint(path: str | Path, identity: Facts, restore: Restore) -> None:
    """Call `restore` with facts and tensors of a checkpoint; its errors mean a damaged file.

    Raises
    ------
    FormatError
        If the file is damaged, no checkpoint, or of a training with another identity.
    """
    metadata, tensors = read_tensors(path, "delete it to begin anew")
    if _FORMAT not in metadata:
        raise FormatError(path, "not a checkpoint of adversarial training; name another file")
    try:
        written = json.loads(metadata[_FORMAT])
        if written["format_version"] == _FORMAT_VERSION and written["identity"] == identity:
            restore(written["facts"], tensors)
            return
        names = [name for name in identity if written["identity"].get(name) != identity[name]]
    except AlignxError:  # some are ValueErrors
        raise
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise FormatError(path, f"damaged: {error!r}; delete it to begin anew") from None
    other = f"other {', '.join(names)}" if names else "of another version of alignx"
    raise FormatError(
        path, f"the checkpoint is of another training ({other}); delete it or name another file"
    )
