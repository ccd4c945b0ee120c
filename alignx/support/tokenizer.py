"""Unicode tokenizer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from itertools import groupby
from typing import TypeAlias

__all__ = ["Tokenizer", "cut", "parts_of", "spellings", "tokenize"]

Tokenizer: TypeAlias = Callable[[str], Iterable[str]]
"""Function from a text to its words, for languages that write without spaces."""

LAST_WITH_MARKS = 0x1FFFF  # no marks beyond, but for variation selectors
_RUN = re.compile(r"(.)\1{2,}", re.IGNORECASE)
JOINERS = "'\N{RIGHT SINGLE QUOTATION MARK}-"


def tokenize(text: str) -> list[str]:
    """Split a text into lower-cased words and symbols.

    A word is a run of letters, combining marks, digits and underscores of any script; single
    apostrophes and hyphens may join several. Any other character but white space is a symbol: a
    punctuation mark, an emoji. Chinese, Japanese, Thai and others without spaces between words need
    another tokenizer; see `alignx.TransferClassifier`.

    Examples
    --------
    >>> tokenize("Don't panic: l'été, हिन्दी!")
    ["don't", 'panic', ':', "l'été", ',', 'हिन्दी', '!']
    """
    return cut(text.lower())


def cut(text: str) -> list[str]:
    """Split a text as `tokenize` does, with its capitals."""
    return _pattern().findall(text)


def spellings(word: str) -> list[str]:
    """Return spellings to look up: as written, with straight quotes, without emphasis.

    Examples
    --------
    >>> spellings("soooo"), spellings("cat")
    (['soooo', 'soo', 'so'], ['cat'])
    """
    straight = word.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    shorter = [_RUN.sub(kept, straight) for kept in (r"\1\1", r"\1")]
    return list(dict.fromkeys([word, straight, *shorter]))


def parts_of(word: str) -> list[str]:
    """Split a word at its apostrophes and hyphens, for OOV words."""
    return [part for part in re.split(f"[{JOINERS}]", word) if part]


@cache
def _pattern() -> re.Pattern[str]:
    """Compile the pattern; `re` has no class of combining marks."""
    is_mark = (unicodedata.category(chr(code))[0] == "M" for code in range(LAST_WITH_MARKS))
    runs = groupby(enumerate(is_mark), key=lambda pair: pair[1])
    marks = ""
    for marked, run in runs:
        codes = [code for code, _ in run]
        if marked:
            marks += f"{chr(codes[0])}-{chr(codes[-1])}"
    # Possessive, as nothing is won by going back. Words that begin with a mark come second: most
    # words are one run of letters, and found before the long list of marks is looked at.
    more = rf"(?:[{marks}]++\w*+)*+"
    more += rf"(?:[{JOINERS}]\w++{more})*+"
    return re.compile(rf"\w++{more}|[{marks}]++\w*+{more}|\S")
