"""Cut the lines of a dictionary into cells: at tabs, at spaces, or at a mark that all share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from alignx.lexicon.cells import unquoted

if TYPE_CHECKING:
    from alignx.support.text_files import Line

__all__ = ["Row", "rows_of", "without_comments"]

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


class Row(NamedTuple):
    """Cells of a line; a problem takes their place where they cannot be told apart."""

    line: int
    cells: list[str]
    problem: str = ""


def without_comments(lines: list[Line], notes: list[str]) -> list[Line]:
    """Leave out comments: behind # before the first pair, or where all pairs have tabs."""
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


def rows_of(lines: list[Line], *, chosen: bool) -> list[Row]:
    """Cut lines into cells: at tabs, at a mark that separates nearly all lines, or at spaces."""
    mark = None if any("\t" in line.text for line in lines) else _separator(lines)
    if mark is None:
        return [_tabs_or_spaces(line, chosen) for line in lines]
    rows = [Row(line.number, _cells(line.text, mark)) for line in lines]
    if mark in _CSV_SEPARATORS:
        # Commas need quotes there, which do not tell then whether a cell is a list.
        rows = [row._replace(cells=list(map(unquoted, row.cells))) for row in rows]
    widths = [len(row.cells) for row in rows if len(row.cells) > 1]
    width = max(set(widths), key=widths.count)
    return [
        row
        if len(row.cells) == width
        else row._replace(
            problem=f"a line must have {width} columns as the others, separated by "
            f"{mark.strip()!r}, got {len(row.cells)}"
        )
        for row in rows
    ]


def _tabs_or_spaces(line: Line, chosen: bool) -> Row:
    if "\t" in line.text:
        cells = line.text.split("\t")
        return Row(line.number, [c.strip(" ") for c in cells] if " " in line.text else cells)
    # Only ASCII spaces separate: a no-break space may be part of a word.
    words = [word for word in line.text.split(" ") if word]
    if len(words) == 2 or (chosen and len(words) > 1):
        return Row(line.number, words)
    problem = f"a pair needs two words, got {len(words)}"
    if len(words) > 2:
        problem += "; separate entries of several words by a tab"
    elif blanks := [c for c in words[0] if c.isspace()]:
        problem += f", {words[0]!r} (U+{ord(blanks[0]):04X} may be part of a word); "
        problem += "separate words by a tab"
    else:
        problem += f", {words[0][:50]!r}; separate words by a tab or a space"
    return Row(line.number, words, problem)


def _separator(lines: list[Line]) -> str | None:
    """Find the mark that separates all lines or nearly all, if spaces do not."""
    texts = [line.text for line in lines]
    for mark in (*_SEPARATORS, *_CSV_SEPARATORS):
        if sum(mark.strip() in text for text in texts) < _NEARLY_ALL * len(texts):
            continue
        cells = [_cells(text, mark) for text in texts]
        widths = [len(found) for found in cells if len(found) > 1 and all(found)]
        width = max(set(widths), key=widths.count, default=0)
        if not width or widths.count(width) < _NEARLY_ALL * len(texts):
            continue
        # "1,5 1.5", "a=b c" and "a,b c,d" are two words a line, separated by a space.
        inside = sum(
            len(text.split()) == 2 and not re.search(rf"{re.escape(mark.strip())}(\s|$)", text)
            for text in texts
        )
        if inside * 2 <= len(texts):
            return mark
    return None


def _cells(text: str, mark: str) -> list[str]:
    """Cut a line at a mark; quotes around cells stay, and a mark within them is none."""
    cells = _SEPARATORS[mark].split(text) if mark in _SEPARATORS else _outside_quotes(text, mark)
    return [cell.strip(" ") for cell in cells]


def _outside_quotes(text: str, mark: str) -> list[str]:
    """Cut at a mark that no quotes enclose."""
    if '"' not in text:
        return text.split(mark)
    cells = [""]
    quoted = False
    for character in text:
        if character == '"' and (quoted or not cells[-1].strip()):
            quoted = not quoted
        elif character == '"' and cells[-1].endswith('"'):
            quoted = True  # doubled
        if character == mark and not quoted:
            cells.append("")
        else:
            cells[-1] += character
    return cells
