"""Texts of one language with their vectors and words, as mining compares them."""

from __future__ import annotations

import logging
import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from alignx.sentences.word_match import MatchTexts, match_texts
from alignx.support.arrays import zero_rows
from alignx.support.counts import counted
from alignx.support.files import output_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from alignx.support.arrays import Double, Indices, Matrix
    from alignx.texts.documents import Documents
    from alignx.vectors.embeddings import Embeddings

__all__ = ["EncodedTexts", "Encoder", "require_languages"]

logger = logging.getLogger("alignx")

# Texts encoded at a time, and bytes of their vectors in memory; more go to a file, in half
# precision.
_BATCH = 10_000
_IN_MEMORY = 2**28


class Encoder(Protocol):
    """Fitted sentence encoder, such as `alignx.SentenceEncoder`."""

    @property
    def space_(self) -> Mapping[str, Embeddings]:
        """Languages in one space, unit rows, most frequent word first."""

    @property
    def dimension(self) -> int:
        """Width of the vectors."""

    def encode(self, texts: Sequence[str], language: str) -> Matrix:
        """Compute unit rows, zero for a text without known words."""

    def read(self, texts: Sequence[str], language: str) -> Documents:
        """Look up the words of texts."""

    def encode_read(self, documents: Documents) -> Matrix:
        """Compute the vectors of texts whose words are looked up."""


@dataclass(frozen=True, eq=False)
class EncodedTexts:
    """Texts of one language, those without known words left out.

    Attributes
    ----------
    rows : (n,) int64
        Rows of the texts in what was given.
    vectors : (n, d) float32 or float16
        Unit rows; from 256 MB on in half precision, in a temporary file.
    words : MatchTexts
        Words of the texts.
    sizes : (n,) float64
        Logarithms of the numbers of characters.
    """

    rows: Indices
    vectors: NDArray[np.floating]
    words: MatchTexts
    sizes: Double

    @classmethod
    def of(cls, encoder: Encoder, language: str, other: str, texts: Sequence[str]) -> Self:
        """Encode texts, and prepare their words for comparison with those of another language."""
        space = encoder.space_
        if not texts:
            nothing = np.zeros(0, np.int64)
            return cls(nothing, np.zeros((0, 1), np.float32), MatchTexts.empty(), np.zeros(0))
        documents = encoder.read(texts, language)
        vectors = _room(len(texts), encoder.dimension)
        filled: list[Indices] = []
        end = 0
        for first in range(0, len(texts), _BATCH):
            rows = np.arange(first, min(first + _BATCH, len(texts)))
            found = encoder.encode_read(documents.take(rows))
            is_filled = ~zero_rows(found)
            filled.append(rows[is_filled])
            start, end = end, end + len(filled[-1])
            vectors[start:end] = found[is_filled]
        rows = np.concatenate(filled)
        if len(rows) < len(texts):
            lost = counted(len(texts) - len(rows), f"{language} text")
            logger.info("%s without a known word left out", lost)
            documents = documents.take(rows)
        words = match_texts(documents, space[language], space[other])
        lengths = [len(texts[row]) for row in rows.tolist()]
        return cls(rows, vectors[:end], words, np.log(np.array(lengths, np.float64)))

    def __len__(self) -> int:
        return len(self.rows)


def require_languages(
    space: Mapping[str, Embeddings], languages: tuple[str, str] | None
) -> tuple[str, str]:
    """Return the codes of source and target, or raise ValueError."""
    codes = tuple(space) if languages is None else tuple(languages)
    if len(codes) != 2:
        raise ValueError(f"languages must name 2 of {', '.join(space)}, got {len(codes)}")
    for code in codes:
        if code not in space:
            raise ValueError(f"languages must be of {', '.join(space)}, got {code!r}")
    return codes[0], codes[1]


def _room(count: int, dimension: int) -> NDArray[np.floating]:
    """Make room for vectors, in memory or in a file that is gone with them."""
    if 4 * count * dimension <= _IN_MEMORY:
        return np.empty((count, dimension), np.float32)
    with output_errors(tempfile.gettempdir()), tempfile.TemporaryFile(prefix="alignx-") as file:
        # On a full disk a write to the map would kill the process.
        os.posix_fallocate(file.fileno(), 0, 2 * count * dimension)
        return np.memmap(file, np.float16, "r+", shape=(count, dimension))
