"""Dictionaries in columns with tabs between them."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from alignx.lexicon.formats.content import Content, Format, holding_no
from alignx.lexicon.word_checks import quoted_if_ambiguous
from alignx.support.files import replacing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alignx.support.files import StrPath

__all__ = ["TSV", "joined"]


def _write(path: StrPath, content: Content) -> None:
    with replacing(path) as file:
        if content.grouped:
            for source, targets in content.groups():
                file.write(f"{quoted_if_ambiguous(source, source)[0]}\t{joined(targets)}\n")
            return
        for source, target, numbers in content.rows():
            words = quoted_if_ambiguous(source, target)
            file.write("\t".join([*words, *(f"{n:.4f}" for n in numbers.values())]) + "\n")


def joined(words: Iterable[str]) -> str:
    """Join words to one cell, by the rules of CSV with a semicolon.

    Examples
    --------
    >>> print(joined(["gato", "gata"]), joined(["a;b", "c"]), sep=" | ")
    gato; gata | "a;b"; c
    """
    cells = []
    for word in words:
        cell = io.StringIO()
        csv.writer(cell, delimiter=";", lineterminator="").writerow([word])
        cells.append(cell.getvalue())
    return "; ".join(cells)


TSV = Format(_write, holding_no(r"[\t\r\n]", "tabs or line ends"), "either")
