from __future__ import annotations

import json
import logging
import os
import select
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner

import alignx
from alignx.alignment.align import align
from alignx.alignment.alignment import Alignment
from alignx.classification.classifier import TransferClassifier
from alignx.classification.comparison.evaluate import evaluate_transfer
from alignx.classification.comparison.experiments import Experiment, TransferData
from alignx.classification.encoder import DocumentEncoder
from alignx.classification.strategies import STRATEGIES, CodeSwitching, Ensemble, PriorMatching
from alignx.cli.main import app
from alignx.datasets import load_sample
from alignx.errors import AlignxError, FormatError, MissingDependencyError, OutputError
from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.io import load, save

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer.testing import Result

SCRIPT = Path(sys.executable).with_name("alignx")
DATA = Path(alignx.__file__).parent / "data"
VECTORS = (DATA / "en.safetensors", DATA / "es.safetensors")
WORDS = {
    "en": {
        "politics": "government president election party minister law vote parliament court",
        "sport": "team game football league season player championship club cup goal",
    },
    "es": {
        "politics": "gobierno presidente elecciones partido ministro ley parlamento tribunal",
        "sport": "equipo juego fútbol liga temporada jugador campeonato club copa gol",
    },
}
COMMON = {"en": "the of and in to was is for", "es": "de la que el en y los del"}
NOTHING = "qwzx zzyqj"
ENGLISH, IN_SPANISH = ("--language", "en"), ("--language", "es")


def make_texts(code: str, count: int, seed: int) -> tuple[list[str], list[str]]:
    """Texts of four words of their topic and four common ones, and the topics."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(list(WORDS[code]), count).tolist()
    texts = []
    for label in labels:
        words = [*rng.choice(WORDS[code][label].split(), 4), *rng.choice(COMMON[code].split(), 4)]
        texts.append(" ".join(rng.permutation(words)))
    return texts, labels


TRAIN, LABELS = make_texts("en", 60, 1)
SPANISH, TOPICS = make_texts("es", 40, 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a map, labeled and unlabeled texts, and a model."""
    folder = tmp_path_factory.mktemp("classify")
    sample = load_sample("en", "es")
    options: dict[str, Any] = {"lexicon": sample.train, "refinement": 0, "calibrate": False}
    align(sample.source, sample.target, **options).save(folder / "map")
    rows = [f"{label}\t{text}\n" for text, label in zip(TRAIN, LABELS, strict=True)]
    (folder / "train.tsv").write_text("category\ttext\n" + "".join(rows))
    (folder / "texts.txt").write_text("\n".join(make_texts("es", 50, 3)[0]))
    succeed("fit", folder / "map", *VECTORS, "-i", folder / "train.tsv", *ENGLISH,
            "-o", folder / "model")  # fmt: skip
    return folder


@pytest.fixture(autouse=True)
def _level() -> Iterator[None]:
    """Commands set what is logged; the tests after these must not notice."""
    logger = logging.getLogger("alignx")
    level = logger.level
    yield
    logger.setLevel(level)


def invoke(*arguments: object, text: str | bytes = "") -> Result:
    return CliRunner().invoke(app, ["classify", *map(str, arguments)], input=text)


def succeed(*arguments: object, text: str | bytes = "") -> Result:
    result = invoke(*arguments, text=text)
    assert result.exception is None, (result.exception, result.stderr)
    return result


def fit(folder: Path, output: Path, *arguments: object) -> Result:
    files = ("-i", folder / "train.tsv", "-o", output, *ENGLISH)
    return succeed("fit", folder / "map", *VECTORS, *files, *arguments)


def predict(folder: Path, *arguments: object, text: str | bytes = "") -> Result:
    mapped = (folder / "model", folder / "map", *VECTORS, *IN_SPANISH)
    return succeed("predict", *mapped, *arguments, text=text)


def loaded(folder: Path, model: Path) -> TransferClassifier:
    languages = [load(path) for path in VECTORS]
    return TransferClassifier.load(model, Alignment.load(folder / "map").apply(*languages))


# --- fit --------------------------------------------------------------------------------------


