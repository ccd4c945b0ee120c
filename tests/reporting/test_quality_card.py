from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from alignx.alignment.diagnosis import Diagnosis
from alignx.alignment.known_pairs import KnownPairs
from alignx.alignment.shared_space import SharedSpace
from alignx.alignment.validation import Validation
from alignx.evaluation.accuracy import Accuracy
from alignx.evaluation.word_translation import evaluate
from alignx.ranking.gain import RankingGain
from alignx.reporting.quality_card import QualityCard
from alignx.reporting.uses import NEEDS, judged_uses, wilson_interval

if TYPE_CHECKING:
    from alignx.alignment.alignment import Alignment
    from alignx.vectors.embeddings import Embeddings

Pairs = list[tuple[str, str]]


@pytest.fixture(scope="module")
def space(alignment: Alignment, languages: tuple[Embeddings, Embeddings]) -> SharedSpace:
    return alignment.apply(*languages)


def without_map(space: SharedSpace, pairs: Pairs) -> QualityCard:
    return QualityCard.of(space, None, evaluate(space, pairs))


def fitted(alignment: Alignment, hits: int, n: int, **more: float) -> Alignment:
    """Return the map as if it had these held-out figures."""
    validation = Validation(hits, n, 1_000, 300, 0.0001, 2)
    return replace(alignment, validation=replace(validation, **more), diagnosis=None)


def goods(card: QualityCard) -> list[bool]:
    return [use.good for use in card.uses]


def test_the_figures_are_those_of_the_test_and_the_fit(
    space: SharedSpace, alignment: Alignment, known: Pairs
) -> None:
    evaluation = evaluate(space, known[150:])
    card = QualityCard.of(space, alignment, evaluation, names=("English", "Spanish"))
    assert [(each.words, each.ranking) for each in card.accuracies] == [
        ("test words", "csls"),
        ("test words", "nn"),
        ("held-out words of the training dictionary", "csls"),
    ]
    test, _, held_out = (each.accuracy for each in card.accuracies)
    assert test.precision == evaluation.csls.precision
    assert test.interval == pytest.approx(wilson_interval(test.precision[1], 150))
    assert alignment.validation is not None
    assert held_out.interval == pytest.approx(alignment.validation.interval, abs=1e-7)
    assert np.isnan(held_out.precision[5])
    assert (card.source, card.target, card.sizes) == ("English", "Spanish", (300, 300))
    assert card.coverage == 1.0
    assert card.method == "Procrustes, from 150 known word pairs, refined in 5 rounds"
    assert not card.failed


def test_the_learned_ranking_comes_first(alignment: Alignment, space: SharedSpace) -> None:
    gain = RankingGain(0.9, 0.8, 200, 0.1, 0.05, 0.15, 0.02)
    ranked = replace(fitted(alignment, 160, 200), ranker=object(), ranking_gain=gain)
    first, second = QualityCard.of(space, ranked).accuracies
    assert (first.ranking, first.accuracy.precision[1], first.accuracy.n) == ("learned", 0.9, 200)
    assert (second.ranking, second.accuracy.precision[1]) == ("csls", 0.8)
    induced = replace(ranked, ranking_gain=replace(gain, induced=True))
    card = QualityCard.of(space, induced)
    assert [each.ranking for each in card.accuracies] == ["csls"]
    assert "rough" in card.warnings[-1]
    left_out = QualityCard.of(space, replace(ranked, ranker=None))
    assert [each.ranking for each in left_out.accuracies] == ["csls"]
    assert left_out.warnings[-1].startswith("The learned ranking was left out")


@pytest.mark.parametrize("hits", [0, 40, 80, 120, 160, 200])
def test_uses_are_judged_by_the_lower_end(hits: int) -> None:
    ranks = np.where(np.arange(200) < hits, 1, 20)
    uses = judged_uses(Accuracy.of_ranks(ranks), Accuracy.of_ranks(ranks), "words")
    low = Validation(hits, 200, 0, 0, 0.0, 0).interval[0]
    assert [use.good for use in uses] == [low >= need.least for need in NEEDS]
    for use, need in zip(uses, NEEDS, strict=True):
        assert f"P@{need.level} is {hits / 2:.1f} % on 200 words" in use.reason
        assert f"at least {100 * low:.1f} %" in use.reason
        assert f"needed: {100 * need.least:.0f} %" in use.reason


