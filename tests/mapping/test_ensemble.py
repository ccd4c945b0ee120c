from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from alignx.mapping import (
    CCA,
    RCSLS,
    Aligner,
    Contrastive,
    LeastSquares,
    MapEnsemble,
    Procrustes,
    Reweighted,
    refine,
    without_centering,
)
from alignx.support.arrays import unit_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.support.arrays import Matrix

RNG = np.random.default_rng(0)
SOURCE = RNG.standard_normal((80, 6)).astype(np.float32) / np.arange(1, 7, dtype=np.float32) + 0.1
TARGET = (SOURCE @ RNG.standard_normal((6, 6)) + RNG.standard_normal((80, 6)) / 3).astype("float32")
WEIGHTS = RNG.uniform(0, 2, 80)
MEMBERS: list[list[Aligner]] = [
    [Procrustes()],
    [Reweighted(), RCSLS(n_steps=2)],
    [CCA(), CCA(n_components=2)],  # both center
    [CCA(center=False, n_components=2), Procrustes(), Contrastive(steps=3)],
]


def lengths(rows: Matrix) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(rows.astype(np.float64), axis=1))


@pytest.mark.parametrize("members", MEMBERS, ids=str)
def test_with_all_axes_its_cosine_is_the_mean_of_those_of_its_members(
    members: list[Aligner],
) -> None:
    width = sum(member.fit(SOURCE, TARGET).source_map_.shape[1] for member in members)
    ensemble = MapEnsemble(members, n_components=width).fit(SOURCE, TARGET, WEIGHTS)
    found = unit_rows(ensemble.transform(SOURCE)) @ unit_rows(ensemble.transform_target(TARGET)).T
    numerator, squares = np.zeros((80, 80)), [np.zeros(80), np.zeros(80)]
    for member in members:
        member.fit(SOURCE, TARGET, WEIGHTS)
        x, y = member.transform(SOURCE), member.transform_target(TARGET)
        cosines = unit_rows(x) @ unit_rows(y).T
        r, s = (lengths(z) / np.sqrt(np.average(lengths(z) ** 2, weights=WEIGHTS)) for z in (x, y))
        numerator += r[:, None] * s * cosines
        squares[0] += r**2
        squares[1] += s**2
    expected = numerator / np.sqrt(squares[0][:, None] * squares[1])
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("n_components", [1, 4, 6, 9])
def test_the_axes_kept_are_those_of_most_variance(n_components: int) -> None:
    members = [Procrustes(), Reweighted()]
    ensemble = MapEnsemble(members, n_components=n_components).fit(SOURCE, TARGET, WEIGHTS)
    whole = MapEnsemble(members, n_components=12).fit(SOURCE, TARGET, WEIGHTS)
    found, rows = (
        np.concatenate([each.transform(SOURCE), each.transform_target(TARGET)])
        * np.sqrt(np.tile(WEIGHTS, 2))[:, None]
        for each in (ensemble, whole)
    )
    variances = np.linalg.svd(rows, compute_uv=False) ** 2
    np.testing.assert_allclose((found**2).sum(axis=0), variances[:n_components], rtol=1e-4)
    np.testing.assert_allclose(found, rows[:, :n_components], atol=1e-4)


def test_a_single_member_is_only_turned() -> None:
    one, alone = MapEnsemble([Reweighted()]).fit(SOURCE, TARGET), Reweighted().fit(SOURCE, TARGET)
    found, expected = (
        unit_rows(each.transform(SOURCE)) @ unit_rows(each.transform_target(TARGET)).T
        for each in (one, alone)
    )
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_members_are_neither_fitted_nor_changed() -> None:
    members = (Procrustes(), RCSLS(n_steps=1))
    ensemble = MapEnsemble(members).fit(SOURCE, TARGET)
    assert ensemble.members is members
    assert not any(hasattr(member, "source_map_") for member in members)


def test_a_word_without_a_vector_stays_without() -> None:
    ensemble = MapEnsemble([CCA(), CCA(n_components=2)]).fit(SOURCE, TARGET)
    assert not ensemble.transform(np.zeros((1, 6), np.float32)).any()


def test_dimensions_may_differ_where_members_allow_it() -> None:
    ensemble = MapEnsemble([Reweighted(), CCA(center=False)]).fit(SOURCE, TARGET[:, :4])
    assert ensemble.source_map_.shape == (6, 4)
    assert ensemble.target_map_.shape == (4, 4)


def test_only_the_last_round_of_refinement_takes_all_members() -> None:
    ensemble = MapEnsemble([RCSLS(n_steps=1), Procrustes()])
    assert repr(ensemble.initial()) == "Reweighted(regularization=0.1)"
    first = ensemble.initial().fit(SOURCE, TARGET)
    rows = SOURCE.astype(np.float32), TARGET.astype(np.float32)
    refined, _ = refine(first, *rows, refinement=2, final=ensemble)
    assert type(refined) is MapEnsemble
    assert repr(refined.members) == repr(ensemble.members)


def test_a_linear_map_has_members_that_do_not_center() -> None:
    ensemble = MapEnsemble([CCA(), Reweighted(), MapEnsemble([LeastSquares()])])
    assert str(without_centering(ensemble).get_params()["members"]) == (
        "[CCA(center=False), Reweighted(regularization=1e-05), "
        "MapEnsemble(members=[LeastSquares(regularization=1e-05)])]"
    )
    assert repr(without_centering(MapEnsemble())) == "MapEnsemble()"


@pytest.mark.parametrize(
    ("members", "gist"),
    [
        ([], "at least 1 aligner, .*got none"),
        ([Procrustes(), "rcsls"], "at least 1 aligner, .*got 'rcsls'"),
        ([Procrustes], "got <class"),
        ([CCA(), Procrustes()], "members must subtract the same means, .*center=False"),
        ([Procrustes(), Reweighted(regularization=-1)], "regularization must be"),
    ],
)
def test_bad_members_are_refused(members: list[Any], gist: str) -> None:
    with pytest.raises(ValueError, match=gist):
        MapEnsemble(members).fit(SOURCE, TARGET)


@pytest.mark.parametrize("n_components", [0, 13])
def test_components_out_of_range_are_named(n_components: int) -> None:
    ensemble = MapEnsemble([Procrustes(), Reweighted()], n_components=n_components)
    with pytest.raises(ValueError, match=rf"lie in \[1, 12\], got {n_components}"):
        ensemble.fit(SOURCE, TARGET)
