"""Torch devices."""

from __future__ import annotations

from alignx.errors import MissingDependencyError

try:
    import torch
except ImportError as error:
    raise MissingDependencyError(
        "a device needs the package torch: pip install 'alignx[torch]'"
    ) from error

__all__ = ["as_device"]


def as_device(name: str) -> torch.device:
    """Return a torch device after a test of it."""
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).tolist()
    except (AssertionError, ImportError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"device must be one that torch can use, got {name!r}: {reason}"
        ) from error
    return device
