from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.base import clone
from topics import COMMON, LANGUAGES, TOPICS, planted_space, topic_texts

from alignx.classification.classifier import TransferClassifier
from alignx.classification.label_names import (
    CONFIDENCE,
    ROUNDS,
    SHARPNESS,
    LabelNameClassifier,
)
from alignx.errors import FormatError, NotFittedError
from alignx.texts.document_encoder import DocumentEncoder

if TYPE_CHECKING:
    from pathlib import Path

SPACE = planted_space()
# One word describes each topic: the first of it.
NAMES = {topic: f"en{COMMON + number}" for number, topic in enumerate(TOPICS)}
TEST = {code: topic_texts(code, 150, 2) for code in LANGUAGES}
UNLABELED = {code: topic_texts(code, 90, 1)[0] for code in ("es", "de")}


def fitted(**options: Any) -> LabelNameClassifier:  # noqa: ANN401
    return LabelNameClassifier(SPACE, **options).fit(NAMES, language="en", unlabeled=UNLABELED)


def unit(rows: Any) -> Any:  # noqa: ANN401
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def plain(texts: list[str], code: str, n_neighbors: int, trust: float) -> Any:  # noqa: ANN401
    """Compute the probabilities in float64, text by text and label by label."""
    reader = TransferClassifier(SPACE)
    documents = {key: reader.read(some, key) for key, some in UNLABELED.items()}
    encoder = DocumentEncoder().fit(SPACE, list(documents.values()))
    own = encoder.transform(reader.read([NAMES[topic] for topic in TOPICS], "en")).astype(float)
    vectors = unit(SPACE["en"].vectors.astype(float) - encoder.means_["en"])
    cosines = vectors @ unit(own - own.mean(axis=0)).T
    start = []
    for label in range(3):
        order = np.argsort(-cosines[:, label], kind="stable")
        near = [row for row in order if cosines[row].argmax() == label][:n_neighbors]
        total = sum(cosines[row, label] * vectors[row] for row in near)
        start.append(own[label] + total / np.linalg.norm(total))
    prototypes = unit(np.array(start))
    prototypes = centers = unit(prototypes - prototypes.mean(axis=0))
    rows = np.concatenate([encoder.transform(part) for part in documents.values()]).astype(float)

    def shares(of: Any, centers: Any, sharpness: float = SHARPNESS) -> Any:  # noqa: ANN401
        found = np.exp(sharpness * of @ centers.T)
        return found / found.sum(axis=1, keepdims=True)

    for _ in range(ROUNDS):
        centers = unit(trust * prototypes + (1 - trust) * unit(shares(rows, centers).T @ rows))
    asked = encoder.transform(reader.read(texts, code)).astype(float)
    return shares(asked, centers, CONFIDENCE)


def test_probabilities_are_those_of_the_plain_computation() -> None:
    classifier = fitted(n_neighbors=4, trust=0.3)
    texts = TEST["es"][0]
    expected = plain(texts, "es", 4, 0.3)
    np.testing.assert_allclose(
        classifier.predict_proba(texts, language="es"), expected, rtol=1e-3, atol=1e-5
    )
    # The names alone would give others.
    assert np.abs(plain(texts, "es", 4, 1.0) - expected).max() > 0.01


def test_one_word_a_label_serves_every_language(tmp_path: Path) -> None:
    classifier = fitted()
    assert classifier.classes_.tolist() == sorted(TOPICS)
    for code in LANGUAGES:
        assert classifier.score(*TEST[code], language=code) > 0.7
    of_topic = {f"en{COMMON + k}" for k in range(0, 120, 3)}
    assert len(of_topic & {*classifier.words_["food"]}) >= 18
    classifier.save(tmp_path / "m.safetensors")
    expected = classifier.predict_proba(TEST["de"][0], language="de")
    for kind in (LabelNameClassifier, TransferClassifier):
        loaded: Any = kind.load(tmp_path / "m.safetensors", SPACE)
        np.testing.assert_allclose(
            loaded.predict_proba(TEST["de"][0], language="de"), expected, atol=1e-6
        )
    loaded = LabelNameClassifier.load(tmp_path / "m.safetensors", SPACE)
    assert loaded.words_ == classifier.words_
    again = clone(loaded).fit(NAMES, language="en", unlabeled=UNLABELED)
    assert np.array_equal(again.predict_proba(TEST["de"][0], language="de"), expected)
    assert loaded.explain(TEST["es"][0][0], language="es").words


def test_unlabeled_texts_and_neighbors_help() -> None:
    names_alone = LabelNameClassifier(SPACE, n_neighbors=0, language="en").fit(NAMES)
    scores = [
        np.mean([each.score(*TEST[code], language=code) for code in LANGUAGES])
        for each in (names_alone, fitted())
    ]
    assert scores[1] > scores[0] + 0.01


def test_names_and_their_words() -> None:
    words = list(NAMES.values())
    by_name = LabelNameClassifier(SPACE, language="en").fit([words[0], "_".join(words[1:])])
    assert by_name.classes_.tolist() == sorted([words[0], "_".join(words[1:])])
    listed = LabelNameClassifier(SPACE, language="en").fit({0: words[0], 1: words[1:]})
    assert np.array_equal(by_name.prototypes_, listed.prototypes_)
    unknown = listed.predict_proba(["zzz"], language="es")
    assert unknown.tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("labels", "options", "problem"),
    [
        (["en30", "zzz"], {}, "labels must have a word in the en vocabulary, got 'zzz'; describe"),
        (["en30"], {}, "labels must hold at least 2 classes"),
        (["en30", "en30"], {}, "labels must be different, got 1 of 2 twice"),
        ({"a": "en30", "": "en31"}, {}, "labels must not be missing"),
        (["en30", "en31"], {"n_neighbors": -1}, "n_neighbors must be at least 0, got -1"),
        (["en30", "en31"], {"trust": 1.5}, r"trust must lie in \[0, 1\], got 1.5"),
        (["en30", "en31"], {"language": "fr"}, "language must be one of en, es, de"),
    ],
)
def test_labels_and_settings_that_are_refused(
    labels: Any,  # noqa: ANN401
    options: dict[str, Any],
    problem: str,
) -> None:
    with pytest.raises(ValueError, match=problem):
        LabelNameClassifier(SPACE, **{"language": "en", **options}).fit(labels)


def test_other_mistakes(tmp_path: Path) -> None:
    classifier = LabelNameClassifier(SPACE, language="en")
    with pytest.raises(TypeError, match="labels must be a sequence of strings, got the string"):
        classifier.fit("en30")
    with pytest.raises(TypeError, match="unlabeled must be a mapping of languages to texts"):
        classifier.fit(NAMES, unlabeled=["text"])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unlabeled must be one of en, es, de"):
        classifier.fit(NAMES, unlabeled={"fr": ["text"]})
    with pytest.raises(NotFittedError):
        classifier.save(tmp_path / "m.safetensors")
    supervised = TransferClassifier(SPACE).fit(*topic_texts("en", 30, 1), language="en")
    supervised.save(tmp_path / "m.safetensors")
    with pytest.raises(FormatError, match="learned from labeled texts"):
        LabelNameClassifier.load(tmp_path / "m.safetensors", SPACE)
