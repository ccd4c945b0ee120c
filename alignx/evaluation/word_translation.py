"""Accuracy of an alignment on a test dictionary, with what a reader needs to believe it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from alignx.alignment.shared_space import SharedSpace
from alignx.evaluation.accuracy import Accuracy
from alignx.evaluation.oov_queries import UnlistedQuestions
from alignx.lexicon.direction import require_order
from alignx.lexicon.lexicon import Lexicon
from alignx.retrieval.ranking import best_ranks
from alignx.support.arguments import require_instance
from alignx.vectors.oov import Oov, require_oov

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Progress

__all__ = ["EvaluationReport", "OovPolicy", "evaluate"]

OovPolicy: TypeAlias = Literal["muse", "vecmap", "fasttext", "xling"]

FREQUENCY_BANDS = (1_000, 5_000, 20_000, 50_000)


@dataclass(frozen=True)
class EvaluationReport:
    """Accuracy by nearest neighbors and by CSLS; prints as a table.

    Attributes
    ----------
    oov_policy : str
        The protocol that was followed.
    pairs : int
        Pairs of the dictionary.
    words : int
        Source words of the dictionary.
    coverage : float
        Share of them (of the pairs under ``"xling"``) with a question that can be answered. Words
        whose vector is zero cannot.
    nn, csls : Accuracy
        By cosine and by CSLS.
    slices : dict of str to Accuracy
        CSLS accuracy by frequency rank of the source word, and without the words that have a
        translation written the same.
    unlisted : dict of str to Accuracy
        CSLS accuracy on what the vocabularies lack, which nothing above counts: unseen words,
        beside copying them, and phrases. See `UnlistedQuestions`.
    coverage_with_unlisted : float
        Share of the words with a question that can be answered, these included.
    learned : int
        Questions with an answer that the map was fitted on. Their words flatter the figures above.
    not_learned : dict of str to Accuracy
        By ``"nn"`` and ``"csls"``, the accuracy without these questions; empty if there are none.
    """

    oov_policy: str
    pairs: int
    words: int
    coverage: float
    nn: Accuracy
    csls: Accuracy
    slices: dict[str, Accuracy]
    unlisted: dict[str, Accuracy] = field(default_factory=dict)
    coverage_with_unlisted: float = 0.0
    learned: int = 0
    not_learned: dict[str, Accuracy] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Give what ``--json`` prints, without the version."""
        return {
            "oov_policy": self.oov_policy,
            "pairs": self.pairs,
            "words": self.words,
            "coverage": self.coverage,
            "nn": self.nn.as_dict(),
            "csls": self.csls.as_dict(),
            "slices": {name: accuracy.as_dict() for name, accuracy in self.slices.items()},
            "unlisted": {name: accuracy.as_dict() for name, accuracy in self.unlisted.items()},
            "coverage_with_unlisted": self.coverage_with_unlisted,
            "learned": self.learned,
            "not_learned": {
                name: accuracy.as_dict() for name, accuracy in self.not_learned.items()
            },
        }

    def __str__(self) -> str:
        rest = {name: accuracy for name, accuracy in self.not_learned.items() if accuracy.n}
        tables = {
            "": {"nn": self.nn, "csls": self.csls},
            "without what the map has learned:": rest,
            "csls, by slice:": self.slices,
            "csls, beyond the vocabularies:": self.unlisted,
        }
        width = max(len(name) for rows in tables.values() for name in rows)
        lines = [f"{'':{width}}     n    P@1   P@5  P@10   MRR   95 % interval of P@1"]
        for title, rows in tables.items():
            lines += [title] if title and rows else []
            lines += [_table_line(name.ljust(width), accuracy) for name, accuracy in rows.items()]
        unit = "pairs" if self.oov_policy == "xling" else "words"
        more = f" ({self.coverage_with_unlisted:.1%} with those beyond)" if self.unlisted else ""
        lines.append(
            f"{self.words} words in {self.pairs} pairs; coverage {self.coverage:.1%} of {unit}"
            f"{more}; out-of-vocabulary policy: {self.oov_policy}"
        )
        if self.learned:
            noun = "question has an answer" if self.learned == 1 else "questions have an answer"
            advice = "believe the figures without what it has learned, or test" if rest else "test"
            lines.append(
                f"{self.learned:,} of {self.nn.n:,} {noun} that the map was fitted on: {advice} "
                "with other words"
            )
        return "\n".join(lines)


def _table_line(name: str, accuracy: Accuracy) -> str:
    p1, p5, p10 = (100 * value for value in accuracy.precision.values())
    low, high = (100 * value for value in accuracy.interval)
    return (
        f"{name} {accuracy.n:5d}  {p1:5.1f} {p5:5.1f} {p10:5.1f} {100 * accuracy.mrr:5.1f}"
        f"   [{low:.1f}, {high:.1f}]"
    )


class _Questions(NamedTuple):
    """What is asked: one query row each, its right answers, and what policy adds to the count."""

    queries: Indices
    answers: Sequence[Indices]
    unanswerable: int

    def pairs(self) -> Indices:
        """Give the number of each question with each of its answers."""
        questions = np.repeat(np.arange(len(self.answers)), [len(rows) for rows in self.answers])
        return np.stack([questions, np.concatenate(self.answers)], axis=1)

    def learned(self, shared: SharedSpace) -> NDArray[np.bool_]:
        """Tell which questions have an answer that the map was fitted on."""
        found = np.zeros(len(self.queries), dtype=bool)
        if shared.learned is not None and len(self.queries):
            source, target = shared.source.words, shared.target.words
            pairs = self.pairs()
            words = ((source[self.queries[i]], target[row]) for i, row in pairs.tolist())
            found[pairs[shared.learned.holds(words), 0]] = True
        return found

    def ranks(self, shared: SharedSpace, bias: Matrix | None) -> Indices:
        """Rank of the best right answer of each question."""
        if not len(self.queries):
            return np.zeros(0, dtype=np.int64)
        queries, keys = shared.source.vectors[self.queries], shared.target.vectors
        return best_ranks(queries, keys, self.pairs(), bias=bias)


