"""Test words with their answers, and the likely reasons of errors."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from alignx.evaluation.accuracy import Accuracy
from alignx.evaluation.word_translation import FREQUENCY_BANDS
from alignx.reporting.reasons import Reason, reasons_of
from alignx.reporting.reliability import Reliability
from alignx.support.frames import Tabular

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from alignx.alignment.shared_space import SharedSpace
    from alignx.evaluation.word_translation import EvaluationReport
    from alignx.retrieval.ranked import Ranking

__all__ = ["Answer", "Question", "Questions"]

ANSWERS = 5
LENGTH_BANDS = (3, 5, 7, 9, 12)


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
        At most five, best first; none if the word is OOV.
    rank : int, optional
        Rank of the best right answer, from 1; None if the word or all right answers are OOV.
    reasons : tuple of {"rare", "homograph", "inflection", "identical", "oov"}
        Likely reasons of an error; empty for a right answer.
    part_of_speech : str
        Empty if the test dictionary does not give it.
    known : bool
        Whether the map was fitted on a right answer.
    """

    word: str
    frequency_rank: int
    right: tuple[str, ...]
    answers: tuple[Answer, ...]
    rank: int | None
    reasons: tuple[Reason, ...] = ()
    part_of_speech: str = ""
    known: bool = False


@dataclass(frozen=True)
class Questions(Tabular):
    """All test words, most frequent first, OOV words last.

    Attributes
    ----------
    questions : tuple of Question
        Right and wrong ones.
    ranking : {"csls", "learned"}
        Order of the answers.
    by_frequency, by_length, by_part_of_speech : dict of str to Accuracy
        Accuracy of groups of words, OOV words and those that the map was fitted on left out; the
        last is empty without parts of speech.
    """

    questions: tuple[Question, ...]
    ranking: str
    by_frequency: dict[str, Accuracy]
    by_length: dict[str, Accuracy]
    by_part_of_speech: dict[str, Accuracy]

    def __repr__(self) -> str:
        return f"Questions({len(self.questions):,} words, by {self.ranking})"

    def records(self) -> list[dict[str, Any]]:
        """Return one row for each test word."""
        return [vars(each) for each in self.questions]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that ``--json`` prints."""
        return {
            "ranking": self.ranking,
            "by_frequency": self.by_frequency,
            "by_length": self.by_length,
            "by_part_of_speech": self.by_part_of_speech,
            "questions": [
                {**each, "answers": [answer._asdict() for answer in each["answers"]]}
                for each in self.records()
            ],
        }

    @classmethod
    def of(
        cls,
        space: SharedSpace,
        evaluation: EvaluationReport,
        parts_of_speech: Mapping[str, str] | None = None,
    ) -> Self:
        """Answer the words of an evaluation in the same space.

        Parameters
        ----------
        space : SharedSpace
            The languages in one space.
        evaluation : EvaluationReport
            Of this space.
        parts_of_speech : mapping of str to str, optional
            Part of speech of source words.

        Examples
        --------
        >>> import alignx as ax
        >>> english = ax.Embeddings(["cat", "dog"], np.eye(2))
        >>> spanish = ax.Embeddings(["gato", "perro"], np.eye(2)[::-1])
        >>> space = ax.SharedSpace({"en": english, "es": spanish})
        >>> found = ax.evaluate(space, {"cat": "gato", "dog": "gato"}, n_neighbors=1)
        >>> [(each.word, each.rank) for each in Questions.of(space, found).questions]
        [('cat', 2), ('dog', 1)]
        """
        asked = evaluation.questions
        ranking: Ranking = "learned" if "learned" in asked.ranks else "csls"
        given = _answers(space, asked.words, ranking)
        tags = _as_written(space, parts_of_speech or {})
        questions = tuple(
            Question(
                word,
                row + 1,
                tuple(right),
                answers,
                int(rank) if np.isfinite(rank) else None,
                () if rank == 1 else reasons_of(space, row, word, answers, rows),
                tags.get(word, ""),
                known,
            )
            for word, row, right, rows, answers, rank, known in zip(
                asked.words,
                asked.rows.tolist(),
                asked.answers,
                asked.answer_rows,
                given,
                asked.ranks[ranking].tolist(),
                asked.known.tolist(),
                strict=True,
            )
        )
        counted = _counted(questions)
        n = len(space.source)
        return cls(
            questions,
            ranking,
            _by_band(counted, lambda each: each.frequency_rank, (*FREQUENCY_BANDS, n)),
            _by_band(counted, lambda each: len(each.word), LENGTH_BANDS),
            _by_group(counted, lambda each: each.part_of_speech),
        )

    def reliability(self) -> Reliability | None:
        """Compare the probabilities of first answers with their share of right ones.

        None without probabilities, or without a word that can be answered.
        """
        counted = _counted(self.questions)
        if self.ranking != "learned" or not counted:
            return None
        probability = np.array([each.answers[0].score for each in counted])
        return Reliability.of(probability, np.array([each.rank == 1 for each in counted]))


def _answers(
    space: SharedSpace, words: Sequence[str], ranking: Ranking
) -> list[tuple[Answer, ...]]:
    """Translate words; none for OOV words."""
    asked = [word for word in words if word in space.source]
    found = space.translate(asked, min(ANSWERS, len(space.target)), ranking=ranking)
    answers = {
        word: tuple(Answer(each.word, each.score) for each in given)
        for word, given in zip(asked, found, strict=True)
    }
    return [answers.get(word, ()) for word in words]


def _as_written(space: SharedSpace, tags: Mapping[str, str]) -> dict[str, str]:
    """Spell words as the vocabulary does."""
    rows = space.source.find([*tags]).tolist()
    return {
        word if row < 0 else space.source.words[row]: tag
        for (word, tag), row in zip(tags.items(), rows, strict=True)
    }


def _counted(questions: Sequence[Question]) -> list[Question]:
    """Select the words that can be answered, and are new to the map if any is."""
    answered = [each for each in questions if each.rank is not None]
    return [each for each in answered if not each.known] or answered


def _by_band(
    questions: Sequence[Question], value: Callable[[Question], int], ends: Sequence[int]
) -> dict[str, Accuracy]:
    """Measure the accuracy by bands of a number, each with its end."""
    values = np.array([value(each) for each in questions], dtype=np.int64)
    ranks = np.array([each.rank for each in questions], dtype=np.int64)
    largest = max(values.max(initial=0), 1)
    bands = {}
    for low, high in pairwise((0, *(end for end in ends if end < largest), int(largest))):
        inside = (values > low) & (values <= high)
        if inside.any():
            name = f"{low + 1:,}-{high:,}" if high > low + 1 else f"{high:,}"
            bands[name] = Accuracy.of_ranks(ranks[inside])
    return bands


def _by_group(
    questions: Sequence[Question], name: Callable[[Question], str]
) -> dict[str, Accuracy]:
    """Measure the accuracy of groups by their name, most words first; "" is no group."""
    groups: dict[str, list[int]] = {}
    for each in questions:
        if name(each) and each.rank is not None:
            groups.setdefault(name(each), []).append(each.rank)
    largest = sorted(groups.items(), key=lambda item: -len(item[1]))
    return {name: Accuracy.of_ranks(np.array(ranks)) for name, ranks in largest}