def test_fit_tells_what_it_read_and_wrote(folder: Path, tmp_path: Path) -> None:
    done = fit(folder, tmp_path / "model")
    assert done.stdout == ""
    size = (tmp_path / "model").stat().st_size
    assert "train.tsv: 60 texts of 2 classes" in done.stderr
    assert "en.safetensors: 4,000 words of 300 dimensions" in done.stderr
    assert "en: 60 texts, on average 100.0% of their words are known\n" in done.stderr
    assert f"model: zero_shot, 2 classes, {size / 1000:,.1f} kB in " in done.stderr
    assert fit(folder, tmp_path / "model", "--quiet").stderr == ""


def test_fit_prints_json(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "more.jsonl").write_text(
        "".join(
            json.dumps({"text": text, "label": label, "language": "es"}) + "\n"
            for text, label in zip([*SPANISH, NOTHING], [*TOPICS, "sport"], strict=True)
        )
    )
    inputs = ("-i", tmp_path / "more.jsonl", "--seed", 3, "--json", "--quiet")
    done = fit(folder, tmp_path / "model", *inputs)
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert report.pop("seconds") > 0
    assert report.pop("version")
    assert report == {
        "strategy": "zero_shot",
        "seed": 3,
        "classes": ["politics", "sport"],
        "languages": {
            "en": {"texts": 60, "unknown": 0, "coverage": 1.0},
            "es": {"texts": 41, "unknown": 1, "coverage": pytest.approx(40 / 41)},
        },
        "unlabeled": {},
        "facts": {},
        "bytes": (tmp_path / "model").stat().st_size,
    }


def test_equal_calls_make_equal_files(folder: Path, tmp_path: Path) -> None:
    options = ("--strategy", "code_switching", "--option", "copies=1", "--seed", 5)
    for name in ("first", "second"):
        fit(folder, tmp_path / name, *options)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_fit_passes_its_options_on(folder: Path, tmp_path: Path) -> None:
    rows = zip(SPANISH, TOPICS, strict=True)
    (tmp_path / "es.tsv").write_text("".join(f"{text}\t{label}\tes\n" for text, label in rows))
    codes = ["en"] * len(TRAIN) + ["es"] * len(SPANISH)
    inputs = ("-i", tmp_path / "es.tsv", "--json")
    unlabeled = ("--unlabeled", f"es={folder / 'texts.txt'}")
    options = ("--option", "members=zero_shot,translate_test", "--components", 2, "--alpha", 0.5)
    weighting = ("--weighting", "uniform", "--limit", 3_000)
    more = ("--strategy", "ensemble", *options, *weighting, *unlabeled, *inputs)
    report = json.loads(fit(folder, tmp_path / "model", *more).stdout)
    assert report["unlabeled"] == {"es": 50}
    assert report["facts"] == {"members": ["zero_shot", "translate_test"]}
    languages = [load(path, limit=3_000) for path in VECTORS]
    space = Alignment.load(folder / "map").apply(*languages)
    expected = TransferClassifier(
        space,
        strategy=Ensemble(("zero_shot", "translate_test")),
        encoder=DocumentEncoder(weighting="uniform", components=2),
        alpha=0.5,
    )
    texts = (folder / "texts.txt").read_text().split("\n")
    expected.fit(TRAIN + SPANISH, LABELS + TOPICS, language=codes, unlabeled={"es": texts})
    found = TransferClassifier.load(tmp_path / "model", space).predict_proba(SPANISH, language="es")
    np.testing.assert_allclose(found, expected.predict_proba(SPANISH, language="es"), atol=1e-6)


def test_options_become_what_the_strategy_takes(folder: Path, tmp_path: Path) -> None:
    options = ("--option", "rate=1", "--option", "copies=2")
    fit(folder, tmp_path / "model", "--strategy", "code_switching", *options)
    found = loaded(folder, tmp_path / "model").strategy
    assert found == CodeSwitching(rate=1.0, copies=2)
    assert isinstance(found, CodeSwitching)
    assert isinstance(found.rate, float)
    unlabeled = ("--unlabeled", f"es={folder / 'texts.txt'}", "--option", "teacher=translate_test")
    fit(folder, tmp_path / "model", "--strategy", "prior_matching", *unlabeled)
    assert loaded(folder, tmp_path / "model").strategy == PriorMatching("translate_test")


