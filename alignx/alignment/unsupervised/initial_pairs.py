"""Unsupervised seed dictionaries from similarity profiles or principal axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from alignx.mapping.spectral import principal_axes
from alignx.retrieval.csls import csls_biases, mutual_neighbors
from alignx.retrieval.exact import ExactIndex
from alignx.support.arrays import unit_rows
from alignx.vectors.normalizer import Normalizer

if TYPE_CHECKING:
    from alignx.support.arrays import Indices, Matrix

__all__ = ["PROFILES", "ProfileSettings", "axes_pairs", "distributional_pairs", "profile_pairs"]

N_NEIGHBORS = 10
AXES_VOCABULARY = 8_000
LARGEST = 6_000
COLUMNS = 2_000
# Rank differences among the most frequent words, mostly function words, mean nothing.
FIRST_RANKS = 50
SAMPLE = 300


class ProfileSettings(NamedTuple):
    """Settings of dictionaries from similarity profiles of the same words.

    Attributes
    ----------
    vocabulary : int
        Most frequent words of each language to compare, at most 6,000. If a language has fewer
        than 6,000 words, the vocabulary shrinks in proportion.
    rank_weights : tuple of float
        Weights of the log-rank penalty, one for each dictionary, at least 0.
    """

    vocabulary: int
    rank_weights: tuple[float, ...]


# The best vocabulary depends on the languages. Without a penalty the dictionaries are weaker, but
# need no order of the words.
PROFILES = (
    ProfileSettings(4_000, (0.15, 0.5)),
    ProfileSettings(2_000, (0.0, 0.15)),
    ProfileSettings(1_000, (0.5,)),
)


def distributional_pairs(source: Matrix, target: Matrix) -> list[Indices]:
    """Return the pairs of the principal axes, then those of each similarity profile.

    A few in a thousand are right. Wrong pairs of different dictionaries differ more than right
    ones, so that most often their union is a better seed dictionary than any of them.
    """
    pairs = [axes_pairs(source, target)]
    for settings in PROFILES:
        pairs += np.split(profile_pairs(source, target, settings), len(settings.rank_weights))
    return pairs


def axes_pairs(source: Matrix, target: Matrix) -> Indices:
    """Pair mutual neighbors after aligning the principal axes.

    The pairs, (p, 2), are right where one space is a rotation of the other, and random for most
    real languages. The order of the words has no effect.
    """
    axes = [principal_axes(rows).astype(np.float32) for rows in (source, target)]
    components = min(len(source.T), len(target.T))
    X, Y = (
        unit_rows(rows[:AXES_VOCABULARY] @ A[:, :components])
        for rows, A in zip((source, target), axes, strict=True)
    )
    return mutual_neighbors(X, Y, n_neighbors=min(N_NEIGHBORS, len(X), len(Y)))


def profile_pairs(source: Matrix, target: Matrix, settings: ProfileSettings) -> Indices:
    """Pair words with the most alike similarity profiles.

    The profile of a word is the sorted list of its similarities to all words of its language,
    which is much the same for its translation. Profiles are compared by CSLS, less a penalty for
    different frequency ranks.

    Parameters
    ----------
    source, target : (n, d) float32, (m, e) float32
        Normalized rows, most frequent first.
    settings : ProfileSettings
        Vocabulary and penalties.

    Returns
    -------
    (p, 2) int64
        For each penalty the best target row of each source row, then the best source row of each
        target row. Few are right. Takes O(v^3) time and O(v^2) memory for v words.

    References
    ----------
    Artetxe et al., "A robust self-learning method for fully unsupervised cross-lingual mappings of
    word embeddings", ACL 2018, section 3.2. The penalty is ours.
    """
    share = min(1.0, min(len(source), len(target)) / LARGEST)
    count = max(1, round(settings.vocabulary * share))
    X, Y = _profiles(source[:count]), _profiles(target[:count])
    x_bias, y_bias = csls_biases(X, Y, n_neighbors=min(N_NEIGHBORS, count))
    sample = np.linspace(0, count - 1, min(SAMPLE, count)).astype(np.int64)
    scores = X[sample] @ Y[sample].T - x_bias[sample, None] - y_bias[sample]
    rows, pairs = np.arange(count), []
    for rank_weight in settings.rank_weights:
        # -w (a - b)^2 / 2 = w a b - w a^2 / 2 - w b^2 / 2: one more coordinate, and the biases.
        ranks = np.log(rows + FIRST_RANKS)
        ranks = math.sqrt(rank_weight * float(scores.std())) * (ranks - ranks.mean())
        column, penalty = ranks[:, None].astype(np.float32), (ranks**2 / 2).astype(np.float32)
        x_keys, y_keys = np.hstack([X, column]), np.hstack([Y, column])
        y_index = ExactIndex.borrowing(y_keys, bias=y_bias + penalty)
        x_index = ExactIndex.borrowing(x_keys, bias=x_bias + penalty)
        forward = y_index.search(x_keys, 1).indices[:, 0]
        backward = x_index.search(y_keys, 1).indices[:, 0]
        pairs += [np.stack([rows, forward], axis=1), np.stack([backward, rows], axis=1)]
    return np.concatenate(pairs)


def _profiles(rows: Matrix) -> Matrix:
    """Return normalized similarity profiles: (v, d) to (v, at most 2,000).

    Similarities are those of the square root of the Gram matrix, which balances directions.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        U, s, _ = np.linalg.svd(rows, full_matrices=False)
        half = U * np.sqrt(s)
        similarities = half @ half.T
    similarities.sort(axis=1)
    if len(rows) > COLUMNS:  # sorted neighbors are nearly equal, so means lose little
        edges = np.linspace(0, len(rows), COLUMNS + 1).astype(np.int64)
        sums = np.add.reduceat(similarities, edges[:-1], axis=1)
        similarities = sums / np.diff(edges).astype(np.float32)
    return Normalizer().fit_transform(similarities)
