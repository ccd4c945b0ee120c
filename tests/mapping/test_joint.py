"""Joint aligners against pairwise ones, planted rotations and a slow reference."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from alignx.errors import DimensionError, NotFittedError
from alignx.mapping import Contrastive, Procrustes, Reweighted
from alignx.mapping.joint import (
    JOINT_METHODS,
    Frame,
    GeneralizedProcrustes,
    JointContrastive,
    JointReweighted,
)
from alignx.support.arrays import unit_rows
from alignx.support.config import config_context

if TYPE_CHECKING:
    from alignx.mapping.joint import JointAligner
    from alignx.support.arrays import Double, Indices, Matrix

each_method = pytest.mark.parametrize("kind", JOINT_METHODS.values())


def made(count: int, noise: float = 0.0, n: int = 60, d: int = 6) -> list[Matrix]:
    """Make rotated, noisy copies of rows of unequal variance."""
    rng = np.random.default_rng(count)
    rows = rng.standard_normal((n, d)) * np.linspace(1, 2, d)
    return [
        (rows @ ortho_group.rvs(d, random_state=rng) + noise * rng.standard_normal((n, d))).astype(
            np.float32
        )
        for _ in range(count)
    ]


def same(n: int = 60) -> Indices:
    return np.repeat(np.arange(n)[:, None], 2, axis=1)


def chain(count: int) -> dict[tuple[int, int], Indices]:
    return {(i, i + 1): same() for i in range(count - 1)}


def everyone(count: int) -> dict[tuple[int, int], Indices]:
    return {(i, j): same() for i, j in itertools.combinations(range(count), 2)}


def mapped(aligner: JointAligner, languages: list[Matrix]) -> list[Matrix]:
    return [aligner.transform(rows, i) for i, rows in enumerate(languages)]


# --- two languages ----------------------------------------------------------------------------


def two() -> tuple[Matrix, Matrix, Indices, Double]:
    """Two languages of other sizes, several translations a word, and weights."""
    rng = np.random.default_rng(5)
    X, Y = rng.standard_normal((50, 6)), rng.standard_normal((40, 6))
    pairs = np.stack([rng.integers(0, 50, 90), rng.integers(0, 40, 90)], axis=1)
    Y[pairs[:, 1]] += 2 * X[pairs[:, 0]] @ ortho_group.rvs(6, random_state=rng)
    return X.astype(np.float32), Y.astype(np.float32), pairs, rng.uniform(0.5, 2, 90)


@pytest.mark.parametrize("width", [4, 6])
@pytest.mark.parametrize("is_turned", [False, True])
def test_of_two_languages_reweighted_is_pairwise(width: int, is_turned: bool) -> None:
    X, Y, pairs, weights = two()
    X, Y = (X[:, :width], Y) if is_turned else (X, Y[:, :width])
    expected = Reweighted(regularization=0.1).fit(X, Y, weights, pairs=pairs)
    found = JointReweighted(regularization=0.1).fit([X, Y], {(0, 1): pairs}, {(0, 1): weights})
    np.testing.assert_allclose(found.maps_[0], expected.source_map_, atol=1e-5)
    np.testing.assert_allclose(found.maps_[1], expected.target_map_, atol=1e-5)


def test_of_two_languages_contrastive_is_pairwise() -> None:
    X, Y, pairs, weights = two()
    expected = Contrastive(steps=3).fit(X, Y, weights, pairs=pairs)
    found = JointContrastive(steps=3).fit([X, Y], {(0, 1): pairs}, {(0, 1): weights})
    np.testing.assert_allclose(found.maps_[0], expected.source_map_, atol=1e-4)
    np.testing.assert_allclose(found.maps_[1], expected.target_map_, atol=1e-4)


def test_of_two_languages_procrustes_is_pairwise_and_leaves_the_first() -> None:
    X, Y, pairs, weights = two()
    expected = Procrustes().fit(Y, X, weights, pairs=pairs[:, ::-1])
    found = GeneralizedProcrustes().fit([X, Y], {(0, 1): pairs}, {(0, 1): weights})
    np.testing.assert_allclose(found.maps_[0], np.eye(6), atol=1e-6)
    np.testing.assert_allclose(found.maps_[1], expected.source_map_, atol=1e-6)


# --- many languages ---------------------------------------------------------------------------


@pytest.mark.parametrize("graph", [chain, everyone])
@pytest.mark.parametrize("kind", [GeneralizedProcrustes, JointReweighted])
def test_rotated_copies_fall_together(kind: type[JointAligner], graph: object) -> None:
    languages = made(5)
    assert callable(graph)
    rows = mapped(kind().fit(languages, graph(5)), languages)
    for other in rows[1:]:
        np.testing.assert_allclose(other, rows[0], atol=1e-4)


def slow_rotations(crosses: dict[tuple[int, int], Double], count: int) -> float:
    """Alternate by the definition, from several starts, and return the best criterion."""
    best = -np.inf
    for seed in range(3):
        rng = np.random.default_rng(seed)
        R = [ortho_group.rvs(6, random_state=rng) for _ in range(count)]
        for _ in range(300):
            for i in range(count):
                total = np.zeros((6, 6))
                for (a, b), cross in crosses.items():
                    if a == i:
                        total += cross @ R[b]
                    elif b == i:
                        total += cross.T @ R[a]
                U, _, Vt = np.linalg.svd(total)
                R[i] = U @ Vt
        value = sum(np.trace(R[a].T @ c @ R[b]) for (a, b), c in crosses.items())
        best = max(best, float(value))
    return best


def test_procrustes_reaches_the_criterion_of_a_slow_reference() -> None:
    languages, pairs = made(4, noise=1.5), everyone(4)
    crosses = {
        (i, j): languages[i].astype(np.float64).T @ languages[j].astype(np.float64)
        for i, j in pairs
    }
    maps = GeneralizedProcrustes().fit(languages, pairs).maps_
    found = sum(np.trace(maps[i].T @ cross @ maps[j]) for (i, j), cross in crosses.items())
    assert found >= slow_rotations(crosses, 4) * (1 - 1e-5)


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(4)))
@pytest.mark.parametrize("kind", [GeneralizedProcrustes, JointReweighted])
def test_order_of_languages_turns_the_space_only(
    kind: type[JointAligner], order: list[int]
) -> None:
    languages, pairs = made(4, noise=0.5), everyone(4)
    expected = mapped(kind().fit(languages, pairs), languages)
    moved = {(order.index(i), order.index(j)): rows for (i, j), rows in pairs.items()}
    shuffled = [languages[i] for i in order]
    found = mapped(kind().fit(shuffled, moved), shuffled)
    for i, j in pairs:
        np.testing.assert_allclose(
            found[order.index(i)] @ found[order.index(j)].T, expected[i] @ expected[j].T, atol=0.02
        )


@each_method
def test_dimensions_may_differ(kind: type[JointAligner]) -> None:
    languages = [rows[:, :width] for rows, width in zip(made(4), (6, 5, 4, 6), strict=True)]
    aligner = kind(**({} if kind is GeneralizedProcrustes else {"regularization": 0.1}))
    aligner.fit(languages, everyone(4))
    assert [each.shape for each in aligner.maps_] == [(6, 6), (5, 6), (4, 6), (6, 6)]
    alone = [rows[:, :width] for rows, width in zip(made(3), (6, 4, 4), strict=True)]
    assert aligner.fit(alone, everyone(3)).maps_[0].shape == (6, 4)


def test_weights_count_as_repetition() -> None:
    X, Y, pairs, _ = two()
    times = np.arange(len(pairs)) % 3
    expected = JointReweighted().fit([X, Y], {(0, 1): np.repeat(pairs, times, axis=0)})
    found = JointReweighted().fit([X, Y], {(0, 1): pairs}, {(0, 1): times})
    np.testing.assert_allclose(found.maps_[0], expected.maps_[0], atol=1e-5)


def test_a_pair_of_languages_of_little_weight_decides_little() -> None:
    languages = made(3)
    wrong = np.random.default_rng(0).permutation(60)
    pairs = {**everyone(3), (1, 2): np.stack([np.arange(60), wrong], axis=1)}
    weights = {(1, 2): np.full(60, 1e-6)}
    rows = mapped(GeneralizedProcrustes().fit(languages, pairs, weights), languages)
    np.testing.assert_allclose(rows[1], rows[2], atol=1e-3)


def test_tuning_sums_the_losses_of_pairs() -> None:
    languages = made(3, noise=1.0)
    start = [
        matrix.astype(np.float64) for matrix in JointReweighted().fit(languages, chain(3)).maps_
    ]
    ones = same(), np.ones(60)
    alone = JointContrastive(steps=4).tune(languages[:2], start[:2], {(0, 1): ones})
    light = same(), np.full(60, 1e-9)
    both = JointContrastive(steps=4).tune(languages, start, {(0, 1): ones, (1, 2): light})
    np.testing.assert_allclose(both[0], alone[0], atol=1e-5)
    np.testing.assert_allclose(both[1], alone[1], atol=1e-5)
    heavy = JointContrastive(steps=4).tune(languages, start, {(0, 1): ones, (1, 2): ones})
    assert np.abs(heavy[1] - alone[1]).max() > 1e-3


def test_threads_change_nothing() -> None:
    languages = made(4, noise=1.0)
    found = []
    for n_threads in (1, 3):
        with config_context(n_threads=n_threads):
            found.append(JointContrastive(steps=3).fit(languages, everyone(4)).maps_)
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


# --- a new language ---------------------------------------------------------------------------


@each_method
@pytest.mark.parametrize(("width", "least"), [(6, 0.97), (5, 0.9)])
def test_a_new_language_finds_its_place(kind: type[JointAligner], width: int, least: float) -> None:
    *languages, new = made(4, noise=0.1)
    aligner = kind().fit(languages, everyone(3))
    others = [unit_rows(rows) for rows in mapped(aligner, languages)]
    before = [rows.copy() for rows in others]
    frame = Frame.restored(aligner.frame_.tensors())
    new = new[:, :width]
    found = kind().fit_language(frame, new, others, {0: same(), 2: same()})
    assert found.shape == (width, 6)
    cosines = np.einsum("ij,ij->i", unit_rows(new @ found), others[1])
    assert cosines.mean() > least
    assert np.array_equal(others, before)


def test_a_new_language_gets_the_map_of_the_joint_fit() -> None:
    *languages, new = made(3, n=400, noise=0.3)
    pairs = {(0, 1): same(400), (0, 2): same(400), (1, 2): same(400)}
    joint = JointReweighted().fit([*languages, new], pairs)
    # Fixed languages that lie as in the joint fit, up to the lengths of their rows.
    others = [unit_rows(joint.transform(rows, i)) for i, rows in enumerate(languages)]
    found = JointReweighted().fit_language(joint.frame_, new, others, {0: same(400), 1: same(400)})
    one, other = unit_rows(new @ found), unit_rows(joint.transform(new, 2))
    assert np.einsum("ij,ij->i", one, other).min() > 0.99


# --- refusals ---------------------------------------------------------------------------------


@each_method
def test_wrong_evidence_is_refused(kind: type[JointAligner]) -> None:
    languages = made(4)
    for pairs, message in (
        ({(0, 1): same(), (2, 3): same()}, r"must connect all languages, got islands \[0, 1\], "),
        ({(0, 4): same()}, r"must join two of languages 0 to 3, got \(0, 4\)"),
        ({(1, 1): same()}, r"must join two of languages 0 to 3, got \(1, 1\)"),
        ({(0, 1): same(), (1, 0): same()}, r"must join two languages once, got \(0, 1\)"),
        ({(0, 1): [[0, 60]]}, r"must name target rows in \[0, 59\], got 60"),
    ):
        with pytest.raises(ValueError, match=message):
            kind().fit(languages, pairs)
    with pytest.raises(ValueError, match=r"languages must be at least 2, got 1"):
        kind().fit(languages[:1], {})
    with pytest.raises(ValueError, match=r"weights of \(0, 1\) must be 60 numbers"):
        kind().fit(languages, chain(4), {(0, 1): -np.ones(60)})
    with pytest.raises(ValueError, match=r"weights must belong to .* got \(0, 3\)"):
        kind().fit(languages, chain(4), {(0, 3): np.ones(60)})
    with pytest.raises(ValueError, match=r"must join the new language with at least 1 other"):
        kind().fit_language(Frame(np.ones(6)), languages[0], [], {})
    with pytest.raises(NotFittedError, match=r"must be fitted before transform"):
        kind().transform(languages[0], 0)
    fitted = GeneralizedProcrustes().fit(languages, chain(4))
    with pytest.raises(DimensionError, match=r"rows must have dimension 6 as in fit, got 5"):
        fitted.transform(languages[0][:, :5], 0)
