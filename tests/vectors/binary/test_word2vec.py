"""word2vec's binary format, also against gensim."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignx.errors import FormatError
from alignx.support.file_kinds import WORD2VEC, kind_of
from alignx.vectors.io import load

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.support.arrays import Matrix

WORDS = ["cat", "dog", "sun", "rain", "house", "tree"]


def packed(words: list[bytes], vectors: Matrix, end: bytes = b"", n: int | None = None) -> bytes:
    """Write a file as word2vec does, with `end` behind each row."""
    header = f"{len(words) if n is None else n} {vectors.shape[1]}\n".encode()
    rows = zip(words, vectors.astype("<f4"), strict=True)
    return header + b"".join(word + b" " + row.tobytes() + end for word, row in rows)


def draw(n: int, dimension: int) -> Matrix:
    return np.random.default_rng(n).standard_normal((n, dimension)).astype(np.float32)


@pytest.mark.parametrize("dimension", [1, 4, 300])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_rows_with_and_without_line_ends(tmp_path: Path, dimension: int, end: bytes) -> None:
    """As of GoogleNews, and as word2vec itself writes; named as anything, packed or not."""
    vectors = draw(6, dimension)
    data = packed([word.encode() for word in WORDS], vectors, end)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("GoogleNews.bin", data)
    contents = {"bin": data, "bin.gz": gzip.compress(data), "zip": archive.getvalue(), "vec": data}
    for suffix, content in contents.items():
        path = tmp_path / f"GoogleNews.{suffix}"
        path.write_bytes(content)
        found = load(path)
        assert list(found.words) == WORDS
        np.testing.assert_array_equal(found.vectors, vectors)
        assert str(found.report).startswith("6 words of ")
    assert load(path, limit=2).words == ("cat", "dog")


def test_words_that_are_no_text_are_counted(tmp_path: Path) -> None:
    words = [b"gata", "гп".encode()[:-1], b"ni\xf1o", b"", "日本".encode(), b"gata", b"Gata"]
    path = tmp_path / "en.bin"
    path.write_bytes(packed(words, draw(7, 5)))
    found = load(path)
    assert found.words == ("gata", "日本", "Gata")
    np.testing.assert_array_equal(found.vectors, draw(7, 5)[[0, 4, 6]])
    assert found.report is not None
    assert found.report.notes == ("3 words not in UTF-8 left out",)
    assert found.report.merged == 1
    assert load(path, casing="lower").words == ("gata", "日本")
    path.write_bytes(packed([b"\xff", b"\xfe"], draw(2, 5)))
    with pytest.raises(FormatError, match="no words that are valid UTF-8"):
        load(path)


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("n", [5, 7, 1_000_000_000])
def test_a_header_with_another_count_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, n: int, end: bytes
) -> None:
    path = tmp_path / "en.bin"
    path.write_bytes(packed([word.encode() for word in WORDS], draw(6, 50), end, n))
    found = load(path)
    assert list(found.words) == WORDS
    note = f"the header promises {n:,} rows, the file has 6"
    assert caplog.messages == [f"{path}: {note}"]
    assert str(found.report).endswith(note)


def test_a_file_cut_within_a_row_is_refused(tmp_path: Path) -> None:
    data = packed([word.encode() for word in WORDS], draw(6, 50))
    path = tmp_path / "cut.bin"
    for size in (len(data) - 1, len(data) - 150, len(data) - 203):
        path.write_bytes(data[:size])
        with pytest.raises(FormatError, match=r"ends within row 6 of 6; .* with limit=5"):
            load(path)
        assert load(path, limit=5).words == tuple(WORDS[:5])


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("dimension", [10, 50, 300])
def test_words_with_spaces_as_gensim_writes_them(
    tmp_path: Path, dimension: int, end: bytes
) -> None:
    """Other readers end a word at its first space, and take the rest for numbers."""
    words = ["New York", "cat", "a b c", "Rio de Janeiro", *(f"word{i}" for i in range(9_000))]
    words = [*words[:5000], "San Salvador", *words[5001:-1], "Los Angeles"]
    vectors = draw(len(words), dimension)
    path = tmp_path / "en.bin"
    path.write_bytes(packed([word.encode() for word in words], vectors, end))
    found = load(path)
    assert list(found.words) == words
    np.testing.assert_array_equal(found.vectors, vectors)


def test_numbers_must_be_finite(tmp_path: Path) -> None:
    vectors = draw(6, 3)
    vectors[2, 1] = np.nan
    (tmp_path / "en.bin").write_bytes(packed([word.encode() for word in WORDS], vectors))
    with pytest.raises(FormatError, match="must be finite, that of 'sun' is not"):
        load(tmp_path / "en.bin")


@pytest.mark.parametrize("header", [b"2 0\n", b"2 4000000000\n"])
def test_an_impossible_dimension_is_refused(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "en.bin").write_bytes(header + b"cat \0\0\0\0dog \0\0\0\0")
    with pytest.raises(FormatError, match=r"the dimension must lie in \[1, 100000\]"):
        load(tmp_path / "en.bin")


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text("abñ日.,12", min_size=1, max_size=30), min_size=1, max_size=5, unique=True),
    st.integers(1, 8),
    st.sampled_from(["utf-8", "latin-1"]),
    st.integers(0, 2**32),
)
def test_text_is_never_taken_for_binary(
    words: list[str], dimension: int, encoding: str, seed: int
) -> None:
    vectors = np.random.default_rng(seed).standard_normal((len(words), dimension)).astype("<f4")
    rows = [
        " ".join([word, *map(str, row.tolist())]) for word, row in zip(words, vectors, strict=True)
    ]
    text = "\n".join([f"{len(words)} {dimension}", *rows, ""])
    assert kind_of(text.encode(encoding, "ignore")[:4096]) is not WORD2VEC


@given(st.integers(1, 400), st.integers(0, 2**32), st.booleans())
def test_binary_rows_are_recognized(dimension: int, seed: int, ends: bool) -> None:
    vectors = np.random.default_rng(seed).standard_normal((6, dimension)).astype("<f4")
    data = packed([word.encode() for word in WORDS], vectors, b"\n" if ends else b"")
    assert kind_of(data[:4096]) is WORD2VEC


@pytest.mark.slow
def test_gensim_reads_the_same(tmp_path: Path) -> None:
    gensim = pytest.importorskip("gensim.models", reason="gensim is not installed")
    words = [f"wörd{i}" for i in range(5_000)]
    written = gensim.KeyedVectors(80)
    written.add_vectors(words, draw(len(words), 80))
    for name in ("en.bin", "en.bin.gz"):
        written.save_word2vec_format(str(tmp_path / name), binary=True)
        found = load(tmp_path / name)
        assert list(found.words) == words
        np.testing.assert_array_equal(found.vectors, written.vectors)


@pytest.mark.slow
def test_memory_stays_near_the_matrix(tmp_path: Path) -> None:
    n, dimension = 100_000, 200
    path = tmp_path / "large.bin"
    path.write_bytes(packed([b"w%d" % i for i in range(n)], draw(n, dimension), b"\n"))
    code = (
        "import alignx as ax, alignx.vectors.io\n"
        "from alignx.support.memory import peak_resident\n"
        "before = peak_resident()\n"
        f"assert len(ax.load({str(path)!r})) == {n}\n"
        "print(peak_resident() - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert int(done.stdout) < 1.5 * 4 * n * dimension
