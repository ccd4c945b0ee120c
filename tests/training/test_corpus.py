from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import threading
import tracemalloc
import unicodedata
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignx.errors import FormatError
from alignx.support.tokenizer import tokenize
from alignx.training.corpus import Findings, text_blocks
from alignx.training.corpus_writer import CorpusReport, WordCounts, write_tokenized

if TYPE_CHECKING:
    from alignx.support.tokenizer import Tokenizer

TEXT = "¡El gato duerme!\n\nUn día, l'été… 日本語 हिन्दी\n--- ... ___\nfin"
LINES = ["el gato duerme", "un día l'été 日本語 हिन्दी", "fin"]


def tokenized(
    *contents: bytes, folder: Path, tokenizer: Tokenizer = tokenize, block_bytes: int = 1 << 20
) -> tuple[list[str], CorpusReport, WordCounts]:
    """Write files, and give the lines that come of them."""
    names = []
    for number, content in enumerate(contents):
        names.append(str(folder / f"corpus{number}"))
        Path(names[-1]).write_bytes(content)
    output = io.BytesIO()
    report, counts = write_tokenized(names, output, tokenizer=tokenizer, block_bytes=block_bytes)
    text = output.getvalue().decode()
    assert not text or text.endswith("\n")
    return text.split("\n")[:-1], report, counts


def expected_lines(text: str) -> list[str]:
    """What comes of a text, a line at a time."""
    found = []
    for line in unicodedata.normalize("NFC", text).split("\n"):
        words = [w for w in tokenize(line) if any(c.isalnum() for c in w) and len(w) <= 100]
        found.append(" ".join(words))
    return [line for line in found if line]


def refusal(content: bytes, folder: Path) -> str:
    with pytest.raises(FormatError) as caught:
        tokenized(content, folder=folder)
    assert caught.value.path == str(folder / "corpus0")
    return caught.value.problem


# --- words and lines --------------------------------------------------------------------------


def test_words_are_cut_and_lower_cased_and_lines_kept(tmp_path: Path) -> None:
    lines, report, counts = tokenized(TEXT.encode(), b"Otro\r\n", folder=tmp_path)
    assert lines == [*LINES, "otro"]
    assert (report.lines, report.sentences, report.tokens, report.types) == (6, 4, 10, 10)
    assert report.bytes == len(TEXT.encode()) + 6
    assert counts.counts == Counter(" ".join(lines).split())
    assert str(report) == f"10 words, 10 of them different, in 6 lines ({report.bytes} bytes)"


WORDS = st.text(
    st.sampled_from("aßΣ́日🙂-'_ \t\n\r\x1c\u2028.ह\N{DEVANAGARI SIGN VIRAMA}"), max_size=9
)


@pytest.mark.slow
@given(st.lists(WORDS, max_size=60), st.sampled_from([64, 65, 97, 1 << 20]))
def test_lines_do_not_depend_on_blocks(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str], block_bytes: int
) -> None:
    text = " ".join(parts)
    folder = tmp_path_factory.getbasetemp() / "blocks"
    folder.mkdir(exist_ok=True)
    lines, report, counts = tokenized(text.encode(), folder=folder, block_bytes=block_bytes)
    assert lines == expected_lines(text)
    assert report.lines == text.count("\n") + (not text.endswith("\n") and text != "")
    assert counts.counts == Counter(" ".join(lines).split())


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_packed_text_is_recognized_and_unpacked_to_its_end(
    tmp_path: Path, pack: type[bytes]
) -> None:
    whole = pack(TEXT.encode()[:30]) + pack(TEXT.encode()[30:])
    lines, report, _ = tokenized(whole, folder=tmp_path, block_bytes=16)
    assert lines == LINES
    assert report.bytes == len(TEXT.encode())


def test_long_words_are_left_out_and_counted(tmp_path: Path) -> None:
    text = f"a {'b' * 100} {'c' * 101} {'d' * 300} {'-' * 300} e"
    lines, report, counts = tokenized(text.encode(), folder=tmp_path)
    assert lines == [f"a {'b' * 100} e"]
    assert (report.tokens, report.overlong) == (3, 2)
    assert "2 words of over 100 characters left out" in str(report)
    assert "c" * 101 not in counts.counts


def test_text_without_white_space_is_cut_between_characters(tmp_path: Path) -> None:
    lines, report, _ = tokenized("日本。".encode() * 500, folder=tmp_path, block_bytes=1_000)
    words = lines[0].split()
    assert len(lines) == 1
    assert report.invalid == 0
    assert "".join(words) == "日本" * 500
    assert set(words) <= {"日本", "日", "本"}


@pytest.mark.slow
def test_a_long_line_is_not_held_in_memory(tmp_path: Path) -> None:
    for number, content in enumerate([b"ab " * 4_000_000, b"ab" * 6_000_000]):
        path = tmp_path / f"long{number}"
        path.write_bytes(content)
        findings = Findings()
        tracemalloc.start()
        longest = max(len(block) for block in text_blocks(str(path), findings))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert findings.bytes == len(content)
        assert longest <= 3 << 20
        assert peak < 8 << 20


# --- tokenizers -------------------------------------------------------------------------------


