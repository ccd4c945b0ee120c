"""The folder of a space where commands take a map."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from command_line import fail, misuse, started, succeed

from alignx.alignment.alignment import Alignment
from alignx.alignment.space_folder.manifest import PairRecord
from alignx.alignment.space_folder.writer import changing
from alignx.alignment.validation import Validation
from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.io import load

if TYPE_CHECKING:
    from pathlib import Path

WORDS = 300


@pytest.fixture(scope="session")
def made(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a space of three languages, vectors, texts and a dictionary."""
    folder = tmp_path_factory.mktemp("space")
    for name in ("wiki.en.vec", "wiki.es.vec", "test.txt"):
        shutil.copy(prepared / name, folder)
    alignment = Alignment.load(prepared / "map.safetensors")
    english, spanish = load(folder / "wiki.en.vec"), load(folder / "wiki.es.vec")
    german = english.derive([f"Katze{n}" for n in range(WORDS)], english.vectors, language="de")
    with changing(folder / "space", create=True) as writer:
        writer.put_language("en", english, alignment.source)
        writer.put_language("es", spanish, alignment.target)
        writer.put_language("de", german, alignment.source)
        check = Validation(80, 100, 200, WORDS, 1 / WORDS, 1)
        record = PairRecord(source="en", target="es", pairs=200, joint=check)
        writer.put_pair(record, alignment.ranker, alignment.known)
        writer.apart["fi"] = "no dictionary"
    rng = np.random.default_rng(0)
    for code, word in (("en", "cat"), ("de", "Katze"), ("es", "gato")):
        with (folder / f"{code}.tsv").open("w") as file:
            file.write("text\tlabel\n")
            for row in range(60):
                numbers = rng.integers(0, 10, 9) + 10 * (row % 2)
                text = " ".join(f"{word}{number}" for number in numbers)
                file.write(f"{text}\t{'ab'[row % 2]}\n")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_translate_takes_a_folder_and_two_codes() -> None:
    done = succeed("translate", "space/", "es", "de", "gato7", "gato8", "-k", 1)
    assert [line.split("\t")[1] for line in done.out.splitlines()] == ["Katze7", "Katze8"]
    assert "space/: es, 300 words" in done.err
    back = succeed("translate", "space", "es", "de", "Katze9", "-k", 1, "--reverse", "--json")
    assert back.json["Katze9"][0]["word"] == "gato9"
    few = succeed("translate", "space", "es", "de", "gato7", "gato299", "-k", 1, "--limit", 50)
    assert few.out.startswith("gato7\tKatze7\t")
    assert "gato299: not in the vocabulary" in few.err
    ranked = succeed("translate", "space", "en", "es", "cat3", "-k", 1)
    alone = succeed("translate", "space", "en", "es", "cat3", "-k", 1, "--ranking", "csls")
    assert "scores: CSLS" in alone.err
    assert ranked.out.startswith("cat3\tgato3\t")


@pytest.mark.usefixtures("folder")
def test_wrong_codes_name_those_there_are() -> None:
    named = "space takes codes of its languages, each once: en, es, de; got"
    assert f"{named} wiki.en.vec" in misuse("translate", "space", "wiki.en.vec", "es", "cat1")
    assert f"{named} ES" in misuse("translate", "space", "en", "ES", "cat1")
    assert f"{named} es" in misuse("translate", "space", "es", "es", "cat1")
    problem = misuse("translate", "space", "en", "es", "cat1", "--casing", "lower")
    assert "a space keeps its words; leave it out" in problem
    assert "holds no space.json" in fail("translate", ".", "en", "es", "cat1")


