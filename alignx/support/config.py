"""Settings of the current context: number of threads and torch device."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

from alignx.support.packages import require_packages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack

__all__ = ["Config", "Settings", "config_context", "get_config", "set_config"]


_MOST_THREADS = 65_536


class Settings(TypedDict, total=False):
    """Fields of `Config`, to change some of them."""

    n_threads: int | None
    device: str | None


@dataclass(frozen=True)
class Config:
    """Number of threads and torch device.

    Attributes
    ----------
    n_threads : int, optional
        Threads of searches, training and reading of text, at least 1. By default OpenMP's number:
        that of ``OMP_NUM_THREADS``, or all cores.
    device : str, optional
        Torch device of searches, adversarial training and transformers, for example ``"cuda"``. By
        default searches use the compiled kernel on the processor. Searches give the same answers
        on all devices.

    Raises
    ------
    ValueError
        If `n_threads` is no integer of at least 1, or torch cannot use the device.
    MissingDependencyError
        If a device is given and torch is not installed.
    """

    n_threads: int | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        if self.n_threads is not None and (
            type(self.n_threads) is not int or not 1 <= self.n_threads <= _MOST_THREADS
        ):
            raise ValueError(
                f"n_threads must be an integer in [1, {_MOST_THREADS}], got {self.n_threads!r}"
            )
        if self.device is not None:
            require_packages({"device": "torch"})
            from alignx.support.torch_device import as_device  # torch takes a second to load

            as_device(self.device)


_config = ContextVar("alignx_config", default=Config())  # noqa: B039  # it is frozen


def get_config() -> Config:
    """Return the settings of the current context."""
    return _config.get()


def set_config(**settings: Unpack[Settings]) -> None:
    """Change settings of the current context; others keep their values.

    Each thread and asynchronous task has its own settings. Worker processes of alignx inherit them.

    Parameters
    ----------
    **settings
        Fields of `Config`; None restores a default.

    Raises
    ------
    ValueError
        If `n_threads` is below 1, or torch cannot use the device.

    Examples
    --------
    >>> set_config(n_threads=2)
    >>> get_config().n_threads
    2
    >>> set_config(n_threads=None)
    """
    _config.set(replace(_config.get(), **settings))


@contextmanager
def config_context(**settings: Unpack[Settings]) -> Iterator[Config]:
    """Change settings within a ``with`` block; see `set_config`.

    Examples
    --------
    >>> with config_context(n_threads=1):
    ...     get_config().n_threads
    1
    """
    token = _config.set(replace(_config.get(), **settings))
    try:
        yield _config.get()
    finally:
        _config.reset(token)
