from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from alignx.errors import FormatError, MissingDependencyError, OutputError, TrainingError
from alignx.support.config import config_context
from alignx.training.corpus_writer import write_tokenized
from alignx.training.memory_estimate import Vocabulary, memory_needed
from alignx.training.parameters import FastTextParameters
from alignx.training.pretrained import usable
from alignx.training.train import require_trainable, train
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.fasttext import SubwordVectors
from alignx.vectors.io import load
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

fasttext = pytest.importorskip("fasttext")
pytestmark = pytest.mark.slow  # it trains in other processes

# As the process that trains has it: see there. It matters to matrices as small as these.
ZEROED = {**os.environ, "MALLOC_PERTURB_": "255"}
TINY: dict[str, Any] = {"dim": 10, "bucket": 1_000, "epoch": 2}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with config_context(n_threads=1):
        yield


def fit(
    corpus: Path | str | list[Path],
    output: Path,
    init: Embeddings | Path | None = None,
    log: Callable[[dict[str, Any]], object] | None = None,
    progress: Callable[[float], object] | None = None,
    **parameters: Any,  # noqa: ANN401  # those of fastText
) -> Embeddings:
    found = FastTextParameters(**parameters)
    return train(corpus, output, parameters=found, init=init, log=log, progress=progress)


def write_corpus(path: Path, lines: int, seed: int = 0) -> Path:
    """Write sentences of words whose frequencies fall as those of words do."""
    rng = np.random.default_rng(seed)
    syllables = ["ma", "ño", "ki", "ra", "été", "ts", "日", "o", "pe", "lu"]
    words = ["".join(rng.choice(syllables, rng.integers(1, 5))) for _ in range(600)]
    shares = 1 / np.arange(3, len(words) + 3)
    chosen = rng.choice(words, (lines, 12), p=shares / shares.sum())
    path.write_text("".join(" ".join(line).capitalize() + ".\n" for line in chosen))
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus") / "es.txt", 1_500)


@pytest.fixture(scope="module")
def model(corpus: Path) -> Path:
    path = corpus.with_name("es.bin")
    with config_context(n_threads=1):
        fit(corpus, path, **TINY)
    return path


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith((".", "tmp")))


