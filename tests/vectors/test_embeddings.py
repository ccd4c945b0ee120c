from __future__ import annotations

import copy
import gzip
import io
import json
import os
import pickle
import re
import subprocess
import sys
import threading
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignx import _core
from alignx.errors import FormatError, OutputError
from alignx.support.arrays import BLOCK_ROWS, LazyRows
from alignx.vectors.embeddings import Embeddings, LoadOptions, LoadReport, guess_language
from alignx.vectors.io import load, save
from alignx.vectors.text import read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike
    from typing_extensions import Buffer

ODD_WORDS = ["a\u00a0b", "c\u2028d", "e\x85f", "g\x0bh", "日本", "🎉", "\ufeff", "</s>", "12", "\r"]


def parse_in_blocks(
    text: bytes,
    block_size: int,
    *,
    limit: int | None = None,
    lowercase: bool = False,
    on_error: Literal["raise", "skip"] = "raise",
) -> Embeddings:
    file: io.BufferedReader = io.BufferedReader(io.BytesIO(text))
    options = LoadOptions(limit, lowercase, None, on_error)
    return read_text(file, "en.vec", options, block_size=block_size)


def report_of(embeddings: Embeddings) -> LoadReport:
    assert embeddings.report is not None
    return embeddings.report


# --- the parser against a reference -----------------------------------------------------------

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
# From here on numbers round to infinity: the largest float32 and half a unit in its last place.
OVERFLOW = Fraction(2) ** 128 - Fraction(2) ** 103


def nearest_float32(text: str) -> np.float32 | None:
    """Round exactly, by comparing fractions; None for what has no finite float32."""
    exact = Fraction(text)
    if abs(exact) >= OVERFLOW:
        return None
    guess = np.float32(float(exact))
    limit = np.finfo(np.float32).max
    near = [np.nextafter(guess, -limit), guess, np.nextafter(guess, limit)]
    finite = [value for value in near if np.isfinite(value)]
    # Of two that are equally near, the one with an even last bit.
    nearest: np.float32 = min(
        finite, key=lambda v: (abs(Fraction(float(v)) - exact), int(v.view(np.int32)) & 1)
    )
    # A fraction has no negative zero.
    return np.float32(np.copysign(nearest, -1 if text.startswith("-") else 1))


def reference_line(line: bytes, dimension: int) -> tuple[str, list[np.float32]] | str:
    """Parse a line field by field; a string is the gist of what is wrong."""
    word, *_ = re.split(rb"[ \t]", line, maxsplit=1)
    fields = re.findall(rb"[^ \t]+", line[len(word) :])
    if not word:
        return "must start with its word"
    try:
        decoded = word.decode()
    except UnicodeDecodeError:
        return "not valid UTF-8"
    if len(fields) != dimension:
        return f"found {len(fields)} numbers"
    numbers = []
    for field in fields:
        text = field.decode(errors="replace")
        if re.fullmatch(r"[+-]?(nan|inf(inity)?)", text, re.IGNORECASE):
            return "must be finite"
        if not NUMBER.fullmatch(text):
            return "is not a number"
        number = nearest_float32(text)
        if number is None:
            return "must be finite"
        numbers.append(number)
    return decoded, numbers


def reference(text: bytes, dimension: int) -> tuple[list[Any], list[tuple[int, str]]]:
    good: list[Any] = []
    bad = []
    for number, raw in enumerate(text.split(b"\n")):
        line = raw.removesuffix(b"\r").rstrip(b" \t")
        if not line:
            continue
        parsed = reference_line(line, dimension)
        if isinstance(parsed, str):
            bad.append((number, parsed))
        else:
            good.append((number, *parsed))
    return good, bad


def odd_number(rng: np.random.Generator) -> str:
    value = np.float32(rng.normal() * 10.0 ** rng.integers(-12, 12))
    bits = np.uint32(rng.integers(0, 0x7F000000))
    anything = float(bits.view(np.float32))
    above = float(np.nextafter(np.float32(anything), np.float32(np.inf)))
    # Exactly between two floats: rounding twice would go wrong here and just beside it.
    halfway = f"{(anything + above) / 2:.160f}" if anything > 1e-30 else "0.5"
    forms = [
        str(value), f"{value:.4f}", f"{value:e}", f"{value:+.3f}", f"{value:.25f}", "0", "-0.0",
        ".5", "5.", "-.25", "+7", "00012.500", repr(anything), str(bits.view(np.float32)),
        f"{bits}", halfway, halfway + "1", "16777217", "16777217.0000001", "9007199254740993",
        "1e-45", "1e-50", "-1e-400", "7.0064923216240853e-46", "3.4028235e38", "1E+5",
    ]  # fmt: skip
    return str(rng.choice(forms))


BAD_NUMBERS = [
    "x", "1e", "1e+", "nan", "-inf", "INFINITY", "1e50", "-1e400", "3.4028236e38", "0x1p3", "--1",
    "+-1", "1_0", ".", "-", "+", "1,5", "1" + "0" * 60, "½", "1.2.3", "1e5.5",
]  # fmt: skip


def odd_line(rng: np.random.Generator, dimension: int) -> bytes:
    word = str(rng.choice(ODD_WORDS)) + str(rng.integers(100))
    fields = [odd_number(rng) for _ in range(dimension)]
    encoded = word.encode()
    match rng.integers(14):
        case 0:
            fields[rng.integers(dimension)] = str(rng.choice(BAD_NUMBERS))
        case 1:
            fields.pop()
        case 2:
            fields.append("1")
        case 3:
            broken = [
                b"\xff",
                b"\xc3",
                b"\xc0\xaf",
                b"\xed\xa0\x80",
                b"\xf4\x90\x80\x80",
                b"\xe2\x28",
            ]
            encoded += broken[rng.integers(len(broken))]
        case 4:
            encoded = b""
        case 5:
            return bytes(rng.choice([b"", b" ", b"\t \r"]))
    blanks = [" ", "  ", "\t", " \t "]
    body = "".join(str(rng.choice(blanks)) + field for field in fields)
    end = str(rng.choice(["", "\r", " ", " \t", "  \r"]))
    return encoded + body.encode() + end.encode()


