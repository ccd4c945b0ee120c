"""Quality of a classifier, against its own predictions."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix
from topics import TOPICS, planted_space, topic_texts

from alignx.classification.classifier import TransferClassifier
from alignx.classification.data.texts import LabeledTexts
from alignx.errors import NotFittedError
from alignx.reporting.classifier import ClassifierSection

SPACE = planted_space(noise=1.0)


def labeled(code: str, count: int, seed: int) -> LabeledTexts:
    texts, labels = topic_texts(code, count, seed, share=0.12)
    return LabeledTexts(tuple(texts), tuple(labels), (code,) * count)


@pytest.fixture(scope="module")
def classifier() -> TransferClassifier:
    texts, labels = topic_texts("en", 60, 1)
    return TransferClassifier(SPACE).fit(texts, labels, language="en")


@pytest.fixture(scope="module")
def tests() -> LabeledTexts:
    spanish, german = labeled("es", 30, 2), labeled("de", 20, 3)
    return LabeledTexts(
        spanish.texts + german.texts,
        (spanish.labels or ()) + (german.labels or ()),
        (spanish.languages or ()) + (german.languages or ()),
    )


@pytest.fixture(scope="module")
def section(classifier: TransferClassifier, tests: LabeledTexts) -> ClassifierSection:
    return ClassifierSection.of(classifier, tests)


def test_counts_are_those_of_the_predictions(
    classifier: TransferClassifier, tests: LabeledTexts, section: ClassifierSection
) -> None:
    predicted = classifier.predict(tests.texts, language=tests.languages)
    assert section.classes == TOPICS
    expected = confusion_matrix(tests.labels, predicted)
    np.testing.assert_array_equal(section.confusion, expected)
    is_right = predicted == np.array(tests.labels)
    assert 0 < is_right.mean() < 1
    assert section.accuracy.precision[1] == is_right.mean()
    for number, name in enumerate(TOPICS):
        found = section.by_class[name]
        assert (found.n, found.precision[1] * found.n) == pytest.approx(
            (expected[number].sum(), expected[number, number])
        )
        assert 0 <= found.interval[0] < found.precision[1] <= found.interval[1] <= 1
    assert [each.n for each in section.by_language.values()] == [30, 20]


def test_errors_are_the_most_confident_ones(
    classifier: TransferClassifier, tests: LabeledTexts, section: ClassifierSection
) -> None:
    confidences = [wrong.probability for wrong in section.wrong]
    assert confidences == sorted(confidences, reverse=True)
    assert len(section.wrong) == min(20, section.confusion.sum() - section.confusion.trace())
    for wrong in section.wrong:
        row = tests.texts.index(wrong.text)
        assert tests.labels is not None
        assert wrong.label == tests.labels[row] != wrong.predicted
        [probabilities] = classifier.predict_proba([wrong.text], language=wrong.language)
        assert wrong.probability == pytest.approx(probabilities.max())


def test_words_that_tell_are_of_the_topic_and_have_a_translation(
    section: ClassifierSection,
) -> None:
    for number, name in enumerate(TOPICS):
        words = section.telling[name]
        assert [(int(word.word[2:]) - 30) % 3 for word in words[:3]] == [number] * 3
        assert all(word.effect > 0 for word in words)
        assert all(word.nearest.startswith("en") for word in words)


def test_values_convert(section: ClassifierSection) -> None:
    facts = json.loads(json.dumps(section.as_dict()))
    assert facts["confusion"] == section.confusion.tolist()
    assert section.to_frame()["class"].tolist() == list(TOPICS)
    assert repr(section).startswith("ClassifierSection(")


def test_bad_texts_are_refused(classifier: TransferClassifier, tests: LabeledTexts) -> None:
    for texts, message in (
        (replace(tests, labels=None), "at least 1 text with a label, got 50 texts without labels"),
        (LabeledTexts((), ()), "at least 1 text with a label, got 0 texts with labels"),
        (replace(tests, labels=("money",) * 50), "labels must be among food, sport, war, which"),
        (replace(tests, languages=None), "language must be named"),
    ):
        with pytest.raises(ValueError, match=message):
            ClassifierSection.of(classifier, texts)
    with pytest.raises(TypeError, match="texts must be"):
        ClassifierSection.of(classifier, ["a"])  # type: ignore[arg-type]
    with pytest.raises(NotFittedError):
        ClassifierSection.of(TransferClassifier(SPACE), tests)


def test_classes_that_are_numbers_are_named_by_them() -> None:
    texts, labels = topic_texts("en", 40, 5)
    numbers = [TOPICS.index(label) for label in labels]
    classifier = TransferClassifier(SPACE, language="en").fit(texts, numbers)
    names = tuple(map(str, numbers))
    section = ClassifierSection.of(classifier, LabeledTexts(tuple(texts), names))
    assert section.classes == ("0", "1", "2")
    assert not [word for words in section.telling.values() for word in words if word.nearest]
