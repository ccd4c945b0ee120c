"""Pairs of languages, and those of the published dictionaries."""

from __future__ import annotations

import re
from itertools import permutations
from typing import NamedTuple

__all__ = ["PRESETS", "LanguagePair"]


class LanguagePair(NamedTuple):
    """Codes of source and target language: letters, digits and underscores."""

    source: str
    target: str

    @classmethod
    def parse(cls, text: object) -> LanguagePair:
        """Read a pair such as "en-es"; raises ValueError for anything else.

        Examples
        --------
        >>> LanguagePair.parse("en-es")
        LanguagePair(source='en', target='es')
        """
        found = re.fullmatch(r"(\w+)-(\w+)", text) if isinstance(text, str) else None
        if found is None:
            raise ValueError('must be two codes joined by a hyphen, such as "en-es"')
        return cls(*found.groups())

    def __str__(self) -> str:
        return f"{self.source}-{self.target}"


_XLING = (
    "de-fi de-fr de-hr de-it de-ru de-tr en-de en-fi en-fr en-hr en-it en-ru en-tr fi-fr fi-hr "
    "fi-it fi-ru hr-fr hr-it hr-ru it-fr ru-fr ru-it tr-fi tr-fr tr-hr tr-it tr-ru"
)
_EUROPEAN = ("de", "en", "es", "fr", "it", "pt")
_ONLY_WITH_ENGLISH = (
    "af ar bg bn bs ca cs da el et fa fi he hi hr hu id ja ko lt lv mk ms nl no pl ro ru sk sl sq "
    "sv ta th tl tr uk vi zh"
)
PRESETS: dict[str, tuple[LanguagePair, ...]] = {
    "xling": tuple(map(LanguagePair.parse, _XLING.split())),
    "muse": (
        *(LanguagePair(*codes) for codes in permutations(_EUROPEAN, 2)),
        *(LanguagePair("en", code) for code in _ONLY_WITH_ENGLISH.split()),
        *(LanguagePair(code, "en") for code in _ONLY_WITH_ENGLISH.split()),
    ),
}
"""The 28 pairs of XLING, named as its folders, and 108 of MUSE's 110 dictionaries.

Both lists of MUSE, from and to English, hold the English-English dictionary, which is left out.
"""
