"""Dictionaries as a page to read in a browser."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from alignx.lexicon.formats.content import NOT_IN_XML, Content, Format, holding_no
from alignx.support.files import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alignx.support.files import StrPath

__all__ = ["HTML"]

_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff; }
table { border-collapse: collapse; width: 100%; }
thead th { position: sticky; top: 0; background: #fff; border-bottom: 2px solid #222; }
th, td { text-align: start; padding: .2rem 1rem .2rem 0; vertical-align: top;
  overflow-wrap: anywhere; }
td:first-child { font-weight: 600; }
tbody tr { border-bottom: 1px solid #e4e4e4; }
.n { text-align: end; white-space: nowrap; font-variant-numeric: tabular-nums; color: #666; }
p { color: #666; }
"""


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p>{counts}</p>
<table>
<thead><tr>{names}</tr></thead>
<tbody>
"""


def _write(path: StrPath, content: Content) -> None:
    names = content.languages or ("source", "target")
    columns = [f"<th>{escape(name)}</th>" for name in names]
    if not content.grouped:
        columns += [f'<th class="n">{name}</th>' for name in content.numbers]
    page = _PAGE.format(
        title=escape(f"Dictionary {'-'.join(names)}" if content.languages else "Dictionary"),
        style=_STYLE,
        counts=f"{len(content.entries()):,} headwords, {len(content.pairs):,} translations",
        names="".join(columns),
    )
    with replacing(path) as file:
        file.write(page)
        file.writelines(_rows(content))
        file.write("</tbody>\n</table>\n</body>\n</html>\n")


def _rows(content: Content) -> Iterator[str]:
    of = [f' lang="{escape(code)}"' for code in content.languages or ()] or ["", ""]
    words = f'<tr><td dir="auto"{of[0]}>{{}}</td><td dir="auto"{of[1]}>{{}}</td>'
    if content.grouped:
        for source, targets in content.groups():
            separated = ", ".join(f"<bdi>{escape(target)}</bdi>" for target in targets)
            yield f"{words.format(escape(source), separated)}</tr>\n"
        return
    for source, target, numbers in content.rows():
        cells = "".join(f'<td class="n">{number:.2f}</td>' for number in numbers.values())
        yield f"{words.format(escape(source), escape(target))}{cells}</tr>\n"


HTML = Format(_write, holding_no(rf"{NOT_IN_XML}|[\t\r\n]", "tabs or control characters"), "either")
