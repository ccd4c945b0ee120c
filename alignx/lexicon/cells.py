"""Tell words from headers, notes, lists and quotes in the cells of a dictionary."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from alignx.errors import FormatError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "Chosen",
    "Entry",
    "as_number",
    "is_header",
    "is_plain",
    "marked",
    "quoted",
    "refuse_doubtful",
    "refuse_notes_and_lists",
    "unquoted",
]

Chosen: TypeAlias = Sequence[int | str]
"""Columns of source, target, and perhaps score and probability: numbers from 1, or names."""


class Entry(NamedTuple):
    """A pair, with its line, and its score and probability where there are any.

    Attributes
    ----------
    marked : str
        The word that ends in a mark which may separate, if one does.
    """

    line: int
    source: str
    target: str
    numbers: tuple[float, ...] = ()
    marked: str = ""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COLUMNS = _words("source src target tgt trg translation word term lemma from to language lang l")
_WORDS_OF_NAMES = _words("word words term language lang side text entry column")
# Names of columns as one language calls them: two of one list are no translations.
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

_WIDE_MARKS = (
    "\N{FULLWIDTH COMMA}\N{FULLWIDTH SEMICOLON}\N{IDEOGRAPHIC COMMA}"
    "\N{ARABIC COMMA}\N{ARABIC SEMICOLON}\N{BULLET}"
)
_QUOTED = re.compile(r'"(?:[^"]|"")+"')
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
_LISTING = ";|"  # no phrase has these, not even where its translation has as many
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


def as_number(cell: str) -> float:
    """Read a number that was asked for; raises ValueError."""
    try:
        return float(cell)
    except ValueError:
        raise ValueError(f"a score and a probability must be numbers, got {cell!r}") from None


def unquoted(cell: str) -> str:
    """Take the quotes of tables off, where they enclose the whole cell.

    Examples
    --------
    >>> unquoted('"cat"'), unquoted('"'), unquoted('"a ""big"" cat"')
    ('cat', '"', 'a "big" cat')
    """
    return (
        cell[1:-1].replace('""', '"') if cell.startswith('"') and _QUOTED.fullmatch(cell) else cell
    )


def quoted(source: str, target: str) -> tuple[str, str]:
    """Put a pair in quotes as far as it would be read as something else without.

    Examples
    --------
    >>> quoted("cat", "gato"), quoted("hush", "well, then")
    (('cat', 'gato'), ('hush', '"well, then"'))
    """
    if is_plain(source, target):
        return source, target
    first, second = (
        f'"{word.replace(chr(34), chr(34) * 2)}"' if _needs_quotes(word) else word
        for word in (source, target)
    )
    return first, second


def _needs_quotes(word: str) -> bool:
    return bool(
        _QUOTED.fullmatch(word)
        or _TRAILING.search(word)
        or _NOTE.search(word)
        or any(mark in word and pattern.search(word) for mark, pattern in _LISTED.items())
    )


def is_header(rows: Sequence[Sequence[str]], columns: Chosen | None) -> bool:
    """Tell whether the first row names columns.

    Parameters
    ----------
    rows : sequence of sequence of str
        All cells.
    columns : sequence of int, optional
        Numbers of the columns to look at, from 1; the first two unless given.

    Examples
    --------
    >>> is_header([["English", "Spanish"], ["cat", "gato"]], None)
    True
    >>> is_header([["mot", "wort", "score"], ["chat", "Katze", "0.7"]], None)
    True
    """
    first, others = [unquoted(cell) for cell in rows[0]], rows[1:]
    places = (0, 1) if columns is None else [int(column) - 1 for column in columns[:2]]
    others_places = [place for place in range(2, len(first)) if place not in places]
    if max(places) >= len(first) or any(_is_number(first[place]) for place in others_places):
        return False
    if _are_names(*(first[place] for place in places)):
        return True
    # A name over numbers.
    return any(
        first[place]
        and others
        and all(len(row) > place and _is_number(unquoted(row[place])) for row in others)
        for place in others_places
    )


def _are_names(source: str, target: str) -> bool:
    """Tell whether two cells name columns rather than translate each other."""
    first, second = source.strip().lower(), target.strip().lower()
    if first == second:
        return False
    if {first, second} <= _CODES:
        return {first, second} not in _TRANSLATIONS
    return any(_is_name(first, names) and _is_name(second, names) for names in _NAMES)


def _is_name(cell: str, names: frozenset[str]) -> bool:
    """Tell "source", "source_word", "word 1", "en_word" from words."""
    parts = [part for part in re.split(r"[\s_\-.]+|(?<=\D)(?=\d+$)", cell) if part]
    if len(parts) == 1:
        return parts[0] in names
    known = names | _WORDS_OF_NAMES | _CODES | {"1", "2"}
    return len(parts) == 2 and not names.isdisjoint(parts) and known.issuperset(parts)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def is_plain(source: str, target: str) -> bool:
    """Tell whether no mark in two cells can be in doubt, as in nearly all lines."""
    return _ANY_MARK.search(f"{source}\t{target}") is None


def refuse_notes_and_lists(source: str, target: str) -> None:
    """Raise ValueError at a cell that holds a note or several words that are no phrase.

    What both cells hold alike, or quotes enclose, is part of the entry.
    """
    cells = [cell for cell in (source, target) if not _QUOTED.fullmatch(cell)]
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


def marked(source: str, target: str) -> str:
    """Give the cell that ends in a comma, semicolon or colon, if one of the two does."""
    first, second = bool(_TRAILING.search(source)), bool(_TRAILING.search(target))
    return "" if first == second else source if first else target


def refuse_doubtful(path: str | Path, entries: Sequence[Entry]) -> None:
    """Raise FormatError where all pairs together tell that they are no translations."""
    _refuse_marks(path, entries)
    _refuse_classes(path, entries)
    _refuse_numbers(path, entries)


def _refuse_numbers(path: str | Path, entries: Sequence[Entry]) -> None:
    """Refuse frequencies or scores in the place of words."""
    are_numbers = _is_number(entries[0].source), _is_number(entries[0].target)
    if not any(are_numbers) or any(
        (_is_number(entry.source), _is_number(entry.target)) != are_numbers for entry in entries
    ):
        return
    if all(are_numbers):
        # "٣" is 3 in other digits.
        if all(float(entry.source) != float(entry.target) for entry in entries):
            raise FormatError(path, "a dictionary holds words, got numbers only", entries[0].line)
        return
    # "1,000 1.000" are numbers on both sides.
    if len(entries) > 1 and all(map(_has_letter, entries)):
        raise FormatError(
            path,
            f"a dictionary holds words, got a number beside each, {entries[0].source!r} "
            f"{entries[0].target!r}; say which columns are source and target, such as "
            "columns=(1, 3)",
            entries[0].line,
        )


def _has_letter(entry: Entry) -> bool:
    return any(map(str.isalpha, entry.source + entry.target))


def _refuse_marks(path: str | Path, entries: Sequence[Entry]) -> None:
    """Refuse words that kept a comma or quotes, unless they are few, as in MUSE's dictionaries."""
    found = [entry for entry in entries if entry.marked]
    if len(found) > _MOST_MARKED * len(entries):
        raise FormatError(
            path,
            f"words must not keep the mark that separates them, got {found[0].marked!r}; separate "
            "words by tabs alone",
            found[0].line,
        )
    wrapped = [(_is_wrapped(entry.source), _is_wrapped(entry.target)) for entry in entries]
    on_one_side = max(sum(first for first, _ in wrapped), sum(second for _, second in wrapped))
    both = sum(first and second for first, second in wrapped)
    if 2 * both > len(entries) or (on_one_side > 1 and 2 * on_one_side > len(entries)):
        first = entries[next(i for i, marks in enumerate(wrapped) if any(marks))]
        shown = f"{first.source} {first.target}"
        raise FormatError(path, f"words must stand without quotes, got {shown}", first.line)
    for side in ("source", "target"):
        notes = [
            entry
            for entry in entries
            if " " in (cell := getattr(entry, side)) and _GENDER.fullmatch(cell)
        ]
        if len(notes) > 1 and 10 * len(notes) > len(entries):
            shown = getattr(notes[0], side)
            problem = f"words must stand without their gender, got {shown!r}; take it out"
            raise FormatError(path, problem, notes[0].line)


def _is_wrapped(cell: str) -> bool:
    return not cell[:1].isalpha() and _WRAPPED.fullmatch(cell) is not None


def _refuse_classes(path: str | Path, entries: Sequence[Entry]) -> None:
    """Refuse a column of parts of speech, or of very few different values."""
    sides = [entry.source for entry in entries], [entry.target for entry in entries]
    for name, words, others in (("target", sides[1], sides[0]), ("source", *sides)):
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
                f"({shown}) in {len(words):,} lines; say which columns are source and target, such "
                "as columns=(1, 3)",
                entries[0].line,
            )
