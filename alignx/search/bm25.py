"""BM25 of query words, each a set of weighted terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alignx.search.part import Part
    from alignx.support.arrays import Double

__all__ = ["BM25", "LexicalScores"]


@dataclass(frozen=True, eq=False)
class LexicalScores:
    """Scores of all documents of each part, and a bound of them.

    Attributes
    ----------
    of_parts : list of (n,) float64
        Scores of the documents of each part, at least 0.
    most : float
        Limit of the score of a document that repeats all words of the query without end.
    """

    of_parts: list[Double]
    most: float


@dataclass(frozen=True)
class BM25:
    """BM25 with probabilistic structured queries.

    Parameters
    ----------
    k1 : float
        Saturation of repeated terms, at least 0.
    b : float
        Share of the correction by length, in [0, 1].

    Notes
    -----
    A query word with terms t of weight p(t) occurs in a document as often as
    ``sum(p(t) * count(t))``, and in ``sum(p(t) * documents(t))`` documents: Darwish and Oard,
    "Probabilistic Structured Query Methods", SIGIR 2003. A word of one term of weight 1 gives
    plain BM25, with the idf of Lucene.
    """

    k1: float = 1.2
    b: float = 0.75

    def scores(
        self, parts: Sequence[Part], words: Sequence[tuple[float, Mapping[str, float]]]
    ) -> LexicalScores:
        """Score the documents of one language.

        Parameters
        ----------
        parts : sequence of Part
            All documents of the language.
        words : sequence of (float, mapping of str to float)
            Occurrences of each query word, and its terms with their weights.

        Returns
        -------
        LexicalScores
            Takes O(postings of the terms + documents) time and memory.
        """
        found: list[Double] = [np.zeros(len(part)) for part in parts]
        n = sum(map(len, parts))
        average = sum(int(part.lengths.sum()) for part in parts) / max(n, 1)
        norms = [
            self.k1 * (1 - self.b + self.b / (average or 1.0) * part.lengths) for part in parts
        ]
        sums: list[Double] = [np.zeros(len(part)) for part in parts]
        most = 0.0
        for occurrences, terms in words:
            postings = [[(*part.find(term), p) for term, p in terms.items()] for part in parts]
            df = sum(p * len(docs) for each in postings for docs, _, p in each)
            if not df:
                continue
            idf = occurrences * float(np.log(1 + max(n - df + 0.5, 0.5) / (df + 0.5)))
            most += idf
            for own, scores, tf, norm in zip(postings, found, sums, norms, strict=True):
                # The documents of one term differ, so that a sum by index reaches all of them.
                for docs, counts, p in own:
                    tf[docs] += p * counts
                for docs, _, _ in own:
                    scores[docs] += idf * tf[docs] / (tf[docs] + norm[docs] + (tf[docs] == 0))
                    tf[docs] = 0  # each document once
        return LexicalScores(found, most)
