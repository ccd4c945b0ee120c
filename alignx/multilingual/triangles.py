"""Cycle consistency of the pairs that several languages induce."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from alignx.multilingual.multilingual_alignment import Triangle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alignx.support.arrays import Double, Indices

__all__ = ["Cycles", "Translations", "cycles_of", "triangles", "weights_of_cycles"]

Pair: TypeAlias = tuple[str, str]


class Cycles(NamedTuple):
    """Third languages through which each of (p,) pairs is confirmed, and contradicted."""

    closed: Indices
    open: Indices


class Translations:
    """Mutual neighbors of languages, looked up in both directions.

    Parameters
    ----------
    found : mapping of (str, str) to (p, 2) int64
        Rows of the pairs of each two languages; a row occurs once in a column.
    sizes : mapping of str to int
        Number of rows of each language that take part.
    """

    def __init__(self, found: Mapping[Pair, Indices], sizes: Mapping[str, int]) -> None:
        self.answers: dict[Pair, Indices] = {}
        self.neighbors: dict[str, set[str]] = {code: set() for code in sizes}
        for (source, target), pairs in found.items():
            for codes, sides in (((source, target), (0, 1)), ((target, source), (1, 0))):
                # One more, for rows beyond and for -1: no translation.
                answers = np.full(sizes[codes[0]] + 1, -1)
                answers[pairs[:, sides[0]]] = pairs[:, sides[1]]
                self.answers[codes] = answers
                self.neighbors[codes[0]].add(codes[1])

    def __call__(self, source: str, target: str, rows: Indices) -> Indices:
        """Translate rows; -1 stands for no translation, as of rows beyond those of the pairs."""
        answers = self.answers[source, target]
        return answers[np.minimum(rows, len(answers) - 1)]

    def thirds(self, source: str, target: str) -> list[str]:
        """List the languages that are paired with both."""
        return sorted(self.neighbors[source] & self.neighbors[target])


def cycles_of(translations: Translations, source: str, target: str, pairs: Indices) -> Cycles:
    """Count the third languages that agree with pairs (p, 2), and those that do not.

    A third language counts where it has a translation of both words: the same, or two.

    Examples
    --------
    >>> same = np.array([[0, 0], [1, 1]])
    >>> crossed = np.array([[0, 1], [1, 1]])
    >>> found = Translations({("en", "es"): same, ("es", "de"): same}, {"en": 2, "es": 2, "de": 2})
    >>> cycles_of(found, "en", "de", crossed)
    Cycles(closed=array([0, 1]), open=array([1, 0]))
    """
    closed, is_open = np.zeros((2, len(pairs)), dtype=np.int64)
    for third in translations.thirds(source, target):
        one = translations(source, third, pairs[:, 0])
        other = translations(target, third, pairs[:, 1])
        both = (one >= 0) & (other >= 0)
        closed += both & (one == other)
        is_open += both & (one != other)
    return Cycles(closed, is_open)


def weights_of_cycles(cycles: Cycles) -> Double:
    """Weigh pairs by the share of third languages that agree, one vote given in advance.

    Examples
    --------
    >>> weights_of_cycles(Cycles(np.array([0, 2, 0, 1]), np.array([0, 0, 1, 1])))
    array([1.        , 1.        , 0.5       , 0.66666667])
    """
    weights: Double = (1 + cycles.closed) / (1 + cycles.closed + cycles.open)
    return weights


def triangles(found: Mapping[Pair, Indices], sizes: Mapping[str, int]) -> tuple[Triangle, ...]:
    """Follow words around each three languages that all have pairs with each other.

    Examples
    --------
    >>> same, crossed = np.array([[0, 0], [1, 1]]), np.array([[0, 1], [1, 0]])
    >>> found = {("en", "es"): same, ("es", "de"): same, ("de", "en"): crossed}
    >>> triangles(found, {"en": 2, "es": 2, "de": 2})
    (Triangle(languages=('en', 'es', 'de'), cycles=2, closed=0),)
    """
    translations = Translations(found, sizes)
    result = []
    for a, b, c in combinations(sizes, 3):
        if b in translations.neighbors[a] and c in translations.thirds(a, b):
            start = np.arange(sizes[a])
            end = translations(c, a, translations(b, c, translations(a, b, start)))
            cycles, closed = int((end >= 0).sum()), int((end == start).sum())
            result.append(Triangle((a, b, c), cycles, closed))
    return tuple(result)
