from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st
from reference import cca_correlations, procrustes, reweighted, ridge
from sklearn import cross_decomposition
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge

from alignx.errors import DimensionError
from alignx.mapping import (
    CCA,
    METHODS,
    Aligner,
    LeastSquares,
    Procrustes,
    Reweighted,
    method_name,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from alignx.support.arrays import Matrix


def paired(
    seed: int = 0, n: int = 300, d: int = 8, e: int = 8, noise: float = 1.0
) -> tuple[Matrix, Matrix]:
    """Rows that share their directions in part, with unequal variances and means off zero."""
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((n, min(d, e))) / np.sqrt(np.arange(1, min(d, e) + 1))
    X = shared @ rng.standard_normal((min(d, e), d)) + noise * rng.standard_normal((n, d)) + 0.5
    Y = shared @ rng.standard_normal((min(d, e), e)) + noise * rng.standard_normal((n, e)) - 1
    return X.astype(np.float32), Y.astype(np.float32)


def covariance(rows: Matrix, others: Matrix) -> NDArray[np.float64]:
    rows, others = rows - rows.mean(axis=0), others - others.mean(axis=0)
    return np.asarray(rows.T.astype(np.float64) @ others.astype(np.float64) / (len(rows) - 1))


# --- Procrustes -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("n", "d"), [(300, 8), (50, 40), (3, 8), (100, 1)])
def test_procrustes_equals_scipy_and_the_polar_factor(seed: int, n: int, d: int) -> None:
    X, Y = paired(seed, n, d, d)
    found = Procrustes().fit(X, Y)
    W, _ = scipy.linalg.orthogonal_procrustes(X.astype(np.float64), Y.astype(np.float64))
    if n >= d:  # or there are several
        np.testing.assert_allclose(found.source_map_, W, rtol=0, atol=1e-6)
        np.testing.assert_allclose(found.source_map_, procrustes(X, Y), rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.source_map_ @ found.source_map_.T, np.eye(d), atol=1e-5)
    np.testing.assert_array_equal(found.target_map_, np.eye(d))
    assert not found.source_mean_.any()
    assert not found.target_mean_.any()


@pytest.mark.slow
@given(st.integers(0, 2**32), st.integers(1, 20), st.sampled_from([-1, 1]))
def test_procrustes_recovers_any_rotation(seed: int, d: int, sign: int) -> None:
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.standard_normal((d, d)))
    rotation[0] *= sign  # one of the two is a reflection
    X = rng.standard_normal((3 * d, d)).astype(np.float32)
    Y = (X @ rotation).astype(np.float32)
    found = Procrustes().fit(X, Y)
    np.testing.assert_allclose(found.source_map_, rotation, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.transform(X), Y, rtol=0, atol=1e-4)
    np.testing.assert_array_equal(found.transform_target(Y), Y)


def test_procrustes_needs_equal_dimensions() -> None:
    message = "Procrustes needs source and target of the same dimension, got 8 and 5"
    with pytest.raises(DimensionError, match=message):
        Procrustes().fit(*paired(e=5))


# --- CCA --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("d", "e"), [(8, 8), (8, 5), (5, 8), (1, 4)])
@pytest.mark.parametrize("regularization", [0, 0.1, 10])
def test_correlations_equal_the_eigenproblem(
    seed: int, d: int, e: int, regularization: float
) -> None:
    X, Y = paired(seed, d=d, e=e)
    found = CCA(n_components=min(d, e), regularization=regularization).fit(X, Y)
    expected = cca_correlations(X, Y, regularization)
    np.testing.assert_allclose(found.correlations_, expected, rtol=0, atol=1e-6)
    assert found.source_map_.shape == (d, min(d, e))
    assert found.target_map_.shape == (e, min(d, e))


@pytest.mark.parametrize("seed", range(3))
def test_plain_cca_equals_scikit_learn(seed: int) -> None:
    X, Y = paired(seed, d=6, e=4)
    found = CCA(n_components=4, regularization=0).fit(X, Y)
    model = cross_decomposition.CCA(n_components=4, max_iter=20_000, tol=1e-14)
    theirs = model.fit_transform(X.astype(np.float64), Y.astype(np.float64))
    for a, b, rho in zip(*(side.T for side in theirs), found.correlations_, strict=True):
        np.testing.assert_allclose(np.corrcoef(a, b)[0, 1], rho, rtol=0, atol=1e-6)
    for own, other in zip((found.transform(X), found.transform_target(Y)), theirs, strict=True):
        for ours, column in zip(own.T, other.T, strict=True):
            assert abs(np.corrcoef(ours, column)[0, 1]) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("d", "e"), [(8, 8), (8, 5), (3, 6)])
