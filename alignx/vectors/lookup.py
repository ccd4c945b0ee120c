"""Lookup of words in a vocabulary in any capitals and Unicode form."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING
from unicodedata import is_normalized

import numpy as np

from alignx.vectors.spelling import composed, folded, forms_of, lower, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alignx.support.arrays import Indices

__all__ = ["Lookup"]

# Share of queries that differ in capitals only; acronyms alone explain fewer.
_MANY = 0.05
# Share of a lower-cased vocabulary that keeps capitals, if other rules were used.
_FEW = 0.01

_FORMS = str.maketrans("\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK SMALL LETTER SIGMA}")

logger = logging.getLogger("alignx")


class Lookup:
    r"""Index of words that tries them as written, lower-cased and capitalized.

    Parameters
    ----------
    index : mapping of str to int
        Row of each word that has a vector.
    language : str, optional
        Language code for the rules of capitals.

    Examples
    --------
    >>> german = Lookup({"haus": 0, "Katze": 1, "f\N{LATIN SMALL LETTER U WITH DIAERESIS}r": 2})
    >>> german.rows(["Haus", "katze", "fu\N{COMBINING DIAERESIS}r", "hund"])
    array([ 0,  1,  2, -1])
    """

    def __init__(self, index: Mapping[str, int], language: str | None = None) -> None:
        self.index = index
        self.language = language
        self._warned: set[str] = set()

    def row(self, word: str) -> int:
        """Find the row of a word or phrase; -1 if it is OOV."""
        row = self.index.get(word, -1)
        return row if row >= 0 else self._row_of_other_form(word)

    def rows(self, words: Sequence[str]) -> Indices:
        """Find the row of each word, (p,) int64; -1 for OOV words."""
        return np.fromiter(map(self.row, words), np.int64, count=len(words))

    def row_in_same_case(self, word: str) -> int:
        """Find the row of a word with the same capitals; -1 if there is none."""
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
            # As below, in a tenth of the time.
            return row if row >= 0 else self._row_of_capitals(word)
        for form in forms_of(word, self.language):
            row = self.row_in_same_case(form)
            if row >= 0:
                return row
        return self._row_of_capitals(word)

    def _row_of_capitals(self, word: str) -> int:
        """Find the row of a word that has the same capitals: STRASSE for straße."""
        if "ß" in word or (word.isascii() and not self._folded):
            return -1  # "Maße" is another word than "Masse"
        small = folded(word)
        for row, found in (self._folded.get(small, (-1, "")), (self.index.get(small, -1), small)):
            # Other accents are other words, but not other final letters.
            if row >= 0 and (word.isupper() or _without_final(word) == _without_final(found)):
                return row
        return -1

    @cached_property
    def _folded(self) -> dict[str, tuple[int, str]]:
        """Rows and words, where capitals and small letters do not correspond one to one."""
        text = "\n".join(self.index)
        if folded(text) == text.lower():
            return {}
        found: dict[str, tuple[int, str]] = {}
        for word, row in self.index.items():
            if not word.isascii() and (small := folded(word)) != word.lower():
                found.setdefault(small, (row, word))
        return found

    @cached_property
    def _decomposed(self) -> dict[str, int]:
        """Rows of the few words not in Unicode NFC, by their NFC form."""
        if is_normalized("NFC", "\n".join(self.index)):
            return {}
        found: dict[str, int] = {}
        for word, row in self.index.items():
            if not is_normalized("NFC", word):
                found.setdefault(composed(word), row)
        return found

    @cached_property
    def _unreachable(self) -> dict[str, str]:
        """Words that lower-cased queries do not find, such as iPhone, by their folded form."""
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
        """Whether all words are NFC and the usual rules of capitals hold."""
        return not self._decomposed and lower("I", self.language) == "i"

    @cached_property
    def _has_capitals(self) -> bool:
        text = "\n".join(self.index)
        return text != lower(text, self.language)

    @cached_property
    def is_cased(self) -> bool:
        """Whether the vocabulary distinguishes capitals from small letters."""
        if not self._has_capitals:
            return False
        count = sum(word != lower(word, self.language) for word in self.index)
        return count > _FEW * len(self.index)

    def spell_oov(self, word: str) -> str:
        """Spell an OOV word or phrase like the training text of the vocabulary."""
        whole = composed(" ".join(words_of(word)) or word)
        return whole if self.is_cased else lower(whole, self.language)

    def case_variant(self, word: str) -> str | None:
        """Find a vocabulary word that differs from an OOV word only in capitals."""
        return self._unreachable.get(composed(word).casefold())

    def warn_of_case_variants(self, words: Iterable[str], what: str) -> None:
        """Log a warning, once for each noun `what`, if many words differ in capitals only."""
        if what in self._warned or not self._unreachable:
            return
        asked = dict.fromkeys(words)
        found = {word: self.case_variant(word) for word in asked if self.row(word) < 0}
        found = {word: other for word, other in found.items() if other is not None}
        if not found or len(found) < _MANY * len(asked):
            return
        word, other = next(iter(found.items()))
        self._warned.add(what)
        logger.warning(
            "%s of %s %s are in the vocabulary with other capitals only, such as %s for %s, and "
            'are not found; load the vectors with casing="lower" (--casing lower)',
            f"{len(found):,}",
            f"{len(asked):,}",
            what,
            other,
            word,
        )


def _without_final(word: str) -> str:
    """Lower-case a word, without the final form of sigma and combined dots."""
    return lower(composed(word)).translate(_FORMS).replace("i\N{COMBINING DOT ABOVE}", "i")
