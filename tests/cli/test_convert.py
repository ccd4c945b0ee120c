from __future__ import annotations

import gzip
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from command_line import VECTORS, fail, misuse, succeed

from alignx.cli.inputs import read_vectors
from alignx.cli.options import Reading
from alignx.cli.terminal import Terminal
from alignx.vectors.io import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_there_and_back_keeps_every_bit() -> None:
    original = load(VECTORS[0])
    for first, second in [(VECTORS[0], "a.safetensors"), ("a.safetensors", "b.vec.gz")]:
        done = succeed("convert", first, "-o", second)
        assert done.out == ""
        assert done.err.endswith(f"{second}: written\n")
    succeed("convert", "b.vec.gz", "-o", "c.txt", "--language", "fr")
    again = load("c.txt")
    assert again.words == original.words
    np.testing.assert_array_equal(again.vectors, original.vectors)
    assert load("a.safetensors").language == "en"


@pytest.mark.usefixtures("folder")
def test_language_and_limit_are_stored() -> None:
    options = ("--language", "fr", "--limit", 7, "--dtype", "float16")
    succeed("convert", VECTORS[0], "-o", "a.safetensors", *options)
    cache = load("a.safetensors")
    assert (cache.language, len(cache)) == ("fr", 7)


def test_duplicates_zero_rows_and_skipped_lines_are_counted(here: Path) -> None:
    (here / "en.vec").write_text("cat 1 2\nnone 0 0\ncat 2 2\nbad 1\nCAT 3 3\n")
    command = ("convert", "en.vec", "-o", "a.vec", "--on-error", "skip")
    counts = "1 duplicate merged, 1 malformed line skipped, 1 zero row"
    assert f"en.vec: 3 words of 2 dimensions; {counts}" in succeed(*command).err
    assert "2 duplicates merged" in succeed(*command, "--casing", "lower").err


def test_guesses_about_a_file_are_told_once(here: Path) -> None:
    (here / "en.vec").write_text("3 2\nnew york 1 2\ncat 2 2\n")
    told = succeed("convert", "en.vec", "-o", "a.safetensors").err
    assert told.count("the header promises 3 rows, the file has 2") == 1
    assert told.count("1 word with blanks, such as 'new york'") == 1
    assert succeed("convert", "en.vec", "-o", "a.safetensors", "--quiet").err == ""


def test_a_prefix_picks_a_language(here: Path) -> None:
    (here / "numberbatch.txt").write_text("2 2\n/c/en/cat 1 0\n/c/es/gato 0 1\n")
    told = succeed("convert", "numberbatch.txt", "-o", "es.vec", "--prefix", "/c/es/").err
    assert "1 word without '/c/es/' left out" in told
    assert (here / "es.vec").read_text() == "1 2\ngato 0 1\n"
    problem = fail("convert", "numberbatch.txt", "-o", "de.vec", "--prefix", "/c/de/")
    assert problem.endswith("no word begins with '/c/de/'; words begin with /c/en/, /c/es/")
    assert not (here / "de.vec").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["en.vec.gz", "en.zip", "en.safetensors", "en.w2v.bin"])
def test_standard_input_is_read_in_any_format(here: Path, name: str) -> None:
    text = b"2 2\ncat 1 2\ndog 2 2\n"
    (here / "en.vec").write_bytes(text)
    if name == "en.zip":
        with zipfile.ZipFile(here / name, "w") as archive:
            archive.write(here / "en.vec", "en.vec")
    else:
        succeed("convert", "en.vec", "-o", name)
    command = [sys.executable, "-m", "alignx", "convert", "-", "-o", "copy.vec"]
    done = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=here)
    assert done.stdin is not None
    assert done.stderr is not None
    for byte in (here / name).read_bytes():  # as slowly as a pipe can be
        done.stdin.write(bytes([byte]))
        done.stdin.flush()
    done.stdin.close()
    assert b"standard input: 2 words of 2 dimensions" in done.stderr.read()
    done.stderr.close()
    assert done.wait(20) == 0
    assert (here / "copy.vec").read_bytes() == text


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("my.en.vec", "language en, by its name"),
        ("es.from.en.vec", "en, by its name (which holds es too; `alignx convert --language`"),
        ("en-es.vec", "language unknown, since its name holds en and es; `alignx convert --lang"),
    ],
)
def test_the_language_guessed_from_the_name_is_told(
    here: Path, capsys: pytest.CaptureFixture[str], name: str, note: str
) -> None:
    (here / name).write_text("cat 1 0\ndog 0 1\n", encoding="utf-8")
    read_vectors(Terminal(), here / name, Reading())
    assert note in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("output", "options", "gist"),
    [
        ("x.bin", (), "x.bin: the name .bin is for fastText models; end that of word2vec's"),
        ("x.pkl", (), "x.pkl: the name must end in one of .vec"),
        ("x.w2v.bin", ("--dtype", "float16"), "float16 is for"),
        ("x.vec", ("--dtype", "float16"), "float16 is for"),
    ],
)
def test_formats_that_are_not_written(output: str, options: tuple[str, ...], gist: str) -> None:
    assert gist in fail("convert", VECTORS[0], "-o", output, *options)
    assert "int8" in misuse("convert", VECTORS[0], "-o", "x.vec", "--dtype", "int8")


