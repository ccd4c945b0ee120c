"""Documents ranked by vectors, by terms, or by both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from alignx.search.part import Part
    from alignx.support.arrays import Double, Indices, Matrix

__all__ = ["DEPTH", "DocumentRanking", "Hit", "hits_of_part"]

DocumentRanking: TypeAlias = Literal["fused", "dense", "lexical"]
"""Ranking of documents: by vectors, by translated terms, or by both."""

DEPTH = 200  # candidates of each ranking that are scored by both
_DENSE_WEIGHT = 0.2


class Hit(NamedTuple):
    """A document that was found.

    `row` is its number among all documents that were given, from 0; `score` that of the ranking;
    `dense` the cosine in [-1, 1]; `lexical` the share in [0, 1] of the highest BM25 score.
    """

    row: int
    score: float
    dense: float
    lexical: float
    language: str
    text: str


def hits_of_part(
    part: Part,
    language: str,
    vector: Matrix,
    near: Indices,
    shares: Double,
    k: int,
    ranking: DocumentRanking,
) -> list[Hit]:
    """Score the best documents of a part by both rankings, and take the first.

    Parameters
    ----------
    part, language
        Documents and their language.
    vector : (d,) float32
        Unit vector of the query.
    near : (c,) int64
        Documents with the nearest vectors.
    shares : (n,) float64
        Share of the highest BM25 score of each document.
    k : int
        Most documents.
    ranking : {"fused", "dense", "lexical"}
        Scores to rank by.

    Returns
    -------
    list of Hit
        Documents with a score above 0, best first.
    """
    rows = np.union1d(near, _largest(shares, max(k, DEPTH)))
    dense, lexical = part.vectors[rows] @ vector, shares[rows]
    weight = {"fused": _DENSE_WEIGHT, "dense": 1.0, "lexical": 0.0}[ranking]
    scores: Double = np.asarray(weight * dense + (1 - weight) * lexical, dtype=np.float64)
    return [
        Hit(
            int(part.rows[rows[at]]),
            float(scores[at]),
            float(dense[at]),
            float(lexical[at]),
            language,
            part.text(int(rows[at])),
        )
        for at in _largest(scores, k)
    ]


def _largest(scores: Double, k: int) -> Indices:
    """Return the positions of the k largest scores above 0, best first, lower positions first."""
    known = np.flatnonzero(scores > 0)
    if len(known) > k:
        least = np.partition(scores[known], -k)[-k]
        known = known[scores[known] >= least]
    order: Indices = np.argsort(-scores[known], kind="stable")[:k]
    return known[order]
