from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from alignx.cli.main import app
from alignx.errors import AlignxError, FormatError, OutputError
from alignx.vectors.io import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer.testing import Result

pytest.importorskip("fasttext")

SCRIPT = Path(sys.executable).with_name("alignx")
TINY = ("--dim", 10, "--bucket", 1_000, "--epoch", 1, "--threads", 1)


def run(*arguments: object) -> Result:
    """Run alignx within this process, which saves the time of its start."""
    return CliRunner().invoke(app, [*map(str, arguments)])


def fail(*arguments: object) -> AlignxError | ValueError:
    """Give the error that the command line prints as one line."""
    done = run("train", *arguments)
    assert done.exit_code == 1
    assert isinstance(done.exception, AlignxError | ValueError), done.exception
    assert done.stdout == ""
    return done.exception


def misuse(*arguments: object) -> str:
    done = run("train", *arguments)
    assert done.exit_code == 2, done.exception
    return " ".join(done.stderr.replace("│", " ").split())


@contextlib.contextmanager
def started(
    folder: Path, *arguments: object, limit: int | None = None, stdin: IO[str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run alignx beside the test, and end it with the test, however that ends."""

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # background jobs inherit "ignore"
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = subprocess.Popen(
        [str(SCRIPT), "train", *map(str, arguments)],
        cwd=folder,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=prepare,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def living(job: int) -> list[int]:
    """The processes of a job that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            state, _, group = path.read_text().rpartition(")")[2].split()[:3]
            if int(group) == job and state != "Z":
                found.append(int(path.parent.name))
    return found


def press_ctrl_c(process: subprocess.Popen[str]) -> None:
    """Send what a terminal sends: an interrupt to all processes of the job."""
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in out + err
    for _ in range(200):  # one that has only just begun may take a moment
        if not living(process.pid):
            break
        time.sleep(0.05)
    assert not living(process.pid)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    words = [f"gato{number}" for number in range(50)]
    path = tmp_path / "corpus.txt"
    path.write_text("".join(" ".join(rng.choice(words, 9)) + "\n" for _ in range(400)))
    return path


def test_the_model_and_its_words_are_written(corpus: Path) -> None:
    folder = corpus.parent
    outputs = [folder / name for name in ("es.vec", "es.bin", "es.safetensors")]
    options = [option for path in outputs for option in ("-o", path)]
    done = run("train", corpus, *options, *TINY)
    assert done.exit_code == 0, done.exception
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0] == "corpus.txt: 3,600 words, 50 of them different, in 400 lines (24,490 bytes)"
    assert lines[1].startswith("skipgram: dim 10, epoch 1, minCount 5, bucket 1,000, thread 1; ")
    assert lines[2].startswith(f"{outputs[1]}, {outputs[0]}, {outputs[2]}: 51 words, 0.")
    text, model, cache = map(load, outputs)
    assert text.words == model.words == cache.words
    np.testing.assert_array_equal(text.vectors, model.vectors)
    np.testing.assert_array_equal(cache.vectors, model.vectors)


def test_json_tells_what_was_read_chosen_and_needed(corpus: Path) -> None:
    output = corpus.with_name("es.bin")
    options = ("--minCount", 70, "--lrUpdateRate", 50, "--min-count", 2, "--memory", "4GB")
    with (
        corpus.open() as text,
        started(corpus.parent, "-", "-o", output, *TINY, *options, "--json", "-q", stdin=text) as p,
    ):
        out, err = p.communicate(timeout=60)
    assert (p.returncode, err) == (0, "")
    facts = json.loads(out)
    assert facts["corpus"] == {
        "files": ["-"], "bytes": corpus.stat().st_size, "lines": 400, "tokens": 3_600,
        "types": 50, "sentences": 400, "invalid": 0, "nuls": 0, "overlong": 0,
    }  # fmt: skip
    assert facts["parameters"] == {
        "model": "skipgram", "lr": 0.05, "dim": 10, "ws": 5, "epoch": 1, "minCount": 2,
        "minn": 3, "maxn": 6, "neg": 5, "wordNgrams": 1, "loss": "ns", "bucket": 1_000,
        "lrUpdateRate": 50, "t": 0.0001, "thread": 1, "seed": 0,
    }  # fmt: skip
    assert (facts["words"], facts["bytes"]) == (51, output.stat().st_size)
    assert 0 < facts["peak_memory"] <= facts["memory_needed"]
    assert 0 < facts["training_seconds"] < facts["seconds"]


def test_a_tokenizer_is_imported_from_the_folder(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(corpus.parent)
    Path("cutting.py").write_text(
        "def pairs(text):\n    return [text[i : i + 2] for i in range(0, len(text), 2)]\n"
        "def joined(text):\n    return text\n"
    )
    Path("ja.txt").write_text("東京日本\n" * 9)
    done = run("train", "ja.txt", "-o", "ja.bin", *TINY, "--tokenizer", "cutting:pairs")
    assert done.exit_code == 0, done.exception
    assert {*load("ja.bin").words} == {"東京", "日本", "</s>"}
    refusals = {
        "cutting:joined": "it must give the words of a text",
        "cutting": "it must be MODULE:FUNCTION such as jieba:lcut",
        "cutting:none": "has no attribute",
        "no_such_module:cut": "No module named",
    }
    for name, problem in refusals.items():
        assert problem in misuse("ja.txt", "-o", "ja.bin", "--tokenizer", name)


def test_one_output_is_a_model(corpus: Path) -> None:
    assert "one output must end in .bin, got es.vec" in misuse(corpus, "-o", "es.vec")
    message = misuse(corpus, "-o", "es.bin", "-o", "two.bin")
    assert "one output must end in .bin, got es.bin, two.bin" in message


def test_bad_outputs_and_sizes_show_before_the_work(corpus: Path) -> None:
    folder = corpus.parent
    good = folder / "es.bin"
    assert isinstance(fail("no-such.txt", "-o", folder / "no" / "es.bin"), OutputError)
    assert isinstance(fail("no-such.txt", "-o", good, "-o", folder / "no" / "es.vec"), OutputError)
    assert isinstance(fail("no-such.txt", "-o", good, "-o", folder / "es.npz"), FormatError)
    assert "a size must be" in str(fail(corpus, "-o", good, "--memory", "much"))
    assert "memory must be at least" in str(fail(corpus, "-o", good, "--memory", "1MB", "-q"))
    assert "no such file" in str(fail("no-such.txt", "-o", good))
    assert not good.exists()


def test_an_interrupt_while_training_leaves_the_old_model(corpus: Path) -> None:
    folder = corpus.parent
    (folder / "es.bin").write_text("what was there")
    with started(folder, corpus, "-o", "es.bin", *TINY, "--epoch", 100_000) as process:
        assert process.stderr is not None
        for beginning in ("corpus.txt: 3,600 words", "skipgram: "):
            assert process.stderr.readline().startswith(beginning)
        press_ctrl_c(process)
    assert (folder / "es.bin").read_text() == "what was there"
    assert sorted(path.name for path in folder.iterdir()) == ["corpus.txt", "es.bin"]


def test_an_interrupt_while_saving_leaves_the_old_model(corpus: Path) -> None:
    folder = corpus.parent
    (folder / "es.bin").write_text("what was there")
    large = ("--dim", 100, "--bucket", 1_000_000, "--epoch", 1, "--threads", 1)
    with started(folder, corpus, "-o", "es.bin", *large) as process:
        while process.poll() is None and not list(folder.glob(".alignx-*")):
            pass
        press_ctrl_c(process)
    assert (folder / "es.bin").read_text() == "what was there"
    assert sorted(path.name for path in folder.iterdir()) == ["corpus.txt", "es.bin"]


@pytest.mark.parametrize(("limit", "problem"), [(30_000, ""), (5_000, "the text, which lies ")])
def test_a_disk_that_fills_up_is_one_line(corpus: Path, limit: int, problem: str) -> None:
    folder = corpus.parent
    (folder / "es.bin").write_text("what was there")
    with started(folder, corpus, "-o", "es.bin", *TINY, "-q", limit=limit) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert err.startswith(f"alignx: error: es.bin: {problem}")
    assert err.endswith("the file exceeds the size that is allowed here; choose another place\n")
    assert err.count("\n") == 1
    assert (folder / "es.bin").read_text() == "what was there"
    assert sorted(path.name for path in folder.iterdir()) == ["corpus.txt", "es.bin"]
