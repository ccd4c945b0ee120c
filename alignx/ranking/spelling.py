"""Similarity of spellings: of equal letters, and of letters that translate each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Self

import numpy as np
from threadpoolctl import threadpool_limits

from alignx.support.arrays import unit_rows
from alignx.support.characters import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scipy.sparse import csr_array

    from alignx.support.arrays import Indices, Matrix

__all__ = ["SpellingModel", "ngram_counts", "plain_spelling"]

DIMENSIONS = 256  # n-grams meet in the same one; more do no better
LONGEST = 4  # n-gram
FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, with irregular bits: mixes the hashes
RIDGE = 3.0


plain_spelling = lru_cache(maxsize=1 << 18)(plain)


@dataclass(frozen=True, eq=False, repr=False)
class SpellingModel:
    """Linear maps between the character n-grams of two languages.

    A word is a unit vector of its hashed n-grams. Ridge regression on known pairs predicts the
    n-grams of a translation, in both directions: ``-tion`` goes with ``-ción``, and letters of
    another script with their counterparts.

    Attributes
    ----------
    means : (2, n) float32
        Mean vector of the known words of each language.
    maps : (2, n, n) float32
        Map from source to target, and back.

    Examples
    --------
    >>> pairs = [("nation", "nación"), ("ration", "ración"), ("cat", "gato"), ("rat", "rata")]
    >>> model = SpellingModel.of(pairs * 5)
    >>> found = model.similarity(["station"], ["rata", "estación"], np.array([[0, 1]]))
    >>> found.argmax()
    np.int64(1)
    """

    means: Matrix
    maps: Matrix

    def __repr__(self) -> str:
        return f"SpellingModel({self.maps.shape[1]} dimensions)"

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Fit on word pairs, which may come in any order, or raise ValueError for none."""
        in_order = sorted(pairs)
        if not in_order:
            raise ValueError("known pairs must be at least one, got none")
        source, target = zip(*in_order, strict=True)
        X, Y = (ngram_counts(words).toarray().astype(np.float64) for words in (source, target))
        means = np.stack([X.mean(axis=0), Y.mean(axis=0)])
        X, Y = X - means[0], Y - means[1]
        ridge = RIDGE * np.eye(X.shape[1])
        with threadpool_limits(limits=1, user_api="blas"):
            maps = [
                np.linalg.solve(a.T @ a + ridge, a.T @ b).astype(np.float32)
                for a, b in ((X, Y), (Y, X))
            ]
        return cls(means.astype(np.float32), np.stack(maps))

    def reversed(self) -> Self:
        """Return the model from target to source, which shares the arrays."""
        return type(self)(self.means[::-1], self.maps[::-1])

    def similarity(self, source: Sequence[str], target: Sequence[str], columns: Indices) -> Matrix:
        """Compute the similarity of q source words and k target words of each.

        Parameters
        ----------
        source, target : sequence of str
            Words of both languages, (q,) and (p,).
        columns : (q, k) int64
            Target words of each source word.

        Returns
        -------
        (q, k) float32
            In [-2, 2]: cosine of the target word with the prediction from the source word, plus
            that of the source word with the prediction from the target word.
        """
        X, Y = self._vectors(source, 0), self._vectors(target, 1)
        result = np.empty(columns.shape, dtype=np.float32)
        for row, own in enumerate(columns):
            result[row] = Y[own] @ X[row]
        return result

    def _vectors(self, words: Sequence[str], side: int) -> Matrix:
        """Return prediction and n-grams of source words, or n-grams and prediction of others."""
        counts, mean = ngram_counts(words), self.means[side]
        predicted = counts @ self.maps[side] - mean @ self.maps[side]
        parts = unit_rows(predicted), unit_rows(counts.toarray() - mean)
        return np.concatenate(parts[:: 1 if side == 0 else -1], axis=1)


def ngram_counts(words: Sequence[str]) -> csr_array:
    """Count the character n-grams of words in hashed dimensions: sparse rows (p, n), unit length.

    Each n-gram adds one or subtracts one, by a second hash, so that those that meet cancel out.
    """
    from scipy.sparse import csr_array

    spelled = [f" {plain_spelling(word)} " for word in words]
    text = np.frombuffer("".join(spelled).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    lengths = np.array([len(word) for word in spelled], dtype=np.int64)
    owner = np.repeat(np.arange(len(words)), lengths)
    left = np.repeat(lengths.cumsum(), lengths) - np.arange(len(text))  # letters up to the end
    hashes = np.zeros(len(text), dtype=np.uint64)
    rows, found = [], []
    for length in range(1, LONGEST + 1):
        # An n-gram from each letter: that of the last round with one more letter.
        hashes = hashes[: len(text) - length + 1] * FACTOR
        hashes = hashes + text[length - 1 :].astype(np.uint64) + np.uint64(1)
        inside = left[: len(hashes)] >= length
        rows.append(owner[: len(hashes)][inside])
        found.append(hashes[inside] * np.uint64(2 * length + 1))
    mixed = np.concatenate(found) * FACTOR
    mixed ^= mixed >> np.uint64(32)
    columns = (mixed % np.uint64(DIMENSIONS)).astype(np.int64)
    signs = np.where(mixed >> np.uint64(40) & np.uint64(1), 1.0, -1.0)
    shape = len(words), DIMENSIONS
    counts = csr_array((signs, (np.concatenate(rows), columns)), shape=shape, dtype=np.float32)
    norms = np.sqrt(counts.multiply(counts).sum(axis=1))
    counts.data /= np.repeat(np.where(norms > 0, norms, 1), np.diff(counts.indptr))
    return counts
