"""How words are written: blanks between them, capitals, and Unicode's several forms of a letter."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING
from unicodedata import is_normalized, normalize

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FIELD_BLANKS", "composed", "forms_of", "is_phrase", "lower", "words_of"]

FIELD_BLANKS = " \t"
"""What separates the fields of a line in a file, where words may hold any other blank."""

# Turkish, Azerbaijani, Crimean Tatar and Gagauz: i and its capital have a dot, or both have none.
_DOTTED = frozenset({"tr", "tur", "az", "aze", "azj", "azb", "crh", "gag"})
_DOTLESS = "\N{LATIN SMALL LETTER DOTLESS I}"
_TO_LOWER = str.maketrans({"I": _DOTLESS, "İ": "i"})
_TO_UPPER = str.maketrans({"i": "İ", _DOTLESS: "I"})
# What copying and joining of files leaves at the ends of words: marks of byte order and direction.
_INVISIBLE = "\ufeff\u200b\u200e\u200f\u2060\u00ad"
_DOT_ABOVE = "i\N{COMBINING DOT ABOVE}"


def words_of(entry: str) -> list[str]:
    r"""Cut an entry at its blanks: all white space of Unicode, no-break spaces included.

    A vocabulary may hold words with blanks inside, so it is asked for the whole entry first.

    Examples
    --------
    >>> words_of(" New\N{NO-BREAK SPACE}York ")
    ['New', 'York']
    """
    return entry.split()


def is_phrase(entry: str) -> bool:
    """Tell whether an entry of a dictionary holds several words.

    Examples
    --------
    >>> is_phrase("New York"), is_phrase("cat")
    (True, False)
    """
    return len(words_of(entry)) > 1


def composed(text: str) -> str:
    r"""Give a text in Unicode's form NFC, where a letter and its accent are one character.

    Examples
    --------
    >>> composed("an\N{COMBINING TILDE}o") == "año"
    True
    """
    return text if is_normalized("NFC", text) else normalize("NFC", text)


def lower(text: str, language: str | None = None) -> str:
    """Lower-case a text as its language does: with dotless i in Turkish and its like.

    Parameters
    ----------
    text : str
        Any text.
    language : str, optional
        A code such as ``"tr"`` or ``"az-Latn"``.

    Examples
    --------
    >>> lower("İZMİR", "tr"), lower("IZMIR"), lower("IZMIR", "tr") == lower("IZMIR")
    ('izmir', 'izmir', False)
    """
    return (text.translate(_TO_LOWER) if _has_dotted(language) else text).lower()


def forms_of(word: str, language: str | None = None) -> Iterator[str]:
    """Give the ways in which a vocabulary may write a word, the likeliest first.

    As written; lower-cased; capitalized. What has blanks or invisible marks at its ends, or several
    blanks inside, comes once more without them, with single spaces inside.

    Parameters
    ----------
    word : str
        Word or phrase.
    language : str, optional
        Code of its language.

    Yields
    ------
    str
        Different forms.

    Examples
    --------
    >>> list(forms_of("CAT")), list(forms_of("iş", "tr"))
    (['CAT', 'cat', 'Cat'], ['iş', 'İş', 'Iş'])
    >>> list(forms_of(" cat "))
    [' cat ', ' Cat ', 'cat', 'Cat']
    """
    spaced = " ".join(words_of(word.strip(_INVISIBLE)))
    forms = _cased(word, language)
    if spaced and spaced != word:
        forms = chain(forms, _cased(spaced, language))
    yield from dict.fromkeys(forms)


def _cased(word: str, language: str | None) -> Iterator[str]:
    yield word
    whole = composed(word)
    yield whole
    lowered = lower(whole, language)
    yield lowered
    if lowered.isascii() and not _has_dotted(language):  # nearly all words
        yield _capitalized(lowered, language)
        return
    # Others may have lower-cased the vocabulary without a thought of the language.
    plain = whole.lower()
    undotted = plain.replace(_DOT_ABOVE, "i")
    yield plain
    yield undotted
    for form in (lowered, plain, undotted):
        yield _capitalized(form, language)
        yield _capitalized(form, None)


def _capitalized(word: str, language: str | None) -> str:
    start = None if word[:1].isalnum() else re.match(r"\W*", word)
    at = start.end() if start else 0  # behind apostrophes and the like
    first = word[at : at + 1]
    first = first.translate(_TO_UPPER) if _has_dotted(language) else first
    return word[:at] + first.title() + word[at + 1 :]


@cache
def _has_dotted(language: str | None) -> bool:
    """Tell whether a language has both a dotted and a dotless i."""
    return language is not None and re.split("[-_]", language, maxsplit=1)[0].lower() in _DOTTED
