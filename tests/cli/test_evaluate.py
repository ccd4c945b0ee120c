from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from command_line import MAPPED, STEMS, VECTORS, WORDS, fail, mapped_space, misuse, succeed

from alignx.evaluation.word_translation import evaluate
from alignx.lexicon.lexicon import Lexicon

if TYPE_CHECKING:
    from pathlib import Path

EVALUATE = ("evaluate", *MAPPED)


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_a_table_or_json() -> None:
    options = ("-d", "test.txt", "--oov-policy", "fasttext")
    done = succeed(*EVALUATE, *options, "--json", "--quiet")
    assert done.err == ""
    report = evaluate(mapped_space(), Lexicon.load("test.txt"), oov_policy="fasttext")
    found = done.json
    assert isinstance(found.pop("version"), str)
    assert found == json.loads(json.dumps(report.as_dict()))
    assert succeed(*EVALUATE, *options).out == f"{report}\n"


@pytest.mark.usefixtures("folder")
def test_another_ranking() -> None:
    found = succeed(*EVALUATE, "-d", "test.txt", "--ranking", "hnn", "--json", "--quiet").json
    report = evaluate(mapped_space(), Lexicon.load("test.txt"), ranking="hnn")
    assert found["hnn"] == json.loads(json.dumps(report.more["hnn"].as_dict()))
    assert "--ranking" in misuse(*EVALUATE, "--similarity", "x.tsv", "--ranking", "nn")


@pytest.mark.usefixtures("folder")
def test_the_learned_ranking_is_the_default() -> None:
    done = succeed(*EVALUATE, "-d", "test.txt", "--json", "--quiet").json
    report = evaluate(mapped_space(), Lexicon.load("test.txt"), ranking="learned")
    assert done["learned"] == json.loads(json.dumps(report.more["learned"].as_dict()))
    assert "learned" not in succeed(*EVALUATE, "-d", "test.txt", "--ranking", "csls").out
    back = ("evaluate", *MAPPED, "-d", "test.txt", "--columns", "2,1", "--reverse")
    assert "learned" not in succeed(*back).out
    assert "needs a map with a learned ranking" in fail(*back, "--ranking", "learned")


@pytest.mark.slow
def test_in_reverse_and_without_a_map(folder: Path) -> None:
    lines = [line.split("\t") for line in (folder / "test.txt").read_text().splitlines()]
    (folder / "back.txt").write_text("".join(f"{t}\t{s}\n" for s, t in lines))
    back = succeed(*EVALUATE, "-d", "back.txt", "--json", "--reverse", "--quiet").json
    assert back["csls"]["p@1"] > 0.9
    unaligned = succeed("evaluate", "-", *VECTORS, "-d", "test.txt", "--json").json
    assert unaligned["csls"]["p@1"] < 0.2


def test_word_similarity(folder: Path) -> None:
    judged = "cat1\tcat2\t1\ncat3\tcat4\t2\ncat5\tnone\t3\ncat6\tcat9\t0\n"
    (folder / "en.txt").write_text(judged)
    (folder / "es.txt").write_text(judged.replace("cat", "gato"))
    (folder / "both.txt").write_text("cat1\tgato1\t4\ncat1\tgato2\t1\ncat3\tgato3\t4\n")
    options = ("--source-similarity", "en.txt", "--target-similarity", "es.txt")
    found = succeed(*EVALUATE, *options, "--similarity", "both.txt", "--json").json
    assert found["source_similarity"]["n"] == 3
    assert found["target_similarity"]["coverage"] == 0.75
    assert found["similarity"]["pearson"] > 0.9
    assert found["similarity"]["with_oov"] is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("cat\tgato\n", "s.tsv:1: a line must be word, word and score"),
        ("cat\tgato\t1\ndog\tperro\tgood\n", "s.tsv:2: a score must be a finite number"),
        ("", "s.tsv: a similarity file holds pairs of words, got none"),
    ],
)
def test_similarity_files_are_named_with_line(folder: Path, content: str, message: str) -> None:
    (folder / "s.tsv").write_text(content)
    assert fail(*EVALUATE, "--similarity", "s.tsv").startswith(message)


def test_the_table_of_a_dictionary_is_found_or_named(folder: Path) -> None:
    rows = "".join(f"cat{i}\tNOUN\tgato{i}\n" for i in range(6))
    (folder / "d.tsv").write_text("en\tpos\tes\n" + rows)
    for options in ((), ("--columns", "en,es"), ("--columns", "1,3", "--header")):
        done = succeed(*EVALUATE, "-d", "d.tsv", *options, "--json")
        assert done.json["coverage"] == 1
        assert "d.tsv: 6 pairs; tab-separated, header skipped" in done.err
    (folder / "d.txt").write_text(rows.replace("\t", "#").replace("NOUN", "cat"))
    message = fail(*EVALUATE, "-d", "d.txt")
    assert message.startswith("d.txt:1: a pair needs two words, got 1, 'cat0#cat#gato0'")
    assert message.endswith("name another --delimiter")
    named = ("--delimiter", "#", "--no-header", "--columns", "1,3")
    assert succeed(*EVALUATE, "-d", "d.txt", *named, "--json").json["coverage"] == 1
    (folder / "d.csv").write_text(rows.replace("\t", ",").replace("NOUN,", "gatito;"))
    assert "such as --delimiter ';'" in fail(*EVALUATE, "-d", "d.csv")
    assert "it takes a --dictionary" in misuse(*EVALUATE, "--similarity", "d.csv", "--no-header")


@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_oov_words_and_phrases_apart(
    models: Path,
) -> None:
    pairs = [(stem, stem) for stem in STEMS[:9]]
    pairs += [("volanexing", "volane"), ("misoli misoli", "misoli"), ("karane", "other")]
    Lexicon(pairs).save("test.txt")
    files = (models / "map", models / "en.bin", models / "es.bin")
    arguments = ("evaluate", *files, "-d", "test.txt")
    found = succeed(*arguments, "--oov", "subword", "--json").json
    assert found["oov"]["OOV words"]["n"] == found["oov"]["phrases"]["n"] == 1
    assert found["coverage_with_oov"] == 1
    text = succeed(*arguments).out
    assert "phrases" in text
    assert "OOV words" not in text


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("options", "gist"),
    [
        ((), "--dictionary"),
        (("-d", "x", "--oov-policy", "mine"), "mine"),
        (("--similarity", "s", "--oov-policy", "xling"), "--oov-policy"),
        (("--similarity", "s", "--neighbors", 5), "--neighbors"),
        (("--similarity", "s", "--columns", "1,2"), "--columns"),
    ],
)
def test_wrong_usage(options: tuple[object, ...], gist: str) -> None:
    assert gist in misuse(*EVALUATE, *options)


@pytest.mark.usefixtures("folder")
def test_neighbors_out_of_range() -> None:
    assert "--neighbors" in fail(*EVALUATE, "-d", "test.txt", "--neighbors", WORDS + 1)
