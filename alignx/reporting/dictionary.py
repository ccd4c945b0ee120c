"""The dictionary of a report: translations in both directions, and neighbors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Indices, Matrix

__all__ = ["Dictionary", "Direction"]


@dataclass(frozen=True, eq=False)
class Direction:
    """Translations of the words of one language, and their neighbors in it.

    Attributes
    ----------
    answers : (n, k) int64
        Rows of the other language, best first.
    scores : (n, k) float32
        Probabilities in [0, 1], or CSLS in [-2, 2].
    neighbors : (n, k) int64
        Rows of the same language, nearest first, without the word itself.
    """

    answers: Indices
    scores: Matrix
    neighbors: Indices


@dataclass(frozen=True, eq=False)
class Dictionary:
    """The dictionary of a report, in both directions.

    Attributes
    ----------
    source, target : sequence of str
        Words of each language, most frequent first.
    forward, backward : Direction
        From source to target, and from target to source.
    score : {"probability", "csls"}
        Meaning of the scores of both directions.
    """

    source: Sequence[str]
    target: Sequence[str]
    forward: Direction
    backward: Direction
    score: str
