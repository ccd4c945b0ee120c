"""Spelling of words: blanks, capitals and Unicode forms."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args
from unicodedata import is_normalized, normalize

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "FIELD_BLANKS",
    "Casing",
    "cased",
    "composed",
    "composed_all",
    "folded",
    "forms_of",
    "is_phrase",
    "lower",
    "require_casing",
    "words_of",
]

Casing: TypeAlias = Literal["keep", "lower", "tr"]
"""Treatment of capitals: kept, lower-cased by the language, or lower-cased as in Turkish."""

FIELD_BLANKS = " \t"
"""Separators of fields in a line; words may hold any other blank."""

# Turkish, Azerbaijani, Crimean Tatar and Gagauz: i and its capital have a dot, or both have none.
_DOTTED = frozenset({"tr", "tur", "az", "aze", "azj", "azb", "crh", "gag"})
_DOTLESS = "\N{LATIN SMALL LETTER DOTLESS I}"
_TO_LOWER = str.maketrans({"I": _DOTLESS, "İ": "i"})
_TO_UPPER = str.maketrans({"i": "İ", _DOTLESS: "I"})
# Marks of byte order and direction, left at the ends of words by copying and joining files.
_INVISIBLE = "\ufeff\u200b\u200e\u200f\u2060\u00ad"
_GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff]")
_TONOS = re.compile("(?<=[\u03b1-\u03c9])\N{COMBINING ACUTE ACCENT}")
# Stress in Cyrillic, vowels in Hebrew and Arabic: dictionaries write them, texts do not.
_POINTS = re.compile(
    "(?<=[\u0400-\u04ff])[\u0300\u0301]|[\u0591-\u05bd\u05bf\u05c1\u05c2\u0640\u064b-\u0652\u0670]"
)
_DOT_ABOVE = "i\N{COMBINING DOT ABOVE}"


def words_of(entry: str) -> list[str]:
    r"""Split an entry at Unicode white space, no-break spaces included.

    A vocabulary may hold words with blanks inside, so look the whole entry up first.

    Examples
    --------
    >>> words_of(" New\N{NO-BREAK SPACE}York ")
    ['New', 'York']
    """
    return entry.split()


def is_phrase(entry: str) -> bool:
    """Test for several words in an entry of a dictionary.

    Examples
    --------
    >>> is_phrase("New York"), is_phrase("cat")
    (True, False)
    """
    return len(words_of(entry)) > 1


def composed(text: str) -> str:
    r"""Normalize a text to Unicode NFC, where an accented letter is one character.

    Examples
    --------
    >>> composed("an\N{COMBINING TILDE}o") == "año"
    True
    """
    return text if is_normalized("NFC", text) else normalize("NFC", text)


def composed_all(words: list[str]) -> list[str]:
    """Normalize words to Unicode NFC, in no time if all of them are."""
    return words if is_normalized("NFC", "\n".join(words)) else list(map(composed, words))


def lower(text: str, language: str | None = None) -> str:
    """Lower-case a text by the rules of its language, such as dotless i in Turkish.

    Examples
    --------
    >>> lower("İZMİR", "tr"), lower("IZMIR"), lower("IZMIR", "tr") == lower("IZMIR")
    ('izmir', 'izmir', False)
    >>> lower("İstanbul"), lower("ΣΟΦΟΣ")
    ('istanbul', 'σοφος')
    """
    if _has_dotted(language):
        text = text.translate(_TO_LOWER)
    lowered = text.lower()
    # Python lower-cases İ to i with one more dot, which no other spelling has.
    return lowered.replace(_DOT_ABOVE, "i") if "İ" in text else lowered


def cased(text: str, casing: Casing, language: str | None = None) -> str:
    """Lower-case a text, or not; "tr" takes the rules of Turkish in any language.

    Examples
    --------
    >>> cased("IZMIR", "keep"), cased("IZMIR", "lower"), cased("İZMİR", "tr")
    ('IZMIR', 'izmir', 'izmir')
    """
    return text if casing == "keep" else lower(text, "tr" if casing == "tr" else language)


def require_casing(casing: str) -> None:
    """Refuse an unknown casing by a ValueError."""
    if casing not in get_args(Casing):
        raise ValueError(f"casing must be 'keep', 'lower' or 'tr', got {casing!r}")


def folded(text: str) -> str:
    """Fold a text like its capitals: ß as ss, final sigma, dots of i, accents of Greek.

    Examples
    --------
    >>> folded("Straße"), folded("σοφός") == folded("ΣΟΦΟΣ")
    ('strasse', True)
    """
    text = composed(text).casefold().replace(_DOT_ABOVE, "i")
    if not _GREEK.search(text):
        return text
    return composed(_TONOS.sub("", normalize("NFD", text)))


def forms_of(word: str, language: str | None = None) -> Iterator[str]:
    """Yield possible spellings of a word in a vocabulary, the likeliest first.

    The word as written, lower-cased, and capitalized. A word with blanks or invisible marks at its
    ends, or several blanks inside, comes once more with single spaces inside only; and one with
    stress or vowel marks, without them.

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
    if not word.isascii() and (bare := _POINTS.sub("", composed(spaced))) and bare != spaced:
        forms = chain(forms, _cased(bare, language))
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
    # The vocabulary may have been lower-cased without the rules of the language.
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
    """Test for languages with a dotted and a dotless i."""
    return language is not None and re.split("[-_]", language, maxsplit=1)[0].lower() in _DOTTED