@pytest.mark.parametrize("n_threads", [1, 2, 7])
@pytest.mark.parametrize("dimension", [1, 2, 5, 17])
def test_the_parser_agrees_with_the_reference(dimension: int) -> None:
    rng = np.random.default_rng(dimension)
    text = b"\n".join(odd_line(rng, dimension) for _ in range(400))
    text += b"\n" if dimension % 2 else b""
    good, bad = reference(text, dimension)
    words, rows, lines, found_bad, n_lines = _core.parse_vectors(text, dimension, n_threads)
    assert words == [word for _, word, _ in good]
    assert lines.tolist() == [number for number, _, _ in good]
    expected = np.array([numbers for _, _, numbers in good], dtype=np.float32)
    np.testing.assert_array_equal(rows.view(np.uint32), expected.view(np.uint32))
    assert [line for line, _ in found_bad] == [line for line, _ in bad]
    for (_, reason), (_, gist) in zip(found_bad, bad, strict=True):
        assert gist in reason
    assert n_lines == 400
    assert len(bad) > 50


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_the_parser_takes_any_contiguous_bytes(kind: Callable[[bytes], Buffer]) -> None:
    words, rows, *_ = _core.parse_vectors(kind(b"cat 1 2"), 2)
    assert words == ["cat"]
    assert rows.tolist() == [[1, 2]]
    assert rows.dtype == np.float32


def test_the_parser_refuses_other_arguments() -> None:
    with pytest.raises(ValueError, match="dimension must be at least 1, got 0"):
        _core.parse_vectors(b"", 0)
    with pytest.raises(ValueError, match="n_threads must be at least 1, got 0"):
        _core.parse_vectors(b"", 1, 0)
    with pytest.raises(ValueError, match="text must be contiguous bytes"):
        _core.parse_vectors(memoryview(b"abcdef")[::2], 1)
    with pytest.raises(TypeError):
        _core.parse_vectors("text", 1)  # type: ignore[arg-type]  # on purpose


def test_the_parser_takes_nothing_and_blank_lines() -> None:
    assert _core.parse_vectors(b"", 3)[4] == 0
    words, rows, lines, bad, n_lines = _core.parse_vectors(b"\n \r\n\t\n", 3)
    assert (words, rows.shape, lines.tolist(), bad, n_lines) == ([], (0, 3), [], [], 3)


def test_the_formatter_refuses_other_arguments() -> None:
    rows = np.ones((2, 3), dtype=np.float32)
    with pytest.raises(ValueError, match="one row for each of the 1 words"):
        _core.format_vectors(["cat"], rows)
    with pytest.raises(ValueError, match=r"decimals must lie in \[0, 20\], got 21"):
        _core.format_vectors(["cat", "dog"], rows, 21)
    with pytest.raises(TypeError):
        _core.format_vectors(["cat", "dog"], rows.astype(np.float64))


# --- text -------------------------------------------------------------------------------------

TABLE = b"4 2\ncat 1 0\ndog .5 -2e-1\na\xc2\xa0b 3 4\nc\xe2\x80\xa8d 5 6\n"
TABLE_WORDS = ("cat", "dog", "a\u00a0b", "c\u2028d")
TABLE_ROWS = np.array([[1, 0], [0.5, -0.2], [3, 4], [5, 6]], dtype=np.float32)


@pytest.mark.parametrize("n_threads", [1, 2, 7])
@pytest.mark.parametrize("block_size", [1, 2, 3, 7, 16, 1000])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b" \n"])
@pytest.mark.parametrize("has_header", [True, False])
@pytest.mark.parametrize("ends_open", [True, False])
def test_blocks_and_line_ends_make_no_difference(
    block_size: int, line_end: bytes, has_header: bool, ends_open: bool
) -> None:
    text = TABLE if has_header else TABLE.partition(b"\n")[2]
    text = text.removesuffix(b"\n") if ends_open else text
    found = parse_in_blocks(text.replace(b"\n", line_end), block_size)
    assert found.words == TABLE_WORDS
    np.testing.assert_array_equal(found.vectors, TABLE_ROWS)
    assert report_of(found).rows == 4


@pytest.mark.parametrize("block_size", [5, 100, 4096])
def test_a_larger_table_in_blocks(block_size: int) -> None:
    rng = np.random.default_rng(8)
    rows = rng.normal(size=(257, 7)).astype(np.float32)
    text = b"".join(f"w{i} {' '.join(map(str, row))}\n".encode() for i, row in enumerate(rows))
    for beginning in (b"", b"257 7\n"):
        found = parse_in_blocks(beginning + text, block_size)
        np.testing.assert_array_equal(found.vectors, rows)
        assert found.words == tuple(f"w{i}" for i in range(257))


@pytest.mark.parametrize("block_size", [4, 30, 1000])
def test_duplicates_keep_the_first(block_size: int) -> None:
    found = parse_in_blocks(b"Cat 1 0\ncat 2 0\nCat 3 0\ndog 0 0\n", block_size)
    assert found.words == ("Cat", "cat", "dog")
    assert found.vectors[:, 0].tolist() == [1, 2, 0]
    assert str(found.report) == "3 words of 2 dimensions; 1 duplicate merged, 1 zero row"
    lowered = parse_in_blocks(b"Cat 1 0\ncat 2 0\nCat 3 0\ndog 0 0\n", block_size, lowercase=True)
    assert lowered.words == ("cat", "dog")
    assert lowered["cat"].tolist() == [1, 0]
    assert report_of(lowered).merged == 2


