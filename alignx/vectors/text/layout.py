"""Header, dialect and dimension of text vectors, from the first lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from alignx.errors import FormatError
from alignx.support.counts import counted
from alignx.support.file_kinds import BINARY
from alignx.vectors.text.dialect import DIALECTS, Dialect, Reading, best_reading, count_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NOT_TEXT", "QUOTED", "TextLayout", "sample"]

NOT_TEXT = "this is not a text file of vectors"
QUOTED = re.compile(r'"(?:[^"]|"")+"')
"""Field in quotes, by the rules of CSV."""

_SAMPLE_LINES = 100
_HEADER = re.compile(rb"[ \t]*(\d{1,18})[ \t,;]+(\d{1,18})([ \t,;].*?)?[ \t\r]*", re.DOTALL)
_MARK = re.compile(r"(?<=\S)[ \t]*(:|=|->|=>|\|)$")  # "cat: 0.1 0.2"
_COUNT = {".": re.compile(r"[ \t,;]+(\d{1,18})$"), ",": re.compile(r"[ \t;]+(\d{1,18})$")}
_DECIMALS = re.compile(rb"[ \t;,][-+]?\d*[.,]\d+(?:e[-+]?\d+)?(?=[ \t;,\r]|$)", re.IGNORECASE)
_LEAST_OF_A_VECTOR, _LEAST_COUNT = 3, 10
_COMMENT = re.compile(rb"[ \t]*(#|%|//)")
# Numbers of rows and dimensions in other forms than a header of word2vec: "1,000 300" and "# 3 2".
_COUNTS = re.compile(
    rb"[ \t]*[#%]?[ \t]*(?:[A-Za-z_ ]+[:= \t]+)?\d{1,3}(?:\d*|(?:[., ]\d{3})+)(?:\.0)?[ \t,;]+"
    rb"(?:[A-Za-z_ ]+[:= \t]+)?\d+(?:\.0)?[ \t\r]*"
)
_NUMBERED = re.compile(r"(\d{1,18})[ \t,;]+(?=.)")
_UNREADABLE = re.compile("[\0-\b\x0e-\x1f]|\ufffd{3}")
_DECIMAL = re.compile(r"[-+]?(\d*[.,]\d+|\d+)(e[-+]?\d+)?", re.IGNORECASE)
_TITLES = frozenset({"", '""', "word", "words", "token", "tokens", "term", "index"})
_SURE_COLUMNS = 5  # so many numbers in a row, from 0 or 1, are no vector
_SURE_ROWS = 3  # so many words behind numbers from 0 or 1 are numbered
_SHOWN = 40
_HINTS = {
    r"\s*[{\[]": "this looks like JSON; write a word and its numbers a line",
    r'[^\t ,;]+[\t ,;]+"?\[': "write the numbers without brackets",
    r"[^\t ]+[\t ]+\d+:-?\d": "sparse vectors cannot be read; write all numbers of a word",
    r"\S+[\t ]+[-+]?[\d.]+[,;]": "write the same sign between the word and all its numbers",
    r"(?:[-+]?\d*[.,]?\d+[\t ,;]+){2,}[^\W\d]\S*$": "write the word before its numbers",
    r'(?:.+[\t ,;])?"[-+]?\d': "write the numbers without quotes",
    r".+[\d.][,;]$": "end the lines behind the last number",
    r"\w+[\u00a0\u2000-\u200a\u3000][-+]?[\d.]": "write plain spaces between the numbers",
    r"\S+[\t ,;]+[^\W\d][^\t ,;]*$": "this looks like a dictionary of word pairs",
}


class TextLayout(NamedTuple):
    """Facts about a text of vectors.

    Attributes
    ----------
    dialect : Dialect
        Separator and decimal sign.
    dimension : int
        Numbers in a line.
    n_rows : int or None
        Number of rows in the header; None without header.
    first_line : int
        Number of the first line of vectors.
    start : int
        Offset of that line.
    is_indented : bool
        Whether all lines begin with a blank.
    is_quoted : bool
        Whether all words are quoted by the rules of CSV where they need to be.
    decoration : pattern, optional
        Part of every word to take off.
    notes : list of str
        Remarks on what was guessed.
    """

    dialect: Dialect
    dimension: int
    n_rows: int | None
    first_line: int
    start: int
    is_indented: bool
    is_quoted: bool
    decoration: re.Pattern[str] | None
    notes: list[str]

    @classmethod
    def of(cls, text: bytes, path: str) -> TextLayout:
        """Inspect the first lines of a text; FormatError if they are not vectors."""
        lines = sample(text)
        n_comments = next((i for i, line in enumerate(lines) if not _is_comment(line.text)), 0)
        rows = lines[n_comments:]
        if not rows:
            raise FormatError(path, "the file holds no vectors")
        notes = [f"{counted(n_comments, 'comment line')} left out"] if n_comments else []
        is_titled = False
        header = _Header.of(rows[0].text)
        if header and not header.comment and len(rows) == 1:
            raise FormatError(path, "the file holds a header but no vectors")
        reading = header.reading(rows[1:], path) if header and len(rows) > 1 else None
        if header and reading:
            rows = rows[1:]
        else:
            reading = _without_header(rows, path)
            if header and (not header.comment or header.dimension == reading.dimension):
                notes.append("the first line is read as a word and numbers, not as a header")
            if is_titled := _is_heading(rows, reading):
                notes.append(f"line {rows[0].number} left out as a heading, {_shown(rows[0].text)}")
                rows = rows[1:]
                reading = Reading.of((row.text for row in rows), *reading[:2])
            header = None
        if counts := _counts_in(rows, reading):
            reading = counts
        if header:
            notes += header.notes(reading)
        if not reading.dialect.is_usual:
            notes.append(f"read {reading.dialect}")
        if reading.dimension == 1 and not header:
            notes.append("each word has one number, as in lists of frequencies")
        decoration, name = _decoration(reading.words, 2 if is_titled else _SURE_ROWS)
        if counts:
            decoration = _COUNT[reading.dialect.decimal]
            name = "counts"
        if decoration:
            notes.append(f"{name} taken off the words")
        return cls(
            reading.dialect,
            reading.dimension,
            header and header.n_rows,
            rows[0].number,
            rows[0].start,
            all(row.text.startswith((b" ", b"\t")) for row in rows),
            reading.dialect.separator in ",;" or all(map(QUOTED.fullmatch, reading.words)),
            decoration,
            notes,
        )


class _Line(NamedTuple):
    """Line of a sample: its number, offset and content without line end."""

    number: int
    start: int
    text: bytes


def sample(text: bytes) -> list[_Line]:
    """Take the first lines that are not blank."""
    lines: list[_Line] = []
    start = number = 0
    while start < len(text) and len(lines) < _SAMPLE_LINES:
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        number += 1
        line = text[start:end].removesuffix(b"\r")
        if line.strip(b" \t\r"):
            lines.append(_Line(number, start, line))
        start = end + 1
    return lines


class _Header(NamedTuple):
    """First line that gives the number of rows and the dimension, and perhaps a comment."""

    n_rows: int
    dimension: int
    comment: bytes
    line: bytes

    @classmethod
    def of(cls, line: bytes) -> _Header | None:
        found = _HEADER.fullmatch(line)
        return cls(int(found[1]), int(found[2]), found[3] or b"", line) if found else None

    def reading(self, lines: Sequence[_Line], path: str) -> Reading | None:
        """Read the other lines; None if this one is a row of numbers itself."""
        found = _required([line.text for line in lines], self.dimension, path)
        if self.comment:
            own = Reading.of([self.line], found.dialect, found.dimension)
            return found if self.dimension == found.dimension and not own.good else None
        if self.dimension == found.dimension:
            return found
        if found.dimension == 1 and all(map(str.isdecimal, found.words)):
            return None
        if found.good < max(len(lines), 2):
            raise FormatError(path, f"{self._difference(found)}; correct the header", 1)
        return found

    def notes(self, found: Reading) -> list[str]:
        """Say where the lines differ."""
        return [] if self.dimension == found.dimension else [self._difference(found)]

    def _difference(self, found: Reading) -> str:
        promise = counted(self.dimension, "dimension")
        return f"the header promises {promise}, the lines have {found.dimension:,}"


def _without_header(lines: Sequence[_Line], path: str) -> Reading:
    """Read lines, the first of which may be a heading."""
    found = _required([line.text for line in lines], None, path)
    if found.dimension == 1 and 2 * found.plain < found.good:
        problem = "lines of two words and a number look like scored pairs of words"
        raise FormatError(path, f"{NOT_TEXT}: {problem}")
    return found


def _is_comment(line: bytes) -> bool:
    return bool(_COMMENT.match(line)) and not any(count_numbers(line, each) for each in DIALECTS)


def _is_heading(lines: Sequence[_Line], found: Reading) -> bool:
    """Recognize titles of columns."""
    first = lines[0].text
    if len(lines) == 1:
        return False
    own = Reading.of([first], found.dialect, found.dimension)
    if _COUNTS.fullmatch(first) and not own.good and found.good == len(lines) - 1:
        return True
    fields = re.split(rb"[ \t,;]+", first.strip(b" \t\r"))
    if not any(count_numbers(b"_ " + field, DIALECTS[0]) for field in fields[1:]):
        return not own.good and found.good == len(lines) - 1
    title = b" ".join(fields[: -found.dimension]).decode(errors="replace").strip().casefold()
    columns = [[str(start + i).encode() for i in range(found.dimension)] for start in (0, 1)]
    is_sure = title in _TITLES or found.dimension >= _SURE_COLUMNS
    return is_sure and fields[-found.dimension :] in columns


def _counts_in(rows: Sequence[_Line], found: Reading) -> Reading | None:
    """Read lines with whole numbers, as counts, before vectors of decimals; None for others."""
    fewer = Reading.of((row.text for row in rows), found.dialect, max(found.dimension - 1, 1))
    if found.dimension < _LEAST_OF_A_VECTOR or fewer.good < len(rows):
        return None
    pattern = _COUNT[found.dialect.decimal]
    counts = [int(number[1]) if (number := pattern.search(word)) else -1 for word in fewer.words]
    are_decimals = all(len(_DECIMALS.findall(row.text)) >= found.dimension - 1 for row in rows)
    return fewer if are_decimals and min(counts) >= 0 and max(counts) >= _LEAST_COUNT else None


def _decoration(words: Sequence[str], sure: int) -> tuple[re.Pattern[str] | None, str]:
    """Find what all words have in common and a person would not read as part of them."""
    ends = {found[1] if (found := _MARK.search(word)) else "" for word in words}
    if len(words) > 1 and len(ends) == 1 and (mark := ends.pop()):
        return _MARK, "colons" if mark == ":" else f"{mark!r} behind each"
    numbers = [int(found[1]) if (found := _NUMBERED.match(word)) else -1 for word in words]
    n = len(words)
    if n >= sure and numbers in (list(range(n)), list(range(1, n + 1))):
        return _NUMBERED, "numbers of rows"
    return None, ""


def _required(rows: Sequence[bytes], promised: int | None, path: str) -> Reading:
    """Read lines, or say what they look like, if they are no vectors."""
    found = best_reading(rows, promised)
    # Binary data can hold a line end behind a digit by chance.
    is_binary = any(b"\0" in row for row in rows)
    if found and all(_DECIMAL.fullmatch(w) and not w.isdecimal() for w in found.words or [""]):
        problem = "each line must begin with a word, all begin with a number"
        raise FormatError(path, f"{problem}; in Python, ax.Embeddings.from_arrays takes these")
    if found and (found.good == len(rows) or (not is_binary and 2 * found.good >= len(rows))):
        return found
    # The first line may be a heading.
    bad = [row for row in rows if not found or not Reading.of([row], *found[:2]).good]
    first = bad[min(1, len(bad) - 1)] if _is_title(bad[0]) else bad[0]
    shown = _shown(first)
    text = first.decode(errors="replace")
    if is_binary or _UNREADABLE.search(text[:_SHOWN]):
        raise FormatError(path, str(BINARY))
    hints = (f"; {hint}" for pattern, hint in _HINTS.items() if re.match(pattern, text))
    problem = f"{NOT_TEXT}: a line is a word and its numbers, found {shown}"
    raise FormatError(path, problem + next(hints, ""))


def _is_title(line: bytes) -> bool:
    return re.split(rb"[\t ,;]", line)[0].decode(errors="replace").casefold() in _TITLES


def _shown(line: bytes) -> str:
    """Quote the beginning of a line."""
    return repr(line[:_SHOWN].decode(errors="backslashreplace").rstrip())