def test_columns_and_the_language_are_told(folder: Path, tmp_path: Path) -> None:
    rows = [f"x\t{text}\t{label}\n" for text, label in zip(SPANISH, TOPICS, strict=True)]
    (tmp_path / "es.tsv").write_text("".join(rows))
    columns = ("--text-column", 2, "--label-column", 3, "--language", "es", "--json")
    output = ("-i", tmp_path / "es.tsv", "-o", tmp_path / "model")
    done = succeed("fit", folder / "map", *VECTORS, *output, *columns)
    assert list(json.loads(done.stdout)["languages"]) == ["es"]
    (tmp_path / "named.tsv").write_text("body\tkind\n" + "".join(row[2:] for row in rows))
    names = ("--text-column", "body", "--label-column", "kind", "--language", "es")
    output = ("-i", tmp_path / "named.tsv", "-o", tmp_path / "other")
    succeed("fit", folder / "map", *VECTORS, *output, *names)
    assert (tmp_path / "other").read_bytes() == (tmp_path / "model").read_bytes()


# --- predict ----------------------------------------------------------------------------------


def test_each_line_gets_its_class(folder: Path) -> None:
    done = predict(folder, text="\n".join(SPANISH))
    found = done.stdout.splitlines()
    assert found == loaded(folder, folder / "model").predict(SPANISH, language="es").tolist()
    assert np.mean(np.array(found) == TOPICS) > 0.9
    assert "es: 40 texts\n" in done.stderr
    assert "without a known word" not in done.stderr
    assert predict(folder, "--quiet", text=SPANISH[0]).stderr == ""


def test_texts_without_known_words_get_the_prior_and_are_counted(folder: Path) -> None:
    done = predict(folder, "--proba", text=f"{SPANISH[0]}\n\n{NOTHING}\r\n")
    most = max(set(LABELS), key=LABELS.count)
    share = LABELS.count(most) / len(LABELS)
    assert done.stdout.splitlines()[1:] == [f"{most}\t{share:.4f}"] * 2
    assert f"2 without a known word got {most}, the most frequent class" in done.stderr
    assert "es: 3 texts" in done.stderr
    assert "texts have no known word" not in done.stderr  # the library's warning, once a block


def test_invalid_utf8_is_replaced_and_counted(folder: Path) -> None:
    done = predict(folder, text=b"\xff gobierno presidente\nequipo liga\n")
    assert done.stdout.splitlines() == ["politics", "sport"]
    assert "1 with invalid UTF-8, which was replaced" in done.stderr


def test_probabilities_are_those_of_the_library(folder: Path) -> None:
    done = predict(folder, "--proba", text="\n".join(SPANISH))
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    expected = loaded(folder, folder / "model").predict_proba(SPANISH, language="es").max(axis=1)
    np.testing.assert_allclose([float(row[1]) for row in rows], expected, atol=5.1e-5)


def test_the_language_is_told(folder: Path) -> None:
    done = predict(folder, "--language", "en", text="\n".join(TRAIN))
    assert done.stdout.splitlines() == LABELS
    assert "en: 60 texts" in done.stderr


def test_json_lines_come_back_with_answers(folder: Path) -> None:
    records = [
        {"text": SPANISH[0], "id": 7, "label": "gold"},
        {"language": "en", "tweet": TRAIN[0]},
        {"text": "\ud83d " + SPANISH[1]},
    ]
    text = "\n\n".join(map(json.dumps, records))
    done = predict(folder, "--json", "--proba", text=text)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["label"] for record in found] == [TOPICS[0], LABELS[0], TOPICS[1]]
    assert found[0] | {"label": "gold"} == found[0] | records[0]
    assert found[1]["language"] == "en"
    assert found[2]["text"] == "? " + SPANISH[1]
    for record in found:
        shares = record["probabilities"]
        assert list(shares) == ["politics", "sport"]
        assert record["probability"] == shares[record["label"]] == max(shares.values())
        assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
    assert "probabilities" not in json.loads(
        predict(folder, "--json", text=text).stdout.split("\n")[0]
    )


def test_words_explain_a_prediction(folder: Path) -> None:
    text = "el gobierno de la ley\n" + NOTHING
    lines = predict(folder, "--explain", text=text).stdout.splitlines()
    label, words = lines[0].split("\t")
    assert label == "politics"
    found = dict(word.split(" ") for word in words.split(", "))
    assert set(found) == {"el", "gobierno", "de", "la", "ley"}
    assert max(found, key=lambda word: float(found[word])) in ("gobierno", "ley")
    assert "\t" not in lines[1]
    record = json.dumps({"text": "el gobierno de la ley"})
    answer = json.loads(predict(folder, "--json", "--explain", text=record).stdout)
    assert {word["word"] for word in answer["words"]} == set(found)
    assert answer["words"][0].keys() == {"word", "count", "effect"}


