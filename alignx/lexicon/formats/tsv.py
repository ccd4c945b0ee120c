"""Dictionaries in columns with tabs between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.lexicon.cells import quoted_if_ambiguous
from alignx.lexicon.entries import quoted
from alignx.lexicon.formats.content import Content, Format, holding_no
from alignx.lexicon.header import are_column_names
from alignx.support.files import replacing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alignx.support.files import StrPath

__all__ = ["TSV", "joined"]


def _write(path: StrPath, content: Content) -> None:
    with replacing(path) as file:
        if content.pairs and are_column_names(*content.pairs[0]):
            # Or else the first pair would be read as a header.
            numbers = [] if content.grouped else content.numbers
            file.write("\t".join(["source", "target", *numbers]) + "\n")
        if content.grouped:
            for source, targets in content.groups():
                file.write(f"{quoted_if_ambiguous(source)}\t{joined(targets)}\n")
            return
        for source, target, numbers in content.rows():
            words = map(quoted_if_ambiguous, (source, target))
            file.write("\t".join([*words, *(f"{n:.4f}" for n in numbers.values())]) + "\n")


def joined(words: Iterable[str]) -> str:
    """Join words to one cell, with quotes around those that reading would split or change.

    Examples
    --------
    >>> print(joined(["gato", "gata"]), joined(["a;b", "well, then"]), sep=" | ")
    gato; gata | "a;b"; "well, then"
    """
    return "; ".join(
        quoted(word) if ";" in word or '"' in word else quoted_if_ambiguous(word) for word in words
    )


TSV = Format(_write, holding_no(r"[\t\r\n]", "tabs or line ends"), "either")
