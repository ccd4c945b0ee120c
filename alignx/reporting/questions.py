"""Test words with their answers, and the likely reasons of errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from alignx.support.frames import Tabular

if TYPE_CHECKING:
    from alignx.evaluation.accuracy import Accuracy

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
