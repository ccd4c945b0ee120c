"""Accuracy of ranked answers: P@1, P@5, P@10 and MRR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alignx.support.wilson import wilson_interval

if TYPE_CHECKING:
    from alignx.support.arrays import Double, Indices

__all__ = ["Accuracy"]

LEVELS = (1, 5, 10)


@dataclass(frozen=True)
class Accuracy:
    """Accuracy over queries.

    Attributes
    ----------
    n : int
        Number of queries: source words, or pairs under ``"xling"``.
    precision : dict of int to float
        P@1, P@5 and P@10, in [0, 1].
    mrr : float
        Mean reciprocal rank of the best right answer, in [0, 1].
    """

    n: int
    precision: dict[int, float]
    mrr: float

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of P@1, by Wilson's score, which holds for few queries too."""
        return wilson_interval(self.precision[1], self.n)

    @classmethod
    def of_ranks(cls, ranks: Indices | Double) -> Accuracy:
        """Summarize ranks from 1; infinity stands for a query without an answer."""
        n = len(ranks)
        if n == 0:
            return cls(0, dict.fromkeys(LEVELS, 0.0), 0.0)
        precision = {level: float((ranks <= level).mean()) for level in LEVELS}
        return cls(n, precision, float((1 / ranks).mean()))

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that ``--json`` prints."""
        return {
            "n": self.n,
            **{f"p@{level}": value for level, value in self.precision.items()},
            "mrr": self.mrr,
            "p@1_interval": list(self.interval),
        }
