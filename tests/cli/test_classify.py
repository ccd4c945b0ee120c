"""Commands `alignx classify`."""

from __future__ import annotations

import json
import select
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from command_line import SCRIPT, STEMS, Done, fail, interrupt, misuse, piped, run, started, succeed

import alignx
from alignx.alignment.align import align
from alignx.alignment.alignment import Alignment
from alignx.classification.classifier import TransferClassifier
from alignx.classification.comparison.evaluate import evaluate_transfer
from alignx.classification.comparison.experiments import Experiment, TransferData
from alignx.classification.labeled_strategies import CodeSwitching, ZeroShot
from alignx.classification.strategies import (
    STRATEGIES,
    Ensemble,
    PriorMatching,
    as_strategy,
)
from alignx.datasets.sample import load_sample
from alignx.texts.document_encoder import DocumentEncoder
from alignx.vectors.io import load
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from alignx.alignment.shared_space import SharedSpace

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
FIT, PREDICT, TRANSFER = (("classify", name) for name in ("fit", "predict", "transfer"))
MAPPED = ("map", *VECTORS)
ENGLISH, IN_SPANISH = ("--language", "en"), ("--language", "es")
ASK = (*PREDICT, "model", *MAPPED)
LEARN = (*FIT, *MAPPED, "-i", "train.tsv", *ENGLISH)


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


def write_table(path: Path, texts: list[str], labels: list[str], header: str = "") -> None:
    rows = zip(labels, texts, strict=True)
    path.write_text(header + "".join(f"{label}\t{text}\n" for label, text in rows))


def json_lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A map, labeled and unlabeled texts, and a model."""
    folder = tmp_path_factory.mktemp("classify")
    sample = load_sample("en", "es")
    quick: dict[str, Any] = {"method": "procrustes", "refinement": 0, "ranker": False}
    align(*sample[:2], lexicon=sample.train, **quick).save(folder / "map")
    write_table(folder / "train.tsv", TRAIN, LABELS, "category\ttext\n")
    write_table(folder / "es.tsv", SPANISH, TOPICS, "label\ttext\n")
    (folder / "texts.txt").write_text("\n".join(make_texts("es", 50, 3)[0]))
    both = [
        {"text": text, "label": label, "language": code}
        for code in ("en", "es")
        for text, label in zip(*make_texts(code, 30, 9), strict=True)
    ]
    (folder / "test.jsonl").write_text(json_lines(both))
    inputs = ("-i", folder / "train.tsv", *ENGLISH)
    succeed(*FIT, folder / "map", *VECTORS, *inputs, "-o", folder / "model")
    return folder


@pytest.fixture
def folder(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Links to these files in the current folder."""
    for file in files.iterdir():
        (tmp_path / file.name).symlink_to(file)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def space(limit: int | None = None) -> SharedSpace:
    return Alignment.load("map").apply(*(load(path, limit=limit) for path in VECTORS))


def classifier(model: str = "model") -> TransferClassifier:
    return TransferClassifier.load(model, space())


def ask(*arguments: object, text: str | bytes = "") -> Done:
    return succeed(*ASK, *IN_SPANISH, *arguments, text=text)


# --- names ------------------------------------------------------------------------------------

NAMED = (*MAPPED, *ENGLISH, "--label", "politics=government election", "--label", "sport")


@pytest.mark.slow
def test_names_of_labels_are_enough(folder: Path) -> None:
    done = succeed("classify", "names", *NAMED, "--unlabeled", "es=texts.txt", "-o", "named")
    assert done.out == ""
    assert "politics: " in done.err
    assert "named: 2 classes, 50 unlabeled texts" in done.err
    found = succeed(*PREDICT, "named", *MAPPED, *IN_SPANISH, "-i", "es.tsv").out.splitlines()
    assert np.mean(np.array(found) == TOPICS) > 0.9
    facts = json.loads(succeed("classify", "names", *NAMED, "-o", "again", "--json").out)
    assert facts["classes"] == ["politics", "sport"]
    assert facts["unlabeled"] == {}
    assert len(facts["nearest"]["sport"]) == 20
    assert facts["bytes"] == (folder / "again").stat().st_size


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        (("sport",), "give at least two, got 1"),
        (("sport", "sport=game"), "labels must be different, got 'sport' twice"),
        (("sport", "=game"), "give a name, such as"),
    ],
)
def test_labels_of_names_are_checked(labels: tuple[str, ...], problem: str) -> None:
    given = [part for label in labels for part in ("--label", label)]
    message = misuse("classify", "names", *MAPPED, *ENGLISH, *given, "-o", "new")
    assert problem in " ".join(message.replace("│", " ").split())
    assert not Path("new").exists()


