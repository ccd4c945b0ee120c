"""Recognition of a header with the names of columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alignx.lexicon.entries import is_number, unquoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alignx.lexicon.entries import Columns

__all__ = ["is_header"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COLUMNS = _words("source src target tgt trg translation word term lemma from to language lang l")
_WORDS_OF_NAMES = _words("word words term language lang side text entry column")
# Column names by language; two of one language are no translations of each other.
_NAMES = [
    _COLUMNS
    | _words(
        "english spanish german french italian portuguese dutch russian chinese japanese korean "
        "arabic turkish polish czech swedish danish norwegian finnish hungarian romanian greek "
        "hebrew hindi ukrainian bulgarian croatian serbian slovak slovenian catalan vietnamese "
        "indonesian persian thai latin"
    ),
    _words(
        "origen destino palabra traducción español inglés alemán francés italiano portugués "
        "catalán ruso chino"
    ),
    _words(
        "quelle ziel wort übersetzung deutsch englisch spanisch französisch italienisch "
        "portugiesisch russisch chinesisch"
    ),
    _words("cible mot traduction français anglais espagnol allemand italien portugais"),
]
# Codes that are everyday words of English, such as "is" and "no", are left out.
_CODES = _words(
    "en es de fr it pt nl sv da fi pl cs ru uk bg ro hu el tr ar fa hi zh ja ko vi ca eu gl sk hr "
    "sr lv lt eng spa deu ger fra fre ita por nld rus zho jpn kor ara tur pol ces"
)
# German "es" is "it", and Spanish "el" is "he".
_TRANSLATIONS = {"es", "it"}, {"el", "he"}


def is_header(
    first: Sequence[str], others: Iterable[Sequence[str]], columns: Columns | None
) -> bool:
    """Return True if the first row names columns.

    `columns` are the numbers of the columns of the words, from 1 [default: the first two].

    Examples
    --------
    >>> is_header(["mot", "wort", "score"], [["chat", "Katze", "0.7"]], None)
    True
    """
    first = [unquoted(cell) for cell in first]
    words = (0, 1) if columns is None else [int(column) - 1 for column in columns[:2]]
    numbers = [place for place in range(2, len(first)) if place not in words]
    if max(words) >= len(first) or any(is_number(first[place]) for place in numbers):
        return False
    if _are_names(*(first[place] for place in words)):
        return True
    named = [place for place in numbers if first[place]]
    rows = list(others) if named else []  # a name over numbers
    return bool(rows) and any(
        all(len(row) > place and is_number(unquoted(row[place])) for row in rows) for place in named
    )


def _are_names(source: str, target: str) -> bool:
    """Return True for two names of columns, False for translations."""
    first, second = source.strip().lower(), target.strip().lower()
    if first == second:
        return False
    if {first, second} <= _CODES:
        return {first, second} not in _TRANSLATIONS
    return any(_is_name(first, names) and _is_name(second, names) for names in _NAMES)


def _is_name(cell: str, names: frozenset[str]) -> bool:
    """Recognize names such as "source", "source_word", "word 1" and "en_word"."""
    parts = [part for part in re.split(r"[\s_\-.]+|(?<=\D)(?=\d+$)", cell) if part]
    if len(parts) == 1:
        return parts[0] in names
    known = names | _WORDS_OF_NAMES | _CODES | {"1", "2"}
    return len(parts) == 2 and not names.isdisjoint(parts) and known.issuperset(parts)
