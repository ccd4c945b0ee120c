"""Wilson's interval, against scipy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from alignx.support.wilson import wilson_interval


@given(n=st.integers(1, 100_000), data=st.data())
def test_it_is_that_of_scipy(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    low, high = wilson_interval(hits / n, n)
    expected = binomtest(hits, n).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert 0 <= low <= hits / n <= high <= 1


def test_nothing_is_known_without_observations() -> None:
    assert wilson_interval(0.0, 0) == (0, 1)