@pytest.mark.usefixtures("folder")
def test_a_label_without_a_known_word_is_refused() -> None:
    given = ("--label", "sport", "--label", "qwzx")
    message = fail("classify", "names", *MAPPED, *ENGLISH, *given, "-o", "new")
    assert "labels must have a word in the en vocabulary, got 'qwzx'" in message


# --- fit --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_fit_tells_what_it_read_and_wrote(folder: Path) -> None:
    done = succeed(*LEARN, "-o", "new")
    assert done.out == ""
    size = (folder / "new").stat().st_size
    assert "train.tsv: 60 texts of 2 classes" in done.err
    assert "en.safetensors: 4,000 words of 300 dimensions" in done.err
    assert "en: 60 texts, on average 100.0% of their words are known\n" in done.err
    assert f"new: zero_shot, 2 classes, {size / 1000:,.1f} kB in " in done.err
    assert succeed(*LEARN, "-o", "new", "--quiet").err == ""


def test_fit_prints_json(folder: Path) -> None:
    rows = zip([*SPANISH, NOTHING], [*TOPICS, "sport"], strict=True)
    more = [{"text": text, "label": label, "language": "es"} for text, label in rows]
    (folder / "more.jsonl").write_text(json_lines(more))
    done = succeed(*LEARN, "-i", "more.jsonl", "-o", "new", "--seed", 3, "--json", "--quiet")
    assert done.err == ""
    report = done.json
    assert report.pop("seconds") > 0
    assert report.pop("version")
    assert report == {
        "strategy": "zero_shot",
        "seed": 3,
        "classes": ["politics", "sport"],
        "languages": {
            "en": {"texts": 60, "unknown": 0, "coverage": 1.0},
            "es": {"texts": 41, "unknown": 0, "coverage": pytest.approx(40 / 41)},
        },
        "unlabeled": {},
        "facts": {},
        "bytes": (folder / "new").stat().st_size,
    }


@pytest.mark.slow
def test_equal_calls_make_equal_files(folder: Path) -> None:
    options = ("--strategy", "code_switching", "--option", "copies=1", "--seed", 5)
    for name in ("first", "second"):
        succeed(*LEARN, "-o", name, *options)
    assert (folder / "first").read_bytes() == (folder / "second").read_bytes()


@pytest.mark.slow
def test_options_reach_the_classifier(folder: Path) -> None:
    rows = zip(SPANISH, TOPICS, strict=True)
    (folder / "more.tsv").write_text("".join(f"{text}\t{label}\tes\n" for text, label in rows))
    inputs = ("-i", "more.tsv", "--unlabeled", "es=texts.txt", "--limit", 3_000)
    options = ("--option", "members=zero_shot,translate_test", "--components", 2, "--alpha", 0.5)
    more = ("--strategy", "ensemble", *options, "--weighting", "uniform", *inputs, "--json")
    report = succeed(*LEARN, "-o", "new", *more).json
    assert report["unlabeled"] == {"es": 50}
    assert report["facts"] == {"members": ["zero_shot", "translate_test"]}
    shared = space(limit=3_000)
    expected = TransferClassifier(
        shared,
        strategy=Ensemble(("zero_shot", "translate_test")),
        encoder=DocumentEncoder(weighting="uniform", components=2),
        alpha=0.5,
    )
    codes = ["en"] * len(TRAIN) + ["es"] * len(SPANISH)
    texts = (folder / "texts.txt").read_text().split("\n")
    expected.fit(TRAIN + SPANISH, LABELS + TOPICS, language=codes, unlabeled={"es": texts})
    found = TransferClassifier.load("new", shared).predict_proba(SPANISH, language="es")
    np.testing.assert_allclose(found, expected.predict_proba(SPANISH, language="es"), atol=1e-6)


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("both", ["true", "false"])
def test_options_may_be_true_or_false(both: str) -> None:
    succeed(*LEARN, "-o", "new", "--option", f"both={both}")
    assert as_strategy(classifier("new").strategy) == ZeroShot(both=both == "true")


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_oov_vectors_are_learned_by_default() -> None:
    drop, learned = (
        ask("--proba", *options, text="futbolísticos\n") for options in (("--oov", "drop"), ())
    )
    assert "without a known word" in drop.err
    assert "without a known word" not in learned.err
    assert learned.out.startswith("sport")


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_options_become_what_the_strategy_takes() -> None:
    options = ("--option", "rate=1", "--option", "copies=2")
    succeed(*LEARN, "-o", "new", "--strategy", "code_switching", *options)
    found = classifier("new").strategy
    assert found == CodeSwitching(rate=1.0, copies=2)
    assert isinstance(found, CodeSwitching)
    assert isinstance(found.rate, float)
    unlabeled = ("--unlabeled", "es=texts.txt", "--option", "teacher=translate_test")
    succeed(*LEARN, "-o", "new", "--strategy", "prior_matching", *unlabeled)
    assert classifier("new").strategy == PriorMatching("translate_test")


