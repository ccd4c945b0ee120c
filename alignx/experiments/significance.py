"""Differences between the methods of a grid, on the same questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from alignx.evaluation.paired_bootstrap import ResampledScores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from alignx.evaluation.paired_bootstrap import PairedDifference
    from alignx.support.arrays import Double

    Scores: TypeAlias = dict[str, Double]

__all__ = [
    "MEAN",
    "RESAMPLES",
    "Family",
    "families",
    "intervals",
    "lacking",
    "method_label",
    "scores_by_pair",
]

MEAN = "mean"
RESAMPLES = 10_000


def method_label(method: str, size: int | None) -> str:
    """Name a method with its number of known words."""
    return method if size is None else f"{method}, {size:,} words"


@dataclass(frozen=True, eq=False)
class Family:
    """Methods that are compared with one baseline; P@1 by CSLS.

    Attributes
    ----------
    baseline : str
        Label of the method that the others are compared with.
    by_pair : dict of str to ResampledScores
        Scores of the methods by pair of languages, and their ``"mean"`` over several pairs. Methods
        that failed on a pair are missing there; the mean is over pairs without a failure.
    n : dict of str to int
        Questions of each pair, the same for all methods, and all those behind the mean.
    """

    baseline: str
    by_pair: dict[str, ResampledScores]
    n: dict[str, int]

    @classmethod
    def of(cls, baseline: str, labels: Sequence[str], scores: Mapping[str, Scores]) -> Self:
        """Resample the questions of each pair whose baseline succeeded."""
        by_pair, n = {}, {}
        for number, (pair, of_pair) in enumerate(scores.items()):
            found = {label: of_pair[label] for label in labels if label in of_pair}
            if baseline in found and len(found) > 1 and len(found[baseline]):
                by_pair[pair] = ResampledScores.of(found, RESAMPLES, random_state=number)
                n[pair] = len(found[baseline])
        whole = [pair for pair, each in by_pair.items() if len(each.names) == len(labels)]
        if len(whole) > 1:
            by_pair[MEAN] = ResampledScores.mean_of([by_pair[pair] for pair in whole])
            n[MEAN] = sum(n[pair] for pair in whole)
        return cls(baseline, by_pair, n)

    def differences(self) -> dict[str, dict[str, PairedDifference]]:
        """Return the differences to the baseline by pair and label."""
        return {pair: each.differences(self.baseline) for pair, each in self.by_pair.items()}

    def best(self) -> dict[str, str]:
        """Return the method that is significantly better than each other one, by pair."""
        found = {pair: each.clear_best() for pair, each in self.by_pair.items()}
        return {pair: label for pair, label in found.items() if label is not None}

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON can hold them."""
        return {
            "baseline": self.baseline,
            "n": self.n,
            "resamples": RESAMPLES,
            "differences": {
                pair: {label: each.as_dict() for label, each in found.items()}
                for pair, found in self.differences().items()
            },
            "best": self.best(),
        }


def families(results: Sequence[dict[str, Any]], baseline: str) -> list[Family]:
    """Group the methods of a grid by the number of known words, each with its baseline.

    Methods without such a number have the baseline with all words, or the first in the grid.
    """
    cells = list(dict.fromkeys((result["method"], result["size"]) for result in results))
    first = next((cell for cell in cells if cell[0] == baseline), cells[0])
    groups: dict[str, list[str]] = {}
    for method, size in cells:
        base = method_label(*((baseline, size) if (baseline, size) in cells else first))
        group = groups.setdefault(base, [base])
        if method_label(method, size) not in group:
            group.append(method_label(method, size))
    scores = scores_by_pair(results)
    found = [Family.of(base, group, scores) for base, group in groups.items()]
    return [family for family in found if family.by_pair]


def scores_by_pair(results: Sequence[dict[str, Any]]) -> dict[str, Scores]:
    """Return P@1 of each question by pair and label, (n, 1): the share of seeds that are right.

    Questions that a map of the pair was fitted on are left out, and so are the cells of `lacking`.
    """
    left_out = {id(result) for result in lacking(results)}
    by_pair: dict[str, dict[str, list[Double]]] = {}
    known: dict[str, set[int]] = {}
    for result in results:
        if result["failed"] is None and id(result) not in left_out:
            right = np.array([rank == 1 for rank in result["questions"]["ranks"]], dtype=np.float64)
            label = method_label(result["method"], result["size"])
            by_pair.setdefault(result["pair"], {}).setdefault(label, []).append(right)
            known.setdefault(result["pair"], set()).update(result["questions"]["known"])
    return {
        pair: {
            label: np.delete(np.mean(seeds, axis=0), sorted(known[pair]))[:, None]
            for label, seeds in of_pair.items()
        }
        for pair, of_pair in by_pair.items()
    }


def lacking(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the results with fewer questions than others of their pair.

    The files of a pair are the same for all methods, but a normalization or a map can turn the
    vector of a word to zero.
    """
    asked = [(each, len(each["questions"]["ranks"])) for each in results if not each["failed"]]
    most: dict[str, int] = {}
    for result, n in asked:
        most[result["pair"]] = max(n, most.get(result["pair"], 0))
    return [result for result, n in asked if n < most[result["pair"]]]


def intervals(scores: Mapping[str, Scores]) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Return P@1 and its 95 % interval by pair and label."""
    figures = {}
    for pair, of_pair in scores.items():
        if len(next(iter(of_pair.values()))):
            found = ResampledScores.of(of_pair, RESAMPLES)
            figures[pair] = {
                label: (float(found.means[i, 0]), *found.interval(i, 0))
                for i, label in enumerate(found.names)
            }
    return figures
