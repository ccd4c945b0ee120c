"""Checks against numbers and classes in place of words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.errors import FormatError
from alignx.lexicon.entries import COLUMNS_ADVICE, is_number, number_of
from alignx.lexicon.parts_of_speech import are_tags, is_part_of_speech

if TYPE_CHECKING:
    from alignx.lexicon.entries import Entries
    from alignx.support.files import StrPath

__all__ = ["require_words"]

_ENOUGH = 20
_MOST_CLASSES = 60


def require_words(path: StrPath, entries: Entries) -> None:
    """Refuse a dictionary with a column of something else than words."""
    sources, targets, line = entries.sources, entries.targets, entries.lines[0]
    _refuse_classes(path, line, "target", targets, sources)
    _refuse_classes(path, line, "source", sources, targets)
    _refuse_numbers(path, entries)


def _refuse_classes(
    path: StrPath, line: int, name: str, words: list[str], others: list[str]
) -> None:
    """Refuse a column of parts of speech or few different values."""
    different, n_others = set(words), len(set(others))
    are_classes = (len(words) > 1 and are_tags(different)) or (
        n_others > max(2, len(different))
        and len(different) <= _MOST_CLASSES
        and all(map(is_part_of_speech, different))
    )
    are_few = (
        name == "target"
        and len(words) >= _ENOUGH
        and 10 * len(different) <= min(len(words), n_others)
    )
    if are_classes or are_few:
        shown = ", ".join(map(repr, sorted(different)[:3]))
        raise FormatError(
            path,
            f"a {name} must be a word, got a column of {len(different)} different values "
            f"({shown}) in {len(words):,} lines; {COLUMNS_ADVICE}",
            line,
        )


def _refuse_numbers(path: StrPath, entries: Entries) -> None:
    """Refuse a column of frequencies or scores in place of words."""
    are_numbers = is_number(entries.sources[0]), is_number(entries.targets[0])
    if not any(are_numbers):
        return
    words = list(zip(entries.sources, entries.targets, strict=True))
    if any(tuple(map(is_number, pair)) != are_numbers for pair in words):
        return
    if all(are_numbers):
        # "٣" is 3 in other digits.
        if all(number_of(source) != number_of(target) for source, target in words):
            problem = "a dictionary holds words, got numbers only"
            raise FormatError(path, problem, entries.lines[0])
    # "1,000 1.000" are numbers on both sides.
    elif len(words) > 1 and all(any(map(str.isalpha, "".join(pair))) for pair in words):
        problem = f"got a number beside each, {words[0][0]!r} {words[0][1]!r}; {COLUMNS_ADVICE}"
        raise FormatError(path, f"a dictionary holds words, {problem}", entries.lines[0])
