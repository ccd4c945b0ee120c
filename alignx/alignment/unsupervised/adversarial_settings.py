"""Settings of adversarial training; they need no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Self, TypeAlias

__all__ = ["AdversarialTraining", "Preset"]

Preset: TypeAlias = Literal["fast", "muse"]


@dataclass(frozen=True, kw_only=True)
class AdversarialTraining:
    """Settings of `train_adversarial`; the defaults are those of the preset ``"fast"``.

    Parameters
    ----------
    start : {"axes", "identity"}
        The map to begin with. ``"axes"`` lays the principal axes of the languages on each other in
        the order of their variances, each turned so that its third moment is positive.
    vocabulary : int
        Training samples uniformly among that many most frequent rows of each side.
    scale : float
        What unit rows are multiplied by for the discriminator, more than 0.
    hidden : int
        Width of the two hidden layers of the discriminator.
    discriminator_rate : float
        The learning rate of the discriminator, more than 0.
    map_rate : float
        The learning rate of the map, more than 0.
    discriminator_steps : int
        Steps of the discriminator for one of the map.
    orthogonality : float
        After each of its steps the map W becomes ``(1 + b) W - b W W' W`` with this b, in [0, 1).
    averaging : bool
        Whether the map of an epoch is the orthogonal one nearest to the mean over its steps,
        rather than that of its last step. Training goes on from the last step anyway.
    batch : int
        Rows of each language in one step.
    samples : int
        Rows, of both languages together, that an epoch shows to the discriminator in map steps:
        an epoch has ``samples / (2 batch)`` of them.
    epochs : int
        At most how many.
    decay : float
        What the learning rates are multiplied by after an epoch, in (0, 1].
    patience : int
        Training ends after that many epochs in a row without a better criterion, at least 1.
    precision : {"float32", "bfloat16"}, optional
        What the discriminator multiplies in; weights and sums are float32. By default bfloat16
        where the device multiplies it faster.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Notes
    -----
    ``"fast"`` was found on English-Spanish, by the criterion and the training dictionary. Against
    the publication, batches and learning rates are larger and the discriminator is narrower, so
    that a step of the map is cheaper and goes 24 times as far; the stronger pull towards
    orthogonal maps makes up for it. At a discriminator rate of 3 training diverged. The
    mean over the steps of an epoch is a better start of a refinement than its last step.

    Examples
    --------
    >>> AdversarialTraining(epochs=2).epochs
    2
    >>> AdversarialTraining.preset("muse").hidden
    2048
    """

    start: Literal["axes", "identity"] = "axes"
    vocabulary: int = 20_000
    scale: float = 4.0
    hidden: int = 512
    discriminator_rate: float = 2.0
    map_rate: float = 2.4
    discriminator_steps: int = 2
    orthogonality: float = 0.2
    averaging: bool = True
    batch: int = 256
    samples: int = 128_000
    epochs: int = 12
    decay: float = 0.97
    patience: int = 5
    precision: Literal["float32", "bfloat16"] | None = None

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                shown = ", ".join(str(choice) for choice in choices)
                raise ValueError(f"{name} must be one of {shown}, got {getattr(self, name)!r}")
        for name in _COUNTS:
            value = getattr(self, name)
            if not value >= 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        for name, (least, most, rule) in _RANGES.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise ValueError(f"{name} must {rule}, got {value}")

    @classmethod
    def preset(cls, name: Preset = "fast") -> Self:
        """Give the settings of a name.

        Parameters
        ----------
        name : {"fast", "muse"}
            ``"muse"`` are those of the program that Conneau et al. published; it takes hours on a
            processor, where ``"fast"`` takes a minute or two.

        Raises
        ------
        ValueError
            If there is no such preset.
        """
        if name not in ("fast", "muse"):
            raise ValueError(f"preset must be one of fast, muse, got {name!r}")
        return cls(**(_MUSE if name == "muse" else {}))  # type: ignore[arg-type]  # of each its own


_CHOICES: dict[str, tuple[str | None, ...]] = {
    "start": ("axes", "identity"),
    "precision": ("float32", "bfloat16", None),
}
_COUNTS = (
    "vocabulary",
    "hidden",
    "discriminator_steps",
    "batch",
    "samples",
    "epochs",
    "patience",
)
_POSITIVE = (math.nextafter(0, 1), math.nextafter(math.inf, 0), "be more than 0 and finite")
_RANGES = {
    "scale": _POSITIVE,
    "discriminator_rate": _POSITIVE,
    "map_rate": _POSITIVE,
    "decay": (math.nextafter(0, 1), 1.0, "lie in (0, 1]"),
    "orthogonality": (0.0, math.nextafter(1, 0), "lie in [0, 1)"),
}
# Vectors of fastText, which the publication takes as they are, have a mean length of 3.7.
_MUSE = {
    "start": "identity",
    "vocabulary": 75_000,
    "scale": 3.7,
    "hidden": 2048,
    "discriminator_rate": 0.1,
    "map_rate": 0.1,
    "discriminator_steps": 5,
    "orthogonality": 0.001,
    "averaging": False,
    "batch": 32,
    "samples": 1_000_000,
    "epochs": 5,
    "decay": 0.98,
    "patience": 5,
    "precision": "float32",
}
