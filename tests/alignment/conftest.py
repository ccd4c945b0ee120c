from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", autouse=True)
def one_blas_thread() -> Iterator[None]:
    """BLAS threads that wait for each other slow small matrices down tenfold on a busy machine."""
    with threadpool_limits(1):
        yield
