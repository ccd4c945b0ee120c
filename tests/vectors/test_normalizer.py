from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from alignx.errors import DimensionError, NotFittedError
from alignx.vectors.normalizer import ITERATIVE, LINEAR, STANDARD, Normalizer, Step, parse_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from alignx.support.arrays import Matrix

STEPS: list[tuple[Step, ...]] = [
    *((), ("unit",), ("center",), STANDARD, ("center", "unit"), ("center", "center")),
    *(("project",), LINEAR, ("project", "center"), ITERATIVE),
]
TOLERANCE = 1e-5


def some_rows(seed: int = 0, n: int = 200, dimension: int = 12) -> Matrix:
    """Rows of various lengths around a point that is not the origin."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, dimension)) + rng.standard_normal(dimension)
    return np.asarray(rows * rng.uniform(0.1, 5, (n, 1)), dtype=np.float32)


def lengths(rows: Matrix) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(rows.astype(np.float64), axis=1))


def reference(
    steps: Sequence[Step], seen: Matrix, new: Matrix
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Take both through the steps in float64, with the means of what was seen."""
    a, b = seen.astype(np.float64), new.astype(np.float64)
    for step in steps:
        if step == "center":
            a, b = a - a.mean(axis=0), b - a.mean(axis=0)
        elif step == "project":
            m = a.mean(axis=0)
            onto = np.outer(m, m) / (m @ m)
            a, b = a - a @ onto, b - b @ onto
        else:
            a, b = (
                np.array([row / np.linalg.norm(row) if row.any() else row for row in rows])
                for rows in (a, b)
            )
    return a, b


@pytest.mark.parametrize("steps", STEPS)
def test_seen_and_new_rows_equal_the_reference(steps: tuple[Step, ...]) -> None:
    seen, new = some_rows(), some_rows(1, 30)
    normalizer = Normalizer(steps=steps)
    found = normalizer.fit_transform(seen)
    expected, expected_new = reference(steps, seen, new)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(normalizer.transform(new), expected_new, rtol=0, atol=TOLERANCE)
    assert found.dtype == normalizer.transform(new).dtype == np.float32
    assert normalizer.dimension_ == 12
    assert len(normalizer.means_) == len(steps) - steps.count("unit")
    assert all(mean.shape == (12,) for mean in normalizer.means_)


@pytest.mark.parametrize("steps", STEPS)
def test_transform_repeats_fit_transform(steps: tuple[Step, ...]) -> None:
    rows = some_rows()
    normalizer = Normalizer(steps=steps)
    found = normalizer.fit_transform(rows)
    np.testing.assert_array_equal(normalizer.transform(rows), found)
    np.testing.assert_array_equal(Normalizer(steps=steps).fit(rows).transform(rows), found)
    np.testing.assert_array_equal(normalizer.transform(rows[7:9]), found[7:9])
    np.testing.assert_array_equal(normalizer.fit(rows).transform(rows), found)


@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(1, 20))
def test_unit_is_idempotent(seed: int, n: int, dimension: int) -> None:
    normalizer = Normalizer(steps=("unit",))
    once = normalizer.fit_transform(some_rows(seed, n, dimension))
    np.testing.assert_allclose(lengths(once), 1, atol=1e-6)
    np.testing.assert_allclose(normalizer.fit_transform(once), once, rtol=0, atol=1e-6)


def test_projection_removes_the_mean_and_multiplies_by_a_matrix() -> None:
    normalizer = Normalizer(steps=("project",))
    rows = some_rows()
    found = normalizer.fit_transform(rows)
    [direction] = normalizer.means_
    np.testing.assert_allclose(np.linalg.norm(direction), 1, atol=1e-12)
    matrix = np.eye(12) - np.outer(direction, direction)
    np.testing.assert_allclose(found, rows @ matrix, atol=TOLERANCE)
    centered = Normalizer(steps=("center",)).fit_transform(rows)
    np.testing.assert_array_equal(normalizer.fit_transform(centered), centered)
    assert not normalizer.means_[0].any()


def test_iteration_shrinks_the_mean_step_by_step() -> None:
    rows = some_rows(n=1000)
    normalizer = Normalizer(steps=ITERATIVE)
    found = normalizer.fit_transform(rows)
    norms = [float(np.linalg.norm(mean)) for mean in normalizer.means_]
    assert len(norms) == 5
    assert all(later < earlier / 2 for earlier, later in pairwise(norms))
    np.testing.assert_allclose(lengths(found), 1, atol=1e-6)
    assert np.linalg.norm(found.mean(axis=0, dtype=np.float64)) < 1e-3 < norms[0] / 100


