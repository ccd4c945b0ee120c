"""Texts of vectors as people have them: what a person reads in the file is the right answer."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import logging
import lzma
import re
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from alignx.errors import FormatError
from alignx.vectors.io import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


class Right(NamedTuple):
    """A text, its words and rows, and a gist of each note."""

    content: bytes
    words: list[str]
    rows: Sequence[Sequence[float]]
    notes: Sequence[str] = ()


_TENTHS = [[0.1, 0.2], [0.3, 0.4]]
ONES = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
RIGHT = {
    # headers
    "a row less than promised": Right(
        b"3 2\ncat 1 0\ndog 0 1\n",
        ["cat", "dog"],
        [[1, 0], [0, 1]],
        ["the header promises 3 rows, the file has 2"],
    ),
    "a row more, and a duplicate": Right(
        b"2 2\na 1 0\na 0 1\nb 1 1\n",
        ["a", "b"],
        [[1, 0], [1, 1]],
        ["the header promises 2 rows, the file has 3"],
    ),
    "a header with a separator of thousands": Right(
        b"1,000 3\ncat 1 0 0\ndog 0 1 0\nsun 0 0 1\n",
        ["cat", "dog", "sun"],
        ONES,
        ["line 1 left out as a heading, '1,000 3'"],
    ),
    "a header in words": Right(
        b"# vectors: 3 dim: 3\ncat 1 0 0\ndog 0 1 0\nsun 0 0 1\n",
        ["cat", "dog", "sun"],
        ONES,
        ["line 1 left out as a heading"],
    ),
    "counts behind the words": Right(
        b"the 1000 0.1 0.2\nof 900 0.3 0.4\n",
        ["the", "of"],
        _TENTHS,
        ["counts taken off the words"],
    ),
    "counts in a table with decimal commas": Right(
        b"word;freq;a;b\nthe;1000;0,1;0,2\nof;900;0,3;0,4\n",
        ["the", "of"],
        _TENTHS,
        ["line 1 left out", "with semicolons", "counts taken off the words"],
    ),
    "few rows with numbers in a table": Right(
        b",word,0,1\n0,cat,0.1,0.2\n1,dog,0.3,0.4\n",
        ["cat", "dog"],
        _TENTHS,
        ["line 1 left out", "with commas", "numbers of rows taken off the words"],
    ),
    "equals signs behind the words": Right(
        b"cat = 0.1 0.2\ndog = 0.3 0.4\n",
        ["cat", "dog"],
        _TENTHS,
        ["'=' behind each taken off the words"],
    ),
    "line ends of two programs": Right(
        b"2 2\r\r\ncat 0.1 0.2\r\r\ndog 0.3 0.4\r\r\n", ["cat", "dog"], _TENTHS
    ),
    "no line end at the end": Right(
        b"3 2\ncat 1 0\ndog 0 1",
        ["cat", "dog"],
        [[1, 0], [0, 1]],
        ["promises 3 rows, the file has 2 and ends without a line end"],
    ),
    "a wrong dimension": Right(
        b"3 300\ncat 1 0 0\ndog 0 1 0\nsun 0 0 1\n",
        ["cat", "dog", "sun"],
        ONES,
        ["the header promises 300 dimensions, the lines have 3"],
    ),
    "a dimension too small": Right(
        b"3 2\ncat 1 0 0\ndog 0 1 0\nsun 0 0 1\n",
        ["cat", "dog", "sun"],
        ONES,
        ["the header promises 2 dimensions, the lines have 3"],
    ),
    "a comment in the header": Right(
        b"3 3 word2vec 2013\ncat 1 0 0\ndog 0 1 0\nsun 0 0 1\n", ["cat", "dog", "sun"], ONES
    ),
    "comment lines": Right(
        b"# dims=3\n# made by hand\n3 3\ncat 1 0 0\ndog 0 1 0\nsun 0 0 1\n",
        ["cat", "dog", "sun"],
        ONES,
        ["2 comment lines left out"],
    ),
    "a hash that is a word": Right(b"# 1 0\nthe 0 1\n", ["#", "the"], [[1, 0], [0, 1]]),
    "blank lines around": Right(
        b"\n\n2 2\n\ncat 1 0\n\ndog 0 1\n\n", ["cat", "dog"], [[1, 0], [0, 1]]
    ),
    "a header of one word": Right(b"1 1\ncat 0.5\n", ["cat"], [[0.5]]),
    "words that are numbers": Right(
        b"5 3\n7 2\n9 1\n",
        ["5", "7", "9"],
        [[3], [2], [1]],
        ["read as a word and numbers, not as a header", "lists of frequencies"],
    ),
    "words that are numbers, and decimals": Right(
        b"7 0.5\n8 0.25\n", ["7", "8"], [[0.5], [0.25]], ["lists of frequencies"]
    ),
    "tabs in the header": Right(b"2\t2\ncat\t1\t0\ndog\t0\t1\n", ["cat", "dog"], [[1, 0], [0, 1]]),
    # blanks
    "several blanks": Right(
        b"2 3\ncat  1   0\t0 \t\ndog\t0 1 0  \n", ["cat", "dog"], [[1, 0, 0], [0, 1, 0]]
    ),
    "indented lines": Right(b"  cat 1 0\n  dog 0 1\n", ["cat", "dog"], [[1, 0], [0, 1]]),
    "a word that is a tab": Right(
        b"2 2\ncat 1 0\n\t 0 1\n", ["cat", "\t"], [[1, 0], [0, 1]], ["1 word with blanks"]
    ),
    "words of other blanks": Right(
        "6 1\n\u00a0 1\n\u2028 2\na\u0085b 3\n...\u2009king 4\n\u3000 5\n10\u00a0000 6\n".encode(),
        ["\u00a0", "\u2028", "a\u0085b", "...\u2009king", "\u3000", "10\u00a0000"],
        [[1], [2], [3], [4], [5], [6]],
    ),
    "odd tokens": Right(
        "3 1\n</s> 1\n👩\u200d👩\u200d👧 2\n犬 3\n".encode(),
        ["</s>", "👩\u200d👩\u200d👧", "犬"],
        [[1], [2], [3]],
    ),
    "a NUL in a word": Right(b"2 2\nca\0t 1 0\ndog 0 1\n", ["ca\0t", "dog"], [[1, 0], [0, 1]]),
    "words of U+FFFD twice": Right(
        "a 1 0\n35-\ufffd 0 1\n35-\ufffd 1 1\n".encode(), ["a", "35-\ufffd"], [[1, 0], [0, 1]]
    ),
    # words with blanks
    "phrases": Right(
        "4 2\nde 0.7 -0.5\nR$ 0,00 0.9 -0.1\nã s 0.2 -0.4\no -1.6 0.2\n".encode(),
        ["de", "R$ 0,00", "ã s", "o"],
        [[0.7, -0.5], [0.9, -0.1], [0.2, -0.4], [-1.6, 0.2]],
        ["2 words with blanks, such as 'R$ 0,00'"],
    ),
    "phrases without header": Right(
        b", 0.1 0.2 0.3\n. . . 0.3 0.4 0.5\nat name@domain.com 0.1 0.2 0.3\nthe 1 2e-05 0\n",
        [",", ". . .", "at name@domain.com", "the"],
        [[0.1, 0.2, 0.3], [0.3, 0.4, 0.5], [0.1, 0.2, 0.3], [1, 2e-5, 0]],
        ["2 words with blanks"],
    ),
    "phrases alone": Right(
        b"new york 1 0 0\nlos angeles 0 1 0\n",
        ["new york", "los angeles"],
        ONES[:2],
        ["2 words with blanks"],
    ),
    "phrases of numbers": Right(
        b"1 1/2 0.1 0.2\n10 000 0.5 0.1\n",
        ["1 1/2", "10 000"],
        [[0.1, 0.2], [0.5, 0.1]],
        ["2 words with blanks"],
    ),
    "a phrase that ends in a number": Right(
        b"2 2\ncatch 22 0.1234 0.2345\nweb 2.0 0.1234 -0.5432\n",
        ["catch 22", "web 2.0"],
        [[0.1234, 0.2345], [0.1234, -0.5432]],
        ["2 words with blanks, such as 'catch 22'"],
    ),
    "a phrase before a tab": Right(
        b"2 2\ncatch 22\t1\t0\ncat\t0 1\n",
        ["catch 22", "cat"],
        [[1, 0], [0, 1]],
        ["1 word with blanks, such as 'catch 22'"],
    ),
    "a phrase in a column": Right(
        b"catch 22\t1\t0\nnew york\t0\t1\n", ["catch 22", "new york"], [[1, 0], [0, 1]]
    ),
    "a phrase in quotes": Right(
        b'2 3\n"new york" 1 0 0\n" 0 1 0\n',
        ["new york", '"'],
        ONES[:2],
        ["1 word taken out of quotes, such as 'new york'"],
    ),
    # separators and decimal signs
    "decimal commas": Right(
        b"2 3\ncat 0,5 1 0\ndog 0 -0,25 1e-1\n",
        ["cat", "dog"],
        [[0.5, 1, 0], [0, -0.25, 0.1]],
        ["read with blanks between fields and decimal commas"],
    ),
    "commas": Right(
        b'cat,0.1,0.2\n"10,000",0.5,0.25\n"a ""b""",1,2\nnew york,3,4\n',
        ["cat", "10,000", 'a "b"', "new york"],
        [[0.1, 0.2], [0.5, 0.25], [1, 2], [3, 4]],
        ["read with commas between fields", "2 words taken out of quotes"],
    ),
    "commas and blanks": Right(
        b"cat, 0.1, 0.2\ndog, 0.3, 0.5\n",
        ["cat", "dog"],
        [[0.1, 0.2], [0.3, 0.5]],
        ["read with commas between fields"],
    ),
    "commas in a word without quotes": Right(
        b"10,000,0.5,0.25\ncat,0.5,0.25\ndog,0.1,0.2\n",
        ["10,000", "cat", "dog"],
        [[0.5, 0.25], [0.5, 0.25], [0.1, 0.2]],
        ["read with commas between fields", "1 word with commas, such as '10,000'"],
    ),
    "semicolons and decimal commas": Right(
        b"2;2\ncat;0,5;0,25\ndog;0,1;0,2\n",
        ["cat", "dog"],
        [[0.5, 0.25], [0.1, 0.2]],
        ["read with semicolons between fields and decimal commas"],
    ),
    "titles of columns": Right(
        b"word,x,y\ncat,1,0\ndog,0,1\n",
        ["cat", "dog"],
        [[1, 0], [0, 1]],
        ["line 1 left out as a heading, 'word,x,y'", "read with commas"],
    ),
    "numbers of columns": Right(
        b",0,1\ncat,1,0\ndog,0,1\n",
        ["cat", "dog"],
        [[1, 0], [0, 1]],
        ["line 1 left out as a heading", "read with commas"],
    ),
    "numbered rows": Right(
        b",word,0,1\n0,cat,1,0\n1,dog,0,1\n2,sun,1,1\n",
        ["cat", "dog", "sun"],
        [[1, 0], [0, 1], [1, 1]],
        ["line 1 left out as a heading", "read with commas", "numbers of rows taken off"],
    ),
    "a number in the header": Right(
        b"2 2 5\ncat 1 0\ndog 0 1\n",
        ["2", "cat", "dog"],
        [[2, 5], [1, 0], [0, 1]],
        ["the first line is read as a word and numbers, not as a header"],
    ),
    "colons": Right(
        b"cat: 1 0\ndog: 0 1\n", ["cat", "dog"], [[1, 0], [0, 1]], ["colons taken off the words"]
    ),
    # encodings and line ends
    "UTF-16": Right("2 2\ncat 1 0\n犬 0 1\n".encode("utf-16"), ["cat", "犬"], [[1, 0], [0, 1]]),
    "UTF-16 without mark": Right(
        "2 2\r\ncat 1 0\r\ndog 0 1\r\n".encode("utf-16-be"), ["cat", "dog"], [[1, 0], [0, 1]]
    ),
    "UTF-32": Right("cat 1 0\ndog 0 1\n".encode("utf-32"), ["cat", "dog"], [[1, 0], [0, 1]]),
    "two marks": Right(b"\xef\xbb\xbf" * 2 + b"1 2\ncat 1 0\n", ["cat"], [[1, 0]]),
    "carriage returns": Right(b"2 2\rcat 1 0\rdog 0 1\r", ["cat", "dog"], [[1, 0], [0, 1]]),
    "mixed line ends": Right(
        b"3 2\rcat 1 0\ndog 0 1\r\nsun 1 1\r", ["cat", "dog", "sun"], [[1, 0], [0, 1], [1, 1]]
    ),
    "words that are not UTF-8": Right(
        b"3 2\ncat 1 0\n\xd0\xb3\xd0 1 2\nni\xf1o 1 2\n",
        ["cat"],
        [[1, 0]],
        ["2 words not in UTF-8 left out, such as '\u0433\ufffd'"],
    ),
    "a word not in UTF-8 of many": Right(
        b"ni\xf1o 1\n" + b"".join(b"w%d %d\n" % (i, i + 2) for i in range(150)),
        [f"w{i}" for i in range(150)],
        [[i + 2] for i in range(150)],
        ["lists of frequencies", "1 word not in UTF-8 left out"],
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_a_person_reads_is_read(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content, words, rows, notes = RIGHT[name]
    (tmp_path / "x.vec").write_bytes(content)
    with caplog.at_level(logging.WARNING, "alignx"):
        found = load(tmp_path / "x.vec")
    assert list(found.words) == words
    np.testing.assert_array_equal(found.vectors, np.array(rows, np.float32))
    assert found.report is not None
    assert all(gist in note for gist, note in zip(notes, found.report.notes, strict=True))
    assert caplog.messages == [f"{tmp_path / 'x.vec'}: {note}" for note in found.report.notes]
    assert str(found.report).endswith("; ".join(found.report.notes))


@pytest.mark.parametrize(
    ("content", "place", "gist"),
    [
        (b"3 3\ncat 1 0 0\n 0.1 0 1\nsun 1 0 1\n", ":3", "a line must start with its word"),
        (b"3 3\ncat 1 0 0\ndog 0.1 0\nsun 1 0 1\n", ":3", "and 3 numbers are expected, found 2"),
        (b"cat 1 0 0\ndog 0.1 0\nsun 1 0 1\n", ":2", "and 3 numbers are expected, found 2"),
        (b"3 3\ncat 1 0 0\ndog 0.1 0 1 1\nsun 1 0 1\n", ":3", "expected, found 4"),
        (b"cat,1,0\n,0,1\n", ":2", "a line must start with its word"),
        (b"3 3\ncat 1 0 0\ndog -nan(ind) 0 1\nsun inf 0 1\n", ":3", "finite, got -nan(ind)"),
        (b"3 2\ncat 1 0\ndog 0 1\nsun 1", ":4", "the file ends within a line"),
        (b"2 3\ncat 1 0\n", ":1", "the header promises 3 dimensions, the lines have 2"),
        ("2 1\nniño 1\naño 2\n".encode("latin-1"), ":2", "iconv -f LATIN1 -t UTF-8"),
        (
            "的 1\n了 2\n是 3\n不 4\n我 5\n有 6\n大 7\n在 8\n人 9\n了解 10\n".encode("gbk"),
            ":1",
            "UTF-8",
        ),
        ("猫 1 2\n犬 1 2\n".encode("iso2022-jp"), "", "this is text in ISO-2022"),
        ("дом 1\nдым 2\nдымы 3\n".encode("cp866"), ":1", "must be UTF-8"),
        (b"the:0.1,0.2,0.3\nof:0.1,0.3,0.4\n", "", "this is not a text file of vectors"),
        (b'"cat","0.1","0.2"\n"dog","0.3","0.4"\n', "", "write the numbers without quotes"),
        (b"cat,1,0,\ndog,0,1,\n", "", "end the lines behind the last number"),
        (b"0.1 0.2 cat\n0.3 0.4 dog\n", "", "write the word before its numbers"),
        (b"PK\x05\x06" + bytes(18), "", "a zip archive of no file"),
        (b"3 300\n", "", "a header but no vectors"),
        (b"2 50000\na 9:0.02 17:0.3\nb 3:0.1\n", "", "sparse vectors cannot be read"),
        (b"1 1:0.5 2:0.25\n-1 1:0.1 3:0.2\n", "", "sparse vectors cannot be read"),
        (b'{"cat": [0.1, 0.2]}', "", "this looks like JSON"),
        (b"cat [0.1, 0.2]\ndog [0.1, 0.3]\n", "", "write the numbers without brackets"),
        (b"cat 0.1,0.2,0.3\ndog 0.2,0.3,0.4\n", "", "write the same sign between the word and"),
        (b"cat, 0,5, 0,25\ndog, 0,1, 0,2\n", "", "this is not a text file of vectors"),
        (b"0.1 0.2 0.3\n0.4 -0.5 0.6\n", "", "each line must begin with a word"),
        ("cat\u00a00.1\u00a00.2\n".encode(), "", "write plain spaces between the numbers"),
        (b"cat gato\ndog perro\n", "", "this looks like a dictionary of word pairs"),
        (b"cat\tgato\t0.9\ndog\tperro\t0.8\n", "", "look like scored pairs of words"),
        (b"tiger cat 7.35\ntiger tiger 10\n", "", "look like scored pairs of words"),
        (b"<Error> <Code>Denied</Code>\n<M>Denied</M> </Error>\n", "", "this is an XML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid 1\n", "", "a Git LFS pointer"),
        (
            b"A sentence.\nAnother one of 3.\nThe end.\n",
            "",
            "a line is a word and its",
        ),
        (bytes(range(256)) * 3, "", "this is binary data"),
        (b"\xf0\x9f" * 200, "", "this is binary data"),
        (b"\x80\x04\x95abc", "", "this is a pickle"),
    ],
)
def test_the_rest_is_refused_in_a_line(
    content: bytes, place: str, gist: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.vec"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=re.escape(gist)) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}{place}: ")
    assert message.isprintable()


def test_returns_behind_the_first_lines_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.vec").write_bytes(b"cat 1 0\n" * 200 + b"dog 0 1\rsun 1 1\n")
    with pytest.raises(FormatError, match="vec:201: carriage returns end some lines and not"):
        load(tmp_path / "x.vec")


# --- archives ---------------------------------------------------------------------------------

TEXT = b"2 2\ncat 1 0\nnew york 0 1\n"


def in_zip(content: bytes, names: tuple[str, ...] = ("en.vec",)) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return packed.getvalue()


def in_tar(content: bytes, mode: Any = "w:gz") -> bytes:  # noqa: ANN401
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        member = tarfile.TarInfo("en.vec")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


PACKS: dict[str, Callable[[bytes], bytes]] = {
    "zip": in_zip,
    "tar.gz": in_tar,
    "gz": gzip.compress,
    "gz of two members": lambda content: gzip.compress(content[:9]) + gzip.compress(content[9:]),
    "gz with zeros behind": lambda content: gzip.compress(content) + b"\0" * 100,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


@pytest.mark.parametrize("name", PACKS)
def test_text_is_read_from_any_archive(name: str, tmp_path: Path) -> None:
    for content in (TEXT, TEXT.decode().encode("utf-16")):
        (tmp_path / "wiki.es.vec").write_bytes(PACKS[name](content))
        found = load(tmp_path / "wiki.es.vec")
        assert list(found.words) == ["cat", "new york"]
        assert found.language == "es"


@pytest.mark.parametrize(
    ("content", "gist"),
    [
        (in_zip(TEXT, ("a.vec", "b.vec", "c.vec")), "a zip archive of 3 files"),
        (gzip.compress(TEXT * 99, mtime=0)[:-20], "the archive is truncated or damaged"),
        (in_zip(b"cat gato\n"), "this looks like a dictionary"),
    ],
)
def test_other_archives_are_refused(content: bytes, gist: str, tmp_path: Path) -> None:
    (tmp_path / "x.vec").write_bytes(content)
    with pytest.raises(FormatError, match=gist):
        load(tmp_path / "x.vec")


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(TEXT))))
    found = load("-")
    assert (list(found.words), found.source) == (["cat", "new york"], "standard input")
    with pytest.raises(FormatError, match="standard input: nothing is left to read"):
        load("-")