# --- vectors that cannot be read --------------------------------------------------------------


def cut_archive(path: Path) -> None:
    whole = gzip.compress("".join(f"w{i} {i}.25 1\n" for i in range(999)).encode(), mtime=0)
    path.write_bytes(whole[: len(whole) // 2])


def text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content)


BAD_VECTORS: dict[str, tuple[str, Callable[[Path], object], str, str]] = {
    "missing": ("x.vec", lambda path: path, "", "no such file"),
    "truncated": ("x.vec.gz", cut_archive, "", "truncated"),
    "too_few": ("x.vec", text("3 2\na 1 2\nb 1\n"), ":3", "load with --on-error skip"),
    "number": ("x.vec", text("2 2\na 1 0\nb 0 one\n"), ":3", "load with --on-error skip"),
    "nan": ("x.vec", text("a 1 2\nb nan 2\n"), ":2", "finite"),
    "no_cache": (
        "x.safetensors",
        text("this is no cache, at all"),
        "",
        "not a text file of vectors",
    ),
}


@pytest.mark.parametrize("case", BAD_VECTORS)
def test_vectors_that_cannot_be_read_are_named(folder: Path, case: str) -> None:
    name, make, line, gist = BAD_VECTORS[case]
    make(folder / name)
    message = fail("convert", name, "-o", VECTORS[0], "-q")
    assert message.startswith(f"{name}{line}: ")
    assert gist in message


def test_a_dictionary_is_converted(folder: Path) -> None:
    (folder / "en-es.txt").write_text("cat gato\ndog perro\ncat gata\n")
    done = succeed("convert", "en-es.txt", "-o", "en-es.csv")
    assert "en-es.txt: 3 pairs" in done.err
    assert (folder / "en-es.csv").read_text() == "source,target\ncat,gato\ndog,perro\ncat,gata\n"
    succeed("convert", "en-es.txt", "-o", "en-es.ifo")
    assert (folder / "en-es.dict").read_text() == "gato\ngataperro"
    assert "--languages en,es" in fail("convert", "en-es.txt", "-o", "en-es.tmx")
    succeed("convert", "en-es.txt", "-o", "en-es.tmx", "--languages", "en,es")
    assert 'srclang="en"' in (folder / "en-es.tmx").read_text()
    assert "give two codes" in misuse("convert", "en-es.txt", "-o", "a.tmx", "--languages", "en")
    for option in (("--limit", 5), ("--language", "en"), ("--dtype", "float16")):
        assert option[0] in misuse("convert", "en-es.txt", "-o", "a.csv", *option)
    assert "--languages" in misuse("convert", VECTORS[0], "-o", "a.vec", "--languages", "en,es")
    assert "would replace FILE" in fail("convert", "en-es.csv", "-o", "en-es.csv")
    (folder / "long.tsv").write_text(f"cat\tgato\n{'x' * 256}\tlargo\n")
    assert "at most 255 bytes" in fail("convert", "long.tsv", "-o", "long.ifo")
    done = succeed("convert", "long.tsv", "-o", "long.ifo", "--on-error", "skip")
    assert (
        "long.ifo: left out 1 of 2 pairs: StarDict's headwords have at most 255 bytes" in done.err
    )
    assert (folder / "long.dict").read_text() == "gato"


def test_a_list_of_words_replaces_no_input(folder: Path) -> None:
    (folder / "en.words.txt").write_text("cat 1 0\ndog 0 1\n")
    assert "would replace FILE" in fail("convert", "en.words.txt", "-o", "en.npy")
    assert (folder / "en.words.txt").read_text() == "cat 1 0\ndog 0 1\n"
    assert not (folder / "en.npy").exists()
