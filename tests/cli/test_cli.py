from __future__ import annotations

import gzip
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import plant_clusters
from typer.testing import CliRunner

from alignx.alignment.alignment import Alignment
from alignx.cli.inputs import read_vectors
from alignx.cli.main import app
from alignx.cli.options import OnError
from alignx.cli.terminal import open_terminal
from alignx.evaluation.word_translation import evaluate
from alignx.induction.induce import induce_lexicon
from alignx.lexicon.lexicon import Lexicon
from alignx.retrieval.clustered import can_search_clusters
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load, save

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alignx.alignment.shared_space import SharedSpace

SCRIPT = Path(sys.executable).with_name("alignx")
# BLAS threads that wait for each other slow small matrices down tenfold on a busy machine.
SURROUNDINGS = {"OPENBLAS_NUM_THREADS": "1", "COLUMNS": "100", "NO_COLOR": "1"}
COMMANDS = (
    "align", "apply", "translate", "induce", "evaluate", "convert", "bench", "demo", "info"
)  # fmt: skip
WORDS, DIMENSION = 300, 12


def environment() -> dict[str, str]:
    unset = ("PYTHONUNBUFFERED", "FORCE_COLOR", "TTY_COMPATIBLE")
    return {k: v for k, v in os.environ.items() if k not in unset} | SURROUNDINGS