def test_plain_cca_centers_whitens_and_correlates(d: int, e: int) -> None:
    X, Y = paired(d=d, e=e)
    most = min(d, e)
    found = CCA(n_components=most, regularization=0).fit(X, Y)
    x, y = found.transform(X), found.transform_target(Y)
    for rows in (x, y):
        np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(covariance(rows, rows), np.eye(most), atol=1e-5)
    np.testing.assert_allclose(covariance(x, y), np.diag(found.correlations_), atol=1e-5)
    assert (np.diff(found.correlations_) <= 0).all()
    assert 0.2 < found.correlations_[0] < 1


@pytest.mark.parametrize("regularization", [0, 0.5])
def test_fewer_components_are_the_first_ones(regularization: float) -> None:
    X, Y = paired(d=8, e=6)
    full = CCA(n_components=6, regularization=regularization).fit(X, Y)
    some = CCA(n_components=2, regularization=regularization).fit(X, Y)
    np.testing.assert_array_equal(some.source_map_, full.source_map_[:, :2])
    np.testing.assert_array_equal(some.target_map_, full.target_map_[:, :2])
    np.testing.assert_array_equal(some.correlations_, full.correlations_[:2])


@pytest.mark.parametrize(("d", "e", "half"), [(8, 8, 4), (7, 9, 4), (1, 1, 1)])
def test_half_the_directions_are_kept_unless_told(d: int, e: int, half: int) -> None:
    assert CCA().fit(*paired(d=d, e=e)).source_map_.shape == (d, half)


@pytest.mark.parametrize("method", [CCA, Reweighted])
@pytest.mark.parametrize("components", [0, -1, 6])
def test_components_out_of_range_are_named(
    method: type[CCA] | type[Reweighted], components: int
) -> None:
    message = f"n_components must lie in [1, 5], got {components}"
    with pytest.raises(ValueError, match=re.escape(message)):
        method(n_components=components).fit(*paired(d=8, e=5))


# --- least squares ----------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "e"), [(8, 8), (8, 5), (3, 6)])
@pytest.mark.parametrize("share", [0, 0.01, 1, 10])
def test_least_squares_equals_scikit_learn(d: int, e: int, share: float) -> None:
    X, Y = paired(d=d, e=e)
    found = LeastSquares(regularization=share).fit(X, Y)
    x, y = X.astype(np.float64), Y.astype(np.float64)
    penalty = share * float(np.linalg.eigvalsh(x.T @ x).mean())
    model = (
        Ridge(alpha=penalty, fit_intercept=False)
        if share
        else LinearRegression(fit_intercept=False)
    )
    np.testing.assert_allclose(found.source_map_, model.fit(x, y).coef_.T, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.source_map_, ridge(X, Y, share), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(found.target_map_, np.eye(e))
    assert not found.source_mean_.any()
    assert not found.target_mean_.any()


def test_least_squares_recovers_a_linear_map() -> None:
    X, _ = paired(d=6)
    W = np.random.default_rng(1).standard_normal((6, 9))
    np.testing.assert_allclose(LeastSquares().fit(X, X @ W).source_map_, W, atol=1e-5)


# --- reweighting ------------------------------------------------------------------------------

POWERS = [(0.5, 0.5), (1, 0), (0, 1), (0, 0), (0.25, 2)]


def products(source_map: ArrayLike, target_map: ArrayLike) -> list[NDArray[np.float64]]:
    """Give A A', A B' and B B', which fix all cosines, whatever the signs of the directions."""
    A, B = np.asarray(source_map, np.float64), np.asarray(target_map, np.float64)
    return [A @ A.T, A @ B.T, B @ B.T]


def assert_same_products(
    found: Aligner, source_map: ArrayLike, target_map: ArrayLike, atol: float = 1e-5
) -> None:
    own = products(found.source_map_, found.target_map_)
    for ours, theirs in zip(own, products(source_map, target_map), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol)


@pytest.mark.parametrize(("d", "e"), [(8, 8), (8, 5), (5, 8), (1, 4)])
@pytest.mark.parametrize("powers", POWERS)
@pytest.mark.parametrize("regularization", [0, 0.1, 10])
def test_reweighting_equals_its_steps_one_by_one(
    d: int, e: int, powers: tuple[float, float], regularization: float
) -> None:
    X, Y = paired(d=d, e=e)
    found = Reweighted(
        source_power=powers[0], target_power=powers[1], regularization=regularization
    ).fit(X, Y)
    assert found.source_map_.shape == (d, min(d, e))
    assert found.target_map_.shape == (e, min(d, e))
    assert not found.source_mean_.any()
    assert not found.target_mean_.any()
    assert_same_products(found, *reweighted(X, Y, powers, regularization))


@pytest.mark.slow
@given(st.integers(0, 2**32), st.integers(1, 12), st.sampled_from(POWERS))
def test_reweighting_recovers_any_rotation(seed: int, d: int, powers: tuple[float, float]) -> None:
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.standard_normal((d, d)))
    X = rng.standard_normal((5 * d, d)).astype(np.float32)
    found = Reweighted(source_power=powers[0], target_power=powers[1]).fit(X, X @ rotation)
    # Every direction agrees in full, so that no power changes anything.
    np.testing.assert_allclose(found.singular_values_, 1, atol=1e-5)
    assert_same_products(found, rotation, np.eye(d), atol=1e-4)