def children() -> list[int]:
    """Processes of this one that train; other tests may have left others, such as joblib's."""
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return [
        child
        for child in map(int, text.split())
        if b"alignx.training.worker" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


# --- the same as fastText ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"dim": 10, "bucket": 1_000, "epoch": 2},
        {"dim": 7, "model": "cbow", "minn": 2, "maxn": 4, "bucket": 50, "neg": 2, "ws": 3,
         "epoch": 1, "lr": 0.1, "t": 0.001, "lrUpdateRate": 10, "minCount": 9, "loss": "hs"},
        {"dim": 5, "maxn": 0, "minn": 0, "epoch": 1, "loss": "softmax"},
    ],
)  # fmt: skip
def test_one_thread_gives_the_bytes_of_fasttext_itself(
    corpus: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    with (tmp_path / "words.txt").open("wb") as file:
        write_tokenized([str(corpus)], file)
    chosen = options.copy()
    found = fit(corpus, tmp_path / "ours.bin", **chosen)
    code = (
        "import json, sys, fasttext\n"
        "model = fasttext.train_unsupervised('words.txt', thread=1, verbose=0, "
        "**json.loads(sys.argv[1]))\n"
        "model.save_model('theirs.bin')\n"
        "print(json.dumps([model.get_words(), model.get_word_vector('ñomaki').tolist()]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(options)],
        cwd=tmp_path, env=ZEROED, capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    ours, theirs = (tmp_path / f"{name}.bin" for name in ("ours", "theirs"))
    assert ours.read_bytes() == theirs.read_bytes()
    words, vector = json.loads(done.stdout)
    assert list(found.words) == words
    assert found.oov_vectors is not None
    np.testing.assert_array_equal(found.oov_vectors(["ñomaki"])[0], np.float32(vector))


def test_repeated_training_gives_the_same_bytes_and_another_seed_others(
    corpus: Path, model: Path, tmp_path: Path
) -> None:
    fit([corpus], tmp_path / "same.bin", **TINY)
    fit([corpus], tmp_path / "other.bin", seed=2, **TINY)
    assert (tmp_path / "same.bin").read_bytes() == model.read_bytes()
    assert (tmp_path / "other.bin").read_bytes() != model.read_bytes()


def test_several_threads_learn_the_same_words(corpus: Path, model: Path, tmp_path: Path) -> None:
    with config_context(n_threads=2):
        found = fit(corpus, tmp_path / "en.two.bin", **TINY)
    assert found.words == load(model).words
    assert found.language == "en"
    assert np.isfinite(found.vectors).all()


def test_what_we_use_of_fasttext_works_with_this_numpy(tmp_path: Path) -> None:
    """fasttext 0.9.3 fails on NumPy 2 in `predict` of a string, which nothing here uses."""
    (tmp_path / "labeled.txt").write_text("__label__cat miau ron\n__label__dog guau grr\n" * 30)
    code = (
        "import fasttext; model = fasttext.train_supervised('labeled.txt', verbose=0, thread=1, "
        "dim=5, epoch=50, lr=1.0, bucket=0)\n"
        "labels, _ = model.predict(['miau', 'grr']); print(labels)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env=ZEROED, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout == "[['__label__cat'], ['__label__dog']]\n"


def test_no_word_is_taken_for_a_label(tmp_path: Path) -> None:
    path = tmp_path / "es.txt"
    path.write_text("__label__uno el gato __label__dos\n" * 20)
    found = fit(path, tmp_path / "es.bin", **TINY)
    assert {*found.words} == {"__label__uno", "el", "gato", "__label__dos", "</s>"}


def test_packed_files_and_several_are_one_corpus(corpus: Path, model: Path, tmp_path: Path) -> None:
    lines = corpus.read_bytes().splitlines(keepends=True)
    (tmp_path / "first.txt").write_bytes(b"".join(lines[:700]))
    (tmp_path / "b").write_bytes(gzip.compress(b"".join(lines[700:])))
    fit([tmp_path / "first.txt", tmp_path / "b"], tmp_path / "out.bin", **TINY)
    assert (tmp_path / "out.bin").read_bytes() == model.read_bytes()


# --- what is chosen and told ------------------------------------------------------------------


def test_what_was_found_and_chosen_is_told(corpus: Path, tmp_path: Path) -> None:
    steps: list[dict[str, Any]] = []
    seen: list[float] = []
    found = fit(
        corpus, tmp_path / "es.bin", dim=10, epoch=200, progress=seen.append,
        log=steps.append,
    )  # fmt: skip
    read, chosen, trained = steps
    assert (read["stage"], read["files"], read["lines"]) == ("corpus", (str(corpus),), 1_500)
    n_words = len({*corpus.read_text().lower().replace(".", "").split()})
    assert read["types"] == n_words
    assert chosen["stage"] == "parameters"
    assert {name: chosen[name] for name in ("dim", "epoch", "minCount", "thread", "seed")} == {
        "dim": 10, "epoch": 200, "minCount": 5, "thread": 1, "seed": 0,
    }  # fmt: skip
    words = [word for word in found.words if word != "</s>"]
    ngrams = {
        f"<{w}>"[i : i + n] for w in words for n in range(3, 7) for i in range(len(w) + 3 - n)
    }
    assert chosen["bucket"] == -(-2 * len(ngrams) // 1_000) * 1_000
    assert chosen["memory"] >= trained["peak_memory"]
    assert trained["words"] == len(found)
    assert trained["bytes"] == (tmp_path / "es.bin").stat().st_size
    assert seen == sorted(seen)
    # One thread tells how far it is, too.
    assert len([fraction for fraction in seen if 0.1 < fraction < 0.9]) >= 2


def test_the_estimate_of_memory_holds(corpus: Path, tmp_path: Path) -> None:
    steps: list[dict[str, Any]] = []
    fit(
        corpus, tmp_path / "es.bin", dim=100, bucket=550_000, epoch=1, log=steps.append,
    )  # fmt: skip
    assert steps[2]["bytes"] > 200_000_000
    assert 1 <= steps[1]["memory"] / steps[2]["peak_memory"] <= 1.15
    (tmp_path / "es.bin").unlink()


def test_buckets_are_chosen_to_fit_into_memory(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[dict[str, Any]] = []
    # What this process holds depends on the tests before.
    held = 200_000_000
    monkeypatch.setattr("alignx.training.train.peak_resident", lambda: held)

    def attempt(memory: int, **options: Any) -> None:  # noqa: ANN401  # those of train
        fit(
            corpus, tmp_path / "es.bin", dim=1_000, epoch=1, memory=memory,
            log=steps.append, **options,
        )  # fmt: skip

    def fails(memory: int, **options: Any) -> str:  # noqa: ANN401  # those of train
        with pytest.raises(ValueError, match="memory must be at least") as caught:
            attempt(memory, **options)
        return str(caught.value)

    message = fails(10_000_000)
    assert "lower dim, or raise minCount" in message
    assert "lower bucket, dim, or raise minCount" in fails(10_000_000, bucket=5_000)
    steps.clear()
    attempt(2_000_000_000)
    wanted, most = steps[1]["bucket"], steps[1]["memory"]
    steps.clear()
    less = most + held - 2_000_000
    attempt(less)
    assert 1_000 <= steps[1]["bucket"] < wanted
    assert steps[1]["memory"] <= less - held
    assert steps[2]["peak_memory"] <= steps[1]["memory"]


def test_the_vocabulary_is_looked_at_as_a_whole_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["gato", "gata", "日本", "a", "internacionalmente"]
    whole = Vocabulary.of(words, 3, 6)
    monkeypatch.setattr("alignx.training.memory_estimate._WORDS_AT_ONCE", 2)
    parts = Vocabulary.of(words, 3, 6)
    assert whole == parts
    ngrams = [
        [f"<{w}>"[i : i + n] for n in range(3, 7) for i in range(len(w) + 3 - n)] for w in words
    ]
    assert whole.ngrams == sum(map(len, ngrams))
    assert whole.distinct == len({ngram for own in ngrams for ngram in own})
    more = memory_needed(FastTextParameters(dim=100, bucket=2_000), whole, 5)
    assert more - memory_needed(FastTextParameters(dim=100, bucket=1_000), whole, 5) == 400_000


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"dim": 0}, r"dim must lie in \[1, 100000\], got 0"),
        ({"epoch": 0}, "epoch must lie in"),
        ({"model": "glove"}, "model must be one of 'skipgram', 'cbow', got 'glove'"),
        ({"loss": "ova"}, "loss must be one of 'ns', 'hs', 'softmax'"),
        ({"minn": 5, "maxn": 4}, "minn must be at most maxn"),
        ({"bucket": 0}, "bucket must be at least 1 where there are n-grams"),
        ({"lr": float("nan")}, "lr must be more than 0, got nan"),
        ({"t": 0}, "t must be more than 0"),
        ({"seed": -1}, "seed must lie in"),
        ({"memory": 0}, "memory must be at least 1 byte, got 0"),
    ],
)
def test_parameters_out_of_range_are_refused_before_any_work(
    tmp_path: Path, options: dict[str, Any], rule: str
) -> None:
    with pytest.raises(ValueError, match=rule):
        fit("no-such.txt", tmp_path / "es.bin", **options)


def test_the_defaults_are_those_of_fasttext() -> None:
    from fasttext.FastText import unsupervised_default

    ours = {k: v for k, v in asdict(FastTextParameters()).items() if v is not None}
    assert ours == {name: unsupervised_default[name] for name in ours}


# --- going on ---------------------------------------------------------------------------------


def test_training_goes_on_exactly_from_the_given_vectors(corpus: Path, tmp_path: Path) -> None:
    first = fit(corpus, tmp_path / "first.bin", **{**TINY, "epoch": 5})
    words = [*first.words[:100], "nuncavista", "New York", "otra\N{NO-BREAK SPACE}vez"]
    rng = np.random.default_rng(0)
    rows = np.concatenate([first.vectors[:100], rng.standard_normal((3, 10), np.float32)])
    rows[-1, 0] = 1e-42  # which fastText's reader would stop at
    given = Embeddings(words, rows)
    save(usable(given), tmp_path / "given.safetensors")
    # A learning rate of next to nothing shows where it begins.
    still = {**TINY, "lr": 1e-9, "dim": None}
    rates: list[Any] = []
    found = fit(corpus, tmp_path / "on.bin", init=tmp_path / "given.safetensors", **still)
    kept = [word for word in words if word != "New York"]
    assert {*kept} <= {*found.words}
    assert "New York" not in found
    assert {*first.words} <= {*found.words}
    before, after = given.vectors[given.rows(kept)], found.vectors[found.rows(kept)]
    cosines = (before * after).sum(axis=1) / np.linalg.norm(before, axis=1)
    cosines /= np.linalg.norm(after, axis=1)
    assert cosines.min() > 0.9
    lengths = np.linalg.norm(after, axis=1) / np.linalg.norm(before, axis=1)
    assert np.median(lengths) == pytest.approx(1, abs=0.05)
    again = fit(corpus, tmp_path / "on.bin", init=given, **still)
    usual = {**still, "lr": None}
    fit(corpus, tmp_path / "on.bin", init=given, log=lambda step: rates.append(step.get("lr")),
          **usual)  # fmt: skip
    assert rates == [None, 0.025, None]
    np.testing.assert_array_equal(again.vectors, found.vectors)


def test_given_vectors_must_have_the_dimension(tmp_path: Path) -> None:
    given = Embeddings(["cat"], np.ones((1, 3)))
    with pytest.raises(ValueError, match="dim must be that of init, 3, or left out, got 4"):
        fit("es.txt", tmp_path / "es.bin", init=given, dim=4)


# --- what nothing can be learned from ---------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there is no text"),
        ("...\n!!!\n", "no words are left of 8 bytes"),
        ("\0" * 500, "no words are left of 500 bytes"),
        ("日" * 400, "no words are left of 1,200 bytes, as 1 are too long; a language that"),
        ("el gato y la gata", "no word occurs 5 times, as minCount asks; the count of the most"),
        ("hola\n" * 9, "no line has two words"),
        ("hola " * 9, "only 'hola' occurs 5 times, as minCount asks; it has no neighbors"),
        (
            " ".join(f"a{i}" for i in range(500)) + " la lo" * 5,
            "the words that occur 5 times, as minCount asks, are 2.0% of the text",
        ),
    ],
)
def test_what_nothing_can_be_learned_from_is_named(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "es.txt").write_text(text)
    (tmp_path / "es.bin").write_text("what was there")
    with pytest.raises(FormatError) as caught:
        fit(tmp_path / "es.txt", tmp_path / "es.bin", **TINY)
    assert caught.value.problem.startswith(problem)
    assert caught.value.path == str(tmp_path / "es.txt")
    assert (tmp_path / "es.bin").read_text() == "what was there"
    assert not leftovers(tmp_path)


