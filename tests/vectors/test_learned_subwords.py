"""Subword vectors learned from words and their vectors."""

from __future__ import annotations

import numpy as np
import pytest

from alignx.errors import NotFittedError
from alignx.support.arrays import unit_rows
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.learned_subwords import LearnedSubwords


def ngrams_of(word: str) -> list[str]:
    padded = f" {word} "
    if len(padded) <= 3:
        return [padded]
    return [padded[i : i + n] for n in range(3, 7) for i in range(len(padded) - n + 1)]


def words_by_stems(count: int, seed: int = 0) -> Embeddings:
    """Words of a stem and an ending, whose vectors are the sum of both."""
    rng = np.random.default_rng(seed)
    stems = ["".join(rng.choice(list("abcdefghij"), 5)) for _ in range(count)]
    endings = ["ung", "heit", "chen"]
    vectors = {part: rng.normal(size=40) for part in [*stems, *endings]}
    words = [stem + ending for stem in dict.fromkeys(stems) for ending in endings]
    rows = [vectors[w[:5]] + vectors[w[5:]] for w in words]
    return Embeddings(words, np.array(rows))


def test_it_solves_the_ridge_regression() -> None:
    # Far more steps than are needed: a solved column must stay.
    language = words_by_stems(3)
    found = LearnedSubwords(regularization=0.1, steps=200, buckets=1 << 20).fit(language)
    names = sorted({gram for word in language.words for gram in ngrams_of(word)})
    X = np.zeros((len(language), len(names)))
    for i, word in enumerate(language.words):
        for gram in ngrams_of(word):
            X[i, names.index(gram)] += 1 / len(ngrams_of(word))
    rows = unit_rows(language.vectors).astype(np.float64)
    mean = rows.mean(axis=0)
    W = np.linalg.solve(X.T @ X + 0.1 * np.eye(len(names)), X.T @ (rows - mean))
    right = X @ W + mean
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    np.testing.assert_allclose(found.transform(language.words), right, atol=1e-5)


def test_oov_words_are_near_the_words_of_their_parts() -> None:
    language = words_by_stems(60)
    rng = np.random.default_rng(1)
    held_out = rng.random(len(language)) < 0.1
    kept = [word for word, out in zip(language.words, held_out, strict=True) if not out]
    known = Embeddings(kept, language.vectors[~held_out])
    found = (
        LearnedSubwords()
        .fit(known)
        .transform([word for word, out in zip(language.words, held_out, strict=True) if out])
    )
    cosines = np.sum(found * unit_rows(language.vectors[held_out]), axis=1)
    assert cosines.mean() > 0.8


def test_words_without_a_known_ngram_have_no_vector() -> None:
    found = LearnedSubwords().fit(Embeddings(["haus", "auto"], np.eye(2)))
    rows = found.transform(["Ω", "haus", ""])
    assert not rows[[0, 2]].any()
    np.testing.assert_allclose(np.linalg.norm(rows[1]), 1, atol=1e-6)


def test_what_is_too_long_for_a_word_has_no_vector() -> None:
    model = LearnedSubwords().fit(Embeddings(["haus", "auto"], np.eye(2)))
    known = model.transform(["haus" * 25, "haus" * 26, "haus" * 1_000_000]).any(axis=1)
    assert known.tolist() == [True, False, False]


def test_subwords_in_half_precision_serve_too() -> None:
    language = words_by_stems(3)
    model = LearnedSubwords().fit(language)
    full = model.transform(["abcdeheit", "hausung"])
    model.subwords_ = model.subwords_.astype(np.float16)
    np.testing.assert_allclose(model.transform(["abcdeheit", "hausung"]), full, atol=1e-3)


def test_zero_rows_teach_nothing() -> None:
    words = ["haus", "auto", "baum"]
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    with_zero = LearnedSubwords().fit(Embeddings(words, rows)).transform(["hausbaum"])
    without = LearnedSubwords().fit(Embeddings(words[:2], rows[:2])).transform(["hausbaum"])
    np.testing.assert_array_equal(with_zero, without)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"shortest": 4, "longest": 3}, "shortest must lie in"),
        ({"buckets": 0}, "buckets must be at least 1"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"regularization": 0.0}, "regularization must be more than 0"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, float], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        LearnedSubwords(**options).fit(Embeddings(["haus"], [[1.0]]))  # type: ignore[arg-type]


def test_transform_needs_a_fit() -> None:
    with pytest.raises(NotFittedError):
        LearnedSubwords().transform(["haus"])


def test_lone_surrogates_are_left_out() -> None:
    learned = LearnedSubwords().fit(words_by_stems(3))
    word = next(iter(words_by_stems(3).words))
    found = learned.transform(["\ud83d", word + "\ud83d", word])
    assert not found[0].any()
    assert np.array_equal(found[1], found[2])
