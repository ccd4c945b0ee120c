from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from command_line import fail

from alignx.alignment.align import align
from alignx.alignment.alignment import Alignment
from alignx.errors import AlignxError, FormatError, OutputError
from alignx.lexicon.lexicon import Lexicon
from alignx.support.outputs import require_outputs, require_suffix
from alignx.support.safetensors import read_tensors
from alignx.training.train import train
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = ("en.vec", "es.vec", "train.txt", "n.tsv", "map.safetensors", "grid.toml")
ALIGN = ("align", "en.vec", "es.vec", "-d", "train.txt")
INDUCE = ("induce", "map.safetensors", "en.vec", "es.vec")
FIT = ("classify", "fit", "map.safetensors", "en.vec", "es.vec", "-i", "n.tsv")
TRANSFER = ("classify", "transfer", "-", "en.vec", "es.vec", "--train", "en=n.tsv", "--test")
COMPARE = (*TRANSFER, "es=n.tsv")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files in the current folder that hold nothing of use: no command may get so far."""
    for name in FILES:
        (tmp_path / name).write_text(f"what {name} holds")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- outputs over inputs ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*ALIGN, "-o", "train.txt"), "train.txt: --output would replace --dictionary"),
        ((*ALIGN, "-o", "./es.vec"), "es.vec: --output would replace TARGET"),
        ((*ALIGN, "-o", "m", "--log", "en.vec"), "en.vec: --log would replace SOURCE"),
        ((*ALIGN, "-o", "m", "--log", "m"), "m: --log would replace --output"),
        ((*INDUCE, "-o", "es.vec"), "es.vec: --output would replace TARGET"),
        ((*INDUCE, "-o", "map.safetensors"), "map.safetensors: --output would replace MAP"),
        ((*INDUCE, "-o", "n.tsv", "--phrases", "n.tsv"), "--output would replace --phrases"),
        ((*INDUCE, "-o", "d", "--checkpoint", "."), "must lie outside of --checkpoint"),
        (("apply", "map.safetensors", "en.vec", "-o", "map.safetensors"), "would replace MAP"),
        ((*FIT, "-o", "n.tsv"), "n.tsv: --output would replace --input"),
        ((*FIT, "-o", "n.tsv", "--oov-model", "en=n.tsv"), "n.tsv: --output would replace --input"),
        ((*FIT, "-o", "grid.toml", "--unlabeled", "es=grid.toml"), "would replace --unlabeled"),
        ((*COMPARE, "-o", "n.tsv"), "n.tsv: --output would replace --train"),
        ((*COMPARE, "-o", "x.svg", "--figure", "x.svg"), "--figure would replace --output"),
        (("train", "en.vec", "-o", "m.bin", "-o", "en.vec"), "--output would replace CORPUS"),
        (
            ("train", "n.tsv", "-o", "m.bin", "--init", "en.vec", "-o", "en.vec"),
            "en.vec: --output would replace --init",
        ),
        (("train", "n.tsv", "-o", "m.bin", "-o", "a.vec", "-o", "./a.vec"), "replace --output"),
    ],
)
def test_an_output_over_an_input_is_fail(arguments: tuple[str, ...], message: str) -> None:
    assert message in fail(*arguments)


def test_an_input_is_known_by_any_name(folder: Path) -> None:
    (folder / "soft").symlink_to("train.txt")
    os.link("train.txt", "hard")
    (folder / "sub").mkdir()
    for name in ("soft", "hard", "sub/../train.txt", str(folder / "train.txt")):
        assert fail(*ALIGN, "-o", name).startswith(f"{name}: --output would replace --dictionary")


def test_two_outputs_that_are_yet_to_be_are_compared(folder: Path) -> None:
    (folder / "link").symlink_to("new")
    with pytest.raises(OutputError, match="link: --log would replace --output, new"):
        require_outputs({"--output": "new", "--log": "link"}, {})
    require_outputs({"--output": "/dev/stdout", "--log": "/dev/stdout"}, {"x": "/dev/null"})


def test_training_does_not_replace_its_text(folder: Path) -> None:
    pytest.importorskip("fasttext")
    (folder / "text.bin").write_text("a b\n")
    with pytest.raises(OutputError, match=r"text\.bin: output would replace corpus"):
        train(folder / "text.bin", folder / "text.bin")


def test_tables_of_a_grid_replace_nothing_that_it_reads(folder: Path) -> None:
    (folder / "grid.toml").write_text(
        'pairs = ["en-es"]\nmethods = ["procrustes"]\nvectors = "{language}.vec"\n'
        'train = "train.txt"\ntest = "t.csv"\n'
    )
    (folder / "t.csv").write_text("a b")
    message = fail("bench", "grid.toml", "-o", "t")
    assert message.startswith("t.csv: a table would replace ")


# --- names that promise another format --------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ((*INDUCE, "-o", "d.xlsx"), ".arrow, .feather or .parquet, not as .xlsx"),
        ((*INDUCE, "-o", "d.tbx"), ".arrow, .feather or .parquet, not as .tbx"),
        ((*INDUCE, "-o", "d.JSON"), ".arrow, .feather or .parquet, not as .JSON"),
        ((*INDUCE, "-o", ""), "this is a directory; name a file in it"),
        ((*INDUCE, "-o", "d.tsv.zip"), ".arrow, .feather or .parquet, not as .zip"),
        (("demo", "-o", "d.pdf"), ".arrow, .feather or .parquet, not as .pdf"),
        ((*ALIGN, "-o", "m.npz"), "a map is written as .safetensors, not as .npz"),
        ((*ALIGN, "-o", "m", "--log", "l.csv"), "a log is written as .jsonl"),
        ((*FIT, "-o", "m.pkl"), "a model is written as .safetensors, not as .pkl"),
        ((*COMPARE, "-o", "t.html"), "a table is written as .md, .txt or .json, not as .html"),
        ((*COMPARE, "--figure", "f.docx"), ".svg, .png or .pdf"),
        (("convert", "en.vec", "-o", "x.pt"), ".vec, .txt, .w2v.bin, .safetensors, .npy, .npz"),
        (("train", "n.tsv", "-o", "m.bin", "-o", "x.pt"), ".vec, .txt, .w2v.bin, .safetensors"),
    ],
)
def test_a_suffix_that_is_not_written_is_fail(arguments: tuple[str, ...], names: str) -> None:
    assert names in fail(*arguments)


def test_the_library_refuses_the_same(tmp_path: Path) -> None:
    pairs = [(f"a{i}", f"b{i}") for i in range(4)]
    lexicon = Lexicon(pairs)
    with pytest.raises(FormatError, match=r"\.feather or \.parquet, not as \.xls"):
        lexicon.save(tmp_path / "d.xls")
    sides = [Embeddings([pair[side] for pair in pairs], np.eye(4)) for side in (0, 1)]
    alignment = align(*sides, lexicon=lexicon, refinement=0, ranker=False)
    with pytest.raises(FormatError, match=r"a map is written as \.safetensors, not as \.txt"):
        alignment.save(tmp_path / "m.txt")
    assert {path.name for path in tmp_path.iterdir()} == {*FILES}


@pytest.mark.parametrize(
    "name",
    [
        "d.tsv",
        "d.txt",
        "d.TXT",
        "d.jsonl",
        "d.JSONL",
        "d.dict",
        "d",
        "d.en-es",
        "d.train",
        "/dev/fd/9",
    ],
)
def test_other_names_are_accepted(name: str) -> None:
    require_suffix(name, "a dictionary")


# --- places that cannot be --------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        (*ALIGN, "-o", "no/m"),
        (*ALIGN, "-o", "m", "--log", "no/log"),
        (
            *ALIGN[:-2],
            "--unsupervised",
            "-o",
            "m",
            "--method",
            "adversarial",
            "--checkpoint",
            "no/c",
        ),
        (*INDUCE, "-o", "no/d.tsv"),
        (*INDUCE, "-o", "d.tsv", "--checkpoint", "no/work"),
        (*FIT, "-o", "no/m"),
        (*COMPARE, "-o", "no/t.md"),
        ("demo", "-o", "no/d.tsv"),
        ("train", "n.tsv", "-o", "no/m.bin"),
        ("train", "n.tsv", "-o", "m.bin", "-o", "no/m.vec"),
    ],
)
def test_a_missing_folder_is_found_before_the_work(arguments: tuple[str, ...]) -> None:
    message = fail(*arguments)
    assert message.startswith("no/")
    assert message.endswith("the directory does not exist; create it first")


@pytest.mark.parametrize(
    "arguments",
    [
        (*ALIGN, "-o", "loop"),
        (*ALIGN, "-o", "m", "--log", "loop"),
        ("align", "loop", "es.vec", "-d", "train.txt", "-o", "m"),
        ("align", "en.vec", "es.vec", "-d", "loop", "-o", "m"),
        ("evaluate", "loop", "en.vec", "es.vec", "-d", "train.txt"),
        (*INDUCE, "-o", "d.tsv", "--checkpoint", "loop"),
        (*FIT, "-o", "loop/m"),
        ("bench", "loop"),
        ("train", "loop", "-o", "m.bin"),
    ],
)
def test_a_circle_of_links_is_named(folder: Path, arguments: tuple[str, ...]) -> None:
    (folder / "loop").symlink_to("pool")
    (folder / "pool").symlink_to("loop")
    (folder / "en.vec").write_text("2 2\na 1 0\nb 0 1\n")
    (folder / "es.vec").write_text("2 2\na 1 0\nb 0 1\n")
    (folder / "train.txt").write_text("a a\n")
    message = fail(*arguments)
    assert message.startswith("loop")
    assert "its symbolic links lead in a circle" in message


@pytest.mark.parametrize(
    "read",
    [
        lambda path: Alignment.load(path),
        lambda path: read_tensors(path),
    ],
)
def test_a_pipe_is_not_waited_for(tmp_path: Path, read: Callable[[Path], object]) -> None:
    os.mkfifo(tmp_path / "pipe")
    signal.alarm(20)  # or a failure would never end
    try:
        with pytest.raises(FormatError, match="must be a regular file, got a pipe"):
            read(tmp_path / "pipe")
    finally:
        signal.alarm(0)


def test_commands_name_pipes(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    files = ("map.safetensors", "en.vec", "es.vec")
    command = ("classify", "predict", "pipe", *files, "--language", "es")
    assert (
        fail(*command) == "pipe: a model must be a regular file, got a pipe; write it to a "
        "file first"
    )


def test_a_trained_model_goes_to_a_file_as_it_is_read_again(folder: Path) -> None:
    pytest.importorskip("fasttext")
    os.mkfifo(folder / "pipe.bin")
    with pytest.raises(FormatError, match="must be a regular file, got a pipe"):
        train(folder / "n.tsv", folder / "pipe.bin")


def test_text_and_caches_are_read_from_a_pipe(tmp_path: Path) -> None:
    embeddings = Embeddings(["a", "b"], np.eye(2))
    save(embeddings, tmp_path / "en.safetensors")
    save(embeddings, tmp_path / "en.vec")
    for name in ("en.vec", "en.safetensors"):
        read, write = os.pipe()
        os.write(write, (tmp_path / name).read_bytes())
        os.close(write)
        found = load(f"/dev/fd/{read}")
        os.close(read)
        assert tuple(found.words) == ("a", "b")
        np.testing.assert_array_equal(found.vectors, embeddings.vectors)


# --- names that are no UTF-8 ------------------------------------------------------------------


def test_names_in_latin_1_are_read_and_written_and_stored(tmp_path: Path) -> None:
    names = [os.fsdecode(b"se\xf1or.en" + end) for end in (b".vec", b".safetensors", b".tsv")]
    text, cache, table = (tmp_path / name for name in names)
    save(Embeddings(["a", "b"], np.eye(2)), text)
    found = load(text)
    assert (found.source, found.language) == ("se\\xf1or.en.vec", "en")
    save(found, cache)
    assert load(cache).source == "se\\xf1or.en.vec"
    save(Embeddings(["a"], [[1.0]], source=names[0]), cache)
    assert load(cache).source == "se\\udcf1or.en.vec"
    Lexicon([("a", "b")]).save(table)
    assert list(Lexicon.load(table)) == [("a", "b")]
    with pytest.raises(AlignxError):
        load(os.fsdecode(b"no-se\xf1or.vec"))


def test_json_holds_names_in_latin_1(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    from alignx.cli.terminal import JsonTerminal

    name = os.fsdecode(b"se\xf1or")
    JsonTerminal(as_json=True).print({"file": name, "word": "señor"})
    out = capsys.readouterr().out
    assert "señor" in out
    assert json.loads(out)["file"] == name


# --- files that change under mapped memory ----------------------------------------------------


def test_a_cache_that_was_cut_is_named(tmp_path: Path) -> None:
    path = tmp_path / "en.safetensors"
    save(Embeddings([f"w{i}" for i in range(3_000)], np.ones((3_000, 4))), path)
    found = load(path)
    os.truncate(path, 5_000)
    with pytest.raises(FormatError, match=r"en\.safetensors: the file was cut while it was mapped"):
        save(found, tmp_path / "copy.safetensors")


@pytest.mark.slow
def test_a_cut_file_ends_a_command_with_a_line(tmp_path: Path) -> None:
    code = """
