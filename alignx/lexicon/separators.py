"""Separators of cells: tabs, white space, or a mark in nearly all lines."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NEARLY_ALL", "Separator", "find_separator"]

# A mark separates if nearly all lines hold it; the others are then named as malformed.
NEARLY_ALL = 0.9
# Unmistakable marks first; blanks that it needs around it are part of a mark.
_MARKS = [
    "|||", "<->", "<=>", "-->", "==>", "->", "=>", "→", "⇒", "↔", "⇔", "::", "=", "~",
    " - ", " -- ", " \N{EN DASH} ", " \N{EM DASH} ", " : ", ": ", "\N{FULLWIDTH COLON}", ":",
]  # fmt: skip
# Marks of columns or of lists: where two fit, their blanks tell.
_LIST_MARKS = [
    "|", ";", ",", "/", "\N{FULLWIDTH SEMICOLON}", "\N{FULLWIDTH COMMA}", "\N{IDEOGRAPHIC COMMA}",
    "\N{ARABIC SEMICOLON}", "\N{ARABIC COMMA}",
]  # fmt: skip
_PUNCTUATION = ",;:\N{FULLWIDTH COMMA}\N{IDEOGRAPHIC COMMA}\N{ARABIC COMMA}"
_BLANKS = {
    "\N{IDEOGRAPHIC SPACE}": "ideographic space",
    "\N{NO-BREAK SPACE}": "no-break space",
    "\N{EM SPACE}": "em space",
    "\N{EN SPACE}": "en space",
    "  ": "several spaces",
}
_NAMES = {"\t": "tab", " ": "space", ",": "comma", ";": "semicolon", "|": "bar"}
_GIVEN = {name: mark for mark, name in _NAMES.items()} | {r"\t": "\t"}
_IN_CSV = "\t,;|"


class Separator(NamedTuple):
    """Mark between cells; a space stands for tabs or spaces."""

    mark: str

    @classmethod
    def named(cls, delimiter: str) -> Separator:
        """Return the separator of a delimiter, or of its name, such as "tab"."""
        if not delimiter or "\n" in delimiter:
            raise ValueError(f"delimiter must be one or more characters, got {delimiter!r}")
        return cls(_GIVEN.get(delimiter, delimiter))

    def __str__(self) -> str:
        if name := _NAMES.get(self.mark) or _BLANKS.get(self.mark):
            return f"{name}-separated" if self.mark in _NAMES else f"separated by {name}"
        return f"separated by {self.mark.strip()!r}"

    @property
    def is_white(self) -> bool:
        """Whether tabs or spaces separate."""
        return self.mark == " "

    @property
    def is_tab(self) -> bool:
        """Whether tabs alone separate."""
        return self.mark == "\t"

    @property
    def has_quotes(self) -> bool:
        """Whether quotes around cells may enclose the mark."""
        return self.mark in _IN_CSV

    def cells(self, text: str) -> list[str]:
        """Split a line; quotes around cells stay."""
        if self.mark == " " and "\t" not in text:
            words = text.split(" ")
            if len(words) == 2 and words[0] and words[1]:  # as nearly all are
                return words
            words = [word for word in words if word]
            return words if len(words) > 1 else _at_other_blanks(text)
        if self.mark in " \t":
            cells = text.split("\t")
            return [cell.strip(" ") for cell in cells] if " " in text else cells
        if self.mark == "|":
            text = text.strip(" |")  # as in Markdown
        if self.mark in _IN_CSV and '"' in text:
            cells = _quoted_cells(self.mark).findall(text)
        elif self.mark.isspace():
            cells = [cell for cell in re.split(rf"{self.mark}+", text.strip()) if cell]
        else:
            cells = _pattern(self.mark).split(text)
        return [cell.strip(" ") for cell in cells]


WHITE = Separator(" ")


def _at_other_blanks(text: str) -> list[str]:
    """Split at no-break and wide spaces, which are part of words beside spaces."""
    words = re.split(f"[{''.join(blank for blank in _BLANKS if len(blank) == 1)}]+", text.strip())
    return words if len(words) == 2 and all(words) else [text.strip(" ")]


# Marks that some write longer: "--->" and ":=".
_RUNS = {"->": "-+>", "-->": "-+>", "=>": "=+>", "==>": "=+>", "=": ":?=+", " -- ": "--+"}


@cache
def _pattern(mark: str) -> re.Pattern[str]:
    inner = _RUNS.get(mark) or re.escape(mark.strip() or mark)
    before = " +" if mark.startswith(" ") else r"(?<=\S)" if mark == ": " else " *"
    return re.compile(f"{before}{inner}{' +' if mark.endswith(' ') else ' *'}")


@cache
def _quoted_cells(mark: str) -> re.Pattern[str]:
    inner = re.escape(mark)
    return re.compile(rf'(?:\A|{inner}) *("(?:[^"]|"")*" *(?={inner}|\Z)|[^{inner}]*)')


def find_separator(texts: Sequence[str]) -> Separator:
    """Determine the separator of a file by all its lines.

    Raises ValueError if two marks separate equally well.
    """
    n = len(texts)
    if 2 * sum("\t" in text for text in texts) >= n:
        return WHITE
    joined = "\n".join(texts)
    often = [m for m in _MARKS + _LIST_MARKS if joined.count(m.strip()) >= NEARLY_ALL * n]
    fitting = [mark for mark in often if _fits(texts, Separator(mark))]
    if fitting:
        strong = [mark for mark in fitting if mark in _MARKS]
        return Separator(strong[0] if strong else _the_one(fitting, texts, joined))
    for blank in (b for b in _BLANKS if joined.count(b) >= NEARLY_ALL * n):
        # Words may hold any blank but a space, where spaces separate.
        are_words = all(len(WHITE.cells(text)) == 2 and " " in text for text in texts)
        if not are_words and _fits(texts, Separator(blank)):
            return Separator(blank)
    return WHITE


def _fits(texts: Sequence[str], separator: Separator) -> bool:
    """Return True if nearly all lines have the same number of cells."""
    rows = [separator.cells(text) for text in texts]
    full = [row for row in rows if len(row) > 1 and row[0] and any(row[1:])]
    trimmed = [len(row) - next(i for i, cell in enumerate(reversed(row)) if cell) for row in full]
    for widths in (list(map(len, rows)), trimmed):
        width = max(set(widths), key=widths.count, default=0)
        if width > 1 and widths.count(width) >= NEARLY_ALL * len(texts):
            break
    else:
        return False
    if 2 * len(full) <= len(texts):
        return False
    if separator.mark.isspace():
        return True
    return 2 * sum(_is_inside_words(text, separator.mark.strip()) for text in texts) <= len(texts)


def _is_inside_words(text: str, mark: str) -> bool:
    """Return True for two words a line, separated by a space: "1,5 1.5", "a=b c" and "a,b c,d"."""
    words = text.split()
    if (
        len(words) != 2
        or '"' in text
        or re.search(rf"([{_PUNCTUATION}]|{re.escape(mark)})(\s|$)", text)
    ):
        return False
    is_in_phrase = mark in _LIST_MARKS and mark != "/" and sum(mark in word for word in words) == 1
    return not is_in_phrase or bool(re.search(rf"\d{re.escape(mark)}\d", text))


def _the_one(fitting: list[str], texts: Sequence[str], joined: str) -> str:
    """Choose between marks that all separate equally many cells."""
    if "," in fitting and not re.search(r"(?<!\d),|,(?!\d)", joined):
        fitting = [mark for mark in fitting if mark != ","] or fitting  # decimal commas
    # A header, and the marks that lists lack.
    fitting = [mark for mark in fitting if mark in texts[0]] or fitting
    if len(fitting) > 1 and "/" in fitting:
        fitting = [mark for mark in fitting if mark != "/"]
    if len(fitting) > 1:
        tight = [mark for mark in fitting if f"{mark} " not in joined]
        if len(tight) != 1:
            found = " and ".join(map(repr, fitting))
            raise ValueError(
                f"one mark must separate the words, got {found} in all lines; say which one, such "
                f'as delimiter="{fitting[0]}"'
            )
        fitting = tight
    return fitting[0]