def test_nothing_in_nothing_out(folder: Path) -> None:
    done = predict(folder)
    assert done.stdout == ""
    assert "no texts" in done.stderr


def test_languages_that_share_a_space_need_no_map(folder: Path, tmp_path: Path) -> None:
    space = Alignment.load(folder / "map").apply(*map(load, VECTORS))
    save(space.source, tmp_path / "en.safetensors")
    save(space.target, tmp_path / "es.safetensors")
    save(replace(space.target, language="de"), tmp_path / "de.safetensors")
    vectors = [tmp_path / f"{code}.safetensors" for code in ("en", "es", "de")]
    files = ("-i", folder / "train.tsv", "-o", tmp_path / "model")
    succeed("fit", "-", *vectors, *files, *ENGLISH)
    text = "\n".join(SPANISH)
    expected = predict(folder, text=text).stdout
    for code in ("es", "de"):
        asked = ("--language", code)
        done = succeed("predict", tmp_path / "model", "-", *vectors, *asked, text=text)
        assert done.stdout == expected
    fewer = succeed("predict", tmp_path / "model", "-", *vectors[:2], *IN_SPANISH, text=text)
    assert fewer.stdout == expected
    again = invoke("predict", tmp_path / "model", "-", *vectors, vectors[0], *IN_SPANISH, text=text)
    assert isinstance(again.exception, ValueError)
    assert "must tell their languages apart" in str(again.exception)


# --- usage and errors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        ((), "predict"),
        (("fit", "map", "a.vec", "b.vec", "-o", "x"), "--input"),
        (("fit", "map", "a.vec", "b.vec", "-i", "x"), "--output"),
        (("fit", "map", "a.vec", "-i", "x", "-o", "y"), "VECTORS"),
        (("fit", "map", "a.vec", "b.vec", "c.vec", "-i", "x", "-o", "y"), "VECTORS"),
        (("fit", "-", "a.vec", "-i", "x", "-o", "y"), "VECTORS"),
        (("fit", "map", "a", "b", "-i", "x", "-o", "y", "--strategy", "magic"), "magic"),
        (("fit", "map", "a", "b", "-i", "x", "-o", "y", "--head", "tree"), "tree"),
        (("fit", "map", "a", "b", "-i", "x", "-o", "y", "--weighting", "bm25"), "bm25"),
        (("fit", "map", "a", "b", "-i", "x", "-o", "y", "--alpha", "2"), "--alpha"),
        (("fit", "map", "a", "b", "-i", "x", "-o", "y", "--components", "-1"), "--components"),
        (("fit", "map", "a", "b", "-i", "x", "-o", "y", "--option", "rate=1"), "no options"),
        (("fit", "map", "a", "b", "-i", "x", "-o", "y", "--unlabeled", "t.txt"), "es=texts.txt"),
        (("predict", "model"), "MAP"),
        (("predict", "model", "map", "a.vec"), "VECTORS"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[object, ...], gist: str) -> None:
    done = invoke(*arguments)
    assert done.exit_code == 2
    assert gist in done.output


@pytest.mark.parametrize(
    ("strategy", "option", "gist"),
    [
        ("code_switching", "speed=1", "rate, copies"),
        ("code_switching", "rate=often", "must be a number"),
        ("code_switching", "copies=1.5", "must be a whole number"),
        ("ensemble", "members=zero_shot,magic", "members must be of"),
        ("self_training", "teacher=magic", "teacher must be of"),
    ],
)
def test_options_that_a_strategy_does_not_take(strategy: str, option: str, gist: str) -> None:
    files = ("map", "a", "b", "-i", "x", "-o", "y")
    done = invoke("fit", *files, "--strategy", strategy, "--option", option)
    assert done.exit_code == 2
    assert gist in " ".join(done.output.replace("│", " ").split())


def test_a_language_without_vectors_is_wrong_usage(folder: Path, tmp_path: Path) -> None:
    files = ("-i", folder / "train.tsv", "-o", tmp_path / "model", "--language", "fr")
    for done in (
        invoke("fit", folder / "map", *VECTORS, *files),
        invoke("predict", folder / "model", folder / "map", *VECTORS, "--language", "fr"),
    ):
        assert done.exit_code == 2
        assert "en, es" in done.output
    assert not (tmp_path / "model").exists()


