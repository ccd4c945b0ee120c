"""Vectors to continue from, as fastText reads them."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import numpy as np

from alignx.support.arrays import freeze
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.fasttext.ngrams import ngram_hashes
from alignx.vectors.text.vector_text import write_text

if TYPE_CHECKING:
    from alignx.support.arrays import Matrix
    from alignx.training.parameters import FastTextParameters

__all__ = ["usable", "write_pretrained"]

# At these fastText's reader ends a word, or its dictionary.
_BREAKS = " \t\n\v\f\r\0"


def usable(embeddings: Embeddings) -> Embeddings:
    """Drop words that fastText cannot hold: those with white space or NUL.

    Examples
    --------
    >>> usable(Embeddings(["cat", "New York"], np.eye(2))).words
    ('cat',)
    """
    broken = str.maketrans("", "", _BREAKS)
    kept = [row for row, word in enumerate(embeddings.words) if word.translate(broken) == word]
    if len(kept) == len(embeddings):
        return embeddings
    words = [embeddings.words[row] for row in kept]
    return Embeddings.from_checked(tuple(words), embeddings.vectors[kept])


def write_pretrained(
    output: IO[bytes], embeddings: Embeddings, parameters: FastTextParameters
) -> None:
    """Write vectors such that fastText begins with exactly these.

    fastText puts what it reads into a word's own row; but the vector of a word is the mean of that
    row and those of its n-grams, which begin near zero. So a row is written as the vector times the
    number of rows.

    Parameters
    ----------
    output : binary file
        Receives the vectors as text.
    embeddings : Embeddings
        Vectors of words that are `usable`.
    parameters : FastTextParameters
        Lengths of n-grams.
    """
    minn, maxn = parameters.minn, parameters.maxn
    _, offsets = ngram_hashes([word.encode() for word in embeddings.words], minn, maxn)
    rows = embeddings.vectors * (np.diff(offsets) + 1).astype(np.float32)[:, None]
    write_text(output, "", embeddings.with_vectors(freeze(_normal(rows))), None)


def _normal(rows: Matrix) -> Matrix:
    """Replace numbers by zero that are so small that fastText's reader stops at them."""
    rows[np.abs(rows) < np.finfo(np.float32).tiny] = 0
    return rows
