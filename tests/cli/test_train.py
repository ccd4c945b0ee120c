from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import fail, interrupt, misuse, started, succeed

from alignx.vectors.io import load

pytest.importorskip("fasttext")

TINY = ("--dim", 10, "--bucket", 1_000, "--epoch", 1, "--threads", 1)
TRAIN = ("train", "corpus.txt", "-o", "es.bin", *TINY)


@pytest.fixture
def folder(here: Path) -> Path:
    """A corpus in the current folder."""
    rng = np.random.default_rng(0)
    words = [f"gato{number}" for number in range(50)]
    text = "".join(" ".join(rng.choice(words, 9)) + "\n" for _ in range(400))
    (here / "corpus.txt").write_text(text)
    return here


@pytest.fixture
def old(folder: Path) -> Path:
    """An output that is there already."""
    (folder / "es.bin").write_text("what was there")
    return folder


def is_unchanged(folder: Path) -> bool:
    names = sorted(path.name for path in folder.iterdir())
    return names == ["corpus.txt", "es.bin"] and (folder / "es.bin").read_text() == "what was there"


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_the_model_and_its_words_are_written() -> None:
    outputs = ("es.vec", "es.bin", "es.safetensors")
    options = [option for path in outputs for option in ("-o", path)]
    done = succeed("train", "corpus.txt", *options, *TINY)
    assert done.out == ""
    lines = done.err.splitlines()
    assert lines[0] == "corpus.txt: 3,600 words, 50 of them different, in 400 lines (24,490 bytes)"
    assert lines[1].startswith("skipgram: dim 10, epoch 1, minCount 5, bucket 1,000, thread 1; ")
    assert lines[2].startswith("es.bin, es.vec, es.safetensors: 51 words, 0.")
    text, model, cache = map(load, outputs)
    assert text.words == model.words == cache.words
    np.testing.assert_array_equal(text.vectors, model.vectors)
    np.testing.assert_array_equal(cache.vectors, model.vectors)


@pytest.mark.slow
def test_json_from_standard_input(folder: Path) -> None:
    options = ("--minCount", 70, "--lrUpdateRate", 50, "--min-count", 2, "--memory", "4GB")
    command = ("train", "-", *TRAIN[2:], *options, "--json", "-q")
    with (folder / "corpus.txt").open() as text, started(*command, stdin=text) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    facts = json.loads(out)
    assert facts["corpus"] == {
        "files": ["-"], "bytes": 24_490, "lines": 400, "tokens": 3_600,
        "types": 50, "sentences": 400, "invalid": 0, "nuls": 0, "overlong": 0,
    }  # fmt: skip
    assert facts["parameters"] == {
        "model": "skipgram", "lr": 0.05, "dim": 10, "ws": 5, "epoch": 1, "minCount": 2,
        "minn": 3, "maxn": 6, "neg": 5, "wordNgrams": 1, "loss": "ns", "bucket": 1_000,
        "lrUpdateRate": 50, "t": 0.0001, "thread": 1, "seed": 0,
    }  # fmt: skip
    assert (facts["words"], facts["bytes"]) == (51, (folder / "es.bin").stat().st_size)
    assert 0 < facts["peak_memory"] <= facts["memory_needed"]
    assert 0 < facts["training_seconds"] < facts["seconds"]


@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_a_tokenizer_is_imported_from_the_folder() -> None:
    Path("cutting.py").write_text(
        "def pairs(text):\n    return [text[i : i + 2] for i in range(0, len(text), 2)]\n"
        "def joined(text):\n    return text\n"
    )
    Path("ja.txt").write_text("東京日本\n" * 9)
    succeed("train", "ja.txt", "-o", "ja.bin", *TINY, "--tokenizer", "cutting:pairs")
    assert {*load("ja.bin").words} == {"東京", "日本", "</s>"}
    refusals = {
        "cutting:joined": "it must give the words of a text",
        "cutting": "it must be MODULE:FUNCTION such as jieba:lcut",
        "cutting:none": "has no attribute",
        "no_such_module:cut": "No module named",
    }
    for name, problem in refusals.items():
        assert problem in misuse("train", "ja.txt", "-o", "ja.bin", "--tokenizer", name)


