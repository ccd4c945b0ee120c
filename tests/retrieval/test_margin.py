from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignx.errors import DimensionError
from alignx.retrieval.exact import cross_neighbors
from alignx.retrieval.margin import blockwise_neighbors, margin_candidates, ratio_margin

if TYPE_CHECKING:
    from pathlib import Path

rng = np.random.default_rng(20)


def unit(n: int, d: int = 8) -> np.ndarray:
    rows = rng.standard_normal((n, d)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


SOURCE, TARGET = unit(23), unit(31)


def margins_by_hand(source: np.ndarray, target: np.ndarray, k: int) -> np.ndarray:
    """All margins, in float64."""
    cosines = source.astype(np.float64) @ target.astype(np.float64).T
    of_source = np.sort(cosines, axis=1)[:, -k:].mean(axis=1)
    of_target = np.sort(cosines, axis=0)[-k:].mean(axis=0)
    return np.asarray(2 * cosines / (of_source[:, None] + of_target[None]))


@given(block_rows=st.integers(1, 40), k=st.integers(1, 5))
def test_blocks_give_the_neighbors_of_one_search(block_rows: int, k: int) -> None:
    whole = cross_neighbors(SOURCE, TARGET, k)
    parts = blockwise_neighbors(SOURCE, TARGET, k, block_rows=block_rows)
    for one, other in ((whole.of_source, parts.of_source), (whole.of_target, parts.of_target)):
        np.testing.assert_array_equal(one.indices, other.indices)
        np.testing.assert_allclose(one.scores, other.scores, rtol=1e-6)


def test_half_precision_rows_are_searched_from_a_file(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", TARGET.astype(np.float16))
    stored = np.load(tmp_path / "rows.npy", mmap_mode="r")
    found = blockwise_neighbors(SOURCE, stored, 2, block_rows=7)
    expected = cross_neighbors(SOURCE, TARGET.astype(np.float16).astype(np.float32), 2)
    np.testing.assert_array_equal(found.of_source.indices, expected.of_source.indices)
    np.testing.assert_array_equal(found.of_target.indices, expected.of_target.indices)


@pytest.mark.parametrize("k", [1, 4])
def test_margins_are_those_of_the_formula(k: int) -> None:
    found = cross_neighbors(SOURCE, TARGET, 5)
    pairs, margins = margin_candidates(found, k)
    expected = margins_by_hand(SOURCE, TARGET, k)
    np.testing.assert_allclose(margins, expected[tuple(pairs.T)], rtol=1e-5)
    forward = {(i, j) for i, row in enumerate(found.of_source.indices) for j in row}
    backward = {(i, j) for j, row in enumerate(found.of_target.indices) for i in row}
    assert [*map(tuple, pairs.tolist())] == sorted(forward | backward)


def test_a_row_near_everything_loses_by_margin() -> None:
    """The hub is nearest by cosine to every source row, and by margin to none."""
    source = np.eye(5, dtype=np.float32)
    target = np.vstack([0.6 * np.eye(5) + 0.1, np.full((1, 5), 5**-0.5)]).astype(np.float32)
    found = cross_neighbors(source, target, 5)
    pairs, margins = margin_candidates(found, 5)
    best = [pairs[pairs[:, 0] == i][margins[pairs[:, 0] == i].argmax(), 1] for i in range(5)]
    assert best == [*range(5)]


def test_rows_without_a_similar_row_have_finite_margins() -> None:
    zero = np.zeros(2)
    assert np.isfinite(ratio_margin(zero, zero, zero)).all()


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="block_rows must be at least 1, got 0"):
        blockwise_neighbors(SOURCE, TARGET, 1, block_rows=0)
    with pytest.raises(ValueError, match=r"k must lie in \[1, 23\], got 24"):
        blockwise_neighbors(SOURCE, TARGET, 24)
    with pytest.raises(DimensionError):
        blockwise_neighbors(SOURCE, unit(3, 9), 1)
    with pytest.raises(ValueError, match="source"):
        blockwise_neighbors(np.full((2, 8), np.nan), TARGET, 1)
