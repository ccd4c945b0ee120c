from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignx.support.arrays import (
    BLOCK_ROWS,
    LazyRows,
    as_rows,
    frozen_rows,
    is_frozen,
    row_blocks,
    unit_rows,
)

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.support.arrays import Matrix


def some_rows(seed: int, n: int = 300, dimension: int = 7) -> Matrix:
    """Rows of which some are zero, and some of unit length or nearly so."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, dimension))
    kinds = rng.integers(4, size=n)
    rows[kinds == 0] = 0
    rows[kinds == 1] /= np.linalg.norm(rows[kinds == 1], axis=1, keepdims=True)
    rows[kinds == 2] /= np.linalg.norm(rows[kinds == 2], axis=1, keepdims=True)
    rows[kinds == 2] *= 1 + rng.uniform(-2e-6, 2e-6, ((kinds == 2).sum(), 1))
    return rows.astype(np.float32)


@pytest.mark.slow
@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(0, 301))
def test_unit_rows_do_not_depend_on_each_other(seed: int, dimension: int, cut: int) -> None:
    rows = some_rows(seed, dimension=dimension)
    apart = np.concatenate([unit_rows(rows[:cut]), unit_rows(rows[cut:])])
    np.testing.assert_array_equal(unit_rows(rows), apart)
    single = np.concatenate([unit_rows(rows[i : i + 1]) for i in range(len(rows))])
    np.testing.assert_array_equal(apart, single)


def test_unit_rows_stay_as_they_are() -> None:
    rows = some_rows(0)
    once = unit_rows(rows)
    assert unit_rows(once) is once
    norms = np.linalg.norm(rows.astype(np.float64), axis=1)
    is_unit = (norms == 0) | (np.abs(norms - 1) < 1e-6)
    assert 0 < is_unit.sum() < len(rows)
    np.testing.assert_array_equal(once[is_unit], rows[is_unit])
    changed = np.linalg.norm(once[~is_unit].astype(np.float64), axis=1)
    np.testing.assert_allclose(changed, 1, atol=1e-6)
    assert unit_rows(rows[:0]).shape == (0, 7)


@pytest.mark.parametrize("n", [0, 1, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 3 * BLOCK_ROWS])
def test_blocks_are_all_rows_in_order(n: int) -> None:
    rows = np.arange(2 * n, dtype=np.float32).reshape(n, 2)
    blocks = list(row_blocks(rows))
    assert all(len(block) == BLOCK_ROWS for block in blocks[:-1])
    assert all(0 < len(block) <= BLOCK_ROWS for block in blocks)
    assert all(np.shares_memory(block, rows) for block in blocks)
    assert np.array_equal(np.concatenate([rows[:0], *blocks]), rows)
    lazy = LazyRows(rows, 2, lambda block: block * 2)
    assert len(lazy) == n
    np.testing.assert_array_equal(lazy.collect(), rows * 2)
    np.testing.assert_array_equal(lazy.collect(), rows * 2)


def test_mapped_rows_can_be_used_after_they_were_let_go(tmp_path: Path) -> None:
    rows = np.arange(30_000, dtype=np.float32).reshape(-1, 3)
    rows.tofile(tmp_path / "rows")
    mapped = np.memmap(tmp_path / "rows", np.float32, "r", shape=rows.shape)
    for _ in range(2):
        np.testing.assert_array_equal(LazyRows(mapped, 3, unit_rows).collect(), unit_rows(rows))
    np.testing.assert_array_equal(mapped, rows)


def test_what_is_not_finite_is_named_by_its_place_among_all_rows() -> None:
    rows = np.ones((3 * BLOCK_ROWS, 2), np.float32)
    row = 2 * BLOCK_ROWS + 5
    rows[row, 1] = np.nan
    with pytest.raises(ValueError, match=f"rows must be finite float32, got nan in row {row}"):
        LazyRows(rows, 2, unit_rows).collect()
    rows[row, 1] = 7
    grown = LazyRows(rows, 2, lambda block: np.where(block == 7, np.float32(np.inf), block))
    with pytest.raises(ValueError, match=f"vectors must be finite float32, got inf in row {row}"):
        grown.collect()
    with pytest.raises(ValueError, match="got nan in row 12"):
        as_rows([[1.0], [np.nan]], "rows", 11)


def test_numbers_out_of_the_range_of_float32_are_refused() -> None:
    for value in (1e39, -1e300):
        with pytest.raises(ValueError, match=re.escape(f"finite float32, got {value} in row")):
            as_rows([[1.0], [value]], "rows")
    with pytest.raises(ValueError, match="large enough for float32, got at most 1e-50"):
        as_rows([[1.0, 0.0], [0.0, 0.0], [0.0, -1e-50]], "rows")
    kept = as_rows([[1e-50, 1.0], [0.0, 0.0], [1e-45, 0.0]], "rows")
    assert kept.any(axis=1).tolist() == [True, False, True]


def test_frozen_rows_cannot_change() -> None:
    mine = np.ones((2, 2), dtype=np.float32)
    kept = frozen_rows(mine, "keys")
    mine[:] = 7
    assert kept.tolist() == [[1, 1], [1, 1]]
    assert frozen_rows(kept, "keys") is kept
    view = mine[:]
    view.flags.writeable = False
    assert not is_frozen(view)
    assert is_frozen(np.frombuffer(b"12345678"))
