from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from aligners import accuracy, fit_on, learned

from alignx.errors import NotFittedError
from alignx.mapping import (
    METHODS,
    Aligner,
    Procrustes,
    Refinement,
    Reweighted,
    balanced_weights,
    refine,
)
from alignx.support.config import config_context

if TYPE_CHECKING:
    from conftest import Planted

each_method = pytest.mark.parametrize("aligner", [method() for method in METHODS.values()], ids=str)


@pytest.mark.slow
@each_method
@pytest.mark.parametrize("keep_seed", [True, False])
def test_refinement_improves_a_map_of_few_pairs(
    aligner: Aligner, noisy: Planted, keep_seed: bool
) -> None:
    seed = noisy.train[:60]
    before = accuracy(fit_on(aligner, noisy, seed), noisy, noisy.test)
    maps = [matrix.copy() for matrix in learned(aligner)]
    known = seed if keep_seed else None
    refined, rounds = refine(aligner, noisy.source, noisy.target, pairs=known, refinement=3)
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
    aligner = fit_on(Procrustes(), planted, planted.train)
    rows = planted.source, planted.target
    plain, (induced,) = refine(aligner, *rows, refinement=1)
    wrong = planted.pairs[:50].copy()
    wrong[:, 1] = np.roll(wrong[:, 1], 1)
    misled, (step,) = refine(aligner, *rows, pairs=wrong, refinement=1)
    assert step.pairs == induced.pairs + 50
    assert step.criterion == induced.criterion
    assert np.abs(misled.source_map_ - plain.source_map_).max() > 1e-3
    _, (again,) = refine(aligner, *rows, pairs=planted.pairs[[0, 0, 1]], refinement=1)
    assert induced.pairs <= again.pairs <= induced.pairs + 2


@pytest.mark.parametrize("aligner", [Procrustes(), Reweighted()])
def test_refinement_does_not_depend_on_threads(aligner: Aligner, noisy: Planted) -> None:
    fit_on(aligner, noisy, noisy.train[:60])
    results = []
    for n_threads in (1, 2):
        with config_context(n_threads=n_threads):
            results.append(refine(aligner, noisy.source, noisy.target, refinement=2))
    (one, rounds), (other, other_rounds) = results
    np.testing.assert_array_equal(one.source_map_, other.source_map_)
    assert rounds[-1].criterion == other_rounds[-1].criterion


@pytest.mark.slow
@each_method
def test_refinement_keeps_a_perfect_map(aligner: Aligner, planted: Planted) -> None:
    fit_on(aligner, planted, planted.train)
    refined, rounds = refine(aligner, planted.source, planted.target, refinement=2)
    assert accuracy(refined, planted, planted.test) >= 0.99
    assert rounds[-1].pairs >= 0.99 * len(planted.pairs)


def test_refinement_sees_the_vocabulary_only(planted: Planted) -> None:
    aligner = fit_on(Procrustes(), planted, planted.train)
    _, rounds = refine(
        aligner, planted.source, planted.target, refinement=Refinement(rounds=1, vocabulary=100)
    )
    inside = (planted.pairs < 100).all(axis=1).sum()
    assert inside <= rounds[0].pairs <= 100
    fractions: list[float] = []
    refine(aligner, planted.source, planted.target, refinement=3, progress=fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] <= 1


def test_no_rounds_change_nothing(planted: Planted) -> None:
    aligner = fit_on(Procrustes(), planted, planted.train)
    refined, rounds = refine(aligner, planted.source, planted.target, refinement=0)
    assert rounds == []
    np.testing.assert_array_equal(refined.source_map_, aligner.source_map_)


def test_refinement_checks_its_arguments(planted: Planted) -> None:
    with pytest.raises(NotFittedError, match="Procrustes must be fitted"):
        refine(Procrustes(), planted.source, planted.target)
    aligner = fit_on(Procrustes(), planted, planted.train)
    with pytest.raises(ValueError, match=r"n_neighbors must lie in \[1, 5\], got 6"):
        refine(
            aligner,
            planted.source,
            planted.target,
            refinement=Refinement(vocabulary=5, n_neighbors=6),
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rounds": -1}, "refinement must be at least 0, got -1"),
        ({"vocabulary": 0}, "vocabulary must be at least 1, got 0"),
        ({"n_neighbors": 0}, "n_neighbors must be at least 1, got 0"),
    ],
)
def test_settings_out_of_range_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Refinement(**options)


def test_balanced_weights_count_both_sides() -> None:
    pairs = np.array([[0, 0], [0, 1], [1, 1], [7, 9]])
    expected = [1 / np.sqrt(2), 1 / 2, 1 / np.sqrt(2), 1]
    np.testing.assert_allclose(balanced_weights(pairs), expected)
