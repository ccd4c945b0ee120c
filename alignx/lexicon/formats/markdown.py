"""Dictionaries as tables in Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alignx.lexicon.formats.content import Content, Format, holding_no
from alignx.support.files import replacing

if TYPE_CHECKING:
    from alignx.support.files import StrPath

__all__ = ["MARKDOWN"]

_MARKS = re.compile(r"[\\`*_\[\]<>|~&$:]")


def _write(path: StrPath, content: Content) -> None:
    names = content.languages or ("source", "target")
    numbers = () if content.grouped else tuple(content.numbers)
    with replacing(path) as file:
        file.write(f"| {' | '.join([*names, *numbers])} |\n")
        file.write(f"| {' | '.join(['---', '---', *('---:' for _ in numbers)])} |\n")
        if content.grouped:
            for source, targets in content.groups():
                file.write(f"| {_escaped(source)} | {', '.join(map(_escaped, targets))} |\n")
            return
        for source, target, values in content.rows():
            cells = _escaped(source), _escaped(target), *(f"{n:.2f}" for n in values.values())
            file.write(f"| {' | '.join(cells)} |\n")


def _escaped(word: str) -> str:
    return _MARKS.sub(r"\\\g<0>", word)


MARKDOWN = Format(_write, holding_no(r"[\r\n\0]", "line ends or NUL"), "either")
