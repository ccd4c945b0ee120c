"""Vectors of sentences."""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file
from sklearn.base import clone

import alignx as ax
from alignx.errors import FormatError, NotFittedError
from alignx.sentences.encoder import SentenceEncoder
from alignx.support.arrays import unit_rows
from alignx.support.safetensors import read_tensors
from alignx.vectors.sif import expected_shares, sif_weights

WORDS = 40


def two_languages(seed: int = 0) -> dict[str, ax.Embeddings]:
    """Languages of the same vectors, with words a0, a1, ... and b0, b1, ..."""
    rows = unit_rows(np.random.default_rng(seed).normal(size=(WORDS, 12)).astype(np.float32))
    return {
        "en": ax.Embeddings([f"a{i}" for i in range(WORDS)], rows, language="en"),
        "es": ax.Embeddings([f"b{i}" for i in range(WORDS)], rows, language="es"),
    }


def sentences(count: int = 30, seed: int = 1) -> tuple[list[str], list[str]]:
    draws = np.random.default_rng(seed).integers(0, WORDS, (count, 6)).tolist()
    return tuple([" ".join(f"{x}{i}" for i in row) for row in draws] for x in "ab")  # type: ignore[return-value]


def test_the_dense_part_is_the_weighted_mean() -> None:
    space = two_languages()
    encoder = SentenceEncoder(lexical_dimension=0, center=False).fit(space)
    shares = expected_shares(WORDS)
    weights = sif_weights(shares)
    rows = space["en"].vectors.astype(np.float64)
    mean = weights[3] * rows[3] + 2 * weights[7] * rows[7]
    (found,) = encoder.encode(["a3 a7 a7"], language="en")
    np.testing.assert_allclose(found, mean / np.linalg.norm(mean), atol=1e-6)


def test_the_lexical_part_compares_the_translated_words() -> None:
    """Products of random directions estimate the cosine of the bags of translations."""
    encoder = SentenceEncoder(lexical_dimension=1 << 14, center=False).fit(two_languages())
    weights = sif_weights(expected_shares(WORDS))
    texts, others = ["a1 a2 a30", "a30 a31"], ["b2 b30 b5", "b9"]
    X = encoder.encode(texts, "en")[:, 12:] * np.sqrt(2)
    Y = encoder.encode(others, "es")[:, 12:] * np.sqrt(2)

    def bag(text: str) -> np.ndarray:
        row = np.zeros(WORDS)
        for word in text.split():
            row[int(word[1:])] += weights[int(word[1:])]
        return row / np.linalg.norm(row)

    right = [[bag(text) @ bag(other) for other in others] for text in texts]
    np.testing.assert_allclose(X @ Y.T, right, atol=0.04)


def test_translations_find_each_other() -> None:
    source, target = sentences()
    encoder = SentenceEncoder().fit(two_languages())
    X, Y = encoder.encode(source, "en"), encoder.encode(target, "es")
    assert X.shape == (30, encoder.dimension)
    np.testing.assert_array_equal((X @ Y.T).argmax(axis=1), np.arange(30))
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, atol=1e-5)


def test_texts_without_words_are_zero() -> None:
    encoder = SentenceEncoder(oov="drop").fit(two_languages())
    rows = encoder.encode(["", "zzz", "a1"], "en")
    assert not rows[:2].any()
    assert rows[2].any()
    assert encoder.encode([], "en").shape == (0, encoder.dimension)


def test_oov_words_get_vectors_from_their_characters() -> None:
    space = {
        "en": ax.Embeddings(["house", "car", "tree"], np.eye(3)),
        "de": ax.Embeddings(["haus", "auto", "baum"], np.eye(3)),
    }
    encoder = SentenceEncoder().fit(space)
    similar = encoder.encode(["baumhaus"], "de") @ encoder.encode(["car", "tree", "house"], "en").T
    assert similar[0, 0] < min(similar[0, 1:])


def test_texts_do_not_depend_on_their_neighbors(monkeypatch: pytest.MonkeyPatch) -> None:
    source, _ = sentences()
    encoder = SentenceEncoder().fit(two_languages())
    whole = encoder.encode(source, "en")
    monkeypatch.setattr("alignx.sentences.encoder._BATCH", 7)
    np.testing.assert_allclose(encoder.encode(source, "en"), whole, atol=1e-6)


def test_a_projection_is_learned_from_pairs() -> None:
    space = two_languages()
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(12, 12)))[0]
    space["es"] = ax.Embeddings(space["es"].words, space["es"].vectors @ rotation)
    source, target = sentences(200)
    plain = SentenceEncoder(lexical_dimension=0, center=False)
    projected = clone(plain).set_params(projection=ax.Procrustes())
    projected.fit(space, {"en": source, "es": target})
    held_out = sentences(50, seed=9)
    X, Y = projected.encode(held_out[0], "en"), projected.encode(held_out[1], "es")
    assert (np.sum(X * Y, axis=1) > 0.99).all()
    plain.fit(space)
    X, Y = plain.encode(held_out[0], "en"), plain.encode(held_out[1], "es")
    assert np.sum(X * Y, axis=1).mean() < 0.5


