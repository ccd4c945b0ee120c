from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from threadpoolctl import threadpool_limits

from alignx.support.config import config_context

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other slow small matrices down on a busy machine."""
    with threadpool_limits(1), config_context(n_threads=1):
        yield
