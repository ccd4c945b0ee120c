from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, false_discovery_control

from alignx.evaluation.paired_bootstrap import (
    PairedDifference,
    ResampledScores,
    holm,
    scores_of_ranks,
)
from alignx.support import bootstrap as bootstrap_module
from alignx.support.bootstrap import bootstrap_means

# --- the bootstrap ----------------------------------------------------------------------------


def slow_means(values: np.ndarray, resamples: int) -> np.ndarray:
    """Draw rows one by one."""
    rng = np.random.default_rng(7)
    n = len(values)
    return np.array([values[rng.integers(n, size=n)].mean(axis=0) for _ in range(resamples)])


@pytest.mark.slow
def test_resampled_means_are_those_of_drawing_rows_one_by_one() -> None:
    rng = np.random.default_rng(0)
    ranks = rng.geometric(0.4, size=(150, 2)).astype(float)
    ranks[::9] = np.inf
    values = np.concatenate([scores_of_ranks(column) for column in ranks.T], axis=1)
    found, expected = bootstrap_means(values, 8_000), slow_means(values, 8_000)
    assert found.shape == expected.shape == (8_000, 6)
    assert found.mean(axis=0) == pytest.approx(expected.mean(axis=0), abs=0.003)
    assert np.cov(found.T) == pytest.approx(np.cov(expected.T), abs=0.00015)
    for level in (0.025, 0.975):
        quantiles = (np.quantile(draws, level, axis=0) for draws in (found, expected))
        assert next(quantiles) == pytest.approx(next(quantiles), abs=0.01)


def test_draws_do_not_depend_on_the_size_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random((20, 2))
    whole = bootstrap_means(values, 50)
    monkeypatch.setattr(bootstrap_module, "BLOCK", 100)
    assert bootstrap_means(values, 50) == pytest.approx(whole, rel=1e-12)
    assert not np.array_equal(bootstrap_means(values, 50, random_state=1), whole)


# --- differences ------------------------------------------------------------------------------


def difference(first: np.ndarray, second: np.ndarray, seed: int = 0) -> PairedDifference:
    scores = {"a": first[:, None].astype(float), "b": second[:, None].astype(float)}
    return ResampledScores.of(scores, 1_000, seed).differences("a")["b"]


def test_pairing_finds_what_two_intervals_hide() -> None:
    first = np.arange(200) < 100
    second = first | (np.arange(200) >= 190)
    found = difference(first, second)
    assert found.value == pytest.approx(0.05)
    assert found.interval[0] > 0
    assert found.is_significant
    alone = ResampledScores.of({"a": first[:, None].astype(float)}, 2_000).interval(0, 0)
    assert alone[1] > second.mean()
    opposite = difference(second, first)
    assert opposite.value == -found.value
    assert opposite.p == pytest.approx(found.p, abs=0.003)


def test_equal_methods_do_not_differ() -> None:
    right = np.arange(50) < 20
    found = difference(right, right)
    assert (found.value, found.interval, found.p) == (0, (0, 0), 1)
    assert str(found) == "+0.0 [+0.0, +0.0]"


@pytest.mark.slow
@pytest.mark.parametrize(("better", "worse"), [(30, 10), (40, 30), (12, 3), (60, 61), (25, 45)])
def test_p_values_are_close_to_the_exact_sign_test(better: int, worse: int) -> None:
    """McNemar's exact test is the sign test of the questions that one method alone gets right."""
    number = np.arange(400)
    first = (number < 200) | (number >= 400 - worse)
    second = (number < 200) | ((number >= 200) & (number < 200 + better))
    scores = {"a": first[:, None].astype(float), "b": second[:, None].astype(float)}
    found = ResampledScores.of(scores, 20_000).differences("a")["b"]
    exact = binomtest(better, better + worse).pvalue
    assert found.value == pytest.approx((better - worse) / 400)
    # The exact test is conservative, all the more the fewer these questions are.
    assert exact / 4 - 0.01 < found.p < exact + 0.03
    low, high = found.interval
    assert (low > 0 or high < 0) == (found.p < 0.05)


@pytest.mark.slow
def test_equal_methods_are_told_apart_in_one_of_twenty_cases() -> None:
    rng = np.random.default_rng(3)
    runs, wrong, exact = 1_000, 0, 0
    for seed in range(runs):
        easy = rng.beta(1, 1, size=400)  # both methods find the same questions easy
        first, second = rng.random((2, 400)) < easy
        wrong += difference(first, second, seed).p < 0.05
        only = [int((first & ~second).sum()), int((second & ~first).sum())]
        exact += binomtest(only[0], sum(only)).pvalue < 0.05
    assert 0.03 < wrong / runs < 0.065
    assert exact <= wrong


@pytest.mark.slow
def test_intervals_hold_the_true_difference_in_nineteen_of_twenty_cases() -> None:
    rng = np.random.default_rng(4)
    held = 0
    for seed in range(600):
        easy = rng.random(300)
        first, second = rng.random(300) < 0.8 * easy, rng.random(300) < easy
        low, high = difference(first, second, seed).interval
        held += low <= 0.1 <= high
    assert 0.92 < held / 600 < 0.975


# --- several comparisons ----------------------------------------------------------------------


def slow_holm(p_values: list[float]) -> list[float]:
    """Reject the smallest while it is below level / number left, at the least such level."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, p_values[i] * (len(p_values) - rank)))
        adjusted[i] = highest
    return adjusted


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_its_definition_and_stricter_than_false_discovery(p_values: list[float]) -> None:
    found = holm(p_values)
    assert found == pytest.approx(slow_holm(p_values))
    assert all(a >= p for a, p in zip(found, p_values, strict=True))
    discovery = false_discovery_control(p_values)
    assert all(a >= b - 1e-12 for a, b in zip(found, discovery, strict=True))


def test_the_best_is_clear_only_if_better_than_each_other_method() -> None:
    number = np.arange(300)
    scores = {name: (number < n)[:, None].astype(float) for name, n in (("a", 150), ("b", 180))}
    found = ResampledScores.of(scores, 2_000)
    assert found.clear_best() == "b"
    rng = np.random.default_rng(0)
    scores["c"] = (rng.permutation(number) < 178)[:, None].astype(float)
    assert ResampledScores.of(scores, 2_000).clear_best() is None


def test_a_mean_over_languages_averages_differences_and_draws() -> None:
    rng = np.random.default_rng(0)
    parts = [
        ResampledScores.of({name: rng.random((n, 1)) for name in "ab"}, 1_000, seed)
        for seed, n in enumerate((50, 80))
    ]
    mean = ResampledScores.mean_of(parts)
    values = [part.differences("a")["b"].value for part in parts]
    assert mean.differences("a")["b"].value == pytest.approx(np.mean(values))
    spreads = [np.diff(part.draws[:, :, 0], axis=1).std() for part in parts]
    expected = np.hypot(*spreads) / 2
    assert np.diff(mean.draws[:, :, 0], axis=1).std() == pytest.approx(expected, rel=0.1)


def test_all_pairs_agree_on_signs() -> None:
    rng = np.random.default_rng(1)
    found = ResampledScores.of({name: rng.random((40, 2)) for name in "abc"}, 1_000)
    for first, second in combinations("abc", 2):
        there, back = found.differences(first, 1)[second], found.differences(second, 1)[first]
        assert there.value == pytest.approx(-back.value)
        assert there.p == pytest.approx(back.p)
