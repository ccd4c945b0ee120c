"""A round of self-learning as VecMap's publication describes it, in plain NumPy.

Written from the description in Artetxe et al., "A robust self-learning method for fully
unsupervised cross-lingual mappings of word embeddings", ACL 2018, section 3: similarities of the
20,000 most frequent words in batches, CSLS, each similarity dropped at random, the best of each
word in both directions, and the orthogonal map of all these pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from alignx.support.arrays import Indices, Matrix

VOCABULARY = 20_000
BATCH = 10_000
N_NEIGHBORS = 10
KEEP = 0.1  # initial value; its growth does not change the time of a round
# The published schedule has five probabilities, 0.1 doubled up to 1, and leaves each after 50
# rounds without gain: it takes that many and more.
ROUNDS = 250


@dataclass
class PlainLoop:
    """Unit rows of the most frequent words, and the map."""

    source: Matrix
    target: Matrix
    map: Matrix
    random: np.random.Generator

    @classmethod
    def start(cls, source: Matrix, target: Matrix) -> PlainLoop:
        """Begin with the identity; the time of a round does not depend on the map."""
        identity = np.eye(source.shape[1], dtype=np.float32)
        random = np.random.default_rng(0)
        return cls(source[:VOCABULARY], target[:VOCABULARY], identity, random)

    def round(self) -> None:
        """Search translations under the map and refit it on them."""
        mapped = self.source @ self.map
        r_source = mean_of_best(mapped, self.target)
        r_target = mean_of_best(self.target, mapped)
        forth = self.best(mapped, self.target, r_target)
        back = self.best(self.target, mapped, r_source)
        source_rows = np.concatenate([np.arange(len(mapped)), back])
        target_rows = np.concatenate([forth, np.arange(len(self.target))])
        U, _, Vt = np.linalg.svd(self.source[source_rows].T @ self.target[target_rows])
        self.map = U @ Vt

    def best(self, queries: Matrix, keys: Matrix, r: Matrix) -> Indices:
        """The best key of each query by CSLS among the similarities that are not dropped."""
        found = np.empty(len(queries), np.int64)
        for start in range(0, len(queries), BATCH):
            similarities = queries[start : start + BATCH] @ keys.T
            similarities -= r / 2
            # Dropped ones are 0, as published.
            similarities *= self.random.random(similarities.shape, dtype=np.float32) < KEEP
            found[start : start + BATCH] = similarities.argmax(axis=1)
        return found


def mean_of_best(queries: Matrix, keys: Matrix) -> Matrix:
    """The r of the queries: their mean similarity to their nearest keys."""
    mean = np.empty(len(queries), np.float32)
    for start in range(0, len(queries), BATCH):
        similarities = queries[start : start + BATCH] @ keys.T
        similarities.partition(len(keys) - N_NEIGHBORS, axis=1)
        mean[start : start + BATCH] = similarities[:, -N_NEIGHBORS:].mean(axis=1)
    return mean
