from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import subprocess
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from alignx import _core
from alignx.errors import FormatError
from alignx.support.config import config_context
from alignx.vectors.io import load
from alignx.vectors.load_options import LoadOptions, LoadReport
from alignx.vectors.text import blocks
from alignx.vectors.text import vector_text as text
from alignx.vectors.vector_stream import VectorStream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from alignx.vectors.embeddings import Embeddings

ODD_WORDS = ["a\u00a0b", "c\u2028d", "e\x85f", "g\x0bh", "日本", "🎉", "\ufeff", "</s>", "12", "\r"]


def parse(content: bytes, block_size: int = 100, **options: Any) -> Embeddings:  # noqa: ANN401
    """Read text that is inspected and parsed in small blocks."""
    file: io.BufferedReader = io.BufferedReader(io.BytesIO(content))
    stream = VectorStream(file, "en.vec")
    return text.read_text(stream, "en.vec", LoadOptions(**options), block_size=block_size)


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
    """Parse a line by regular expressions; a string is the gist of what is wrong."""
    first, *fields = re.split(rb"[ \t]+", line)
    problem = ""
    if first and len(fields) == dimension:
        parsed = [reference_number(field) for field in fields]
        problem = next((each for each in parsed if isinstance(each, str)), "")
        word = first
    else:
        shape = re.fullmatch(rb"(.*?)((?:[ \t]+[^ \t]+){%d})" % dimension, line, re.DOTALL)
        if not shape:
            return "are expected"
        word, tail = shape.groups()
        fields = re.findall(rb"[^ \t]+", tail)
        parsed = [reference_number(field) for field in fields]
        problem = next((each for each in parsed if isinstance(each, str)), "")
        if not word:
            word = tail[: len(tail) - len(tail.lstrip(b" \t")) - 1]
            if not word:
                are_numbers = all(any(c in b"0123456789" for c in field) for field in fields)
                return "start with its word" if not problem or are_numbers else "are expected"
        if b"\r" in word[1:]:
            return "carriage returns"
        if "not a number" in problem:
            return "are expected"
        is_tab = b"\t" not in word and re.fullmatch(rb"\t[^\t]*|(\t[^\t ]*)*", tail)
        if not problem and not is_tab and not is_plausible(word.strip(b" \t"), fields):
            return "are expected"
    if problem:
        return problem
    try:
        return word.decode(), [each for each in parsed if not isinstance(each, str)]
    except UnicodeDecodeError:
        return "not UTF-8"


def is_plausible(word: bytes, numbers: list[bytes]) -> bool:
    """Judge whether a word that ends in a number is no line with a number too many."""
    last = re.split(rb"[ \t]+", word)[-1].decode(errors="replace")
    if not NUMBER.fullmatch(last):
        return True
    if re.search("[-+e]", last, re.IGNORECASE):
        return False
    texts = [last, *(number.decode() for number in numbers)]
    own, *others = (len("".join(re.findall(r"\.(\d*)", each))) for each in texts)
    digits = max(others)
    return digits > 0 if own == 0 else own <= 2 and digits >= 4


def reference_number(field: bytes) -> np.float32 | str:
    text = field.decode(errors="replace")
    if re.fullmatch(r"[+-]?(nan|inf(inity)?)", text, re.IGNORECASE):
        return "must be finite"
    if not NUMBER.fullmatch(text):
        return "is not a number"
    number = nearest_float32(text)
    return "must be finite" if number is None else number


