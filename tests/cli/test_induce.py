from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from command_line import MAPPED, VECTORS, WORDS, fail, mapped_space, misuse, succeed

from alignx.induction.induce import induce_lexicon
from alignx.lexicon.lexicon import Lexicon
from alignx.retrieval.clustered import can_search_clusters

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.retrieval.ranked import Ranking

INDUCE = ("induce", *MAPPED)


@pytest.mark.usefixtures("folder")
def test_a_dictionary_and_a_summary() -> None:
    summary = succeed(*INDUCE, "-o", "out.tsv", "--json").json
    assert summary.keys() >= {"pairs", "index", "seconds"}
    assert (summary["mutual"], summary["threshold"], summary["recall"]) == (True, None, 1)
    assert summary["peak_memory"] > 2**20
    assert summary["seconds"] > 0
    lexicon = Lexicon.load("out.tsv")
    assert summary["pairs"] == len(lexicon) > 250
    assert lexicon.scores is not None
    assert lexicon.probabilities is not None
    assert all(source.replace("cat", "gato") == target for source, target in lexicon.pairs[:5])


@pytest.mark.usefixtures("folder")
def test_the_dictionary_of_the_library() -> None:
    expected = induce_lexicon(mapped_space(), k=2, mutual=False, n_neighbors=5).at_least(0.3)
    options = ("-k", 2, "--all", "--neighbors", 5, "--threshold", 0.3)
    done = succeed(*INDUCE, *options, "-o", "out.jsonl")
    assert done.out == ""
    assert f"out.jsonl: {len(expected)} pairs in" in done.err
    found = Lexicon.load("out.jsonl")
    assert list(found) == list(expected)
    np.testing.assert_allclose(np.asarray(found.scores), expected.scores, atol=1e-4)  # type: ignore[arg-type]  # may be None to mypy


@pytest.mark.usefixtures("folder")
def test_in_reverse() -> None:
    succeed(*INDUCE, "-o", "back.tsv", "--reverse")
    back = Lexicon.load("back.tsv")
    assert set(back.reversed()) == set(induce_lexicon(mapped_space()))
    assert back.probabilities is None


@pytest.mark.slow
@pytest.mark.parametrize("index", ["exact", "clustered", "ivf", "hnsw", "ivfpq"])
def test_indexes(folder: Path, index: str) -> None:
    if index not in ("exact", "clustered"):
        pytest.importorskip("faiss")
    if index == "clustered" and not can_search_clusters():
        pytest.skip("this processor does not multiply bytes fast")
    options: tuple[object, ...] = ("--index", index, "--memory", "2GB", "--seed", 3)
    options += () if index == "exact" else ("--recall", 0.95)
    done = succeed(*INDUCE, *options, "-o", "out.tsv", "--json", "--quiet")
    assert done.err == ""
    summary = done.json
    assert (summary["index"], summary["reason"]) == (index, "as asked")
    assert 0.95 <= summary["recall"] <= 1
    assert summary["recall_error"] >= 0
    assert summary["recall_sample"] == (0 if index == "exact" else WORDS)
    steps = {"rows", "cosine", "csls", "dictionary"}
    assert summary["steps"].keys() == (steps if index == "exact" else steps | {"recall"})
    assert 0 < sum(summary["steps"].values()) < summary["seconds"]
    lexicon = Lexicon.load("out.tsv")
    assert summary["pairs"] == len(lexicon)
    exact = induce_lexicon(mapped_space())
    assert len({*lexicon} & {*exact}) > 0.95 * len(exact)
    assert not (folder / "out.tsv.shards").exists()


