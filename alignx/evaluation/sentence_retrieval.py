"""Accuracy of sentence retrieval: each sentence finds its translation among all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.evaluation.accuracy import Accuracy
from alignx.retrieval.csls import csls_biases
from alignx.retrieval.neighbors import N_NEIGHBORS
from alignx.support.arrays import as_rows, require_same_dimension

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from alignx.support.arrays import Indices, Matrix

__all__ = ["SentenceRetrieval", "evaluate_sentences"]

_BLOCK = 1024


@dataclass(frozen=True)
class SentenceRetrieval:
    """Accuracy of sentence retrieval in both directions.

    Attributes
    ----------
    from_source, from_target : mapping of {"csls", "nn"} to Accuracy
        Accuracy by CSLS and by the cosine.
    empty : int
        Pairs with a zero row, which count as wrong.
    """

    from_source: Mapping[str, Accuracy]
    from_target: Mapping[str, Accuracy]
    empty: int

    def __str__(self) -> str:
        lines = []
        for name, found in (("from source", self.from_source), ("from target", self.from_target)):
            for ranking, accuracy in found.items():
                low, high = accuracy.interval
                lines.append(
                    f"{name}, {ranking}: P@1 {accuracy.precision[1]:.1%} "
                    f"[{low:.1%}, {high:.1%}], MRR {accuracy.mrr:.3f}, n {accuracy.n:,}"
                )
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "from_source": {name: found.as_dict() for name, found in self.from_source.items()},
            "from_target": {name: found.as_dict() for name, found in self.from_target.items()},
            "empty": self.empty,
        }


def evaluate_sentences(source: ArrayLike, target: ArrayLike) -> SentenceRetrieval:
    """Measure how often each sentence finds its translation, in both directions.

    Parameters
    ----------
    source, target : (n, d) float32
        Unit rows of sentences and their translations, in the same order, as of `SentenceEncoder`
        or any other encoder.

    Returns
    -------
    SentenceRetrieval
        Other sentences with the same score as the translation count as ranked before it.

    Raises
    ------
    ValueError
        If there are no rows, or their numbers differ.
    DimensionError
        If the widths differ.

    Notes
    -----
    Takes O(n^2 d) time and O(n) memory beyond its arguments.

    Examples
    --------
    >>> rows = np.eye(3, dtype=np.float32)
    >>> evaluate_sentences(rows, rows).from_source["nn"].precision[1]
    1.0
    """
    X, Y = as_rows(source, "source"), as_rows(target, "target")
    require_same_dimension(X, Y, "source and target")
    if len(X) != len(Y):
        raise ValueError(f"source and target must have as many rows, got {len(X)} and {len(Y)}")
    if not len(X):
        raise ValueError("source and target must have at least 1 row, got 0")
    source_bias, target_bias = csls_biases(X, Y, n_neighbors=min(N_NEIGHBORS, len(X)))
    none = np.zeros(len(X), np.float32)
    return SentenceRetrieval(
        {"csls": _accuracy(X, Y, target_bias), "nn": _accuracy(X, Y, none)},
        {"csls": _accuracy(Y, X, source_bias), "nn": _accuracy(Y, X, none)},
        int(np.sum(~X.any(axis=1) | ~Y.any(axis=1))),
    )


def _accuracy(queries: Matrix, keys: Matrix, bias: Matrix) -> Accuracy:
    ranks = np.concatenate(
        [
            _ranks(queries[start : start + _BLOCK], start, keys, bias)
            for start in range(0, len(queries), _BLOCK)
        ]
    )
    return Accuracy.of_ranks(ranks)


def _ranks(queries: Matrix, start: int, keys: Matrix, bias: Matrix) -> Indices:
    """Count the keys that score no less than the right one, itself included."""
    scores = queries @ keys.T - bias
    right = scores[np.arange(len(queries)), np.arange(start, start + len(queries))]
    return np.asarray(np.sum(scores >= right[:, None], axis=1), dtype=np.int64)
