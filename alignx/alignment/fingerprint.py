"""Fingerprint of vectors, a few kilobytes, to recognize those of a fit."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from alignx.support.arrays import unit_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.vectors.embeddings import Embeddings

__all__ = ["SKETCHED", "Agreement", "Sketch"]

SKETCHED = 1_000  # most frequent words
_NUMBERS = 8  # of each vector
_IDENTIFYING = 50  # words by which vectors are known, whatever --limit
_SAME = 0.99  # cosine of these; rounding to float16 keeps far more

FEWEST = 20  # words by which one language is told from another
LIKELY = 0.5  # share of frequent words in common with other vectors of the language; it is 0.1 to
# 0.15 among English, Spanish and German
SURE = 0.9  # share of words with the same vectors


class Agreement(NamedTuple):
    """Common words of two sketches, those with the same vector, and the largest possible count."""

    words: int
    vectors: int
    of: int

    @property
    def has_words(self) -> bool:
        """Whether the words are those of the same language."""
        return self.words >= max(LIKELY * self.of, 1)

    @property
    def has_vectors(self) -> bool:
        """Whether the words and their vectors are the same."""
        return self.has_words and self.vectors >= max(SURE * self.words, 1)

    def is_beyond(self, other: Agreement) -> bool:
        """Whether this overlap is far beyond another."""
        if self.has_vectors and self.vectors > 1:
            return other.vectors < LIKELY * self.vectors
        more = self.words - other.words
        return self.has_words and more >= max(FEWEST, LIKELY * self.words)


@dataclass(frozen=True, eq=False)
class Sketch:
    """Most frequent words, as case-folded hashes, with the first numbers of their unit vectors.

    Examples
    --------
    >>> from alignx.vectors.embeddings import Embeddings
    >>> english = Embeddings(["cat", "dog"], [[1.0, 0.0], [0.0, 1.0]])
    >>> longer = Embeddings(["Cat", "cow", "dog"], [[3.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    >>> Sketch.of(english).agreement(Sketch.of(longer))
    Agreement(words=2, vectors=1, of=2)
    """

    words: NDArray[np.uint64]
    rows: NDArray[np.float16]
    dimension: int

    @classmethod
    def of(cls, embeddings: Embeddings) -> Self:
        """Sketch vectors; takes a millisecond."""
        words = [_hash(word) for word in embeddings.words[:SKETCHED]]
        rows = unit_rows(np.ascontiguousarray(embeddings.vectors[:SKETCHED, :_NUMBERS]))
        return cls(np.array(words, dtype=np.uint64), rows.astype(np.float16), embeddings.dimension)

    def agreement(self, other: Sketch) -> Agreement:
        """Compare with the sketch of other vectors."""
        common, mine, theirs = np.intersect1d(self.words, other.words, return_indices=True)
        same = 0
        if self.dimension == other.dimension:
            X, Y = self.rows[mine].astype(np.float32), other.rows[theirs].astype(np.float32)
            is_zero = ~(X.any(axis=1) | Y.any(axis=1))  # on both sides, so they are the same
            same = int((is_zero | (np.einsum("ij,ij->i", X, Y) > _SAME)).sum())
        return Agreement(
            len(common), same, min(map(len, map(np.unique, (self.words, other.words))))
        )

    def content(self) -> bytes:
        """Return the first words and the signs of their numbers.

        They depend neither on rounding nor on the number of words.
        """
        signs = np.packbits(np.signbit(self.rows[:_IDENTIFYING]))
        return self.words[:_IDENTIFYING].astype("<u8").tobytes() + signs.tobytes()


def _hash(word: str) -> int:
    text = unicodedata.normalize("NFC", word).casefold().encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little")