def test_words_of_a_tokenizer_cannot_break_the_file(tmp_path: Path) -> None:
    def cut(line: str) -> tuple[str, ...]:
        return ("", " ", line[:3], "New York", " b\n c\u2028d", "...", "\0")

    lines, _, _ = tokenized("Añb cd\n".encode(), folder=tmp_path, tokenizer=cut)
    assert lines == ["Añb New York b c d"]


def test_a_tokenizer_must_give_words(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="must give a list of words, got the string 'a b'"):
        tokenized(b"a b", folder=tmp_path, tokenizer=lambda text: text)
    with pytest.raises(TypeError, match="expected str"):
        tokenized(b"a b", folder=tmp_path, tokenizer=lambda text: [text, 1])  # type: ignore[list-item]


# --- counts -----------------------------------------------------------------------------------


def test_counts_take_bounded_memory_and_keep_what_is_frequent() -> None:
    counts = WordCounts(most=50)
    for block in range(100):
        counts.add(Counter({"el": 9, "de": 5, **{f"{block}-{i}": 1 for i in range(20)}}))
        assert len(counts.counts) <= 50
    assert counts.most_common(2) == [("el", 900), ("de", 500)]
    assert counts.at_least(100) == ["el", "de"]
    assert counts.types == 2_002


# --- what is wrong with a text ----------------------------------------------------------------


@pytest.mark.parametrize("block_bytes", [16, 1 << 20])
def test_bytes_that_are_no_utf8_are_replaced_and_counted(tmp_path: Path, block_bytes: int) -> None:
    content = "niña \ufffd ".encode() * 20 + b"ca\xf1a \xed\xa0\x80 \xe6\x97 fin \xe6"
    lines, report, _ = tokenized(content, folder=tmp_path, block_bytes=block_bytes)
    escaped = content.decode(errors="surrogateescape")
    assert report.invalid == sum("\udc80" <= c <= "\udcff" for c in escaped) == 7
    assert lines == ["niña " * 20 + "ca a fin"]
    assert "7 invalid bytes replaced" in str(report)


def test_nul_bytes_are_spaces_and_counted(tmp_path: Path) -> None:
    lines, report, _ = tokenized(b"el\0gato\0\0y\0la\n", folder=tmp_path)
    assert lines == ["el gato y la"]
    assert report.nuls == 4
    assert "4 NUL bytes taken for spaces" in str(report)


def test_a_byte_order_mark_is_dropped_and_utf16_refused(tmp_path: Path) -> None:
    lines, report, _ = tokenized(codecs.BOM_UTF8 + b"el gato", folder=tmp_path)
    assert lines == ["el gato"]
    assert report.invalid == 0
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        content = (codecs.BOM_UTF16_LE if encoding == "utf-16-le" else b"") + (
            "El gato duerme.\n" * 9
        ).encode(encoding)
        assert refusal(content, tmp_path).startswith(
            "this is text in UTF-16; convert it to UTF-8 first"
        )
    for encoding in ("utf-16-le", "utf-16-be"):  # without a mark
        content = ("El gato duerme.\n" * 9).encode(encoding)
        assert refusal(content, tmp_path).startswith(
            "this is text in UTF-16; convert it to UTF-8 first"
        )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (bytes(range(256)) * 40, "this is no text in UTF-8: 5,120 of its first 10,240 bytes"),
        ("привет мир\n".encode("cp1251") * 9, "this is no text in UTF-8"),
        (b"%PDF-1.4" + bytes(90), "this is a PDF document"),
        (gzip.compress(bytes(range(256)) * 40, mtime=0), "this is no text in UTF-8"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    assert refusal(content, tmp_path).startswith(problem)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_a_truncated_or_damaged_archive_is_named(tmp_path: Path, pack: type[bytes]) -> None:
    whole = pack(os.urandom(30_000).hex().encode())
    problem = "the archive is truncated or damaged; get it again"
    assert refusal(whole[:-20], tmp_path) == problem
    middle = len(whole) // 2
    damaged = whole[:middle] + bytes(64) + whole[middle + 64 :]
    assert refusal(damaged, tmp_path) == problem


def test_a_missing_file_shows_before_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "es.txt").write_text("el gato")
    output = io.BytesIO()
    for name, problem in (("no-such.txt", "no such file"), (".", "this is a directory")):
        with pytest.raises(OSError, match=problem):
            write_tokenized([str(tmp_path / "es.txt"), str(tmp_path / name)], output)
    assert not output.getvalue()


# --- progress and pipes -----------------------------------------------------------------------


def test_progress_goes_through_all_files(tmp_path: Path) -> None:
    names = [str(tmp_path / "a.txt"), str(tmp_path / "b.gz")]
    Path(names[0]).write_bytes(b"el gato\n" * 1_000)
    Path(names[1]).write_bytes(gzip.compress(b"el gato\n" * 1_000))
    seen: list[float] = []
    write_tokenized(names, io.BytesIO(), block_bytes=512, progress=seen.append)
    assert seen == sorted(seen)
    assert len(set(seen)) > 10
    assert 0 < seen[0] < 0.1
    assert seen[-1] == 1


def test_a_pipe_is_read_once_without_progress(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"el gato\n" * 20_000,))
    writer.start()
    output = io.BytesIO()
    seen: list[float] = []
    write_tokenized([str(pipe)], output, progress=seen.append)
    writer.join()
    assert output.getvalue() == b"el gato\n" * 20_000
    assert not seen
