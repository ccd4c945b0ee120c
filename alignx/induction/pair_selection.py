"""Choice of the word pairs of a dictionary among nearest neighbors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from alignx.lexicon.lexicon import Lexicon
from alignx.support.arguments import require_whole

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from alignx.retrieval.neighbors import CrossNeighbors
    from alignx.support.arrays import Indices, Matrix

__all__ = ["SYMBOLS", "PairSelection", "Symbols", "is_number", "is_punctuation"]

Symbols: TypeAlias = Literal["numbers", "punctuation"]
SYMBOLS: tuple[Symbols, ...] = ("numbers", "punctuation")


def is_punctuation(word: str) -> bool:
    """Tell whether a word holds neither letter nor digit.

    Examples
    --------
    >>> is_punctuation("..."), is_punctuation("e.g.")
    (True, False)
    """
    return not any(map(str.isalnum, word))


def is_number(word: str) -> bool:
    """Tell whether a word holds digits but no letter.

    Examples
    --------
    >>> is_number("1,000"), is_number("4x4")
    (True, False)
    """
    return any(map(str.isdigit, word)) and not any(map(str.isalpha, word))


_TESTS = {"numbers": is_number, "punctuation": is_punctuation}


@dataclass(frozen=True)
class PairSelection:
    """Rule for the pairs of a dictionary.

    Parameters
    ----------
    k : int
        Translations of a word.
    mutual : bool
        Keep a pair only if each word is among the `k` best of the other.
    exclude : collection of {"numbers", "punctuation"}
        Kinds of words that are left out on both sides.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    k: int = 1
    mutual: bool = True
    exclude: Collection[Symbols] = SYMBOLS

    def __post_init__(self) -> None:
        require_whole(self.k, "k")
        wrong = [kind for kind in self.exclude if kind not in _TESTS]
        if isinstance(self.exclude, str) or wrong:
            raise ValueError(f"exclude must hold {' or '.join(_TESTS)}, got {self.exclude!r}")

    def require_size(self, smaller: int) -> None:
        """Refuse a `k` that is not in [1, `smaller`], the size of the smaller language."""
        if not 1 <= self.k <= smaller:
            raise ValueError(f"k must lie in [1, {smaller}], got {self.k}")

    def allowed(self, words: Sequence[str]) -> NDArray[np.bool_]:
        """Tell which words may be in the dictionary.

        Examples
        --------
        >>> PairSelection(exclude=["numbers"]).allowed(["cat", "7", "!"])
        array([ True, False,  True])
        """
        tests = [_TESTS[kind] for kind in self.exclude]
        return np.array([not any(test(word) for test in tests) for word in words], dtype=bool)

    def lexicon(
        self,
        found: CrossNeighbors,
        words: tuple[Sequence[str], Sequence[str]],
        allowed: tuple[NDArray[np.bool_], NDArray[np.bool_]],
        *,
        rows: Indices | None = None,
        probability: Matrix | None = None,
        languages: tuple[str | None, str | None] = (None, None),
    ) -> Lexicon:
        """Build the dictionary from neighbors by CSLS.

        Parameters
        ----------
        found : CrossNeighbors
            At least `k` neighbors of each word. Index -1 marks a missing neighbor, whose score must
            be finite.
        words : pair of sequence of str
            Words of both languages.
        allowed : pair of (n,) bool
            Words that may be in the dictionary.
        rows : (p,) int64, optional
            Source words to translate, in this order. Default: all.
        probability : (n, k) float32, optional
            Probability of each neighbor of a source word.
        languages : (str, str), optional
            Codes of both languages, as far as known.
        """
        asked = np.arange(len(words[0])) if rows is None else rows
        source_rows = np.repeat(asked, self.k)
        target_rows = found.of_source.indices[asked, : self.k].ravel()
        scores = found.of_source.scores[asked, : self.k].ravel()
        kept = allowed[0][source_rows] & allowed[1][target_rows] & (target_rows >= 0)
        if self.mutual:
            back = found.of_target.indices[target_rows, : self.k]
            kept &= (back == source_rows[:, None]).any(axis=1)
        source_rows, target_rows, scores = source_rows[kept], target_rows[kept], scores[kept]
        probabilities = None
        if probability is not None:
            probabilities = probability[asked, : self.k].ravel()[kept].astype(np.float64)
        source_words, target_words = words
        pairs = [
            (source_words[s], target_words[t])
            for s, t in zip(source_rows.tolist(), target_rows.tolist(), strict=True)
        ]
        code, other = languages
        return Lexicon(
            pairs,
            scores.astype(np.float64),
            probabilities,
            languages=(code, other) if code and other else None,
        )