# --- prefixes ---------------------------------------------------------------------------------

NUMBERBATCH = b"4 2\n/c/en/cat 1 0\n/c/en/new_york 0 1\n/c/es/gato 1 1\n/c/en/ 1 2\n"


def test_a_prefix_picks_a_language(tmp_path: Path) -> None:
    path = tmp_path / "numberbatch.txt"
    path.write_bytes(NUMBERBATCH)
    found = load(path, prefix="/c/en/")
    assert (list(found.words), found.language) == (["cat", "new_york"], "en")
    assert found.vectors.tolist() == [[1, 0], [0, 1]]
    assert str(found.report) == "2 words of 2 dimensions; 2 words without '/c/en/' left out"
    assert list(load(path, prefix="/c/e", limit=1).words) == ["n/cat"]
    with pytest.raises(FormatError, match="no word begins with '/c/de/'; words begin with /c/en/,"):
        load(path, prefix="/c/de/")
    assert "prefix='/c/en/'" in str(load(path).report)
    path.write_bytes(b"cat 1 0\n")
    with pytest.raises(FormatError, match="no word begins with 'en:'; the words have no prefix"):
        load(path, prefix="en:")


# --- round trips ------------------------------------------------------------------------------


class Written(NamedTuple):
    """Words and rows, and a text of them."""

    words: list[str]
    rows: list[list[float]]
    content: bytes


