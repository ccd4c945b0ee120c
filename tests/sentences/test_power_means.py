"""Least and greatest values of the vectors of words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import alignx as ax
from alignx.sentences.power_means import PowerMeans
from alignx.support.arrays import unit_rows
from alignx.texts.documents import TextReader

if TYPE_CHECKING:
    import pytest

TEXTS = ["", "a3 a7 a7", "xyz", "a1", "a2 a9 a3house a0", ""]


def language() -> ax.Embeddings:
    rows = unit_rows(np.random.default_rng(0).normal(size=(30, 6)).astype(np.float32))
    return ax.Embeddings([f"a{i}" for i in range(30)], rows, language="en")


def test_they_are_the_extremes_of_each_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alignx.sentences.power_means._BATCH", 2)
    space = {"en": language()}
    documents = TextReader(oov="learned").read(TEXTS, "en", space["en"])
    means = PowerMeans(space, random_state=3)
    rows = np.vstack([space["en"].vectors, documents.oov_vectors]).astype(np.float64)
    assert len(documents.oov_vectors)
    assert means.means["en"].any()
    for i, found in enumerate(means.transform(documents)):
        words = documents.words[documents.starts[i] : documents.starts[i + 1]]
        expected = np.zeros(12)
        if len(words):
            expected = np.r_[rows[words].min(axis=0), rows[words].max(axis=0)] - means.means["en"]
            expected /= np.linalg.norm(expected)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_mean_is_that_of_random_sentences() -> None:
    """Frequent words come often, so the mean depends on their order."""
    center = PowerMeans({"en": language()}).means["en"]
    assert (center[:6] < language().vectors.mean(axis=0)).all()
    assert (center[6:] > language().vectors.mean(axis=0)).all()
    reverse = ax.Embeddings(language().words, language().vectors[::-1])
    assert np.abs(PowerMeans({"en": reverse}).means["en"] - center).max() > 0.05


def test_the_encoder_adds_them_as_a_part_of_equal_length() -> None:
    space = {"en": language()}
    encoder = ax.SentenceEncoder(lexical_dimension=8, power_means=True).fit(space)
    plain = ax.SentenceEncoder(lexical_dimension=8).fit(space)
    found, rest = encoder.encode(TEXTS, "en"), plain.encode(TEXTS, "en")
    assert found.shape == (len(TEXTS), encoder.dimension) == (len(TEXTS), 6 + 8 + 12)
    np.testing.assert_allclose(found[:, :14], rest * np.sqrt(2 / 3), atol=1e-6)
    lengths = np.linalg.norm(found[:, 14:], axis=1)
    np.testing.assert_allclose(lengths, np.sqrt(rest.any(axis=1) / 3), atol=1e-6)
