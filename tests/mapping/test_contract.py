"""What every aligner promises, whatever its method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.base import clone

from alignx.errors import AlignxError, DimensionError, NotFittedError
from alignx.mapping import METHODS, Aligner, refine
from alignx.retrieval.csls import csls_neighbors
from alignx.support.arrays import unit_rows

if TYPE_CHECKING:
    from conftest import Planted
    from numpy.typing import NDArray

    from alignx.support.arrays import Matrix

# Beside its defaults, a method is tried with these.
MORE: dict[str, list[dict[str, Any]]] = {
    "cca": [
        {"n_components": 30},
        {"regularization": 0.1},
        {"n_components": 20, "regularization": 0.0},
    ],
    "least_squares": [{"regularization": 0.1}],
    "reweighted": [
        {"regularization": 0.1},
        {"source_power": 1.0, "target_power": 0.0},
        {"n_components": 20},
    ],
}
SETTINGS = [
    pytest.param(method(**parameters), id=f"{name}-{parameters}")
    for name, method in METHODS.items()
    for parameters in [{}, *MORE.get(name, [])]
]
each_setting = pytest.mark.parametrize("unfitted", SETTINGS)


@pytest.fixture
def aligner(unfitted: Aligner) -> Aligner:
    """Give every test an aligner of its own."""
    fresh: Aligner = clone(unfitted)
    return fresh


def some_pairs(seed: int = 0, n: int = 200, d: int = 30) -> tuple[Matrix, Matrix]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    Y = X @ rng.standard_normal((d, d)) / np.sqrt(d) + rng.standard_normal((n, d))
    rows = X.astype(np.float32), Y.astype(np.float32)
    for matrix in rows:
        matrix.flags.writeable = False
    return rows


def learned(aligner: Aligner) -> list[Matrix]:
    return [aligner.source_map_, aligner.target_map_, aligner.source_mean_, aligner.target_mean_]


def accuracy(aligner: Aligner, planted: Planted, pairs: NDArray[np.int64]) -> float:
    """Share of pairs whose source row has the target row as its neighbor by CSLS."""
    found = csls_neighbors(
        unit_rows(aligner.transform(planted.source)),
        unit_rows(aligner.transform_target(planted.target)),
        1,
    )
    return float((found.of_source.indices[pairs[:, 0], 0] == pairs[:, 1]).mean())


def fit_on(aligner: Aligner, planted: Planted, pairs: NDArray[np.int64]) -> Aligner:
    return aligner.fit(planted.source[pairs[:, 0]], planted.target[pairs[:, 1]])


# --- fit and transform ------------------------------------------------------------------------


@each_setting
def test_maps_have_the_promised_shapes(aligner: Aligner) -> None:
    X, Y = some_pairs()
    assert aligner.fit(X, Y) is aligner
    (d, width), (e, other_width) = aligner.source_map_.shape, aligner.target_map_.shape
    assert (d, e, width) == (30, 30, other_width)
    assert 1 <= width <= 30
    assert aligner.source_mean_.shape == aligner.target_mean_.shape == (30,)
    assert all(matrix.dtype == np.float32 for matrix in learned(aligner))
    assert all(np.isfinite(matrix).all() for matrix in learned(aligner))
    for mapped in (aligner.transform(X[:7]), aligner.transform_target(Y[:7])):
        assert mapped.shape == (7, width)
        assert mapped.dtype == np.float32
    assert aligner.transform(X[:0]).shape == (0, width)


@each_setting
def test_transform_is_center_then_multiply(aligner: Aligner) -> None:
    X, Y = some_pairs()
    source_map, target_map, source_mean, target_mean = learned(aligner.fit(X, Y))
    expected = (X.astype(np.float64) - source_mean) @ source_map
    np.testing.assert_allclose(aligner.transform(X), expected, rtol=0, atol=1e-4)
    expected = (Y.astype(np.float64) - target_mean) @ target_map
    np.testing.assert_allclose(aligner.transform_target(Y), expected, rtol=0, atol=1e-4)


@each_setting
def test_inputs_stay_as_they_are(aligner: Aligner) -> None:
    X, Y = some_pairs()
    copies = X.copy(), Y.copy()
    weights = np.ones(len(X))
    weights.flags.writeable = False
    aligner.fit(X, Y, weights)
    aligner.transform(X)
    aligner.transform_target(Y)
    np.testing.assert_array_equal(X, copies[0])
    np.testing.assert_array_equal(Y, copies[1])


@each_setting
def test_fitting_twice_equals_fitting_once(aligner: Aligner) -> None:
    X, Y = some_pairs()
    once = learned(clone(aligner).fit(X, Y))
    aligner.fit(*some_pairs(1, 90))
    for found, expected in zip(learned(aligner.fit(X, Y)), once, strict=True):
        np.testing.assert_array_equal(found, expected)


@each_setting
def test_the_order_of_pairs_does_not_matter(aligner: Aligner) -> None:
    X, Y = some_pairs()
    expected = learned(clone(aligner).fit(X, Y))
    order = np.random.default_rng(5).permutation(len(X))
    for found, other in zip(learned(aligner.fit(X[order], Y[order])), expected, strict=True):
        np.testing.assert_allclose(found, other, rtol=0, atol=1e-5)


@each_setting
def test_other_arrays_are_converted(aligner: Aligner) -> None:
    X, Y = some_pairs()
    expected = learned(clone(aligner).fit(X, Y))
    aligner.fit(np.asfortranarray(X, dtype=np.float64), Y.tolist())
    for found, other in zip(learned(aligner), expected, strict=True):
        np.testing.assert_array_equal(found, other)


# --- errors -----------------------------------------------------------------------------------


@each_setting
def test_use_before_fit_is_refused(aligner: Aligner) -> None:
    X, Y = some_pairs()
    message = f"{type(aligner).__name__} must be fitted before transform"
    with pytest.raises(NotFittedError, match=message):
        aligner.transform(X)
    with pytest.raises(NotFittedError, match=message):
        aligner.transform_target(Y)
    assert issubclass(NotFittedError, AlignxError)


@each_setting
def test_another_dimension_is_named(aligner: Aligner) -> None:
    aligner.fit(*some_pairs())
    narrow = np.ones((2, 29), np.float32)
    with pytest.raises(
        DimensionError, match="source rows must have dimension 30 as in fit, got 29"
    ):
        aligner.transform(narrow)
    with pytest.raises(
        DimensionError, match="target rows must have dimension 30 as in fit, got 29"
    ):
        aligner.transform_target(narrow)


@each_setting
def test_bad_pairs_are_refused(aligner: Aligner) -> None:
    X, Y = some_pairs()
    with pytest.raises(ValueError, match="same number of rows, got 200 and 199"):
        aligner.fit(X, Y[1:])
    with pytest.raises(ValueError, match="at least 1 row, got 0"):
        aligner.fit(X[:0], Y[:0])
    with pytest.raises(ValueError, match="source must have 2 dimensions, got 1"):
        aligner.fit(X[0], Y[0])
    for bad in (np.nan, np.inf):
        broken = X.copy()
        broken[17, 4] = bad
        with pytest.raises(ValueError, match=f"source must be finite float32, got {bad} in row 17"):
            aligner.fit(broken, Y)
        with pytest.raises(ValueError, match=f"target must be finite float32, got {bad} in row 17"):
            aligner.fit(X, broken)
    assert not hasattr(aligner, "source_map_")


# --- scikit-learn's contract ------------------------------------------------------------------


@each_setting
def test_it_is_an_estimator(aligner: Aligner) -> None:
    parameters = aligner.get_params()
    copy = clone(aligner.fit(*some_pairs()))
    assert type(copy) is type(aligner)
    assert copy.get_params() == parameters == aligner.get_params()
    assert not hasattr(copy, "source_map_")
    assert type(aligner)(**parameters).get_params() == parameters
    assert copy.set_params(**parameters) is copy
    with pytest.raises(ValueError, match="Invalid parameter 'nonsense'"):
        copy.set_params(nonsense=1)
    with pytest.raises(TypeError):
        type(aligner)(1)


@pytest.mark.parametrize("method", METHODS.values())
def test_a_repr_shows_what_is_not_default(method: type[Aligner]) -> None:
    assert repr(method()) == f"{method.__name__}()"
    for name in method().get_params():
        changed = method().set_params(**{name: 0.25})
        assert repr(changed) == f"{method.__name__}({name}=0.25)"


# --- what it is for ---------------------------------------------------------------------------


@each_setting
def test_it_recovers_a_planted_rotation(aligner: Aligner, planted: Planted) -> None:
    fit_on(aligner, planted, planted.train)
    assert accuracy(aligner, planted, planted.test) >= 0.99


@each_setting
def test_it_beats_chance_widely_under_noise(aligner: Aligner, noisy: Planted) -> None:
    fit_on(aligner, noisy, noisy.train)
    chance = 1 / len(noisy.target)
    assert accuracy(aligner, noisy, noisy.test) > 200 * chance
    shuffled = noisy.train.copy()
    np.random.default_rng(0).shuffle(shuffled[:, 1])
    fit_on(aligner, noisy, shuffled)
    assert accuracy(aligner, noisy, noisy.test) < 20 * chance


# --- refinement -------------------------------------------------------------------------------


@each_setting
@pytest.mark.parametrize("keep_seed", [True, False])
def test_refinement_improves_a_map_of_few_pairs(
    aligner: Aligner, noisy: Planted, keep_seed: bool
) -> None:
    seed = noisy.train[:60]
    before = accuracy(fit_on(aligner, noisy, seed), noisy, noisy.test)
    maps = [matrix.copy() for matrix in learned(aligner)]
    known = seed if keep_seed else None
    refined, rounds = refine(aligner, noisy.source, noisy.target, seed_pairs=known, rounds=3)
    assert accuracy(refined, noisy, noisy.test) >= before
    assert type(refined) is type(aligner)
    assert refined.get_params() == aligner.get_params()
    assert refined is not aligner
    for matrix, copy in zip(learned(aligner), maps, strict=True):
        np.testing.assert_array_equal(matrix, copy)
    assert [step.round for step in rounds] == [1, 2, 3]
    assert all(0 < step.criterion <= 1 and step.seconds >= 0 for step in rounds)
    assert all((60 if keep_seed else 1) <= step.pairs <= 960 for step in rounds)
    assert rounds[-1].criterion >= rounds[0].criterion


def test_known_pairs_take_part_in_refinement(planted: Planted) -> None:
    aligner = fit_on(METHODS["procrustes"](), planted, planted.train)
    rows = planted.source, planted.target
    plain, (induced,) = refine(aligner, *rows, rounds=1)
    wrong = planted.pairs[:50].copy()
    wrong[:, 1] = np.roll(wrong[:, 1], 1)
    misled, (step,) = refine(aligner, *rows, rounds=1, seed_pairs=wrong)
    assert step.pairs == induced.pairs + 50
    assert step.criterion == induced.criterion
    assert np.abs(misled.source_map_ - plain.source_map_).max() > 1e-3
    _, (again,) = refine(aligner, *rows, rounds=1, seed_pairs=planted.pairs[[0, 0, 1]])
    assert induced.pairs <= again.pairs <= induced.pairs + 2


@each_setting
def test_refinement_is_deterministic(aligner: Aligner, noisy: Planted) -> None:
    fit_on(aligner, noisy, noisy.train[:60])
    results = [refine(aligner, noisy.source, noisy.target, rounds=2) for n_threads in (1, 2)]
    (one, rounds), (other, other_rounds) = results
    for found, expected in zip(learned(other), learned(one), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert [(step.criterion, step.pairs) for step in rounds] == [
        (step.criterion, step.pairs) for step in other_rounds
    ]


@each_setting
def test_refinement_keeps_a_perfect_map(aligner: Aligner, planted: Planted) -> None:
    fit_on(aligner, planted, planted.train)
    refined, rounds = refine(aligner, planted.source, planted.target, rounds=2)
    assert accuracy(refined, planted, planted.test) >= 0.99
    assert rounds[-1].pairs >= 0.99 * len(planted.pairs)


def test_refinement_sees_the_vocabulary_only(planted: Planted) -> None:
    aligner = fit_on(METHODS["procrustes"](), planted, planted.train)
    _, rounds = refine(aligner, planted.source, planted.target, rounds=1, vocabulary=100)
    inside = (planted.pairs < 100).all(axis=1).sum()
    assert inside <= rounds[0].pairs <= 100
    fractions: list[float] = []
    refine(aligner, planted.source, planted.target, rounds=3, progress=fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] <= 1


def test_no_rounds_change_nothing(planted: Planted) -> None:
    aligner = fit_on(METHODS["procrustes"](), planted, planted.train)
    refined, rounds = refine(aligner, planted.source, planted.target, rounds=0)
    assert rounds == []
    np.testing.assert_array_equal(refined.source_map_, aligner.source_map_)


def test_refinement_checks_its_arguments(planted: Planted) -> None:
    aligner = METHODS["procrustes"]()
    with pytest.raises(NotFittedError, match="Procrustes must be fitted"):
        refine(aligner, planted.source, planted.target)
    fit_on(aligner, planted, planted.train)
    with pytest.raises(ValueError, match="rounds must be at least 0, got -1"):
        refine(aligner, planted.source, planted.target, rounds=-1)
    with pytest.raises(ValueError, match="vocabulary must be at least 1, got 0"):
        refine(aligner, planted.source, planted.target, vocabulary=0)
    with pytest.raises(ValueError, match=r"n_neighbors must lie in \[1, 5\], got 6"):
        refine(aligner, planted.source, planted.target, vocabulary=5, n_neighbors=6)
