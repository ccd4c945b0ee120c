"""Accuracy of sentence retrieval: each sentence finds its translation among all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.evaluation.accuracy import Accuracy
from alignx.retrieval.csls import csls_biases
from alignx.retrieval.margin import blockwise_neighbors, ratio_margin
from alignx.retrieval.neighbors import N_NEIGHBORS
from alignx.support.arrays import as_rows, require_same_dimension, zero_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from alignx.support.arrays import Double, Indices, Matrix

__all__ = ["SentenceRetrieval", "evaluate_sentences"]

_BLOCK = 1024
_NEAREST = 4  # neighbors of the ratio margin


@dataclass(frozen=True)
class SentenceRetrieval:
    """Accuracy of sentence retrieval in both directions.

    Attributes
    ----------
    from_source, from_target : mapping of {"csls", "nn", "margin"} to Accuracy
        Accuracy by CSLS of 10 neighbors, by the cosine, and by the ratio margin of 4 neighbors.
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

    References
    ----------
    Lample et al., "Word translation without parallel data", ICLR 2018.
    Artetxe and Schwenk, "Margin-based Parallel Corpus Mining with Multilingual Sentence
    Embeddings", ACL 2019.

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
    near = blockwise_neighbors(X, Y, min(_NEAREST, len(X)))
    source_mean, target_mean = (
        found.scores.mean(axis=1) for found in (near.of_source, near.of_target)
    )
    empty = zero_rows(X) | zero_rows(Y)
    return SentenceRetrieval(
        _accuracies(X, Y, target_bias, source_mean, target_mean, empty),
        _accuracies(Y, X, source_bias, target_mean, source_mean, empty),
        int(np.sum(empty)),
    )


def _accuracies(
    queries: Matrix,
    keys: Matrix,
    bias: Matrix,
    queries_mean: Matrix,
    keys_mean: Matrix,
    empty: NDArray[np.bool_],
) -> dict[str, Accuracy]:
    """Compute the accuracy by each score, row i of the keys being right for row i of the queries.

    `bias` is that of CSLS; the means are average cosines to the nearest neighbors.
    """
    ranks: dict[str, list[Indices]] = {"csls": [], "nn": [], "margin": []}
    for start in range(0, len(queries), _BLOCK):
        cosines = queries[start : start + _BLOCK] @ keys.T
        own = queries_mean[start : start + _BLOCK, None]
        ranks["csls"].append(_ranks(cosines - bias, start))
        ranks["nn"].append(_ranks(cosines, start))
        ranks["margin"].append(_ranks(ratio_margin(cosines, own, keys_mean), start))
    return {
        name: Accuracy.of_ranks(np.where(empty, np.inf, np.concatenate(parts)))
        for name, parts in ranks.items()
    }


def _ranks(scores: Matrix | Double, start: int) -> Indices:
    """Count the keys that score no less than the right one, itself included."""
    right = scores[np.arange(len(scores)), np.arange(start, start + len(scores))]
    return np.asarray(np.sum(scores >= right[:, None], axis=1), dtype=np.int64)
