"""Lists of translations in a cell, such as "gato, gata"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alignx.lexicon.entries import is_quoted
from alignx.lexicon.separators import Separator

if TYPE_CHECKING:
    from alignx.lexicon.entries import Notes

__all__ = ["may_be_list", "split_lists"]

# Marks of lists only, then those that phrases hold as well.
_LISTS = {
    mark: re.compile(rf"(?<=\S)\s*{re.escape(mark)}\s*(?=\S)")
    for mark in (
        ";", "|", "\N{FULLWIDTH SEMICOLON}", "\N{IDEOGRAPHIC COMMA}", "\N{ARABIC SEMICOLON}",
        "\N{BULLET}",
    )
}  # fmt: skip
_MAYBE = {
    ",": re.compile(r"(?<=\S),\s+(?=\S)|(?<=[^\W\d]),(?=[^\W\d])"),
    "/": re.compile(r"(?<=\S)\s+/\s+(?=\S)|(?<=[^\W\d_]{2})/(?=[^\W\d_]{2})"),
    "\N{FULLWIDTH COMMA}": re.compile(r"(?<=\w)\s*\N{FULLWIDTH COMMA}\s*(?=\w)"),
    "\N{ARABIC COMMA}": re.compile(r"(?<=\w)\s*\N{ARABIC COMMA}\s*(?=\w)"),
}
_ALL = _LISTS | _MAYBE
_SEMICOLON = Separator(";")
_ENDS_OF_SENTENCES = (
    ".?!\N{HORIZONTAL ELLIPSIS}\N{IDEOGRAPHIC FULL STOP}\N{FULLWIDTH QUESTION MARK}"
    "\N{ARABIC QUESTION MARK}"
)
# A mark splits if this share of all pairs has a list with it, or one of a few pairs.
_SHARE = 0.01
_SHARE_ON_BOTH_SIDES = 0.2
_FEW_PAIRS = 10


def may_be_list(word: str) -> bool:
    """Return True if a word holds a mark between translations."""
    return any(mark in word and pattern.search(word) for mark, pattern in _ALL.items())


def split_lists(words: list[str], odd: list[int], notes: Notes) -> dict[int, list[str]]:
    """Split the cells that list several words, where the file does so consistently.

    Words alternate between source and target; `odd` are the positions of those with other
    characters than letters. Returns the parts by position. A mark in both cells
    of a pair, equally often, is part of phrases if other pairs have no lists.
    """
    parts: dict[int, list[str]] = {}
    for mark in _ALL:
        marked = [i for i in odd if mark in words[i] and not is_quoted(words[i])]
        if mark == "/":
            marked = [i for i in marked if words[i][0] != mark]  # a path: /c/en/cat
        found = {i: _parts(mark, parts.get(i, [words[i]])) for i in marked}
        found = {i: each for i, each in found.items() if len(each) > len(parts.get(i, [""]))}
        if mark in _MAYBE:
            found = _lists(mark, found, words, notes)
        else:
            found = {i: each for i, each in found.items() if words[i] != words[i ^ 1]}
        parts |= found
    notes.count("cell", "split", len(parts))
    return parts


def _parts(mark: str, cells: list[str]) -> list[str]:
    """Split cells at a mark outside of quotes."""
    found: list[str] = []
    for cell in cells:
        if is_quoted(cell):
            found.append(cell)
        else:
            has_quotes = mark == ";" and '"' in cell
            parts = _SEMICOLON.cells(cell) if has_quotes else _ALL[mark].split(cell)
            found += filter(None, parts)
    return found


def _lists(
    mark: str, found: dict[int, list[str]], words: list[str], notes: Notes
) -> dict[int, list[str]]:
    """Select the cells that list words, rather than hold a phrase."""
    n = len(words) // 2
    phrases = {i for i in found if words[i][-1] in _ENDS_OF_SENTENCES}
    found = {i: parts for i, parts in found.items() if i not in phrases}
    equal = {i for i in found if words[i].count(mark) == words[i ^ 1].count(mark)}
    evidence = [i for i in found if i not in equal and not _is_like_phrase(found[i])]
    n_lists = len(evidence)
    if n_lists == 1:
        is_consistent = n == 1 or (n <= _FEW_PAIRS and _is_plain_list(mark, found[evidence[0]]))
    else:
        is_consistent = n_lists > _SHARE * n and n_lists >= len(phrases)
    n_both = sum(words[i] != words[i ^ 1] for i in equal) // 2
    if not is_consistent and n_both > 1 and n_both >= _SHARE_ON_BOTH_SIDES * n:
        is_consistent = n_lists >= len(found) - len(equal) - n_lists and not phrases
    if is_consistent:
        return {i: parts for i, parts in found.items() if words[i] != words[i ^ 1]}
    n_kept = len(found) - len(equal)
    notes.count(f"cell with {mark!r}", "kept as a phrase", n_kept)
    return {}


def _is_like_phrase(parts: list[str]) -> bool:
    """Return True if some parts are words and others are not, as in "New York, NY"."""
    return len({" " in part for part in parts}) > 1


def _is_plain_list(mark: str, parts: list[str]) -> bool:
    """Return True for a list that is the only one in a file of few pairs.

    Words with the same beginning, or small letters at a comma; "Paris, Texas" and "and/or" are
    phrases.
    """
    return parts[0][:2] == parts[1][:2] or (mark != "/" and not any(p[:1].isupper() for p in parts))
