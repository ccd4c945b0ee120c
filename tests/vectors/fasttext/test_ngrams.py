from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignx.vectors.fasttext.ngrams import ngram_hashes


def listed(words: list[bytes], minn: int, maxn: int) -> list[list[int]]:
    hashes, offsets = ngram_hashes(words, minn, maxn)
    assert hashes.dtype == np.uint32
    assert offsets.dtype == np.int64
    assert len(offsets) == len(words) + 1
    return [part.tolist() for part in np.split(hashes, offsets[1:-1])] if words else []


@pytest.mark.slow
@given(st.lists(st.text() | st.binary(), max_size=4), st.integers(-1, 4), st.integers(-1, 7))
def test_ngrams_equal_the_obvious_loop(words: list[str | bytes], minn: int, maxn: int) -> None:
    encoded = [
        word.encode("utf-8", "surrogatepass") if isinstance(word, str) else word for word in words
    ]
    assert listed(encoded, minn, maxn) == [reference(word, minn, maxn) for word in encoded]


def reference(word: bytes, minn: int, maxn: int) -> list[int]:
    """Cut a word into characters, and hash byte by byte."""
    characters: list[bytes] = []
    for value in b"<" + word + b">":
        if value & 0xC0 == 0x80:
            characters[-1] += bytes([value])
        else:
            characters.append(bytes([value]))
    hashes = []
    for start in range(len(characters)):
        for n in range(max(minn, 1), min(maxn, len(characters) - start) + 1):
            if n == 1 and start in (0, len(characters) - 1):
                continue
            value = 2_166_136_261
            for byte in b"".join(characters[start : start + n]):
                signed = byte - 256 if byte > 127 else byte
                value = ((value ^ (signed & 0xFFFFFFFF)) * 16_777_619) % 2**32
            hashes.append(value)
    return hashes


def test_blocks_do_not_show() -> None:
    words = [str(number).encode() for number in range(60_000)]
    hashes, offsets = ngram_hashes(words, 2, 4)
    for row in (0, 1, 20_000, 59_999):
        assert hashes[offsets[row] : offsets[row + 1]].tolist() == reference(words[row], 2, 4)
    assert offsets[-1] == len(hashes)


def test_no_words_have_no_ngrams() -> None:
    assert listed([], 3, 6) == []
    assert listed([b"", b"a"], 3, 6)[0] == []