@pytest.mark.slow
def test_the_choice_of_the_index_and_the_folder_of_shards(folder: Path) -> None:
    assert "index:" not in succeed(*INDUCE, "-o", "plain.tsv").err
    done = succeed(*INDUCE, "-o", "out.tsv", "--checkpoint", "parts")
    assert f"index: exact ({WORDS} x {WORDS} words take seconds)" in done.err
    assert (folder / "out.tsv").read_bytes() == (folder / "plain.tsv").read_bytes()
    assert not (folder / "parts").exists()
    message = fail(*INDUCE, "-o", "x.tsv", "--checkpoint", "no/parts")
    assert message.startswith("no/parts: ")
    (folder / "own").mkdir()
    (folder / "own" / "file").touch()
    message = fail(*INDUCE, "-o", "x.tsv", "--checkpoint", "own")
    assert message.startswith("own: this folder holds something else")
    assert [path.name for path in (folder / "own").iterdir()] == ["file"]


@pytest.mark.slow
def test_a_missing_cluster_is_told_soon(folder: Path) -> None:
    pytest.importorskip("distributed")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        begin = time.monotonic()
        message = fail(*INDUCE, "-o", "x.tsv", "--cluster", address)
    assert message.startswith(f"{address}: no Dask scheduler answers there")
    assert time.monotonic() - begin < 15
    assert not (folder / "x.tsv.shards").exists()


# --- lists of words and phrases ---------------------------------------------------------------


def mapped(models: Path) -> tuple[object, ...]:
    return ("induce", models / "map", models / "en.bin", models / "es.bin", "-o", "out.tsv")


def test_a_list_is_translated(models: Path, here: Path) -> None:
    (here / "list.txt").write_text(
        "trepo upo\nkaraneing  karane\nmisolixs\n\nvololi\nvololi\nvolane vololi"
    )
    (here / "answers.txt").write_text("vololi volane\n")
    listed = ("--phrases", "list.txt", "--oov", "subword", "--target-phrases", "answers.txt")
    done = succeed(*mapped(models), *listed, "-k", 45)
    found = Lexicon.load("out.tsv").translations()
    names = ["trepo upo", "karaneing karane", "misolixs", "vololi", "volane vololi"]
    assert list(found) == names
    assert found["karaneing karane"][0].startswith("karane")
    assert found["misolixs"][0].startswith("misoli")
    assert "vololi volane" in found["volane vololi"]
    blind = succeed(*mapped(models), "--phrases", "list.txt")
    known = Lexicon.load("out.tsv").translations()
    assert list(known) == ["karaneing karane", "vololi", "volane vololi"]
    assert "vololi volane" not in known["volane vololi"]
    assert "2 without a vector: trepo upo, misolixs" in blind.err
    assert "without a vector" not in done.err


def test_a_list_keeps_to_pairs_that_choose_each_other_if_told(models: Path, here: Path) -> None:
    (here / "list.txt").write_text("karane karane karaneing\nkarane\nvololi\n")
    succeed(*mapped(models), "--phrases", "list.txt", "--mutual")
    chosen = set(Lexicon.load("out.tsv"))
    succeed(*mapped(models), "--phrases", "list.txt")
    assert chosen < set(Lexicon.load("out.tsv"))


def test_lists_that_cannot_be_read(folder: Path) -> None:
    (folder / "empty.txt").write_text(" \n")
    (folder / "latin.txt").write_bytes(b"caf\xe9\n")
    for name, reason in (("empty.txt", "got none"), ("latin.txt", "UTF-8"), ("no.txt", "no such")):
        assert reason in fail(*INDUCE, "-o", "out.tsv", "--phrases", name)
    assert not (folder / "out.tsv").exists()


# --- usage ------------------------------------------------------------------------------------