def test_one_right_word_is_good_for_nothing_much() -> None:
    once = Accuracy.of_ranks(np.ones(1))
    assert [use.good for use in judged_uses(once, once, "test words")] == [True, *[False] * 5]


def test_uses_of_vectors_take_csls() -> None:
    best, poor = Accuracy.of_ranks(np.ones(500)), Accuracy.of_ranks(np.full(500, 20))
    found = {use.name: use.good for use in judged_uses(best, poor, "test words")}
    assert not found["Classify texts with labels of the other language"]
    assert found["Publish a dictionary after review"]


def test_levels_that_were_not_measured_are_not_judged(
    alignment: Alignment, space: SharedSpace
) -> None:
    card = QualityCard.of(space, fitted(alignment, 190, 200))
    assert len(card.uses) == len(NEEDS) - 1
    assert not any("P@5" in use.reason for use in card.uses)


def test_failed_weak_and_undecided_maps_say_so_first(
    alignment: Alignment, space: SharedSpace
) -> None:
    failed = QualityCard.of(space, fitted(alignment, 0, 200))
    assert failed.failed
    assert failed.warnings[0].startswith("This map has failed its check")
    assert not any(goods(failed))
    weak = QualityCard.of(space, fitted(alignment, 12, 200))
    assert not weak.failed
    assert weak.warnings[0].startswith("This map is weak")
    undecided = QualityCard.of(space, fitted(alignment, 0, 5))
    assert undecided.warnings[0].startswith("Too few words were held out")
    assert not any(goods(undecided))


def test_a_map_without_a_dictionary_has_no_accuracy(
    alignment: Alignment, space: SharedSpace
) -> None:
    found = Diagnosis(0.62, 0.5, 0.6, 1.0)
    unsupervised = replace(
        alignment, validation=None, diagnosis=found, found_by="self_learning", pairs=0
    )
    card = QualityCard.of(space, unsupervised)
    assert (card.accuracies, card.uses, card.coverage) == ((), (), None)
    assert card.warnings[0] == "No P@1 was measured. Give a test dictionary to measure it."
    assert "62%" in card.warnings[1]
    assert card.method == "Procrustes, without a dictionary, by self-learning, refined in 5 rounds"
    worse = QualityCard.of(space, replace(unsupervised, diagnosis=replace(found, agreement=0.1)))
    assert worse.failed
    assert worse.warnings[0].startswith("This map has failed its check")


def test_few_test_words_yield_to_more_held_out_ones(
    alignment: Alignment, space: SharedSpace, known: Pairs
) -> None:
    card = QualityCard.of(space, alignment, evaluate(space, known[150:151]))
    assert card.accuracies[0].words == "held-out words of the training dictionary"
    alone = without_map(space, known[150:151])
    assert alone.warnings == ("Few test words were asked (1): the figures are rough.",)
    assert alone.method == "Vectors that share a space already"


def test_words_of_the_fit_are_left_out(space: SharedSpace, known: Pairs) -> None:
    given = SharedSpace(space.languages, known=KnownPairs.of(known[:100]))
    card = without_map(given, known)
    assert card.accuracies[0].words == "test words that are new to the map"
    assert card.accuracies[0].accuracy.n == 200
    assert card.warnings == (
        "100 of 300 test words have an answer that the map was fitted on; they are left out of "
        "the figures here.",
    )
    flattered = without_map(given, known[:100])
    assert flattered.accuracies[0].accuracy.n == 100
    assert flattered.warnings[0].endswith("the figures flatter.")


def test_missing_words_and_fewer_answers_are_told(
    alignment: Alignment, space: SharedSpace, known: Pairs
) -> None:
    test = [*known[150:], *((f"cow{i}", f"vaca{i}") for i in range(100))]
    card = without_map(space, test)
    assert card.coverage == pytest.approx(0.6)
    assert "60%" in card.warnings[0]
    few = QualityCard.of(space, fitted(alignment, 150, 200, answers=100))
    assert "among 100 of the 300 target words" in few.warnings[-1]


def test_a_test_that_contradicts_the_fit_is_told(
    alignment: Alignment, space: SharedSpace, known: Pairs
) -> None:
    wrong = [(source, known[i - 1][1]) for i, (source, _) in enumerate(known)]
    card = QualityCard.of(space, fitted(alignment, 150, 200), evaluate(space, wrong))
    assert "check that the vectors are those of the map" in card.warnings[-1]
    assert not any(goods(card))