@pytest.mark.slow
def test_columns_of_texts_and_labels(folder: Path) -> None:
    rows = [f"x\t{text}\t{label}\n" for text, label in zip(SPANISH, TOPICS, strict=True)]
    (folder / "wide.tsv").write_text("".join(rows))
    (folder / "named.tsv").write_text("body\tkind\n" + "".join(row[2:] for row in rows))
    columns = {"wide.tsv": ("2", "3"), "named.tsv": ("body", "kind")}
    for name, (text, label) in columns.items():
        options = ("--text-column", text, "--label-column", label, *IN_SPANISH, "--json")
        report = succeed(*FIT, *MAPPED, "-i", name, "-o", f"by_{text}", *options).json
        assert list(report["languages"]) == ["es"]
    assert (folder / "by_2").read_bytes() == (folder / "by_body").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["fit", "transfer"])
def test_columns_in_the_wrong_order_are_told(folder: Path, command: str) -> None:
    write_table(folder / "swapped.tsv", SPANISH[:6], TOPICS[:6])
    arguments = {
        "fit": ("-i", "swapped.tsv", *IN_SPANISH, "-o", "new"),
        "transfer": ("--train", "es=swapped.tsv", "--test", "en=train.tsv"),
    }[command]
    message = fail("classify", command, *MAPPED, *arguments)
    assert "swapped.tsv:1: labels must be classes" in message
    assert "load with --text-column 2 and --label-column 1" in message
    if command == "fit":
        succeed("classify", command, *MAPPED, *arguments, "--label-column", "1")