def evaluate(
    shared: SharedSpace,
    lexicon: Lexicon,
    *,
    oov_policy: OovPolicy = "muse",
    oov: Oov = "drop",
    n_neighbors: int | None = None,
    progress: Progress | None = None,
) -> EvaluationReport:
    """Measure how well source words find their translations in the target language.

    Parameters
    ----------
    shared : SharedSpace
        Source and target are its first two languages; see `SharedSpace.reversed`.
    lexicon : Lexicon
        Test dictionary that the map was not fitted on; what it was fitted on is counted, and the
        accuracy without it given beside. Several translations of a word are all right.
    oov_policy : {"muse", "vecmap", "fasttext", "xling"}
        Which published protocol to follow, so that figures compare:

        - ``"muse"``: pairs with an unknown word are dropped; a question is a source word.
        - ``"vecmap"``: the same questions and answers.
        - ``"fasttext"``: words that lose all their pairs count as wrong.
        - ``"xling"``: every pair is a question of its own; pairs with an unknown word are dropped.
          Published figures are the MRR by nearest neighbors ("MAP").
    oov : {"drop", "subword"}
        Whether words that a vocabulary lacks are translated by their characters, and reported
        apart. It takes vectors that were read from a fastText model (``.bin``). Phrases, several
        words with white space between them, are translated and reported apart in any case.
    n_neighbors : int, optional
        Neighbors in the average of CSLS; see `SharedSpace.n_neighbors`.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    EvaluationReport

    Raises
    ------
    EmptyLexiconError
        If no pair is known on both sides, or by the characters or words of its entries.
    DirectionError
        If far more pairs are known with source and target exchanged.
    ValueError
        If a parameter is out of range, or no language has a model of characters for `oov`.

    Notes
    -----
    CSLS needs one sweep of O(n m d) time over both vocabularies, which `shared` keeps.

    References
    ----------
    Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, section 3.1; Glavaš et
    al., "How to (Properly) Evaluate Cross-Lingual Word Embeddings", ACL 2019, section 3.1.
    """
    require_instance(shared, SharedSpace, "shared")
    require_instance(lexicon, Lexicon, "lexicon")
    require_oov(oov, shared.source, shared.target)
    require_order(lexicon, shared.source, shared.target)
    lexicon.tell_of_capitals(shared.source, shared.target)
    asked = lexicon.as_known(shared.source, shared.target)
    questions = _ask(shared, asked, oov_policy)
    by_word = asked.translations()
    every = [(s, [t]) for s, t in asked] if oov_policy == "xling" else list(by_word.items())
    unlisted = UnlistedQuestions.of(shared, every, oov)
    if not len(questions.queries) and not len(unlisted):
        lexicon.require_rows(shared.source, shared.target)
    n_neighbors = shared.n_neighbors(n_neighbors)
    cosine = shared.cosine_neighbors(n_neighbors, progress=progress)
    _, target_bias = cosine.biases(n_neighbors)
    nn = questions.ranks(shared, None)
    csls = questions.ranks(shared, target_bias)
    wrong = np.full(questions.unanswerable, np.inf)
    learned = questions.learned(shared)
    found = {"nn": nn, "csls": csls} if learned.any() else {}
    return EvaluationReport(
        oov_policy,
        len(lexicon),
        len(by_word),
        len(questions.queries) / len(every),
        Accuracy.of_ranks(np.concatenate([nn, wrong])),
        Accuracy.of_ranks(np.concatenate([csls, wrong])),
        _slices(shared, questions, csls),
        unlisted.accuracy(target_bias, n_neighbors),
        (len(questions.queries) + len(unlisted)) / len(every),
        int(learned.sum()),
        {
            name: Accuracy.of_ranks(np.concatenate([of_all[~learned], wrong]))
            for name, of_all in found.items()
        },
    )


def _ask(shared: SharedSpace, lexicon: Lexicon, policy: OovPolicy) -> _Questions:
    if policy not in ("muse", "vecmap", "fasttext", "xling"):
        raise ValueError(
            f"oov_policy must be 'muse', 'vecmap', 'fasttext' or 'xling', got {policy!r}"
        )
    rows = lexicon.rows(shared.source, shared.target)
    if policy == "xling":
        return _Questions(rows.source, list(rows.target[:, None]), 0)
    order = np.argsort(rows.source, kind="stable")
    queries, starts = np.unique(rows.source[order], return_index=True)
    answers = np.split(rows.target[order], starts)[1:]
    unanswerable = len(lexicon.translations()) - len(queries) if policy == "fasttext" else 0
    return _Questions(queries, answers, unanswerable)


def _slices(shared: SharedSpace, questions: _Questions, found: Indices) -> dict[str, Accuracy]:
    slices = {}
    bands = (0, *FREQUENCY_BANDS, len(shared.source))
    for low, high in pairwise(bands):
        inside = (questions.queries >= low) & (questions.queries < high)
        if inside.any():
            name = f"source rank {low + 1:,}-{min(high, len(shared.source)):,}"
            slices[name] = Accuracy.of_ranks(found[inside])
    differs = np.array(
        [
            all(shared.target.words[t] != shared.source.words[query] for t in answers)
            for query, answers in zip(questions.queries, questions.answers, strict=True)
        ],
        dtype=bool,
    )
    slices["identical strings removed"] = Accuracy.of_ranks(found[differs])
    return slices
