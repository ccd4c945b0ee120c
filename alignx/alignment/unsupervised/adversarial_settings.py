"""Settings and results of adversarial training, without torch."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self, TypeAlias, get_args

if TYPE_CHECKING:
    from alignx.support.arrays import Matrix

__all__ = ["AdversarialEpoch", "AdversarialResult", "AdversarialSettings", "Preset"]

Preset: TypeAlias = Literal["fast", "muse"]


@dataclass(frozen=True, kw_only=True)
class AdversarialSettings:
    """Settings of `train_adversarial`; the defaults are the preset ``"fast"``.

    Parameters
    ----------
    initial_map : {"axes", "identity"}
        Map before training. ``"axes"`` aligns the principal axes of the languages in the order of
        their variances, each oriented to a positive third moment.
    vocabulary : int
        Most frequent rows of each language to sample from.
    scale : float
        Length of the rows that the discriminator sees, more than 0.
    hidden : int
        Width of the two hidden layers of the discriminator.
    discriminator_rate, map_rate : float
        Learning rates, more than 0.
    discriminator_steps : int
        Discriminator steps for each map step.
    orthogonality : float
        Strength b of the update ``(1 + b) W - b W W' W`` after each map step, in [0, 1).
    averaging : bool
        Whether the map of an epoch is the orthogonal map nearest to the mean over its steps.
        Training continues from the last step in any case.
    batch : int
        Rows of each language in one step.
    samples : int
        Rows of both languages in the map steps of an epoch, which has ``samples / (2 batch)``.
    epochs : int
        Epochs at most.
    decay : float
        Factor of the learning rates after each epoch, in (0, 1].
    patience : int
        Epochs without a better criterion that end training, at least 1.
    precision : {"float32", "bfloat16"}, optional
        Number type of products in the discriminator; weights and sums are float32. Default:
        bfloat16 where the device multiplies it faster.

    Notes
    -----
    ``"fast"`` was found on English-Spanish, by the criterion and the training dictionary. Against
    the publication, batches and learning rates are larger and the discriminator is narrower, so
    that a step of the map is cheaper and goes 24 times as far; the stronger pull towards
    orthogonal maps compensates. At a discriminator rate of 3 training diverged. The mean over the
    steps of an epoch is a better start of a refinement than its last step.
    """

    initial_map: Literal["axes", "identity"] = "axes"
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
                shown = ", ".join(map(str, choices))
                raise ValueError(f"{name} must be one of {shown}, got {getattr(self, name)!r}")
        for name, (least, most, rule) in _RANGES.items():
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} must {rule}, got {getattr(self, name)}")

    @classmethod
    def preset(cls, name: Preset = "fast") -> Self:
        """Return ``"fast"``, or ``"muse"``, the settings of the program of Conneau et al.

        On a processor ``"muse"`` takes hours, ``"fast"`` a minute or two.
        """
        if name not in get_args(Preset):
            raise ValueError(f"preset must be one of {', '.join(get_args(Preset))}, got {name!r}")
        if name == "fast":
            return cls()
        return cls(
            initial_map="identity",
            vocabulary=75_000,
            scale=3.7,  # mean length of fastText's vectors, which the publication takes unscaled
            hidden=2048,
            discriminator_rate=0.1,
            map_rate=0.1,
            discriminator_steps=5,
            orthogonality=0.001,
            averaging=False,
            batch=32,
            samples=1_000_000,
            epochs=5,
            decay=0.98,
            patience=5,
            precision="float32",
        )


_COUNT = (1, math.inf, "be at least 1")
_POSITIVE = (math.nextafter(0, 1), math.nextafter(math.inf, 0), "be more than 0 and finite")
_RANGES = {
    **dict.fromkeys(("vocabulary", "hidden", "discriminator_steps", "batch"), _COUNT),
    **dict.fromkeys(("samples", "epochs", "patience"), _COUNT),
    **dict.fromkeys(("scale", "discriminator_rate", "map_rate"), _POSITIVE),
    "decay": (math.nextafter(0, 1), 1.0, "lie in (0, 1]"),
    "orthogonality": (0.0, math.nextafter(1, 0), "lie in [0, 1)"),
}
_CHOICES: dict[str, tuple[str | None, ...]] = {
    "initial_map": ("axes", "identity"),
    "precision": ("float32", "bfloat16", None),
}


@dataclass(frozen=True)
class AdversarialEpoch:
    """Figures of one epoch.

    Attributes
    ----------
    epoch : int
        Number of the epoch, from 1.
    criterion : float
        `csls_criterion` of its map; -1 if the map is not finite, which ends training.
    discriminator_loss : float
        Mean cross-entropy of the discriminator steps, in nats.
    discriminator_accuracy : float
        Share of rows that the discriminator assigned to the right language, in [0, 1].
    map_rate : float
        Learning rate of the map.
    samples_per_second : float
        Rows of both languages in discriminator steps for each second.
    seconds : float
        Duration, criterion included.
    """

    epoch: int
    criterion: float
    discriminator_loss: float
    discriminator_accuracy: float
    map_rate: float
    samples_per_second: float = field(default=math.nan, compare=False)
    seconds: float = field(default=math.nan, compare=False)


@dataclass(frozen=True, eq=False)
class AdversarialResult:
    """Best map of a training.

    Attributes
    ----------
    map : (d, d) float32
        Nearly orthogonal; multiplies source rows from the right.
    criterion : float
        `csls_criterion` of the map, the best of all epochs.
    epochs : tuple of AdversarialEpoch
        Epochs in order, those before an interruption included.
    """

    map: Matrix
    criterion: float
    epochs: tuple[AdversarialEpoch, ...]
