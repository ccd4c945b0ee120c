"""Nearness of languages in one space, of their most frequent words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.retrieval.csls import mutual_neighbors
from alignx.retrieval.neighbors import N_NEIGHBORS

if TYPE_CHECKING:
    from alignx.vectors.embeddings import Embeddings

__all__ = ["nearness"]


def nearness(source: Embeddings, target: Embeddings, *, vocabulary: int = 2_000) -> float:
    """Compute the share of frequent words with a mutual nearest neighbor by CSLS, in [0, 1].

    The `vocabulary` most frequent words of each language, or of the smaller one, are compared; that
    takes a fraction of a second.

    Examples
    --------
    >>> import numpy as np
    >>> from alignx.vectors.embeddings import Embeddings
    >>> english = Embeddings(["cat", "dog", "the"], np.eye(3))
    >>> spanish = Embeddings(["gato", "perro", "el"], np.eye(3)[[0, 1, 0]])
    >>> round(nearness(english, spanish), 2)
    0.67
    """
    size = min(len(source), len(target), vocabulary)
    first, second = source.vectors[:size], target.vectors[:size]
    return len(mutual_neighbors(first, second, n_neighbors=min(N_NEIGHBORS, size))) / size
