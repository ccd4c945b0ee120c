from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest
from ciphered import cipher, random_words
from hypothesis import given, settings
from hypothesis import strategies as st

from alignx.ranking.spelling import DIMENSIONS, LONGEST, SpellingModel, ngram_counts, plain_spelling

MASK = 2**64 - 1
FACTOR = 0x9E3779B97F4A7C15


def place_of(ngram: str) -> tuple[int, int]:
    """Dimension and sign of an n-gram, in Python's own numbers."""
    code = 0
    for letter in ngram:
        code = (code * FACTOR + ord(letter) + 1) & MASK
    code = code * (2 * len(ngram) + 1) * FACTOR & MASK
    code ^= code >> 32
    return code % DIMENSIONS, 1 if code >> 40 & 1 else -1


def slow_counts(word: str) -> np.ndarray:
    spelled = f" {plain_spelling(word)} "
    counts = Counter(
        spelled[start : start + length]
        for length in range(1, LONGEST + 1)
        for start in range(len(spelled) - length + 1)
    )
    row = np.zeros(DIMENSIONS)
    for ngram, count in counts.items():
        column, sign = place_of(ngram)
        row[column] += sign * count
    norm = np.linalg.norm(row)
    return row / norm if norm else row


any_text = st.text(st.characters(exclude_categories=()), max_size=12)  # lone surrogates too


@settings(max_examples=30)
@given(st.lists(any_text, max_size=6))
def test_counts_are_those_of_a_dictionary(words: list[str]) -> None:
    found = ngram_counts(words)
    assert found.shape == (len(words), DIMENSIONS)
    expected = np.array([slow_counts(word) for word in words]).reshape(-1, DIMENSIONS)
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-6)


@pytest.mark.parametrize(
    "words",
    [
        [],
        [""],
        ["", "", ""],
        ["\0", "a\0"],
        ["кот", "猫", "قطة", "बिल्ली", "👩‍👩‍👧"],
        ["e\u0301", "é", "\u0301"],
        ["\ud800", "a" * 500],
    ],
)
def test_words_of_all_scripts_are_counted_by_themselves(words: list[str]) -> None:
    together = ngram_counts(words).toarray()
    for row, word in zip(together, words, strict=True):
        np.testing.assert_allclose(row, slow_counts(word), atol=1e-6)
        np.testing.assert_array_equal(row, ngram_counts([word]).toarray()[0])
        assert np.linalg.norm(row) == pytest.approx(1)


def test_dimensions_are_shared_evenly() -> None:
    letters = [chr(code) for start in (97, 0x430, 0x4E00) for code in range(start, start + 26)]
    places = [place_of(a + b) for a in letters for b in letters]
    columns = np.bincount([column for column, _ in places], minlength=DIMENSIONS)
    assert columns.var() < 1.5 * columns.mean()  # as by chance
    assert abs(np.mean([sign for _, sign in places])) < 0.05


def test_spellings_in_another_alphabet_are_learned() -> None:
    words = random_words(450)
    known, asked = words[:350], words[350:]
    model = SpellingModel.of([(word, cipher(word)) for word in known])
    targets = [cipher(word) for word in asked]
    every = np.tile(np.arange(100), (100, 1))
    similarity = model.similarity(asked, targets, every)
    assert similarity.dtype == np.float32
    assert np.abs(similarity).max() <= 2 + 1e-5
    assert (similarity.argmax(axis=1) == np.arange(100)).mean() >= 0.9
    shuffled = [(word, cipher(other)) for word, other in zip(known, reversed(known), strict=True)]
    nothing = SpellingModel.of(shuffled).similarity(asked, targets, every)
    assert (nothing.argmax(axis=1) == np.arange(100)).mean() < 0.1


def test_maps_are_those_of_the_normal_equations() -> None:
    pairs = sorted((word, cipher(word[::-1])) for word in random_words(60))
    model = SpellingModel.of(pairs)
    X, Y = (np.array([slow_counts(word) for word in side]) for side in zip(*pairs, strict=True))
    np.testing.assert_allclose(model.means, [X.mean(axis=0), Y.mean(axis=0)], atol=1e-6)
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    for found, a, b in zip(model.maps, (X, Y), (Y, X), strict=True):
        expected = np.linalg.inv(a.T @ a + 3 * np.eye(DIMENSIONS)) @ a.T @ b
        np.testing.assert_allclose(found, expected, atol=1e-5)
    # The similarity of one pair, as its description has it.
    x, y = slow_counts("tone") - model.means[0], slow_counts(cipher("note")) - model.means[1]
    to, back = x @ model.maps[0], y @ model.maps[1]
    cosine = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in ((to, y), (back, x))]
    found = model.similarity(["tone"], [cipher("note")], np.array([[0]]))
    assert found[0, 0] == pytest.approx(sum(cosine), abs=1e-4)


def test_pairs_may_come_in_any_order_and_from_anything() -> None:
    pairs = [(word, cipher(word)) for word in random_words(40)]
    first = SpellingModel.of(pairs)
    for other in (pairs[::-1], set(pairs), iter(pairs)):
        again = SpellingModel.of(other)
        assert again.maps.tobytes() == first.maps.tobytes()
        assert again.means.tobytes() == first.means.tobytes()
    assert repr(first) == "SpellingModel(256 dimensions)"
    copied = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(copied.maps, first.maps)


def test_one_pair_or_equal_pairs_tell_nothing() -> None:
    for pairs in ([("cat", "gato")], [("cat", "gato")] * 5):
        model = SpellingModel.of(pairs)
        found = model.similarity(["cat", ""], ["gato", "perro", ""], np.array([[0, 1], [2, 1]]))
        np.testing.assert_array_equal(found, np.zeros((2, 2)))


def test_no_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="known pairs must be at least one, got none"):
        SpellingModel.of([])


def test_no_words_have_no_similarity() -> None:
    model = SpellingModel.of([("cat", "gato"), ("dog", "perro")])
    assert model.similarity([], [], np.zeros((0, 4), np.int64)).shape == (0, 4)


def test_a_reversed_model_compares_the_same_words() -> None:
    words = random_words(40)
    model = SpellingModel.of(zip(words, map(cipher, words), strict=True))
    turned = SpellingModel.of((cipher(word), word) for word in words)
    source, target = words[:6], [cipher(word) for word in words[:5]]
    there = model.similarity(source, target, np.tile(np.arange(5), (6, 1)))
    back = model.reversed().similarity(target, source, np.tile(np.arange(6), (5, 1)))
    np.testing.assert_allclose(back, there.T, atol=1e-5)
    np.testing.assert_allclose(model.reversed().maps, turned.maps, atol=1e-4)
