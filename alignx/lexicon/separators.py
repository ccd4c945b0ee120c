"""Separators of columns: tabs, spaces, or a mark in nearly all lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from alignx.lexicon.entries import unquoted

if TYPE_CHECKING:
    from alignx.support.text_files import Line

__all__ = ["Separator", "without_comments"]

# A mark separates if nearly all lines hold it; the others are then named as malformed.
_NEARLY_ALL = 0.9
# With the blanks that it needs around it, so that no mark within a word separates.
_SEPARATORS = {
    "|||": re.compile(r" *\|\|\| *"),
    "<->": re.compile(r" *<-> *"),
    "->": re.compile(r" *-> *"),
    "=>": re.compile(r" *=> *"),
    "→": re.compile(r" *→ *"),
    "=": re.compile(r" *= *"),
    " - ": re.compile(r" +- +"),
    " \N{EN DASH} ": re.compile(" +\N{EN DASH} +"),
    " \N{EM DASH} ": re.compile(" +\N{EM DASH} +"),
    " : ": re.compile(r" +: +"),
    ": ": re.compile(r"(?<=\S): +"),
}
_CSV_SEPARATORS = ";", ","


def without_comments(lines: list[Line], notes: list[str]) -> list[Line]:
    """Drop comments before the first pair, or anywhere between tabs."""
    has_tabs = sum("\t" in line.text for line in lines) * 2 > len(lines)
    kept: list[Line] = []
    for line in lines:
        # Words may begin with it: MUSE pairs "#the" and "#der".
        is_comment = (
            line.text.startswith("#")
            and (has_tabs or not kept)
            and "\t" not in line.text
            and not (line.text.count("#") > 1 and len(line.text.split()) == 2)
        )
        if not is_comment:
            kept.append(line)
    if count := len(lines) - len(kept):
        notes.append(f"{count:,} comment{'s' if count > 1 else ''} left out")
    return kept


class Separator(NamedTuple):
    """Separator of cells: a mark, or tabs and spaces.

    Lines split at spaces have two cells, unless `any_width` allows more.
    """

    mark: str | None = None
    width: int = 0
    any_width: bool = False

    @classmethod
    def of(cls, texts: list[str], *, any_width: bool) -> Separator:
        """Determine the separator of a file from all lines."""
        if not any("\t" in text for text in texts):
            for mark in (*_SEPARATORS, *_CSV_SEPARATORS):
                if width := _common_width(texts, mark):
                    return cls(mark, width)
        return cls(any_width=any_width)

    def cells(self, text: str) -> list[str]:
        """Split a line."""
        if self.mark is not None:
            cells = _split_at(self.mark, text)
            # Cells with commas need quotes there, which are then no sign of a phrase.
            return list(map(unquoted, cells)) if self.mark in _CSV_SEPARATORS else cells
        if "\t" in text:
            cells = text.split("\t")
            return [cell.strip(" ") for cell in cells] if " " in text else cells
        # Only ASCII spaces separate: a no-break space may be part of a word.
        return [word for word in text.split(" ") if word]

    def require_width(self, text: str, cells: list[str]) -> None:
        """Refuse a line with another number of cells by a ValueError."""
        n = len(cells)
        if self.mark is not None:
            if n != self.width:
                raise ValueError(
                    f"a line must have {self.width} columns as the others, separated by "
                    f"{self.mark.strip()!r}, got {n}"
                )
        elif "\t" not in text and n != 2 and not (self.any_width and n > 1):
            problem = f"a pair needs two words, got {n}"
            if n > 2:
                problem += "; separate entries of several words by a tab"
            elif blanks := [c for c in cells[0] if c.isspace()]:
                problem += f", {cells[0]!r} (U+{ord(blanks[0]):04X} may be part of a word); "
                problem += "separate words by a tab"
            else:
                problem += f", {cells[0][:50]!r}; separate words by a tab or a space"
            raise ValueError(problem)


def _common_width(texts: list[str], mark: str) -> int:
    """Return the usual number of cells at a mark, or 0."""
    if sum(mark.strip() in text for text in texts) < _NEARLY_ALL * len(texts):
        return 0
    cells = [_split_at(mark, text) for text in texts]
    widths = [len(found) for found in cells if len(found) > 1 and all(found)]
    width = max(set(widths), key=widths.count, default=0)
    if widths.count(width) < _NEARLY_ALL * len(texts):
        return 0
    # "1,5 1.5", "a=b c" and "a,b c,d" are two words a line, separated by a space.
    inside = sum(
        len(text.split()) == 2 and not re.search(rf"{re.escape(mark.strip())}(\s|$)", text)
        for text in texts
    )
    return width if inside * 2 <= len(texts) else 0


def _split_at(mark: str, text: str) -> list[str]:
    """Split a line at a mark; quotes around cells stay."""
    cells = _SEPARATORS[mark].split(text) if mark in _SEPARATORS else _outside_quotes(text, mark)
    return [cell.strip(" ") for cell in cells]


def _outside_quotes(text: str, mark: str) -> list[str]:
    """Split at a mark outside of quotes."""
    if '"' not in text:
        return text.split(mark)
    cells = [""]
    in_quotes = False
    for character in text:
        if character == '"':
            if in_quotes or not cells[-1].strip():
                in_quotes = not in_quotes
            elif cells[-1].endswith('"'):
                in_quotes = True  # doubled
        if character == mark and not in_quotes:
            cells.append("")
        else:
            cells[-1] += character
    return cells
