from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import fail, interrupt, misuse, run, started, succeed
from conftest import plant_clusters
from made_spaces import in_child

from alignx.alignment.shared_space import SharedSpace
from alignx.alignment.space_folder.writer import SpaceWriter
from alignx.errors import OutputError
from alignx.lexicon.lexicon import Lexicon
from alignx.multilingual.multilingual_alignment import MultilingualAlignment
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load
from alignx.vectors.saving import save

COUNT, DIMENSION = 400, 16
WORDS = {"en": "cat", "es": "gato", "de": "katze", "fr": "chat"}
FILES = tuple(f"wiki.{code}.vec" for code in ("en", "es", "de"))
LEXICONS = ("-d", "en-es.txt", "-d", "en-de.txt")
QUICK = ("--method", "procrustes", "--no-ranker")
HUB = ("hub", *FILES, *LEXICONS, "-o", "space", *QUICK)


def pairs(source: str, target: str) -> list[tuple[str, str]]:
    return [(f"{WORDS[source]}{i}", f"{WORDS[target]}{i}") for i in range(COUNT)]


@pytest.fixture(scope="session")
def languages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four languages that are noisy rotations of each other, and dictionaries."""
    folder = tmp_path_factory.mktemp("languages")
    rng = np.random.default_rng(7)
    rows = plant_clusters(0.0, count=COUNT, dimension=DIMENSION).source
    for code, word in WORDS.items():
        turn = np.linalg.qr(rng.standard_normal((DIMENSION, DIMENSION)))[0]
        noisy = rows @ turn + 0.05 * rng.standard_normal(rows.shape)
        words = [f"{word}{i}" for i in range(COUNT)]
        save(Embeddings(words, noisy.astype(np.float32)), folder / f"wiki.{code}.vec")
    for source, target in (("en", "es"), ("en", "de"), ("fr", "en")):
        Lexicon(pairs(source, target)[:250]).save(folder / f"{source}-{target}.txt")
    Lexicon(pairs("es", "de")[250:]).save(folder / "es-de.test.txt")
    return folder


@pytest.fixture
def work(languages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of these files, as the current folder."""
    shutil.copytree(languages, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def fitted(languages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A space of three of them."""
    folder = tmp_path_factory.mktemp("fitted")
    files = [languages / name for name in (*FILES, "en-es.txt", "en-de.txt")]
    given = (*files[:3], "-d", files[3], "-d", files[4], *QUICK)
    succeed("hub", *given, "-o", folder / "space")
    return folder / "space"


@pytest.fixture
def space(fitted: Path, work: Path) -> Path:
    """A copy of the space, in the current folder."""
    shutil.copytree(fitted, work / "space")
    return Path("space")


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


# --- a space ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("work")
def test_languages_without_a_dictionary_of_their_own_are_translated() -> None:
    done = succeed(*HUB, "--log", "log.jsonl")
    assert "en-es: en-es.txt: 250 pairs" in done.err
    assert "space: 3 languages in " in done.err
    head = [line.split() for line in done.out.splitlines()]
    assert head[0] == ["language", "words", "dimensions", "file", "added", "changed"]
    assert {line[0] for line in head[1:4]} == {"en", "es", "de"}
    assert len(list(Path("space/pairs").glob("*.biases-*"))) == 3
    assert ["en", "(hub)", "400", "16", "wiki.en.vec"] in [line[:5] for line in head]
    assert "pairwise" in done.out
    assert "joint" in done.out
    assert not Path("space/.work").exists()
    shared = SharedSpace.open("space")
    test = Lexicon.load("es-de.test.txt")
    found = shared.pair("es", "de").translate([word for word, _ in test], k=1)
    right = [best[0].word == word for best, (_, word) in zip(found, test, strict=True)]
    assert np.mean(right) > 0.9
    stages = [json.loads(line)["stage"] for line in Path("log.jsonl").read_text().splitlines()]
    assert "pairwise" in stages


@pytest.mark.slow
@pytest.mark.usefixtures("work")
def test_figures_for_programs_and_dictionaries_by_their_words() -> None:
    Path("en-es.txt").rename("one.txt")
    Lexicon.load("en-de.txt").reversed().save("two.txt")
    given = ("hub", *FILES[:2], "german=wiki.de.vec", "-d", "one.txt", "-d", "two.txt")
    done = succeed(*given, "--hub", "es", *QUICK, "--limit", 300, "-o", "new/", "--json")
    assert "en-es: one.txt: 250 pairs; " in done.err
    assert "en-es, by its words" in done.err
    assert "german-en, by its words" in done.err
    report = done.json
    assert report.keys() == {
        *("version", "hub", "method", "languages", "pairs", "triangles", "apart", "seconds")
    }
    assert report["hub"] == "es"
    assert {each["code"]: each["words"] for each in report["languages"]} == dict.fromkeys(
        ("en", "es", "german"), 300
    )
    by_pair = {(each["source"], each["target"]): each for each in report["pairs"]}
    assert by_pair["en", "es"]["pairs"] == 250
    for fit in ("pairwise", "star", "joint"):
        figures = by_pair["en", "es"][fit]
        assert figures["p@1"] > 0.9
        assert figures["p@1_interval"][0] < figures["p@1"] <= figures["p@1_interval"][1]
    assert succeed("hub", "info", "new", "--json").json == {
        key: value for key, value in report.items() if key != "seconds"
    }


@pytest.mark.slow
@pytest.mark.usefixtures("work")
def test_identical_words_and_no_dictionary() -> None:
    for code in ("es", "de"):
        words = [f"cat{i}" for i in range(COUNT)]
        vectors = load(f"wiki.{code}.vec").vectors
        save(Embeddings(words, vectors), f"{code}.same.vec")
    times = ("1900=wiki.en.vec", "1950=es.same.vec", "2000=de.same.vec")
    done = succeed("hub", *times, "--identical", *QUICK, "-o", "new")
    assert "1900-2000: 400 identical words" in done.err
    shared = SharedSpace.open("new")
    assert shared.pair("1950", "2000").translate("cat7", k=1)[0].word == "cat7"


@pytest.mark.slow
@pytest.mark.usefixtures("work")
def test_an_existing_space_stays_unless_it_is_to_be_replaced(space: Path) -> None:
    before = files_in(space)
    told = fail(*HUB)
    assert "space: this is a space already; --replace fits it anew" in told
    assert files_in(space) == before
    Path("space/.work/fit").mkdir(parents=True)  # unfinished results of another command
    Path("space/.work/fit/settings.json").write_text('{"languages": "others"}')
    succeed(*HUB, "--replace", "--limit", 350)
    assert not Path("space/.work").exists()
    assert len(SharedSpace.open(space)["en"]) == 350
    Path("full").mkdir()
    Path("full/notes.txt").write_text("mine")
    assert "holds notes.txt; name another" in fail(*HUB[:-4], "full", *QUICK)
    assert Path("full/notes.txt").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.usefixtures("work")
def test_an_interrupted_command_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with started(*HUB, "--log", "log.jsonl") as process:
        while process.poll() is None and not list(Path().glob("space/.work/fit/*.result")):
            time.sleep(0.02)
        interrupt(process)
    assert list(Path().glob("space/.work/fit/*.result"))
    assert not Path("space/space.json").exists()
    put_pair = SpaceWriter.put_pair

    def no_space(*_: object, **__: object) -> None:
        raise OutputError("space", "no space left on device")

    def die_in_space(writer: SpaceWriter, *rest: Any) -> None:  # noqa: ANN401
        if writer._root.name == "space":
            os.kill(os.getpid(), signal.SIGKILL)
        put_pair(writer, *rest)

    def killed_while_writing() -> None:
        monkeypatch.setattr(SpaceWriter, "put_pair", die_in_space)
        run(*HUB)

    assert in_child(killed_while_writing) == signal.SIGKILL
    assert list(Path().glob("space/de/vectors-*"))
    assert not Path("space/space.json").exists()
    monkeypatch.delattr("alignx.multilingual.align_many.prepared_parts")  # nothing is fitted again
    with monkeypatch.context() as patch:
        patch.setattr(MultilingualAlignment, "save", no_space)
        assert "no space left" in fail(*HUB)
    again = succeed(*HUB)
    assert "wiki.en.vec: 400 words" not in again.err  # read already
    assert SharedSpace.open("space").pair("es", "de").translate("gato300", k=1)
    assert not Path("space/.work").exists()


# --- changes of a space -----------------------------------------------------------------------


@pytest.mark.slow
def test_add_update_and_remove_leave_the_other_languages(space: Path) -> None:
    before = files_in(space)
    done = succeed("hub", "add", space, "wiki.fr.vec", "-d", "fr-en.txt", "--no-ranker")
    assert "fr-en: fr-en.txt: 250 pairs" in done.err
    after = files_in(space)
    del before["space.json"]
    assert before.items() <= after.items()
    assert len(list(Path("space/pairs").glob("*.fr.biases-*"))) == 3
    for file in Path("space/pairs").glob("*.biases-*"):
        if "fr" not in file.name:
            assert file.relative_to("space").as_posix() in before
    shared = SharedSpace.open(space)
    assert list(shared) == ["en", "es", "de", "fr"]
    assert shared.pair("fr", "de").translate("chat300", k=1)[0].word == "katze300"
    command = ("hub", "add", space, "wiki.fr.vec", "-d", "fr-en.txt")
    assert "fr" in fail(*command)  # is there already
    options = ("--limit", 390, "--no-ranker", "--no-prepare")  # and no dictionary
    succeed("hub", "update", space, "wiki.fr.vec", *options)
    assert not [*Path("space/pairs").glob("*.fr.biases-*")]
    shared = SharedSpace.open(space)
    assert len(shared["fr"]) == 390
    assert shared.pair("fr", "de").translate("chat300", k=1)[0].word == "katze300"
    succeed("hub", "remove", space, "fr")
    assert before.keys() == files_in(space).keys() - {"space.json"}
    assert "fr" in fail("hub", "remove", space, "fr")


@pytest.mark.slow
@pytest.mark.usefixtures("work")
def test_prepare_stores_what_is_missing(space: Path) -> None:
    assert "space: 0 pairs of languages prepared" in succeed("hub", "prepare", space).err
    manifest = json.loads((space / "space.json").read_text())
    (space / "space.json").write_text(json.dumps({**manifest, "biases": []}))
    done = succeed("hub", "prepare", space, "en", "de")
    assert "space: 1 pair of languages prepared" in done.err
    assert done.out == ""
    assert "languages en, es, de, got xx" in fail("hub", "prepare", space, "en", "xx")


@pytest.mark.slow
@pytest.mark.usefixtures("work")
def test_info_of_a_space(space: Path) -> None:
    told = succeed("hub", "info", space).out
    assert "en (hub)" in told
    assert "en-es" in told


# --- bad input --------------------------------------------------------------------------------


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        (("wiki.en.vec", "EN=wiki.es.vec", "-d", "en-es.txt"), "got en from wiki.en.vec and EN"),
        (("wiki.en.vec", "en=wiki.es.vec", "-d", "en-es.txt"), "each language must occur once"),
        (("wiki.en.vec", "words.vec", "-d", "en-es.txt"), "got words.vec; give CODE=words.vec"),
        (("wiki.en.vec", "e/s=wiki.es.vec", "-d", "en-es.txt"), "such as es=vectors.txt, got e/s="),
        (("wiki.en.vec", "none.es.vec", "-d", "en-es.txt"), "none.es.vec: no such file"),
        ((*FILES, "-d", "none.txt"), "none.txt: no such file"),
        ((*FILES, "-d", "en-fr=en-es.txt"), "with two of en, es, de, got en-fr=en-es.txt"),
        ((*FILES, "-d", "fr-en.txt"), "fr-en.txt: the codes in its name must be two of en, es, de"),
        ((*FILES, "-d", "de-es.txt"), "de-es.txt: its words must be of the languages in its name"),
        ((*FILES, "-d", "short.txt"), "clearly, got en-es, "),
        ((*FILES, "-d", "empty.txt"), "empty.txt: "),
        (
            (*FILES, "-d", "en-es.txt", "-d", "en-es.other.txt"),
            "dictionaries of the same languages",
        ),
        (("wiki.en.vec", "empty.es.vec", "-d", "en-es.txt"), "empty.es.vec: "),
        (("wiki.en.vec", "cut.es.safetensors", "-d", "en-es.txt"), "cut.es.safetensors: "),
        pytest.param(
            ("wiki.en.vec", "made.es.vec", "-d", "en-es.txt"),
            "failed: en-es (P@1 0.0 % on",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_bad_input_is_told_in_one_line(arguments: tuple[str, ...], gist: str) -> None:
    lines = Path("en-es.txt").read_text().splitlines(keepends=True)
    Path("de-es.txt").write_text("".join(lines))
    Path("short.txt").write_text("cat1 gato1\n")
    Path("empty.txt").write_text("")
    shifted = [f"cat{i} gato{(i + 9) % 250}\n" for i in range(250)]
    Path("en-es.other.txt").write_text("".join(shifted))
    Path("empty.es.vec").write_text("")
    save(load("wiki.es.vec"), "es.safetensors")
    Path("cut.es.safetensors").write_bytes(Path("es.safetensors").read_bytes()[:5_000])
    Path("made.es.vec").write_text("".join(f"gato{i} {i % 7} {i % 5} 1\n" for i in range(COUNT)))
    told = fail("hub", *arguments, "-o", "new", "--no-ranker")
    assert gist in told
    assert not Path("new").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("work")
def test_islands_are_named() -> None:
    vectors = (*FILES, "wiki.fr.vec")
    Lexicon(pairs("fr", "de")).save("fr-de.txt")
    told = fail("hub", *vectors, "-d", "en-es.txt", "-d", "fr-de.txt", "-o", "new")
    assert "2 islands" in told
    assert "en, es" in told
    assert "fr" in told
    assert not Path("new").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("work")
def test_a_language_that_fails_without_a_dictionary() -> None:
    language = load("wiki.fr.vec", limit=60)
    lost = np.random.default_rng(3).permuted(language.vectors, axis=1)
    save(Embeddings(language.words, lost), "lost.fr.vec")
    two = ("hub", *FILES[:2], "lost.fr.vec", *LEXICONS[:2], "--limit", 200)
    told = fail(*two, "-o", "space", *QUICK)
    assert "fr" in told
    assert "--allow-failed" in told
    assert not Path("space").exists()


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        (("hub", *FILES, *LEXICONS), "--output"),
        (("hub", "wiki.en.vec", "-d", "en-es.txt", "-o", "x"), "two languages or more, got 1"),
        (("hub", *FILES, "-o", "x"), "--unsupervised"),
        (("hub", *FILES, *LEXICONS, "-o", "x", "--unsupervised"), "--unsupervised"),
        (("hub", *FILES, *LEXICONS, "-o", "x", "--hub", "fr"), "one of en, es, de, got fr"),
        (("hub", *FILES, *LEXICONS, "-o", "x", "--method", "magic"), "magic"),
        (("hub", *FILES, *LEXICONS, "-o", "x", "--jobs", "0"), "--jobs"),
        (("hub", "ad", "space", "wiki.fr.vec"), "Did you mean 'add'?"),
        (("hub", "add", "space"), "VECTORS"),
        (("hub", "remove", "space"), "CODE"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], gist: str) -> None:
    assert gist in misuse(*arguments)


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize(
    "command", [("info",), ("remove", "fr"), ("add", "wiki.fr.vec", "-d", "fr-en.txt")]
)
def test_a_folder_that_is_no_space(command: tuple[str, ...]) -> None:
    Path("empty").mkdir()
    for name in ("empty", "none"):
        assert name in fail("hub", command[0], name, *command[1:])
    Path("empty/space.json").write_text("{}")
    assert "not the manifest of a space" in fail("hub", command[0], "empty", *command[1:])


def test_the_first_command_needs_no_name_in_the_help() -> None:
    shown = succeed("hub", "--help").out
    assert "alignx hub [OPTIONS] VECTORS..." in shown
    for name in ("add", "update", "remove", "info", "--identical"):
        assert f" {name} " in shown
    assert "alignx hub add [OPTIONS] SPACE VECTORS" in succeed("hub", "add", "--help").out


# --- accuracy ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_accuracy_of_all_pairs_is_printed_as_a_square_and_written_as_a_page(space: Path) -> None:
    given = ("-d", "es-de.test.txt", "-d", "en-es=en-es.txt", "--both-ways", "-o", "report.html")
    done = succeed("hub", "evaluate", space, *given)
    lines = [line.split() for line in done.out.splitlines()]
    head = next(number for number, line in enumerate(lines) if line[-1:] == ["mean"])
    assert lines[head] == ["en", "es", "de", "mean"]
    assert [line[0] for line in lines[head + 1 : head + 5]] == ["en", "es", "de", "mean"]
    page = Path("report.html").read_text()
    assert "Cycle error" in page
    assert page.count("<svg") >= 1
    figures = json.loads(succeed("hub", "evaluate", space, *given[:4], "--json").out)
    assert [(each["source"], each["target"]) for each in figures["pairs"]] == [
        ("en", "es"),
        ("es", "de"),
    ]
    assert figures["pairs"][1]["csls"]["p@1"] > 0.9


@pytest.mark.slow
def test_accuracy_takes_a_dictionary_of_languages_of_the_space(space: Path) -> None:
    misuse("hub", "evaluate", space)
    fail("hub", "evaluate", space, "-d", "fr-en=fr-en.txt")
    fail("hub", "evaluate", space, "-d", "es-de.test.txt", "-o", "missing/report.html")
    assert not Path("missing").exists()
