"""Questions that the vocabularies cannot answer: about unseen words, and about phrases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from alignx.evaluation.accuracy import Accuracy
from alignx.retrieval.csls import csls_bias
from alignx.retrieval.ranking import best_ranks
from alignx.vectors.oov import unlisted
from alignx.vectors.spelling import is_phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.alignment.shared_space import SharedSpace
    from alignx.support.arrays import Matrix
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.oov import Oov

__all__ = ["UnlistedQuestions"]

UNSEEN, PHRASES = "unseen words", "phrases"


@dataclass(frozen=True, eq=False)
class UnlistedQuestions:
    """Questions beyond the vocabularies, and their right answers.

    Attributes
    ----------
    shared : SharedSpace
        Source and target are its first two languages.
    source, target : Embeddings
        What questions and answers add to the two vocabularies.
    kinds : list of str
        ``"phrases"`` where the question or a right answer that was added holds several words;
        ``"unseen words"`` otherwise.
    rows : list of int
        Of each question in the vocabulary of the source, or behind it what was added.
    pairs : list of (int, int)
        Number of a question, and row of a right answer, counted likewise.
    copied : list of float
        Rank of the right answer if the question itself is the answer: 1 or infinity.
    """

    shared: SharedSpace
    source: Embeddings
    target: Embeddings
    kinds: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    pairs: list[tuple[int, int]] = field(default_factory=list)
    copied: list[float] = field(default_factory=list)

    @classmethod
    def of(
        cls, shared: SharedSpace, questions: Sequence[tuple[str, Sequence[str]]], oov: Oov
    ) -> UnlistedQuestions:
        """Collect the questions without a known word on both sides that can be answered yet.

        Parameters
        ----------
        shared : SharedSpace
            Source and target are its first two languages.
        questions : sequence of (str, sequence of str)
            Words and phrases with their right answers, written as `Lexicon.as_known` does.
        oov : {"drop", "subword"}
            Whether unknown words get a vector by their characters.
        """
        source, target = shared.source, shared.target
        asked = [
            (question, answers)
            for question, answers in questions
            if not (question in source and any(answer in target for answer in answers))
        ]
        self = cls(
            shared,
            unlisted(source, [question for question, _ in asked], oov),
            unlisted(target, [answer for _, answers in asked for answer in answers], oov),
        )
        for question, answers in asked:
            row = _row(question, source, self.source)
            right = [_row(answer, target, self.target) for answer in answers]
            right = [found for found in right if found >= 0]
            if row < 0 or not right:
                continue
            added = [question] if row >= len(source) else []
            added += [answer for answer in answers if answer in self.target]
            self.kinds.append(PHRASES if any(map(is_phrase, added)) else UNSEEN)
            self.pairs.extend((len(self.rows), found) for found in right)
            self.rows.append(row)
            self.copied.append(1 if question in answers else np.inf)
        return self

    def __len__(self) -> int:
        return len(self.rows)

    def accuracy(self, target_bias: Matrix, n_neighbors: int) -> dict[str, Accuracy]:
        """Measure how well CSLS answers them.

        Answers are chosen from the target vocabulary and all right answers that it lacks.

        Parameters
        ----------
        target_bias : (m,) float32
            Of CSLS, for the target vocabulary.
        n_neighbors : int
            Of CSLS.

        Returns
        -------
        dict of str to Accuracy
            By kind, and for unseen words also ``"unseen words, copied"``: what it is worth to
            answer with the question itself. Kinds without a question are left out.
        """
        if not self.rows:
            return {}
        shared = self.shared
        more_bias = csls_bias(
            self.target.vectors,
            shared.source.vectors,
            n_neighbors=n_neighbors,
        )
        found = best_ranks(
            self._queries(),
            np.concatenate([shared.target.vectors, self.target.vectors]),
            np.array(self.pairs),
            bias=np.concatenate([target_bias, more_bias]),
        )
        kinds = np.array(self.kinds)
        slices = {}
        for kind in (UNSEEN, PHRASES):
            asked = kinds == kind
            if asked.any():
                slices[kind] = Accuracy.of_ranks(found[asked])
                if kind == UNSEEN:
                    slices[f"{UNSEEN}, copied"] = Accuracy.of_ranks(np.array(self.copied)[asked])
        return slices

    def _queries(self) -> Matrix:
        """Vectors of the questions, (questions, d), without a copy of the whole vocabulary."""
        listed, added = self.shared.source.vectors, self.source.vectors
        n = len(listed)
        return np.stack([listed[row] if row < n else added[row - n] for row in self.rows])


def _row(entry: str, listed: Embeddings, more: Embeddings) -> int:
    """Row in the vocabulary or, behind it, in what is added; -1 if in neither."""
    if entry in listed:
        return listed.index[entry]
    return len(listed) + more.index[entry] if entry in more else -1