@pytest.mark.slow
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_without_powers_reweighting_is_procrustes_of_white_rows(seed: int, d: int) -> None:
    rng = np.random.default_rng(seed)
    X, _ = np.linalg.qr(rng.standard_normal((5 * d, d)))
    Y, _ = np.linalg.qr(X @ rng.standard_normal((d, d)) + rng.standard_normal((5 * d, d)))
    expected = Procrustes().fit(X, Y)
    found = Reweighted(source_power=0, target_power=0).fit(X, Y)
    # Nearly opposed directions leave the orthogonal factor open, for both alike.
    if found.singular_values_[-1] > 1e-2:
        assert_same_products(found, expected.source_map_, expected.target_map_, atol=1e-4)


@pytest.mark.slow
@given(st.integers(0, 2**32), st.sampled_from(POWERS), st.sampled_from([0, 0.5]))
def test_reweighting_turns_and_scales_with_its_rows(
    seed: int, powers: tuple[float, float], regularization: float
) -> None:
    X, Y = paired(seed, d=6, e=5)
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((6, 6)))
    aligner = Reweighted(
        source_power=powers[0], target_power=powers[1], regularization=regularization
    )
    once = clone(aligner).fit(X, Y)
    assert_same_products(
        aligner.fit(X @ rotation, Y), rotation.T @ once.source_map_, once.target_map_
    )
    assert_same_products(aligner.fit(7 * X, Y / 9), once.source_map_, once.target_map_)


def test_reweighting_orders_directions_by_agreement() -> None:
    X, Y = paired(d=8, e=6)
    full = Reweighted().fit(X, Y)
    assert full.singular_values_.shape == (6,)
    assert (np.diff(full.singular_values_) <= 0).all()
    assert 0 < full.singular_values_[-1] < full.singular_values_[0] <= 1
    some = Reweighted(n_components=2).fit(X, Y)
    np.testing.assert_array_equal(some.source_map_, full.source_map_[:, :2])
    np.testing.assert_array_equal(some.target_map_, full.target_map_[:, :2])


def test_a_direction_without_agreement_is_weighed_down() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2000, 4))
    Y = np.concatenate([X[:, :3], rng.standard_normal((2000, 1))], axis=1)
    found = Reweighted().fit(X, Y)
    lengths = np.linalg.norm(found.source_map_, axis=1)
    np.testing.assert_allclose(lengths[:3], 1, atol=0.02)
    assert lengths[3] < 0.25


# --- all of them ------------------------------------------------------------------------------

SEVERAL: list[Aligner] = [
    Procrustes(),
    CCA(),
    CCA(n_components=8, regularization=0),
    LeastSquares(),
    LeastSquares(regularization=0.5),
    Reweighted(),
    Reweighted(regularization=0.5, n_components=5),
]


Inverting: TypeAlias = CCA | LeastSquares | Reweighted
INVERTING: list[type[Inverting]] = [CCA, LeastSquares, Reweighted]


def up_to_scale(aligner: Aligner) -> tuple[Matrix, Matrix]:
    """Give both maps divided by the length of each: weights have no scale, and CCA's maps do."""
    source, target = aligner.source_map_, aligner.target_map_
    return source / np.linalg.norm(source), target / np.linalg.norm(target)


