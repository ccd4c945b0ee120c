"""Learned vectors of OOV words of a language, kept as long as its embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from alignx.vectors.learned_subwords import LearnedSubwords

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Matrix
    from alignx.vectors.embeddings import Embeddings

__all__ = ["learned_oov_vectors"]

# Learning takes seconds, and each call that reads texts would begin anew.
_LEARNED: WeakKeyDictionary[Embeddings, LearnedSubwords] = WeakKeyDictionary()


def learned_oov_vectors(language: Embeddings, words: Sequence[str]) -> Matrix:
    """Compute vectors of OOV words, by `LearnedSubwords` of the vocabulary.

    The first call for a language learns, in seconds for 60,000 words.

    Returns
    -------
    (n, d) float32
        Unit rows; zero for words that share no characters with the vocabulary.

    Examples
    --------
    >>> from alignx.vectors.embeddings import Embeddings
    >>> german = Embeddings(["haus", "auto"], [[1.0, 0.0], [0.0, 1.0]])
    >>> vector = learned_oov_vectors(german, ["haustier"])[0]
    >>> bool(vector[0] > vector[1])
    True
    """
    if language not in _LEARNED:
        _LEARNED[language] = LearnedSubwords().fit(language)
    return _LEARNED[language].transform(words)
