from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignx.support.tokenizer import parts_of, tokenize
from alignx.texts.documents import Documents, TextReader
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.learned_subwords import LearnedSubwords

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ENGLISH = Embeddings(["the", "cat", "well", "known", "don't", "!"], np.eye(6), language="en")


# --- words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \t\n", []),
        ("The CAT.", ["the", "cat", "."]),
        ("don't well-known", ["don't", "well-known"]),
        ("'quoted' - dash", ["'", "quoted", "'", "-", "dash"]),
        ("l\N{RIGHT SINGLE QUOTATION MARK}été", ["l\N{RIGHT SINGLE QUOTATION MARK}été"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("cafe\N{COMBINING ACUTE ACCENT}", ["cafe\N{COMBINING ACUTE ACCENT}"]),
        ("😚😚 :D #tag @user", ["😚", "😚", ":", "d", "#", "tag", "@", "user"]),
        ("3.5 km²", ["3", ".", "5", "km²"]),
        ("Straße ÅNGSTRÖM", ["straße", "ångström"]),
        ("中文字", ["中文字"]),
    ],
)
def test_texts_are_cut_by_unicode_rules(text: str, words: list[str]) -> None:
    assert tokenize(text) == words


@given(st.text())
def test_nothing_but_white_space_is_lost(text: str) -> None:
    words = tokenize(text)
    assert "".join(words) == "".join(text.lower().split())
    assert all(words)


@given(st.text(min_size=1, max_size=5))
def test_marks_stay_with_their_letters(text: str) -> None:
    if all(unicodedata.category(each)[0] in "LMN" for each in text.lower()):
        assert tokenize(text) == [text.lower()]


def test_parts_between_hyphens_and_apostrophes() -> None:
    assert parts_of("l'été-indien") == ["l", "été", "indien"]
    assert parts_of("-") == []


# --- documents --------------------------------------------------------------------------------


def by_hand(texts: list[str], language: Embeddings) -> list[list[int]]:
    return [[language.index[w] for w in tokenize(t) if w in language.index] for t in texts]


WORDS = st.sampled_from([*ENGLISH.words, "cow", "zebra"])
TEXTS = st.lists(st.lists(WORDS, max_size=6).map(" ".join), max_size=8)


def rows_of(documents: Documents) -> list[list[int]]:
    return [
        documents.words[a:b].tolist()
        for a, b in zip(documents.starts[:-1], documents.starts[1:], strict=True)
    ]


@pytest.mark.slow
@given(TEXTS)
def test_words_are_looked_up(texts: list[str]) -> None:
    found = TextReader().read(texts, "en", ENGLISH)
    assert rows_of(found) == by_hand(texts, ENGLISH)
    total = [len(tokenize(text)) for text in texts]
    assert (found.lengths + found.missing).tolist() == total
    counts = found.counts().toarray()
    assert counts.shape == (len(texts), len(ENGLISH))
    for row, words in zip(counts, by_hand(texts, ENGLISH), strict=True):
        assert np.array_equal(row, np.bincount(words, minlength=len(ENGLISH)))