@pytest.mark.parametrize("block_size", [4, 30, 1000])
def test_nothing_behind_the_limit_matters(block_size: int) -> None:
    text = b"9 2\ncat 1 0\ncat 1 1\ndog 0 1\nbroken line\n"
    found = parse_in_blocks(text, block_size, limit=2)
    assert found.words == ("cat", "dog")
    assert report_of(found) == LoadReport("en.vec", "text", rows=3, dimension=2, merged=1)
    with pytest.raises(FormatError, match=r"en\.vec:5: "):
        parse_in_blocks(text, block_size, limit=3)


@pytest.mark.parametrize("block_size", [4, 30, 1000])
def test_malformed_lines_are_skipped_and_counted(block_size: int) -> None:
    text = b"5 2\ncat 1 0\nnew york 1 2\n\ndog nan 1\n\xff 1 1\ncow 0 1\n"
    found = parse_in_blocks(text, block_size, on_error="skip")
    assert found.words == ("cat", "cow")
    assert str(found.report) == "2 words of 2 dimensions; 3 malformed lines skipped"


@pytest.mark.parametrize(
    ("text", "line", "gist"),
    [
        (b"cat 1 0\ndog 1\ncow 1 1\n", 2, "a word and 2 numbers are expected, found 1 numbers"),
        (b"3 2\ncat 1 0\ndog 1 2 3\ncow 1 1\n", 3, "expected, found 3 numbers"),
        (b"cat 1 0\n\nnew york 1 1\n", 3, "expected, found 3 numbers"),
        (b"2 2\ncat 1 0\ndog 1 x1\n", 3, "'x1' is not a number"),
        (b"2 2\r\ncat 1 0\r\ndog 1 1,5\r\n", 3, "'1,5' is not a number"),
        (b"cat 1 0\ndog 1 nan\n", 2, "numbers must be finite, got nan"),
        (b"cat 1 0\ndog -inf 1\n", 2, "numbers must be finite, got -inf"),
        (b"cat 1 0\ndog 1e39 1\n", 2, "numbers must be finite, got 1e39"),
        (b"cat 1 0\ndo\xe9 1 1\n", 2, "the word is not valid UTF-8"),
        (b"cat 1 0\n 1 1\n", 2, "a line must start with its word"),
        (b"2 2\ncat 1 0\ndog 0 1\ncow 1 1\n", 4, "header promises 2 rows, this is row 3"),
        (b"4 2\ncat 1 0\ndog 0 1\n", 3, "header promises 4 rows, the file ends after 2"),
        (b"2 3\ncat 1 0\ndog 0 1\n", 1, "header promises 3 dimensions, the lines have 2"),
    ],
)
@pytest.mark.parametrize("block_size", [3, 1000])
def test_the_first_bad_line_is_named(
    text: bytes, line: int, gist: str, block_size: int, tmp_path: Path
) -> None:
    with pytest.raises(FormatError, match=re.escape(gist)) as caught:
        parse_in_blocks(text, block_size)
    assert caught.value.line == line
    path = tmp_path / "bad.vec"
    path.write_bytes(text)
    with pytest.raises(FormatError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}: ")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("content", "gist"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"\n\n \n", "the file holds no vectors"),
        (b"3 300\n", "the file holds a header but no vectors"),
        (b"<!DOCTYPE html>\n<html>1 2</html>\n", "this is an HTML page"),
        (b"\xef\xbb\xbf \n<HTML lang=en>\n404 1\n", "this is an HTML page"),
        (bytes(range(256)) * 20, "this is not a text file of vectors"),
        (b"\x00" * 5000, "this is not a text file of vectors"),
        (b"2 4\ncat " + np.ones(4, "<f4").tobytes() * 50, "this is not a text file of vectors"),
        ("2 1\ncat 1\n".encode("utf-16"), "this is not a text file of vectors"),
        (b"cat gato\ndog perro\n", "this is not a text file of vectors"),
        (b"x" * (3 << 20), "the first line is longer than"),
        (b"cat 1 0\ndog" + b" 1" * (5 << 20), "a line is longer than"),
        (gzip.compress(b"cat 1 0\n" * 3000, mtime=0)[:-30], "the archive is truncated or damaged"),
        (
            gzip.compress(b"cat 1 0\n" * 3000, mtime=0)[:-4] + b"abcd",
            "the archive is truncated or damaged",
        ),
        (gzip.compress(b"cat 1 0\n", mtime=0) + b"junk", "the archive is truncated or damaged"),
        (b"\x1f\x8b\x08", "the archive is truncated or damaged"),
        (gzip.compress(b"", mtime=0), "the file is empty"),
    ],
)
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_what_is_no_text_of_vectors_is_named(
    content: bytes, gist: str, on_error: Literal["raise", "skip"], tmp_path: Path
) -> None:
    path = tmp_path / "bad.vec"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        load(path, on_error=on_error)
    assert str(caught.value).startswith(f"{path}: ")
    assert gist in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_without_a_good_line_is_an_error_even_when_skipping() -> None:
    with pytest.raises(
        FormatError, match="no line is well-formed: numbers must be finite, got nan"
    ):
        parse_in_blocks(b"cat nan 1\ndog 1 inf\n", 100, on_error="skip")


def test_a_missing_file_and_a_directory_are_format_errors(tmp_path: Path) -> None:
    for suffix in (".vec", ".bin", ".safetensors"):
        with pytest.raises(FileNotFoundError, match="no such file; check the name"):
            load(tmp_path / f"absent{suffix}")
    with pytest.raises(OSError, match="this is a directory"):
        load(tmp_path)


