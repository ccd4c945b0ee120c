"""Separators, decimal sign and dimension of text vectors, from a few lines."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from alignx import _core

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["DIALECTS", "Dialect", "Reading", "best_reading", "count_numbers"]

_NOT_FINITE = "numbers must be finite"

_MOST_CANDIDATES = 4
_SURE = 3  # words that cannot all end in a number
_DECIMAL_COMMA = re.compile(rb"[ \t;][+-]?\d*,\d+(e[+-]?\d+)?[ \t\r]*(;|$|[ \t])", re.IGNORECASE)
_ENDS_IN_NUMBER = re.compile(r"[ \t:=|][-+]?[\d.,]+$")
_NUMBERS = {
    sign: re.compile(
        rb"[+-]?((\d+(S\d*)?|S\d+)(e[+-]?\d+)?|nan(\(\w*\))?|inf(inity)?)".replace(
            b"S", re.escape(sign.encode())
        ),
        re.IGNORECASE,
    )
    for sign in ".,"
}


class Dialect(NamedTuple):
    """Separator of fields, where a space stands for any spaces and tabs, and decimal sign.

    Between tabs, words may hold spaces, and only these may be repeated.
    """

    separator: str
    decimal: str

    def __str__(self) -> str:
        sign = "commas" if self.decimal == "," else "points"
        return f"with {self.name} between fields and decimal {sign}"

    @property
    def name(self) -> str:
        """Name of the separators."""
        return {"\t": "tabs", " ": "blanks", ",": "commas", ";": "semicolons"}[self.separator]

    @property
    def is_usual(self) -> bool:
        """Whether spaces or tabs separate numbers with decimal points."""
        return self.separator in " \t" and self.decimal == "."


_BLANKS = Dialect(" ", ".")
DIALECTS = (_BLANKS, *(Dialect(*signs) for signs in (" ,", ",.", ";.", ";,")))
_TABS = (Dialect("\t", "."), Dialect("\t", ","))


class Reading(NamedTuple):
    """Dialect and dimension, and their fit to some lines.

    Attributes
    ----------
    dialect : Dialect
        Separator and decimal sign.
    dimension : int
        Numbers in a line.
    good : int
        Lines that are a word and so many numbers.
    plain : int
        Those whose word holds no separator.
    words : list of str
        Words of good lines.
    """

    dialect: Dialect
    dimension: int
    good: int
    plain: int
    words: list[str]

    @classmethod
    def of(cls, lines: Iterable[bytes], dialect: Dialect, dimension: int) -> Reading:
        """Read lines in a dialect, with so many numbers in each."""
        words, _, _, bad, _, spaced, undecoded = _core.parse_vectors(
            b"\n".join(lines), dimension, 1, *dialect
        )
        # A row of infinite numbers is a row, if not one to keep.
        other = sum(reason.startswith(_NOT_FINITE) for _, reason in bad) + len(undecoded)
        return cls(dialect, dimension, len(words) + other, len(words) - len(spaced) + other, words)


def best_reading(lines: Sequence[bytes], promised: int | None = None) -> Reading | None:
    r"""Find the dialect and the dimension that fit most lines; None if no line is a row.

    Of those that fit equally many, the `promised` dimension is best, then the one in which most
    words hold no separator, then the largest.

    Examples
    --------
    >>> reading = best_reading([b"new york 1 0 0", b"cat 0 1 0"])
    >>> reading.dimension, reading.words
    (3, ['new york', 'cat'])
    >>> best_reading([b"cat;0,5;0,25"]).dialect
    Dialect(separator=';', decimal=',')
    """
    readings: list[Reading] = []
    # The columns of a table are certain, if all lines agree.
    for dialect in _TABS if all(b"\t" in line for line in lines) else ():
        dimension = count_numbers(lines[0], dialect)
        if dimension and (found := Reading.of(lines, dialect, dimension)).good == len(lines):
            return found
    for dialect in DIALECTS:
        if _is_doubtful(lines, dialect):
            continue
        counts = Counter(count for line in lines if (count := count_numbers(line, dialect)))
        candidates = [count for count, _ in counts.most_common(_MOST_CANDIDATES)]
        if promised and candidates and promised <= max(counts):
            candidates.append(promised)
        possible = (Reading.of(lines, dialect, dimension) for dimension in candidates)
        # In "cat 0.1,0.2" the first comma is not behind the word.
        readings += (each for each in possible if not _ends_in_numbers(each))
        if dialect == _BLANKS and any(each.plain == len(lines) for each in readings):
            break
    return max(readings, default=None, key=lambda found: _rank(found, promised))


def _is_doubtful(lines: Sequence[bytes], dialect: Dialect) -> bool:
    """Exclude a dialect whose sign means something else in most lines."""
    if dialect.decimal == ",":  # a few are rather part of words
        n_commas = sum(bool(_DECIMAL_COMMA.search(line)) for line in lines)
        return 2 * n_commas < len(lines)
    sign = dialect.separator.encode()
    n_mixed = sum(sign + b" " in line and sign in line.replace(sign + b" ", b"") for line in lines)
    return dialect.separator == "," and 2 * n_mixed >= len(lines)  # "cat, 0,5, 0,25"


def _ends_in_numbers(found: Reading) -> bool:
    """Test for words that all end in a blank and a number, before other separators."""
    return found.dialect.separator in ",;" and all(
        _ENDS_IN_NUMBER.search(word) for word in found.words or [""]
    )


def _rank(found: Reading, promised: int | None) -> tuple[int, bool, int, int]:
    # Where all words end in a number, the numbers promised are too few.
    is_promised = found.dimension == promised and not (
        len(found.words) >= _SURE and all(_ENDS_IN_NUMBER.search(word) for word in found.words)
    )
    return found.good, is_promised, found.plain, found.dimension


def count_numbers(line: bytes, dialect: Dialect) -> int:
    r"""Count the fields at the end of a line that can be numbers of a vector.

    Examples
    --------
    >>> count_numbers(b"10 000 0.5 0.1", DIALECTS[0]), count_numbers(b"cat gato", DIALECTS[0])
    (3, 0)
    """
    text = line.rstrip(b" \t\r\n")
    blank = dialect.separator == " "
    separator = rb"[ \t]+" if blank else dialect.separator.encode()
    fields = re.split(separator, text.lstrip(b" \t") if blank else text)
    numbers = 0
    for field in reversed(fields):
        if not _NUMBERS[dialect.decimal].fullmatch(field.strip(b" \t")):
            break
        numbers += 1
    has_word = not text.startswith((b" ", b"\t")) if blank else bool(fields[0])
    return min(numbers, len(fields) - has_word)