@pytest.mark.parametrize("steps", [(), ("unit", "unit"), STANDARD, ITERATIVE, LINEAR])
def test_zero_rows_stay_zero_and_out_of_the_means(steps: tuple[Step, ...]) -> None:
    rows = some_rows()
    padded = np.insert(rows, [0, 2, len(rows)], 0, axis=0)
    without, normalizer = Normalizer(steps=steps), Normalizer(steps=steps)
    expected = np.insert(without.fit_transform(rows), [0, 2, len(rows)], 0, axis=0)
    np.testing.assert_allclose(normalizer.fit_transform(padded), expected, atol=1e-6)
    for mean, other in zip(normalizer.means_, without.means_, strict=True):
        np.testing.assert_allclose(mean, other, atol=1e-7)
    assert not normalizer.transform(np.zeros((1, 12))).any()


def test_inputs_stay_the_same() -> None:
    rows = some_rows()
    copy = rows.copy()
    rows.flags.writeable = False
    for steps in STEPS:
        Normalizer(steps=steps).fit(rows).transform(rows)
    np.testing.assert_array_equal(rows, copy)
    assert Normalizer(steps=()).fit(rows).transform(rows) is rows


def test_fits_are_forgotten_and_restored() -> None:
    normalizer = Normalizer().fit(some_rows(0, 50, 3)).fit(some_rows())
    restored = Normalizer()
    restored.restore(normalizer.dimension_, normalizer.means_)
    expected = Normalizer().fit(some_rows()).transform(some_rows(1))
    for same in (normalizer, restored):
        np.testing.assert_array_equal(same.transform(some_rows(1)), expected)
    with pytest.raises(ValueError, match="one for each centering or projecting step, got 0"):
        Normalizer().restore(12, [])


@pytest.mark.parametrize("row", [[3e38, 3e38], [3e-44, 4e-44], [1e-45, 0]])
def test_rows_at_the_ends_of_float32_get_unit_length(row: list[float]) -> None:
    rows = np.asarray([row], dtype=np.float32)
    unit = Normalizer(steps=("unit",)).fit_transform(rows)
    exact = rows.astype(np.float64)
    np.testing.assert_allclose(unit, exact / np.linalg.norm(exact), rtol=1e-6)


# --- errors -----------------------------------------------------------------------------------


def test_rows_that_do_not_fit_are_refused() -> None:
    with pytest.raises(NotFittedError, match="Normalizer must be fitted before transform"):
        Normalizer().transform(some_rows())
    with pytest.raises(DimensionError, match="dimension 12 as in fit, got 5"):
        Normalizer().fit(some_rows()).transform(some_rows(0, 3, 5))
    rows = some_rows()
    rows[17, 3] = np.nan
    for call in (Normalizer().fit, Normalizer().fit(some_rows()).transform):
        with pytest.raises(ValueError, match=r"finite.*row 17"):
            call(rows)
    with pytest.raises(ValueError, match="2 dimensions, got 1"):
        Normalizer().fit(rows[0])
    with pytest.raises(ValueError, match="rows must be at least 1, got 0"):
        Normalizer().fit(np.zeros((0, 3)))


def test_steps_are_parsed() -> None:
    parsed = {"none": (), "unit": ("unit",), "unit,center,unit": STANDARD, "project": ("project",)}
    for text, steps in (parsed | {"iterative": ITERATIVE, "linear": LINEAR}).items():
        assert parse_steps(text) == steps


@pytest.mark.parametrize(
    ("text", "named"), [("", ""), ("unit,", ""), ("unit,middle", "middle"), ("unit, center", " c")]
)
def test_unknown_steps_are_named(text: str, named: str) -> None:
    told = f"must be 'unit', 'center' or 'project', got '{named}"
    steps: Any = text.split(",")
    with pytest.raises(ValueError, match=told):
        parse_steps(text)
    with pytest.raises(ValueError, match=told):
        Normalizer(steps=steps).fit(some_rows())


# --- scikit-learn's contract ------------------------------------------------------------------


def test_it_is_an_estimator() -> None:
    fitted = Normalizer(steps=("unit", "center")).fit(some_rows())
    assert fitted.get_params() == {"steps": ("unit", "center")}
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "means_")
    assert repr(fitted) == "Normalizer(steps=('unit', 'center'))"
    assert repr(Normalizer()) == "Normalizer()"
    assert copy.set_params(steps=("unit",)) is copy
    assert copy.fit(some_rows()).means_ == []
    with pytest.raises(ValueError, match="Invalid parameter 'step'"):
        copy.set_params(step=1)


def test_steps_that_change_after_fit_wait_for_the_next_fit() -> None:
    rows = np.array([[3.0, 4.0], [1.0, 0.0]], dtype=np.float32)
    normalizer = Normalizer(steps=("unit",)).fit(rows)
    normalizer.set_params(steps=("center",))
    np.testing.assert_array_equal(normalizer.transform(rows)[0], np.array([0.6, 0.8], np.float32))
