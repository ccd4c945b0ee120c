"""Accuracy to expect with a number of known pairs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Expectation"]


@dataclass(frozen=True)
class Expectation:
    """Accuracy to expect with a number of known pairs.

    Attributes
    ----------
    pairs : int
        Known translations: source words of the dictionary that both vocabularies have.
    precision : float
        P@1 by CSLS on a test dictionary as MUSE's, in [0, 1], if the map succeeds.
    low, high : float
        Interval in which nine of ten languages that were held out fell, if the map succeeds.
    success : float
        Probability of a map that succeeds, in [0, 1].
    go : {"go", "try", "no go"}
        By the thresholds `GO` and `NO_GO` of `low` and `high`, and by `success`.
    """

    pairs: int
    precision: float
    low: float
    high: float
    success: float
    go: str

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that ``--json`` prints."""
        return asdict(self)
