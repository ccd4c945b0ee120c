"""Recoding of UTF-16 and UTF-32 to UTF-8."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from alignx.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alignx.support.files import StrPath

__all__ = ["recoded", "wide_encoding"]

_MARKS = {  # the longer mark first: it begins with the shorter
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_LEAST = 8  # bytes without a mark that can show an encoding
_LAYOUT = "\t\n\r"


def wide_encoding(head: bytes) -> tuple[str, int] | None:
    r"""Recognize UTF-16 and UTF-32 by the first bytes.

    Returns the codec and the length of the byte order mark, which may be missing from UTF-16 that
    is mostly Latin letters, digits and blanks; None for everything else.

    Examples
    --------
    >>> wide_encoding(b"\xff\xfec\0a\0t\0")
    ('utf-16-le', 2)
    >>> wide_encoding("cat 0.5\n".encode("utf-16-be"))
    ('utf-16-be', 0)
    >>> wide_encoding(b"cat 0.5\n")
    """
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding, len(mark)
    for encoding, high in (("utf-16-le", 1), ("utf-16-be", 0)):
        units = len(head) // 2
        if 2 * units >= _LEAST and 2 * head[high : 2 * units : 2].count(0) > units:
            text = head[: 2 * units].decode(encoding, "replace")[:-1]  # half a pair, perhaps
            is_text = all(letter.isprintable() or letter in _LAYOUT for letter in text)
            if is_text and "\N{REPLACEMENT CHARACTER}" not in text:
                return encoding, 0
    return None


def recoded(pieces: Iterable[bytes], encoding: str, name: StrPath, what: str) -> Iterator[bytes]:
    """Recode pieces of a text, without its mark, to UTF-8; FormatError if it is damaged.

    `what` is a noun for the message, such as "a dictionary".
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in pieces:
            yield decoder.decode(piece).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        problem = f"{what} begins as {encoding[:6].upper()} and is damaged; convert it to UTF-8"
        raise FormatError(name, problem) from error
