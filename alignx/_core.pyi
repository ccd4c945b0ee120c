from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

def parse_vectors(
    text: Buffer, dimension: int, n_threads: int | None = None
) -> tuple[list[str], NDArray[np.float32], NDArray[np.int64], list[tuple[int, str]], int]:
    """Words and rows of a block of word2vec text."""

def format_vectors(
    words: Sequence[str], rows: NDArray[np.float32], decimals: int | None = None
) -> bytes:
    """Word2vec text of words and rows."""