OUT = ("induce", "m", "a", "b", "-o", "x.tsv")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        (("--threads", 0), "--threads"),
        (("--limit", 0), "--limit"),
        (("--index", "annoy"), "annoy"),
        (("--recall", 1.1), "--recall"),
        (("--recall", "most"), "--recall"),
        (("--index", "exact", "--recall", 0.9), "--recall"),
        (("--device", "cpu", "--index", "ivf"), "--device"),
        (("--device", "cpu", "--memory", "8GB"), "--device"),
        (("--device", "cpu", "--checkpoint", "y"), "--device"),
        (("--oov", "subword"), "--phrases"),
        (("--ranking", "best"), "--ranking"),
        (("--ranking", "isf", "--index", "ivf"), "--ranking"),
        (("--ranking", "isf", "--neighbors", 5), "--neighbors"),
        (("--ranking", "nn", "--threshold", 0.5), "--threshold"),
        (("--threshold", 2), "--threshold"),
        (("-k", 0), "-k"),
        (("--ranking", "csls", "--threshold", 0.5), "--threshold"),
        (("--phrases", "list.txt", "--memory", "4GB"), "--phrases"),
    ],
)
def test_wrong_usage(arguments: tuple[object, ...], gist: str) -> None:
    assert gist in misuse(*OUT, *arguments)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        (("-k", WORDS + 1), f"-k must lie in [1, {WORDS}]"),
        (("--memory", "8 gigs"), "got '8 gigs'"),
        (("--memory", "0GB"), "at least 1 byte, got '0GB'"),
        (("--memory", "90MB"), "0.1 GB are allowed; raise"),
        (("--checkpoint", "y", "--recall", 0), "recall must lie in (0, 1], got 0"),
        (("--checkpoint", "y", "--neighbors", WORDS + 1), f"--neighbors must lie in [1, {WORDS}]"),
    ],
)
def test_values_out_of_range(arguments: tuple[object, ...], gist: str) -> None:
    assert gist in fail(*INDUCE, "-o", "x.tsv", *arguments)


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_the_learned_ranking_is_the_default() -> None:
    for options in ((), ("--ranking", "learned"), ("--index", "exact")):
        succeed(*INDUCE, "-o", "x.tsv", *options, "--quiet")
        found = Lexicon.load("x.tsv")
        assert list(found) == list(induce_lexicon(mapped_space()))
        assert found.probabilities is not None
    for more in ((), ("--index", "exact")):
        succeed(*INDUCE, "-o", "x.tsv", "--ranking", "csls", *more, "--quiet")
        assert Lexicon.load("x.tsv").probabilities is None
        told = fail(*INDUCE, "-o", "x.tsv", "--reverse", "--ranking", "learned", *more)
        assert "needs a map with a learned ranking" in told


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("ranking", ["nn", "isf", "hnn"])
def test_other_rankings(ranking: Ranking) -> None:
    succeed(*INDUCE, "-o", "x.tsv", "--ranking", ranking, "--quiet")
    expected = induce_lexicon(mapped_space(), ranking=ranking)
    assert list(Lexicon.load("x.tsv")) == list(expected)


@pytest.mark.usefixtures("folder")
def test_a_threshold_needs_probabilities() -> None:
    message = fail("induce", "-", *VECTORS, "-o", "x.tsv", "--threshold", 0.5)
    assert "needs probabilities" in message


