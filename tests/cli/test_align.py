from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from command_line import DIMENSION, VECTORS, WORDS, fail, interrupt, misuse, run, started, succeed

from alignx.alignment.alignment import Alignment
from alignx.evaluation.word_translation import evaluate
from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.io import load

ALIGN = ("align", *VECTORS, "-d", "train.txt", "-o", "new")
SHAPES = ("shape.en.safetensors", "shape.es.safetensors")
LOST = ("shape.en.safetensors", "lost.es.safetensors", "--limit", "300")
QUICK = ("--refinement", 0, "--no-ranker")


def accuracy(alignment: Alignment, vectors: tuple[str, ...], test: str) -> float:
    shared = alignment.apply(load(vectors[0]), load(vectors[1]))
    return evaluate(shared, Lexicon.load(test)).csls.precision[1]


# --- from a dictionary ------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "method", ["procrustes", "least_squares", "reweighted", "rcsls", "contrastive", "ensemble"]
)
def test_a_map_and_its_figures(method: str) -> None:
    done = succeed(*ALIGN, "--method", method, "--refinement", 2, "--json", "--quiet")
    assert done.err == ""
    report = done.json
    assert (report["method"], report["pairs"], report["failed"]) == (method, 200, False)
    assert report["seconds"] > 0
    assert [each["round"] for each in report["rounds"]] == [1, 2]
    for each in report["rounds"]:
        assert each.keys() == {"round", "criterion", "pairs", "seconds"}
        assert 200 <= each["pairs"] <= WORDS + 200
        assert 0 < each["criterion"] <= 1
    assert report["criterion"] == report["rounds"][-1]["criterion"]
    alignment = Alignment.load("new")
    assert (alignment.source.code, alignment.target.code) == ("en", "es")
    assert alignment.ranker is not None
    assert accuracy(alignment, VECTORS, "test.txt") > 0.9


