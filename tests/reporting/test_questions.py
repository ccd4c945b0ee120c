from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from alignx.alignment.known_pairs import KnownPairs
from alignx.alignment.shared_space import SharedSpace
from alignx.evaluation.word_translation import evaluate
from alignx.lexicon.lexicon import Lexicon
from alignx.reporting.questions import Questions
from alignx.reporting.reasons import share_stem
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.evaluation.word_translation import EvaluationReport


@pytest.mark.slow
def test_answers_are_those_of_translate(ranked: SharedSpace, evaluation: EvaluationReport) -> None:
    found = Questions.of(ranked, evaluation)
    assert found.ranking == "learned"
    assert len(found.questions) == 100
    for each in found.questions:
        answers = ranked.translate(each.word, 5)
        assert [(a.word, a.score) for a in each.answers] == [(a.word, a.score) for a in answers]
        words = [answer.word for answer in ranked.translate(each.word, 12)]
        if each.right[0] in words:
            assert each.rank == words.index(each.right[0]) + 1
        else:
            assert each.rank is not None
        assert ranked.source.words[each.frequency_rank - 1] == each.word
    ranks = [each.rank for each in found.questions]
    share = sum(rank == 1 for rank in ranks) / 100
    assert share == evaluation.more["learned"].precision[1]
    assert 0 < share < 1


def test_bands_hold_each_word_once(ranked: SharedSpace, evaluation: EvaluationReport) -> None:
    found = Questions.of(ranked, evaluation)
    for groups in (found.by_frequency, found.by_length):
        assert sum(each.n for each in groups.values()) == 100
    for name, accuracy in found.by_length.items():
        low, _, high = name.partition("-")
        inside = [q for q in found.questions if int(low) <= len(q.word) <= int(high or low)]
        assert accuracy.n == len(inside)
        assert accuracy.precision[1] == pytest.approx(
            sum(q.rank == 1 for q in inside) / len(inside)
        )
    assert list(found.by_frequency) == ["1-200"]
    assert found.by_part_of_speech == {}


def test_reliability_is_about_first_answers(
    ranked: SharedSpace, evaluation: EvaluationReport
) -> None:
    questions = Questions.of(ranked, evaluation)
    found = questions.reliability()
    assert found is not None
    assert found.counts.sum() == 100
    assert found.share @ found.counts == pytest.approx(
        sum(each.rank == 1 for each in questions.questions)
    )
    plain = SharedSpace(ranked.languages)
    test = [(each.word, each.right[0]) for each in questions.questions]
    assert Questions.of(plain, evaluate(plain, test)).reliability() is None


@pytest.fixture
def lone() -> SharedSpace:
    """Spaces where the reasons of errors are plain."""
    english = Embeddings(["bank", "run", "taxi", "sole"], np.vstack([np.eye(3), [1, 1, 0]]))
    vectors = {
        "corre": [0.1, 1.0, 0.0],
        "correr": [0.0, 0.9, 0.6],
        "banco": [0.6, 0.0, 0.9],
        "orilla": [0.5, 0.9, -0.4],
        "taxi": [0.0, 0.0, 1.0],
        "taxímetro": [0.0, 1.0, 0.6],
        "suela": [1.0, -1.0, 0.0],
    }
    spanish = Embeddings([*vectors], np.array([*vectors.values()]))
    return SharedSpace({"en": english, "es": spanish})


def reasons(space: SharedSpace, test: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    evaluation = evaluate(space, test, n_neighbors=1, ranking="csls")
    return {each.word: each.reasons for each in Questions.of(space, evaluation).questions}


def test_reasons_of_errors(lone: SharedSpace) -> None:
    test = [
        ("run", "correr"),  # "corre" is nearer
        ("taxi", "taxímetro"),
        ("bank", "banco"),
        ("bank", "orilla"),
        ("sole", "lenguado"),
        ("cow", "vaca"),
    ]
    found = reasons(lone, test)
    assert found["run"] == ("inflection",)
    assert found["taxi"] == ("identical",)
    assert found["bank"] == ("homograph",)
    assert found["sole"] == found["cow"] == ("oov",)


def test_oov_words_have_no_answers_and_no_rank(lone: SharedSpace) -> None:
    evaluation = evaluate(lone, [("run", "correr"), ("cow", "vaca")], n_neighbors=1)
    first, last = Questions.of(lone, evaluation).questions
    assert (first.word, last.word) == ("run", "cow")
    assert (last.frequency_rank, last.rank, last.answers) == (0, None, ())


def test_rare_words_are_told() -> None:
    words = [f"w{i}" for i in range(20_001)]
    rows = np.zeros((20_001, 3))
    rows[:, 0] = 1
    rows[:2], rows[20_000] = np.array([[0, 1, 0], [0, 0.9, 0.1]]), np.array([0, 0, 1])
    space = SharedSpace(
        {"en": Embeddings(["a", "b", "c"], np.eye(3)[[1, 0, 2]]), "es": Embeddings(words, rows)}
    )
    assert reasons(space, [("a", "w20000"), ("c", "w1")]) == {"a": ("rare",), "c": ()}


def test_words_of_the_fit_do_not_count(ranked: SharedSpace, pairs: list[tuple[str, str]]) -> None:
    space = SharedSpace(ranked.languages, ranked.ranker, KnownPairs.of(pairs[:60]))
    found = Questions.of(space, evaluate(space, pairs))
    assert sum(each.known for each in found.questions) == 60
    assert sum(each.n for each in found.by_length.values()) == 40
    reliability = found.reliability()
    assert reliability is not None
    assert reliability.counts.sum() == 40
    only_known = Questions.of(space, evaluate(space, pairs[:60]))
    assert sum(each.n for each in only_known.by_length.values()) == 60


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("gato", "gatos", True),
        ("Asoció", "asociados", True),
        ("gato", "gata", True),
        ("penas", "pan", False),
        ("el", "ella", False),
        ("本", "本人", False),
        ("", "", False),
    ],
)
def test_stems(first: str, second: str, expected: bool) -> None:
    assert share_stem(first, second) is expected
    assert share_stem(second, first) is expected


def test_parts_of_speech_of_the_dictionary(lone: SharedSpace, tmp_path: Path) -> None:
    path = tmp_path / "test.tsv"
    path.write_text(
        "English\tclass\tSpanish\nRun\tverb\tcorrer\nbank\tnoun\tbanco, orilla\n"
        "taxi\tnoun\ttaxi\ncow\tnoun\tvaca\n"
    )
    lexicon = Lexicon.load(path)
    evaluation = evaluate(lone, lexicon, n_neighbors=1)
    found = Questions.of(lone, evaluation, lexicon.parts_of_speech)
    assert {each.word: each.part_of_speech for each in found.questions} == {
        "bank": "noun",
        "run": "verb",
        "taxi": "noun",
        "cow": "noun",
    }
    assert {name: each.n for name, each in found.by_part_of_speech.items()} == {
        "noun": 2,
        "verb": 1,
    }