def reference(content: bytes, dimension: int) -> tuple[list[Any], list[tuple[int, str]], list[int]]:
    good: list[Any] = []
    bad = []
    undecoded = []
    for number, raw in enumerate(content.split(b"\n")):
        line = raw.removesuffix(b"\r").rstrip(b" \t")
        if not line:
            continue
        parsed = reference_line(line, dimension)
        if parsed == "not UTF-8":
            undecoded.append(number)
        elif isinstance(parsed, str):
            bad.append((number, parsed))
        else:
            good.append((number, *parsed))
    return good, bad, undecoded


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
            broken = [b"\xff", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2("]
            encoded += broken[rng.integers(len(broken))]
        case 4:
            encoded = b""
        case 5:
            return bytes(rng.choice([b"", b" ", b"\t \r"]))
    blanks = [" ", "  ", "\t", " \t "]
    body = "".join(str(rng.choice(blanks)) + field for field in fields)
    end = str(rng.choice(["", "\r", " ", " \t", "  \r"]))
    return encoded + body.encode() + end.encode()


@pytest.mark.slow
@pytest.mark.parametrize("n_threads", [1, 2, 7])
@pytest.mark.parametrize("dimension", [1, 2, 17])
def test_the_parser_agrees_with_the_reference(dimension: int, n_threads: int) -> None:
    rng = np.random.default_rng(dimension)
    content = b"\n".join(odd_line(rng, dimension) for _ in range(400))
    content += b"\n" if dimension % 2 else b""
    good, bad, undecoded = reference(content, dimension)
    words, rows, lines, found_bad, n_lines, _, found_undecoded = _core.parse_vectors(
        content, dimension, n_threads
    )
    assert words == [word for _, word, _ in good]
    assert lines.tolist() == [number for number, _, _ in good]
    expected = np.array([numbers for _, _, numbers in good], dtype=np.float32)
    np.testing.assert_array_equal(rows.view(np.uint32), expected.view(np.uint32))
    assert [line for line, _ in found_bad] == [line for line, _ in bad]
    assert all(gist in reason for (_, reason), (_, gist) in zip(found_bad, bad, strict=True))
    assert [line for line, _ in found_undecoded] == undecoded
    assert n_lines == 400
    assert len(bad) > 50


def test_the_parser_takes_any_contiguous_bytes_and_none() -> None:
    for buffer in (b"cat 1 2", bytearray(b"cat 1 2"), memoryview(b"cat 1 2")):
        found = _core.parse_vectors(buffer, 2)
        assert (found[0], found[1].tolist()) == (["cat"], [[1, 2]])
    assert _core.parse_vectors(b"", 3)[4] == 0
    words, rows, lines, bad, n_lines, *_ = _core.parse_vectors(b"\n \r\n\t\n", 3)
    assert (words, rows.shape, lines.tolist(), bad, n_lines) == ([], (0, 3), [], [], 3)


def test_the_parser_and_the_formatter_check_their_arguments() -> None:
    rows = np.ones((2, 3), dtype=np.float32)
    call: Any = _core
    wrong: dict[str, Callable[[], object]] = {
        "dimension must be at least 1": lambda: call.parse_vectors(b"", 0),
        "n_threads must be at least 1": lambda: call.parse_vectors(b"", 1, 0),
        "contiguous bytes": lambda: call.parse_vectors(memoryview(b"abcdef")[::2], 1),
        "one row for each of the 1 words": lambda: call.format_vectors(["cat"], rows),
        r"decimals must lie in \[0, 20\]": lambda: call.format_vectors(["a", "b"], rows, 21),
    }
    for message, refused in wrong.items():
        with pytest.raises(ValueError, match=message):
            refused()
    with pytest.raises(TypeError):
        call.parse_vectors("text", 1)
    with pytest.raises(TypeError):
        call.format_vectors(["cat", "dog"], rows.astype(np.float64))


# --- blocks -----------------------------------------------------------------------------------

TABLE = b"4 2\ncat 1 0\ndog .5 -2e-1\na\xc2\xa0b 3 4\nc\xe2\x80\xa8d 5 6\n"
TABLE_WORDS = ("cat", "dog", "a\u00a0b", "c\u2028d")
TABLE_ROWS = np.array([[1, 0], [0.5, -0.2], [3, 4], [5, 6]], dtype=np.float32)


@pytest.fixture(params=[40, 1 << 20], ids=["small head", "usual head"])
def head(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Size of the inspected part, so that blocks come out of it or from behind it."""
    monkeypatch.setattr(blocks, "HEAD_SIZE", request.param)
    return int(request.param)


@pytest.mark.usefixtures("head")
@pytest.mark.parametrize("block_size", [1, 2, 7, 16, 1000])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b" \n"])
@pytest.mark.parametrize("has_header", [True, False])
@pytest.mark.parametrize("ends_open", [True, False])
def test_blocks_and_line_ends_make_no_difference(
    block_size: int, line_end: bytes, has_header: bool, ends_open: bool
) -> None:
    content = TABLE if has_header else TABLE.partition(b"\n")[2]
    content = content.removesuffix(b"\n") if ends_open else content
    found = parse(content.replace(b"\n", line_end), block_size)
    assert found.words == TABLE_WORDS
    np.testing.assert_array_equal(found.vectors, TABLE_ROWS)
    assert found.report == LoadReport("en.vec", "text", 4, 2)


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("block_size", [5, 100, 4096])
def test_a_larger_table_in_blocks(block_size: int, n_threads: int) -> None:
    rows = np.random.default_rng(8).normal(size=(257, 7)).astype(np.float32)
    lines = b"".join(f"w{i} {' '.join(map(str, row))}\n".encode() for i, row in enumerate(rows))
    for beginning in (b"", b"257 7\n"):
        with config_context(n_threads=n_threads):
            found = parse(beginning + lines, block_size)
        np.testing.assert_array_equal(found.vectors, rows)
        assert found.words == tuple(f"w{i}" for i in range(257))


@pytest.mark.parametrize("block_size", [4, 1000])
def test_duplicates_keep_the_first(block_size: int) -> None:
    content = b"Cat 1 0\ncat 2 0\nCat 3 0\ndog 0 0\n"
    found = parse(content, block_size)
    assert found.words == ("Cat", "cat", "dog")
    assert found.vectors[:, 0].tolist() == [1, 2, 0]
    assert str(found.report) == "3 words of 2 dimensions; 1 duplicate merged, 1 zero row"
    lowered = parse(content, block_size, casing="lower")
    assert lowered.words == ("cat", "dog")
    assert lowered["cat"].tolist() == [1, 0]
    assert lowered.report == LoadReport("en.vec", "text", 4, 2, merged=2, zero_rows=1)


@pytest.mark.parametrize("block_size", [4, 1000])
def test_nothing_behind_the_limit_matters(block_size: int) -> None:
    content = b"9 2\ncat 1 0\ncat 1 1\ndog 0 1\nbroken line\n"
    found = parse(content, block_size, limit=2)
    assert found.words == ("cat", "dog")
    assert found.report == LoadReport("en.vec", "text", rows=3, dimension=2, merged=1)
    with pytest.raises(FormatError, match=r"en\.vec:5: "):
        parse(content, block_size, limit=3)


@pytest.mark.parametrize("block_size", [4, 1000])
def test_malformed_lines_are_skipped_and_counted(block_size: int) -> None:
    content = b"5 2\ncat 1 0\nnew york 1 x\n\ndog nan 1\n\xff 1 1\ncow 0 1\n"
    found = parse(content, block_size, on_error="skip")
    assert found.words == ("cat", "cow")
    assert str(found.report) == (
        "2 words of 2 dimensions; 2 malformed lines skipped; "
        "1 word not in UTF-8 left out, such as '\ufffd'"
    )
    with pytest.raises(FormatError, match="no line is well-formed: numbers must be finite"):
        parse(b"cat nan 1\ndog 1 inf\n", on_error="skip")


# --- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "line", "gist"),
    [
        (b"cat 1 0\ndog 1\ncow 1 1\n", 2, "a word and 2 numbers are expected, found 1"),
        (b"3 2\ncat 1 0\ndog 1 2 3\ncow 1 1\n", 3, "expected, found 3"),
        (b"cat 1 0\n\nnew york 1\n", 3, "'york' is not a number"),
        (b"2 2\ncat 1 0\ndog 1 x1\n", 3, "'x1' is not a number"),
        (b"2 2\r\ncat 1 0.5\r\ndog 1 1,5\r\n", 3, "'1,5' is not a number"),
        (b"cat 1 0\ndog 1 nan\n", 2, "numbers must be finite, got nan"),
        (b"cat 1 0\ndog -inf 1\n", 2, "numbers must be finite, got -inf"),
        (b"cat 1 0\ndog 1e39 1\n", 2, "numbers must be finite, got 1e39"),
        (b"cat 1 0\ndo\xe9 1 1\n", 2, "words must be UTF-8, got"),
        (b"cat 1 0\n 1 1\n", 2, "a line must start with its word"),
        (b"2 3\ncat 1 0\ndog 0\n", 1, "header promises 3 dimensions, the lines have 2"),
        (b"2 2\ncat 1 0\ndog 0", 3, "the file ends within a line"),
        (b"1 4\ncat 1 2 3 4dog 1 2 3 4\ncow 1 2 3 4\n", 2, "two lines without a line end"),
    ],
)
@pytest.mark.parametrize("block_size", [3, 1000])
def test_the_first_bad_line_is_named(
    content: bytes, line: int, gist: str, block_size: int, tmp_path: Path
) -> None:
    with pytest.raises(FormatError, match=re.escape(gist)) as caught:
        parse(content, block_size)
    assert caught.value.line == line
    path = tmp_path / "bad.vec"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}: ")
    assert "\n" not in message


PACKED = gzip.compress(b"cat 1 0\n" * 3000, mtime=0)
OTHER_FILES = {
    "the file is empty": [b"", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)],
    "the file holds no vectors": [b"\n\n \n"],
    "the file holds a header but no vectors": [b"3 300\n"],
    "this is an HTML page": [
        b"<!DOCTYPE html>\n<html>1 2</html>\n",
        b"\xef\xbb\xbf \n<HTML lang=en>\n404 1\n",
    ],
    "this is binary data": [bytes(range(256)) * 20, b"\x00" * 5000],
    "this is not a text file of vectors": [
        b"cat gato\ndog perro\n",
        b"x" * (3 << 20),
    ],
    "a line is longer than": [b"cat 1 0\ndog" + b" 1" * (5 << 20)],
    "the archive is truncated or damaged": [
        PACKED[:-30],
        PACKED[:-4] + b"abcd",
        b"\x1f\x8b\x08",
    ],
}


@pytest.mark.parametrize(
    ("content", "gist"), [(content, gist) for gist in OTHER_FILES for content in OTHER_FILES[gist]]
)
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_other_files_are_named(content: bytes, gist: str, on_error: Any, tmp_path: Path) -> None:  # noqa: ANN401
    path = tmp_path / "bad.vec"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        load(path, on_error=on_error)
    assert str(caught.value).startswith(f"{path}: ")
    assert gist in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_is_dropped_at_the_start_only() -> None:
    found = parse(b"\xef\xbb\xbfcat 1\n\xef\xbb\xbfdog 2\n")
    assert found.words == ("cat", "\ufeffdog")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_archives_are_recognized_by_content(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "wiki.es.txt"
    middle = TABLE.index(b"dog")
    path.write_bytes(pack(TABLE[:middle]) + pack(TABLE[middle:]))
    found = load(path)
    assert found.words == TABLE_WORDS
    assert (found.language, found.source) == ("es", "wiki.es.txt")


@pytest.mark.slow
def test_a_pipe_can_be_read() -> None:
    code = "from alignx.vectors.io import load; print(load('/dev/stdin').words)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, input=TABLE, capture_output=True, timeout=60, check=True)
    assert done.stdout.decode().strip() == repr(TABLE_WORDS)


@pytest.mark.slow
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
