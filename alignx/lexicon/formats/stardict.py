"""Dictionaries for StarDict, GoldenDict, KOReader and the like: an index and its texts."""

from __future__ import annotations

import struct
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from alignx.lexicon.formats.content import Content, Format, holding_no
from alignx.support.files import replacing

if TYPE_CHECKING:
    from alignx.support.files import StrPath

__all__ = ["STARDICT"]

_MOST_BYTES = 255
_has_forbidden = holding_no(r"[\r\n\0]", "line ends or NUL")


def _write(path: StrPath, content: Content) -> None:
    """Write a text with a translation a line for each source word.

    The three files appear whole or not at all. Format by StarDict's ``StarDictFileFormat``.
    """
    groups = sorted((_order(source), targets) for source, targets in content.groups())
    name = "-".join(content.languages) if content.languages else Path(path).stem
    with ExitStack() as stack:
        # Files are renamed in reverse: the description, by which programs find the others, is last.
        description, index, texts = (
            stack.enter_context(replacing(Path(path).with_suffix(suffix), "wb"))
            for suffix in (Path(path).suffix, ".idx", ".dict")
        )
        size = at = 0
        for (_, word), targets in groups:
            text = "\n".join(targets).encode()
            size += index.write(word + b"\0" + struct.pack(">II", at, len(text)))
            at += texts.write(text)
        description.write(
            "StarDict's dict ifo file\nversion=2.4.2\n"
            f"bookname={name}\nwordcount={len(groups)}\nidxfilesize={size}\n"
            "sametypesequence=m\n".encode()
        )
        for file in (description, index, texts):
            file.flush()  # a full disk fails here, before any file is renamed


def _order(word: str) -> tuple[bytes, bytes]:
    """Return the key of StarDict's order: ASCII letters in any case, then bytes."""
    encoded = word.encode()
    return encoded.lower(), encoded


def _check(source: str, target: str) -> str:
    if len(source) * 4 > _MOST_BYTES and len(source.encode()) > _MOST_BYTES:
        return f"StarDict's headwords have at most {_MOST_BYTES} bytes, got {source!r}"
    return _has_forbidden(source, target)


STARDICT = Format(
    _write,
    _check,
    "groups",
    more_files=(".idx", ".dict"),
    in_the_way=(".idx.gz", ".dict.dz"),
)
