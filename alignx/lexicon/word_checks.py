"""Checks against lists, notes, numbers and classes in place of words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alignx.errors import FormatError
from alignx.lexicon.entries import is_number, is_quoted, quoted

if TYPE_CHECKING:
    from alignx.lexicon.entries import Entries
    from alignx.support.files import StrPath

__all__ = [
    "is_plain",
    "quoted_if_ambiguous",
    "refuse_notes_and_lists",
    "require_words",
    "word_with_mark",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WIDE_MARKS = (
    "\N{FULLWIDTH COMMA}\N{FULLWIDTH SEMICOLON}\N{IDEOGRAPHIC COMMA}"
    "\N{ARABIC COMMA}\N{ARABIC SEMICOLON}\N{BULLET}"
)
_NOTE = re.compile(
    r"(?:(?<=\s)|^)(?:\[[^\]]+\]|\{[^}]+\}|\([^)]{2,}\))(?:(?=\s)|$)"
    r"|(?<=\w\w)\(\w{1,3}\)"  # perro(a)
    r"|(?<=\w )\([mfn]\)$"
)
_LISTED = {
    ",": re.compile(r",(?=\s+\S)|(?<=[^\W\d]),(?=[^\W\d])"),
    ";": re.compile(r";(?=\s+\S)|(?<=[^\W\d]);(?=[^\W\d])"),
    "/": re.compile(r"(?<=\s)/(?=\s)|(?<=[^\W\d_]{2})/(?=[^\W\d_])"),
    "|": re.compile(r"(?<=\S)\s*\|(?=\s*\S)"),
    **{mark: re.compile(rf"(?<=\w)\s*{mark}(?=\s*\w)") for mark in _WIDE_MARKS},
}
_LISTING = ";|"  # no phrase has these, even if its translation has as many
_ANY_MARK = re.compile(rf'["\[{{(,;:/|{_WIDE_MARKS}]')
_TRAILING = re.compile(rf"[^\W\d][,;:{_WIDE_MARKS}]$")
_WRAPPED = re.compile(
    r"'.+'|\u2018.+\u2019|\u201a.+[\u2018\u2019]|“.+”|”.+”|„.+[“”]|«.+»|».+«|\u2039.+\u203a"
    r"|「.+」|『.+』|`.+`"
)
_GENDER = re.compile(r"\w[^\s]* (?:[mfn]|mf|fm)(?:\.| ?pl\.?)?$")
_MOST_MARKED = 0.01
_TAGS = _words(
    "ADJ ADP ADV AUX CCONJ CONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X"
)
_PARTS_OF_SPEECH = {tag.lower() for tag in _TAGS if len(tag) > 1} | _words(
    "adjective adverb pronoun determiner prep preposition conjunction numeral interjection "
    "particle nn vb jj rb n v vt vi adj adv prep pron conj m f mf "
    "sustantivo verbo adjetivo adverbio nom verbe adjectif adverbe substantiv adjektiv"
)
_ENOUGH = 20
_COLUMNS_ADVICE = "say which columns are source and target, such as columns=(1, 3)"


def is_plain(source: str, target: str) -> bool:
    """Return True if two cells hold no ambiguous mark."""
    return _ANY_MARK.search(f"{source}\t{target}") is None


def quoted_if_ambiguous(source: str, target: str) -> tuple[str, str]:
    """Quote words with ambiguous marks.

    Examples
    --------
    >>> quoted_if_ambiguous("cat", "gato"), quoted_if_ambiguous("hush", "well, then")
    (('cat', 'gato'), ('hush', '"well, then"'))
    """
    if is_plain(source, target):
        return source, target
    return tuple(quoted(word) if _is_ambiguous(word) else word for word in (source, target))  # type: ignore[return-value]  # two


def _is_ambiguous(word: str) -> bool:
    return bool(
        is_quoted(word)
        or _TRAILING.search(word)
        or _NOTE.search(word)
        or any(mark in word and pattern.search(word) for mark, pattern in _LISTED.items())
    )


def refuse_notes_and_lists(source: str, target: str) -> None:
    """Refuse a cell with a note or a list by ValueError.

    A note or mark in both cells, or within quotes, is part of the entry.
    """
    cells = [cell for cell in (source, target) if not is_quoted(cell)]
    if len(cells) == 2:
        notes = [_NOTE.findall(cell) for cell in cells]
        if len(notes[0]) != len(notes[1]):
            note = (notes[0] or notes[1])[0]
            raise ValueError(
                f"a cell must hold a word or a phrase, got the note {note!r} in it; take it "
                "out, put the cell in double quotes if it is part of the entry, or load with "
                'on_error="skip"'
            )
    for mark, pattern in _LISTED.items():
        counts = source.count(mark), target.count(mark)
        if counts[0] == counts[1] and (mark not in _LISTING or source == target):
            continue
        longer = source if counts[0] >= counts[1] else target
        if longer in cells and pattern.search(longer):
            raise ValueError(
                f"a cell must hold one word or phrase, got a list, {longer!r}; write a line for "
                "each, or keep it as a phrase by tabs between cells and double quotes, or load "
                'with on_error="skip"'
            )


def word_with_mark(source: str, target: str) -> str:
    """Return the only word of two with a mark at its end, or ""."""
    first, second = bool(_TRAILING.search(source)), bool(_TRAILING.search(target))
    return "" if first == second else source if first else target


def require_words(path: StrPath, entries: Entries) -> None:
    """Refuse a dictionary with a column of something else than words."""
    _refuse_marks(path, entries)
    _refuse_quotes(path, entries)
    for words in (entries.sources, entries.targets):
        _refuse_genders(path, entries, words)
    _refuse_classes(path, entries, "target", entries.targets, entries.sources)
    _refuse_classes(path, entries, "source", entries.sources, entries.targets)
    _refuse_numbers(path, entries)


def _refuse_marks(path: StrPath, entries: Entries) -> None:
    """Refuse words with a separating mark, unless few, as in MUSE's dictionaries."""
    if len(entries.marked) > _MOST_MARKED * len(entries):
        word, line = entries.marked[0]
        problem = f"words must not keep the mark that separates them, got {word!r}"
        raise FormatError(path, f"{problem}; separate words by tabs alone", line)


