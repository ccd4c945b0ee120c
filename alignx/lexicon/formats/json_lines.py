"""Dictionaries in JSON lines: an object for each pair or source word."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from alignx.lexicon.formats.content import Content, Format
from alignx.support.files import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alignx.support.files import StrPath

__all__ = ["JSON_LINES"]


def _write(path: StrPath, content: Content) -> None:
    with replacing(path) as file:
        for each in _groups(content) if content.grouped else _pairs(content):
            file.write(json.dumps(each, ensure_ascii=False) + "\n")


def _pairs(content: Content) -> Iterator[dict[str, Any]]:
    for source, target, numbers in content.rows():
        rounded = {name: round(number, 4) for name, number in numbers.items()}
        yield {"source": source, "target": target, **rounded}


def _groups(content: Content) -> Iterator[dict[str, Any]]:
    for source, positions in content.entries().items():
        numbers = {
            name: [round(values[i], 4) for i in positions]
            for name, values in content.numbers.items()
        }
        yield {"source": source, "target": [content.pairs[i][1] for i in positions], **numbers}


JSON_LINES = Format(_write, lambda *_: "", "either")
