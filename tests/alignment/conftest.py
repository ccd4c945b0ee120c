from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def _one_blas_thread(one_blas_thread: None) -> None:
    """Use the fixture in all tests of alignment."""