# --- entries and files ------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
def test_options_for_the_entries(folder: Path) -> None:
    whole = induce_lexicon(mapped_space())
    (folder / "heads.txt").write_text("cat20\nCat21\ncat22\nunicorn\n")
    (folder / "stop.txt").write_text("CAT22\n")
    (folder / "stop.es.txt").write_text("gato30\n")
    done = succeed(*INDUCE, "-o", "x.tsv", "--headwords", "heads.txt", "--stop-list", "stop.txt")
    assert list(Lexicon.load("x.tsv")) == [p for p in whole if p[0] in ("cat20", "cat21")]
    assert "2 of 4 headwords have no entry: cat22, unicorn" in done.err
    ranks = ("--ranks", "11-50", "--target-ranks", "21-", "--target-stop-list", "stop.es.txt")
    succeed(*INDUCE, "-o", "x.tsv", *ranks)
    assert list(Lexicon.load("x.tsv")) == [
        (source, target)
        for source, target in whole
        if 10 <= int(source[3:]) < 50 and int(target[4:]) >= 20 and target != "gato30"
    ]
    sharded = ("--index", "exact", "--memory", "2GB")
    succeed(*INDUCE, "-o", "y.tsv", *ranks, *sharded)
    assert (folder / "x.tsv").read_bytes() == (folder / "y.tsv").read_bytes()
    succeed(*INDUCE, "-o", "x.tsv", "--only-letters")
    assert (folder / "x.tsv").read_bytes() == b""  # all end in a digit


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_order_groups_and_both_directions() -> None:
    wide = ("-k", 3, "--all")
    whole = induce_lexicon(mapped_space(), k=3, mutual=False)
    both = ("-o", "x.jsonl", "--reverse-output", "y.jsonl")
    done = succeed(*INDUCE, *wide, *both)
    assert "pairs, by target word\nx.jsonl: " in done.err
    assert list(Lexicon.load("x.jsonl")) == list(whole)
    back = Lexicon.load("y.jsonl")
    assert set(back.reversed()) <= set(whole)
    counts = [len(words) for words in back.translations().values()]
    assert max(counts) == 3
    ranks = [int(source[4:]) for source, _ in back]
    assert ranks == sorted(ranks)
    assert {target for _, target in whole} == {source for source, _ in back}
    succeed(*INDUCE, *wide, *both, "--sort", "alphabet")
    for path in ("x.jsonl", "y.jsonl"):
        sources = [source for source, _ in Lexicon.load(path)]
        assert sources == sorted(sources)
    succeed(*INDUCE, *wide, "-o", "x.jsonl", "--sort", "best")
    assert list(Lexicon.load("x.jsonl")) == list(whole.sorted("best"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "suffix", ["csv", "ifo", "dix", "ttl", "tmx", "md", "html", "parquet", "arrow"]
)
def test_every_format(folder: Path, suffix: str) -> None:
    pytest.importorskip("pyarrow")
    done = succeed(*INDUCE, "-o", f"en-es.{suffix}")
    assert f"en-es.{suffix}: {len(induce_lexicon(mapped_space()))} pairs" in done.err
    data = (folder / f"en-es.{suffix}").read_bytes()
    assert data
    if suffix in ("tmx", "ttl", "html"):
        assert b'"en"' in data
        assert b"es" in data


def test_outputs_that_do_not_fit(folder: Path) -> None:
    for name in ("a.vec", "b.vec"):
        (folder / name).write_bytes((folder / VECTORS[name == "b.vec"]).read_bytes())
    given = ("induce", "-", "a.vec", "b.vec")
    assert "--languages en,es" in fail(*given, "-o", "x.tmx")
    succeed(*given, "-o", "x.tmx", "--languages", "en, es")
    assert 'xml:lang="es"' in (folder / "x.tmx").read_text()
    succeed("induce", MAPPED[0], "a.vec", "b.vec", "-o", "w.tmx")  # the map knows
    assert 'srclang="en"' in (folder / "w.tmx").read_text()
    assert "cannot be grouped" in fail(*INDUCE, "-o", "y.dix", "--grouped")
    assert "is written as" in fail(*INDUCE, "-o", "y.tsv", "--reverse-output", "y.xlsx")
    (folder / "stop.dict").write_text("the\n")
    replaced = fail(*INDUCE, "-o", "stop.ifo", "--stop-list", "stop.dict")
    assert "--output would replace --stop-list" in replaced
    assert "would replace --output" in fail(*INDUCE, "-o", "z.tsv", "--reverse-output", "z.tsv")
    assert (folder / "stop.dict").read_text() == "the\n"
    most = f"--ranks must begin in [1, {WORDS}], the vocabulary, got 301-"
    assert most in fail(*INDUCE, "-o", "y.tsv", "--ranks", "301-")
    assert not [*folder.glob("[yz].*"), *folder.glob("stop.i*")]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        (("--ranks", "0-5"), "such as 101-5000 or 101-, got '0-5'"),
        (("--ranks", "50-5"), "--ranks"),
        (("--target-ranks", "many"), "--target-ranks"),
        (("--ranks", "1-5", "--phrases", "x"), "phrases have no rank"),
        (("--sort", "length"), "--sort"),
        (("--languages", "en"), "give two codes, such as en,es, got 'en'"),
    ],
)
def test_wrong_options_for_entries(arguments: tuple[object, ...], gist: str) -> None:
    assert gist in misuse(*OUT, *arguments)
