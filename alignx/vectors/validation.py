"""Checks of words and their vectors."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from alignx.support.arguments import require_ordered
from alignx.support.arrays import Matrix, frozen_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

__all__ = ["checked_vectors", "checked_words"]


def checked_words(words: Sequence[str]) -> tuple[str, ...]:
    """Check words, and give them as a tuple."""
    if isinstance(words, str):
        raise TypeError(f"words must be a sequence of words, got the string {words!r}")
    require_ordered(words, "words of Embeddings")
    kept = tuple(words)
    if not kept:
        raise ValueError("words must not be empty, got none")
    odd = [kind.__name__ for kind in set(map(type, kept)) if not issubclass(kind, str)]
    if odd:
        raise TypeError(f"words must be strings, got {' and '.join(sorted(odd))}")
    if "" in kept or "\n".join(kept).count("\n") != len(kept) - 1:
        broken = next(word for word in kept if not word or "\n" in word)
        raise ValueError(f"words must not be empty or contain a line end, got {broken!r}")
    if len(set(kept)) != len(kept):
        twice, _ = Counter(kept).most_common(1)[0]
        raise ValueError(f"words must be distinct, got {twice!r} twice")
    try:
        "\n".join(kept).encode()
    except UnicodeEncodeError as error:  # a lone surrogate, which no file can hold
        word = next(word for word in kept if re.search("[\ud800-\udfff]", word))
        raise ValueError(f"words must be valid Unicode, got {word!r}") from error
    return kept


def checked_vectors(vectors: ArrayLike, words: Sequence[str]) -> Matrix:
    """Check vectors, and give them as a read-only float32 matrix."""
    matrix = frozen_rows(vectors, "vectors")
    if matrix.shape[1] == 0:
        raise ValueError(f"vectors must have at least 1 dimension, got shape {matrix.shape}")
    if len(matrix) != len(words):
        raise ValueError(
            f"vectors must have one row for each word, got {len(matrix)} rows, {len(words)} words"
        )
    return matrix