# --- predict ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_each_line_gets_its_class() -> None:
    done = ask(text="\n".join(SPANISH))
    found = done.out.splitlines()
    assert found == classifier().predict(SPANISH, language="es").tolist()
    assert np.mean(np.array(found) == TOPICS) > 0.9
    assert "es: 40 texts\n" in done.err
    assert "without a known word" not in done.err
    assert ask("--quiet", text=SPANISH[0]).err == ""
    english = succeed(*ASK, *ENGLISH, text="\n".join(TRAIN))
    assert english.out.splitlines() == LABELS
    assert "en: 60 texts" in english.err


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_texts_without_known_words_get_the_prior_and_are_counted() -> None:
    done = ask("--proba", "--oov", "drop", text=f"{SPANISH[0]}\n\n{NOTHING}\r\n")
    most = max(set(LABELS), key=LABELS.count)
    share = LABELS.count(most) / len(LABELS)
    assert done.out.splitlines()[1:] == [f"{most}\t{share:.4f}"] * 2
    assert f"2 without a known word got {most}, the most frequent class" in done.err
    assert "es: 3 texts" in done.err
    assert "texts have no known word" not in done.err  # the library's warning, once a block


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_invalid_utf8_is_replaced_and_counted() -> None:
    done = ask(text=b"\xff gobierno presidente\nequipo liga\n")
    assert done.out.splitlines() == ["politics", "sport"]
    assert "1 with invalid UTF-8, which was replaced" in done.err


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_probabilities_are_those_of_the_library() -> None:
    rows = ask("--proba", text="\n".join(SPANISH)).out.splitlines()
    expected = classifier().predict_proba(SPANISH, language="es").max(axis=1)
    np.testing.assert_allclose([float(row.split("\t")[1]) for row in rows], expected, atol=5.1e-5)


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_json_lines_come_back_with_answers() -> None:
    records = [
        {"text": SPANISH[0], "id": 7, "label": "gold"},
        {"language": "en", "tweet": TRAIN[0]},
        {"text": "\ud83d " + SPANISH[1]},
    ]
    text = "\n\n".join(map(json.dumps, records))
    found = [json.loads(line) for line in ask("--json", "--proba", text=text).out.splitlines()]
    assert [record["label"] for record in found] == [TOPICS[0], LABELS[0], TOPICS[1]]
    assert found[0] | {"label": "gold"} == found[0] | records[0]
    assert found[1]["language"] == "en"
    assert found[2]["text"] == "? " + SPANISH[1]
    for record in found:
        shares = record["probabilities"]
        assert list(shares) == ["politics", "sport"]
        assert record["probability"] == shares[record["label"]] == max(shares.values())
        assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
    assert "probabilities" not in json.loads(ask("--json", text=text).out.split("\n")[0])


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_lines_of_json_may_each_name_their_language() -> None:
    said = json.dumps({"text": SPANISH[0], "lang": "es"})
    assert succeed(*ASK, "--json", text=said).json["label"] == TOPICS[0]
    unsaid = run(*ASK, "--json", text=said + "\n" + json.dumps({"text": SPANISH[1]}))
    assert (unsaid.code, len(unsaid.out.splitlines())) == (1, 1)
    assert "standard input:2: a line must say its language" in unsaid.err


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_words_explain_a_prediction() -> None:
    text = "el gobierno de la ley\n" + NOTHING
    first, second = ask("--explain", "--oov", "drop", text=text).out.splitlines()
    label, words = first.split("\t")
    assert label == "politics"
    found = dict(word.split(" ") for word in words.split(", "))
    assert set(found) == {"el", "gobierno", "de", "la", "ley"}
    assert max(found, key=lambda word: float(found[word])) in ("gobierno", "ley")
    assert "\t" not in second
    record = json.dumps({"text": "el gobierno de la ley"})
    answer = ask("--json", "--explain", text=record).json
    assert {word["word"] for word in answer["words"]} == set(found)
    assert answer["words"][0].keys() == {"word", "count", "effect"}


@pytest.mark.slow
def test_texts_of_a_file_are_a_column_or_lines(folder: Path) -> None:
    expected = "".join(f"{topic}\n" for topic in TOPICS)
    (folder / "lines.txt").write_text("\n".join(SPANISH))
    rows = [{"utterance": text, "language": "es", "n": 1} for text in SPANISH]
    (folder / "rows.jsonl").write_text(json_lines(rows))
    (folder / "wide.csv").write_text(
        "".join(f'{n},"{text}, x"\n' for n, text in enumerate(SPANISH))
    )
    found = succeed(*ASK, *IN_SPANISH, "-i", "lines.txt")
    assert (found.out, "lines.txt: a text a line" in found.err) == (expected, True)
    found = succeed(*ASK, *IN_SPANISH, "-i", "es.tsv")
    assert found.out == expected
    assert "es.tsv: tab-separated, header skipped, text in column 2\n" in found.err
    assert succeed(*ASK, "-i", "rows.jsonl").out == expected
    answers = succeed(*ASK, "-i", "rows.jsonl", "--json", "--text-column", "utterance").out
    assert [json.loads(line)["label"] for line in answers.splitlines()] == TOPICS
    columns = ("--text-column", 2, "--no-header", "--delimiter", ",")
    found = succeed(*ASK, *IN_SPANISH, "-i", "wide.csv", *columns)
    assert found.out == expected
    assert "comma-separated with quotes, no header, text in column 2" in found.err
    piped_in = succeed(*ASK, *IN_SPANISH, *columns, text=(folder / "wide.csv").read_text())
    assert piped_in.out == expected
    piped_in = succeed(*ASK, *IN_SPANISH, "-i", "-", text=(folder / "lines.txt").read_text())
    assert piped_in.out == expected
    assert "standard input: a text a line" in piped_in.err
    assert "got none for text 1; --language names it" in fail(*ASK, "-i", "es.tsv")
    assert "got names of columns" not in succeed(*ASK, *IN_SPANISH, text="text label\n").err


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_tables_on_standard_input_are_no_texts() -> None:
    table = "".join(f"{text}\tx\n" for text in SPANISH[:3])
    message = fail(*ASK, *IN_SPANISH, text="text\tlabel\n" + table)
    assert (
        "standard input:1: a line must be a text, got names of columns, 'text\\tlabel'" in message
    )
    assert message.endswith("--header reads a table, and --text-column chooses among its columns")
    found = succeed(*ASK, *IN_SPANISH, "--header", text="text\tlabel\n" + table)
    assert found.out.split() == TOPICS[:3]
    message = fail(*ASK, *IN_SPANISH, text=json.dumps({"text": SPANISH[0]}))
    assert message.endswith("got a JSON object; --json reads JSON lines")
    found = succeed(*ASK, *IN_SPANISH, text=table)
    assert "3 with tabs, read as text; --text-column 1 reads a column instead" in found.err
    for text, gist in {
        "<!DOCTYPE html>\n": "the beginning of a web page",
        "__label__x el gato\n": "got a label of fastText too; name the file by -i",
        '"el gato, x","pets"\n': "--text-column 1 reads its first column",
    }.items():
        assert gist in fail(*ASK, *IN_SPANISH, text=text)
    assert "--header" in misuse(*ASK, "--json", "--header")
    assert "no.tsv: no such file" in fail(*ASK, *IN_SPANISH, "-i", "no.tsv")


