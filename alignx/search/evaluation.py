"""Ranking metrics of a search with known answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.support.bootstrap import bootstrap_means, percentile_interval
from alignx.texts.documents import as_texts

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from alignx.search.index import CrossLingualIndex
    from alignx.search.ranking import DocumentRanking
    from alignx.support.arrays import Double

__all__ = ["SearchReport", "evaluate_search"]

METRICS = ("map", "ndcg", "mrr", "precision")
NDCG_DEPTH = 10
_RESAMPLES = 1_000


@dataclass(frozen=True, eq=False, repr=False)
class SearchReport:
    """Ranking metrics over queries.

    Attributes
    ----------
    n : int
        Number of queries.
    figures : dict of str to float
        Mean average precision ``"map"``, ``"ndcg"`` of the first 10, mean reciprocal rank
        ``"mrr"`` and ``"precision"`` of the first answer, in [0, 1].
    intervals : dict of str to (float, float)
        95 % intervals by the bootstrap over queries.
    """

    n: int
    figures: dict[str, float]
    intervals: dict[str, tuple[float, float]]

    @classmethod
    def of(
        cls, rankings: Sequence[Sequence[int]], relevant: Sequence[Collection[int]]
    ) -> SearchReport:
        """Measure rankings of documents, best first, one for each query."""
        pairs = zip(rankings, relevant, strict=True)
        values = np.array([_metrics(found, {*wanted}) for found, wanted in pairs])
        draws = bootstrap_means(values, _RESAMPLES)
        return cls(
            len(rankings),
            dict(zip(METRICS, values.mean(axis=0).tolist(), strict=True)),
            {name: percentile_interval(draws[:, i]) for i, name in enumerate(METRICS)},
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON has them."""
        return {"n": self.n, **self.figures, "intervals": dict(self.intervals)}

    def __str__(self) -> str:
        """Return the figures in one line."""
        names = {"map": "MAP", "ndcg": f"nDCG@{NDCG_DEPTH}", "mrr": "MRR", "precision": "P@1"}
        shown = []
        for name, value in self.figures.items():
            low, high = self.intervals[name]
            shown.append(f"{names[name]} {value:.3f} ({low:.3f}-{high:.3f})")
        return f"{', '.join(shown)}; {self.n:,} queries"

    __repr__ = __str__


def evaluate_search(
    index: CrossLingualIndex,
    queries: Sequence[str],
    relevant: Sequence[Collection[int]],
    *,
    language: str,
    k: int = 100,
    ranking: DocumentRanking = "fused",
) -> SearchReport:
    """Measure the ranking of queries with known answers.

    Parameters
    ----------
    index : CrossLingualIndex
        Documents.
    queries : sequence of str
        Queries.
    relevant : sequence of collection of int
        Rows of the right documents of each query, at least one; see `Hit.row`.
    language : str
        Language of the queries.
    k : int
        Depth of the ranking, at least 1. Documents below count as not found.
    ranking : {"fused", "dense", "lexical"}
        Ranking; see `CrossLingualIndex.search`.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or a query has no right document.

    References
    ----------
    Järvelin and Kekäläinen, "Cumulated Gain-Based Evaluation of IR Techniques", TOIS 20, 2002.

    Examples
    --------
    >>> import alignx as ax
    >>> words = ax.Embeddings(["cat", "dog"], [[1, 0], [0, 1]])
    >>> space = ax.SharedSpace({"en": words, "sv": words})
    >>> index = ax.CrossLingualIndex.build(space, {"sv": ["a cat", "a dog"]})
    >>> evaluate_search(index, ["dog"], [[1]], language="en").figures["mrr"]
    1.0
    """
    given = as_texts(queries, "queries")
    if not given or len(given) != len(relevant):
        raise ValueError(
            "queries and relevant must have equal lengths, at least 1, got "
            f"{len(given)} and {len(relevant)}"
        )
    if empty := [i for i, rows in enumerate(relevant) if not len(rows)]:
        raise ValueError(f"relevant must hold a row or more for each query, got none at {empty[0]}")
    found = index.search(given, k, language=language, ranking=ranking)
    return SearchReport.of([[hit.row for hit in hits] for hits in found], relevant)


def _metrics(rows: Sequence[int], relevant: set[int]) -> Double:
    """Compute average precision, nDCG, reciprocal rank and precision of one ranking."""
    is_right = np.array([row in relevant for row in rows] or [False])
    ranks = np.flatnonzero(is_right) + 1
    average = (np.arange(1, len(ranks) + 1) / ranks).sum() / len(relevant)
    gains = 1 / np.log2(np.arange(2, NDCG_DEPTH + 2))
    ideal = gains[: len(relevant)].sum()
    ndcg = gains[: len(is_right)][is_right[:NDCG_DEPTH]].sum() / ideal
    return np.array([average, ndcg, 1 / ranks[0] if len(ranks) else 0.0, float(is_right[0])])