def test_errors_of_fit_leave_the_old_model(folder: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.write_text("old")
    (tmp_path / "one.tsv").write_text("text\tlabel\na\tpets\n")
    (tmp_path / "bad.tsv").write_text("text\tlabel\na\tpets\nb\n")
    (tmp_path / "fr.tsv").write_text("text\tlabel\tlang\na\tpets\ten\nb\tno\tfr\n")
    train = folder / "train.tsv"
    cases: list[tuple[type[Exception], str, tuple[object, ...]]] = [
        (FormatError, "no.tsv: no such file", ("-i", "no.tsv")),
        (FormatError, "bad.tsv:3: a line must have 2 columns", ("-i", tmp_path / "bad.tsv")),
        (ValueError, "at least 2 classes", ("-i", tmp_path / "one.tsv")),
        (ValueError, "got 'fr'", ("-i", tmp_path / "fr.tsv")),
        (ValueError, "needs unlabeled texts of es", ("-i", train, "--strategy", "seed_words")),
        (
            ValueError,
            "rate must lie in",
            ("-i", train, "--strategy", "code_switching", "--option", "rate=2"),
        ),
    ]
    for kind, message, arguments in cases:
        done = invoke("fit", folder / "map", *VECTORS, "-o", model, *arguments, *ENGLISH)
        assert isinstance(done.exception, kind), done.output
        assert message in str(done.exception)
        assert model.read_text() == "old"
    assert not list(tmp_path.glob(".alignx-*"))


def test_an_output_that_cannot_be_is_found_before_the_work() -> None:
    done = invoke("fit", "no-map", "a.vec", "b.vec", "-i", "no.tsv", "-o", "no-folder/model")
    assert isinstance(done.exception, OutputError)


def test_a_model_is_refused_with_other_vectors(folder: Path) -> None:
    mapped = (folder / "model", folder / "map", *VECTORS)
    cut = invoke("predict", *mapped, *IN_SPANISH, "--limit", 100)
    assert isinstance(cut.exception, FormatError)
    assert "made with other en vectors, of 4,000 words" in str(cut.exception)
    no_model = invoke("predict", folder / "map", folder / "map", *VECTORS, *IN_SPANISH)
    assert isinstance(no_model.exception, AlignxError)
    assert "not a classifier" in str(no_model.exception)
    missing = invoke("predict", "no-model", "no-map", "a.vec", "b.vec", *IN_SPANISH)
    assert "no-model: no such file" in str(missing.exception)


# --- a process in a pipe ----------------------------------------------------------------------


def environment() -> dict[str, str]:
    unset = ("PYTHONUNBUFFERED", "FORCE_COLOR", "TTY_COMPATIBLE")
    known = {k: v for k, v in os.environ.items() if k not in unset}
    return known | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}


