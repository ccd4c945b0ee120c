"""Translation memories: TMX 1.4, read by tools for translators."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from alignx.lexicon.formats.content import NOT_IN_XML, Content, Format, holding_no
from alignx.support.files import replacing

if TYPE_CHECKING:
    from alignx.support.files import StrPath

__all__ = ["TMX"]


def _write(path: StrPath, content: Content) -> None:
    """Write a unit for each pair, with its numbers as properties."""
    codes = [quoteattr(code) for code in content.languages or ()]
    with replacing(path) as file:
        file.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4">\n'
            f'  <header creationtool="alignx" creationtoolversion={quoteattr(version("alignx"))}'
            f' segtype="phrase" o-tmf="alignx" adminlang="en" srclang={codes[0]}'
            ' datatype="plaintext"/>\n  <body>\n'
        )
        for source, target, numbers in content.rows():
            props = "".join(f'<prop type="x-{k}">{n:.4f}</prop>' for k, n in numbers.items())
            variants = "".join(
                f"<tuv xml:lang={code}><seg>{escape(word)}</seg></tuv>"
                for code, word in zip(codes, (source, target), strict=True)
            )
            file.write(f"    <tu>{props}{variants}</tu>\n")
        file.write("  </body>\n</tmx>\n")


TMX = Format(
    _write,
    holding_no(rf"{NOT_IN_XML}|\r", "control characters"),
    needs_languages=True,
)
