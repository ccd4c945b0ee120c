"""The rows that the retrieval benchmark searches."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import alignx as ax
from benchmarks.bench_alignment import dictionary, vectors

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.support.arrays import Matrix

NOISE = 0.5  # length of what is added to a copy of a unit row


class Languages(NamedTuple):
    """Unit rows of both languages in one space, float32 and C-contiguous."""

    source: Matrix
    target: Matrix

    def first(self, rows: int) -> Languages:
        """Give the most frequent words of both."""
        return Languages(self.source[:rows], self.target[:rows])


def english_and_spanish() -> Languages:
    """All words, English mapped to Spanish, so that neighbors are translations."""
    english, spanish = vectors("en"), vectors("es")
    known = dictionary("en", "es", "0-5000")
    alignment = ax.align(english, spanish, lexicon=known, ranker=False)
    shared = alignment.apply(english, spanish)
    return Languages(shared.source.vectors, shared.target.vectors)


def grown(real: Languages, rows: int) -> Languages:
    """That many rows a language: the real ones, then copies with Gaussian noise, of unit length."""
    if rows <= len(real.source):
        return real.first(rows)
    rng = np.random.default_rng(0)
    return Languages(_grow(real.source, rows, rng), _grow(real.target, rows, rng))


def _grow(real: Matrix, rows: int, rng: np.random.Generator) -> Matrix:
    copies = real[np.arange(len(real), rows) % len(real)]
    noise = rng.standard_normal(copies.shape, dtype=np.float32)
    copies += noise * np.float32(NOISE / np.sqrt(copies.shape[1]))
    copies /= np.linalg.norm(copies, axis=1, keepdims=True)
    return np.concatenate([real, copies])


def save(languages: Languages, folder: Path) -> tuple[str, str]:
    """Write both for other processes to read."""
    files = folder / "source.npy", folder / "target.npy"
    for file, rows in zip(files, languages, strict=True):
        np.save(file, rows)
    return str(files[0]), str(files[1])


def note(stage: str) -> None:
    """Tell on stderr what is measured now."""
    print(stage, file=sys.stderr, flush=True)