@contextmanager
def predicting(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `predict` beside the test, and end it with the test, however that ends."""
    process = subprocess.Popen(
        [SCRIPT, "classify", "predict", "model", "map", *VECTORS, *IN_SPANISH, *arguments],
        cwd=folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Background jobs inherit "ignore".
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def ask(process: subprocess.Popen[bytes], text: str) -> str:
    """Send a line and wait for its answer while the pipe stays open."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(text.encode() + b"\n")
    process.stdin.flush()
    assert select.select([process.stdout], [], [], 60)[0], "there is no answer"
    return process.stdout.readline().decode()


def test_answers_do_not_wait_for_more_texts(folder: Path) -> None:
    with predicting(folder) as process:
        assert ask(process, "el gobierno y la ley") == "politics\n"
        assert ask(process, "el equipo de la liga") == "sport\n"
        out, err = process.communicate(b"gobierno", timeout=60)
        assert (process.returncode, out) == (0, b"politics\n")
        assert err.endswith(b"es: 3 texts\n")


def test_a_bad_line_is_told_after_the_answers_before_it(folder: Path) -> None:
    with predicting(folder, "--json", "--quiet") as process:
        lines = b'{"text": "el gobierno"}\n\n{"text": "la liga"}\nel gobierno\n{"text": "ley"}\n'
        out, err = process.communicate(lines, timeout=60)
    assert process.returncode == 1
    assert [json.loads(line)["label"] for line in out.splitlines()] == ["politics", "sport"]
    assert err.startswith(b"alignx: error: standard input:4: a line must be a JSON object")
    assert err.count(b"\n") == 1


def test_an_interrupt_ends_quietly(folder: Path) -> None:
    with predicting(folder) as process:
        assert ask(process, "el gobierno y la ley") == "politics\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode not in (0, None)
    assert b"Traceback" not in out + err


def test_a_reader_that_leaves_early_sees_no_traceback(folder: Path) -> None:
    files = " ".join(f"'{path}'" for path in VECTORS)
    mapped = f"model map {files} --language es"
    command = f"yes el gobierno y la ley | '{SCRIPT}' classify predict {mapped} -q | head -3"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == b"politics\n" * 3
    assert done.stderr == b""


# --- transfer ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compared(folder: Path) -> tuple[object, ...]:
    """The arguments of a comparison: English and Spanish to learn from, Spanish to measure on."""
    languages = {"en": (TRAIN, LABELS), "es": (SPANISH, TOPICS)}
    for code, (texts, labels) in languages.items():
        rows = [f"{label}\t{text}\n" for text, label in zip(texts, labels, strict=True)]
        (folder / f"{code}.tsv").write_text("label\ttext\n" + "".join(rows))
    both = [
        {"text": text, "label": label, "language": code}
        for code in ("en", "es")
        for text, label in zip(*make_texts(code, 30, 9), strict=True)
    ]
    (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in both))
    train = ("--train", f"en={folder / 'en.tsv'}", "--train", f"es={folder / 'es.tsv'}")
    test = ("--test", folder / "test.jsonl")
    return (folder / "map", *VECTORS, *train, *test, "--source", "en")


def test_transfer_compares_what_the_library_compares(
    compared: tuple[object, ...], folder: Path, tmp_path: Path
) -> None:
    page, figure = tmp_path / "report.md", tmp_path / "report.svg"
    pytest.importorskip("matplotlib")
    done = succeed(
        "transfer", *compared, "--strategy", "zero_shot", "--shots", "2", "--seeds", "2",
        "-o", page, "--figure", figure,
    )  # fmt: skip
    assert done.stdout == page.read_text()
    assert figure.read_text().startswith("<?xml")
    texts = make_texts("es", 30, 9)
    space = Alignment.load(folder / "map").apply(*(load(path) for path in VECTORS))
    expected = evaluate_transfer(
        space,
        TransferData(
            "en",
            {"en": (TRAIN, LABELS), "es": (SPANISH, TOPICS)},
            {"en": make_texts("en", 30, 9), "es": texts},
        ),
        {
            "zero_shot": Experiment("zero_shot"),
            "few_shot, 2 a class": Experiment(shots=2, alpha=0.5),
        },
        seeds=(0, 1),
    )
    said, meant = (text.split("Cost:")[0] for text in (page.read_text(), expected.as_markdown()))
    assert said == meant
    assert "zero_shot" in page.read_text().split("Cost:")[1]
    assert f"{page}, {figure}: written" in done.stderr


def test_transfer_prints_json(compared: tuple[object, ...], tmp_path: Path) -> None:
    done = succeed(
        "transfer", *compared, "--strategy", "all", "--others", "--json", "-o", tmp_path / "r.json"
    )
    answer = json.loads(done.stdout)
    assert answer == json.loads((tmp_path / "r.json").read_text())
    assert set(answer["strategies"]) == {*STRATEGIES, "multi_source"}
    assert set(answer["bounds"]) == {"target-trained", "unaligned", "majority"}
    result = answer["strategies"]["ensemble"]["languages"]["es"]
    low, high = result["interval"]
    assert low <= result["accuracy"] <= high
    assert result["n"] == 30


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (("--strategy", "magic"), 2, "it must be one of zero_shot"),
        (("--figure", "figure.jpeg"), 1, "written as .svg, .png or .pdf"),
        (("--source", "fr"), 1, "train must hold the source language 'fr'"),
        (("--seeds", "0"), 2, "greater than or equal to 1"),
        (("--train", "train.tsv"), 1, "no such file"),
        (("--output", "nowhere/report.md"), 1, "directory does not exist"),
    ],
)
def test_transfer_names_what_is_wrong(
    compared: tuple[object, ...], arguments: tuple[str, ...], code: int, problem: str
) -> None:
    done = invoke("transfer", *compared, *arguments)
    said = str(done.exception) + " ".join(done.stderr.replace("│", " ").split())
    assert problem in said
    assert done.exit_code == code


