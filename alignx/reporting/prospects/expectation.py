"""Accuracy to expect with a number of known pairs, by a model fitted on measured pairs."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alignx.reporting.prospects.facts import Facts

__all__ = ["WIDER", "Expectation", "accuracy_model", "expect", "features_of", "unlike_measured"]

# P@1 that makes a dictionary that people can correct, and one that at least holds right pairs.
GO, TRY = 0.4, 0.2
SURE, LIKELY = 0.8, 0.5  # probability of success
WIDER = 2.0  # times the interval on the logit scale, outside the range that was measured


@dataclass(frozen=True)
class Expectation:
    """Accuracy to expect with a number of known pairs.

    Attributes
    ----------
    pairs : int
        Source words of the dictionary that both vocabularies have.
    precision : float
        P@1 by CSLS on a test dictionary as MUSE's, in [0, 1], if the map succeeds.
    low, high : float
        90 % interval of `precision`, in [0, 1]; from the errors on language pairs that were left
        out of the fit, and wider for languages unlike those that were measured.
    success : float
        Probability of a map that succeeds, in [0, 1].
    verdict : {"go", "try", "no go"}
        ``"go"`` for a precision of at least 0.4, `low` of 0.2 and a probability of 0.8, but not for
        languages unlike those that were measured; ``"try"`` for a precision of 0.2 and a
        probability of 0.5.
    """

    pairs: int
    precision: float
    low: float
    high: float
    success: float
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that ``--json`` prints."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.pairs:>5,} pairs: P@1 {self.precision:.0%} ({self.low:.0%} to {self.high:.0%})"
            f", works with probability {self.success:.2f}: {self.verdict}"
        )


@cache
def accuracy_model() -> dict[str, Any]:
    """Read coefficients, ranges and errors; benchmarks/bench_prospects.py writes them."""
    text = (files("alignx") / "data" / "prospects.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def features_of(facts: Facts) -> dict[str, float]:
    """Give the figures that the model looks at.

    Where fewer than 50 identical words could be asked, they count as in the mean of what was
    measured.
    """
    known = facts.trial.identical_precision
    return {
        "agreement": math.sqrt(facts.trial.agreement),
        "identical": accuracy_model()["identical_otherwise"] if known is None else known,
        "spectral_similarity": facts.pair.spectral_similarity,
        "words": (math.log10(facts.source.words) + math.log10(facts.target.words)) / 2,
    }


def expect(features: Mapping[str, float], *, is_unlike: bool) -> tuple[Expectation, ...]:
    """Predict the accuracy for each number of pairs that was measured.

    Figures outside the measured range count as the nearest one inside.
    """
    model = accuracy_model()
    inside = {
        name: min(max(features[name], low), high) for name, (low, high) in model["ranges"].items()
    }
    found: list[Expectation] = []
    for size in model["sizes"]:
        found.append(_expected(size, inside, is_unlike, found[-1] if found else None))
    return tuple(found)


def _expected(
    size: Mapping[str, Any],
    features: Mapping[str, float],
    unlike: bool,
    fewer: Expectation | None,
) -> Expectation:
    """Predict for a number of pairs, at least as much as for fewer pairs, which it includes."""
    center = _linear(size["precision"], features)
    width = size["half_width"] * (WIDER if unlike else 1)
    precision, low, high = map(_logistic, (center, center - width, center + width))
    success = _logistic(_linear(size["success"], features))
    if fewer is not None:
        precision, low = max(precision, fewer.precision), max(low, fewer.low)
        high, success = max(high, precision), max(success, fewer.success)
    verdict = "no go"
    if precision >= TRY and success >= LIKELY:
        is_go = precision >= GO and low >= TRY and success >= SURE and not unlike
        verdict = "go" if is_go else "try"
    return Expectation(size["pairs"], precision, low, high, success, verdict)


def _linear(weights: Mapping[str, float], features: Mapping[str, float]) -> float:
    return weights["intercept"] + sum(
        weight * features[name] for name, weight in weights.items() if name != "intercept"
    )


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, value))))


def unlike_measured(facts: Facts, features: Mapping[str, float]) -> tuple[str, ...]:
    """Name the ways in which languages differ from all that were measured."""
    model = accuracy_model()
    found = []
    for each in (facts.source, facts.target):
        script = next(iter(each.scripts), "none")
        if script not in model["scripts"]:
            found.append(f"{each.name} is written in a script that was not measured ({script})")
        low, high = model["dimensions"]
        if not low <= each.dimension <= high:
            found.append(f"{each.name} has {each.dimension} dimensions; measured: {low} to {high}")
    for name, (low, high) in model["ranges"].items():
        # More likeness than ever measured is no reason for doubt.
        if features[name] < low or (features[name] > high and name == "words"):
            values = (features[name], low, high)
            told = [f"{10**value:,.0f}" if name == "words" else f"{value:.2f}" for value in values]
            found.append("{} is {}; measured: {} to {}".format(_NAMES[name], *told))
    return tuple(found)


_NAMES = {
    "agreement": "the agreement of the trial (its root)",
    "identical": "P@1 of identical words",
    "spectral_similarity": "the spectral similarity",
    "words": "the size of the vocabularies",
}
