"""Words as text that a page can show."""

from __future__ import annotations

import re

__all__ = ["INVISIBLE", "code_points", "printable"]

# Control characters, lone surrogates, and what would turn the text around a word.
UNPRINTABLE = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
# Spaces, marks without width, and letters without ink, such as the Hangul fillers.
INVISIBLE = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u2028-\u202f\u205f-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0]+"
)
MOST = 3  # characters to name


def printable(text: str) -> str:
    r"""Replace what no page shows, or what would turn the text around it.

    A text without ink becomes the numbers of its characters.

    Examples
    --------
    >>> printable("a\0b"), printable("\u200b")
    ('a\ufffdb', 'U+200B')
    """
    if text.strip(" \n") and INVISIBLE.fullmatch(text):
        return code_points(text)
    return UNPRINTABLE.sub("\ufffd", text)


def code_points(text: str) -> str:
    r"""Name the first three characters by their numbers.

    Examples
    --------
    >>> code_points("\u200b\u3164")
    'U+200B U+3164'
    """
    named = " ".join(f"U+{ord(each):04X}" for each in text[:MOST])
    return f"{named} …" if len(text) > MOST else named