def test_one_long_line_is_enough(tmp_path: Path) -> None:
    (tmp_path / "es.txt").write_text("el gato y la gata " * 3_000)
    found = fit(tmp_path / "es.txt", tmp_path / "es.bin", **TINY)
    assert {*found.words} == {"el", "gato", "y", "la", "gata"}


# --- failures ---------------------------------------------------------------------------------


def test_a_training_that_diverges_is_told_and_the_old_model_stays(
    corpus: Path, tmp_path: Path
) -> None:
    (tmp_path / "es.bin").write_text("what was there")
    with pytest.raises(TrainingError, match="the training has diverged; lower lr"):
        fit(corpus, tmp_path / "es.bin", lr=1e9, **TINY)
    assert (tmp_path / "es.bin").read_text() == "what was there"
    assert not leftovers(tmp_path)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (signal.SIGKILL, "the system has ended the training, most likely as memory ran out"),
        (signal.SIGSEGV, "fastText has crashed: Segmentation fault"),
    ],
)
def test_a_process_that_dies_is_an_error_of_one_line(
    corpus: Path, tmp_path: Path, number: signal.Signals, message: str
) -> None:
    def kill(fraction: float) -> None:
        if fraction > 0.05:
            for child in children():
                os.kill(child, number)

    with pytest.raises(TrainingError, match=message):
        fit(corpus, tmp_path / "es.bin", progress=kill, **{**TINY, "epoch": 10_000})
    assert not list(tmp_path.iterdir())