letters = st.characters(categories=["L", "P", "S", "N", "Z"])
NUMBER_AT_END = re.compile(r"(^|[ ,;])[-+]?[\d.,]+$")


@st.composite
def tables(draw: st.DrawFn) -> Written:
    """Draw a table, and write it by Python's simplest means."""
    dialect = draw(st.sampled_from(["blanks", "tabs", "csv", "semicolons", "decimal commas"]))
    word = st.text(letters, min_size=1, max_size=6) | st.sampled_from(["new york", ". . .", "a,b"])
    words = draw(st.lists(word, min_size=2, max_size=8, unique=True))
    assume(all(each.strip(" ") == each for each in words))
    if dialect != "csv":
        # Both readings are possible: these are written by other means.
        assume(not any(each.startswith('"') or ";" in each for each in words))
        assume(dialect == "tabs" or not any(map(NUMBER_AT_END.search, words)))
    assume(not all(each.endswith(":") for each in words))
    dimension = draw(st.integers(2, 4))
    numbers = st.floats(-1e6, 1e6, width=32)
    row = st.lists(numbers, min_size=dimension, max_size=dimension)
    rows = draw(st.lists(row, min_size=len(words), max_size=len(words)))
    if "commas" in dialect:
        rows[0][0] = 0.5
    fields = [[each, *map(str, numbers)] for each, numbers in zip(words, rows, strict=True)]
    if draw(st.booleans()):
        fields.insert(0, [str(len(words)), str(dimension)])
    text = io.StringIO()
    if dialect == "csv":
        csv.writer(text).writerows(fields)
    else:
        separator = {"tabs": "\t", "semicolons": ";"}.get(dialect, " ")
        text.write("".join(separator.join(each) + "\n" for each in fields))
    content = text.getvalue()
    if dialect == "decimal commas":
        content = re.sub(r"(?<= )-?\d+\.\d+(?=[ \ne])", lambda n: n[0].replace(".", ","), content)
    return Written(words, rows, content.encode(draw(st.sampled_from(["utf-8", "utf-16"]))))


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(tables())
def test_written_tables_are_read_as_they_were(tmp_path: Path, table: Written) -> None:
    (tmp_path / "x.vec").write_bytes(table.content)
    found = load(tmp_path / "x.vec")
    assert list(found.words) == table.words
    np.testing.assert_array_equal(found.vectors, np.array(table.rows, np.float32))
