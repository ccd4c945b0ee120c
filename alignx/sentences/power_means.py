"""Power means of word vectors: the least and the greatest value of each coordinate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.support.arrays import unit_rows
from alignx.vectors.sif import expected_shares

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alignx.support.arrays import Indices, Matrix
    from alignx.texts.documents import Documents
    from alignx.vectors.embeddings import Embeddings

__all__ = ["PowerMeans"]

_BATCH = 1000  # documents whose words are in memory at a time
_SAMPLE = (500, 20)  # random sentences and their words, for the mean of a language


class PowerMeans:
    """Power means of the words of documents, of exponents minus and plus infinity.

    Parameters
    ----------
    space : mapping of str to Embeddings
        Languages of one space, most frequent word first.
    center : bool
        Whether to subtract the mean of each language, of random sentences by word frequencies.
    random_state : int
        Seed of the random sentences.

    References
    ----------
    Rueckle, Eger, Peyrard and Gurevych, "Concatenated Power Mean Word Embeddings as Universal
    Cross-Lingual Sentence Representations", 2018.

    Examples
    --------
    >>> from alignx.texts.documents import TextReader
    >>> from alignx.vectors.embeddings import Embeddings
    >>> english = Embeddings(["cat", "dog"], [[0.6, 0.8], [0.8, -0.6]])
    >>> documents = TextReader().read(["cat dog"], "en", english)
    >>> found = PowerMeans({"en": english}, center=False).transform(documents)
    >>> (found * np.sqrt(2)).round(1)
    array([[ 0.6, -0.6,  0.8,  0.8]])
    """

    def __init__(
        self, space: Mapping[str, Embeddings], *, center: bool = True, random_state: int = 0
    ) -> None:
        self.space = space
        self.means = {}
        for code, language in space.items():
            self.means[code] = np.zeros(2 * language.dimension, np.float32)
            if center:
                shares = expected_shares(len(language))
                rng = np.random.default_rng(random_state)
                drawn = rng.choice(len(language), _SAMPLE, p=shares / shares.sum())
                starts = np.arange(0, drawn.size, _SAMPLE[1])
                self.means[code] = _extremes(language.vectors[drawn.ravel()], starts).mean(axis=0)

    def transform(self, documents: Documents) -> Matrix:
        """Compute least, then greatest values: (n, 2 d) float32 unit rows, zero without words."""
        vectors = self.space[documents.language].vectors
        found = np.zeros((len(documents), 2 * vectors.shape[1]), np.float32)
        filled = np.flatnonzero(documents.lengths)
        for first in range(0, len(filled), _BATCH):
            chosen = filled[first : first + _BATCH]
            # Documents between them are empty, so that the words of all are one slice.
            begin, end = documents.starts[chosen[0]], documents.starts[chosen[-1] + 1]
            words = documents.words[begin:end]
            rows = vectors[np.minimum(words, len(vectors) - 1)]
            is_oov = words >= len(vectors)
            rows[is_oov] = documents.oov_vectors[words[is_oov] - len(vectors)]
            found[chosen] = _extremes(rows, documents.starts[chosen] - begin)
            found[chosen] -= self.means[documents.language]
        return unit_rows(found)


def _extremes(rows: Matrix, starts: Indices) -> Matrix:
    """Find the extremes of each run of rows, (n, 2 d)."""
    return np.hstack([np.minimum.reduceat(rows, starts), np.maximum.reduceat(rows, starts)])
