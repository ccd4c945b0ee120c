"""Text without accents and case, or without what a line cannot show."""

from __future__ import annotations

import unicodedata

__all__ = ["JOINERS", "one_line", "plain"]

JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"  # parts of words in Persian and Hindi


def plain(text: str) -> str:
    """Strip case, accents and variants of letters.

    Examples
    --------
    >>> plain("Ñandú"), plain("STRASSE") == plain("straße")
    ('nandu', True)
    """
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def one_line(text: str) -> str:
    r"""Return text on one line, without control characters.

    Examples
    --------
    >>> one_line("two\nlines\u202e")
    'two lines'
    """
    spaced = " ".join(text.split())
    shown = "".join(c for c in spaced if c in JOINERS or unicodedata.category(c)[0] != "C")
    return " ".join(shown.split())
