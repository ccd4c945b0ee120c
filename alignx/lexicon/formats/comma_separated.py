"""Dictionaries in CSV with a header."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from alignx.lexicon.formats.content import Content, Format, holding_no
from alignx.lexicon.formats.tsv import joined
from alignx.support.files import replacing

if TYPE_CHECKING:
    from alignx.support.files import StrPath

__all__ = ["CSV"]


def _write(path: StrPath, content: Content) -> None:
    with replacing(path) as file:
        write = csv.writer(file, lineterminator="\n").writerow
        write(["source", "target", *(() if content.grouped else content.numbers)])
        if content.grouped:
            for source, targets in content.groups():
                write([source, joined(targets)])
            return
        for source, target, numbers in content.rows():
            write([source, target, *(f"{number:.4f}" for number in numbers.values())])


CSV = Format(_write, holding_no(r"[\r\n\0]", "line ends or NUL"), "either")
