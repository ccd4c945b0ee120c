"""First guesses of translations from the shape of two languages alone."""

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

__all__ = ["STARTS", "SimilarityStarts", "Start", "axes_pairs"]

N_NEIGHBORS = 10
AXES_VOCABULARY = 8_000
LARGEST = 6_000
COLUMNS = 2_000
# Rank differences among the most frequent words, mostly function words, mean nothing.
FIRST_RANKS = 50
SAMPLE = 300


class Start(NamedTuple):
    """What a first guess rests on.

    Attributes
    ----------
    vocabulary : int
        How many of the most frequent words of each language are compared, at most 6,000; of a
        language with fewer words, the same share.
    frequency : float
        How much words of unlike frequency rank are held apart, at least 0.
    """

    vocabulary: int
    frequency: float


# Some words are told apart by their similarities to few others, some only by those to many, so that
# none of these is best for all languages. Without frequency they are weaker, but need no order of
# the words.
STARTS = (
    Start(4_000, 0.15),
    Start(2_000, 0.15),
    Start(6_000, 0.15),
    Start(2_000, 0.0),
    Start(4_000, 0.5),
    Start(1_000, 0.5),
    Start(6_000, 0.0),
    Start(2_000, 0.5),
    Start(4_000, 0.0),
    Start(6_000, 0.5),
    Start(1_000, 0.0),
    Start(3_000, 0.15),
)


def axes_pairs(source: Matrix, target: Matrix) -> Indices:
    """Pair the most frequent words after laying the principal axes of both languages together.

    That is right at once where one space is a rotation of the other, in whatever order its words
    are, and as good as chance for most pairs of real languages.

    Parameters
    ----------
    source, target : (n, d) float32, (m, e) float32
        Normalized rows, most frequent first.

    Returns
    -------
    (p, 2) int64
        Mutual neighbors by CSLS among the 8,000 most frequent words.
    """
    axes = [principal_axes(rows).astype(np.float32) for rows in (source, target)]
    components = min(len(source.T), len(target.T))
    X, Y = (
        unit_rows(rows[:AXES_VOCABULARY] @ A[:, :components])
        for rows, A in zip((source, target), axes, strict=True)
    )
    n_neighbors = min(N_NEIGHBORS, len(X), len(Y))
    return mutual_neighbors(X, Y, n_neighbors=n_neighbors)


class SimilarityStarts:
    """Pairs words whose similarities to all other words of their language are distributed alike.

    The sorted similarities of a word to the words of its own language look much the same for its
    translation. They are compared by CSLS, less a penalty for unlike frequency ranks.

    Parameters
    ----------
    source, target : (n, d) float32, (m, e) float32
        Normalized rows, most frequent first.

    Notes
    -----
    A start takes O(v^3) time and O(v^2) memory for v words of each language.

    References
    ----------
    Artetxe et al., "A robust self-learning method for fully unsupervised cross-lingual mappings of
    word embeddings", ACL 2018, section 3.2. The penalty is ours.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rows = rng.standard_normal((40, 3)).astype(np.float32)
    >>> order = rng.permutation(40)
    >>> pairs = SimilarityStarts(rows, rows[order]).pairs(Start(6_000, 0.0))
    >>> bool((order[pairs[:, 1]] == pairs[:, 0]).all())
    True
    """

    def __init__(self, source: Matrix, target: Matrix) -> None:
        self.languages = source, target

    def pairs(self, start: Start) -> Indices:
        """Give the best target row of each source row and the best source row of each target row.

        Parameters
        ----------
        start : Start
            Which words are compared, and how.

        Returns
        -------
        (p, 2) int64
            Source row and target row; few of the pairs are right.
        """
        share = min(1.0, min(map(len, self.languages)) / LARGEST)
        count = max(1, round(start.vocabulary * share))
        X, Y = (_profiles(rows[:count]) for rows in self.languages)
        x_bias, y_bias = csls_biases(X, Y, n_neighbors=min(N_NEIGHBORS, count))
        if start.frequency > 0:
            # -w (a - b)^2 / 2 = w a b - w a^2 / 2 - w b^2 / 2: one more coordinate, and the biases.
            sample = np.linspace(0, count - 1, min(SAMPLE, count)).astype(np.int64)
            scores = X[sample] @ Y[sample].T - x_bias[sample, None] - y_bias[sample]
            weight = start.frequency * float(scores.std())
            ranks = np.log(np.arange(count) + FIRST_RANKS)
            ranks = math.sqrt(weight) * (ranks - ranks.mean())
            column = ranks[:, None].astype(np.float32)
            X, Y = np.hstack([X, column]), np.hstack([Y, column])
            penalty = (ranks**2 / 2).astype(np.float32)
            x_bias, y_bias = x_bias + penalty, y_bias + penalty
        forth = ExactIndex.borrowing(Y, bias=y_bias).search(X, 1).indices[:, 0]
        back = ExactIndex.borrowing(X, bias=x_bias).search(Y, 1).indices[:, 0]
        rows = np.arange(count)
        return np.stack([np.concatenate([rows, back]), np.concatenate([forth, rows])], axis=1)


def _profiles(rows: Matrix) -> Matrix:
    """Sort the similarities of each row to all rows: (v, d) to normalized (v, at most 2,000).

    Similarities are those of the square root of the matrix of dot products, which weighs all
    directions more alike.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        U, s, _ = np.linalg.svd(rows, full_matrices=False)
        half = U * np.sqrt(s)
        similarities = half @ half.T
    similarities.sort(axis=1)
    if len(rows) > COLUMNS:  # neighbors in sorted order are nearly equal: their mean will do
        edges = np.linspace(0, len(rows), COLUMNS + 1).astype(np.int64)
        sums = np.add.reduceat(similarities, edges[:-1], axis=1)
        similarities = sums / np.diff(edges).astype(np.float32)
    return Normalizer().fit_transform(similarities)
