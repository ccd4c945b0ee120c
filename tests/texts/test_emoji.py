from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pytest

from alignx.texts.documents import TextReader
from alignx.texts.emoji import EmojiVectors, name_of_emoji
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.sif import expected_shares, sif_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Matrix

ENGLISH = Embeddings(["with", "face", "joy", "fire"], np.eye(4)[:, ::-1], language="en")
GERMAN = Embeddings(["der", "hund", "🔥"], np.eye(4)[:3], language="de")
JOY = "\N{FACE WITH TEARS OF JOY}"


@pytest.mark.parametrize(
    ("symbol", "words"),
    [
        (JOY, ("face", "with", "tears", "of", "joy")),
        (
            "\N{SMILING FACE WITH HEART-SHAPED EYES}",
            ("smiling", "face", "with", "heart", "shaped", "eyes"),
        ),
        ("\N{WHITE MEDIUM STAR}", ("white", "medium", "star")),
        ("\N{EMOJI MODIFIER FITZPATRICK TYPE-3}", ()),
        ("\N{REGIONAL INDICATOR SYMBOL LETTER D}", ()),
        ("\N{VARIATION SELECTOR-16}", ()),
        ("\N{BOX DRAWINGS LIGHT VERTICAL}", ()),
        ("\N{COPYRIGHT SIGN}", ()),
        ("a", ()),
        ("", ()),
        (JOY * 2, ()),
    ],
)
def test_names(symbol: str, words: tuple[str, ...]) -> None:
    assert name_of_emoji(symbol) == words


def test_every_name_is_that_of_unicode() -> None:
    named = {chr(code) for code in range(0x20000) if name_of_emoji(chr(code))}
    assert len(named) > 1_000
    assert all(unicodedata.category(each) == "So" for each in named)


def test_vectors_are_weighted_means_of_the_words_of_the_name() -> None:
    weights = sif_weights(expected_shares(4))
    expected = np.array([0, weights[2], weights[1], weights[0]])  # with, face, joy
    expected /= np.linalg.norm(expected)
    found = EmojiVectors(ENGLISH)([JOY, "\N{CAT}"])
    np.testing.assert_allclose(found[0], expected, rtol=1e-5)
    assert not found[1].any()
    assert found.dtype == np.float32


def test_emoji_of_texts_have_vectors_through_english() -> None:
    texts = [f"Der {JOY}{JOY} \N{CAT}", "🔥"]
    found = TextReader().read(texts, "de", GERMAN, english=ENGLISH)
    # One that the language itself has keeps its own vector; one without a known name is missing.
    assert found.words.tolist() == [0, 3, 3, 2]
    assert found.missing.tolist() == [1, 0]
    assert found.oov_words == (JOY,)
    np.testing.assert_array_equal(found.oov_vectors, EmojiVectors(ENGLISH)([JOY]))


def test_emoji_without_english_are_missing() -> None:
    found = TextReader().read([JOY], "de", GERMAN)
    assert found.missing.tolist() == [1]
    assert found.oov_vectors.shape == (0, 4)


def test_emoji_and_other_oov_words_keep_their_vectors_apart() -> None:
    def compute(words: Sequence[str]) -> Matrix:
        assert list(words) == ["katze", "\N{CAT}"]
        return np.array([[2, 0, 0, 0], [0, 3, 0, 0]], np.float32)

    reader = TextReader(oov_vectors={"de": compute})
    found = reader.read([f"katze {JOY} \N{CAT}"], "de", GERMAN, english=ENGLISH)
    assert found.oov_words == ("katze", JOY, "\N{CAT}")
    np.testing.assert_array_equal(found.oov_vectors[[0, 2]], np.eye(4)[:2])
    np.testing.assert_array_equal(found.oov_vectors[[1]], EmojiVectors(ENGLISH)([JOY]))
