from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# One BLAS thread here and in processes of tests: threads that wait for each other slow small
# matrices down, threefold where each worker of pytest has one core. Those of OpenMP are as many as
# users have, but sleep while they wait.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["OMP_WAIT_POLICY"] = "passive"
threadpool_limits(1, "blas")  # where NumPy has been loaded before

# Its comparisons are to show what differs, as those of tests do.
pytest.register_assert_rewrite("searches")

# Runs must not differ: examples are derived from the test itself, and time is no criterion.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")


@pytest.fixture(scope="module")
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS, whose waiting threads slow small matrices down tenfold on a busy machine."""
    with threadpool_limits(1):
        yield


@pytest.fixture(autouse=True)
def _unchanged_log() -> Iterator[None]:
    """Undo changes by commands, which run in this process too."""
    logger = logging.getLogger("alignx")
    level, handlers = logger.level, list(logger.handlers)
    yield
    logger.setLevel(level)
    logger.handlers = handlers


@dataclass(frozen=True)
class Planted:
    """Two languages that are rotations of each other, up to noise, with the words shuffled.

    `pairs` (n, 2) are the rows that are translations, the most frequent source words first.
    """

    source: NDArray[np.float32]
    target: NDArray[np.float32]
    rotation: NDArray[np.float64]
    pairs: NDArray[np.int64]

    @property
    def train(self) -> NDArray[np.int64]:
        return self.pairs[:400]

    @property
    def test(self) -> NDArray[np.int64]:
        return self.pairs[400:]


def plant(noise: float, count: int = 900, dimension: int = 30) -> Planted:
    """Rotate unit rows whose variances decay as those of word vectors do."""
    rng = np.random.default_rng(20_180_204)
    rows = rng.standard_normal((count, dimension)) / np.sqrt(np.arange(1, dimension + 1))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rotation, _ = np.linalg.qr(rng.standard_normal((dimension, dimension)))
    distorted = rows @ rotation
    distorted += noise * rng.standard_normal(rows.shape) / np.sqrt(dimension)
    order = rng.permutation(count)
    target = distorted[order].astype(np.float32)
    source = rows.astype(np.float32)
    source.flags.writeable = target.flags.writeable = False
    pairs = np.stack([np.arange(count), np.argsort(order)], axis=1)
    return Planted(source, target, rotation, pairs)


def plant_clusters(
    noise: float,
    count: int = 1_500,
    dimension: int = 20,
    *,
    target_count: int | None = None,
    target_dimension: int | None = None,
) -> Planted:
    """Rotate unit rows in clusters of unlike size, as those of words, ranked alike in both.

    Their shape gives them away without a dictionary. `rotation` has orthonormal rows.
    """
    rng = np.random.default_rng(20_180_705)
    scales = 1 / np.sqrt(np.arange(1, dimension + 1))
    shares = rng.dirichlet(np.full(60, 0.7))
    centers = rng.standard_normal((len(shares), dimension))[
        rng.choice(len(shares), count, p=shares)
    ]
    rows = (centers + rng.standard_normal((count, dimension))) * scales
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    wide = target_dimension or dimension
    rotation = np.linalg.qr(rng.standard_normal((wide, dimension)))[0].T
    distorted = rows @ rotation + noise * rng.standard_normal((count, wide)) / np.sqrt(wide)
    order = np.argsort(np.arange(count) * np.exp(0.5 * rng.standard_normal(count)))[:target_count]
    target = distorted[order].astype(np.float32)
    source = rows.astype(np.float32)
    source.flags.writeable = target.flags.writeable = False
    pairs = np.stack([order, np.arange(len(order))], axis=1)
    return Planted(source, target, rotation, pairs[np.argsort(order)])


@pytest.fixture(scope="session")
def planted() -> Planted:
    """A planted rotation without noise."""
    return plant(0.0)


@pytest.fixture(scope="session")
def noisy() -> Planted:
    """A planted rotation under noise of 60 % of the length of a row."""
    return plant(0.6)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Where the public vectors and dictionaries lie."""
    beside = Path(__file__).parents[1].parent / "shared" / "data"
    data = Path(os.environ.get("ALIGNX_SHARED_DATA", beside))
    if not data.exists():
        pytest.skip(f"the shared data are absent: {data}")
    return data