def write_sentences(count: int) -> None:
    """Write sentences in which cat<i> translates gato<i>, in another order."""
    rng = random.Random(0)
    rows = [rng.sample(range(WORDS), 5) for _ in range(count)]
    for name, word in (("en.txt", "cat"), ("es.txt", "Gato")):
        lines = [" ".join(f"{word}{i}" for i in rng.sample(row, 5)) + "\n" for row in rows]
        Path(name).write_text("".join(lines))


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_a_map_from_sentence_pairs() -> None:
    write_sentences(500)
    command = ("align", *VECTORS, "--parallel", "en.txt", "es.txt", "-o", "new", *QUICK)
    done = succeed(*command, "--method", "procrustes")
    assert "en.txt, es.txt: 500 sentence pairs\n" in done.err
    assert "word pairs: " in done.err
    assert accuracy(Alignment.load("new"), VECTORS, "test.txt") > 0.9
    Lexicon([("cat0", "gato0"), ("cat1", "gato2")]).save("few.txt")
    both = succeed(*command, "--method", "procrustes", "-d", "few.txt", "--json").json
    alone = succeed(*command, "--method", "procrustes", "--json").json
    assert both["pairs"] == alone["pairs"] + 1  # the wrong one is new
    rows = zip(*(Path(name).read_text().splitlines() for name in ("en.txt", "es.txt")), strict=True)
    Path("both.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    table = (*command[:3], "--parallel-table", "both.tsv", *command[6:])
    assert succeed(*table, "--method", "procrustes", "--json").json["pairs"] == alone["pairs"]
    with Path("es.txt").open("a") as file:
        file.write("gato0\n")
    assert fail(*command).startswith("es.txt: line i must translate")


@pytest.mark.usefixtures("folder")
def test_sentence_pairs_stand_beside_a_dictionary_alone() -> None:
    write_sentences(3)
    problem = misuse(*ALIGN, "--parallel", "en.txt", "es.txt", "--identical")
    assert "--parallel SOURCE TARGET (or both)" in problem
    map_there = (*ALIGN[:-1], "en.txt", "--parallel", "en.txt", "es.txt")
    assert "would replace --parallel" in fail(*map_there)


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_notes_go_to_stderr() -> None:
    done = succeed(*ALIGN, "--refinement", 1)
    assert done.out == ""
    assert f"wiki.en.vec: {WORDS} words of {DIMENSION} dimensions" in done.err
    assert "round 1: " in done.err
    assert "new: auto from 200 of 200 pairs" in done.err


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_the_gain_of_the_learned_ranking_is_told() -> None:
    command = (*ALIGN, "--method", "procrustes", "--refinement", 0)
    gain = succeed(*command, "--json", "--quiet").json["ranking_gain"]
    alignment = Alignment.load("new")
    assert alignment.ranking_gain is not None
    assert gain == alignment.ranking_gain.as_dict()
    assert f"ranking: {alignment.ranking_gain}\n" in succeed(*command).err
    without = succeed(*command, "--no-ranker", "--json")
    assert without.json["ranking_gain"] is None
    assert "ranking:" not in without.err


@pytest.mark.usefixtures("folder")
def test_options_reach_the_method() -> None:
    options = ("--method", "cca", "--components", 5, "--regularization", 2, *QUICK)
    done = succeed(*ALIGN, *options, "--normalize", "unit", "--limit", 250, "--json")
    assert done.json["rounds"] == []
    assert done.json["criterion"] is None
    alignment = Alignment.load("new")
    assert repr(alignment.aligner) == "CCA(n_components=5, regularization=2.0)"
    assert alignment.ranker is None
    assert alignment.source.words == 250
    assert tuple(alignment.source.normalizer.steps) == ("unit",)


def test_languages_of_different_dimensions_need_another_method(folder: Path) -> None:
    text = "".join(f"gato{i} {i} {i * i % 7} {i % 5}\n" for i in range(WORDS))
    (folder / "small.es.vec").write_text(text)
    command = ("align", VECTORS[0], "small.es.vec", "-d", "train.txt", "-o", "new", *QUICK[2:])
    told = fail(*command, "--method", "procrustes")
    assert f"same dimension, got {DIMENSION} and 3" in told
    # Three columns of made-up numbers: a map there is, but not a good one.
    succeed(*command, "--method", "cca", "--allow-failed")


def test_columns_and_the_direction_of_the_dictionary(folder: Path) -> None:
    lines = [line.split("\t") for line in (folder / "train.txt").read_text().splitlines()]
    (folder / "back.txt").write_text("".join(f"{t}\t{s}\n" for s, t in lines))
    back = ("align", *VECTORS, "-d", "back.txt", "-o", "new", *QUICK)
    fail(*back)
    assert "200 of 200 pairs" in succeed(*back, "--columns", "2,1").err
    assert "--columns" in misuse(*back, "--columns", "2")
    assert "--columns" in misuse("align", *VECTORS, "--identical", "-o", "m", "--columns", "2,1")


@pytest.mark.slow
def test_a_wrong_dictionary_makes_no_map_unless_it_is_wanted(folder: Path) -> None:
    words = [f"cat{i} gato{(i + 50) % 100}" for i in range(100)]
    (folder / "wrong.txt").write_text("\n".join(words))
    command = ("align", *VECTORS, "-d", "wrong.txt", "-o", "new", *QUICK)
    assert "the alignment failed: P@1 " in fail(*command)
    report = succeed(*command, "--allow-failed", "--json").json
    assert report["failed"] is report["validation"]["failed"] is True
    told = succeed("translate", "new", *VECTORS, "cat1")
    assert told.err.count("this map has failed its check") == 1
    report = succeed("evaluate", "new", *VECTORS, "-d", "wrong.txt", "--json").json
    assert report["known"] == 100
    assert report["new"]["csls"]["n"] == 0


# --- by cross-validation ----------------------------------------------------------------------


@pytest.mark.slow
def test_cross_validation_lists_the_candidates(shapes: Path) -> None:
    options = ("-d", "truth.txt", "--method", "auto", "--refinement", 1, "--no-ranker")
    command = ("align", *SHAPES, *options, "-o", "new")
    chosen = succeed(*command, "--json", "--quiet", "--log", "log").json["selection"]
    alignment = Alignment.load("new")
    assert chosen["aligner"] == str(alignment.aligner)
    assert chosen["refinement"] == len(alignment.rounds)
    assert isinstance(chosen["self_learning"], bool)
    best, *rest = chosen["candidates"]
    assert best["aligner"] == chosen["aligner"]
    assert best["behind"] == 0
    assert all(best["precision"] >= each["precision"] for each in rest if each["precision"])
    assert json.loads((shapes / "log").read_text().splitlines()[0])["stage"] == "selection"
    told = succeed(*command).err
    assert f"chosen: {alignment.strategy} (--json lists all strategies)" in told
    assert "new: auto from 460 of 460 pairs" in told


# --- without a dictionary ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("shapes")
@pytest.mark.parametrize(
    ("options", "pairs", "note"),
    [
        (("--unsupervised",), 0, "new: self_learning from no pairs in"),
        (("--identical",), 40, "identical words: 40 pairs"),
        (("--numerals",), 20, "identical numerals: 20 pairs"),
        (("-d", "small.txt", "--self-learning"), 25, "new: self_learning from 25 of 25 pairs"),
        (("-d", "small.txt", "--method", "self_learning"), 25, "small.txt: 25 pairs"),
    ],
)
def test_few_pairs_or_none(options: tuple[str, ...], pairs: int, note: str) -> None:
    done = succeed("align", *SHAPES, *options, "-o", "new", "--refinement", 1)
    assert done.out == ""
    assert note in done.err
    by_runs = "self" in note or "small.txt" in note
    assert ("worked: agreement of runs" if by_runs else "worked: P@1 ") in done.err
    assert "\x1b" not in done.err
    alignment = Alignment.load("new")
    found_by = "self_learning" if by_runs else "lexicon"
    assert (alignment.pairs, alignment.found_by) == (pairs, found_by)
    assert accuracy(alignment, SHAPES, "truth.txt") > 0.98


@pytest.mark.slow
def test_figures_and_log_without_a_dictionary(shapes: Path) -> None:
    options = ("--unsupervised", "-o", "new", "--refinement", 2, "--seed", 5, "--log", "log.jsonl")
    done = succeed("align", *SHAPES, *options, "--json", "--quiet")
    assert done.err == ""
    report = done.json
    assert (report["method"], report["seed"], report["pairs"]) == ("self_learning", 5, 0)
    assert report["failed"] is False
    alignment = Alignment.load("new")
    assert alignment.diagnosis is not None
    assert report["diagnosis"] == alignment.diagnosis.as_dict()
    lines = [json.loads(line) for line in (shapes / "log.jsonl").read_text().splitlines()]
    stages = [line["stage"] for line in lines]
    assert list(dict.fromkeys(stages)) == ["self-learning", "refinement", "diagnosis"]
    assert lines[-1] == {"stage": "diagnosis", **report["diagnosis"]}
    assert [line["round"] for line in lines if line["stage"] == "refinement"] == [1, 2]
    again = succeed("align", *SHAPES, *options, "--quiet")
    assert again.out == again.err == ""
    for name in ("source_map_", "target_map_"):
        one, two = (getattr(a.aligner, name) for a in (alignment, Alignment.load("new")))
        assert one.tobytes() == two.tobytes()


@pytest.mark.slow
def test_an_alignment_that_failed_writes_no_map(shapes: Path) -> None:
    message = fail("align", *LOST, "-d", "small.txt", "--self-learning", "-o", "new")
    assert message.startswith("the alignment failed: agreement of runs 0.0")
    assert "--allow-failed" in message
    assert "small dictionary" in message
    assert not (shapes / "new").exists()


@pytest.mark.slow
def test_a_failure_in_json_keeps_the_figures_and_permission_keeps_the_map(shapes: Path) -> None:
    (shapes / "old").write_text("what was there")
    options = ("align", *LOST, "--unsupervised", "-o", "old", "--json", "--log", "log.jsonl")
    done = run(*options, "--quiet")
    assert done.code == 1
    report = done.json
    assert report["failed"] is True
    assert report["method"] == "self_learning"
    assert report["seconds"] > 0
    assert report["diagnosis"]["agreement"] < 0.2
    assert done.err.count("\n") == 1
    assert (shapes / "old").read_text() == "what was there"
    lines = [json.loads(line) for line in (shapes / "log.jsonl").read_text().splitlines()]
    assert lines[-1] == {"stage": "diagnosis", **report["diagnosis"]}
    kept = succeed(*options[:-3], "--allow-failed")
    assert "FAILED, kept as asked: agreement of runs 0.0" in kept.err
    alignment = Alignment.load("old")
    assert alignment.diagnosis is not None
    assert alignment.diagnosis.as_dict() == report["diagnosis"]
    assert list(shapes.glob(".alignx-*")) == []


@pytest.mark.usefixtures("folder")
def test_no_number_in_common() -> None:
    assert "identical numerals" in fail("align", *VECTORS, "--numerals", "-o", "new")


# --- usage ------------------------------------------------------------------------------------

PAIR = ("align", "a", "b", "-o", "x")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        (("align", "en.vec"), "TARGET"),
        (("align", "a", "b", "-d", "d"), "--output"),
        ((*PAIR, "-d", "d", "--method", "magic"), "magic"),
        ((*PAIR, "-d", "d", "--refinement", "-1"), "--refinement"),
        ((*PAIR, "-d", "d", "--components", "3"), "--components"),
        (PAIR, "one of --dictionary FILE, --parallel"),
        ((*PAIR, "-d", "d", "--unsupervised"), "--numerals"),
        ((*PAIR, "--identical", "--numerals"), "one of --dictionary"),
        ((*PAIR, "-d", "d", "--identical"), "one of --dictionary"),
        ((*PAIR, "--preset", "slow", "--unsupervised"), "--preset"),
        ((*PAIR, "--restarts", "0", "--unsupervised"), "--restarts"),
        ((*PAIR, "--jobs", "0", "--unsupervised"), "--jobs"),
        ((*PAIR, "--unsupervised", "--regularization", "3"), "--regularization"),
        ((*PAIR, "-d", "d", "--self-learning", "--method", "cca"), "--self-learning"),
        # Options that the method does not have:
        ((*PAIR, "-d", "t", "--preset", "muse"), "--preset"),
        ((*PAIR, "-d", "t", "--restarts", "2"), "--restarts"),
        ((*PAIR, "-d", "t", "--jobs", "2"), "--jobs"),
        ((*PAIR, "-d", "t", "--checkpoint", "c"), "--checkpoint"),
        ((*PAIR, "-d", "t", "--method", "cca", "--seed", "1"), "--seed"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], gist: str) -> None:
    assert gist in misuse(*arguments)


# --- interrupts -------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_interrupt_while_fitting_leaves_the_old_map(folder: Path) -> None:
    before = (folder / "map.safetensors").read_bytes()
    options = ("-d", "train.txt", "-o", "map.safetensors", "--refinement", 10**6)
    with started("align", *VECTORS, *options) as process:
        assert process.stderr is not None
        for name in ("train.txt", *VECTORS):  # all is read: from here on it fits
            assert process.stderr.readline().startswith(name)
        interrupt(process)
    assert (folder / "map.safetensors").read_bytes() == before


@pytest.mark.slow
def test_an_interrupt_while_learning_leaves_no_map(shapes: Path) -> None:
    options = ("--unsupervised", "-o", "new", "--log", "log.jsonl", "--refinement", 10**6)
    with started("align", *LOST, *options) as process:
        while process.poll() is None and not (shapes / "log.jsonl").exists():
            pass
        interrupt(process)
    assert not (shapes / "new").exists()