def test_transfer_needs_to_know_the_language(compared: tuple[object, ...], folder: Path) -> None:
    done = invoke("transfer", *compared, "--train", folder / "train.tsv")
    assert done.exit_code == 2
    assert "does not say what language" in " ".join(done.stderr.replace("│", " ").split())


# --- unseen words -----------------------------------------------------------------------------


def test_a_model_of_fasttext_gives_vectors_of_unseen_words(tmp_path: Path) -> None:
    fasttext = pytest.importorskip("fasttext")
    rng = np.random.default_rng(8)
    files = []
    for code in ("aa", "ba"):
        topics = [[f"{topic}{code}{i}" for i in range(20)] for topic in ("sport", "war")]
        lines = [" ".join(rng.choice(topics[row % 2], 10)) for row in range(400)]
        corpus = tmp_path / f"{code}.txt"
        corpus.write_text("\n".join(lines))
        options = {"dim": 16, "minCount": 1, "bucket": 2_000, "epoch": 5, "thread": 10}
        fasttext.train_unsupervised(str(corpus), verbose=0, **options).save_model(
            str(tmp_path / f"{code}.bin")
        )
        files.append(tmp_path / f"{code}.bin")
    pairs = [f"{t}aa{i}\t{t}ba{i}\n" for t in ("sport", "war") for i in range(20)]
    (tmp_path / "pairs.txt").write_text("".join(pairs))
    languages = [load(file) for file in files]
    alignment = align(
        *languages,
        lexicon=Lexicon.load(tmp_path / "pairs.txt"),
        refinement=0,
        calibrate=False,
        allow_failed=True,  # the words of a topic are much the same
    )
    alignment.save(tmp_path / "map")
    rows = [f"{t}aa{i} {t}aa{i + 1}\t{t}\n" for t in ("sport", "war") for i in range(19)]
    (tmp_path / "train.tsv").write_text("text\tlabel\n" + "".join(rows))
    vectors = (tmp_path / "map", *files)
    succeed("fit", *vectors, "-i", tmp_path / "train.tsv", "--language", "aa",
            "-o", tmp_path / "model")  # fmt: skip
    asked = "sportba77\nwarba88\n"
    mapped = (tmp_path / "model", *vectors, "--language", "ba")
    blind = succeed("predict", *mapped, text=asked)
    assert "2 without a known word" in blind.stderr
    seeing = succeed("predict", *mapped, "--unseen", f"ba={files[1]}", text=asked)
    assert seeing.stdout.split() == ["sport", "war"]
    assert "without a known word" not in seeing.stderr
    wrong = invoke("predict", *mapped, "--unseen", f"fr={files[1]}")
    assert wrong.exit_code == 2


# --- languages ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("fit", "no-map", "a.vec", "b.vec", "-i", "train.tsv", "-o", "new"), "such as --lang"),
        (("predict", "no-model", "no-map", "a.vec", "b.vec"), "such as --language es"),
        (
            ("transfer", "no-map", "a.vec", "b.vec", "--train", "en=train.tsv", "--train",
             "es=train.tsv", "--test", "es=train.tsv"),
            "say which to learn from, as --train holds en, es",
        ),
    ],
)  # fmt: skip
def test_a_command_assumes_no_language(
    arguments: tuple[str, ...], problem: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)  # and says so before it reads vectors, which are none here
    done = invoke(*arguments)
    assert done.exit_code == 2
    assert problem in " ".join(done.output.replace("│", " ").split())


def test_lines_of_json_may_each_say_their_language(folder: Path) -> None:
    mapped = (folder / "model", folder / "map", *VECTORS, "--json")
    said = json.dumps({"text": SPANISH[0], "lang": "es"})
    answer = json.loads(succeed("predict", *mapped, text=said).stdout)
    assert answer["label"] == TOPICS[0]
    unsaid = invoke("predict", *mapped, text=said + "\n" + json.dumps({"text": SPANISH[1]}))
    assert len(unsaid.stdout.splitlines()) == 1
    assert isinstance(unsaid.exception, FormatError)
    assert "standard input:2: a line must say its language" in str(unsaid.exception)


