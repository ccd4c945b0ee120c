"""Reasons for words without a vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import alignx as ax
from alignx.vectors.missing import near_spellings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.vectors.oov import OOVMode

UNKNOWN_CHARACTERS = "not in the vocabulary, and the model gives no vector to its characters"
ROWS = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]


def no_vectors(words: Sequence[str]) -> np.ndarray:
    """Answer as a model without the n-grams of any word."""
    return np.zeros((len(words), 2), np.float32)


ENGLISH = ax.Embeddings(["year", "cat", "Dog", "sun"], ROWS, "en", oov_vectors=no_vectors)
SPANISH = ax.Embeddings(["año", "gato", "perro", "sol"], ROWS, "es")


@pytest.mark.parametrize(
    ("word", "oov", "reason"),
    [
        ("cat", "drop", None),
        ("CAT", "drop", None),
        ("cat sun", "drop", None),
        ("year", "drop", "in the vocabulary, but its vector is zero"),
        ("Year", "drop", "in the vocabulary, but its vector is zero"),
        ("moon", "drop", "not in the vocabulary"),
        ("moon", "subword", UNKNOWN_CHARACTERS),
        ("cat moon", "drop", "its word 'moon' is not in the vocabulary"),
        ("cat year", "drop", "its word 'year' is in the vocabulary, but its vector is zero"),
        ("", "drop", "not in the vocabulary"),
    ],
)  # fmt: skip
def test_reasons(word: str, oov: OOVMode, reason: str | None) -> None:
    assert ax.missing_reasons(ENGLISH, [word], oov=oov).get(word) == reason


def test_a_single_word_without_a_translation_is_told(caplog: pytest.LogCaptureFixture) -> None:
    space = ax.SharedSpace.of(ENGLISH, SPANISH)
    assert space.translate("moon", oov="subword") == []
    assert "moon has no translation: it is not in the vocabulary, and the model" in caplog.text
    caplog.clear()
    assert space.translate("year") == []
    assert "year has no translation: it is not in the vocabulary, or its vector is" in caplog.text
    caplog.clear()
    assert space.translate(["year", "moon"]) == [[], []]
    assert "no translation" not in caplog.text


def test_near_spellings_are_the_most_similar() -> None:
    words = ["house", "houses", "mouse", "cat", "casa"]
    language = ax.Embeddings(words, np.ones((5, 1)))
    assert near_spellings(language, "hosue") == ["house", "houses", "mouse"]
    assert near_spellings(language, "HOUSES", k=1) == ["houses"]
    assert near_spellings(language, "zzzzz") == []
