from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from aligners import accuracy, learned
from reference import rcsls_loss

from alignx.errors import DimensionError
from alignx.mapping import RCSLS, Procrustes, Reweighted
from alignx.mapping.rcsls import RelaxedCSLS
from alignx.support.arrays import unit_rows
from alignx.support.config import config_context

if TYPE_CHECKING:
    from conftest import Planted

    from alignx.support.arrays import Indices, Matrix


def rows(n: int, d: int, seed: int) -> Matrix:
    return unit_rows(np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32))


SOURCE, TARGET = rows(60, 6, 0), rows(50, 6, 1)
# Some rows are in several pairs.
PAIRS = np.random.default_rng(2).integers(0, 30, (40, 2))
WEIGHTS = np.random.default_rng(3).uniform(0.1, 1, (40, 1))
MATRIX = np.random.default_rng(4).standard_normal((6, 6)) / 2


def loss(vocabulary: int = 100, n_neighbors: int = 3) -> RelaxedCSLS:
    return RelaxedCSLS(
        SOURCE, TARGET, PAIRS, WEIGHTS, n_neighbors=n_neighbors, vocabulary=vocabulary
    )


@pytest.mark.parametrize("n_neighbors", [1, 3, 60])
@pytest.mark.parametrize("vocabulary", [2, 20, 100])
def test_the_loss_is_that_of_all_pairs_of_rows(vocabulary: int, n_neighbors: int) -> None:
    value, _ = loss(vocabulary, n_neighbors).value_and_gradient(MATRIX)
    expected = rcsls_loss(SOURCE, TARGET, PAIRS, WEIGHTS, MATRIX, n_neighbors, vocabulary)
    assert value == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("n_neighbors", [1, 3])
def test_the_gradient_is_that_of_finite_differences(n_neighbors: int) -> None:
    _, gradient = loss(30, n_neighbors).value_and_gradient(MATRIX)
    step = 1e-6
    for i, j in np.ndindex(6, 6):
        moved = [MATRIX.copy(), MATRIX.copy()]
        moved[0][i, j] += step
        moved[1][i, j] -= step
        up, down = (rcsls_loss(SOURCE, TARGET, PAIRS, WEIGHTS, W, n_neighbors, 30) for W in moved)
        assert gradient[i, j] == pytest.approx((up - down) / (2 * step), abs=1e-5)


def test_the_loss_is_convex() -> None:
    of = loss()
    for seed in range(5):
        a, b = np.random.default_rng(seed).standard_normal((2, 6, 6))
        middle = of.value_and_gradient((a + b) / 2)[0]
        assert middle <= (of.value_and_gradient(a)[0] + of.value_and_gradient(b)[0]) / 2 + 1e-6


def noisy_rows(planted: Planted) -> tuple[Matrix, Matrix, Indices]:
    return planted.source, planted.target, planted.train


@pytest.mark.parametrize("start", ["reweighted", "procrustes"])
@pytest.mark.parametrize("learning_rate", [1.0, 1000.0])
def test_losses_fall(noisy: Planted, start: str, learning_rate: float) -> None:
    X, Y, pairs = noisy_rows(noisy)
    found = RCSLS(start=start, learning_rate=learning_rate).fit(X, Y, pairs=pairs)  # type: ignore[arg-type]
    assert found.losses_.shape == (7,)
    assert (np.diff(found.losses_) <= 0).all()
    assert found.losses_[-1] < found.losses_[0]


@pytest.mark.parametrize("start", ["reweighted", "procrustes"])
def test_without_steps_it_is_its_start(noisy: Planted, start: str) -> None:
    X, Y, pairs = noisy_rows(noisy)
    found = RCSLS(start=start, n_steps=0).fit(X, Y, pairs=pairs)  # type: ignore[arg-type]
    expected = Procrustes() if start == "procrustes" else Reweighted(regularization=0.1)
    assert repr(found.initial()) == repr(expected)
    for mine, other in zip(learned(found), learned(expected.fit(X, Y, pairs=pairs)), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_singular_values_are_clipped(noisy: Planted) -> None:
    X, Y, pairs = noisy_rows(noisy)
    for spectral in (True, False):
        found = RCSLS(start="procrustes", spectral=spectral, learning_rate=5.0)
        found.fit(X, Y, pairs=pairs)
        largest = np.linalg.svd(found.source_map_)[1].max()
        assert (largest < 1 + 1e-5) == spectral
        assert found.losses_[-1] < found.losses_[0]


def test_the_map_does_not_depend_on_threads_or_lengths(noisy: Planted) -> None:
    X, Y, pairs = noisy_rows(noisy)
    with config_context(n_threads=1):
        expected = learned(RCSLS().fit(X, Y, pairs=pairs))
    with config_context(n_threads=3):
        for mine, other in zip(learned(RCSLS().fit(X, Y, pairs=pairs)), expected, strict=True):
            np.testing.assert_array_equal(mine, other)
    longer = RCSLS(start="procrustes").fit(4 * X, Y, pairs=pairs).source_map_
    shorter = RCSLS(start="procrustes").fit(X, Y, pairs=pairs).source_map_
    np.testing.assert_allclose(longer, shorter, atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 15])
def test_few_pairs_give_a_map(planted: Planted, count: int) -> None:
    found = RCSLS().fit(planted.source, planted.target, pairs=planted.train[:count])
    assert all(np.isfinite(matrix).all() for matrix in learned(found))
    if count == 15:
        assert accuracy(found, planted, planted.train[:count]) > 0.9


def test_other_rows_are_learned_from(noisy: Planted) -> None:
    X, Y, pairs = noisy_rows(noisy)
    paired = RCSLS().fit(X[pairs[:, 0]], Y[pairs[:, 1]])
    among = RCSLS().fit(X, Y, pairs=pairs)
    assert not np.allclose(paired.source_map_, among.source_map_, atol=1e-4)
    few = RCSLS(vocabulary=50).fit(X, Y, pairs=pairs)
    assert not np.allclose(few.source_map_, among.source_map_, atol=1e-4)


def test_dimensions_may_differ_unless_it_starts_from_procrustes() -> None:
    X, Y = rows(100, 8, 5), rows(100, 5, 6)
    found = RCSLS().fit(X, Y)
    assert (found.source_map_.shape, found.target_map_.shape) == ((8, 5), (5, 5))
    message = "RCSLS from Procrustes needs source and target of the same dimension, got 8 and 5"
    with pytest.raises(DimensionError, match=message):
        RCSLS(start="procrustes").fit(X, Y)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("start", "cca", "start must be 'reweighted' or 'procrustes', got 'cca'"),
        ("regularization", -1.0, "regularization must be finite and at least 0, got -1"),
        ("n_steps", -1, "n_steps must be at least 0, got -1"),
        ("n_neighbors", 0, "n_neighbors must be at least 1, got 0"),
        ("vocabulary", 0, "vocabulary must be at least 1, got 0"),
        ("learning_rate", 0.0, "learning_rate must be finite and above 0, got 0"),
        ("learning_rate", np.inf, "learning_rate must be finite and above 0, got inf"),
    ],
)
def test_parameters_are_checked(name: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RCSLS().set_params(**{name: value}).fit(SOURCE, SOURCE)
