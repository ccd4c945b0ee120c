from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignx.vectors.fasttext.ngrams import ngram_hashes

if TYPE_CHECKING:
    from pathlib import Path

fasttext = pytest.importorskip("fasttext", reason="fasttext is not installed")

WORDS = [
    *("cat", "a", "ab", "New York", "señor", "naïve", "straße", "İstanbul", "ὀδός", "Москва"),
    *("שלום", "مرحبا", "नमस्ते", "สวัสดี", "日本語", "한국어", "e\u0301", "👩\u200d👧", "\U0001d518"),
    *("<", ">", "<>", "\u200d", "\t\0x", "x" * 300, "é" * 80),
]
ODD = [b"\xff", b"caf\xe9", b"\x80\x80abc", b"\xe2\x82", b"a\x80\x80\x80\x80\x80b", b"\xc3(", b"\0"]
LENGTHS = [(3, 6), (1, 2), (2, 2), (1, 20), (0, 3), (5, 5)]


def listed(words: list[bytes], minn: int, maxn: int) -> list[list[int]]:
    hashes, offsets = ngram_hashes(words, minn, maxn)
    assert hashes.dtype == np.uint32
    assert offsets.dtype == np.int64
    assert len(offsets) == len(words) + 1
    return [part.tolist() for part in np.split(hashes, offsets[1:-1])] if words else []


@pytest.fixture(scope="module", params=LENGTHS, ids=str)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401
    folder: Path = tmp_path_factory.mktemp("ngrams")
    minn, maxn = request.param
    (folder / "corpus.txt").write_text("the the the\n")
    # As many buckets as to tell nearly all hashes apart.
    model = fasttext.train_unsupervised(
        str(folder / "corpus.txt"),
        dim=1, bucket=1_999_993, minn=minn, maxn=maxn, minCount=1, epoch=0, thread=1, verbose=0,
    )  # fmt: skip
    return model, minn, maxn


def expected(model: Any, word: str | bytes) -> list[int]:  # noqa: ANN401
    """Give the buckets of the n-grams of a word that was not seen."""
    _, rows = model.get_subwords(word, on_unicode_error="replace")
    return (rows - len(model.get_words())).tolist()  # type: ignore[no-any-return]


def test_ngrams_are_those_of_fasttext(model: Any) -> None:  # noqa: ANN401
    trained, minn, maxn = model
    words = [word.encode() for word in WORDS] + ODD
    found = listed(words, minn, maxn)
    for word, hashes in zip(words, found, strict=True):
        assert [h % 1_999_993 for h in hashes] == expected(trained, word), word
    assert sum(map(len, found)) > 100


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
