"""Encoder and made texts of two languages, for tests of sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.shared_space import SharedSpace
from alignx.texts.document_encoder import DocumentEncoder
from alignx.texts.documents import Documents, TextReader
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Matrix

WORDS, DIMENSION = 600, 24


def made_space(noise: float = 0.3) -> SharedSpace:
    """Words "en7" and "es7" that translate each other, with noise."""
    rng = np.random.default_rng(7)
    rows = rng.standard_normal((WORDS, DIMENSION))
    noisy = rows + noise * rng.standard_normal(rows.shape)
    return SharedSpace(
        {
            "en": Embeddings([f"en{i}" for i in range(WORDS)], rows.astype(np.float32)),
            "es": Embeddings([f"es{i}" for i in range(WORDS)], noisy.astype(np.float32)),
        }
    )


def made_texts(count: int, seed: int, length: int = 9) -> tuple[list[str], list[str]]:
    """Texts that translate each other word by word."""
    rng = np.random.default_rng(seed)
    rows = [rng.choice(WORDS, length, replace=False) for _ in range(count)]
    english, spanish = (
        [" ".join(f"{code}{i}" for i in row) for row in rows] for code in ("en", "es")
    )
    return english, spanish


class StandIn:
    """Sentence encoder without anything learned."""

    def __init__(self, space: SharedSpace) -> None:
        self.space_ = space
        self.dimension = DIMENSION
        self.encoder = DocumentEncoder().fit(space, [])

    def read(self, texts: Sequence[str], language: str) -> Documents:
        return TextReader().read(texts, language, self.space_[language])

    def encode(self, texts: Sequence[str], language: str) -> Matrix:
        return self.encode_read(self.read(texts, language))

    def encode_read(self, documents: Documents) -> Matrix:
        return self.encoder.transform(documents)
