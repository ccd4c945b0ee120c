from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import plant_clusters
from reference import csls
from threadpoolctl import threadpool_limits

from alignx.alignment.unsupervised.initial_pairs import (
    PROFILES,
    ProfileSettings,
    axes_pairs,
    distributional_pairs,
    profile_pairs,
)
from alignx.vectors.normalizer import Normalizer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Double = NDArray[np.float64]

# The vocabulary is for 6,000 words; of fewer, the same share.
EVERYTHING = 6_000


def normalized(rows: ArrayLike) -> NDArray[np.float32]:
    normal = Normalizer().fit_transform(np.asarray(rows, dtype=np.float32))
    normal.flags.writeable = False  # inputs stay unchanged
    return normal


def root_of_gram(rows: ArrayLike) -> Double:
    """The symmetric matrix whose square is X X'; eigenvectors share no step with an SVD of X."""
    x = np.asarray(rows, dtype=np.float64)
    values, vectors = np.linalg.eigh(x @ x.T)
    root: Double = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    np.testing.assert_allclose(root @ root, x @ x.T, atol=1e-9)
    return root


def profiles(rows: ArrayLike, columns: int | None = None) -> Double:
    """Sorted similarities to all rows, averaged in parts, unit, centered, unit."""
    similarities = np.sort(root_of_gram(rows), axis=1)
    if columns is not None and len(similarities) > columns:
        edges = [part * len(similarities) // columns for part in range(columns + 1)]
        parts = [similarities[:, a:b].mean(axis=1) for a, b in pairwise(edges)]
        similarities = np.stack(parts, axis=1)
    similarities /= np.linalg.norm(similarities, axis=1, keepdims=True)
    similarities -= similarities.mean(axis=0)
    return np.asarray(similarities / np.linalg.norm(similarities, axis=1, keepdims=True))


def scores_of(
    source: ArrayLike, target: ArrayLike, weight: float, columns: int | None = None
) -> Double:
    """Half of CSLS less the penalty, all pairs."""
    X, Y = profiles(source, columns), profiles(target, columns)
    scores = csls(X, Y, min(10, len(X))) / 2
    ranks = np.log(np.arange(len(X)) + 50)
    apart = (ranks[:, None] - ranks[None, :]) ** 2 / 2
    return np.asarray(scores - weight * scores.std() * apart)


def assert_best(pairs: NDArray[np.int64], scores: Double) -> None:
    """The first half holds the best target row of each source row, the second the reverse.

    Rows whose two best are as near as float32 may be either.
    """
    count = len(scores)
    assert pairs.shape == (2 * count, 2)
    assert pairs.dtype == np.int64
    np.testing.assert_array_equal(pairs[:count, 0], np.arange(count))
    np.testing.assert_array_equal(pairs[count:, 1], np.arange(count))
    chosen = scores[pairs[:, 0], pairs[:, 1]]
    best = np.concatenate([scores.max(axis=1), scores.max(axis=0)])
    np.testing.assert_allclose(chosen, best, atol=2e-5)
    expected = np.concatenate([scores.argmax(axis=1), scores.argmax(axis=0)])
    answers = np.concatenate([pairs[:count, 1], pairs[count:, 0]])
    assert (answers == expected).mean() > 0.97


# --- against the formula ----------------------------------------------------------------------


@pytest.mark.parametrize(("weight", "dimension"), [(0.0, 12), (0.15, 30), (0.5, 12), (5.0, 12)])
def test_pairs_are_the_best_by_the_formula(weight: float, dimension: int) -> None:
    data = plant_clusters(0.3, count=250, dimension=12, target_dimension=dimension)
    X, Y = normalized(data.source), normalized(data.target)
    pairs = profile_pairs(X, Y, ProfileSettings(EVERYTHING, (weight,)))
    assert_best(pairs, scores_of(X, Y, weight))


@pytest.mark.parametrize(
    ("vocabulary", "count"), [(6_000, 120), (3_000, 60), (1_000, 20), (500, 10)]
)
def test_as_many_words_are_compared_as_the_smaller_language_allows(
    vocabulary: int, count: int
) -> None:
    data = plant_clusters(0.2, count=300, dimension=12, target_count=120)
    X, Y = normalized(data.source), normalized(data.target)
    pairs = profile_pairs(X, Y, ProfileSettings(vocabulary, (0.15,)))
    assert_best(pairs, scores_of(X[:count], Y[:count], 0.15))
    swapped = profile_pairs(Y, X, ProfileSettings(vocabulary, (0.15,)))
    assert_best(swapped, scores_of(Y[:count], X[:count], 0.15))


@pytest.mark.parametrize("columns", [2, 37, 150])
def test_many_similarities_are_averaged_in_parts(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setattr("alignx.alignment.unsupervised.initial_pairs.COLUMNS", columns)
    data = plant_clusters(0.2, count=150, dimension=12)
    X, Y = normalized(data.source), normalized(data.target)
    pairs = profile_pairs(X, Y, ProfileSettings(EVERYTHING, (0.0,)))
    count = len(X)
    scores = scores_of(X, Y, 0.0, columns)
    chosen = scores[pairs[:count, 0], pairs[:count, 1]]
    np.testing.assert_allclose(chosen, scores.max(axis=1), atol=2e-5)


# --- what it finds ----------------------------------------------------------------------------


@pytest.mark.parametrize("target_dimension", [None, 35])
def test_a_planted_rotation_is_found(target_dimension: int | None) -> None:
    data = plant_clusters(0.0, count=600, target_dimension=target_dimension)
    # Centering would undo what is exact: neither language is centered.
    X, Y = data.source, data.target
    pairs = profile_pairs(X, Y, ProfileSettings(EVERYTHING, (0.0,)))
    truth = data.pairs[:, 1]
    assert (truth[pairs[:, 0]] == pairs[:, 1]).mean() > 0.98


@pytest.mark.slow
def test_the_penalty_pairs_words_of_like_rank() -> None:
    data = plant_clusters(0.5, count=600)
    X, Y = normalized(data.source), normalized(data.target)
    apart = []
    for weight in (0.0, 0.5, 100.0):
        pairs = profile_pairs(X, Y, ProfileSettings(EVERYTHING, (weight,)))
        ranks = np.log(pairs + 50)
        apart.append(np.abs(ranks[:, 0] - ranks[:, 1]).mean())
    assert apart[0] > 1.2 * apart[1] > 2 * apart[2]


@pytest.mark.slow
def test_noise_leaves_more_right_pairs_than_chance() -> None:
    data = plant_clusters(0.2, count=900)
    X, Y = normalized(data.source), normalized(data.target)
    truth = data.pairs[:, 1]
    for profile in PROFILES:
        pairs = profile_pairs(X, Y, profile)
        assert (truth[pairs[:, 0]] == pairs[:, 1]).mean() > 10 / len(X)


@pytest.mark.parametrize("sizes", [(1, 1), (2, 2), (5, 5), (1, 5), (5, 2)])
@pytest.mark.parametrize(
    "profile", [ProfileSettings(EVERYTHING, (0.15,)), ProfileSettings(1, (0.0,)), PROFILES[0]]
)
def test_tiny_vocabularies_are_fine(sizes: tuple[int, int], profile: ProfileSettings) -> None:
    rng = np.random.default_rng(1)
    X, Y = (normalized(rng.standard_normal((n, 3))) for n in sizes)
    pairs = profile_pairs(X, Y, profile)
    assert 2 <= len(pairs) / len(profile.rank_weights) <= 2 * min(sizes)
    assert pairs.min() >= 0
    assert pairs.max() < min(sizes)
    assert 1 <= len(axes_pairs(X, Y)) <= min(sizes)


@pytest.mark.slow
def test_the_number_of_threads_makes_no_difference() -> None:
    data = plant_clusters(0.3, count=700)
    X, Y = normalized(data.source), normalized(data.target)
    found = []
    for threads in (1, 2, 3):
        with threadpool_limits(threads, user_api="blas"):
            pairs = profile_pairs(X, Y, PROFILES[0])
        found.append(pairs.tobytes())
    assert len(set(found)) == 1


@pytest.mark.parametrize("target_dimension", [None, 35])
def test_principal_axes_find_an_exact_rotation(target_dimension: int | None) -> None:
    data = plant_clusters(0.0, count=600, target_dimension=target_dimension)
    order = np.random.default_rng(0).permutation(600)  # the order of the words is no help
    X, Y = normalized(data.source), normalized(data.target[order])
    pairs = axes_pairs(X, Y)
    assert pairs.dtype == np.int64
    assert len(pairs) > 590
    truth = np.argsort(order)[data.pairs[:, 1]]
    assert (truth[pairs[:, 0]] == pairs[:, 1]).mean() > 0.99
    assert axes_pairs(X, Y).tobytes() == pairs.tobytes()


def test_only_the_most_frequent_words_are_paired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alignx.alignment.unsupervised.initial_pairs.AXES_VOCABULARY", 50)
    data = plant_clusters(0.0, count=200)
    pairs = axes_pairs(normalized(data.source), normalized(data.target))
    assert 10 < len(pairs) <= 50
    assert pairs.max() < 50


def test_profiles_differ() -> None:
    assert len(set(PROFILES)) == len(PROFILES)
    assert all(1 <= words <= EVERYTHING for words, _ in PROFILES)
    weights = [weight for _, weights in PROFILES for weight in weights]
    assert min(weights) == 0  # for words in no order


def test_all_dictionaries_of_the_vectors() -> None:
    data = plant_clusters(0.3, count=120)
    X, Y = normalized(data.source), normalized(data.target)
    one_by_one = [
        profile_pairs(X, Y, ProfileSettings(words, (weight,)))
        for words, weights in PROFILES
        for weight in weights
    ]
    found = distributional_pairs(X, Y)
    for pairs, expected in zip(found, [axes_pairs(X, Y), *one_by_one], strict=True):
        np.testing.assert_array_equal(pairs, expected)
