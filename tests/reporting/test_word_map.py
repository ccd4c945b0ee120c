from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from reference import csls, mutual_neighbors

from alignx.alignment.shared_space import SharedSpace
from alignx.reporting import word_map
from alignx.reporting.word_map import WordMap
from alignx.retrieval.csls import csls_neighbors
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.retrieval.neighbors import CrossNeighbors
    from alignx.support.arrays import Matrix


@pytest.fixture
def _no_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_map, "is_installed", lambda _: False)


@pytest.mark.usefixtures("_no_umap")
def test_words_lie_where_most_of_the_variance_is(
    ranked: SharedSpace, by_csls: CrossNeighbors
) -> None:
    found = WordMap.of(ranked, by_csls)
    assert found.projection == "PCA"
    rows = np.concatenate([ranked.source.vectors, ranked.target.vectors]).astype(np.float64)
    rows -= rows.mean(axis=0)
    points = np.concatenate([found.source_points, found.target_points])
    largest = np.linalg.eigvalsh(rows.T @ rows)[::-1][:2]
    assert np.allclose((points.astype(np.float64) ** 2).sum(axis=0), largest, rtol=1e-4)


@pytest.mark.usefixtures("_no_umap")
def test_lines_join_mutual_translations(ranked: SharedSpace, by_csls: CrossNeighbors) -> None:
    found = WordMap.of(ranked, by_csls)
    scores = csls(ranked.source.vectors, ranked.target.vectors, 10)
    expected = {
        (ranked.source.words[s], ranked.target.words[t]) for s, t in mutual_neighbors(scores)
    }
    joined = {(found.source[s], found.target[t]) for s, t in found.links.tolist()}
    assert joined == expected


@pytest.mark.usefixtures("_no_umap")
def test_function_words_and_symbols_are_left_out() -> None:
    words = [f"{chr(97 + i % 26) * 3}{chr(97 + i // 26) * 3}" for i in range(601)]
    words = [*words, *(f"{word}x" for word in words)]
    words[150], words[151] = "1990", "..."
    rows = np.random.default_rng(0).standard_normal((len(words), 4))
    space = SharedSpace({"en": Embeddings(words, rows), "es": Embeddings(words, rows)})
    X, Y = space.source.vectors, space.target.vectors
    found = WordMap.of(space, csls_neighbors(X, Y, 1, n_neighbors=2))
    kept = [word for word in words[100:] if word.isalpha()]
    assert [*found.source] == kept[:1_000]


def test_few_or_flat_words_are_projected_too() -> None:
    language = Embeddings(["1", "2"], np.ones((2, 1)))
    space = SharedSpace({"en": language, "es": language})
    X, Y = space.source.vectors, space.target.vectors
    found = WordMap.of(space, csls_neighbors(X, Y, 1, n_neighbors=1))
    assert found.source_points.shape == (2, 2)
    assert np.isfinite(found.source_points).all()


def test_umap_gets_a_seed(
    ranked: SharedSpace, by_csls: CrossNeighbors, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, object] = {}

    class UMAP:  # compiling the real one takes half a minute
        def __init__(self, **options: object) -> None:
            asked.update(options)

        def fit_transform(self, rows: Matrix) -> NDArray[np.float64]:
            return rows[:, :2].astype(np.float64)

    monkeypatch.setattr(word_map, "is_installed", lambda _: True)
    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=UMAP))
    found = WordMap.of(ranked, by_csls)
    assert (found.projection, found.source_points.dtype) == ("UMAP", np.float32)
    assert np.array_equal(found.target_points, ranked.target.vectors[:, :2])
    assert (asked["random_state"], asked["metric"]) == (0, "cosine")
