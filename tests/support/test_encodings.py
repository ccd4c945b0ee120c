from __future__ import annotations

import pytest

from alignx.errors import FormatError
from alignx.support.encodings import recoded, wide_encoding

TEXT = "cat 0.5\r\nЮля\t犬 1\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_marks_tell_encodings(encoding: str) -> None:
    data = f"\ufeff{TEXT}".encode(encoding)
    found = wide_encoding(data)
    assert found == (encoding, len(data) - len(TEXT.encode(encoding)))
    pieces = (data[i : i + 3] for i in range(found[1], len(data), 3))
    assert b"".join(recoded(pieces, encoding, "x", "a text")).decode() == TEXT


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_latin_letters_in_utf_16_need_no_mark(encoding: str) -> None:
    for text in (TEXT, "100 300\ncat 0.5", "🎉 1 0.5 0.25"):
        data = text.encode(encoding)
        assert wide_encoding(data) == (encoding, 0)
        assert wide_encoding(data[:-1]) == (encoding, 0)  # the head may end anywhere


@pytest.mark.parametrize(
    "data",
    [b"", b"c\0", TEXT.encode(), b"2 3\nca\0t 1 0 0\n", b"\0" * 99, b"\0\1" * 99, b"\0\0\x80?" * 9],
)
def test_other_data_is_left_alone(data: bytes) -> None:
    assert wide_encoding(data) is None


def test_damaged_text_is_refused() -> None:
    with pytest.raises(FormatError, match="x: a list begins as UTF-16 and is damaged"):
        list(recoded([b"c\0\0\xd8a\0"], "utf-16-le", "x", "a list"))