@pytest.mark.usefixtures("folder")
def test_damage_is_an_error_of_one_line(folder: Path) -> None:
    (file,) = (folder / "space" / "es").glob("vectors-*")
    file.write_bytes(file.read_bytes()[:-1])
    assert "damaged: it must have" in fail("translate", "space", "en", "es", "cat1")
    file.unlink()
    assert "this file of the space is missing" in fail("info", "space")


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_evaluate_and_report_take_a_folder() -> None:
    done = succeed("evaluate", "space", "en", "es", "-d", "test.txt", "--json")
    assert done.json["csls"]["p@1"] > 0.8
    page = succeed("report", "space", "en", "es", "-d", "test.txt", "-o", "page.html")
    assert "P@1" in page.out
    assert "Joint maps of a space" in page.out


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("index", ["exact", "clustered"])
def test_induce_takes_a_folder(index: str) -> None:
    for options in ([], ["--reverse"]):
        how = ["--index", index] if index != "exact" else []
        succeed("induce", "space", "de", "es", "-o", "found.tsv", *how, *options)
        pairs = list(Lexicon.load("found.tsv"))
        if options:
            pairs = [(target, source) for source, target in pairs]
        right = [s.removeprefix("Katze") == t.removeprefix("gato") for s, t in pairs]
        assert len(pairs) > 200
        assert np.mean(right) > 0.8


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_classify_takes_a_folder_and_many_codes() -> None:
    space = ["space", "en", "de", "es"]
    succeed(*("classify", "fit", *space, "-i", "en.tsv", "--language", "en", "-o", "m.safetensors"))
    done = succeed(
        *("classify", "predict", "m.safetensors", *space, "--language", "es", "-i", "es.tsv")
    )
    labels = [line[0] for line in done.out.splitlines()]
    assert np.mean([label == "ab"[row % 2] for row, label in enumerate(labels)]) > 0.8
    table = succeed(
        *("classify", "transfer", *space, "--train", "en=en.tsv"),
        *("--test", "es=es.tsv", "--test", "de=de.tsv", "--strategy", "zero_shot"),
    )
    assert "zero_shot" in table.out
    assert "a space at least two, got 1" in misuse(
        "classify", "fit", "space", "en", "-i", "en.tsv", "-o", "m.safetensors"
    )


@pytest.mark.usefixtures("folder")
def test_apply_maps_new_vectors_of_a_language(folder: Path) -> None:
    done = succeed("apply", "space", "wiki.es.vec", "-o", "es.safetensors")
    assert "300 words of 12 dimensions" in done.err
    (stored,) = (folder / "space" / "es").glob("vectors-*")
    np.testing.assert_array_equal(load("es.safetensors").vectors, load(stored).vectors)
    assert load("es.safetensors").space == load(stored).space
    named = succeed("apply", "space", "wiki.en.vec", "-o", "x.vec", "--language", "es")
    assert "are these vectors of es" in named.err
    assert "languages en, es, de, got fr" in fail(
        "apply", "space", "wiki.en.vec", "-o", "x.vec", "--language", "fr"
    )
    problem = misuse("apply", "space", "wiki.en.vec", "-o", "x.vec", "--side", "source")
    assert "a space takes --language" in problem


@pytest.mark.usefixtures("folder")
def test_info_prints_a_space() -> None:
    done = succeed("info", "space", "--verify")
    lines = done.out.splitlines()
    assert lines[1].split()[:4] == ["en", "(hub)", "300", "12"]
    assert re.fullmatch(r"es +300 +12  wiki\.es\.vec +\d{4}-\d\d-\d\d", lines[2])
    assert re.match(r"en-es +200 +0 +- +- +80\.0 \[\d\d\.\d, \d\d\.\d\] +- +100$", lines[7])
    assert lines[8] == "left out: fi (no dictionary)"
    assert succeed("hub", "info", "space").out == done.out
    assert "all files have their checksums" in done.err
    facts = succeed("info", "space", "--json").json
    assert [each["code"] for each in facts["languages"]] == ["en", "es", "de"]
    assert facts["pairs"][0]["joint"]["p@1"] == 0.8
    assert succeed("hub", "info", "space", "--json").json == facts
    assert "it takes a SPACE" in misuse("info", "--verify")


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_serve_takes_a_folder() -> None:
    from urllib.request import urlopen

    with started("serve", "space", "es", "de", "--port", 0) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with urlopen(f"{url}api/translate?from=es&word=gato5") as answer:
            assert b"Katze5" in answer.read()
