"""Paired rows of several languages, and the moments of each pair of languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from alignx.mapping.base import as_pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike

    from alignx.support.arrays import Double, Indices, Matrix

__all__ = ["Evidence", "Link", "Pair", "as_evidence", "covariance", "cross_moment", "islands"]

Pair: TypeAlias = tuple[int, int]


class Link(NamedTuple):
    """Paired rows of two languages, (p, 2), and the weight of each, (p,)."""

    pairs: Indices
    weights: Double

    @property
    def weight(self) -> float:
        """Weight of the pair of languages: the mean weight of its paired rows."""
        return float(self.weights.mean())


Evidence: TypeAlias = dict[Pair, Link]


def as_evidence(
    sizes: Sequence[int],
    pairs: Mapping[Pair, ArrayLike],
    weights: Mapping[Pair, ArrayLike] | None,
) -> Evidence:
    """Check the paired rows of languages with these numbers of rows.

    Raises
    ------
    ValueError
        If a pair names a language or row that does not exist, a pair of languages comes twice, a
        weight is negative or not finite, or the languages are not connected.
    """
    weights = {} if weights is None else weights
    unknown = weights.keys() - pairs.keys()
    if unknown:
        raise ValueError(
            f"weights must belong to pairs of languages with pairs, got {min(unknown)}"
        )
    evidence: Evidence = {}
    for pair, given in pairs.items():
        i, j = pair
        if i == j or min(pair) < 0 or max(pair) >= len(sizes):
            raise ValueError(f"pairs must join two of languages 0 to {len(sizes) - 1}, got {pair}")
        if (j, i) in evidence:
            raise ValueError(f"pairs must join two languages once, got {(j, i)} and {pair}")
        known = as_pairs(given, sizes[i], sizes[j])
        w = np.asarray(weights.get(pair, np.ones(len(known))), dtype=np.float64)
        if w.shape != (len(known),) or not (np.isfinite(w).all() and (w >= 0).all() and w.any()):
            raise ValueError(
                f"weights of {pair} must be {len(known)} numbers, finite, at least 0, and not all 0"
            )
        evidence[pair] = Link(known, w)
    parts = islands(len(sizes), evidence)
    if len(parts) > 1:
        named = ", ".join(str(part) for part in parts)
        raise ValueError(f"pairs must connect all languages, got islands {named}")
    return evidence


def islands(count: int, pairs: Iterable[Pair]) -> list[list[int]]:
    """List the connected parts of languages 0 to ``count - 1``.

    Examples
    --------
    >>> islands(4, [(0, 2), (2, 3)])
    [[0, 2, 3], [1]]
    """
    part_of = list(range(count))
    for i, j in pairs:
        kept, merged = sorted((part_of[i], part_of[j]))
        part_of = [kept if part == merged else part for part in part_of]
    return [[i for i in range(count) if part_of[i] == part] for part in sorted({*part_of})]


def cross_moment(source: Matrix, target: Matrix, link: Link) -> Double:
    """Average the products of paired rows, ``X' diag(weights) Y / p``, (d, e) float64."""
    X = source[link.pairs[:, 0]].astype(np.float64)
    X *= link.weights[:, None]
    product: Double = X.T @ target[link.pairs[:, 1]].astype(np.float64)
    return product / len(link.pairs)


def covariance(languages: Sequence[Matrix], evidence: Evidence, language: int) -> Double:
    """Average the outer products of the paired rows of a language, (d, d) float64.

    Every language that it is paired with counts as much as the weight of that pair.
    """
    rows, total, weight = languages[language], np.zeros(()), 0.0
    for pair, link in evidence.items():
        if language in pair:
            # Few of the rows differ: sum the weights of each first.
            column = link.pairs[:, pair.index(language)]
            words, at = np.unique(column, return_inverse=True)
            X = rows[words].astype(np.float64)
            w = np.bincount(at, link.weights)[:, None]
            total = total + X.T @ (w * X) / len(column)
            weight += link.weight
    covariance: Double = total / weight
    return covariance