@pytest.mark.slow
def test_fit_tells_the_format_and_reads_what_it_is_told(folder: Path) -> None:
    (folder / "train.csv").write_text(
        "topic;sentence1\n"
        + "".join(f'{y};"{x}; so"\n' for x, y in zip(TRAIN, LABELS, strict=True))
    )
    done = succeed(*FIT, *MAPPED, "-i", "train.csv", *ENGLISH, "-o", "new")
    layout = "header skipped, text in column 2, label in column 1"
    assert f"60 texts of 2 classes; semicolon-separated with quotes, {layout}\n" in done.err
    wrong = (*FIT, *MAPPED, "-i", "train.csv", *ENGLISH, "-o", "newer")
    message = fail(*wrong, "--delimiter", ",")
    assert message.endswith("got 1; --delimiter names the character between them")
    assert "delimiter must be one character" in fail(*wrong, "--delimiter", ",,")


SMALL = {
    "one.tsv": ("text\tlabel\nthe party\tpets\na team\tpets\n", None),
    "two.tsv": ("text\tlabel\nthe party\ta\na team\tb\n", "2 of the classes with a single text"),
    "once.tsv": ("text\tlabel\nthe party\ta\na team\tb\na law\ta\n", "single text (b)"),
    "none.tsv": (
        "\ufefftext\tlabel\r\n\ta\r\n  \ta\r\nzzzqq\tb\r\na team\ta\r\nlaw\tb\r\n",
        "40.0% of their words are known; 2 without a known word left out",
    ),
    "numbers.tsv": ("a party wins\t0\na team wins\t1\na law\t0\na club\t1\n", "texts of 2 classes"),
    "case.tsv": ("text\tlabel\nlaw\t my a \nvote\tmy a\nteam\tMy A\n", "removed at the ends of 1"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_small_files_are_learned_and_said(folder: Path, name: str) -> None:
    content, note = SMALL[name]
    (folder / name).write_bytes(content.encode())
    command = (*FIT, *MAPPED, "-i", name, *ENGLISH, "-o", "new")
    if note is None:
        assert "at least 2 classes, got only ['pets']" in fail(*command)
    else:
        assert note in succeed(*command).err


@pytest.mark.slow
def test_thousands_of_classes_are_learned(folder: Path) -> None:
    words = (WORDS["en"]["politics"] + " " + WORDS["en"]["sport"]).split()
    rows = [f"{words[n % 15]} {words[n // 15 % 15]}\tclass {n}\n" * 2 for n in range(300)]
    (folder / "many.tsv").write_text("text\tlabel\n" + "".join(rows))
    done = succeed(*FIT, *MAPPED, "-i", "many.tsv", *ENGLISH, "-o", "new")
    assert "600 texts of 300 classes" in done.err
    assert "UserWarning" not in done.err


@pytest.mark.usefixtures("folder")
def test_nothing_in_nothing_out() -> None:
    done = ask()
    assert done.out == ""
    assert "no texts" in done.err


@pytest.mark.slow
def test_languages_that_share_a_space_need_no_map(folder: Path) -> None:
    shared = space()
    languages = {"en": shared.source, "es": shared.target}
    languages["de"] = replace(shared.target, language="de")
    vectors = [f"{code}.safetensors" for code in languages]
    for name, language in zip(vectors, languages.values(), strict=True):
        save(language, folder / name)
    succeed(*FIT, "-", *vectors, "-i", "train.tsv", "-o", "new", *ENGLISH)
    text = "\n".join(SPANISH)
    expected = ask(text=text).out
    for given, code in ((vectors, "es"), (vectors, "de"), (vectors[:2], "es")):
        done = succeed(*PREDICT, "new", "-", *given, "--language", code, text=text)
        assert done.out == expected
    message = fail(*PREDICT, "new", "-", *vectors, vectors[0], *IN_SPANISH, text=text)
    assert "must tell their languages apart" in message


@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_oov_words_by_subwords(models: Path) -> None:
    rows = [f"{stem} {stem}ing\t{stem[:3]}\n" for stem in STEMS[:9]]
    Path("train.tsv").write_text("text\tlabel\n" + "".join(rows))
    vectors = (models / "map", models / "en.bin", models / "es.bin")
    texts = (models / "map", models / "en.vec", models / "es.vec")
    text = "karaneyado\nvololiyado\n"
    for mapped, known, oov in (
        (vectors, (), ("--oov", "subword")),
        (texts, (), ("--oov-model", f"es={models / 'es.bin'}")),
    ):
        succeed(*FIT, *mapped, "-i", "train.tsv", *ENGLISH, "-o", "model", *known)
        question = (*PREDICT, "model", *mapped, *IN_SPANISH)
        assert "2 without a known word" in succeed(*question, "--oov", "drop", text=text).err
        done = succeed(*question, *oov, text=text)
        assert done.out.split() == ["kar", "vol"]
        assert "without a known word" not in done.err
        assert "--oov-model" in misuse(*question, "--oov-model", f"fr={models / 'es.bin'}")
    fail(*PREDICT, "model", *texts, *IN_SPANISH, "--oov", "subword")


# --- transfer ---------------------------------------------------------------------------------

COMPARE = (
    *TRANSFER, *MAPPED, "--train", "en=train.tsv", "--train", "es=es.tsv", "--test", "test.jsonl",
    "--source", "en",
)  # fmt: skip


@pytest.mark.slow
def test_transfer_compares_what_the_library_compares(folder: Path) -> None:
    options = ("--strategy", "zero_shot", "--shots", 2, "--seeds", 2)
    done = succeed(*COMPARE, *options, "-o", "report.md", "--figure", "report.svg")
    page = (folder / "report.md").read_text()
    assert done.out == page
    assert (folder / "report.svg").read_text().startswith("<?xml")
    expected = evaluate_transfer(
        space(),
        TransferData(
            "en",
            {"en": (TRAIN, LABELS), "es": (SPANISH, TOPICS)},
            {code: make_texts(code, 30, 9) for code in ("en", "es")},
        ),
        {
            "zero_shot": Experiment("zero_shot"),
            "few_shot, 2 a class": Experiment(shots=2, alpha=0.5),
        },
        seeds=(0, 1),
    )
    assert page.split("Cost:")[0] == expected.as_markdown().split("Cost:")[0]
    assert "zero_shot" in page.split("Cost:")[1]
    assert "report.md, report.svg: written" in done.err


@pytest.mark.slow
def test_transfer_prints_json(folder: Path) -> None:
    done = succeed(*COMPARE, "--strategy", "all", "--others", "--json", "-o", "r.json")
    answer = done.json
    assert answer == json.loads((folder / "r.json").read_text())
    assert set(answer["strategies"]) == {*STRATEGIES, "multi_source"}
    assert set(answer["bounds"]) == {"target-trained", "unaligned", "majority"}
    result = answer["strategies"]["ensemble"]["languages"]["es"]
    low, high = result["interval"]
    assert low <= result["accuracy"] <= high
    assert result["n"] == 30


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_transfer_learns_from_the_one_language_with_labels() -> None:
    files = ("--train", "es=es.tsv", "--test", "test.jsonl", "--strategy", "zero_shot")
    assert succeed(*TRANSFER, *MAPPED, *files, "--json").json["source"] == "es"


@pytest.mark.slow
@pytest.mark.usefixtures("bare")
def test_all_leaves_out_what_cannot_run_and_says_so(folder: Path) -> None:
    files = ("--train", "en=train.tsv", "--test", f"es={folder / 'es.tsv'}", "--limit", 500)
    done = succeed(*TRANSFER, *MAPPED, *files, "--strategy", "all", "--json")
    needy = {"self_training", "seed_words", "adversarial", "prior_matching"}
    assert set(done.json["strategies"]) == set(STRATEGIES) - needy
    assert "left out: self_training, which needs unlabeled texts of es\n" in done.err
    torch = "the package torch (pip install 'alignx[torch]')"
    assert f"left out: adversarial, which needs {torch} and unlabeled texts of es" in done.err


# --- usage and errors -------------------------------------------------------------------------

TWO = ("map", "a", "b")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        ((*FIT, *TWO, "-o", "x"), "--input"),
        ((*FIT, *TWO, "-i", "x"), "--output"),
        ((*FIT, "map", "a.vec", "-i", "x", "-o", "y"), "VECTORS"),
        ((*FIT, *TWO, "c.vec", "-i", "x", "-o", "y"), "VECTORS"),
        ((*FIT, "-", "a.vec", "-i", "x", "-o", "y"), "VECTORS"),
        ((*FIT, *TWO, "-i", "x", "-o", "y", "--strategy", "magic"), "magic"),
        ((*FIT, *TWO, "-i", "x", "-o", "y", "--head", "tree"), "tree"),
        ((*FIT, *TWO, "-i", "x", "-o", "y", "--weighting", "bm25"), "bm25"),
        ((*FIT, *TWO, "-i", "x", "-o", "y", "--alpha", "2"), "--alpha"),
        ((*FIT, *TWO, "-i", "x", "-o", "y", "--components", "-1"), "--components"),
        ((*FIT, *TWO, "-i", "x", "-o", "y", "--unlabeled", "t.txt"), "es=texts.txt"),
        ((*PREDICT, "model"), "MAP"),
        ((*PREDICT, "model", "map", "a.vec"), "VECTORS"),
        ((*COMPARE, "--strategy", "magic"), "it must be one of zero_shot"),
        ((*COMPARE, "--seeds", "0"), "--seeds"),
        ((*COMPARE, "--train", "train.tsv"), "does not say what language"),
        # A command assumes no language, and says so before it reads vectors.
        ((*FIT, *TWO, "-i", "train.tsv", "-o", "new"), "such as --language en"),
        ((*PREDICT, "no-model", *TWO), "such as --language es"),
        ((*TRANSFER, *TWO, *COMPARE[5:-2]), "say which to learn from, as --train holds en, es"),
        # A language without vectors:
        ((*FIT, *MAPPED, "-i", "train.tsv", "--language", "fr", "-o", "new"), "en, es"),
        ((*ASK, "--language", "fr"), "en, es"),
    ],
)
def test_wrong_usage(arguments: tuple[object, ...], gist: str) -> None:
    assert gist in misuse(*arguments)
    assert not Path("new").exists()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("strategy", "option", "gist"),
    [
        ("translate_test", "rate=1", "no options"),
        ("code_switching", "speed=1", "rate, copies"),
        ("code_switching", "rate=often", "must be a number"),
        ("code_switching", "copies=1.5", "must be a whole number"),
        ("zero_shot", "both=perhaps", "must be true or false"),
        ("ensemble", "members=zero_shot,magic", "members must be of"),
        ("self_training", "teacher=magic", "teacher must be of"),
    ],
)
def test_options_that_a_strategy_does_not_take(strategy: str, option: str, gist: str) -> None:
    files = (*TWO, "-i", "x", "-o", "y")
    assert gist in misuse(*FIT, *files, "--strategy", strategy, "--option", option)


