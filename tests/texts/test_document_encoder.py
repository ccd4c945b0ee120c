from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from topics import planted_space, topic_texts

from alignx.errors import NotFittedError
from alignx.texts.document_encoder import DocumentEncoder
from alignx.texts.documents import Documents, TextReader
from alignx.vectors.sif import expected_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SPACE = planted_space()


def read(code: str, texts: list[str]) -> Documents:
    return TextReader().read(texts, code, SPACE[code])


def documents(code: str, count: int = 40, seed: int = 0) -> Documents:
    return read(code, topic_texts(code, count, seed)[0])


def unit(row: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(row)
    return np.asarray(row / length if length else row)


def by_hand(
    found: Documents, weights: np.ndarray, mean: np.ndarray, components: np.ndarray
) -> np.ndarray:
    """The formula, document by document, in float64."""
    vectors = np.concatenate([SPACE[found.language].vectors, found.oov_vectors]).astype(np.float64)
    rows = []
    for start, end in zip(found.starts[:-1], found.starts[1:], strict=True):
        words = found.words[start:end]
        if len(words) == 0:
            rows.append(np.zeros(vectors.shape[1]))
            continue
        w = weights[np.minimum(words, found.vocabulary)]
        row = (w[:, None] * vectors[words]).sum(axis=0) / w.sum() - mean
        rows.append(unit(row - components.T @ (components @ row)))
    return np.array(rows)


def sif(smoothing: float) -> np.ndarray:
    p = expected_shares(len(SPACE["en"]))
    return np.asarray(smoothing / (smoothing + np.append(p, p[-1])))


def test_vectors_are_those_of_the_formula() -> None:
    found = documents("en")
    encoder = DocumentEncoder(smoothing=0.01, components=2).fit(SPACE, [found])
    expected = by_hand(found, sif(0.01), encoder.means_["en"], encoder.components_)
    assert np.allclose(encoder.transform(found), expected, atol=1e-5)


def test_the_mean_is_that_of_the_documents_drawn_to_what_ranks_let_expect() -> None:
    found = documents("en")
    encoder = DocumentEncoder(smoothing=0.01).fit(SPACE, [found])
    plain = DocumentEncoder(smoothing=0.01, center=False).fit(SPACE, [found])
    weights = sif(0.01)
    assert not plain.means_["en"].any()
    averages = []
    for a, b in zip(found.starts[:-1], found.starts[1:], strict=True):
        w = weights[found.words[a:b]]
        averages.append((w[:, None] * SPACE["en"].vectors[found.words[a:b]]).sum(0) / w.sum())
    shares = expected_shares(len(SPACE["en"])) * weights[:-1]
    expected = shares / shares.sum() @ SPACE["en"].vectors
    mean = (np.sum(averages, axis=0) + 10 * expected) / (len(found) + 10)
    assert np.allclose(encoder.means_["en"], mean, atol=1e-6)
    assert np.allclose(encoder.means_["de"], shares / shares.sum() @ SPACE["de"].vectors, atol=1e-6)


def test_components_are_orthonormal_and_gone_from_documents() -> None:
    parts = [documents("en"), documents("es")]
    encoder = DocumentEncoder(components=3).fit(SPACE, parts)
    basis = encoder.components_
    assert np.allclose(basis @ basis.T, np.eye(3), atol=1e-5)
    assert np.abs(encoder.transform(parts[0]) @ basis.T).max() < 1e-5


def test_weights_by_inverse_frequency_among_documents() -> None:
    found = read("en", ["en0 en1", "en0 en0", "en2"])
    encoder = DocumentEncoder(weighting="idf").fit(SPACE, [found])
    weights = encoder.weights_["en"]
    assert np.allclose(weights[:3], np.log(4 / (1 + np.array([2, 1, 1]))) + 1)
    assert weights[-1] == pytest.approx((np.log(4) + 1) / 2)
    assert found.words.tolist() == [0, 1, 0, 0, 2]  # counting leaves the documents as they were
    # A language without documents: by rank, rare words count more.
    assert (np.diff(encoder.weights_["de"][:-1]) >= 0).all()


def test_uniform_weights() -> None:
    encoder = DocumentEncoder(weighting="uniform", center=False).fit(SPACE, [])
    found = read("es", ["es3 es70 es70"])
    expected = unit(SPACE["es"].vectors[[3, 70, 70]].mean(axis=0))
    assert np.allclose(encoder.transform(found)[0], expected, atol=1e-6)


def test_a_document_in_two_languages_lies_between_them() -> None:
    encoder = DocumentEncoder(smoothing=0.01).fit(SPACE, [documents("en"), documents("es")])
    english, spanish = read("en", ["en50", "", "en60 en61"]), read("es", ["es51", "es52", ""])
    both = encoder.transform(english, spanish)
    assert np.allclose(both[1], encoder.transform(spanish)[1], atol=1e-6)
    assert np.allclose(both[2], encoder.transform(english)[2], atol=1e-6)
    weights = sif(0.01)
    a = weights[50] * (SPACE["en"].vectors[50] - encoder.means_["en"])
    b = weights[51] * (SPACE["es"].vectors[51] - encoder.means_["es"])
    assert np.allclose(both[0], unit(a + b), atol=1e-5)


@pytest.mark.parametrize("oov_weight", [0.0, 0.5, 1.0])
def test_oov_words_count_as_a_share_of_the_rarest(oov_weight: float) -> None:
    def vectors(words: Sequence[str]) -> NDArray[np.float32]:
        return np.ones((len(words), SPACE["en"].dimension), np.float32)

    found = TextReader(oov_vectors={"en": vectors}).read(["en0 zebra"], "en", SPACE["en"])
    encoder = DocumentEncoder(smoothing=0.01, oov_weight=oov_weight).fit(SPACE, [])
    weights = sif(0.01)
    weights[-1] *= oov_weight
    expected = by_hand(found, weights, encoder.means_["en"], encoder.components_)
    assert np.allclose(encoder.transform(found), expected, atol=1e-5)


def test_a_document_without_known_words_is_zero() -> None:
    encoder = DocumentEncoder(components=1).fit(SPACE, [documents("en")])
    rows = encoder.transform(read("en", ["", "zebra", "en50"]))
    assert not rows[:2].any()
    assert np.linalg.norm(rows[2]) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"weighting": "tfidf"}, "weighting must be 'sif', 'idf' or 'uniform', got 'tfidf'"),
        ({"smoothing": 0.0}, "smoothing must be more than 0"),
        ({"oov_weight": -1.0}, "oov_weight must be at least 0, got -1.0"),
        ({"components": -1}, r"components must lie in \[0, 20\), got -1"),
        ({"components": 20}, r"components must lie in \[0, 20\), got 20"),
    ],
)
def test_bad_parameters_are_named(parameters: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        DocumentEncoder(**parameters).fit(SPACE, [])  # type: ignore[arg-type]
    with pytest.raises(NotFittedError):
        DocumentEncoder().transform(documents("en"))
