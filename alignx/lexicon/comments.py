"""Comment lines of dictionaries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alignx.lexicon.separators import Separator

if TYPE_CHECKING:
    from alignx.lexicon.entries import Lines

__all__ = ["is_like_comment", "maybe_comment", "maybe_comments", "without_comments"]

_SIGN = re.compile(r"\s*(#|%|//|--|;|!)")
_FIRST = frozenset("#%/-;! \t")
# Exports of Anki: "#separator:tab", "#columns:Front<TAB>Back".
_SETTING = re.compile(r"#[a-z ]+:")


def maybe_comment(text: str) -> bool:
    """Return True for a line that begins like a comment."""
    return text[:1] in _FIRST and _SIGN.match(text) is not None


def is_like_comment(word: str) -> bool:
    """Return True for a word that makes a line look like a comment: "# 1"."""
    found = _SIGN.match(word) if word[:1] in _FIRST else None
    return found is not None and found.end() < len(word) and not word[found.end()].isalnum()


def maybe_comments(lines: Lines) -> list[int]:
    """Return the numbers of the lines that begin like a comment."""
    return [line for line, text in lines if text[0] in _FIRST and maybe_comment(text)]


def without_comments(lines: Lines, separator: Separator) -> Lines:
    """Drop comments, unless they are pairs of words with such a sign.

    Words may begin with a sign: MUSE pairs "#the" and "#der".
    """
    suspects = set(maybe_comments(lines))
    if not suspects:
        return lines
    if 2 * sum("\t" in text for _, text in lines) > len(lines):
        separator = Separator("\t")
    width = max((len(separator.cells(text)) for _, text in lines[-20:]), default=2)
    dropped: set[int] = set()
    known: set[str] = set()
    for at in [at for at, (line, _) in enumerate(lines) if line in suspects]:
        text = lines[at][1]
        if found := _SIGN.match(text):
            likely = at == len(dropped) or found[1] in known
            if _is_comment(text, found[1], separator, width, likely=likely):
                known.add(found[1])
                dropped.add(lines[at][0])
    kept = [each for each in lines if each[0] not in dropped] if dropped else lines
    return kept or [each for each in lines if not is_like_comment(each[1])]


def _is_comment(text: str, sign: str, separator: Separator, width: int, *, likely: bool) -> bool:
    """Return True for a comment; `likely` in the first lines and where one came before."""
    cells = separator.cells(text)
    words = text.split() if len(cells) == 1 else cells
    if len(words) == 2 and (words[1].startswith(sign) or not any(map(str.isalnum, words[1]))):
        return False
    rest = text.strip(" ")[len(sign) :]
    is_spaced = not rest or not rest[0].isalnum()
    if len(cells) != width:
        return likely or is_spaced or sign == "#"
    if separator.is_white:
        return likely or (is_spaced and sign == "#")
    if sign == "#" and rest[:1] == " " and not separator.is_tab:
        return True
    return likely and ((is_spaced and rest[:1] != "\t") or _SETTING.match(text) is not None)
