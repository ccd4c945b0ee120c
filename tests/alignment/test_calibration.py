from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alignx.alignment.calibration import Calibration, PairFeatures
from alignx.retrieval.neighbors import Neighbors

Labeled = tuple[PairFeatures, NDArray[np.bool_], NDArray[np.float64]]


def labeled(seed: int, count: int) -> Labeled:
    """PairFeatures, whether each pair is right, and the probability by which that was drawn."""
    rng = np.random.default_rng(seed)
    score, source_gap, target_gap = rng.normal(0, [[0.3], [0.2], [0.2]], (3, count))
    logit = 4 * score + 3 * source_gap + 2 * target_gap + (source_gap > 0) - 1
    probability = 1 / (1 + np.exp(-logit))
    columns = (column.astype(np.float32) for column in (score, source_gap, target_gap))
    return PairFeatures(*columns), rng.random(count) < probability, probability


def logits(calibration: Calibration, features: PairFeatures) -> NDArray[np.float64]:
    return np.asarray(features.matrix() @ calibration.weights)


# --- the model --------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(10, 300))
def test_probabilities_are_between_and_rise_with_the_logit(seed: int, count: int) -> None:
    features, right, _ = labeled(seed, count)
    right[:2] = [True, False]
    calibration = Calibration.fit(features, right)
    unseen, _, _ = labeled(seed + 1, 500)
    for one in (features, unseen):
        found = calibration.probability(one)
        assert found.dtype == np.float64
        assert ((found > 0) & (found < 1)).all()
        assert (np.diff(found[np.argsort(logits(calibration, one))]) >= -1e-12).all()
    assert (np.diff(calibration.logits) >= 0).all()
    assert (np.diff(calibration.probabilities) >= 0).all()


def test_probabilities_are_true_in_every_bin() -> None:
    calibration = Calibration.fit(*labeled(0, 8000)[:2])
    features, right, truth = labeled(1, 20_000)
    found = calibration.probability(features)
    bins = np.array_split(np.argsort(found), 20)
    errors = [abs(found[rows].mean() - right[rows].mean()) for rows in bins]
    assert np.mean(errors) < 0.02
    assert max(errors) < 0.06
    assert np.abs(found - truth).mean() < 0.04


def test_levels_follow_the_rule_of_succession() -> None:
    """Twenty pairs that a threshold separates: levels of ten, (0 + 1) / 12 and (10 + 1) / 12."""
    score = np.linspace(-1, 1, 20, dtype=np.float32)
    zeros = np.zeros(20, np.float32)
    features = PairFeatures(score, zeros, zeros)
    found = Calibration.fit(features, score > 0).probability(features)
    np.testing.assert_allclose(found, np.repeat([1 / 12, 11 / 12], 10))


def test_lone_features_beyond_what_was_seen_takes_the_nearest_level() -> None:
    features, right, _ = labeled(0, 500)
    calibration = Calibration.fit(features, right)
    far = PairFeatures(*(np.array([-100, 100], np.float32) for _ in range(3)))
    found = calibration.probability(far)
    assert found.tolist() == [calibration.probabilities[0], calibration.probabilities[-1]]
    assert 0 < found[0] < 0.2 < 0.8 < found[1] < 1


@pytest.mark.parametrize("right", [[True] * 10, [False] * 10])
def test_one_kind_of_pairs_is_refused(right: list[bool]) -> None:
    features, _, _ = labeled(0, 10)
    message = "calibration needs right and wrong pairs, got only one kind"
    with pytest.raises(ValueError, match=re.escape(message)):
        Calibration.fit(features, right)


def test_fitting_is_deterministic_and_leaves_its_input() -> None:
    features, right, _ = labeled(0, 300)
    copies = [column.copy() for column in features]
    for column in features:
        column.flags.writeable = False
    one, other = Calibration.fit(features, right), Calibration.fit(features, right.tolist())
    np.testing.assert_array_equal(one.weights, other.weights)
    np.testing.assert_array_equal(one.probabilities, other.probabilities)
    for column, copy in zip(features, copies, strict=True):
        np.testing.assert_array_equal(column, copy)


# --- the features -----------------------------------------------------------------------------


def neighbors(scores: NDArray[np.float32], rows: NDArray[np.int64], k: int) -> Neighbors:
    indices = np.argsort(-scores[rows], axis=1, kind="stable")[:, :k]
    return Neighbors(indices, np.take_along_axis(scores[rows], indices, axis=1))


def slow_gap(scores: NDArray[np.float32], row: int, column: int) -> float:
    """Score of a pair less that of the best other column in its row."""
    others = [scores[row, other] for other in range(scores.shape[1]) if other != column]
    return float(scores[row, column] - max(others))


@pytest.mark.parametrize("k", [2, 3, 10])
@pytest.mark.parametrize("tied", [False, True])
def test_gaps_equal_a_loop(k: int, tied: bool) -> None:
    rng = np.random.default_rng(k)
    scores = rng.standard_normal((30, 20)).astype(np.float32)
    if tied:
        scores = np.round(scores)
    sources, targets = (rng.integers(0, size, 200) for size in scores.shape)
    pair_scores = scores[sources, targets]
    features = PairFeatures.of(
        sources,
        targets,
        pair_scores,
        neighbors(scores, sources, k),
        neighbors(scores.T, targets, k),
    )
    both = list(zip(sources.tolist(), targets.tolist(), strict=True))
    np.testing.assert_array_equal(features.score, pair_scores)
    np.testing.assert_allclose(
        features.source_gap, [slow_gap(scores, s, t) for s, t in both], atol=1e-6
    )
    np.testing.assert_allclose(
        features.target_gap, [slow_gap(scores.T, t, s) for s, t in both], atol=1e-6
    )
    assert (features.source_gap > 0).any()
    assert (features.source_gap < 0).any()


def test_a_lone_neighbor_leaves_no_gap() -> None:
    scores = np.random.default_rng(0).standard_normal((5, 1)).astype(np.float32)
    sources, targets = np.arange(5), np.zeros(5, np.int64)
    features = PairFeatures.of(
        sources,
        targets,
        scores[:, 0],
        neighbors(scores, sources, 1),
        neighbors(scores.T, targets, 5),
    )
    np.testing.assert_array_equal(features.source_gap, np.zeros(5))
    expected = [slow_gap(scores.T, 0, s) for s in range(5)]
    np.testing.assert_allclose(features.target_gap, expected, atol=1e-6)
