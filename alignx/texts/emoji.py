"""Vectors of emoji by their Unicode names, which are English words."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from alignx.support.arrays import unit_rows
from alignx.vectors.sif import expected_shares, sif_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Matrix
    from alignx.vectors.embeddings import Embeddings

__all__ = ["EmojiVectors", "name_of_emoji"]

# Symbols and dingbats, stars, pictographs: others of Unicode's symbols, such as lines of boxes and
# enclosed letters, say nothing by their names.
EMOJI = ((0x2600, 0x27BF), (0x2B50, 0x2B55), (0x1F300, 0x1FAFF))


def name_of_emoji(symbol: str) -> tuple[str, ...]:
    """Return the words of the Unicode name of an emoji; none for anything else.

    Modifiers of skin and the letters of flags have none either.

    Examples
    --------
    >>> name_of_emoji("😂"), name_of_emoji("❤"), name_of_emoji("!")
    (('face', 'with', 'tears', 'of', 'joy'), ('heavy', 'black', 'heart'), ())
    """
    if len(symbol) != 1 or not any(first <= ord(symbol) <= last for first, last in EMOJI):
        return ()
    if unicodedata.category(symbol) != "So":
        return ()
    return tuple(unicodedata.name(symbol, "").lower().replace("-", " ").split())


class EmojiVectors:
    """Vectors of emoji in a space with English.

    An emoji has the mean of the vectors of the words of its name, weighted by smooth inverse
    frequency (SIF), with frequencies estimated from ranks.

    Parameters
    ----------
    english : Embeddings
        English words of the space, most frequent first.

    References
    ----------
    Eisner, Rocktäschel, Augenstein, Bošnjak and Riedel, "emoji2vec: Learning Emoji Representations
    from their Description", SocialNLP 2016, learn from the same names.

    Examples
    --------
    >>> from alignx.vectors.embeddings import Embeddings
    >>> emoji = EmojiVectors(Embeddings(["fire", "water"], [[1, 0], [0, 1]]))
    >>> emoji.knows("🔥"), emoji.knows("🐈"), emoji(["🔥"]).tolist()
    (True, False, [[1.0, 0.0]])
    """

    def __init__(self, english: Embeddings) -> None:
        self.english = english

    def knows(self, symbol: str) -> bool:
        """Whether a symbol is an emoji and a word of its name has a vector."""
        return bool(self._rows(symbol))

    def __call__(self, symbols: Sequence[str]) -> Matrix:
        """Compute vectors, (n, d) float32 unit rows; zero for unknown symbols."""
        vectors = self.english.vectors
        weights = sif_weights(expected_shares(len(vectors))).astype(np.float32)
        result = np.zeros((len(symbols), vectors.shape[1]), np.float32)
        for i, symbol in enumerate(symbols):
            rows = self._rows(symbol)
            result[i] = weights[rows] @ vectors[rows]
        return unit_rows(result)

    def _rows(self, symbol: str) -> list[int]:
        found = map(self.english.lookup.row, name_of_emoji(symbol))
        return [row for row in found if row >= 0]