BAD_INPUTS = {
    "one.tsv": "text\tlabel\na\tpets\n",
    "bad.tsv": "text\tlabel\na\tpets\nb\n",
    "some.tsv": "1\tel gato duerme\n2\tla lluvia cae hoy\n",
    "mixed.tsv": "text\tlang\nel gato\tes\nthe cat\ten\n",
    "fr.tsv": "text\tlabel\tlang\na\tpets\ten\nb\tno\tfr\n",
}
SWITCHED = ("--strategy", "code_switching", "--option", "rate=2")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-i", "no.tsv"), "no.tsv: no such file"),
        (("-i", "train.tsv", "-o", "-"), "-: - is standard input; write to /dev/stdout"),
        (("-i", "bad.tsv"), "bad.tsv:3: a line must have 2 columns"),
        (("-i", "one.tsv"), "at least 2 classes"),
        (("-i", "fr.tsv"), "got 'fr'"),
        (("-i", "train.tsv", "--strategy", "seed_words"), "needs unlabeled texts of es"),
        (("-i", "train.tsv", *SWITCHED), "rate must lie in"),
        (
            ("-i", "train.tsv", "--unlabeled", "es=some.tsv"),
            "may be meant, 'el gato duerme'; save the",
        ),
        (("-i", "train.tsv", "--unlabeled", "es=mixed.tsv"), "must be of es, got some of en"),
    ],
)
def test_errors_of_fit_leave_the_old_model(
    folder: Path, arguments: tuple[str, ...], message: str
) -> None:
    for name, text in BAD_INPUTS.items():
        (folder / name).write_text(text)
    (folder / "old").write_text("old")
    assert message in fail(*FIT, *MAPPED, *ENGLISH, "-o", "old", *arguments)
    assert not list(folder.glob(".alignx-*"))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*ASK, *IN_SPANISH, "--limit", 100), "made with other en vectors, of 4,000 words"),
        ((*PREDICT, "map", *MAPPED, *IN_SPANISH), "not a classifier"),
        ((*PREDICT, "no-model", *TWO, *IN_SPANISH), "no-model: no such file"),
        ((*COMPARE, "--source", "fr"), "train must hold the source language 'fr'"),
        ((*COMPARE, "--train", "en=no.tsv"), "no such file"),
    ],
)
def test_errors(arguments: tuple[object, ...], message: str) -> None:
    assert message in fail(*arguments)