def test_transfer_learns_from_the_one_language_with_labels(folder: Path) -> None:
    files = ("--train", f"es={folder / 'es.tsv'}", "--test", folder / "test.jsonl")
    done = succeed(
        "transfer", folder / "map", *VECTORS, *files, "--strategy", "zero_shot", "--json"
    )
    assert json.loads(done.stdout)["source"] == "es"


# --- what is missing ----------------------------------------------------------------------------


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide all optional packages."""
    for package in ("torch", "matplotlib", "transformers", "faiss", "fasttext", "distributed"):
        monkeypatch.setitem(sys.modules, package, None)


@pytest.mark.usefixtures("bare")
def test_all_that_is_missing_is_named_at_once_before_vectors_are_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    files = ("no-map", "en.vec", "es.vec")  # which are not here
    train = ("--train", "en=train.tsv", "--test", "es=train.tsv")
    wanted = ("--strategy", "adversarial", "--transformer", "model", "--figure", "t.svg")
    done = invoke("transfer", *files, *train, *wanted)
    assert isinstance(done.exception, MissingDependencyError)
    for gist in (
        "--figure needs the package matplotlib (pip install 'alignx[plot]')",
        "--transformer needs the package torch (pip install 'alignx[torch]') and the package "
        "transformers (pip install 'alignx[transformers]')",
        "strategy 'adversarial' needs the package torch (pip install 'alignx[torch]') and "
        "unlabeled texts of es; give --unlabeled CODE=FILE",
    ):
        assert gist in str(done.exception)
    fit = ("fit", *files, "-i", "train.tsv", *ENGLISH, "-o", "new")
    for options in (
        ("--head", "mlp"),
        ("--strategy", "ensemble", "--option", "members=adversarial"),
    ):
        done = invoke(*fit, *options)
        assert isinstance(done.exception, MissingDependencyError)
        assert "needs the package torch" in str(done.exception)
    done = invoke(*fit, "--strategy", "seed_words")
    assert isinstance(done.exception, ValueError)
    assert "needs unlabeled texts of es; give --unlabeled CODE=FILE" in str(done.exception)


@pytest.mark.usefixtures("bare")
def test_all_leaves_out_what_cannot_run_and_says_so(folder: Path) -> None:
    files = (folder / "map", *VECTORS, "--limit", 500)
    train = ("--train", f"en={folder / 'train.tsv'}", "--test", f"es={folder / 'es.tsv'}")
    done = succeed("transfer", *files, *train, "--strategy", "all", "--json")
    needy = {"self_training", "seed_words", "adversarial", "prior_matching"}
    assert set(json.loads(done.stdout)["strategies"]) == set(STRATEGIES) - needy
    assert "left out: self_training, which needs unlabeled texts of es\n" in done.stderr
    torch = "the package torch (pip install 'alignx[torch]')"
    assert f"left out: adversarial, which needs {torch} and unlabeled texts of es" in done.stderr


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("align", "a", "b", "--unsupervised", "--method", "adversarial", "-o", "m"), "torch"),
        (("align", "a", "b", "-d", "d", "--device", "cuda", "-o", "m"), "torch"),
        (("induce", "m", "a", "b", "--device", "cuda", "-o", "d.tsv"), "torch"),
        (("induce", "m", "a", "b", "--index", "hnsw", "-o", "d.tsv"), "faiss"),
        (("induce", "m", "a", "b", "--cluster", "tcp://x:1", "-o", "d.tsv"), "distributed"),
        (("evaluate", "m", "a", "b", "-d", "d", "--device", "cuda"), "torch"),
        (("train", "no.txt", "-o", "m.bin"), "fasttext"),
    ],
)
def test_every_command_looks_for_its_packages_first(
    arguments: tuple[str, ...], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where none of the files is
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, MissingDependencyError)
    assert f"the package {problem}" in str(done.exception)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("options", ['"adversarial"]', '"cca"]\n[options]\ndevice = "cuda"'])
def test_a_grid_looks_for_its_packages_first(options: str, tmp_path: Path) -> None:
    for name in ("en.vec", "es.vec", "d.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / "grid.toml").write_text(
        'vectors = "{language}.vec"\ntrain = "d.txt"\ntest = "d.txt"\npairs = ["en-es"]\n'
        f"methods = [{options}\n"
    )
    done = CliRunner().invoke(app, ["bench", str(tmp_path / "grid.toml")])
    assert isinstance(done.exception, MissingDependencyError)
    assert "torch" in str(done.exception)
    assert not (tmp_path / "grid.cells").exists()