def test_it_is_a_scikit_learn_estimator() -> None:
    encoder = SentenceEncoder(lexical_dimension=64, random_state=3)
    assert clone(encoder).get_params() == encoder.get_params()
    encoder.fit(two_languages())
    source, _ = sentences()
    rows = encoder.encode(source, "en")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(encoder)).encode(source, "en"), rows)


def test_bad_arguments_are_refused() -> None:
    space = two_languages()
    with pytest.raises(ValueError, match="lexical_dimension must be at least 0, got -1"):
        SentenceEncoder(lexical_dimension=-1).fit(space)
    with pytest.raises(ValueError, match="oov must be 'subword' or 'drop', got 'guess'"):
        SentenceEncoder(oov="guess").fit(space)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="projection and pairs must be given together"):
        SentenceEncoder().fit(space, {"en": ["a1"], "es": ["b1"]})
    with_projection = SentenceEncoder(projection=ax.Procrustes())
    with pytest.raises(ValueError, match="pairs must hold as many texts of both languages"):
        with_projection.fit(space, {"en": ["a1"], "es": []})
    with pytest.raises(ValueError, match="pairs must hold the two languages of the space, en and"):
        with_projection.fit(space, {"en": ["a1"], "fr": ["b1"]})
    with pytest.raises(NotFittedError):
        SentenceEncoder().encode(["a1"], "en")
    encoder = SentenceEncoder().fit(space)
    with pytest.raises(ValueError, match="language must be one of en, es, got 'fr'"):
        encoder.encode(["a1"], "fr")
    with pytest.raises(TypeError, match="texts must be a sequence of strings"):
        encoder.encode("a1", "en")


@pytest.mark.parametrize(
    "projection", [None, ax.Procrustes(), ax.CCA(n_components=5), ax.Contrastive()]
)
def test_a_saved_encoder_gives_the_same_rows(
    projection: ax.mapping.Aligner | None, tmp_path: Path
) -> None:
    space = two_languages()
    source, target = sentences()
    encoder = SentenceEncoder(
        weighting="idf", lexical_dimension=16, random_state=5, projection=projection
    )
    encoder.fit(space, None if projection is None else {"en": source, "es": target})
    encoder.save(tmp_path / "encoder.safetensors")
    loaded = SentenceEncoder.load(tmp_path / "encoder.safetensors", space)
    assert str(loaded.get_params()) == str(encoder.get_params())
    assert loaded.dimension == encoder.dimension
    for texts, language in ((source, "en"), (target, "es")):
        expected = encoder.encode(texts, language)
        np.testing.assert_array_equal(loaded.encode(texts, language), expected)
    loaded.save(tmp_path / "again.safetensors")
    again = (tmp_path / "again.safetensors").read_bytes()
    assert again == (tmp_path / "encoder.safetensors").read_bytes()


@settings(max_examples=10, deadline=None)
@given(
    weighting=st.sampled_from(["sif", "idf", "uniform"]),
    smoothing=st.floats(1e-6, 1.0),
    center=st.booleans(),
    lexical_dimension=st.integers(0, 40),
    power_means=st.booleans(),
    random_state=st.integers(0, 2**32),
)
def test_all_settings_are_saved(**parameters: Any) -> None:  # noqa: ANN401
    space = two_languages()
    source, _ = sentences(3)
    encoder = SentenceEncoder(**parameters).fit(space)
    with tempfile.TemporaryDirectory() as folder:
        encoder.save(Path(folder) / "encoder.safetensors")
        loaded = SentenceEncoder.load(Path(folder) / "encoder.safetensors", space)
    assert loaded.get_params() == encoder.get_params()
    np.testing.assert_array_equal(loaded.encode(source, "en"), encoder.encode(source, "en"))


def test_other_files_and_vectors_are_refused(tmp_path: Path) -> None:
    space = two_languages()
    path = tmp_path / "encoder.safetensors"
    with pytest.raises(NotFittedError, match="must be fitted before save"):
        SentenceEncoder().save(path)
    SentenceEncoder().fit(space).save(path)
    with pytest.raises(FormatError, match="the es vectors are mapped otherwise"):
        SentenceEncoder.load(path, space | {"es": two_languages(seed=1)["es"]})
    with pytest.raises(FormatError, match="languages en, es, in this order, got es, en"):
        SentenceEncoder.load(path, dict(reversed(space.items())))
    with pytest.raises(FormatError, match=r"written as \.safetensors, not as \.npz"):
        SentenceEncoder().fit(space).save(tmp_path / "encoder.npz")
    save_file({"a": np.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(FormatError, match="not a sentence encoder that alignx has saved"):
        SentenceEncoder.load(tmp_path / "other.safetensors", space)
    SentenceEncoder().fit(space).save(path)
    metadata, tensors = read_tensors(path)
    saved = metadata["alignx-sentence-encoder"]
    for text, problem in (
        ('{"format_version": "9"}', "got 9"),
        ('{"format_version": "1"}', "damaged"),
        (saved.replace('"oov"', '"aav"'), "damaged"),
        (saved.replace('"subword"', '"x"'), "damaged: oov must be 'subword' or 'drop', got 'x'"),
        (saved.replace("512", "-3"), "damaged: lexical_dimension must be at least 0, got -3"),
    ):
        save_file(tensors, path, {"alignx-sentence-encoder": text})
        with pytest.raises(FormatError, match=problem):
            SentenceEncoder.load(path, space)