@pytest.mark.slow
def test_words_alone_need_no_model(folder: Path) -> None:
    succeed(*TRAIN)
    done = succeed("train", "corpus.txt", "-o", "es.vec", "-o", "es.safetensors", *TINY)
    assert (
        f"es.vec, es.safetensors: 51 words, {Path('es.vec').stat().st_size / 1e6:,.1f} MB"
        in done.err
    )
    model, text, cache = map(load, ("es.bin", "es.vec", "es.safetensors"))
    np.testing.assert_array_equal(text.vectors, model.vectors)
    np.testing.assert_array_equal(cache.vectors, model.vectors)
    assert (text.words, text.language, cache.language) == (model.words, "es", "es")
    names = {"corpus.txt", "es.bin", "es.vec", "es.safetensors"}
    assert {path.name for path in folder.iterdir()} == names


@pytest.mark.slow
def test_sentence_pairs_give_vectors_of_both_languages(here: Path) -> None:
    (here / "en.txt").write_text("A cat sleeps.\n" * 9)
    (here / "es.txt").write_text("Un gato duerme.\n" * 9)
    (here / "both.tsv").write_text("A cat sleeps.\tUn gato duerme.\n" * 9)
    command = ("train", "-o", "en.vec", "-o", "es.safetensors", *TINY)
    done = succeed(*command, "--parallel", "en.txt", "es.txt")
    lines = done.err.splitlines()
    assert lines[0] == "en.txt, es.txt: 9 sentence pairs"
    assert lines[1].startswith("en.txt, es.txt: 54 words, 6 of them different, in 9 lines")
    assert lines[2].startswith("skipgram: dim 10, epoch 1, minCount 2, bucket 1,000, ")
    assert lines[3].startswith("en.vec, es.safetensors: 6 words, 0.")
    assert {*load("en.vec")} == {"a", "cat", "sleeps"}
    first = load("es.safetensors")
    facts = succeed(*command, "--parallel-table", "both.tsv", "--maxn", 6, "--json").json
    assert (facts["words"], facts["parameters"]["maxn"]) == (6, 6)
    assert {*load("es.safetensors")} == {*first} == {"un", "gato", "duerme"}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        (("-o", "en.vec"), "give text, or sentence pairs by --parallel"),
        (("corpus.txt", "--parallel-table", "b", "-o", "en.vec"), "give text, or sentence pairs"),
        (("--parallel-table", "b", "-o", "en.vec"), "give two with --parallel, one for each"),
        (("--parallel-table", "b", "-o", "a.vec", "--init", "c"), "--init"),
        (
            ("--parallel", "a", "b", "--parallel-table", "c", "-o", "a.vec"),
            "in place of --parallel",
        ),
    ],
)
def test_text_and_sentence_pairs_are_two_uses(arguments: tuple[str, ...], gist: str) -> None:
    assert gist in " ".join(misuse("train", *arguments).split())


@pytest.mark.usefixtures("folder")
def test_one_output_is_a_model() -> None:
    message = misuse("train", "corpus.txt", "-o", "es.bin", "-o", "two.bin")
    assert "one output may end in .bin, got es.bin, two.bin" in message


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        (("no-such.txt", "-o", "es.bin", "-o", "es.kv"), "es.kv"),
        (("corpus.txt", "-o", "es.bin", "--memory", "much"), "a size must be"),
        (("corpus.txt", "-o", "es.bin", "--memory", "1MB", "-q"), "memory must be at least"),
        (("no-such.txt", "-o", "es.bin"), "no such file"),
    ],
)
def test_errors_show_before_the_work(arguments: tuple[str, ...], gist: str) -> None:
    assert gist in fail("train", *arguments)


@pytest.mark.slow
def test_an_interrupt_while_training_leaves_the_old_model(old: Path) -> None:
    with started(*TRAIN, "--epoch", 100_000) as process:
        assert process.stderr is not None
        for beginning in ("corpus.txt: 3,600 words", "skipgram: "):
            assert process.stderr.readline().startswith(beginning)
        interrupt(process)
    assert is_unchanged(old)


@pytest.mark.slow
def test_an_interrupt_while_saving_leaves_the_old_model(old: Path) -> None:
    with started(*TRAIN, "--dim", 100, "--bucket", 1_000_000) as process:
        while process.poll() is None and not list(old.glob(".alignx-*")):
            pass
        interrupt(process)
    assert is_unchanged(old)


@pytest.mark.slow
@pytest.mark.parametrize("limit", [30_000, 5_000])
def test_a_disk_that_fills_up_is_one_line(old: Path, limit: int) -> None:
    with started(*TRAIN, "-q", limit=limit) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("alignx: error: es.bin: ")
    assert "choose another place" in err
    assert is_unchanged(old)
