"""Contract of the aligners, and of scikit-learn for all methods."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from aligners import accuracy, fit_on, learned
from sklearn.base import clone

from alignx.alignment.methods import METHODS as ALL_METHODS
from alignx.errors import AlignxError, DimensionError, NotFittedError
from alignx.mapping import METHODS, RCSLS, Aligner, MapEnsemble, Procrustes, Reweighted

if TYPE_CHECKING:
    from conftest import Planted

    from alignx.support.arrays import Matrix

# Beside its defaults, a method is tried with these.
MORE: dict[str, list[dict[str, Any]]] = {
    "cca": [
        {"n_components": 30},
        {"regularization": 0.1},
        {"n_components": 20, "regularization": 0.0},
    ],
    "ensemble": [{"members": [Procrustes(), Reweighted(regularization=0.1)]}],
    "least_squares": [{"regularization": 0.1}],
    "rcsls": [{"start": "procrustes"}, {"spectral": True}, {"n_steps": 0}],
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
def test_pairs_name_rows_of_both_languages(aligner: Aligner) -> None:
    X, Y = some_pairs()
    order = np.random.default_rng(3).permutation(len(X))
    pairs = np.stack([np.argsort(order), np.arange(len(X))], axis=1)
    weights = np.linspace(0.5, 1.5, len(X))
    expected = clone(aligner).fit(X, Y, weights)
    found = clone(aligner).fit(X[order], Y, weights, pairs=pairs)
    # RCSLS sums float32 rows in another order, which on some processors differs in the last bits.
    atol = 1e-6 if isinstance(aligner, RCSLS | MapEnsemble) else 0
    np.testing.assert_allclose(found.source_map_, expected.source_map_, rtol=0, atol=atol)
    np.testing.assert_allclose(found.target_map_, expected.target_map_, rtol=0, atol=atol)
    for wrong in ([[0, len(Y)]], [[-1, 0]]):
        with pytest.raises(ValueError, match=r"pairs must name (source|target) rows in \[0, 199\]"):
            aligner.fit(X, Y, pairs=wrong)


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
    assert aligner.get_params() == parameters
    assert repr(copy.get_params()) == repr(parameters)  # members are copied
    assert not hasattr(copy, "source_map_")


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(method, id=name, marks=[] if name in METHODS else [pytest.mark.slow])
        for name, method in ALL_METHODS.items()
    ],
)
def test_every_method_is_an_estimator(method: type[Any], planted: Planted) -> None:
    assert repr(method()) == f"{method.__name__}()"
    for name in method().get_params():
        changed = clone(method().set_params(**{name: 0.25}))
        assert repr(changed) == f"{method.__name__}({name}=0.25)"
        assert pickle.loads(pickle.dumps(changed)).get_params() == changed.get_params()
    if method is not MapEnsemble:
        with pytest.raises(TypeError):
            method(1)
    if method is ALL_METHODS["adversarial"]:  # fitted in its own tests
        return
    pairs = {} if method in METHODS.values() else {"pairs": planted.train, "refinement": 1}
    rows = planted.source, planted.target
    if not pairs:
        rows = planted.source[planted.train[:, 0]], planted.target[planted.train[:, 1]]
    fitted = method().fit(*rows, **pairs)
    again = pickle.loads(pickle.dumps(fitted))
    aligner = fitted if isinstance(fitted, Aligner) else fitted.aligner_
    assert accuracy(aligner, planted, planted.test) > 0.99
    np.testing.assert_array_equal(
        getattr(again, "aligner_", again).source_map_, aligner.source_map_
    )
    assert not [name for name in vars(clone(fitted)) if name.endswith("_")]


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
