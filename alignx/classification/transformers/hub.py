"""Folders of models: here, in the cache, or fetched from the hub of Hugging Face."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alignx.errors import FormatError

if TYPE_CHECKING:
    import os

__all__ = ["folder_of"]

SECONDS_TO_ANSWER = 5.0
# What models are made of, without the copies for other frameworks.
FILES = ["*.json", "*.txt", "*.model", "*.safetensors", "[0-9]_*/*"]


def folder_of(model: str | os.PathLike[str]) -> Path:
    """Find the folder of a model; fetch it if need be.

    Parameters
    ----------
    model : path or str
        A folder, or a name on the hub. Where the hub cannot be reached, what it gave before is
        taken from its cache.

    Raises
    ------
    FormatError
        If there is no such model, or the hub cannot be reached.
    ImportError
        If the package huggingface_hub is missing.

    Notes
    -----
    Whether the hub can be reached is known within five seconds.
    """
    path = Path(model)
    if path.is_dir():
        return path
    if path.exists():
        raise FormatError(model, "this is a file; name the folder of a saved model")
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    is_offline = False
    try:
        HfApi().model_info(str(model), timeout=SECONDS_TO_ANSWER)
    except HFValidationError as error:
        raise FormatError(model, "no such folder; check the name") from error
    except RepositoryNotFoundError as error:
        raise FormatError(
            model, "no such folder, and no model on the hub that you may read; check the name"
        ) from error
    except Exception:  # of the network; each version of the hub's client has its own
        is_offline = True
    try:
        return _fetched(str(model), is_offline)
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        reason = "the hub cannot be reached" if is_offline else f"fetching it failed: {first}"
        raise FormatError(model, f"no such folder, and {reason}; check the name") from error


def _fetched(name: str, is_offline: bool) -> Path:
    from huggingface_hub import snapshot_download

    folder = Path(snapshot_download(name, allow_patterns=FILES, local_files_only=is_offline))
    if not any(folder.rglob("*.safetensors")):
        snapshot_download(name, allow_patterns="*.bin", local_files_only=is_offline)
    return folder
