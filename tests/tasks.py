"""Functions that tests call in other processes.

Processes import what they are to call by the name of its module. A test module has one that depends
on where pytest was started; this one is found by `pythonpath`, which they are given.
"""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from alignx.alignment.unsupervised import adversarial
from alignx.alignment.unsupervised.adversarial_settings import AdversarialSettings
from alignx.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

TRAIN = adversarial._train
QUICK = AdversarialSettings(samples=8_000, epochs=3, hidden=64, batch=128, discriminator_rate=1.0)


def identify(number: int, seconds: float = 0.0) -> tuple[int, int]:
    """Give the number back, and the process that did it."""
    time.sleep(seconds)
    return number, os.getpid()


def refuse(number: int) -> int:
    """Give the number back unless it is 2."""
    if number == 2:
        raise ValueError(f"number must not be 2, got {number}")
    return number


def draw(seed: int) -> NDArray[np.float32]:
    """Compute what depends on the seed to the last bit."""
    rows = np.random.default_rng(seed).standard_normal((50, 20), dtype=np.float32)
    return rows.T @ rows


def reject(path: str) -> None:
    """Raise an error of alignx that holds more than a message."""
    raise FormatError(path, "it is no good", line=7)


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:g} s in vain")
        time.sleep(0.02)


def answer(number: int, folder: Path) -> int:
    """Leave a mark in the folder; give the number back when the folder holds "go"."""
    (folder / f"{number}-{os.getpid()}").touch()
    wait_for((folder / "go").exists)
    return number


def stay_alone(folder: Path) -> None:
    """Fail where another call with the same folder is at work."""
    with (folder / "busy").open("x"):
        time.sleep(0.05)
    (folder / "busy").unlink()


def die() -> None:
    """End the process as the system does when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def train_quickly(
    *arguments: Any,  # noqa: ANN401  # passed on
) -> tuple[float, NDArray[np.float32]]:
    """Train adversarially with a small schedule."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AdversarialSettings, "preset", lambda _: QUICK)
        return TRAIN(*arguments)
