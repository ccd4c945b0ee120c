from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from alignx.cli.inputs import read_entries
from alignx.cli.options import with_options
from alignx.cli.terminal import Terminal
from alignx.errors import FormatError
from alignx.lexicon.lexicon import Lexicon
from alignx.support.file_kinds import kind_of
from alignx.support.text_files import read_lines, stream_lines
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load
from alignx.vectors.saving import save

SCRIPT = Path(sys.executable).with_name("alignx")
TEXT = "niño\nperro\n\nsol"
LINES = TEXT.split("\n")


# --- one opener -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        gzip.compress(TEXT.encode("utf-8-sig"), mtime=0),
        gzip.compress(TEXT[:7].encode(), mtime=0) + gzip.compress(TEXT[7:].encode(), mtime=0),
        gzip.compress(TEXT.encode(), mtime=0) + bytes(100),
        bz2.compress(TEXT.encode()),
        lzma.compress(TEXT.encode("utf-16")),
    ],
    ids=["plain", "BOM", "16", "16BE", "32", "CRLF", "CR", "gz", "members", "zeros", "bz2", "xz"],
)
def test_lines_are_the_same_whatever_holds_them(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "words"
    path.write_bytes(data)
    assert [line.text for line in read_lines(path, "a list")] == LINES
    for size in (1, 2, 5):  # however they arrive
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        lines = [line for some in stream_lines(_Pipe(pieces), "in", "a list") for line in some]
        assert [line.text for line in lines] == LINES
        assert [line.number for line in lines] == [1, 2, 3, 4]


class _Pipe(io.BytesIO):
    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__()
        self.pieces = list(pieces)

    def read1(self, _: int | None = -1, /) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


def test_a_carriage_return_within_a_line_ends_none(tmp_path: Path) -> None:
    path = tmp_path / "words"
    path.write_bytes(b"a\rb\nc\n")
    assert [line.text for line in read_lines(path, "a list")] == ["a\rb", "c"]


def packed(name: str, data: bytes = b"cat gato\n") -> bytes:
    file = io.BytesIO()
    if name == "npz":
        np.savez(file, a=np.eye(2))
    elif name == "npy":
        np.save(file, np.eye(2))
    elif name == "word2vec":
        file.write(b"2 3\ncat " + np.array([0.1, -2, 3], "f4").tobytes() + b"dog " + bytes(12))
    else:
        file.write(pickle.dumps(data))
    return file.getvalue()


KINDS = {
    "npz": "a NumPy archive",
    "npy": "a NumPy array",
    "pickle": "a pickle",
    "word2vec": "word2vec's binary format",
}


@pytest.mark.parametrize("name", KINDS)
def test_other_kinds_of_files_are_named_at_every_door(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(packed(name))
    for read in (Lexicon.load, lambda path: list(read_lines(path, "a list"))):
        with pytest.raises(FormatError) as caught:
            read(path)
        assert KINDS[name] in str(caught.value)
        assert "\\x" not in str(caught.value)


def test_text_is_no_other_kind() -> None:
    for text in ("2 1\n0 0\n\x1f 0\n", "BZh is a word", "3 2\ncat 1 0\n", "%", "<s> <s>", ""):
        assert kind_of(text.encode()) is None


def test_text_vectors_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for text, gist in {
        "{'cat': [0.1]}": "looks like JSON",
        "1 5\ncat 2:0.1 4:0.2\n": "sparse vectors",
        "cat [0.1 0.2]\n": "write the numbers without brackets",
        "cat gato\ndog perro\n": "this looks like a dictionary of word pairs",
        "cat gato 0.9\ndog perro 0.8\n": "look like scored pairs of words",
    }.items():
        (tmp_path / "en.vec").write_text(text, newline="")
        with pytest.raises(FormatError, match=gist):
            load(tmp_path / "en.vec")


def test_a_list_of_words_is_read_as_all_text(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(gzip.compress("Cat\r\nnew  york\r\n".encode("utf-8-sig")))
    assert read_entries(Terminal(quiet=True), path) == ["Cat", "new  york"]
    path.write_bytes(b"cat\nni\xf1o\n")
    with pytest.raises(FormatError, match=r"list\.txt:2: the list must be UTF-8"):
        read_entries(Terminal(quiet=True), path)


def test_messages_speak_of_options() -> None:
    assert with_options('a; load with text_column="gold label" or limit=6') == (
        "a; load with --text-column 'gold label' or --limit 6"
    )
    assert with_options("name it by label_column=") == "name it by --label-column"


C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("locale", "target", "words", "out", "err"),
    [
        (C_LOCALE, "es.vec", [], "niño\tniño\t1.0000\n", ""),
        (C_LOCALE, "es.vec", ["niño"], "niño\tniño\t1.0000\n", ""),
        (
            {"PYTHONIOENCODING": "ascii"},
            "\udce9.vec",  # in Latin-1
            [],
            "",
            "alignx: error: \\udce9.vec: no such file; check the name\n",
        ),
    ],
    ids=["C", "C, arguments", "ascii"],
)
def test_words_are_utf8_whatever_the_locale(
    tmp_path: Path, locale: dict[str, str], target: str, words: list[str], out: str, err: str
) -> None:
    save(Embeddings(["niño", "perro"], [[1, 0], [0, 1]]), tmp_path / "es.vec")
    done = subprocess.run(
        [
            SCRIPT,
            "translate",
            "-",
            "es.vec",
            os.fsencode(target),
            "-k1",
            "--ranking=nn",
            "-q",
            *words,
        ],
        cwd=tmp_path,
        env={**os.environ, **locale, "OPENBLAS_NUM_THREADS": "1"},
        input="niño\r\n".encode("utf-8-sig"),
        capture_output=True,
        check=False,
    )
    assert (done.stdout.decode(), done.stderr.decode()) == (out, err)
