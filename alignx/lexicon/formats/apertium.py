"""Bilingual dictionaries of Apertium, a machine translation system."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from alignx.lexicon.formats.content import NOT_IN_XML, Content, Format, holding_no
from alignx.support.files import replacing

if TYPE_CHECKING:
    from alignx.support.files import StrPath

__all__ = ["APERTIUM"]

_LEAST = 1e-4  # numbers have 4 decimals


def _write(path: StrPath, content: Content) -> None:
    """Write an entry for each pair; its weight is the negative logarithm of the probability."""
    with replacing(path) as file:
        file.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<dictionary>\n'
            '  <section id="main" type="standard">\n'
        )
        for source, target, numbers in content.rows():
            probability = numbers.get("probability")
            weight = (
                "" if probability is None else f' w="{-math.log(max(probability, _LEAST)):.4f}"'
            )
            words = f"<l>{_text(source)}</l><r>{_text(target)}</r>"
            file.write(f"    <e{weight}><p>{words}</p></e>\n")
        file.write("  </section>\n</dictionary>\n")


def _text(word: str) -> str:
    return escape(word).replace(" ", "<b/>")


APERTIUM = Format(_write, holding_no(rf"{NOT_IN_XML}|[\t\r\n]", "tabs or control characters"))