@dataclass(frozen=True)
class Done:
    """What a process left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.out)
        return value


def run(folder: Path, *arguments: object, text: str = "", limit: int | None = None) -> Done:
    """Run alignx in a folder; `limit` is the largest file that it may write, in bytes."""

    def forbid_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit or 0, limit or 0))

    done = subprocess.run(
        [str(SCRIPT), *map(str, arguments)],
        cwd=folder,
        env=environment(),
        input=text.encode(),
        capture_output=True,
        timeout=120,
        check=False,
        preexec_fn=None if limit is None else forbid_large_files,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def succeed(folder: Path, *arguments: object, text: str = "") -> Done:
    done = run(folder, *arguments, text=text)
    assert done.code == 0, done.err
    return done


def fail(folder: Path, *arguments: object, limit: int | None = None) -> str:
    """Run what must fail quietly: one line on stderr, nothing on stdout, no file changed."""
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    done = run(folder, *arguments, "--quiet", limit=limit)
    assert (done.code, done.out) == (1, ""), done
    assert done.err.startswith("alignx: error: ")
    assert done.err.endswith("\n")
    assert done.err.count("\n") == 1
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    return done.err.removeprefix("alignx: error: ").rstrip("\n")


def write_languages(folder: Path) -> None:
    """Write two languages that are rotations of each other up to noise, and dictionaries."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((WORDS, DIMENSION))
    rotation, _ = np.linalg.qr(rng.standard_normal((DIMENSION, DIMENSION)))
    noisy = rows @ rotation + 0.2 * rng.standard_normal(rows.shape)
    english = Embeddings([f"cat{i}" for i in range(WORDS)], rows.astype(np.float32))
    spanish = Embeddings([f"gato{i}" for i in range(WORDS)], noisy.astype(np.float32))
    save(english, folder / "wiki.en.vec")
    save(spanish, folder / "wiki.es.vec")
    pairs = [(f"cat{i}", f"gato{i}") for i in range(WORDS)]
    Lexicon(pairs[:200]).save(folder / "train.txt")
    Lexicon([*pairs[200:], ("Unknown", "gato1")]).save(folder / "test.txt")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two languages, dictionaries and a map."""
    folder = tmp_path_factory.mktemp("prepared")
    write_languages(folder)
    options = ("-d", "train.txt", "-o", "map.safetensors", "--refine", 1)
    succeed(folder, "align", "wiki.en.vec", "wiki.es.vec", *options)
    return folder


def shared_space(folder: Path) -> SharedSpace:
    languages = [load(folder / name) for name in VECTORS]
    return Alignment.load(folder / "map.safetensors").apply(*languages)


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return tmp_path


VECTORS = ("wiki.en.vec", "wiki.es.vec")
MAPPED = ("map.safetensors", *VECTORS)


# --- help -------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_help_names_the_commands_and_where_to_start(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = run(tmp_path, *arguments)
    text = done.out + done.err
    assert all(f"{command} " in text for command in COMMANDS)
    assert "alignx demo" in text
    assert done.code == (0 if arguments else 2)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "info"])
def test_help_of_a_command_shows_an_example(tmp_path: Path, command: str) -> None:
    text = succeed(tmp_path, command, "--help").out
    assert f"Example: alignx {command} " in text
    assert "--quiet" in text


def test_completion_for_bash_can_be_shown(tmp_path: Path) -> None:
    assert "complete -o default -F" in succeed(tmp_path, "--show-completion", "bash").out


def test_info_tells_what_is_installed(tmp_path: Path) -> None:
    facts = succeed(tmp_path, "info", "--json").json
    assert {"version", "simd", "simd_available", "threads", "packages"} <= facts.keys()
    assert facts["simd"] in facts["simd_available"]
    assert facts["threads"] >= 1
    assert facts["packages"]["numpy"] == np.__version__
    text = succeed(tmp_path, "info").out
    assert f"version: {facts['version']}\n" in text
    assert f"simd: {facts['simd']}\n" in text


# --- align and apply --------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["procrustes", "least_squares", "reweighted"])
def test_align_writes_a_map_and_reports_json(folder: Path, method: str) -> None:
    options = ("-d", "train.txt", "-o", "new.safetensors", "--method", method, "--refine", 2)
    done = succeed(folder, "align", *VECTORS, *options, "--seed", 3, "--json", "--quiet")
    assert done.err == ""
    report = done.json
    assert report["method"] == method
    assert (report["seed"], report["pairs"], report["failed"]) == (3, 200, False)
    assert report["seconds"] > 0
    assert [round_["round"] for round_ in report["rounds"]] == [1, 2]
    for round_ in report["rounds"]:
        assert round_.keys() == {"round", "criterion", "pairs", "seconds"}
        assert 200 <= round_["pairs"] <= WORDS + 200
        assert 0 < round_["criterion"] <= 1
    assert report["criterion"] == report["rounds"][-1]["criterion"]
    alignment = Alignment.load(folder / "new.safetensors")
    assert (alignment.source.code, alignment.target.code) == ("en", "es")
    assert alignment.calibration is not None
    shared = alignment.apply(load(folder / VECTORS[0]), load(folder / VECTORS[1]))
    test = Lexicon.load(folder / "test.txt")
    assert evaluate(shared, test).csls.precision[1] > 0.9


def test_align_tells_what_it_did_on_stderr(folder: Path) -> None:
    done = succeed(folder, "align", *VECTORS, "-d", "train.txt", "-o", "new", "--refine", 1)
    assert done.out == ""
    assert f"wiki.en.vec: {WORDS} words of {DIMENSION} dimensions" in done.err
    assert "round 1: " in done.err
    assert "new: procrustes from 200 of 200 pairs" in done.err


def test_align_takes_its_options(folder: Path) -> None:
    options = ("--method", "cca", "--components", 5, "--regularization", 2, "--no-calibrate")
    output = ("-d", "train.txt", "-o", "new", "--normalize", "unit", "--refine", 0)
    done = succeed(folder, "align", *VECTORS, *output, *options, "--limit", 250, "--json")
    assert done.json["rounds"] == []
    assert done.json["criterion"] is None
    alignment = Alignment.load(folder / "new")
    assert repr(alignment.aligner) == "CCA(n_components=5, regularization=2.0)"
    assert alignment.calibration is None
    assert alignment.source.words == 250
    assert tuple(alignment.source.normalizer.steps) == ("unit",)


def test_apply_knows_the_side_by_the_name(folder: Path) -> None:
    shared = shared_space(folder)
    for name, code in zip(VECTORS, ("en", "es"), strict=True):
        output = f"mapped.{code}.safetensors"
        done = succeed(folder, "apply", "map.safetensors", name, "-o", output)
        assert done.out == ""
        assert f"{output}: {WORDS} words of {DIMENSION} dimensions" in done.err
        mapped = load(folder / output)
        np.testing.assert_allclose(mapped.vectors, shared[code].vectors, atol=1e-6)
        assert mapped.words == shared[code].words


def test_apply_takes_the_side_and_the_format_as_told(folder: Path) -> None:
    shutil.copy(folder / "wiki.es.vec", folder / "vectors.txt")
    succeed(folder, "apply", "map.safetensors", "wiki.es.vec", "-o", "by_name.vec")
    options = ("--side", "target", "-o", "told.vec.gz", "--quiet")
    done = succeed(folder, "apply", "map.safetensors", "vectors.txt", *options)
    assert (done.out, done.err) == ("", "")
    told, by_name = load(folder / "told.vec.gz"), load(folder / "by_name.vec")
    np.testing.assert_array_equal(told.vectors, by_name.vectors)
    as_half = ("--side", "source", "-o", "other.safetensors", "--dtype", "float16")
    assert "those of es where en is expected" in fail(
        folder, "apply", "map.safetensors", "vectors.txt", *as_half
    )
    shutil.copy(folder / "wiki.en.vec", folder / "english.txt")
    succeed(folder, "apply", "map.safetensors", "english.txt", *as_half)
    assert (folder / "other.safetensors").stat().st_size < 2.5 * WORDS * DIMENSION + 8_000


def test_apply_refuses_a_language_that_is_not_of_the_map(folder: Path) -> None:
    shutil.copy(folder / "wiki.es.vec", folder / "wiki.de.vec")
    message = fail(folder, "apply", "map.safetensors", "wiki.de.vec", "-o", "x.vec")
    assert "languages en and es, got de" in message


def test_apply_to_a_cache_equals_the_library_and_may_replace_it(folder: Path) -> None:
    succeed(folder, "convert", "wiki.en.vec", "-o", "en.safetensors")
    mapped = shared_space(folder).source
    for output in ("new.vec.gz", "en.safetensors"):
        succeed(folder, "apply", "map.safetensors", "en.safetensors", "-o", output)
        found = load(folder / output)
        np.testing.assert_array_equal(found.vectors, mapped.vectors)
        assert found.checksum == mapped.checksum
    assert not list(folder.glob(".alignx-*"))


def test_apply_refuses_a_cache_that_was_cut(folder: Path) -> None:
    succeed(folder, "convert", "wiki.en.vec", "-o", "en.safetensors")
    content = (folder / "en.safetensors").read_bytes()
    (folder / "en.safetensors").write_bytes(content[: len(content) // 2])
    message = fail(folder, "apply", "map.safetensors", "en.safetensors", "-o", "en.safetensors")
    assert message.startswith("en.safetensors: the cache is damaged: ")


# --- translate --------------------------------------------------------------------------------


def test_translate_answers_on_stdout_and_notes_on_stderr(folder: Path) -> None:
    done = succeed(folder, "translate", *MAPPED, "cat7", "dragon", "cat250", "-k", 3)
    lines = [line.split("\t") for line in done.out.splitlines()]
    assert [line[0] for line in lines] == ["cat7"] * 3 + ["cat250"] * 3
    assert lines[0][1] == "gato7"
    assert lines[3][1] == "gato250"
    scores = [float(line[2]) for line in lines]
    assert scores[:3] == sorted(scores[:3], reverse=True)
    assert "dragon: not in the vocabulary" in done.err
    assert "wiki.en.vec: " in done.err


def test_translate_quietly_prints_the_answer_alone(folder: Path) -> None:
    done = succeed(folder, "translate", *MAPPED, "cat7", "dragon", "-k", 1, "--quiet")
    assert done.out.startswith("cat7\tgato7\t")
    assert done.out.count("\n") == 1
    assert done.err == ""


def test_translate_reads_words_from_stdin(folder: Path) -> None:
    done = succeed(folder, "translate", *MAPPED, "-k", 1, text="cat3 \n\tcat5\n")
    assert [line.split("\t")[1] for line in done.out.splitlines()] == ["gato3", "gato5"]


def test_translate_prints_json(folder: Path) -> None:
    answers = succeed(folder, "translate", *MAPPED, "cat7", "Ñandú", "-k", 2, "--json").json
    assert list(answers) == ["cat7", "Ñandú"]
    assert answers["Ñandú"] == []
    assert [answer.keys() for answer in answers["cat7"]] == [{"word", "score", "origin"}] * 2
    assert answers["cat7"][0]["word"] == "gato7"


def test_translate_in_reverse_and_by_cosine(folder: Path) -> None:
    options = ("-k", 1, "--json", "--quiet")
    back = succeed(folder, "translate", *MAPPED, "gato7", "--reverse", *options).json
    assert back["gato7"][0]["word"] == "cat7"
    cosine = succeed(folder, "translate", *MAPPED, "cat7", "--nn", *options).json
    (expected,) = shared_space(folder).translate(["cat7"], 1, retrieval="nn")["cat7"]
    assert cosine["cat7"] == [expected._asdict()]


def test_lowercase_applies_to_words_and_vectors(folder: Path) -> None:
    text = (folder / "wiki.en.vec").read_text().replace("cat7 ", "Cat7 ")
    (folder / "wiki.en.vec").write_text(text)
    options = ("CAT7", "--lowercase", "-k", 1, "--quiet")
    assert succeed(folder, "translate", *MAPPED, *options).out.startswith("cat7\tgato7\t")


def test_vectors_that_share_a_space_need_no_map(folder: Path) -> None:
    shared = shared_space(folder)
    save(shared.source, folder / "en.safetensors")
    save(shared.target, folder / "es.vec")
    options = ("cat7", "cat200", "-k", 2, "--quiet")
    mapped = succeed(folder, "translate", *MAPPED, *options).out
    assert succeed(folder, "translate", "-", "en.safetensors", "es.vec", *options).out == mapped


# --- induce and evaluate ----------------------------------------------------------------------


def test_induce_writes_the_dictionary_and_prints_a_summary(folder: Path) -> None:
    done = succeed(folder, "induce", *MAPPED, "-o", "out.tsv", "--json")
    summary = done.json
    assert summary.keys() >= {
        "pairs", "mutual", "threshold", "index", "recall", "seconds", "peak_memory"
    }  # fmt: skip
    assert summary["mutual"] is True
    assert summary["threshold"] is None
    assert summary["recall"] == 1
    assert summary["peak_memory"] > 2**20
    assert summary["seconds"] > 0
    lexicon = Lexicon.load(folder / "out.tsv")
    assert summary["pairs"] == len(lexicon) > 250
    assert lexicon.scores is not None
    assert lexicon.probabilities is not None
    assert all(source.replace("cat", "gato") == target for source, target in lexicon.pairs[:5])


def test_induce_equals_the_library(folder: Path) -> None:
    shared = shared_space(folder)
    expected = induce_lexicon(shared, k=2, mutual=False, n_neighbors=5).at_least(0.3)
    options = ("--n-best", 2, "--all", "--neighbors", 5, "--threshold", 0.3)
    done = succeed(folder, "induce", *MAPPED, *options, "-o", "out.jsonl")
    assert done.out == ""
    assert f"out.jsonl: {len(expected)} pairs in" in done.err
    found = Lexicon.load(folder / "out.jsonl")
    assert list(found) == list(expected)
    np.testing.assert_allclose(np.asarray(found.scores), expected.scores, atol=1e-4)  # type: ignore[arg-type]  # may be None to mypy


def test_induce_in_reverse(folder: Path) -> None:
    succeed(folder, "induce", *MAPPED, "-o", "back.tsv", "--reverse")
    back = Lexicon.load(folder / "back.tsv")
    assert set(back.reversed()) == set(induce_lexicon(shared_space(folder)))
    assert back.probabilities is None


INDEXES = ["exact", "clustered", "ivf", "hnsw", "ivfpq"]


@pytest.mark.parametrize("index", INDEXES)
def test_induce_takes_an_index(folder: Path, index: str) -> None:
    if index not in ("exact", "clustered"):
        pytest.importorskip("faiss")
    if index == "clustered" and not can_search_clusters():
        pytest.skip("this processor does not multiply bytes fast")
    options: tuple[object, ...] = ("--index", index, "--memory", "2GB", "--seed", 3)
    options += () if index == "exact" else ("--recall", 0.95)
    done = succeed(folder, "induce", *MAPPED, *options, "-o", "out.tsv", "--json", "--quiet")
    assert done.err == ""
    summary = done.json
    assert summary["index"] == index
    assert summary["reason"] == "as asked"
    assert 0.95 <= summary["recall"] <= 1
    assert summary["recall_error"] >= 0
    assert summary["recall_sample"] == (0 if index == "exact" else WORDS)
    steps = {"rows", "cosine", "csls", "dictionary"}
    assert summary["steps"].keys() == (steps if index == "exact" else steps | {"recall"})
    assert 0 < sum(summary["steps"].values()) < summary["seconds"]
    assert summary["peak_memory"] > 2**20
    lexicon = Lexicon.load(folder / "out.tsv")
    assert summary["pairs"] == len(lexicon)
    exact = induce_lexicon(shared_space(folder))
    assert len({*lexicon} & {*exact}) > 0.95 * len(exact)
    assert not (folder / "out.tsv.shards").exists()


def test_induce_tells_what_it_chose_and_keeps_parts_where_it_is_told(folder: Path) -> None:
    plain = succeed(folder, "induce", *MAPPED, "-o", "plain.tsv")
    assert "index:" not in plain.err
    done = succeed(folder, "induce", *MAPPED, "-o", "out.tsv", "--checkpoint", "parts")
    assert f"index: exact ({WORDS} x {WORDS} words take seconds)" in done.err
    assert (folder / "out.tsv").read_bytes() == (folder / "plain.tsv").read_bytes()
    assert not (folder / "parts").exists()
    assert fail(folder, "induce", *MAPPED, "-o", "x.tsv", "--checkpoint", "no/parts").startswith(
        "no/parts: "
    )
    (folder / "own").mkdir()
    (folder / "own" / "file").touch()
    message = fail(folder, "induce", *MAPPED, "-o", "x.tsv", "--checkpoint", "own")
    assert message == "own: this folder holds something else; name another"
    assert [path.name for path in (folder / "own").iterdir()] == ["file"]


def test_induce_tells_soon_that_there_is_no_cluster(folder: Path) -> None:
    pytest.importorskip("distributed")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        begin = time.monotonic()
        message = fail(folder, "induce", *MAPPED, "-o", "x.tsv", "--cluster", address)
    assert message.startswith(f"{address}: no Dask scheduler answers there")
    assert time.monotonic() - begin < 15
    assert not (folder / "x.tsv.shards").exists()


def test_evaluate_prints_a_table_or_json(folder: Path) -> None:
    options = ("-d", "test.txt", "--oov-policy", "fasttext")
    done = succeed(folder, "evaluate", *MAPPED, *options, "--json", "--quiet")
    assert done.err == ""
    shared = shared_space(folder)
    report = evaluate(shared, Lexicon.load(folder / "test.txt"), oov_policy="fasttext")
    found = done.json
    assert isinstance(found.pop("version"), str)
    assert found == json.loads(json.dumps(report.as_dict()))
    assert succeed(folder, "evaluate", *MAPPED, *options).out == f"{report}\n"


def test_evaluate_in_reverse_and_without_a_map(folder: Path) -> None:
    lines = [line.split("\t") for line in (folder / "test.txt").read_text().splitlines()]
    (folder / "back.txt").write_text("".join(f"{t}\t{s}\n" for s, t in lines))
    options = ("-d", "back.txt", "--json", "--reverse", "--quiet")
    reversed_ = succeed(folder, "evaluate", *MAPPED, *options).json
    assert reversed_["csls"]["p@1"] > 0.9
    unaligned = succeed(folder, "evaluate", "-", *VECTORS, "-d", "test.txt", "--json").json
    assert unaligned["csls"]["p@1"] < 0.2


def test_evaluate_word_similarity(folder: Path) -> None:
    judged = "cat1\tcat2\t1\ncat3\tcat4\t2\ncat5\tnone\t3\ncat6\tcat9\t0\n"
    (folder / "en.txt").write_text(judged)
    (folder / "es.txt").write_text(judged.replace("cat", "gato"))
    (folder / "both.txt").write_text("cat1\tgato1\t4\ncat1\tgato2\t1\ncat3\tgato3\t4\n")
    options = ("--source-similarity", "en.txt", "--target-similarity", "es.txt")
    done = succeed(folder, "evaluate", *MAPPED, *options, "--similarity", "both.txt", "--json")
    assert done.json["source_similarity"]["n"] == 3
    assert done.json["target_similarity"]["coverage"] == 0.75
    assert done.json["similarity"]["pearson"] > 0.9
    assert done.json["similarity"]["with_oov"] is None


# --- convert ----------------------------------------------------------------------------------


def test_convert_there_and_back_keeps_every_bit(folder: Path) -> None:
    original = load(folder / "wiki.en.vec")
    for first, second in [("wiki.en.vec", "a.safetensors"), ("a.safetensors", "b.vec.gz")]:
        done = succeed(folder, "convert", first, "-o", second)
        assert done.out == ""
        assert done.err.endswith(f"{second}: written\n")
    succeed(folder, "convert", "b.vec.gz", "-o", "c.txt", "--language", "fr")
    again = load(folder / "c.txt")
    assert again.words == original.words
    np.testing.assert_array_equal(again.vectors, original.vectors)
    assert load(folder / "a.safetensors").language == "en"


def test_convert_stores_the_language_and_the_limit(folder: Path) -> None:
    options = ("--language", "fr", "--limit", 7, "--dtype", "float16")
    succeed(folder, "convert", "wiki.en.vec", "-o", "a.safetensors", *options)
    cache = load(folder / "a.safetensors")
    assert (cache.language, len(cache)) == ("fr", 7)


def test_duplicates_zero_rows_and_skipped_lines_are_counted_and_shown(tmp_path: Path) -> None:
    (tmp_path / "en.vec").write_text("cat 1 2\nnone 0 0\ncat 2 2\nbad 1\nCAT 3 3\n")
    done = succeed(tmp_path, "convert", "en.vec", "-o", "a.vec", "--on-error", "skip")
    counts = "1 duplicate merged, 1 malformed line skipped, 1 zero row"
    assert f"en.vec: 3 words of 2 dimensions; {counts}" in done.err
    options = ("-o", "a.vec", "--on-error", "skip", "--lowercase")
    assert "2 duplicates merged" in succeed(tmp_path, "convert", "en.vec", *options).err


# --- usage ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        (("frobnicate",), "frobnicate"),
        (("align", "en.vec"), "TARGET"),
        (("align", *VECTORS, "-d", "train.txt"), "--output"),
        (("align", *VECTORS, "-d", "d", "-o", "x", "--method", "magic"), "magic"),
        (("align", *VECTORS, "-d", "d", "-o", "x", "--refine", "-1"), "--refine"),
        (("align", *VECTORS, "-d", "d", "-o", "x", "--components", "3"), "--components"),
        (("align", *VECTORS, "-o", "x"), "one of --dictionary FILE, --identical"),
        (("align", *VECTORS, "-o", "x", "-d", "d", "--unsupervised"), "--numerals"),
        (("align", *VECTORS, "-o", "x", "--identical", "--numerals"), "one of --dictionary"),
        (("align", *VECTORS, "-o", "x", "-d", "d", "--identical"), "one of --dictionary"),
        (("align", *VECTORS, "-o", "x", "--preset", "slow", "--unsupervised"), "--preset"),
        (("align", *VECTORS, "-o", "x", "--restarts", "0", "--unsupervised"), "--restarts"),
        (("align", *VECTORS, "-o", "x", "--jobs", "0", "--unsupervised"), "--jobs"),
        (("align", *VECTORS, "-o", "x", "--unsupervised", "--components", "3"), "--components"),
        (
            ("align", *VECTORS, "-o", "x", "-d", "d", "--self-learning", "--method", "cca"),
            "--self-learning",
        ),
        (("apply", "map.safetensors", "wiki.en.vec"), "--output"),
        (("translate", *MAPPED, "cat7", "-k", "many"), "-k"),
        (("induce", *MAPPED, "-o", "x", "--threads", "0"), "--threads"),
        (("induce", *MAPPED, "-o", "x", "--limit", "0"), "--limit"),
        (("induce", *MAPPED, "-o", "x", "--index", "annoy"), "annoy"),
        (("induce", *MAPPED, "-o", "x", "--recall", "1.1"), "--recall"),
        (("induce", *MAPPED, "-o", "x", "--recall", "most"), "--recall"),
        (("induce", *MAPPED, "-o", "x", "--device", "cpu", "--index", "ivf"), "--device"),
        (("induce", *MAPPED, "-o", "x", "--device", "cpu", "--memory", "8GB"), "--device"),
        (("induce", *MAPPED, "-o", "x", "--device", "cpu", "--checkpoint", "y"), "--device"),
        (("evaluate", *MAPPED), "--dictionary"),
        (("evaluate", *MAPPED, "-d", "x", "--oov-policy", "mine"), "mine"),
        (("convert", "wiki.en.vec", "-o", "x.vec", "--dtype", "int8"), "int8"),
        (("info", "--no-such-option"), "--no-such-option"),
    ],
)
def test_wrong_usage_is_exit_code_2(
    tmp_path: Path, arguments: tuple[object, ...], gist: str
) -> None:
    done = run(tmp_path, *arguments)
    assert (done.code, done.out) == (2, "")
    assert gist in done.err
    assert "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []


# --- vectors that cannot be read --------------------------------------------------------------


def cut_archive(path: Path) -> None:
    whole = gzip.compress("".join(f"w{i} {i}.25 1\n" for i in range(999)).encode(), mtime=0)
    path.write_bytes(whole[: len(whole) // 2])


def garbage(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).integers(0, 256, 5_000, np.uint8).tobytes())


def text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content)


BAD_VECTORS: dict[str, tuple[str, Callable[[Path], object], str, str]] = {
    "missing": ("x.vec", Path.exists, "", "no such file"),
    "directory": ("x.vec", Path.mkdir, "", "directory"),
    "empty": ("x.vec", Path.touch, "", "empty"),
    "truncated": ("x.vec.gz", cut_archive, "", "truncated"),
    "page": ("x.vec", text("<!DOCTYPE html>\n<html><p>404</p>\n"), "", "HTML page"),
    "garbage": ("x.vec", garbage, "", "not a text file of vectors"),
    "too_few": ("x.vec", text("3 2\na 1 2\nb 1 2\n"), ":3", "promises 3 rows"),
    "too_many": ("x.vec", text("1 2\na 1 2\nb 1 2\n"), ":3", "promises 1 row"),
    "dimension": ("x.vec", text("2 3\na 1 2\nb 1 2\n"), ":1", "3 dimensions, the lines have 2"),
    "ragged": ("x.vec", text("a 1 2\nb 1 2\nc 1\nd 1 2\n"), ":3", "2 numbers are expected"),
    "nan": ("x.vec", text("a 1 2\nb nan 2\n"), ":2", "finite"),
    "infinity": ("x.vec", text("2 2\na 1 2\nb 1 -inf\n"), ":3", "finite"),
    "words": ("x.vec", text("a b c\nd e f\n"), "", "not a text file of vectors"),
    "no_model": ("x.bin", text("this is no fastText model"), "", "not a fastText model"),
    "no_cache": ("x.safetensors", text("this is no cache, at all"), "", "not a safetensors file"),
}


@pytest.mark.parametrize("case", BAD_VECTORS)
def test_vectors_that_cannot_be_read_are_named(folder: Path, case: str) -> None:
    name, make, line, gist = BAD_VECTORS[case]
    make(folder / name)
    message = fail(folder, "convert", name, "-o", "wiki.en.vec")
    assert message.startswith(f"{name}{line}: ")
    assert gist in message


@pytest.mark.parametrize(
    "command",
    [
        ("align", "wiki.en.vec", "x.vec", "-d", "train.txt", "-o", "map.safetensors"),
        ("apply", "map.safetensors", "x.vec", "-o", "wiki.en.vec"),
        ("translate", "map.safetensors", "wiki.en.vec", "x.vec", "cat7"),
        ("induce", "map.safetensors", "x.vec", "wiki.es.vec", "-o", "train.txt"),
        ("evaluate", "map.safetensors", "wiki.en.vec", "x.vec", "-d", "test.txt"),
    ],
)
def test_every_command_names_vectors_that_cannot_be_read(
    folder: Path, command: tuple[str, ...]
) -> None:
    (folder / "x.vec").write_text("a 1 2\nb 1 2\nc 1\n")
    assert fail(folder, *command).startswith("x.vec:3: ")


def test_verbose_shows_where_an_error_arose(folder: Path) -> None:
    done = run(folder, "convert", "no-such.vec", "-o", "x.vec", "--verbose")
    assert done.code == 1
    assert "Traceback (most recent call last)" in done.err
    assert done.err.splitlines()[-1].startswith("alignx: error: no-such.vec: no such file")


# --- maps and dictionaries that cannot be used ------------------------------------------------


@pytest.mark.parametrize(
    ("content", "gist"),
    [
        (None, "no such file"),
        (b"", "truncated"),
        (b"cut", "truncated"),
        (b"vectors", "not a map"),
    ],
)
def test_maps_that_cannot_be_read_are_named(folder: Path, content: bytes | None, gist: str) -> None:
    bad = folder / "bad.safetensors"
    if content == b"cut":
        bad.write_bytes((folder / "map.safetensors").read_bytes()[:-7])
    elif content == b"vectors":
        save(load(folder / "wiki.en.vec"), bad)
    elif content is not None:
        bad.write_bytes(content)
    message = fail(folder, "apply", "bad.safetensors", "wiki.en.vec", "-o", "wiki.es.vec")
    assert message.startswith("bad.safetensors: ")
    assert gist in message


@pytest.mark.parametrize(
    ("content", "line", "gist"),
    [
        (None, "", "no such file"),
        (b"cat1 gato1\ncat2\n", ":2", "a pair needs two words, got 1"),
        (b"<html><p>404", "", "HTML page"),
        (b"cat1 gato1\nse\xf1or cat\n", ":2", "UTF-8"),
        (b"\0\1\2", "", "binary"),
    ],
)
def test_dictionaries_that_cannot_be_read_are_named(
    folder: Path, content: bytes | None, line: str, gist: str
) -> None:
    if content is not None:
        (folder / "bad.txt").write_bytes(content)
    message = fail(folder, "evaluate", *MAPPED, "-d", "bad.txt")
    assert message.startswith(f"bad.txt{line}: ")
    assert gist in message


@pytest.mark.parametrize(
    "command", [("align", *VECTORS, "-o", "map.safetensors"), ("evaluate", *MAPPED)]
)
def test_a_dictionary_without_a_usable_pair_is_told_with_its_pairs(
    folder: Path, command: tuple[str, ...]
) -> None:
    (folder / "useless.txt").write_text("kitten1 gato1\ncat2 gatito2\nhouse casa\n")
    message = fail(folder, *command, "-d", "useless.txt")
    assert "got 3 pairs, 2 with an OOV source word and 2 with an OOV target word" in message
    assert "kitten1 gato1" in message


def test_languages_of_different_dimensions_need_another_method(folder: Path) -> None:
    text = "".join(f"gato{i} {i} {i * i % 7} {i % 5}\n" for i in range(WORDS))
    (folder / "small.es.vec").write_text(text)
    options = ("-d", "train.txt", "-o", "map.safetensors", "--no-calibrate")
    message = fail(folder, "align", "wiki.en.vec", "small.es.vec", *options)
    assert f"same dimension, got {DIMENSION} and 3" in message
    options = (*options[:3], "new.safetensors", "--no-calibrate")
    # Three columns of made-up numbers: a map there is, but not a good one.
    cca = ("--method", "cca", "--allow-failed")
    succeed(folder, "align", "wiki.en.vec", "small.es.vec", *options, *cca)


def test_vectors_of_another_dimension_than_the_map_are_refused(folder: Path) -> None:
    (folder / "small.es.vec").write_text("gato1 1 2 3\ngato2 2 1 3\n")
    for command in (
        ("apply", "map.safetensors", "small.es.vec", "-o", "wiki.en.vec"),
        ("induce", "map.safetensors", "wiki.en.vec", "small.es.vec", "-o", "train.txt"),
    ):
        message = fail(folder, *command)
        assert f"this map takes es vectors of dimension {DIMENSION}" in message
        assert "of dimension 3" in message


@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        (("translate", *MAPPED, "cat7", "-k", WORDS + 1), f"-k must lie in [1, {WORDS}], got"),
        (("translate", *MAPPED, "cat7", "--neighbors", 0), "--neighbors must lie in"),
        (
            ("induce", *MAPPED, "-o", "x.tsv", "--n-best", WORDS + 1),
            f"--n-best must lie in [1, {WORDS}]",
        ),
        (("induce", *MAPPED, "-o", "x.tsv", "--threshold", 2), "threshold must lie in [0, 1]"),
        (("induce", *MAPPED, "-o", "x.tsv", "--memory", "8 gigs"), "got '8 gigs'"),
        (("induce", *MAPPED, "-o", "x.tsv", "--memory", "0GB"), "at least 1 byte, got '0GB'"),
        (("induce", *MAPPED, "-o", "x.tsv", "--memory", "90MB"), "0.1 GB are allowed; raise"),
        (
            ("induce", *MAPPED, "-o", "x.tsv", "--checkpoint", "y", "--recall", 0),
            "recall must lie in (0, 1], got 0",
        ),
        (
            ("induce", *MAPPED, "-o", "x.tsv", "--checkpoint", "y", "--neighbors", WORDS + 1),
            f"--neighbors must lie in [1, {WORDS}]",
        ),
        (("induce", "-", *VECTORS, "-o", "x.tsv", "--threshold", 0.5), "needs probabilities"),
        (("evaluate", *MAPPED, "-d", "test.txt", "--neighbors", WORDS + 1), "--neighbors"),
        (("align", *VECTORS, "-d", "train.txt", "-o", "x", "--neighbors", 0), "--neighbors"),
        (("align", *VECTORS, "-d", "train.txt", "-o", "x", "--normalize", "bold"), "'bold'"),
        (("convert", "wiki.en.vec", "-o", "x.bin"), "x.bin: the name must end in one of .vec"),
        (("convert", "wiki.en.vec", "-o", "x.vec", "--dtype", "float16"), "float16 is for"),
    ],
)
def test_values_out_of_range_are_told_with_the_range(
    folder: Path, arguments: tuple[object, ...], gist: str
) -> None:
    assert gist in fail(folder, *arguments)


# --- outputs ----------------------------------------------------------------------------------

WRITERS = {
    "align": ("align", *VECTORS, "-d", "train.txt", "--refine", "0", "--no-calibrate", "-o"),
    "apply": ("apply", "map.safetensors", "wiki.en.vec", "-o"),
    "induce": ("induce", *MAPPED, "-o"),
    "convert": ("convert", "wiki.en.vec", "-o"),
}


@pytest.mark.parametrize("command", ["align", "convert"])
def test_an_output_in_no_directory_is_named(folder: Path, command: str) -> None:
    message = fail(folder, *WRITERS[command], "no/such/place.vec")
    assert message == "no/such/place.vec: the directory does not exist; create it first"


@pytest.mark.parametrize(
    ("command", "name"),
    [("apply", "full.vec"), ("apply", "full.safetensors"), ("induce", "full.tsv")],
)
def test_a_full_disk_is_told(folder: Path, command: str, name: str) -> None:
    full = folder / name
    full.symlink_to("/dev/full")
    message = fail(folder, *WRITERS[command], full.name)
    assert message.startswith(f"{full.name}: no space is left on the device")


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("align", "map.safetensors"),
        ("convert", "old.vec"),
        ("apply", "old.vec.gz"),
        ("apply", "old.safetensors"),
    ],
)
def test_a_file_that_becomes_too_large_leaves_the_old_one(
    folder: Path, command: str, name: str
) -> None:
    (folder / name).write_text("what was there")
    message = fail(folder, *WRITERS[command], name, limit=512)
    assert message.startswith(f"{name}: the file exceeds the size that is allowed")
    assert not list(folder.glob(".alignx-*"))


def test_a_directory_is_no_output(folder: Path) -> None:
    (folder / "sub").mkdir()
    assert fail(folder, *WRITERS["induce"], "sub").startswith("sub: this is a directory")


@contextmanager
def started(folder: Path, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run alignx beside the test, and end it with the test, however that ends."""
    process = subprocess.Popen(
        [str(SCRIPT), *map(str, arguments)],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Background jobs inherit "ignore".
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def interrupt(process: subprocess.Popen[str]) -> None:
    """Send Ctrl-C and see that it is obeyed quietly."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode not in (0, None)
    assert "Traceback" not in out + err


def test_an_interrupt_while_fitting_leaves_the_old_map(folder: Path) -> None:
    before = (folder / "map.safetensors").read_bytes()
    options = ("-d", "train.txt", "-o", "map.safetensors", "--refine", 10**6)
    with started(folder, "align", *VECTORS, *options) as process:
        assert process.stderr is not None
        for name in ("train.txt", *VECTORS):  # all is read: from here on it fits
            assert process.stderr.readline().startswith(name)
        interrupt(process)
    assert (folder / "map.safetensors").read_bytes() == before
    assert not list(folder.glob(".alignx-*"))


@pytest.mark.parametrize("command", ["convert", "apply"])
def test_an_interrupt_while_writing_leaves_the_old_file(folder: Path, command: str) -> None:
    rows = np.random.default_rng(0).standard_normal((60_000, DIMENSION), dtype=np.float32)
    words = [f"cat{i}" for i in range(len(rows))]
    save(Embeddings(words, rows, "en"), folder / "sample.safetensors")
    (folder / "old.vec.gz").write_text("what was there")
    maps = ("map.safetensors",) if command == "apply" else ()
    with started(folder, command, *maps, "sample.safetensors", "-o", "old.vec.gz") as process:
        while process.poll() is None and not list(folder.glob(".alignx-*")):
            pass
        interrupt(process)
    assert (folder / "old.vec.gz").read_text() == "what was there"
    assert not list(folder.glob(".alignx-*"))


def test_a_reader_that_leaves_early_sees_no_traceback(folder: Path) -> None:
    words = " ".join(f"cat{i}" for i in range(WORDS))
    command = (
        f"printf '%s\\n' {words} | '{SCRIPT}' translate {' '.join(MAPPED)} -k 300 -q | head -1"
    )
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment(), capture_output=True, timeout=60,
        check=True,
    )  # fmt: skip
    assert done.stdout.startswith(b"cat0\tgato0\t")
    assert done.stderr == b""


def test_no_progress_bar_is_drawn_in_a_pipe(folder: Path) -> None:
    done = succeed(folder, "induce", *MAPPED, "-o", "out.tsv")
    assert done.out == ""
    assert len(done.err.splitlines()) == 3
    assert "\r" not in done.err
    assert "\x1b" not in done.err
    assert "%" not in done.err


# --- align without a dictionary ---------------------------------------------------------------


def write_clusters(folder: Path) -> None:
    """Write two languages whose shape gives them away, and one that has lost its shape."""
    data = plant_clusters(0.1, count=500)
    words = [f"cat{i}" for i in range(500)]
    answers = dict(data.pairs[:, ::-1].tolist())
    others = [f"gato{answers[row]}" for row in range(500)]
    for number in range(40):  # some are written the same, half of them numbers
        shared = str(1900 + number) if number % 2 else f"taxi{number}"
        words[number] = others[int(data.pairs[number, 1])] = shared
    save(Embeddings(words, data.source), folder / "shape.en.safetensors")
    save(Embeddings(others, data.target), folder / "shape.es.safetensors")
    lost = np.random.default_rng(3).permuted(data.target, axis=1)
    save(Embeddings(others, lost), folder / "lost.es.safetensors")
    truth = Lexicon([(f"cat{i}", f"gato{i}") for i in range(40, 500)])
    truth.save(folder / "truth.txt")
    Lexicon(truth.pairs[:25]).save(folder / "small.txt")
    Lexicon(truth.pairs[:15]).save(folder / "tiny.txt")


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clusters")
    write_clusters(folder)
    return folder


@pytest.fixture
def shapes(clusters: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    shutil.copytree(clusters, tmp_path, dirs_exist_ok=True)
    return tmp_path


SHAPES = ("shape.en.safetensors", "shape.es.safetensors")
LOST = ("shape.en.safetensors", "lost.es.safetensors", "--limit", "300")


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
def test_align_grows_from_little_or_nothing(
    shapes: Path, options: tuple[str, ...], pairs: int, note: str
) -> None:
    done = succeed(shapes, "align", *SHAPES, *options, "-o", "new", "--refine", 1)
    assert done.out == ""
    assert note in done.err
    assert "worked: agreement of runs" in done.err
    assert "\x1b" not in done.err
    alignment = Alignment.load(shapes / "new")
    assert alignment.pairs == pairs
    assert alignment.found_by == "self_learning"
    shared = alignment.apply(load(shapes / SHAPES[0]), load(shapes / SHAPES[1]))
    assert evaluate(shared, Lexicon.load(shapes / "truth.txt")).csls.precision[1] > 0.98


def test_align_without_a_dictionary_reports_json_and_logs_lines(shapes: Path) -> None:
    options = ("--unsupervised", "-o", "new", "--refine", 2, "--seed", 5, "--log", "log.jsonl")
    done = succeed(shapes, "align", *SHAPES, *options, "--json", "--quiet")
    assert done.err == ""
    report = done.json
    assert (report["method"], report["seed"], report["pairs"]) == ("self_learning", 5, 0)
    assert report["failed"] is False
    alignment = Alignment.load(shapes / "new")
    assert alignment.diagnosis is not None
    assert report["diagnosis"] == alignment.diagnosis.as_dict()
    lines = [json.loads(line) for line in (shapes / "log.jsonl").read_text().splitlines()]
    stages = [line["stage"] for line in lines]
    assert list(dict.fromkeys(stages)) == ["self-learning", "refinement", "diagnosis"]
    assert lines[-1] == {"stage": "diagnosis", **report["diagnosis"]}
    assert [line["round"] for line in lines if line["stage"] == "refinement"] == [1, 2]
    again = succeed(shapes, "align", *SHAPES, *options, "--quiet")
    assert again.out == ""
    assert again.err == ""
    for name in ("source_map_", "target_map_"):
        one, two = (getattr(a.aligner, name) for a in (alignment, Alignment.load(shapes / "new")))
        assert one.tobytes() == two.tobytes()


def test_align_by_cross_validation_lists_the_candidates(shapes: Path) -> None:
    options = ("-d", "truth.txt", "--method", "auto", "--refine", 1, "--no-calibrate", "-o", "new")
    done = succeed(shapes, "align", *SHAPES, *options, "--json", "--quiet", "--log", "log")
    chosen = done.json["selection"]
    alignment = Alignment.load(shapes / "new")
    assert chosen["aligner"] == str(alignment.aligner)
    assert chosen["refinement"] == len(alignment.rounds)
    best, *rest = chosen["candidates"]
    assert best["aligner"] == chosen["aligner"]
    assert best["behind"] == 0
    assert all(best["precision"] >= each["precision"] for each in rest if each["precision"])
    assert json.loads((shapes / "log").read_text().splitlines()[0])["stage"] == "selection"
    told = succeed(shapes, "align", *SHAPES, *options).err
    assert f"chosen by cross-validation: {chosen['aligner']}, " in told
    assert "new: auto from 460 of 460 pairs" in told


def test_a_candidate_that_cannot_be_fitted_is_listed_with_the_reason(folder: Path) -> None:
    lines = (folder / "train.txt").read_text().splitlines(keepends=True)
    (folder / "few.txt").write_text("".join(lines[:20]))
    # 15 pairs remain in each part: enough for the rest, not for 16 dimensions without a ridge.
    for name in VECTORS:
        rows = load(folder / name)
        wide = np.hstack([rows.vectors, np.random.default_rng(1).standard_normal((WORDS, 8))])
        save(Embeddings(rows.words, wide), folder / name)
    options = ("-d", "few.txt", "--method", "auto", "--refine", 0, "--no-calibrate", "-o", "new")
    chosen = succeed(folder, "align", *VECTORS, *options, "--json").json["selection"]
    failed = [each for each in chosen["candidates"] if each["reason"]]
    assert failed
    assert all(each["precision"] is None and each["n"] == 0 for each in failed)


def test_auto_with_too_small_a_dictionary_says_what_to_do(shapes: Path) -> None:
    message = fail(shapes, "align", *SHAPES, "-d", "tiny.txt", "-o", "new", "--method", "auto")
    assert "at least 20 source words" in message
    assert "got 15: use a larger dictionary" in message


def test_the_reweighted_map_takes_its_options(shapes: Path) -> None:
    options = ("--method", "reweighted", "--components", 12, "--regularization", 0.5)
    output = ("-d", "truth.txt", "-o", "new", "--refine", 0, "--no-calibrate", "--json")
    report = succeed(shapes, "align", *SHAPES, *output, *options).json
    assert (report["method"], report["failed"]) == ("reweighted", False)
    assert "diagnosis" not in report
    parameters = Alignment.load(shapes / "new").aligner.get_params()
    assert (parameters["n_components"], parameters["regularization"]) == (12, 0.5)


def test_an_alignment_that_failed_writes_no_map(shapes: Path) -> None:
    message = fail(shapes, "align", *LOST, "-d", "small.txt", "--self-learning", "-o", "new")
    assert message.startswith("the alignment failed: agreement of runs 0.0")
    assert "--allow-failed" in message
    assert "small dictionary" in message
    assert not (shapes / "new").exists()


def test_a_failure_in_json_keeps_the_figures_and_permission_keeps_the_map(shapes: Path) -> None:
    (shapes / "old").write_text("what was there")
    options = ("align", *LOST, "--unsupervised", "-o", "old", "--json", "--log", "log.jsonl")
    done = run(shapes, *options, "--quiet")
    assert done.code == 1
    report = done.json
    assert report["failed"] is True
    assert report["method"] == "self_learning"
    assert report["seconds"] > 0
    assert report["diagnosis"]["agreement"] < 0.2
    assert done.err.count("\n") == 1
    assert done.err.startswith("alignx: error: the alignment failed")
    assert (shapes / "old").read_text() == "what was there"
    lines = [json.loads(line) for line in (shapes / "log.jsonl").read_text().splitlines()]
    assert lines[-1] == {"stage": "diagnosis", **report["diagnosis"]}
    kept = succeed(shapes, *options[:-3], "--allow-failed")
    assert "FAILED, kept as asked: agreement of runs 0.0" in kept.err
    alignment = Alignment.load(shapes / "old")
    assert alignment.diagnosis is not None
    assert alignment.diagnosis.as_dict() == report["diagnosis"]
    assert list(shapes.glob(".alignx-*")) == []


def test_languages_without_a_number_in_common_have_no_identical_numerals(folder: Path) -> None:
    assert "identical numerals" in fail(folder, "align", *VECTORS, "--numerals", "-o", "new")


def test_a_log_in_no_directory_is_named(shapes: Path) -> None:
    options = ("--unsupervised", "-o", "new", "--log", "no/such/log")
    assert fail(shapes, "align", *SHAPES, *options).startswith("no/such/log: ")


def test_an_interrupt_while_learning_leaves_no_map(shapes: Path) -> None:
    options = ("--unsupervised", "-o", "new", "--log", "log.jsonl", "--refine", 10**6)
    with started(shapes, "align", *LOST, *options) as process:
        while process.poll() is None and not (shapes / "log.jsonl").exists():
            pass
        interrupt(process)
    assert not (shapes / "new").exists()
    assert not list(shapes.glob(".alignx-*"))


# --- the demonstration ------------------------------------------------------------------------


def test_demo_shows_the_whole_flow(tmp_path: Path) -> None:
    done = succeed(tmp_path, "demo")
    assert done.err == ""
    lines = done.out.splitlines()
    before = next(line for line in lines if line.startswith("Before alignment: P@1 "))
    after = next(line for line in lines if line.startswith("After alignment:  P@1 "))
    assert float(before.split()[3].rstrip("%")) < 5
    assert float(after.split()[3].rstrip("%")) > 70
    lexicon = Lexicon.load(tmp_path / "alignx-demo.en-es.tsv")
    assert len(lexicon) > 1_500
    assert lexicon.probabilities is not None
    assert f"alignx-demo.en-es.tsv: a dictionary of {len(lexicon):,} pairs" in done.out
    seconds = float(lines[-1].removeprefix("Done in ").split()[0])
    assert seconds < 20


@pytest.mark.parametrize(("pair", "gist"), [("en-xx", "'xx'"), ("en", "'en'")])
def test_demo_refuses_what_is_not_bundled(tmp_path: Path, pair: str, gist: str) -> None:
    assert gist in fail(tmp_path, "demo", "--pair", pair)


@pytest.mark.parametrize("command", ["align", "induce", "apply", "convert"])
def test_an_output_that_cannot_be_is_found_before_the_work(folder: Path, command: str) -> None:
    files: dict[str, tuple[object, ...]] = {
        "align": (*VECTORS, "-d", "no-such-dictionary.txt"),
        "induce": ("no-such-map", *VECTORS),
        "apply": ("no-such-map", VECTORS[0]),
        "convert": ("no-such.vec",),
    }
    message = fail(folder, command, *files[command], "-o", "no-such-directory/x.vec")
    assert "no-such-directory/x.vec: the directory does not exist" in message


def test_a_full_disk_behind_stdout_is_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [str(SCRIPT), "info"],
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "alignx: error: cannot write the answer: No space left on device\n"


def test_defaults_that_exceed_a_toy_vocabulary_are_lowered_and_said(tmp_path: Path) -> None:
    (tmp_path / "en.vec").write_text("cat 1 0\ndog 0 1\nsun 1 1\n")
    (tmp_path / "es.vec").write_text("gato 1 0\nperro 0 1\nsol 1 1\n")
    done = succeed(tmp_path, "translate", "-", "en.vec", "es.vec", "cat")
    answers = [line.split("\t")[1] for line in done.out.splitlines()]
    assert answers[0] == "gato"
    assert len(answers) == 3
    assert "k is 3 instead of 5: there are only 3 words" in done.err
    assert "n_neighbors is 3 instead of 10: there are only 3 words" in done.err


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("my.en.vec", "language en, by its name"),
        ("es.from.en.vec", "en, by its name (which holds es too; `alignx convert --language`"),
        ("en-es.vec", "language unknown, since its name holds en and es; `alignx convert --lang"),
    ],
)
def test_reading_names_the_language_that_it_took(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, note: str
) -> None:
    (tmp_path / name).write_text("cat 1 0\ndog 0 1\n", encoding="utf-8")
    terminal = open_terminal(quiet=False, verbose=False)
    read_vectors(terminal, tmp_path / name, None, False, OnError.fail, 1)
    assert note in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("translate", ("gato1",)),
        ("induce", ("-o", "x.tsv", "--index", "clustered", "--reverse")),
        ("evaluate", ("-d", "test.txt", "--reverse")),
    ],
)
def test_vectors_in_the_wrong_order_are_refused(
    folder: Path, command: str, options: tuple[str, ...]
) -> None:
    vectors = ("wiki.es.vec", "wiki.en.vec")
    message = fail(folder, command, "map.safetensors", *vectors, *options)
    assert "in the order of the map, got those of e" in message
    assert not (folder / "x.tsv").exists()


def test_another_limit_is_told_once(folder: Path) -> None:
    done = succeed(folder, "translate", "map.safetensors", *VECTORS, "cat1", "--limit", 200)
    lines = [line for line in done.err.splitlines() if "what the map was fitted on" in line]
    assert [line.split()[0] for line in lines] == list(VECTORS)
    assert all("it has 200, of the same training" in line for line in lines)


# --- options that do nothing, and maps that have failed ---------------------------------------


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("align", "a", "b", "-d", "t", "-o", "m", "--preset", "muse"), "--preset"),
        (("align", "a", "b", "-d", "t", "-o", "m", "--restarts", "2"), "--restarts"),
        (("align", "a", "b", "-d", "t", "-o", "m", "--jobs", "2"), "--jobs"),
        (("align", "a", "b", "-d", "t", "-o", "m", "--checkpoint", "c"), "--checkpoint"),
        (("align", "a", "b", "--identical", "-o", "m", "--calibrate"), "--calibrate"),
        (("translate", "m", "a", "b", "cat", "--nn", "--neighbors", "5"), "--neighbors"),
        (("induce", "m", "a", "b", "-o", "d", "--index", "exact", "--recall", "0.9"), "--recall"),
        (("evaluate", "m", "a", "b", "--similarity", "s", "--oov-policy", "xling"), "--oov-policy"),
    ],
)
def test_an_option_without_effect_is_refused(arguments: tuple[str, ...], option: str) -> None:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 2, done.output
    assert option in done.output


def test_a_wrong_dictionary_makes_no_map_unless_it_is_wanted(folder: Path) -> None:
    words = [f"cat{i} gato{(i + 50) % 100}" for i in range(100)]
    (folder / "wrong.txt").write_text("\n".join(words))
    command = ("align", *VECTORS, "-d", "wrong.txt", "-o", "new", "--refine", "0", "--no-calibrate")
    assert "the alignment failed: P@1 " in fail(folder, *command)
    assert not (folder / "new").exists()
    done = succeed(folder, *command, "--allow-failed", "--json")
    assert done.json["failed"] is True
    assert done.json["validation"]["failed"] is True
    told = succeed(folder, "translate", "new", *VECTORS, "cat1")
    assert told.err.count("this map has failed its check") == 1
    report = succeed(folder, "evaluate", "new", *VECTORS, "-d", "wrong.txt", "--json").json
    assert report["learned"] == 100
    assert report["not_learned"]["csls"]["n"] == 0
