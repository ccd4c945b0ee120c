"""The commands on phrases and on words that the vocabularies lack."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from alignx.alignment.align import align
from alignx.cli.main import app
from alignx.errors import FormatError
from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load, save

if TYPE_CHECKING:
    from pathlib import Path

STEMS = [f"{a}{b}" for a in ("kar", "vol", "mis", "tre", "zun") for b in ("ane", "oli", "upo")]


def invoke(*arguments: object, text: str = "") -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=text)


def succeed(*arguments: object, text: str = "") -> Result:
    done = invoke(*arguments, text=text)
    assert done.exit_code == 0, (done.stderr, done.exception)
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two trained models of related words, their map, and the same as text vectors."""
    fasttext = pytest.importorskip("fasttext")
    folder = tmp_path_factory.mktemp("models")
    rng = np.random.default_rng(0)
    for code, ending in (("en", "ing"), ("es", "ado")):
        lines = []
        for _ in range(1500):
            near = rng.choice(STEMS), rng.choice(STEMS[:5])
            words = [rng.choice(near, p=(0.8, 0.2)) for _ in range(8)]
            lines.append(" ".join(word + rng.choice(["", ending, "s"]) for word in words))
        corpus = folder / f"{code}.txt"
        corpus.write_text("\n".join(lines))
        options = {"dim": 32, "minCount": 1, "bucket": 2_000, "epoch": 5, "thread": 10}
        model = fasttext.train_unsupervised(str(corpus), verbose=0, **options)
        model.save_model(str(folder / f"{code}.bin"))
        save(load(folder / f"{code}.bin"), folder / f"{code}.vec")
    Lexicon([(stem, stem) for stem in STEMS]).save(folder / "train.txt")
    languages = [load(folder / f"{code}.bin") for code in ("en", "es")]
    pairs = Lexicon.load(folder / "train.txt")
    alignment = align(*languages, lexicon=pairs, refinement=0, calibrate=False)
    alignment.save(folder / "map")
    return folder


def mapped(folder: Path, suffix: str = ".bin") -> tuple[Path, Path, Path]:
    return folder / "map", folder / f"en{suffix}", folder / f"es{suffix}"


def test_translate_takes_unseen_words_and_phrases(folder: Path) -> None:
    unseen, phrase = "karanexing", "karane karaneing"
    done = succeed("translate", *mapped(folder), unseen, phrase, "--oov", "subword", "--json")
    answers = json.loads(done.stdout)
    assert {name: found[0]["origin"] for name, found in answers.items()} == {
        unseen: "subwords", phrase: "phrase"
    }  # fmt: skip
    assert answers[unseen][0]["word"].startswith("karane")
    assert answers[phrase][0]["word"].startswith("karane")
    assert f"{unseen}: not in the vocabulary, translated by its characters" in done.stderr
    blind = succeed("translate", *mapped(folder), text=f"{unseen}\n {phrase} \n\n")
    assert f"{unseen}: not in the vocabulary\n" in blind.stderr
    assert {line.split("\t")[0] for line in blind.stdout.splitlines()} == {phrase}


def test_evaluate_reports_unseen_words_and_phrases_apart(folder: Path, tmp_path: Path) -> None:
    pairs = [(stem, stem) for stem in STEMS[:9]]
    pairs += [("volanexing", "volane"), ("misoli misoli", "misoli"), ("karane", "other")]
    Lexicon(pairs).save(tmp_path / "test.txt")
    arguments = ("evaluate", *mapped(folder), "-d", tmp_path / "test.txt")
    seeing = json.loads(succeed(*arguments, "--oov", "subword", "--json").stdout)
    assert seeing["unlisted"]["unseen words"]["n"] == 1
    assert seeing["unlisted"]["phrases"]["n"] == 1
    assert seeing["coverage_with_unlisted"] == 1
    text = succeed(*arguments).stdout
    assert "phrases" in text
    assert "unseen words" not in text


