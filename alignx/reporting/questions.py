"""Test words with their answers, and the likely reasons of errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, TypeAlias

import numpy as np

from alignx.evaluation.accuracy import Accuracy
from alignx.reporting.reliability import Reliability
from alignx.support.frames import Tabular

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alignx.alignment.shared_space import SharedSpace
    from alignx.lexicon.lexicon import Lexicon

__all__ = ["Answer", "Question", "Questions", "Reason"]

Reason: TypeAlias = Literal["rare", "homograph", "inflection", "identical", "oov"]


class Answer(NamedTuple):
    """One answer: the target word, and its probability or CSLS."""

    word: str
    score: float


@dataclass(frozen=True)
class Question:
    """One test word.

    Attributes
    ----------
    word : str
        The source word.
    frequency_rank : int
        Rank of the word by frequency, from 1; 0 if it is OOV.
    right : tuple of str
        Its translations in the test dictionary.
    answers : tuple of Answer
        At most five, best first.
    rank : int, optional
        Rank of the best right answer, from 1; None if all right answers are OOV.
    reasons : tuple of {"rare", "homograph", "inflection", "identical", "oov"}
        Likely reasons of an error; empty for a right answer.
    part_of_speech : str
        Empty if the test dictionary does not give it.
    """

    word: str
    frequency_rank: int
    right: tuple[str, ...]
    answers: tuple[Answer, ...]
    rank: int | None
    reasons: tuple[Reason, ...] = ()
    part_of_speech: str = ""


@dataclass(frozen=True)
class Questions(Tabular):
    """All test words, most frequent first.

    Attributes
    ----------
    questions : tuple of Question
        Right and wrong ones.
    ranking : {"csls", "learned"}
        Order of the answers.
    by_frequency, by_length, by_part_of_speech : dict of str to Accuracy
        Accuracy of groups of words; the last is empty without parts of speech.
    """

    questions: tuple[Question, ...]
    ranking: str
    by_frequency: dict[str, Accuracy]
    by_length: dict[str, Accuracy]
    by_part_of_speech: dict[str, Accuracy]

    def records(self) -> list[dict[str, Any]]:
        """Return one row for each test word."""
        return [vars(each) for each in self.questions]

    @classmethod
    def of(cls, space: SharedSpace, lexicon: Lexicon) -> Self:
        """Answer the words of a test dictionary."""
        right_of = lexicon.look_up(space.source, space.target).as_written()
        answers: dict[str, list[str]] = {}
        for source, target in right_of.pairs:
            answers.setdefault(source, []).append(target)
        asked = list(answers)
        k = min(10, len(space.target))
        questions = []
        for word, found in zip(asked, space.translate(asked, k), strict=True):
            right = tuple(answers[word])
            row = space.source.index.get(word, -1)
            given = [each.word for each in found]
            ranks = [given.index(each) + 1 for each in right if each in given]
            known = any(each in space.target.index for each in right) and row >= 0
            rank = min(ranks, default=k + 1) if known else None
            shown = tuple(Answer(each.word, each.score) for each in found[:5])
            questions.append(
                Question(word, row + 1, right, shown, rank, () if rank == 1 else ("rare",))
            )
        questions.sort(key=lambda each: each.frequency_rank or len(space.source) + 1)
        return cls(
            tuple(questions),
            "csls" if space.ranker is None else "learned",
            _accuracy_by(questions, lambda each: f"{each.frequency_rank // 10_000}"),
            _accuracy_by(questions, lambda each: f"{len(each.word)}"),
            {},
        )

    def reliability(self) -> Reliability | None:
        """Compare the probabilities of the first answers with the right ones."""
        answered = [each for each in self.questions if each.rank is not None]
        if self.ranking != "learned" or not answered:
            return None
        probability = np.array([each.answers[0].score for each in answered])
        return Reliability.of(probability, np.array([each.rank == 1 for each in answered]))


def _accuracy_by(
    questions: Sequence[Question], name: Callable[[Question], str]
) -> dict[str, Accuracy]:
    groups: dict[str, list[int]] = {}
    for each in questions:
        if each.rank is not None:
            groups.setdefault(name(each), []).append(each.rank)
    return {name: Accuracy.of_ranks(np.array(ranks)) for name, ranks in groups.items()}