@pytest.mark.usefixtures("bare", "folder")
def test_all_that_is_missing_is_named_at_once_before_vectors_are_read() -> None:
    files = ("no-map", "en.vec", "es.vec")  # which are not here
    wanted = ("--strategy", "adversarial", "--transformer", "model")
    message = fail(*TRANSFER, *files, "--train", "en=train.tsv", "--test", "es=train.tsv", *wanted)
    for gist in (
        "--transformer needs the package torch",
        "strategy 'adversarial' needs the package torch",
        "pip install 'alignx[torch]'",
        "unlabeled texts of es; give --unlabeled CODE=FILE",
    ):
        assert gist in message
    fit = (*FIT, *files, "-i", "train.tsv", *ENGLISH, "-o", "new")
    assert "needs the package torch" in fail(*fit, "--head", "mlp")
    options = ("--strategy", "ensemble", "--option", "members=adversarial")
    assert "needs the package torch" in fail(*fit, *options)
    message = fail(*fit, "--strategy", "seed_words")
    assert "needs unlabeled texts of es; give --unlabeled CODE=FILE" in message


# --- another process --------------------------------------------------------------------------


def answer(process: subprocess.Popen[str], text: str) -> str:
    """Send a line and wait for its answer while the pipe stays open."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(text + "\n")
    process.stdin.flush()
    assert select.select([process.stdout], [], [], 60)[0], "there is no answer"
    return process.stdout.readline()


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_answers_do_not_wait_for_more_texts() -> None:
    with started(*ASK, *IN_SPANISH, stdin=subprocess.PIPE) as process:
        assert answer(process, "el gobierno y la ley") == "politics\n"
        assert answer(process, "el equipo de la liga") == "sport\n"
        out, err = process.communicate("gobierno", timeout=60)
    assert (process.returncode, out) == (0, "politics\n")
    assert err.endswith("es: 3 texts\n")


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_an_interrupt_ends_quietly() -> None:
    with started(*ASK, *IN_SPANISH, stdin=subprocess.PIPE) as process:
        assert answer(process, "el gobierno y la ley") == "politics\n"
        interrupt(process)


@pytest.mark.usefixtures("folder")
def test_a_bad_line_is_told_after_the_answers_before_it() -> None:
    lines = '{"text": "el gobierno"}\n\n{"text": "la liga"}\nel gobierno\n{"text": "ley"}\n'
    done = run(*ASK, *IN_SPANISH, "--json", "--quiet", text=lines)
    assert done.code == 1
    assert [json.loads(line)["label"] for line in done.out.splitlines()] == ["politics", "sport"]
    assert done.err.startswith("alignx: error: standard input:4: a line must be a JSON object")
    assert done.err.count("\n") == 1


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_a_reader_that_leaves_early_sees_no_traceback() -> None:
    command = " ".join(f"'{part}'" for part in (SCRIPT, *ASK, *IN_SPANISH, "-q"))
    assert piped(f"yes el gobierno y la ley | {command} | head -3") == "politics\n" * 3
