"""One rule by which texts, questions, dictionaries and lists find words in a vocabulary."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING
from unicodedata import is_normalized

import numpy as np

from alignx.vectors.spelling import composed, forms_of, lower, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alignx.support.arrays import Indices

__all__ = ["Lookup"]

# Of the words that were asked for: acronyms alone explain fewer.
_MANY = 0.05
# Of a vocabulary: what is left of capitals in one that was lower-cased by another rule.
_FEW = 0.01

logger = logging.getLogger("alignx")


class Lookup:
    r"""Finds words as written, then lower-cased, then capitalized, in any form of Unicode.

    Parameters
    ----------
    index : mapping of str to int
        Row of each word that has a vector.
    language : str, optional
        Code whose rules of capitals hold.

    Examples
    --------
    >>> german = Lookup({"haus": 0, "Katze": 1, "f\N{LATIN SMALL LETTER U WITH DIAERESIS}r": 2})
    >>> german.rows(["Haus", "katze", "fu\N{COMBINING DIAERESIS}r", "hund"])
    array([ 0,  1,  2, -1])
    """

    def __init__(self, index: Mapping[str, int], language: str | None = None) -> None:
        self.index = index
        self.language = language
        self._told: set[str] = set()

    def row(self, word: str) -> int:
        """Give the row of a word or phrase, -1 if it is unknown."""
        row = self.index.get(word, -1)
        return row if row >= 0 else self._row_of_other_form(word)

    def rows(self, words: Sequence[str]) -> Indices:
        """Give the row of each word, (p,) int64; -1 where it is unknown."""
        return np.fromiter(map(self.row, words), np.int64, count=len(words))

    def row_as_written(self, word: str) -> int:
        """Give the row of a word with the same capitals, -1 if there is none."""
        row = self.index.get(word, -1)
        if row < 0:
            whole = composed(word)
            row = self.index.get(whole, self._decomposed.get(whole, -1))
        return row

    def _row_of_other_form(self, word: str) -> int:
        if word.isalnum() and self._is_plain and is_normalized("NFC", word) and "İ" not in word:
            small = word.lower()
            row = self.index.get(small, -1)
            if row < 0 and self._has_capitals:
                row = self.index.get(small.capitalize(), -1)
            return row  # the same as below, in a tenth of the time
        for form in forms_of(word, self.language):
            row = self.row_as_written(form)
            if row >= 0:
                return row
        return -1

    @cached_property
    def _decomposed(self) -> dict[str, int]:
        """Rows of the few words that are not in form NFC, by that form."""
        if is_normalized("NFC", "\n".join(self.index)):
            return {}
        found: dict[str, int] = {}
        for word, row in self.index.items():
            if not is_normalized("NFC", word):
                found.setdefault(composed(word), row)
        return found

    @cached_property
    def _otherwise_cased(self) -> dict[str, str]:
        """Words with capitals that no question in small letters finds, such as iPhone."""
        if not self._has_capitals:
            return {}
        found: dict[str, str] = {}
        for word in self.index:
            small = lower(word, self.language)
            if word != small and word not in forms_of(small, self.language):
                found.setdefault(word.casefold(), word)
        return found

    @cached_property
    def _is_plain(self) -> bool:
        """Whether words have one form of Unicode, and the usual rules of capitals hold."""
        return not self._decomposed and lower("I", self.language) == "i"

    @cached_property
    def _has_capitals(self) -> bool:
        text = "\n".join(self.index)
        return text != lower(text, self.language)

    @cached_property
    def keeps_capitals(self) -> bool:
        """Whether the vocabulary tells capitals from small letters."""
        if not self._has_capitals:
            return False
        count = sum(word != lower(word, self.language) for word in self.index)
        return count > _FEW * len(self.index)

    def as_trained(self, word: str) -> str:
        """Write an unknown word or phrase as the text that the vocabulary comes from would."""
        whole = composed(" ".join(words_of(word)) or word)
        return whole if self.keeps_capitals else lower(whole, self.language)

    def otherwise_cased(self, word: str) -> str | None:
        """Give the word of the vocabulary that differs from an unknown one in capitals alone."""
        return self._otherwise_cased.get(composed(word).casefold())

    def tell_of_capitals(self, words: Iterable[str], what: str) -> None:
        """Warn, once for each `what`, if capitals alone keep many words from being found.

        Parameters
        ----------
        words : iterable of str
            All that were looked up.
        what : str
            What they are, in the plural.
        """
        if what in self._told or not self._otherwise_cased:
            return
        asked = dict.fromkeys(words)
        found = {word: self.otherwise_cased(word) for word in asked if self.row(word) < 0}
        found = {word: other for word, other in found.items() if other is not None}
        if not found or len(found) < _MANY * len(asked):
            return
        word, other = next(iter(found.items()))
        self._told.add(what)
        logger.warning(
            "%s of %s %s are in the vocabulary with other capitals only, such as %s for %s, and "
            "are not found; load the vectors with lowercase (--lowercase)",
            f"{len(found):,}",
            f"{len(asked):,}",
            what,
            other,
            word,
        )
