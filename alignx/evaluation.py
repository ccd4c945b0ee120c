"""Accuracy of an alignment on a test dictionary, with what a reader needs to believe it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np
from scipy.stats import binom

from alignx.retrieval import ranks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.arrays import Double, Indices
    from alignx.lexicon import Lexicon
    from alignx.progress import Progress
    from alignx.space import SharedSpace

__all__ = ["Accuracy", "EvaluationReport", "OovPolicy", "evaluate"]

OovPolicy: TypeAlias = Literal["muse", "vecmap", "fasttext", "xling"]

LEVELS = (1, 5, 10)
FREQUENCY_BANDS = (1_000, 5_000, 20_000, 50_000)


@dataclass(frozen=True)
class Accuracy:
    """How often a right translation is among the first answers.

    Attributes
    ----------
    n : int
        Questions asked: source words, or pairs under ``"xling"``.
    precision : dict of int to float
        P@1, P@5 and P@10, in [0, 1].
    mrr : float
        Mean reciprocal rank of the best right translation, in [0, 1].
    interval : (float, float)
        95 % interval of P@1: the 2.5 % and 97.5 % quantiles of the bootstrap over questions. For
        the mean of hits and misses that distribution is binomial, so it is computed, not sampled.
        Like any bootstrap it is too narrow for few questions (below 50) or P@1 close to 0 or 1.
    """

    n: int
    precision: dict[int, float]
    mrr: float
    interval: tuple[float, float]

    @classmethod
    def of_ranks(cls, ranks: Indices | Double) -> Accuracy:
        """Summarize ranks, counted from 1; infinity for a question that cannot be answered."""
        n = len(ranks)
        if n == 0:
            return cls(0, dict.fromkeys(LEVELS, 0.0), 0.0, (0.0, 1.0))
        precision = {level: float((ranks <= level).mean()) for level in LEVELS}
        low, high = binom.ppf([0.025, 0.975], n, precision[1]) / n
        return cls(n, precision, float((1 / ranks).mean()), (float(low), float(high)))

    def as_dict(self) -> dict[str, Any]:
        """Give what ``--json`` prints."""
        return {
            "n": self.n,
            **{f"p@{level}": value for level, value in self.precision.items()},
            "mrr": self.mrr,
            "p@1_interval": list(self.interval),
        }


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
        Share of them (of the pairs under ``"xling"``) with a question that can be answered.
    nn, csls : Accuracy
        By cosine and by CSLS.
    slices : dict of str to Accuracy
        CSLS accuracy by frequency rank of the source word, and without the words that have a
        translation written the same.
    """

    oov_policy: str
    pairs: int
    words: int
    coverage: float
    nn: Accuracy
    csls: Accuracy
    slices: dict[str, Accuracy]

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
        }

    def __str__(self) -> str:
        rows = {"nn": self.nn, "csls": self.csls, **self.slices}
        width = max(map(len, rows))
        head = f"{'':{width}}     n    P@1   P@5  P@10   MRR   95 % interval of P@1"
        lines = [_table_line(name.ljust(width), accuracy) for name, accuracy in rows.items()]
        unit = "pairs" if self.oov_policy == "xling" else "words"
        foot = (
            f"{self.words} words in {self.pairs} pairs; coverage {self.coverage:.1%} of {unit}; "
            f"out-of-vocabulary policy: {self.oov_policy}"
        )
        return "\n".join([head, *lines[:2], "csls, by slice:", *lines[2:], foot])


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
    coverage: float

    def pairs(self) -> Indices:
        """Give the number of each question with each of its answers."""
        questions = np.repeat(np.arange(len(self.answers)), [len(rows) for rows in self.answers])
        return np.stack([questions, np.concatenate(self.answers)], axis=1)


def evaluate(
    shared: SharedSpace,
    lexicon: Lexicon,
    *,
    oov_policy: OovPolicy = "muse",
    neighborhood: int = 10,
    n_threads: int | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> EvaluationReport:
    """Measure how well source words find their translations in the target language.

    Parameters
    ----------
    shared : SharedSpace
        Source and target are its first two languages; see `SharedSpace.reversed`.
    lexicon : Lexicon
        Test dictionary that the map was not fitted on. Several translations of a word are all
        right.
    oov_policy : {"muse", "vecmap", "fasttext", "xling"}
        Which published protocol to follow, so that figures compare:

        - ``"muse"``: pairs with an unknown word are dropped; a question is a source word.
        - ``"vecmap"``: the same questions and answers.
        - ``"fasttext"``: words that lose all their pairs count as wrong.
        - ``"xling"``: every pair is a question of its own; pairs with an unknown word are dropped.
          Published figures are the MRR by nearest neighbors ("MAP").
    neighborhood : int
        Of CSLS.
    n_threads : int, optional
        OpenMP's default unless given.
    device : str, optional
        Where torch computes the sweep over both vocabularies, for example ``"cuda"``; by default
        the compiled kernel on the processor. The answers are the same.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    EvaluationReport

    Raises
    ------
    EmptyLexiconError
        If no pair is known on both sides.
    ValueError
        If a parameter is out of range.

    Notes
    -----
    CSLS needs one sweep of O(n m d) time over both vocabularies, which `shared` keeps.

    References
    ----------
    Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, section 3.1; Glavaš et
    al., "How to (Properly) Evaluate Cross-Lingual Word Embeddings", ACL 2019, section 3.1.
    """
    questions = _ask(shared, lexicon, oov_policy)
    cosine = shared.cosine_neighbors(
        neighborhood, n_threads=n_threads, device=device, progress=progress
    )
    _, target_bias = cosine.biases(neighborhood)
    queries, keys = shared.source.vectors[questions.queries], shared.target.vectors
    pairs = questions.pairs()
    nn = ranks(queries, keys, pairs, n_threads=n_threads)
    csls = ranks(queries, keys, pairs, bias=target_bias, n_threads=n_threads)
    wrong = np.full(questions.unanswerable, np.inf)
    return EvaluationReport(
        oov_policy,
        len(lexicon),
        len(lexicon.translations()),
        questions.coverage,
        Accuracy.of_ranks(np.concatenate([nn, wrong])),
        Accuracy.of_ranks(np.concatenate([csls, wrong])),
        _slices(shared, questions, csls),
    )


def _ask(shared: SharedSpace, lexicon: Lexicon, policy: OovPolicy) -> _Questions:
    if policy not in ("muse", "vecmap", "fasttext", "xling"):
        raise ValueError(
            f"oov_policy must be 'muse', 'vecmap', 'fasttext' or 'xling', got {policy!r}"
        )
    rows = lexicon.require_rows(shared.source, shared.target)
    if policy == "xling":
        answers = np.split(rows.target, len(rows.target))
        return _Questions(rows.source, answers, 0, len(answers) / len(lexicon))
    order = np.argsort(rows.source, kind="stable")
    queries, starts = np.unique(rows.source[order], return_index=True)
    answers = np.split(rows.target[order], starts[1:])
    words = len(lexicon.translations())
    unanswerable = words - len(queries) if policy == "fasttext" else 0
    return _Questions(queries, answers, unanswerable, len(queries) / words)


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
        ]
    )
    slices["identical strings removed"] = Accuracy.of_ranks(found[differs])
    return slices
