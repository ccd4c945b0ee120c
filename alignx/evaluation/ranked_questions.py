"""Questions of a test dictionary, and the ranks of their right answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

import numpy as np

from alignx.alignment.held_out import are_pairs
from alignx.evaluation.accuracy import Accuracy
from alignx.ranking.candidates import CandidatePairs, Queries
from alignx.retrieval.ranking import best_ranks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from alignx.alignment.shared_space import SharedSpace
    from alignx.lexicon.lookup import PairLookup
    from alignx.retrieval.ranked import Ranking
    from alignx.support.arrays import Double, Indices, Matrix

__all__ = ["OOVPolicy", "RankedQuestions"]

OOVPolicy: TypeAlias = Literal["muse", "vecmap", "fasttext", "xling"]


@dataclass(frozen=True, eq=False)
class RankedQuestions:
    """Questions of a test dictionary, most frequent word first, OOV words last.

    A question is a source word; under the policy ``"xling"`` it is a pair, and a word may occur in
    several questions.

    Attributes
    ----------
    words : sequence of str
        Source word of each of n questions, as spelled in the vocabulary.
    rows : (n,) int64
        Row of the source word; -1 without a vector.
    answers : sequence of sequence of str
        Right answers of each question.
    answer_rows : sequence of (a,) int64
        Row of each right answer; -1 without a vector.
    counted : (n,) bool
        Whether the policy counts the question in the accuracy.
    known : (n,) bool
        Whether the map was fitted on an answer.
    n_targets : int
        Words of the target vocabulary, among which answers are sought.
    ranks : dict of str to (n,) float64
        Rank of the best right answer from 1, by the name of the ranking: ``"nn"``, ``"csls"`` and
        perhaps another. Infinity: the word, or all its answers, have no vector.

    Examples
    --------
    >>> import alignx as ax
    >>> english = ax.Embeddings(["cat", "dog"], [[1, 0], [0, 1]])
    >>> spanish = ax.Embeddings(["gato", "perro"], [[1, 0], [0, 1]])
    >>> space = ax.SharedSpace({"en": english, "es": spanish})
    >>> test = [("dog", "gato"), ("cat", "gato"), ("cow", "vaca")]
    >>> questions = ax.evaluate(space, test, n_neighbors=1).questions
    >>> questions.words, questions.ranks["csls"].tolist(), questions.counted.tolist()
    (('cat', 'dog', 'cow'), [1.0, 2.0, inf], [True, True, False])
    """

    words: Sequence[str]
    rows: Indices
    answers: Sequence[Sequence[str]]
    answer_rows: Sequence[Indices]
    counted: NDArray[np.bool_]
    known: NDArray[np.bool_]
    n_targets: int
    ranks: Mapping[str, Double] = field(default_factory=dict)

    @classmethod
    def of(cls, written: PairLookup, policy: OOVPolicy) -> Self:
        """Group the pairs of a dictionary into questions, without ranks."""
        positions: dict[object, list[int]] = {}
        for position, pair in enumerate(written.pairs):
            positions.setdefault(pair if policy == "xling" else pair[0], []).append(position)
        groups = [np.array(group) for group in positions.values()]
        rows = written.source_rows[[group[0] for group in groups]]
        order = np.argsort(np.where(rows < 0, len(written.source), rows), kind="stable")
        groups, rows = [groups[i] for i in order.tolist()], rows[order]
        answer_rows = [written.target_rows[group] for group in groups]
        found = np.array([(group >= 0).any() for group in answer_rows], dtype=bool)
        return cls(
            tuple(written.pairs[group[0]][0] for group in groups),
            rows,
            tuple(tuple(written.pairs[i][1] for i in group) for group in groups),
            answer_rows,
            counted=np.ones(len(rows), dtype=bool) if policy == "fasttext" else (rows >= 0) & found,
            known=np.zeros(len(rows), dtype=bool),
            n_targets=len(written.target),
        )

    def __len__(self) -> int:
        return len(self.words)

    @property
    def answerable(self) -> NDArray[np.bool_]:
        """Questions with a vector of the word and of an answer, (n,) bool."""
        found = [(rows >= 0).any() for rows in self.answer_rows]
        return np.asarray((self.rows >= 0) & np.array(found, dtype=bool))

    @property
    def identical(self) -> NDArray[np.bool_]:
        """Questions with an answer in the vocabulary that is spelled as the word, (n,) bool."""
        return np.array(
            [
                any(a == word for a, row in zip(answers, rows.tolist(), strict=True) if row >= 0)
                for word, answers, rows in zip(
                    self.words, self.answers, self.answer_rows, strict=True
                )
            ],
            dtype=bool,
        )

    def accuracy(self, ranking: str, among: NDArray[np.bool_] | None = None) -> Accuracy:
        """Summarize the ranks of the counted questions, or of some of them."""
        chosen = self.counted if among is None else self.counted & among
        return Accuracy.of_ranks(self.ranks[ranking][chosen])

    def ranked(self, space: SharedSpace, ranking: Ranking, n_neighbors: int) -> Self:
        """Rank the right answers by cosine, by CSLS and by `ranking`."""
        asked = np.flatnonzero(self.answerable)
        if not len(asked):
            nothing = np.full(len(self), np.inf)
            return replace(self, ranks=dict.fromkeys(("nn", "csls", ranking), nothing))
        rows = self.rows[asked]
        pairs = _numbered([self.answer_rows[i] for i in asked.tolist()])
        _, bias = space.csls_biases(n_neighbors)

        def ranks(bias: Matrix | None) -> Indices:
            return best_ranks(space.source.vectors[rows], space.target.vectors, pairs, bias=bias)

        found = {"nn": ranks(None), "csls": ranks(bias)}
        if ranking == "learned":
            found[ranking] = _learned_ranks(space, rows, pairs, n_neighbors, found["csls"])
        elif ranking not in found:
            found[ranking] = ranks(space.key_biases(ranking)[1])
        known = np.zeros(len(self), dtype=bool)
        if space.known is not None:
            words, targets = space.source.words, space.target.words
            holds = space.known.holds((words[rows[i]], targets[row]) for i, row in pairs.tolist())
            known[asked[pairs[holds, 0]]] = True
        placed = {name: np.full(len(self), np.inf) for name in found}
        for name, of_asked in found.items():
            placed[name][asked] = of_asked
        return replace(self, known=known, ranks=placed)


def _numbered(answer_rows: Sequence[Indices]) -> Indices:
    """Return (number of the question, row of the answer) for all answers with a vector."""
    numbers = np.repeat(np.arange(len(answer_rows)), [len(rows) for rows in answer_rows])
    pairs = np.stack([numbers, np.concatenate(answer_rows)], axis=1)
    return pairs[pairs[:, 1] >= 0]


def _learned_ranks(
    space: SharedSpace, rows: Indices, pairs: Indices, n_neighbors: int, by_csls: Indices
) -> Indices:
    """Rank by the learned ranking; answers beyond its candidates keep their rank by CSLS."""
    ranker = space.ranker
    assert ranker is not None  # or require_ranking refuses
    queries = Queries.of_rows(rows, space.source.words, space.source.vectors)
    candidates = CandidatePairs.search(
        queries,
        space.source.vectors,
        space.target.vectors,
        space.target.words,
        ranker.n_candidates,
        n_neighbors=n_neighbors,
        biases=space.csls_biases(n_neighbors),
    )
    if space.pivot is not None:
        candidates = space.pivot.search(all_words=True).compared(candidates, queries.vectors)
    answers = ranker.rank(candidates).indices
    is_right = are_pairs(np.arange(len(answers)), answers, pairs, len(space.target))
    found = is_right.any(axis=1)
    ranks = by_csls.copy()
    ranks[found] = is_right[found].argmax(axis=1) + 1
    return ranks
