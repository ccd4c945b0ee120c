"""Inputs that are in doubt, at the doors of the command line."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from alignx.cli.main import main
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import save

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[object, str, str]]

WORDS = ("cat", "dog", "sun", "rain", "house", "tree")
SPANISH = ("gato", "perro", "sol", "lluvia", "casa", "árbol")
COMMON = ("--neighbors", "2", "--threads", "1")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give what runs a command in a folder with two small languages; code, stdout, stderr."""
    rows = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)
    save(Embeddings(WORDS, rows, language="en"), tmp_path / "en.vec")
    save(Embeddings(SPANISH, rows, language="es"), tmp_path / "es.vec")
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["alignx", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        return caught.value.code, *capsys.readouterr()

    return call


def lines(pairs: zip[tuple[str, str]], middle: str = "\t") -> str:
    return "".join(f"{source}{middle}{target}\n" for source, target in pairs)


def test_columns_of_a_dictionary_are_chosen(run: Run, tmp_path: Path) -> None:
    (tmp_path / "d.tsv").write_text(
        "en\tpos\tes\n" + lines(zip(WORDS, SPANISH, strict=True), "\tNOUN\t")
    )
    evaluate = ("evaluate", "-", "en.vec", "es.vec", "-d", "d.tsv", *COMMON)
    code, out, err = run(*evaluate)
    assert (code, out) == (1, "")
    assert err.startswith("alignx: error: d.tsv:1: a line must hold two words")
    assert "such as --columns 1,3" in err
    code, out, err = run(*evaluate, "--columns", "en,es", "--json")
    assert code == 0, err
    assert json.loads(out)["coverage"] == 1
    assert "d.tsv: 6 pairs; line 1 is a header\n" in err


def test_a_dictionary_is_turned_round(run: Run, tmp_path: Path) -> None:
    (tmp_path / "d.tsv").write_text(lines(zip(SPANISH, WORDS, strict=True)))
    align = ("align", "en.vec", "es.vec", "-d", "d.tsv", "-o", "map.safetensors", *COMMON)
    assert run(*align, "--no-calibrate")[0] == 1
    code, _, err = run(*align, "--no-calibrate", "--columns", "2,1", "--allow-failed")
    assert code == 0, err
    assert "6 of 6 pairs" in err
    assert run("align", "en.vec", "es.vec", "--identical", "-o", "m", "--columns", "2,1")[0] == 2
    assert run(*align, "--columns", "2")[0] == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("cat\tgato\n", "s.tsv:1: a line must be word, word and score"),
        ("cat\tgato\t1\ndog\tperro\tgood\n", "s.tsv:2: a line must hold two words and perhaps"),
        ("", "s.tsv: a similarity file holds pairs of words, got none"),
    ],
)
def test_similarity_files_are_named_with_line(
    run: Run, tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "s.tsv").write_text(content)
    code, out, err = run("evaluate", "-", "en.vec", "es.vec", "--similarity", "s.tsv")
    assert (code, out) == (1, "")
    assert err.startswith(f"alignx: error: {message}")


def test_errors_of_vectors_speak_of_options(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.vec").write_text("3 2\ncat 1 0\ndog 0 1\n")
    code, _, err = run("convert", "x.vec", "-o", "y.vec")
    assert code == 1
    assert err.endswith("or take what there is with --limit 2\n")
    (tmp_path / "x.vec").write_text("2 2\ncat 1 0\ndog 0 one\n")
    assert run("convert", "x.vec", "-o", "y.vec")[2].endswith("load with --on-error skip\n")


@pytest.mark.parametrize("command", ["fit", "transfer"])
def test_columns_of_labeled_texts_are_chosen(run: Run, tmp_path: Path, command: str) -> None:
    swapped = "".join(
        f"{label}\tthe {word} is here\n"
        for label, words in (("pets", WORDS[:3]), ("sky", WORDS[3:]))
        for word in words
    )
    for name in ("en.tsv", "es.tsv"):
        (tmp_path / name).write_text(swapped)
    arguments = {
        "fit": ("-i", "en.tsv", "--language", "en", "-o", "model.safetensors"),
        "transfer": ("--train", "en=en.tsv", "--test", "es=es.tsv", "--strategy", "zero_shot"),
    }[command]
    code, _, err = run("classify", command, "-", "en.vec", "es.vec", *arguments)
    assert code == 1
    assert "en.tsv:1: labels must be classes" in err
    assert "load with --text-column 2 and --label-column 1" in err
    done = run("classify", command, "-", "en.vec", "es.vec", *arguments, "--label-column", "1")
    if command == "fit":
        assert done[0] == 0, done[2]
    else:  # no Spanish word is known, which is for others to say
        assert "labels must be classes" not in done[2]
