from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from command_line import MAPPED, WORDS, fail, misuse, succeed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow  # each fits an encoder
TEXTS = ("en.txt", "es.txt")


@pytest.fixture
def texts(folder: Path) -> Path:
    """Files of 60 texts that translate each other, line by line."""
    rng = np.random.default_rng(0)
    rows = [rng.choice(WORDS, 8, replace=False) for _ in range(60)]
    for name, word in zip(TEXTS, ("cat", "gato"), strict=True):
        written = (" ".join(f"{word}{i}" for i in row) + "\n" for row in rows)
        (folder / name).write_text("".join(written))
    return folder


def test_pairs_are_mined(texts: Path) -> None:
    done = succeed("mine", *MAPPED, *TEXTS, "-o", "pairs.tsv")
    assert "en.txt: 60 lines" in done.err
    assert done.out == ""
    head, *rows = [line.split("\t") for line in (texts / "pairs.tsv").read_text().splitlines()]
    assert head[2] == "probability"
    right = sum(row[4] == row[5] for row in rows)
    assert right >= 50
    assert right >= 0.9 * len(rows)


def test_pairs_go_to_standard_output_or_are_counted(texts: Path) -> None:
    done = succeed("mine", *MAPPED, *TEXTS, "-q", "--min-probability", 0)
    assert len(done.out.splitlines()) == 61
    counts = succeed("mine", *MAPPED, *TEXTS, "-o", "pairs.tsv", "--json").json
    assert counts["pairs"] == len((texts / "pairs.tsv").read_text().splitlines()) - 1
    assert 0 < counts["expected_right"] <= counts["pairs"] <= counts["source_texts"] == 60


def test_documents_are_aligned(texts: Path) -> None:
    lines = (texts / "es.txt").read_text().splitlines()
    joined = [f"{lines[0]} {lines[1]}", "", *lines[2:]]
    (texts / "es.txt").write_text("\n".join(joined))
    counts = succeed("align-docs", *MAPPED, *TEXTS, "-o", "aligned.tsv", "--json").json
    assert counts["paired"] >= 45
    rows = [line.split("\t") for line in (texts / "aligned.tsv").read_text().splitlines()[1:]]
    assert rows[0][3:] == ["1 2", "1"]
    assert succeed("align-docs", *MAPPED, *TEXTS, "-q").out.splitlines()[1].split("\t") == rows[0]


def test_exchanged_files_are_told(texts: Path) -> None:
    done = succeed("mine", *MAPPED, *TEXTS[::-1], "-o", "pairs.tsv")
    assert "are the files exchanged?" in done.prose
    assert (texts / "pairs.tsv").exists()


@pytest.mark.parametrize("command", ["mine", "align-docs"])
def test_bad_input_ends_with_one_line(texts: Path, command: str) -> None:
    (texts / "empty.txt").write_text("\n  \n")
    for changed, message in (
        (("en.txt", "empty.txt"), "texts must hold at least one that is not empty"),
        (("en.txt", "en.txt"), "the texts must be two files, got one twice"),
        (("en.txt", "none.txt"), "no such file"),
        ((*TEXTS, "-o", "en.txt"), "--output would replace TEXTS"),
        ((*TEXTS, "-o", "pairs.docx"), "pairs are written as .tsv or .txt"),
    ):
        assert message in fail(command, *MAPPED, *changed)
    assert "it takes an --output" in misuse(command, *MAPPED, *TEXTS, "--json")
    assert (texts / "en.txt").read_text().startswith("cat")
