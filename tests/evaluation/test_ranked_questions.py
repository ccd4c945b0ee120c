from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest

from alignx.alignment.known_pairs import KnownPairs
from alignx.alignment.shared_space import SharedSpace
from alignx.evaluation.accuracy import Accuracy
from alignx.evaluation.word_translation import evaluate
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from alignx.evaluation.ranked_questions import OOVPolicy, RankedQuestions

PAIRS = [
    ("s2", "t3"), ("cow", "vaca"), ("s0", "t0"), ("s0", "gata"), ("s1", "vaca"), ("s3", "t3"),
    ("zero", "t1"), ("s2", "t2"),
]  # fmt: skip


def space() -> SharedSpace:
    """Target i is the answer for source i, then i + 1, and so on around a circle."""
    rows = np.stack([np.roll(np.linspace(1, 0.1, 4), shift) for shift in range(4)])
    source = [*rows.astype(np.float32), np.zeros(4, dtype=np.float32)]
    english = Embeddings(["s0", "s1", "s2", "s3", "zero"], np.array(source))
    spanish = Embeddings([f"t{i}" for i in range(4)], np.eye(4, dtype=np.float32))
    return SharedSpace({"en": english, "es": spanish}, known=KnownPairs.of([("s2", "t3")]))


def asked(policy: OOVPolicy) -> RankedQuestions:
    return evaluate(space(), PAIRS, oov_policy=policy, n_neighbors=1).questions


def test_questions_are_words_with_all_their_answers_frequent_ones_first() -> None:
    questions = asked("muse")
    assert questions.words == ("s0", "s1", "s2", "s3", "cow", "zero")
    assert questions.rows.tolist() == [0, 1, 2, 3, -1, -1]
    assert questions.answers == (
        ("t0", "gata"), ("vaca",), ("t3", "t2"), ("t3",), ("vaca",), ("t1",),
    )  # fmt: skip
    found = [rows.tolist() for rows in questions.answer_rows]
    assert found == [[0, -1], [-1], [3, 2], [3], [-1], [1]]
    assert list(questions.ranks) == ["nn", "csls"]
    for ranks in questions.ranks.values():
        assert ranks.tolist() == [1, np.inf, 1, 1, np.inf, np.inf]
    assert questions.counted.tolist() == [True, False, True, True, False, False]
    assert questions.known.tolist() == [False, False, True, False, False, False]


def test_fasttext_counts_what_cannot_be_answered_and_xling_asks_for_each_pair() -> None:
    assert asked("fasttext").counted.all()
    questions = asked("xling")
    assert questions.words == ("s0", "s0", "s1", "s2", "s2", "s3", "cow", "zero")
    assert questions.ranks["nn"].tolist() == [1, *[np.inf] * 2, 2, 1, 1, *[np.inf] * 2]
    assert questions.known.tolist() == [False] * 3 + [True] + [False] * 4


@pytest.mark.parametrize("policy", ["muse", "vecmap", "fasttext", "xling"])
def test_the_accuracy_is_that_of_the_counted_questions(policy: OOVPolicy) -> None:
    report = evaluate(space(), PAIRS, oov_policy=policy, ranking="isf")
    questions = report.questions
    for name, expected in {"nn": report.nn, "csls": report.csls, **report.more}.items():
        assert Accuracy.of_ranks(questions.ranks[name][questions.counted]) == expected
        rest = questions.ranks[name][questions.counted & ~questions.known]
        assert Accuracy.of_ranks(rest) == report.new[name]
    copy = pickle.loads(pickle.dumps(questions))
    assert copy.words == questions.words
    assert "questions" not in report.as_dict()
