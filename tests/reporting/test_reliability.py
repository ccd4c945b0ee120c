from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignx.alignment.validation import Validation
from alignx.ranking.gain import expected_calibration_error
from alignx.reporting.reliability import Reliability


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=60))
def test_bins_hold_each_answer_once(answers: list[tuple[float, bool]]) -> None:
    probability = np.array([p for p, _ in answers], dtype=np.float32)
    is_right = np.array([right for _, right in answers])
    found = Reliability.of(probability, is_right)
    assert found.counts.sum() == len(answers)
    assert found.counts.max() - found.counts.min() <= 1
    assert found.share @ found.counts == pytest.approx(is_right.sum())
    assert found.probability @ found.counts == pytest.approx(probability.sum(dtype=float))
    assert (np.diff(found.probability) >= -1e-7).all()
    assert ((found.low <= found.share + 1e-9) & (found.share <= found.high + 1e-9)).all()
    assert found.error == expected_calibration_error(probability, is_right)
    gaps = np.abs(found.probability - found.share) @ found.counts / len(answers)
    assert found.error == pytest.approx(gaps, abs=1e-6)


def test_intervals_are_those_of_wilson() -> None:
    is_right = np.arange(30) % 3 > 0
    found = Reliability.of(np.arange(30) / 30, is_right)
    for low, high, share, n in zip(
        found.low, found.high, found.share, found.counts.tolist(), strict=True
    ):
        expected = Validation(round(share * n), n, 0, 0, 0.0, 0).interval
        assert (low, high) == pytest.approx(expected, abs=1e-7)
