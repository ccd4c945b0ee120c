"""Change of meaning between time slices of one language, from vectors."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from alignx.semantic_change.measures import Change, centered, measure_change, neighbor_rows
from alignx.semantic_change.result import Drift
from alignx.support.arguments import require_instance, require_whole
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Matrix

__all__ = ["N_NEIGHBORS", "common_words", "drift", "ranked", "scores_of"]

N_NEIGHBORS = 10
FEWEST_WORDS = 20
_SHOWN_NEIGHBORS = 10

logger = logging.getLogger("alignx")


def drift(
    slices: Mapping[str, Embeddings], *, n_neighbors: int = N_NEIGHBORS, limit: int | None = None
) -> Drift:
    """Rank words by the change of their meaning between time slices of one language.

    Parameters
    ----------
    slices : mapping of str to Embeddings
        Vectors of each slice, the earliest first: a dict, or a `SharedSpace`. They need no common
        space: slices are compared by orthogonal maps, and by neighbors within each.
    n_neighbors : int
        Neighbors in each slice whose similarities are compared.
    limit : int, optional
        Compare only the most frequent common words. Default: all.

    Returns
    -------
    Drift
        Words that all slices have, the most changed first, without significance: that takes the
        texts; see `drift_of_texts`.

    Raises
    ------
    ValueError, TypeError
        If there are fewer than two slices, they have fewer than 20 words in common, or an argument
        is out of range.

    Notes
    -----
    The score is the mean of two measures, less its median among words of like frequency: the
    cosine distance after orthogonal maps that were fitted without the word, and the cosine distance
    between its similarities to the nearest neighbors of both slices. Orthogonal maps keep all
    angles within a slice, so they cannot bend a change away as other maps do.

    References
    ----------
    Hamilton, Leskovec and Jurafsky, "Cultural Shift or Linguistic Drift?", EMNLP 2016.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> words = [f"w{row}" for row in range(50)]
    >>> then = rng.standard_normal((50, 8))
    >>> now = then @ np.linalg.qr(rng.standard_normal((8, 8)))[0]
    >>> now[7] = -now[7]
    >>> drift({"then": Embeddings(words, then), "now": Embeddings(words, now)}).words[0]
    'w7'
    """
    require_instance(slices, Mapping, "slices")
    for name, embeddings in slices.items():
        require_instance(embeddings, Embeddings, f"slices[{name!r}]")
    if len(slices) < 2:
        raise ValueError(f"slices must be at least 2, got {len(slices)}")
    require_whole(n_neighbors, "n_neighbors")
    if limit is not None:
        require_whole(limit, "limit")
        if limit < FEWEST_WORDS:
            raise ValueError(f"limit must be at least {FEWEST_WORDS}, got {limit}")
    words = common_words(slices)[:limit]
    if len(words) < FEWEST_WORDS:
        raise ValueError(
            f"slices must have at least {FEWEST_WORDS} words in common, got {len(words)}"
        )
    if not 1 <= n_neighbors < len(words):
        raise ValueError(f"n_neighbors must lie in [1, {len(words) - 1}], got {n_neighbors}")
    return ranked(slices, words, n_neighbors)


def common_words(slices: Mapping[str, Embeddings]) -> list[str]:
    """Return the words that have a vector in every slice, most frequent first."""
    usable = [embeddings.without_zero_rows() for embeddings in slices.values()]
    shared = [word for word in usable[0] if all(word in each for each in usable[1:])]
    shared = [word for word in shared if word != "</s>"]  # the end of a line, not a word
    ranks = np.sum([embeddings.rows(shared) for embeddings in slices.values()], axis=0)
    return [shared[row] for row in np.argsort(ranks, kind="stable")]


def scores_of(
    first: Embeddings, last: Embeddings, words: Sequence[str], n_neighbors: int
) -> Change:
    """Measure the change of words between two slices that have them."""
    # By Zipf's law ranks go with the inverse of counts, and variances of vectors with these.
    ranks = first.rows(words) + last.rows(words)
    then, now = _rows_of(first, words), _rows_of(last, words)
    return measure_change(then, now, ranks.astype(np.float64), n_neighbors=n_neighbors)


def ranked(slices: Mapping[str, Embeddings], words: Sequence[str], n_neighbors: int) -> Drift:
    """Measure the change of common words between all slices, and rank them."""
    parts = list(slices.values())
    overall = [scores_of(parts[0], each, words, n_neighbors) for each in parts[1:]]
    steps = [overall[0]]
    steps += [scores_of(a, b, words, n_neighbors) for a, b in list(pairwise(parts))[1:]]
    order = np.argsort(-overall[-1].score, kind="stable")
    near = [_named_neighbors(each, words) for each in parts]
    return Drift(
        slices=tuple(slices),
        words=tuple(words[row] for row in order),
        scores=overall[-1].score[order],
        distances=np.stack([change.distance for change in overall], axis=1)[order],
        steps=np.stack([change.score for change in steps], axis=1)[order],
        neighbors=tuple(tuple(names[row] for names in near) for row in order),
    )


def _rows_of(embeddings: Embeddings, words: Sequence[str]) -> Matrix:
    return centered(np.ascontiguousarray(embeddings.vectors[embeddings.rows(words)]))


def _named_neighbors(embeddings: Embeddings, words: Sequence[str]) -> list[tuple[str, ...]]:
    near = neighbor_rows(_rows_of(embeddings, words), min(_SHOWN_NEIGHBORS, len(words) - 1))
    return [tuple(words[other] for other in row) for row in near.tolist()]