def assert_same_maps(found: Aligner, expected: Aligner) -> None:
    for own, other in zip(up_to_scale(found), up_to_scale(expected), strict=True):
        np.testing.assert_allclose(own, other, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.source_mean_, expected.source_mean_, atol=1e-6)
    np.testing.assert_allclose(found.target_mean_, expected.target_mean_, atol=1e-6)


@pytest.mark.parametrize("aligner", SEVERAL, ids=str)
def test_weights_equal_repetition(aligner: Aligner) -> None:
    X, Y = paired(n=60)
    times = np.random.default_rng(3).integers(0, 5, 60)
    repeated = clone(aligner).fit(np.repeat(X, times, axis=0), np.repeat(Y, times, axis=0))
    weighted, plain = clone(aligner).fit(X, Y, times), clone(aligner).fit(X, Y)
    assert_same_maps(weighted, repeated)
    assert np.abs(up_to_scale(weighted)[0] - up_to_scale(plain)[0]).max() > 1e-3


@pytest.mark.parametrize("aligner", SEVERAL, ids=str)
def test_only_the_ratio_of_weights_counts(aligner: Aligner) -> None:
    X, Y = paired()
    weights = np.random.default_rng(3).uniform(0, 1, 300)
    weighted = aligner.fit(X, Y, weights).source_map_
    np.testing.assert_allclose(aligner.fit(X, Y, 1000 * weights).source_map_, weighted, atol=1e-6)
    plain = aligner.fit(X, Y).source_map_
    np.testing.assert_array_equal(aligner.fit(X, Y, [1] * 300).source_map_, plain)
    np.testing.assert_allclose(aligner.fit(X, Y, np.full(300, 7)).source_map_, plain, atol=1e-6)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(299), r"sample_weight must have shape \(300,\), got \(299,\)"),
        (-np.ones(300), "sample_weight must be finite, at least 0, and not all 0"),
        (np.zeros(300), "sample_weight must be finite, at least 0, and not all 0"),
        (np.full(300, np.nan), "sample_weight must be finite, at least 0, and not all 0"),
    ],
)
def test_bad_weights_are_refused(weights: NDArray[np.float64], message: str) -> None:
    for aligner in SEVERAL:
        with pytest.raises(ValueError, match=message):
            aligner.fit(*paired(), weights)


@pytest.mark.parametrize("method", INVERTING)
@pytest.mark.parametrize("n", [1, 5, 8])
def test_too_few_pairs_are_named_without_regularization(method: type[Inverting], n: int) -> None:
    X, Y = paired(n=n, d=12, e=12)
    rank = n - 1 if method is CCA else n
    message = (
        f"pairs must span all 12 dimensions, got rank {rank}: use more pairs or a larger "
        "regularization than 0, or Procrustes, which inverts nothing"
    )
    with pytest.raises(ValueError, match=message):
        method(regularization=0).fit(X, Y)
    if n > 1:
        assert np.isfinite(method(regularization=0.1).fit(X, Y).source_map_).all()


@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf])
@pytest.mark.parametrize(
    ("method", "name"),
    [(m, "regularization") for m in INVERTING]
    + [(Reweighted, "source_power"), (Reweighted, "target_power")],
)
def test_bad_numbers_are_refused(method: type[Inverting], name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be finite and at least 0, got {value}"):
        method().set_params(**{name: value}).fit(*paired())


def test_cca_without_centering_is_that_of_moments_about_the_origin() -> None:
    rng = np.random.default_rng(0)
    X = (rng.standard_normal((300, 4)) + 1).astype(np.float32)
    Y = X @ rng.standard_normal((4, 3)).astype(np.float32) + rng.standard_normal((300, 3))
    cca = CCA(n_components=3, regularization=0, center=False).fit(X, Y)
    assert not cca.source_mean_.any()
    A, B = X @ cca.source_map_, Y @ cca.target_map_
    np.testing.assert_allclose(A.T @ A / 299, np.eye(3), atol=1e-4)
    np.testing.assert_allclose(A.T @ B / 299, np.diag(cca.correlations_), atol=1e-4)


@pytest.mark.parametrize(("name", "method"), METHODS.items())
def test_methods_know_their_names(name: str, method: type[Aligner]) -> None:
    assert method_name(method()) == name