def test_a_byte_order_mark_is_dropped_at_the_start_only() -> None:
    found = parse_in_blocks(b"\xef\xbb\xbfcat 1\n\xef\xbb\xbfdog 2\n", 100)
    assert found.words == ("cat", "\ufeffdog")


def test_gzip_is_recognized_by_content(tmp_path: Path) -> None:
    path = tmp_path / "wiki.es.txt"
    middle = TABLE.index(b"dog")
    path.write_bytes(gzip.compress(TABLE[:middle]) + gzip.compress(TABLE[middle:]))
    found = load(path)
    assert found.words == TABLE_WORDS
    assert (found.language, found.source) == ("es", "wiki.es.txt")


def test_a_pipe_can_be_read() -> None:
    code = """
from alignx.vectors.io import load
print(load("/dev/stdin").words)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, input=TABLE, capture_output=True, timeout=60, check=True)
    assert done.stdout.decode().strip() == repr(TABLE_WORDS)


@pytest.mark.parametrize("suffix", [".vec", ".vec.gz", ".safetensors"])
def test_progress_rises_to_one(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"en{suffix}"
    many = Embeddings([f"w{i}" for i in range(20_000)], np.full((20_000, 150), 1 / 3))
    save(many, path)
    seen: list[float] = []
    load(path, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert all(0 < fraction <= 1 for fraction in seen)
    assert suffix == ".safetensors" or len(seen) > 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"limit": 0}, "limit must be at least 1, got 0"),
        ({"on_error": "ignore"}, "on_error must be 'raise' or 'skip', got 'ignore'"),
        ({"n_threads": 0}, "n_threads must be at least 1, got 0"),
    ],
)
def test_arguments_of_load_are_checked(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load("absent.vec", **arguments)


def test_memory_stays_near_that_of_the_matrix(shared_data: Path) -> None:
    code = """