def test_induce_translates_a_list(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(
        "trepo upo\nkaraneing  karane\nmisolixs\n\nvololi\nvololi\nvolane vololi"
    )
    (tmp_path / "answers.txt").write_text("vololi volane\n")
    arguments = ("induce", *mapped(folder), "-o", tmp_path / "out.tsv")
    listed = ("--phrases", tmp_path / "list.txt", "--oov", "subword")
    done = succeed(
        *arguments, *listed, "--target-phrases", tmp_path / "answers.txt", "--n-best", 45
    )
    lexicon = Lexicon.load(tmp_path / "out.tsv")
    found = lexicon.translations()
    assert list(found) == [
        "trepo upo", "karaneing karane", "misolixs", "vololi", "volane vololi"
    ]  # fmt: skip
    assert found["karaneing karane"][0].startswith("karane")
    assert found["misolixs"][0].startswith("misoli")
    assert "vololi volane" in found["volane vololi"]
    blind = succeed(*arguments, "--phrases", tmp_path / "list.txt")
    known = Lexicon.load(tmp_path / "out.tsv").translations()
    assert list(known) == ["karaneing karane", "vololi", "volane vololi"]
    assert "vololi volane" not in known["volane vololi"]
    assert "2 without a vector: trepo upo, misolixs" in blind.stderr
    assert "without a vector" not in done.stderr


def test_a_list_keeps_to_pairs_that_choose_each_other_if_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("karane karane karaneing\nkarane\nvololi\n")
    out = tmp_path / "out.tsv"
    succeed("induce", *mapped(folder), "-o", out, "--phrases", tmp_path / "list.txt", "--mutual")
    chosen = set(Lexicon.load(out))
    succeed("induce", *mapped(folder), "-o", out, "--phrases", tmp_path / "list.txt")
    assert chosen < set(Lexicon.load(out))


def test_wrong_use_is_named(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.tsv"
    (tmp_path / "list.txt").write_text("karane\n")
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\n")
    no_list = invoke("induce", *mapped(folder), "-o", out, "--oov", "subword")
    assert no_list.exit_code == 2
    assert "--phrases" in no_list.stderr
    listed = ("--phrases", tmp_path / "list.txt")
    in_files = invoke("induce", *mapped(folder), "-o", out, *listed, "--memory", "4GB")
    assert in_files.exit_code == 2
    no_model = invoke("translate", *mapped(folder, ".vec"), "cat", "--oov", "subword")
    assert isinstance(no_model.exception, ValueError)
    assert "en.vec" in str(no_model.exception)
    for name, reason in (("empty.txt", "got none"), ("latin.txt", "UTF-8"), ("no.txt", "no such")):
        wrong = invoke("induce", *mapped(folder), "-o", out, "--phrases", tmp_path / name)
        assert isinstance(wrong.exception, FormatError)
        assert reason in str(wrong.exception)
    assert not out.exists()


def test_the_classifier_reads_unseen_words(folder: Path, tmp_path: Path) -> None:
    rows = [f"{stem} {stem}ing\t{stem[:3]}\n" for stem in STEMS[:9]]
    (tmp_path / "train.tsv").write_text("text\tlabel\n" + "".join(rows))
    model = tmp_path / "model"
    given = ("-i", tmp_path / "train.tsv", "--language", "en")
    succeed("classify", "fit", *mapped(folder), *given, "-o", model)
    text = "karaneyado\nvololiyado\n"
    arguments = ("classify", "predict", model, *mapped(folder), "--language", "es")
    blind, seeing = (
        succeed(*arguments, text=text),
        succeed(*arguments, "--oov", "subword", text=text),
    )
    assert "2 without a known word" in blind.stderr
    assert seeing.stdout.split() == ["kar", "vol"]
    options = ("--language", "es", "--oov", "subword")
    refused = invoke("classify", "predict", model, *mapped(folder, ".vec"), *options)
    assert isinstance(refused.exception, ValueError)


def test_phrases_are_learned_from() -> None:
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((60, 8))
    rotation = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    english = Embeddings([f"a{i}" for i in range(60)], rows.astype(np.float32))
    spanish = Embeddings([f"b{i}" for i in range(60)], (rows @ rotation).astype(np.float32))
    # Too few pairs of words for 8 dimensions: the phrases must tell the rest.
    words = [(f"a{i}", f"b{i}") for i in range(4)]
    phrases = [(f"a{i} a{i + 1}", f"b{i} b{i + 1}") for i in range(4, 30, 2)]
    shared = align(
        english, spanish, lexicon=Lexicon(words + phrases), refinement=0, calibrate=False
    ).apply(english, spanish)
    found = shared.translate([f"a{i}" for i in range(30, 60)], 1)
    assert [answers[0].word for answers in found] == [f"b{i}" for i in range(30, 60)]
