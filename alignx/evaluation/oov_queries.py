"""Queries with OOV words and phrases, on one side or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from alignx.evaluation.accuracy import Accuracy
from alignx.retrieval.csls import csls_bias
from alignx.retrieval.ranking import best_ranks
from alignx.vectors.oov import oov_entries
from alignx.vectors.spelling import is_phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.alignment.shared_space import SharedSpace
    from alignx.support.arrays import Double, Matrix
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.oov import OOVMode

__all__ = ["OOVQueries"]

WORDS, PHRASES = "OOV words", "phrases"


@dataclass(frozen=True, eq=False)
class OOVQueries:
    """Queries with an OOV entry, but with vectors on both sides.

    Attributes
    ----------
    vectors : (q, d) float32
        Queries.
    kinds : (q,) str
        ``"phrases"`` if an OOV entry has several words, ``"OOV words"`` otherwise.
    more_keys : (a, d) float32
        OOV entries among the right answers, numbered behind the target vocabulary.
    pairs : list of (int, int)
        Number of a query, and row of a right answer.
    copied : (q,) float64
        Rank of the right answer if the query itself is the answer: 1 or infinity.
    """

    vectors: Matrix
    kinds: list[str]
    more_keys: Matrix
    pairs: list[tuple[int, int]]
    copied: Double

    @classmethod
    def select(
        cls, space: SharedSpace, queries: Sequence[tuple[str, Sequence[str]]], oov: OOVMode
    ) -> Self:
        """Select queries, given with their right answers as spelled in the vocabularies."""
        source, target = space.source, space.target
        selected = [
            (query, answers)
            for query, answers in queries
            if not (query in source and any(answer in target for answer in answers))
        ]
        more_source = oov_entries(source, [query for query, _ in selected], oov)
        answers_of_all = [answer for _, answers in selected for answer in answers]
        more_target = oov_entries(target, answers_of_all, oov)
        vectors: list[Matrix] = []
        kinds, copied = [], []
        pairs: list[tuple[int, int]] = []
        for query, answers in selected:
            row = _row(query, source, more_source)
            right = [found for a in answers if (found := _row(a, target, more_target)) >= 0]
            if row < 0 or not right:
                continue
            entries = [query] if row >= len(source) else []
            entries += [answer for answer in answers if answer in more_target]
            kinds.append(PHRASES if any(map(is_phrase, entries)) else WORDS)
            pairs.extend((len(vectors), found) for found in right)
            is_known = row < len(source)
            vectors.append(
                source.vectors[row] if is_known else more_source.vectors[row - len(source)]
            )
            copied.append(1 if query in answers else np.inf)
        return cls(
            np.array(vectors, dtype=np.float32).reshape(len(vectors), source.dimension),
            kinds,
            more_target.vectors,
            pairs,
            np.array(copied, dtype=np.float64),
        )

    def __len__(self) -> int:
        return len(self.kinds)

    def accuracy(
        self, space: SharedSpace, target_bias: Matrix, n_neighbors: int
    ) -> dict[str, Accuracy]:
        """Measure the CSLS accuracy among the target vocabulary and OOV right answers.

        Returns the accuracy of ``"OOV words"`` and ``"phrases"``, as far as they occur, and of
        ``"OOV words, copied"``, a baseline that answers with the query itself.
        """
        if not len(self):
            return {}
        more_bias = csls_bias(self.more_keys, space.source.vectors, n_neighbors=n_neighbors)
        bias = np.concatenate([target_bias, more_bias])
        keys = np.concatenate([space.target.vectors, self.more_keys])
        found = best_ranks(self.vectors, keys, np.array(self.pairs), bias=bias)
        kinds = np.array(self.kinds)
        slices = {}
        for kind in (WORDS, PHRASES):
            chosen = kinds == kind
            if chosen.any():
                slices[kind] = Accuracy.of_ranks(found[chosen])
                if kind == WORDS:
                    slices[f"{WORDS}, copied"] = Accuracy.of_ranks(self.copied[chosen])
        return slices


def _row(entry: str, vocabulary: Embeddings, more: Embeddings) -> int:
    """Row in the vocabulary or the OOV entries behind it, or -1."""
    if entry in vocabulary:
        return vocabulary.index[entry]
    return len(vocabulary) + more.index[entry] if entry in more else -1