def _refuse_quotes(path: StrPath, entries: Entries) -> None:
    """Refuse words in quotes of any script, unless they are few."""
    n = len(entries)
    wrapped = [list(map(_is_wrapped, words)) for words in (entries.sources, entries.targets)]
    on_one_side = max(map(sum, wrapped))
    either = list(map(any, zip(*wrapped, strict=True)))
    both = sum(map(sum, wrapped)) - sum(either)
    if 2 * both > n or (on_one_side > 1 and 2 * on_one_side > n):
        i = either.index(True)
        shown = f"{entries.sources[i]} {entries.targets[i]}"
        raise FormatError(path, f"words must stand without quotes, got {shown}", entries.lines[i])


def _is_wrapped(cell: str) -> bool:
    return not cell[:1].isalpha() and _WRAPPED.fullmatch(cell) is not None


def _refuse_genders(path: StrPath, entries: Entries, words: list[str]) -> None:
    """Refuse nouns with their gender, such as "casa f"."""
    found = [i for i, word in enumerate(words) if " " in word and _GENDER.fullmatch(word)]
    if len(found) > 1 and 10 * len(found) > len(entries):
        problem = f"words must stand without their gender, got {words[found[0]]!r}; take it out"
        raise FormatError(path, problem, entries.lines[found[0]])


def _refuse_classes(
    path: StrPath, entries: Entries, name: str, words: list[str], others: list[str]
) -> None:
    """Refuse a column of parts of speech or few different values."""
    different, n_others = set(words), len(set(others))
    are_tags = len(words) > 1 and different <= _TAGS
    are_classes = (
        n_others > max(2, len(different))
        and len(different) <= len(_PARTS_OF_SPEECH) * 3  # with capitals and dots
        and {word.lower().rstrip(".") for word in different} <= _PARTS_OF_SPEECH
    )
    are_few = (
        name == "target"
        and len(words) >= _ENOUGH
        and 10 * len(different) <= min(len(words), n_others)
    )
    if are_tags or are_classes or are_few:
        shown = ", ".join(map(repr, sorted(different)[:3]))
        raise FormatError(
            path,
            f"a {name} must be a word, got a column of {len(different)} different values "
            f"({shown}) in {len(words):,} lines; {_COLUMNS_ADVICE}",
            entries.lines[0],
        )


def _refuse_numbers(path: StrPath, entries: Entries) -> None:
    """Refuse a column of frequencies or scores in place of words."""
    pairs = list(zip(entries.sources, entries.targets, strict=True))
    are_numbers = tuple(map(is_number, pairs[0]))
    if not any(are_numbers) or any(tuple(map(is_number, pair)) != are_numbers for pair in pairs):
        return
    if all(are_numbers):
        # "٣" is 3 in other digits.
        if all(float(source) != float(target) for source, target in pairs):
            problem = "a dictionary holds words, got numbers only"
            raise FormatError(path, problem, entries.lines[0])
    # "1,000 1.000" are numbers on both sides.
    elif len(pairs) > 1 and all(any(map(str.isalpha, "".join(pair))) for pair in pairs):
        problem = f"got a number beside each, {pairs[0][0]!r} {pairs[0][1]!r}; {_COLUMNS_ADVICE}"
        raise FormatError(path, f"a dictionary holds words, {problem}", entries.lines[0])
