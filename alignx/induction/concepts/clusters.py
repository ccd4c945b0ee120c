"""Clusters of words that translate each other, by average linkage."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alignx.support.arrays import Double, Indices

__all__ = ["Edges", "cluster", "count_triangles", "densities"]


class Edges(NamedTuple):
    """Translations between words of different languages, each once.

    Attributes
    ----------
    words : (e, 2) int64
        Numbers of both words.
    weights : (e,) float64
        Probability of each translation, in [0, 1].
    """

    words: Indices
    weights: Double


def count_triangles(edges: Edges, n_words: int) -> Indices:
    """Count the words that are translations of both ends of each edge, (e,) int64.

    Cost: the edges of both ends of all edges.

    Examples
    --------
    >>> count_triangles(Edges(np.array([[0, 1], [1, 2], [0, 2], [2, 3]]), np.ones(4)), 4)
    array([1, 1, 1, 0])
    """
    from scipy.sparse import coo_array

    first, second = edges.words.T
    half = coo_array((np.ones(len(first), np.int64), (first, second)), (n_words, n_words)).tocsr()
    both = half + half.T
    # Only at the edges: the whole product holds all words that share a translation.
    return np.asarray(both[first].multiply(both[second]).sum(axis=1)).ravel()


def cluster(
    edges: Edges,
    language: Sequence[int],
    compared: Iterable[tuple[int, int]],
    agreement: float,
    most: int,
) -> list[list[int]]:
    """Join words to clusters in which most pairs of words are translations.

    The edges join the clusters of their two words, in the order of the triangles that they lie in,
    and then of their weights. Two clusters are joined where, of all pairs of a word of one and a
    word of the other whose languages were compared, at least the share `agreement` are edges, and
    together they have at most `most` words of each language. So one wrong translation does not join
    two concepts, and a missing one does not divide a concept.

    Parameters
    ----------
    edges : Edges
        Translations.
    language : sequence of int
        Number of the language of each word.
    compared : iterable of (int, int)
        Pairs of languages whose words were compared.
    agreement : float
        Least share of edges, in [0, 1].
    most : int
        Most words of a language in a cluster.

    Returns
    -------
    list of list of int
        Words of each cluster of at least two words.

    Notes
    -----
    Each edge is tried once. A join costs the edges of the words of the smaller cluster, so that all
    cost about ``e log e``.

    References
    ----------
    Average linkage: Sokal and Michener, 1958. With one half as `agreement` a join lowers the number
    of disagreements of correlation clustering: Bansal, Blum and Chawla, "Correlation Clustering",
    Machine Learning 2004.

    Examples
    --------
    >>> edges = Edges(np.array([[0, 1], [1, 2], [0, 2], [2, 3]]), np.ones(4))
    >>> compared = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    >>> cluster(edges, [0, 1, 2, 3], compared, 0.5, 1)
    [[0, 1, 2]]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    near = _neighbors(compared)
    n = len(language)
    ends = edges.words[:, 0], edges.words[:, 1]
    _, component = connected_components(coo_array((np.ones(len(ends[0])), ends), (n, n)), False)
    parts = component[ends[0]]
    order = np.lexsort((-edges.weights, -count_triangles(edges, n), parts))
    # One component at a time, so that memory holds the links of one.
    starts = np.flatnonzero(np.diff(parts[order], prepend=-1))
    found: list[list[int]] = []
    for part in np.split(edges.words[order], starts[1:]) if len(order) else []:
        found += _joined(part.tolist(), language, near, agreement, most)
    return found


def _joined(
    links: list[list[int]],
    language: Sequence[int],
    near: dict[int, set[int]],
    agreement: float,
    most: int,
) -> list[list[int]]:
    """Join the words of a component by its links, in their order."""
    linked = _neighbors(links)
    of = {word: word for word in linked}
    members = {word: [word] for word in linked}
    counts = {word: Counter([language[word]]) for word in linked}
    for first, second in links:
        small, large = sorted((of[first], of[second]), key=lambda each: len(members[each]))
        joined = counts[small] + counts[large]
        if small == large or max(joined.values()) > most:
            continue
        edge_count = sum(of[other] == large for word in members[small] for other in linked[word])
        if edge_count >= agreement * _pairs(counts[small], counts[large], near):
            for word in members[small]:
                of[word] = large
            members[large] += members.pop(small)
            counts[large] = joined
    return [sorted(words) for words in members.values() if len(words) > 1]


def densities(
    clusters: Sequence[Sequence[int]],
    edges: Edges,
    language: Sequence[int],
    compared: Iterable[tuple[int, int]],
) -> Double:
    """Compute the mean weight of the pairs of words of each cluster, (n,) float64.

    All pairs of words whose languages were compared count, those without an edge as 0: the mean is
    the share of the pairs that agree, times their mean weight.

    Examples
    --------
    >>> edges = Edges(np.array([[0, 1], [1, 2]]), np.array([0.9, 0.6]))
    >>> densities([[0, 1, 2]], edges, [0, 1, 2], [(0, 1), (1, 2), (0, 2)]).tolist()
    [0.5]
    """
    near = _neighbors(compared)
    of = {word: at for at, words in enumerate(clusters) for word in words}
    sums = np.zeros(len(clusters))
    for (first, second), weight in zip(edges.words.tolist(), edges.weights.tolist(), strict=True):
        if of.get(first, -1) == of.get(second, -2):
            sums[of[first]] += weight
    counts = (Counter(language[word] for word in words) for words in clusters)
    # Each pair is counted from both sides.
    return np.asarray(sums / np.array([_pairs(each, each, near) / 2 for each in counts]))


def _neighbors(pairs: Iterable[Sequence[int]]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for first, second in pairs:
        found.setdefault(first, set()).add(second)
        found.setdefault(second, set()).add(first)
    return found


def _pairs(few: Counter[int], many: Counter[int], near: dict[int, set[int]]) -> int:
    """Count the pairs of a word of each cluster whose languages were compared."""
    return sum(n * many[other] for code, n in few.items() for other in near[code] if other in many)
