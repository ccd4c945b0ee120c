"""Rows of two large languages in files: real ones, then noisy copies of them, as `grown` makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.vectors.embeddings import Embeddings
from benchmarks.retrieval_data import NOISE, Languages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alignx.support.arrays import Matrix

AT_ONCE = 65_536


def write_rows(real: Languages, rows: int, folder: Path) -> None:
    """Write that many rows of each language, a block at a time; fewer are the first of more."""
    for number, name in enumerate(Languages._fields):
        stored = np.lib.format.open_memmap(
            folder / f"{name}.npy", "w+", np.float32, (rows, real[number].shape[1])
        )
        first = 0
        for block in _blocks(real[number], rows, np.random.default_rng([0, number])):
            stored[first : first + len(block)] = block
            first += len(block)
        stored.flush()


def _blocks(real: Matrix, rows: int, rng: np.random.Generator) -> Iterator[Matrix]:
    yield real[:rows]
    for first in range(len(real), rows, AT_ONCE):
        block = real[np.arange(first, min(first + AT_ONCE, rows)) % len(real)]
        noise = rng.standard_normal(block.shape, dtype=np.float32)
        block += noise * np.float32(NOISE / np.sqrt(block.shape[1]))
        yield block / np.linalg.norm(block, axis=1, keepdims=True)


def mapped(folder: Path, rows: int) -> Languages:
    """Map the first rows of both languages."""
    files = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in Languages._fields)
    return Languages(*(each[:rows] for each in files))


def embeddings(rows: Matrix, letter: str, every: int = 1) -> Embeddings:
    """Give every so many rows names that tell their number, with what a cache would know."""
    numbers = range(0, len(rows), every)
    return Embeddings.from_checked(
        tuple(f"{letter}{number}" for number in numbers),
        rows[::every],
        zero_rows=0,
        checksum=f"{letter} {len(numbers)}",
    )


def row_of(word: str) -> int:
    """Tell the row from the name."""
    return int(word[1:])
