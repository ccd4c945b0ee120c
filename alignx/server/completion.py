"""Completion of words while they are typed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

import numpy as np

from alignx.support.characters import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Completion"]


class Completion:
    """Search of the words that begin with some letters, in any capitals and accents.

    Parameters
    ----------
    words : sequence of str
        Most frequent word first.

    Examples
    --------
    >>> Completion(["de", "el", "él", "elefante"]).complete("El", 2)
    ['el', 'él']
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        keys = [plain(word) for word in words]
        rows = sorted(range(len(keys)), key=keys.__getitem__)
        self._keys = [keys[row] for row in rows]
        self._rows = np.array(rows, dtype=np.int64)

    def complete(self, prefix: str, k: int) -> list[str]:
        """Find the `k` most frequent words with a prefix, fewer if there are not so many."""
        start = plain(prefix)
        first = bisect_left(self._keys, start)
        last = bisect_right(self._keys, start, first, key=lambda word: word[: len(start)])
        rows = self._rows[first:last]
        if len(rows) > k:
            rows = np.partition(rows, k - 1)[:k]
        return [self._words[row] for row in np.sort(rows).tolist()]