def test_an_interrupt_ends_the_process_and_leaves_nothing(corpus: Path, tmp_path: Path) -> None:
    running: list[int] = []

    def interrupt(fraction: float) -> None:
        if fraction > 0.05:
            running.extend(children())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(corpus, tmp_path / "es.bin", progress=interrupt, **{**TINY, "epoch": 10_000})
    assert len(running) == 1
    assert not children()
    assert not list(tmp_path.iterdir())


def test_the_process_ends_with_its_parent(corpus: Path, tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "import alignx as ax\n"
        "def show(fraction):\n"
        "    if fraction > 0.05:\n"
        "        print(Path(f'/proc/self/task/{os.getpid()}/children').read_text(), flush=True)\n"
        "        os.kill(os.getpid(), 9)\n"
        "ax.set_config(n_threads=1)\n"
        "parameters = ax.FastTextParameters(dim=10, epoch=10_000)\n"
        "ax.train(sys.argv[1], 'es.bin', parameters=parameters, progress=show)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(corpus)],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    status = Path(f"/proc/{int(done.stdout)}/status")
    for _ in range(100):
        if not status.exists() or "State:\tZ" in status.read_text():
            break
        signal.sigtimedwait([], 0.05)
    else:
        pytest.fail("it is still training")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_device_is_no_place_for_a_model(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "es.bin").symlink_to("/dev/full")
    with pytest.raises(FormatError, match=r"es\.bin: .* must be a regular file, got a device"):
        fit(corpus, tmp_path / "es.bin", **TINY)


def test_the_name_of_a_model_must_say_so(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"must end in one of"):
        require_trainable(tmp_path / "es.model")
    with pytest.raises(OutputError, match="the directory does not exist"):
        require_trainable(tmp_path / "no" / "es.bin")


def test_the_model_is_one_that_is_read_again(model: Path) -> None:
    vectors = SubwordVectors(model)
    found = load(model)
    assert [word.decode() for word in vectors.stored] == list(found.words)
    assert not leftovers(model.parent)


def test_without_fasttext_the_command_to_install_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fasttext", None)
    with pytest.raises(MissingDependencyError, match="pip install fasttext"):
        fit("es.txt", tmp_path / "es.bin")