import os, sys
import numpy as np
from alignx import _core
_core.explain_bus_errors()
with open(sys.argv[1], "wb") as file:
    file.write(bytes(1 << 16))
rows = np.memmap(sys.argv[1], np.float32, "r", 0, (256, 64))
os.truncate(sys.argv[1], 0)
_core.search(np.ones((1, 64), np.float32), np.asarray(rows), k_queries=1, k_keys=0)
"""
    command = [sys.executable, "-c", code, str(tmp_path / "rows")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"alignx: error: {tmp_path / 'rows'}: a file was cut")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (("translate", "none.safetensors", "en.vec", "es.vec", "cat"), "none.safetensors"),
        (("translate", "map.safetensors", "en.vec", "none.vec", "cat"), "none.vec"),
        (("evaluate", "-", "en.vec", "none.vec", "-d", "train.txt"), "none.vec"),
        (("induce", "none.safetensors", *INDUCE[2:], "-o", "new.tsv"), "none.safetensors"),
        (("align", "en.vec", "none.vec", "-d", "train.txt", "-o", "new.safetensors"), "none.vec"),
        (("classify", "fit", "none.safetensors", *FIT[3:], "-o", "new"), "none.safetensors"),
        ((*TRANSFER[:3], "en.vec", "none.vec", *TRANSFER[5:], "es=n.tsv"), "none.vec"),
    ],
)
def test_a_missing_input_is_found_before_others_are_read(
    folder: Path, arguments: tuple[str, ...], missing: str
) -> None:
    (folder / "train.txt").write_text("cat\tgato\n")
    rows = "".join(f"a text of the class {label}\t{label}\n" for label in "ab" * 5)
    (folder / "n.tsv").write_text(f"text\tlabel\n{rows}")
    # The vectors that are there hold nothing of use, which would be told if they were read.
    language = ["--language", "en"] if "fit" in arguments else []
    assert fail(*arguments, *language).startswith(f"{missing}: no such file")
