"""Hubs: target words that are near to very many source words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alignx.support.arrays import Indices

__all__ = ["Hub", "Hubs"]


@dataclass(frozen=True)
class Hub:
    """A target word, and the number of source words that have it among their k nearest.

    Attributes
    ----------
    word : str
        The target word.
    before, after : int
        Number by cosine, and by CSLS.
    examples : tuple of str
        A few of the source words that have it nearest by cosine.
    """

    word: str
    before: int
    after: int
    examples: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Hubs:
    """Occurrences of target words among the k nearest of source words.

    Attributes
    ----------
    before, after : (m,) int64
        Occurrences of each target word by cosine, and by CSLS.
    k : int
        Nearest words of each source word that count.
    skewness : (float, float)
        Skewness of `before` and of `after`; 0 means no hubs.
    worst : tuple of Hub
        The words with the most occurrences by cosine.
    """

    before: Indices
    after: Indices
    k: int
    skewness: tuple[float, float]
    worst: tuple[Hub, ...]
