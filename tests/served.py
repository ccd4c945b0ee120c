"""Two small languages to serve, with odd words, and their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.vectors.embeddings import Embeddings
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from alignx.alignment.alignment import Alignment
    from alignx.support.arrays import Matrix

COUNT, DIMENSION = 320, 12
ODD = ("Año", "<script>alert(1)</script>", '"><img/onerror=alert(1)>', "x\u202etxt", "New York")
ZERO = "gáto319"  # without a vector


def by_letters(words: Sequence[str]) -> Matrix:
    """Give words a vector by their letters, and others none."""
    letters = np.random.default_rng(5).standard_normal((26, DIMENSION))
    rows = [[ord(c) - 97 for c in word if "a" <= c <= "z"] for word in words]
    return np.array([letters[row].sum(axis=0) for row in rows], dtype=np.float32)


def two_languages() -> tuple[Embeddings, Embeddings]:
    """Make languages that are rotations of each other up to noise; English has a model."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((COUNT, DIMENSION))
    rotation, _ = np.linalg.qr(rng.standard_normal((DIMENSION, DIMENSION)))
    noisy = rows @ rotation + 0.2 * rng.standard_normal(rows.shape)
    noisy[COUNT - 1] = 0
    english = [f"cat{i}" for i in range(COUNT)]
    spanish = [f"gáto{i}" for i in range(COUNT)]
    english[300 : 300 + len(ODD)] = spanish[300 : 300 + len(ODD)] = ODD
    return (
        Embeddings(english, rows.astype(np.float32), "en", oov_vectors=by_letters),
        Embeddings(spanish, noisy.astype(np.float32), "es"),
    )


def write_files(folder: Path, languages: Sequence[Embeddings], alignment: Alignment) -> list[Path]:
    """Write map and vectors; return the arguments of the command."""
    names = [folder / name for name in ("map.safetensors", "en.safetensors", "es.safetensors")]
    alignment.save(names[0])
    for language, name in zip(languages, names[1:], strict=True):
        save(language, name)
    return names
