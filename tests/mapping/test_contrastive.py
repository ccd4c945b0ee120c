"""Contrastive tuning against a slow reference in float64."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from aligners import learned

from alignx.mapping import Contrastive, Refinement, Reweighted, balanced_weights, refine
from alignx.mapping.contrastive_loss import Mapped, Negatives, slopes_of_cosines
from alignx.retrieval.csls import mutual_neighbors
from alignx.support.arrays import unit_rows
from alignx.support.config import config_context

if TYPE_CHECKING:
    from conftest import Planted
    from numpy.typing import NDArray

    from alignx.support.arrays import Double, Indices, Matrix

TEMPERATURE = 0.3


def unit(rows: Double) -> Double:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def small() -> tuple[Matrix, Matrix, Indices, Double, Double, Double]:
    """Two languages of other sizes and dimensions, several translations a word, and two maps."""
    rng = np.random.default_rng(3)
    X, Y = rng.standard_normal((12, 5)), rng.standard_normal((10, 4))
    pairs = np.array([[0, 0], [0, 3], [1, 3], [2, 2], [7, 9], [11, 9]])
    A, B = rng.standard_normal((5, 4)), rng.standard_normal((4, 4))
    return X.astype(np.float32), Y.astype(np.float32), pairs, rng.uniform(0.2, 2, 6), A, B


def hardest(scores: Double, pairs: Indices, count: int) -> list[tuple[int, int]]:
    """List the negatives of each query row of a pair, one by one."""
    known = set(map(tuple, pairs.tolist()))
    found = []
    for query in sorted({query for query, _ in known}):
        order = np.argsort(-scores[query], kind="stable").tolist()
        wrong = [key for key in order if (query, key) not in known]
        found += [(query, key) for key in wrong[:count]]
    return found


def loss(cosines: Double, pairs: Indices, weights: Double, negatives: Negatives) -> float:
    likely = np.exp(cosines / TEMPERATURE)
    s, t = pairs.T
    total = 0.0
    for rows, axis, word in zip(negatives, (1, 0), (s, t), strict=True):
        is_negative = np.zeros(cosines.shape)
        is_negative[rows[:, 0], rows[:, 1]] = 1
        wrong = (likely * is_negative).sum(axis=axis)[word]
        total -= weights @ np.log(likely[s, t] / (likely[s, t] + wrong))
    return float(total / (2 * weights.sum()))


def test_the_gradient_is_that_of_finite_differences() -> None:
    X, Y, pairs, weights, A, B = small()
    x, y = Mapped.of(X, A.astype(np.float32)), Mapped.of(Y, B.astype(np.float32))
    negatives = Negatives.hardest(x.unit, y.unit, pairs, 3)
    slopes = slopes_of_cosines(x.unit, y.unit, pairs, weights, negatives, TEMPERATURE)
    found = x.gradient(slopes @ y.unit), y.gradient(slopes.T @ x.unit)

    def value(A: Double, B: Double) -> float:
        return loss(unit(X @ A) @ unit(Y @ B).T, pairs, weights, negatives)

    for side in range(2):
        maps = [A, B]
        expected = np.zeros_like(maps[side])
        for at in np.ndindex(expected.shape):
            nudged = []
            for step in (1e-5, -1e-5):
                maps = [A.copy(), B.copy()]
                maps[side][at] += step
                nudged.append(value(*maps))
            expected[at] = (nudged[0] - nudged[1]) / 2e-5
        np.testing.assert_allclose(found[side], expected, rtol=0, atol=1e-5 * abs(expected).max())


@pytest.mark.parametrize("count", [1, 3, 8])
def test_negatives_are_the_nearest_rows_that_are_no_translation(count: int) -> None:
    X, Y, pairs, _, A, B = small()
    x, y = (unit(rows @ each).astype(np.float32) for rows, each in ((X, A), (Y, B)))
    found = Negatives.hardest(x, y, pairs, count)
    scores = x.astype(np.float64) @ y.T.astype(np.float64)
    assert found.of_source.tolist() == [list(pair) for pair in hardest(scores, pairs, count)]
    backward = hardest(scores.T, pairs[:, ::-1], count)
    assert found.of_target[:, ::-1].tolist() == [list(pair) for pair in backward]


@pytest.mark.slow
def test_tuning_lowers_the_loss(noisy: Planted) -> None:
    pairs = noisy.train
    cosines = []
    for aligner in (Reweighted(regularization=0.1), Contrastive(temperature=TEMPERATURE)):
        aligner.fit(noisy.source, noisy.target, pairs=pairs)
        x, y = aligner.transform(noisy.source), aligner.transform_target(noisy.target)
        cosines.append(unit(x.astype(np.float64)) @ unit(y.astype(np.float64)).T)
    negatives = Negatives(
        np.array(hardest(cosines[0], pairs, 20)),
        np.array(hardest(cosines[0].T, pairs[:, ::-1], 20))[:, ::-1],
    )
    weights = np.ones(len(pairs))
    before, after = (loss(each, pairs, weights, negatives) for each in cosines)
    assert after < 0.97 * before


def test_no_step_leaves_the_reweighted_map(noisy: Planted) -> None:
    expected = Reweighted(regularization=0.1).fit(noisy.source, noisy.target, pairs=noisy.train)
    found = Contrastive(steps=0).fit(noisy.source, noisy.target, pairs=noisy.train)
    for one, other in zip(learned(found), learned(expected), strict=True):
        np.testing.assert_array_equal(one, other)


def test_maps_do_not_depend_on_threads(noisy: Planted) -> None:
    fits = []
    for n_threads in (1, 3):
        with config_context(n_threads=n_threads):
            fits.append(Contrastive(steps=5).fit(noisy.source, noisy.target, pairs=noisy.train))
    np.testing.assert_array_equal(fits[0].source_map_, fits[1].source_map_)
    np.testing.assert_array_equal(fits[0].target_map_, fits[1].target_map_)


def test_the_scale_of_rows_does_not_matter(noisy: Planted) -> None:
    expected = Contrastive(steps=5).fit(noisy.source, noisy.target, pairs=noisy.train)
    found = Contrastive(steps=5).fit(1000 * noisy.source, noisy.target / 1000, pairs=noisy.train)
    np.testing.assert_allclose(found.source_map_, expected.source_map_, rtol=0, atol=1e-4)
    np.testing.assert_allclose(found.target_map_, expected.target_map_, rtol=0, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_pairs_are_enough(noisy: Planted, count: int) -> None:
    aligner = Contrastive(steps=5).fit(noisy.source, noisy.target, pairs=noisy.pairs[:count])
    assert all(np.isfinite(each).all() for each in learned(aligner))


def test_no_negatives_are_no_tuning() -> None:
    rows = np.eye(2, dtype=np.float32)
    every = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    aligner = Contrastive(steps=5).fit(rows, rows, pairs=every)
    expected = Reweighted(regularization=0.1).fit(rows, rows, pairs=every)
    np.testing.assert_array_equal(aligner.source_map_, expected.source_map_)


def test_dimensions_may_differ(noisy: Planted) -> None:
    narrow = noisy.target[:, :20]
    aligner = Contrastive(steps=5).fit(noisy.source, narrow, pairs=noisy.train)
    assert aligner.source_map_.shape == (30, 20)
    assert aligner.target_map_.shape == (20, 20)


def test_words_without_a_vector_are_harmless(noisy: Planted) -> None:
    source = noisy.source.copy()
    source[[0, 500]] = 0
    aligner = Contrastive(steps=5).fit(source, noisy.target, pairs=noisy.train)
    assert all(np.isfinite(each).all() for each in learned(aligner))
    assert not aligner.transform(source)[[0, 500]].any()


def test_a_weight_of_zero_is_a_known_translation_without_influence(noisy: Planted) -> None:
    X, Y, pairs = noisy.source, noisy.target, noisy.train
    weights = np.ones(len(pairs))
    weights[:5] = 0
    mapped = unit_rows(Reweighted().fit(X, Y, weights, pairs=pairs).transform(X))
    negatives = Negatives.hardest(mapped, unit_rows(Y), pairs, 20)
    listed = {tuple(pair) for part in negatives for pair in part.tolist()}
    assert not listed & set(map(tuple, pairs.tolist()))
    slopes = slopes_of_cosines(mapped, unit_rows(Y), pairs, weights, negatives, 0.1).toarray()
    assert not slopes[pairs[:5, 0], pairs[:5, 1]].any()


@pytest.mark.slow
@pytest.mark.parametrize("final", [None, Contrastive(temperature=0.2, steps=5)])
def test_refinement_tunes_in_its_last_round(noisy: Planted, final: Contrastive | None) -> None:
    X, Y, pairs = noisy.source, noisy.target, noisy.train
    settings = Refinement(rounds=2, n_neighbors=10)
    first = Contrastive(steps=5).fit(X, Y, balanced_weights(pairs), pairs=pairs)
    found, rounds = refine(first, X, Y, pairs=pairs, refinement=settings, final=final)
    assert len(rounds) == 2

    def induced(aligner: Reweighted | Contrastive) -> NDArray[np.int64]:
        mapped = unit_rows(aligner.transform(X)), unit_rows(aligner.transform_target(Y))
        mutual = mutual_neighbors(*mapped, n_neighbors=10)
        return np.unique(np.concatenate([mutual, pairs]), axis=0)

    more = induced(first)
    second = Reweighted(regularization=0.1).fit(X, Y, balanced_weights(more), pairs=more)
    more = induced(second)
    expected = final or Contrastive(steps=5)
    expected.fit(X, Y, balanced_weights(more), pairs=more)
    assert found.get_params() == expected.get_params()
    np.testing.assert_array_equal(found.source_map_, expected.source_map_)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("temperature", 0.01),
        ("n_negatives", 1),
        ("steps", 0),
        ("learning_rate", 0),
        ("vocabulary", 1),
    ],
)
def test_parameters_out_of_range_are_refused(noisy: Planted, name: str, least: float) -> None:
    for value in (least - 1, np.nan, np.inf):
        aligner = Contrastive(steps=5).set_params(**{name: value})
        with pytest.raises(ValueError, match=f"{name} must be at least {least}, got {value}"):
            aligner.fit(noisy.source, noisy.target, pairs=noisy.train)