@pytest.mark.slow
@given(TEXTS, st.randoms(use_true_random=False))
def test_some_texts_are_taken_in_any_order(texts: list[str], random: object) -> None:
    found = TextReader().read(texts, "en", ENGLISH)
    order = list(range(len(texts)))
    random.shuffle(order)  # type: ignore[attr-defined]
    order = order[: len(order) // 2 + 1] if order else []
    taken = found.take(np.array(order, dtype=np.int64))
    assert rows_of(taken) == [rows_of(found)[row] for row in order]
    assert taken.missing.tolist() == found.missing[order].tolist()


@pytest.mark.slow
@given(TEXTS, st.integers(0, 2**32 - 1))
def test_words_are_kept_by_a_mask(texts: list[str], seed: int) -> None:
    found = TextReader().read(texts, "en", ENGLISH)
    kept = np.random.default_rng(seed).random(len(found.words)) < 0.5
    some = found.keep(kept)
    rest = found.keep(~kept)
    assert np.array_equal(some.lengths + rest.lengths, found.lengths)
    assert np.array_equal(some.lengths + some.missing, found.lengths + found.missing)
    both = some.counts() + rest.counts() - found.counts()
    assert not both.toarray().any()


def test_parts_stand_for_a_word_that_is_unknown_as_a_whole() -> None:
    found = TextReader().read(["well-known don't un-known"], "en", ENGLISH)
    assert found.words.tolist() == [2, 3, 4, 3]
    assert found.missing.tolist() == [0]


def test_another_spelling_stands_for_a_word_that_is_unknown() -> None:
    text = "caaaat caat don\N{RIGHT SINGLE QUOTATION MARK}t theeee"
    found = TextReader().read([text], "en", ENGLISH)
    assert found.words.tolist() == [1, 4, 0]
    assert found.missing.tolist() == [1]  # two letters may well be meant


def test_oov_words_get_rows_behind_the_vocabulary() -> None:
    asked: list[list[str]] = []

    def vectors(words: Sequence[str]) -> NDArray[np.float32]:
        asked.append(list(words))
        return np.full((len(words), 6), 2.0, dtype=np.float32)

    found = TextReader(oov_vectors={"en": vectors}).read(["cow cat cow", "zebra"], "en", ENGLISH)
    assert asked == [["cow", "zebra"]]
    assert found.words.tolist() == [6, 1, 6, 7]
    assert found.missing.tolist() == [0, 0]
    assert np.allclose(np.linalg.norm(found.oov_vectors, axis=1), 1)


def test_vectors_of_oov_words_are_learned_from_the_vocabulary() -> None:
    reader = TextReader(oov="learned")
    reader.require_usable([ENGLISH])
    found = reader.read(["knowing cat"], "en", ENGLISH)
    assert found.words.tolist() == [6, 1]
    expected = LearnedSubwords().fit(ENGLISH).transform(["knowing"])
    np.testing.assert_array_equal(found.oov_vectors, expected)
    assert expected[0].argmax() == ENGLISH.index["known"]


def test_a_model_or_function_comes_before_learned_vectors() -> None:
    def last(words: Sequence[str]) -> NDArray[np.float32]:
        return np.tile(np.eye(6, dtype=np.float32)[5], (len(words), 1))

    model = Embeddings(ENGLISH.words, np.eye(6), oov_vectors=last)
    for reader, language in (
        (TextReader(oov="learned"), model),
        (TextReader(oov_vectors={"en": last}, oov="learned"), ENGLISH),
    ):
        assert reader.read(["knowing"], "en", language).oov_vectors[0, 5] == 1


def test_unknown_treatment_of_oov_words() -> None:
    with pytest.raises(ValueError, match="oov must be 'drop', 'subword' or 'learned', got 'guess'"):
        TextReader(oov="guess").require_usable([ENGLISH])  # type: ignore[arg-type]


def test_a_tokenizer_of_ones_own() -> None:
    found = TextReader({"en": lambda text: [text[:3], text[3:]]}).read(["catthe"], "en", ENGLISH)
    assert found.words.tolist() == [1, 0]


@pytest.mark.slow
def test_a_text_of_ten_megabytes() -> None:
    found = TextReader().read(["cat " * 2_500_000], "en", ENGLISH)
    assert found.lengths.tolist() == [2_500_000]


def test_oov_words_without_a_vector_are_missing() -> None:
    def computed(words: Sequence[str]) -> NDArray[np.float32]:
        return np.array([np.eye(6)[1] * (word == "catnip") for word in words], np.float32)

    reader = TextReader(oov_vectors={"en": computed})
    found = reader.read(["the zebra catnip", "zebra", "catnip"], "en", ENGLISH)
    assert found.lengths.tolist() == [2, 0, 1]
    assert found.missing.tolist() == [1, 1, 0]
