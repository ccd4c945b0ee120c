"""Languages in files: noisy rotated copies of real vectors, whose translations are known.

Language `l07` has the words of the real one as `l07_word`, so no two languages share a spelling,
and row i means the same in all. A copy is rotated at random after Gaussian noise was added to each
row; the cosine of a word and its translation is about 1 / (1 + noise^2) once they are aligned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import alignx as ax
from alignx.support.arrays import unit_rows
from alignx.vectors.normalizer import Normalizer

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.support.arrays import Indices, Matrix

NOISE = 1.2  # length of what is added to a unit row
FREQUENT = 20_000  # words that dictionaries and tests are of, at most
TEST_WORDS = 1_000
SMALLEST, LARGEST = 500, 5_000  # pairs of a dictionary
SEED = 19


def codes(languages: int) -> list[str]:
    """Name that many languages; the first is the hub."""
    return [f"l{number:02}" for number in range(languages)]


def write_languages(real: ax.Embeddings, words: int, languages: int, folder: Path) -> list[Path]:
    """Write each language into a cache of its own, one at a time; those that exist are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{code}.safetensors" for code in codes(languages)]
    rows: Matrix | None = None
    for number, path in enumerate(paths):
        if path.exists():
            continue
        if rows is None:
            rows = Normalizer().fit_transform(real.vectors[:words])
        copy = copied(rows, np.random.default_rng([SEED, number]))
        names = [f"{path.stem}_{word}" for word in real.words[:words]]
        ax.save(ax.Embeddings(names, copy, language=path.stem), path)
    return paths


def copied(rows: Matrix, rng: np.random.Generator) -> Matrix:
    d = rows.shape[1]
    rotation = np.linalg.qr(rng.standard_normal((d, d)))[0].astype(np.float32)
    noise = rng.standard_normal(rows.shape, dtype=np.float32)
    noise *= np.float32(NOISE / np.sqrt(d))
    noise += rows
    return unit_rows(noise @ rotation)


def pairs(languages: int, words: int) -> tuple[dict[tuple[str, str], Indices], Indices]:
    """Give rows of the dictionary of the hub and each language, and of words that none has."""
    rng = np.random.default_rng(SEED)
    order = rng.permutation(min(words, FREQUENT))
    test, rest = np.sort(order[:TEST_WORDS]), order[TEST_WORDS:]
    hub, *others = codes(languages)
    sizes = np.geomspace(SMALLEST, min(LARGEST, len(rest)), max(2, len(others))).astype(int)
    return {
        (hub, code): np.sort(rng.choice(rest, size, replace=False))
        for code, size in zip(others, sizes[::-1], strict=False)
    }, test


def lexicon(source: ax.Embeddings, target: ax.Embeddings, rows: Indices) -> ax.Lexicon:
    """Make the dictionary of the same rows of two languages."""
    return ax.Lexicon([(source.words[row], target.words[row]) for row in rows.tolist()])