import sys
from pathlib import Path
from alignx.vectors.io import load
def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
Path("/proc/self/clear_refs").write_text("5")  # ru_maxrss would begin at the parent's peak
before = status("VmRSS")
found = load(sys.argv[1])
words = sum(map(sys.getsizeof, found.words)) + 8 * len(found)
print((status("VmHWM") - before - words) / found.vectors.nbytes)
"""
    command = [sys.executable, "-c", code, str(shared_data / "vectors" / "es.vec.gz")]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    assert 1 < float(done.stdout) < 1.5


def test_real_vectors_are_read_and_mapped(tmp_path: Path, shared_data: Path) -> None:
    spanish = load(shared_data / "vectors" / "es.vec.gz", limit=5000)
    assert (len(spanish), spanish.dimension, spanish.language) == (5000, 300, "es")
    save(spanish, tmp_path / "es.safetensors")
    assert load(tmp_path / "es.safetensors").checksum == spanish.checksum


# --- saving -----------------------------------------------------------------------------------

encodable = st.characters(exclude_categories=["Cs"], exclude_characters="\n")
any_words = st.lists(st.text(encodable, min_size=1, max_size=8), min_size=1, unique=True)
finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
in_a_folder = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def any_embeddings(draw: st.DrawFn, words: st.SearchStrategy[list[str]]) -> Embeddings:
    chosen = draw(words)
    dimension = draw(st.integers(1, 5))
    size = len(chosen) * dimension
    numbers = draw(st.lists(finite, min_size=size, max_size=size))
    return Embeddings(chosen, np.array(numbers, np.float32).reshape(-1, dimension), "en", "x")


def assert_equal(found: Embeddings, expected: Embeddings) -> None:
    assert tuple(found.words) == expected.words
    assert found.vectors.shape == expected.vectors.shape
    assert found.vectors.tobytes() == expected.vectors.tobytes()


@in_a_folder
@given(any_embeddings(any_words))
def test_a_cache_round_trips(tmp_path: Path, embeddings: Embeddings) -> None:
    path = tmp_path / "cache.safetensors"
    save(embeddings, path)
    found = load(path)
    assert_equal(found, embeddings)
    assert (found.language, found.source) == ("en", "x")
    assert found.checksum == embeddings.checksum


@in_a_folder
@given(
    any_embeddings(any_words.map(lambda ws: list({re.sub("[ \t]", "_", w): 0 for w in ws}))),
    st.sampled_from([".vec", ".txt.gz"]),
)
def test_text_round_trips(tmp_path: Path, embeddings: Embeddings, suffix: str) -> None:
    path = tmp_path / f"text{suffix}"
    save(embeddings, path)
    found = load(path)
    assert_equal(found, embeddings)
    assert found.checksum == embeddings.checksum


@pytest.mark.parametrize("word", ODD_WORDS)
def test_an_odd_word_alone_round_trips(word: str, tmp_path: Path) -> None:
    for suffix in (".vec", ".safetensors"):
        save(Embeddings([word], [[0.0]]), tmp_path / f"en{suffix}")
        assert tuple(load(tmp_path / f"en{suffix}").words) == (word,)


def test_decimals_are_fixed_on_request(tmp_path: Path) -> None:
    save(Embeddings(["cat"], [[1 / 3, -2e5]]), tmp_path / "en.vec", decimals=3)
    assert (tmp_path / "en.vec").read_bytes() == b"1 2\ncat 0.333 -200000.000\n"


def test_equal_embeddings_make_equal_archives(tmp_path: Path) -> None:
    one = Embeddings(["cat"], [[1.0]])
    save(one, tmp_path / "a.vec.gz")
    save(one, tmp_path / "b.vec.gz")
    assert (tmp_path / "a.vec.gz").read_bytes() == (tmp_path / "b.vec.gz").read_bytes()


@pytest.mark.parametrize("word", ["new york", "tab\tbed"])
def test_text_refuses_words_with_separators(word: str, tmp_path: Path) -> None:
    spaced = Embeddings(["cat", word], [[1.0], [2.0]])
    with pytest.raises(FormatError, match=re.escape(f"space or tab, got {word!r}")):
        save(spaced, tmp_path / "en.vec")
    assert list(tmp_path.iterdir()) == []
    save(spaced, tmp_path / "en.safetensors")
    assert word in load(tmp_path / "en.safetensors")


def test_saving_checks_its_arguments(tmp_path: Path) -> None:
    one = Embeddings(["cat"], [[1.0]])
    with pytest.raises(FormatError, match=r"must end in one of \.vec, .*\.safetensors"):
        save(one, tmp_path / "en.npy")
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float16', got 'int8'"):
        save(one, tmp_path / "en.safetensors", dtype="int8")  # type: ignore[arg-type]  # on purpose
    with pytest.raises(ValueError, match=r"float16 is for \.safetensors only"):
        save(one, tmp_path / "en.vec", dtype="float16")
    with pytest.raises(ValueError, match="decimals are for text only"):
        save(one, tmp_path / "en.safetensors", decimals=2)
    with pytest.raises(ValueError, match=r"decimals must lie in \[0, 20\], got -1"):
        save(one, tmp_path / "en.vec", decimals=-1)
    with pytest.raises(OutputError, match="the directory does not exist; create it first"):
        save(one, tmp_path / "absent" / "en.vec")


# --- rows that are computed when they are written ---------------------------------------------


def halved(embeddings: Embeddings) -> LazyRows:
    """Half of the first two numbers of each."""
    return LazyRows(embeddings.vectors, 2, lambda rows: np.ascontiguousarray(rows[:, :2] / 2))


def many(n: int, source: str = "x") -> Embeddings:
    rows = np.random.default_rng(n).integers(-5, 5, (n, 3)).astype(np.float32)
    rows[1::50] = 0
    return Embeddings([f"w{i}" for i in range(n)], rows, "en", source)


@pytest.mark.parametrize("n", [1, 2, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 2 * BLOCK_ROWS])
@pytest.mark.parametrize("name", ["x.safetensors", "half.safetensors", "x.vec", "x.txt.gz"])
def test_computed_rows_are_written_as_if_they_had_been_there(
    n: int, name: str, tmp_path: Path
) -> None:
    dtype: Literal["float32", "float16"] = "float16" if name.startswith("half") else "float32"
    embeddings = many(n)
    rows = halved(embeddings)
    whole, streamed = tmp_path / f"whole.{name}", tmp_path / f"streamed.{name}"
    save(embeddings.with_vectors(rows.collect()), whole, dtype=dtype)
    save(embeddings, streamed, dtype=dtype, rows=rows)
    assert streamed.read_bytes() == whole.read_bytes()
    save(embeddings, tmp_path / "in.safetensors")
    for limit in (None, n):
        cache = load(tmp_path / "in.safetensors", limit=limit)
        save(cache, streamed, dtype=dtype, rows=halved(cache))
        assert streamed.read_bytes() == whole.read_bytes()


def test_the_header_of_a_cache_tells_what_the_written_rows_have(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    lengths = set()
    for padding in range(1, 9):  # of some the header gets longer when 24 more rows become zero
        embeddings = many(40, "x" * padding)
        zeroed = LazyRows(embeddings.vectors, 3, lambda rows: rows * (rows[:, :1] > 0))
        whole = embeddings.with_vectors(zeroed.collect())
        assert embeddings.zero_rows < 10 <= whole.zero_rows
        save(whole, tmp_path / "whole.safetensors")
        save(embeddings, path, rows=zeroed)
        assert path.read_bytes() == (tmp_path / "whole.safetensors").read_bytes()
        found = load(path)
        assert (found.checksum, found.zero_rows) == (whole.checksum, whole.zero_rows)
        save(embeddings, tmp_path / "in.safetensors")
        lengths.add(path.stat().st_size - (tmp_path / "in.safetensors").stat().st_size)
    assert lengths == {0, 8}


@pytest.mark.parametrize("name", ["x.safetensors", "x.vec.gz"])
def test_a_pipe_can_be_written(name: str, tmp_path: Path) -> None:
    embeddings = many(3 * BLOCK_ROWS)
    save(embeddings, tmp_path / f"file.{name}", rows=halved(embeddings))
    os.mkfifo(tmp_path / name)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / name).read_bytes()))
    reader.start()
    save(embeddings, tmp_path / name, rows=halved(embeddings))
    reader.join(10)
    assert read == [(tmp_path / f"file.{name}").read_bytes()]


@pytest.mark.parametrize("name", ["x.safetensors", "x.vec"])
def test_a_reader_that_leaves_a_pipe_is_told(name: str, tmp_path: Path) -> None:
    embeddings = many(30 * BLOCK_ROWS)
    os.mkfifo(tmp_path / name)

    def read_little() -> None:
        with (tmp_path / name).open("rb") as file:
            file.read(100)

    reader = threading.Thread(target=read_little)
    reader.start()
    with pytest.raises(OutputError, match=f"{name}: Broken pipe"):
        save(embeddings, tmp_path / name, rows=halved(embeddings))
    reader.join(10)


def test_an_error_in_the_midst_of_computing_leaves_the_old_file(tmp_path: Path) -> None:
    embeddings = many(3 * BLOCK_ROWS)
    rows = embeddings.vectors.copy()
    rows[-1] = np.nan
    for name in ("x.safetensors", "x.vec", "x.vec.gz"):
        (tmp_path / name).write_text("old")
        with pytest.raises(ValueError, match=f"got nan in row {len(rows) - 1}"):
            save(embeddings, tmp_path / name, rows=LazyRows(rows, 3, np.copy))
        assert (tmp_path / name).read_text() == "old"
    large = LazyRows(embeddings.vectors, 3, lambda rows: rows + np.float32(1e5))
    with pytest.raises(FormatError, match="up to 65504, the vector of 'w0' has"):
        save(embeddings, tmp_path / "x.safetensors", rows=large, dtype="float16")
    with pytest.raises(ValueError, match="one for each word, got 6144 rows, 2 words"):
        save(embeddings.head(2), tmp_path / "x.vec", rows=large)
    assert len(list(tmp_path.iterdir())) == 3


def test_float16_overflow_is_named_behind_the_first_block(tmp_path: Path) -> None:
    rows = np.zeros((BLOCK_ROWS + 9, 1), np.float32)
    rows[BLOCK_ROWS + 7] = 1e5
    large = Embeddings([f"w{i}" for i in range(len(rows))], rows)
    with pytest.raises(FormatError, match=f"the vector of 'w{BLOCK_ROWS + 7}' has 100000"):
        save(large, tmp_path / "en.safetensors", dtype="float16")


def test_words_go_from_cache_to_cache_undecoded(english: Embeddings, tmp_path: Path) -> None:
    save(english, tmp_path / "a.safetensors")
    for limit in (1, 2, 3, 4, None):
        found = load(tmp_path / "a.safetensors", limit=limit)
        save(found, tmp_path / "b.safetensors")
        assert "_words" not in vars(found.words)
        assert tuple(load(tmp_path / "b.safetensors").words) == english.words[:limit]
        again = load(tmp_path / "b.safetensors")
        assert again.checksum == english.head(limit or 9).checksum
    content = (tmp_path / "a.safetensors").read_bytes()
    (tmp_path / "a.safetensors").write_bytes(content.replace(b"\xe2\x80\xa8", b"\xe2\x80x"))
    with pytest.raises(FormatError, match="its words are not UTF-8"):
        save(load(tmp_path / "a.safetensors"), tmp_path / "b.safetensors")


# --- the cache --------------------------------------------------------------------------------


@pytest.fixture
def english() -> Embeddings:
    vectors = np.arange(12, dtype=np.float32).reshape(4, 3)
    vectors[2] = 0
    return Embeddings(["the", "Cat", "cat", "a\u2028b c"], vectors, "en", "wiki.en.vec")


def test_the_official_package_reads_a_cache(english: Embeddings, tmp_path: Path) -> None:
    path = tmp_path / "en.safetensors"
    save(english, path)
    tensors = safetensors.numpy.load_file(path)
    np.testing.assert_array_equal(tensors["vectors"], english.vectors)
    assert tensors["words"].tobytes().decode().split("\n") == list(english.words)
    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    assert metadata["format"] == "alignx-embeddings"
    assert metadata["version"] == "1"
    assert (metadata["language"], metadata["source"]) == ("en", "wiki.en.vec")
    assert metadata["count"] == "4"
    assert metadata["checksum"] == english.checksum
    assert metadata["normalization"] == ""


def test_a_cache_is_mapped_and_decoded_late(english: Embeddings, tmp_path: Path) -> None:
    path = tmp_path / "en.safetensors"
    save(english, path)
    found = load(path)
    assert isinstance(found.vectors.base, np.ndarray)
    assert "_words" not in vars(found.words)
    assert found["Cat"].tolist() == [3, 4, 5]
    assert "_words" in vars(found.words)
    assert not found.vectors.flags.writeable
    assert str(found.report) == "4 words of 3 dimensions; 1 zero row"
    copy = pickle.loads(pickle.dumps(found))
    assert tuple(copy.words) == english.words
    np.testing.assert_array_equal(copy.vectors, english.vectors)


def test_limit_lowercase_and_language_apply_to_a_cache(english: Embeddings, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save(english, path)
    assert load(path, limit=2).words == ("the", "Cat")
    assert load(path, limit=2).checksum == english.head(2).checksum
    assert [report_of(load(path, limit=limit)).zero_rows for limit in (2, 3, 9)] == [0, 1, 1]
    lowered = load(path, lowercase=True, limit=3, language="xx")
    assert lowered.words == ("the", "cat", "a\u2028b c")
    assert lowered.vectors[:, 0].tolist() == [0, 3, 9]
    assert (report_of(lowered).rows, report_of(lowered).merged) == (4, 1)
    assert lowered.language == "xx"


def test_a_float16_cache_is_converted(english: Embeddings, tmp_path: Path) -> None:
    path = tmp_path / "en.safetensors"
    save(english.with_vectors(english.vectors / 3), path, dtype="float16")
    found = load(path)
    assert found.vectors.dtype == np.float32
    half = (english.vectors / 3).astype(np.float16)
    np.testing.assert_array_equal(found.vectors, half.astype(np.float32))
    assert safetensors.numpy.load_file(path)["vectors"].dtype == np.float16
    again = Embeddings(english.words, half)
    assert found.checksum == again.checksum


def test_float16_overflow_is_an_error(tmp_path: Path) -> None:
    large = Embeddings(["cat", "dog"], [[1.0], [1e5]])
    with pytest.raises(FormatError, match=r"up to 65504, the vector of 'dog' has 100000"):
        save(large, tmp_path / "en.safetensors", dtype="float16")
    assert list(tmp_path.iterdir()) == []


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Let `change` alter the JSON header of a cache in place."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])


@pytest.mark.parametrize(
    ("change", "gist"),
    [
        (lambda h: h["__metadata__"].update(format="x"), "no vectors that alignx has written"),
        (lambda h: h.pop("__metadata__"), "no vectors that alignx has written"),
        (lambda h: h["__metadata__"].update(version="2"), "its version is 2, this alignx reads 1"),
        (lambda h: h.pop("words"), "it has no words"),
        (lambda h: h.pop("vectors"), "it has no matrix of vectors"),
        (lambda h: h["words"].update(shape=[10], data_offsets=[48, 58]), "words for 4 vectors"),
        (lambda h: h["vectors"].update(dtype="I32"), "it has no matrix of vectors"),
        (lambda h: h["vectors"].update(shape=[12]), "it has no matrix of vectors"),
        (lambda h: h["vectors"].update(shape=[3, 3]), "this is not a safetensors file"),
        (lambda h: h["vectors"].update(shape=[-4, -3]), "this is not a safetensors file"),
        (lambda h: h["vectors"].update(data_offsets=[-8, 40]), "this is not a safetensors file"),
        (lambda h: h["vectors"].pop("dtype"), "this is not a safetensors file"),
        (lambda h: h.update(vectors=5), "this is not a safetensors file"),
        (
            lambda h: h["vectors"].update(shape=[1 << 40, 3], data_offsets=[0, 12 << 40]),
            "the cache is damaged: vectors should end at byte",
        ),
    ],
)
def test_a_cache_with_another_header_is_refused(
    english: Embeddings, tmp_path: Path, change: Callable[[dict[str, Any]], object], gist: str
) -> None:
    path = tmp_path / "en.safetensors"
    save(english, path)
    rewrite(path, change)
    with pytest.raises(FormatError, match=re.escape(gist)) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_cache_cut_anywhere_is_refused(english: Embeddings, tmp_path: Path) -> None:
    path = tmp_path / "en.safetensors"
    save(english, path)
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        with pytest.raises(FormatError, match=r"this is not a safetensors file|cache is damaged"):
            load(path)


@pytest.mark.parametrize("content", [b"\xff" * 100, b"[" * 100_000, b"\x02\0\0\0\0\0\0\0[]"])
def test_what_is_no_safetensors_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "en.safetensors"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="this is not a safetensors file"):
        load(path)
    safetensors.numpy.save_file({"x": np.ones(3)}, path)
    with pytest.raises(FormatError, match="holds no vectors that alignx has written"):
        load(path)


# --- the value --------------------------------------------------------------------------------


def test_arrays_are_kept_or_converted_once() -> None:
    matrix = np.ones((2, 3), dtype=np.float32)
    matrix.flags.writeable = False
    kept = Embeddings(["cat", "dog"], matrix)
    assert np.shares_memory(kept.vectors, matrix)
    with pytest.raises(ValueError, match="read-only"):
        kept.vectors /= 2  # type: ignore[misc]
    for other in (matrix.astype(np.float64), matrix.T.copy().T, [[1, 1, 1], [1, 1, 1]]):
        converted = Embeddings(["cat", "dog"], other)
        assert converted.vectors.dtype == np.float32
        assert converted.vectors.flags.c_contiguous
        np.testing.assert_array_equal(converted.vectors, matrix)


@pytest.mark.parametrize(
    ("words", "vectors", "exception", "message"),
    [
        ([], np.ones((0, 2)), ValueError, "words must not be empty, got none"),
        ("cat", np.ones((3, 2)), TypeError, "a sequence of words, got the string 'cat'"),
        (["cat", 5], np.ones((2, 2)), TypeError, "words must be strings, got int"),
        (["cat", None], np.ones((2, 2)), TypeError, "words must be strings, got NoneType"),
        (["cat", ""], np.ones((2, 2)), ValueError, "empty or contain a line end, got ''"),
        (["a\nb", "c"], np.ones((2, 2)), ValueError, r"contain a line end, got 'a\nb'"),
        (["a", "b", "b"], np.ones((3, 2)), ValueError, "words must be distinct, got 'b' twice"),
        (["a\ud800"], np.ones((1, 2)), ValueError, r"valid Unicode, got 'a\ud800'"),
        (["a"], np.ones(3), ValueError, "vectors must have 2 dimensions, got 1"),
        (["a"], np.ones((1, 0)), ValueError, "at least 1 dimension, got shape (1, 0)"),
        (["a"], np.ones((2, 2)), ValueError, "one row for each word, got 2 rows, 1 words"),
        (["a"], np.ones((1, 2), complex), TypeError, "real numbers, got dtype complex128"),
        (["a"], [["x", "y"]], TypeError, "vectors must be real numbers, got dtype <U1"),
        (["a", "b"], [[1, 2], [np.nan, 1]], ValueError, "float32, got nan in row 1"),
        (["a", "b"], [[np.inf, -np.inf], [1, 1]], ValueError, "got inf in row 0"),
        (["a"], [[1e300]], ValueError, "vectors must be finite float32, got 1e+300 in row 0"),
    ],
)
def test_the_constructor_names_rule_and_arrival(
    words: Sequence[str], vectors: ArrayLike, exception: type[Exception], message: str
) -> None:
    with pytest.raises(exception, match=re.escape(message)):
        Embeddings(words, vectors)


def test_large_finite_numbers_pass_the_check_of_the_sum() -> None:
    large = np.full((100, 100), np.finfo(np.float32).max)
    assert Embeddings([str(i) for i in range(100)], large).dimension == 100


def test_lookup(english: Embeddings) -> None:
    assert len(english) == 4
    assert list(english) == list(english.words)
    assert "cat" in english
    assert 5 not in english
    assert english["cat"].tolist() == [0, 0, 0]
    assert not english["cat"].flags.writeable
    with pytest.raises(KeyError, match="cow"):
        english["cow"]
    rows = english.rows(["cow", "cat", "the"])
    assert rows.tolist() == [-1, 2, 0]
    assert rows.dtype == np.int64
    assert english.rows([]).shape == (0,)
    with pytest.raises(TypeError, match="got the string 'cat'"):
        english.rows("cat")
    assert english.zero_rows == 1
    assert repr(english) == "Embeddings(language='en', n=4, d=3, source='wiki.en.vec')"


def test_derived_embeddings_share_what_they_can(english: Embeddings) -> None:
    head = english.head(2)
    assert head.words == ("the", "Cat")
    assert np.shares_memory(head.vectors, english.vectors)
    assert len(english.head(99)) == 4
    with pytest.raises(ValueError, match="limit must be at least 1, got 0"):
        english.head(0)
    mapped = english.with_vectors(np.ones((4, 2)))
    assert mapped.words is english.words
    assert mapped.index is english.index
    assert (mapped.dimension, mapped.language, mapped.zero_rows) == (2, "en", 0)
    with pytest.raises(ValueError, match="one row for each word, got 3 rows, 4 words"):
        english.with_vectors(np.ones((3, 2)))
    with pytest.raises(ValueError, match="got nan in row 0"):
        english.with_vectors(np.full((4, 2), np.nan))


def test_the_checksum_tells_content_not_form(english: Embeddings) -> None:
    same = Embeddings(list(english.words), english.vectors.tolist(), language="xx")
    assert same.checksum == english.checksum
    assert re.fullmatch("[0-9a-f]{64}", english.checksum)
    others = [
        english.head(3),
        english.with_vectors(english.vectors + 1),
        english.with_vectors(english.vectors.reshape(4, 3)[:, ::-1]),
        Embeddings(["x", *english.words[1:]], english.vectors),
    ]
    assert len({english.checksum, *(other.checksum for other in others)}) == 5


def test_the_report_reads_as_a_sentence() -> None:
    full = LoadReport("x", "text", 80_012, 300, skipped=3, merged=12, zero_rows=1)
    assert str(full) == (
        "80,000 words of 300 dimensions; 12 duplicates merged, 3 malformed lines skipped, "
        "1 zero row"
    )
    assert str(LoadReport("x", "text", 1, 1)) == "1 word of 1 dimension"


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("en.vec.gz", "en"),
        ("folder.de/wiki.en.vec", "en"),
        ("cc.en.300.bin", "en"),
        ("en.aligned.vec", "en"),
        ("wiki.multi.en.vec", "en"),
        ("ast.safetensors", "ast"),
        ("EN.vec", None),
        ("glove.6B.300d.txt", None),
        ("vectors.bin", None),
        ("txt", None),
        ("vectors-en.txt", "en"),
        ("vectors_es.bin", "es"),
        ("ft.en.vec", "en"),
        ("my.en.vec", "en"),  # my is Burmese
        ("cc.es.300.vec.gz", "es"),
        ("de_core_news_sm.vec", "de"),  # sm is Samoan
        ("numberbatch-en-19.08.txt", "en"),
        ("es.medicine.bin", "es"),
        ("en.wiki.bpe.vs10000.d100.w2v.txt", "en"),
        ("vectors.eng.txt", "eng"),
        ("it.vec", "it"),
        ("wiki.my.vec", "my"),
        ("my-vectors.txt", None),
        ("my.vectors.vec", None),
        ("wiki.new.vec", "new"),
        ("new.vec", None),
        ("words-to-vec.txt", None),
        ("vecteurs_de_mots.bin", None),
        ("frWac_non_lem_no_postag_200.bin", None),
        ("wiki.vec.vec", "vec"),  # Venetian
        ("ft.vec.gz", None),
        ("wiki.zh_classical.vec", "zh_classical"),
        ("wiki.simple.vec", "simple"),
        ("pt-br.vec", "pt"),
        ("en-es.txt", None),
        ("en_es.vec", None),
        ("en-es.en.vec", "en"),
        ("all.vec", None),
        ("xyz.vec", None),
        ("DE.200K.sg.txt", None),  # sg is Sango
        ("vec_en.txt", "en"),
        ("my_de.vec", "de"),
    ],
)
def test_languages_are_guessed_from_names(name: str, language: str | None) -> None:
    assert guess_language(name) == language


def test_an_explicit_language_wins(tmp_path: Path) -> None:
    (tmp_path / "en.vec").write_bytes(TABLE)
    assert load(tmp_path / "en.vec", language="es").language == "es"


def test_vectors_that_can_still_be_written_to_are_copied() -> None:
    matrix = np.ones((2, 3), dtype=np.float32)
    view = matrix[:]
    view.flags.writeable = False
    kept = [Embeddings(["cat", "dog"], matrix), Embeddings(["cat", "dog"], view)]
    kept += [kept[0].with_vectors(matrix)]
    checksum = kept[0].checksum
    matrix[:] = 7
    for each in kept:
        assert (each.vectors == 1).all()
    assert kept[0].with_vectors(kept[0].vectors).checksum == checksum
    assert np.shares_memory(kept[0].with_vectors(kept[0].vectors).vectors, kept[0].vectors)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_vectors_stay_read_only_in_copies(copied: Callable[[Embeddings], Embeddings]) -> None:
    english = copied(Embeddings(["cat", "dog"], np.eye(2)))
    with pytest.raises(ValueError, match="read-only"):
        english.vectors[0] = 7


def test_the_report_tells_a_language_that_only_the_name_tells(tmp_path: Path) -> None:
    (tmp_path / "my.en.vec").write_bytes(TABLE)
    named = load(tmp_path / "my.en.vec").report
    given = load(tmp_path / "my.en.vec", language="es")
    save(given, tmp_path / "my.en.safetensors")
    stored = load(tmp_path / "my.en.safetensors")
    assert stored.language == "es"
    assert named is not None
    assert given.report is not None
    assert stored.report is not None
    assert (named.language, given.report.language, stored.report.language) == ("en", None, None)
