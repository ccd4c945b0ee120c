"""Words of a vocabulary by frequency rank: kinds, scripts, spellings."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from alignx.vectors.embeddings import Embeddings

__all__ = ["Band", "bands", "case_variants", "is_alphabetical", "marked_share", "script_shares"]

EDGES = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
COMMON = ("Zyyy", "Zinh", "Zzzz")  # of no script: digits, punctuation, marks, and new letters
MARKS = ("\N{LOWER ONE EIGHTH BLOCK}", "##", "\N{LATIN CAPITAL LETTER G WITH DOT ABOVE}")
ORDERED = 0.95


@dataclass(frozen=True)
class Band:
    """Words of neighboring frequency ranks.

    Attributes
    ----------
    first, last : int
        Ranks, from 1, both included.
    length : float
        Mean Euclidean norm of the vectors over that of the vocabulary.
    numbers, punctuation, single_letters, capitalized : float
        Share of words of each kind, in [0, 1].
    shared : float
        Share of words that the vocabulary of the other language has too, in [0, 1].
    """

    first: int
    last: int
    length: float
    numbers: float
    punctuation: float
    single_letters: float
    capitalized: float
    shared: float


def bands(language: Embeddings, other: Collection[str]) -> tuple[Band, ...]:
    """Measure bands of ranks, each about three times as wide as the one before."""
    lengths = np.linalg.norm(language.vectors, axis=1)
    mean = float(lengths.mean(dtype=np.float64)) or 1.0
    edges = [0, *(edge for edge in EDGES if edge < len(language)), len(language)]
    return tuple(
        _band(language.words[a:b], a, float(lengths[a:b].mean()) / mean, other)
        for a, b in pairwise(edges)
    )


def _band(words: Sequence[str], start: int, length: float, other: Collection[str]) -> Band:
    kinds = Counter(map(_kind, words))
    n = len(words)
    return Band(
        start + 1,
        start + n,
        length,
        kinds["number"] / n,
        kinds["punctuation"] / n,
        kinds["letter"] / n,
        sum(word[:1].isupper() for word in words) / n,
        sum(word in other for word in words) / n,
    )


def _kind(word: str) -> str:
    if len(word) == 1 and word.isalpha():
        return "letter"
    if any(map(str.isalpha, word)):
        return "word"
    return "number" if any(map(str.isdigit, word)) else "punctuation"


@lru_cache(maxsize=65_536)
def _script(letter: str) -> str:
    from fontTools.unicodedata import script, script_name  # as Unicode gives them

    code = script(letter)
    return "" if code in COMMON else script_name(code)


def script_shares(words: Sequence[str]) -> dict[str, float]:
    """Give the share of words by the Unicode script of their first letter, largest first.

    Words without a letter do not count.

    Examples
    --------
    >>> script_shares(["cat", "dog", "кот", "1990"])
    {'Latin': 0.6666666666666666, 'Cyrillic': 0.3333333333333333}
    """
    found = Counter(
        next((name for letter in word if (name := _script(letter))), "") for word in words
    )
    del found[""]
    return {name: count / found.total() for name, count in found.most_common()}


def case_variants(words: Collection[str]) -> int:
    """Count words that the vocabulary has in lower case too."""
    known = set(words)
    return sum(word != (low := word.lower()) and low in known for word in words)


def is_alphabetical(words: Sequence[str]) -> bool:
    """Recognize words in the order of a dictionary rather than by frequency.

    Examples
    --------
    >>> is_alphabetical(["a", "aa", "ab", "b"]), is_alphabetical(["the", "of", "and", "to"])
    (True, False)
    """
    ordered = [a <= b for a, b in pairwise(unicodedata.normalize("NFC", w.lower()) for w in words)]
    return bool(ordered) and sum(ordered) >= ORDERED * len(ordered)


def marked_share(words: Sequence[str]) -> float:
    """Give the share of words with a mark of subword tokenizers, in [0, 1]."""
    return sum(word.startswith(MARKS) and word not in MARKS for word in words) / len(words)
