"""Functions that tests call in other processes.

Processes import what they are to call by the name of its module. A test module has one that depends
on where pytest was started; this one is found by `pythonpath`, which they are given.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Literal

import pytest

from alignx import unsupervised
from alignx.mapping.adversarial_settings import AdversarialTraining

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from alignx.unsupervised import Workplace

TRAIN = unsupervised._train
QUICK = AdversarialTraining(samples=8_000, epochs=3, hidden=64, batch=128, discriminator_rate=1.0)


def identify(number: int, seconds: float = 0.0) -> tuple[int, int]:
    """Give the number back, and the process that did it."""
    time.sleep(seconds)
    return number, os.getpid()


def refuse(number: int) -> int:
    """Give the number back unless it is 2."""
    if number == 2:
        raise ValueError(f"number must not be 2, got {number}")
    return number


def train_quickly(
    work: Workplace,
    preset: Literal["fast", "muse"],
    number: int,
    *rest: Any,  # noqa: ANN401  # passed on
) -> tuple[float, NDArray[np.float32]]:
    """Train adversarially with a small schedule."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AdversarialTraining, "preset", lambda _: QUICK)
        return TRAIN(work, preset, number, *rest)
