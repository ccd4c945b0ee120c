from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import plant_clusters

from alignx.alignment.align import align
from alignx.errors import OutputError
from alignx.evaluation.word_translation import evaluate
from alignx.experiments import cell as cell_module
from alignx.experiments import vector_copies
from alignx.experiments.grid import Grid
from alignx.experiments.runner import Bench
from alignx.experiments.tables import as_csv, as_json, as_markdown, write_tables
from alignx.lexicon.lexicon import Lexicon
from alignx.mapping import CCA
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load, save

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = Path(sys.executable).with_name("alignx")
WORDS, DIMENSION = 500, 12
FILES = """
vectors = "{language}.vec"
train = "{source}-{target}.train"
test = "{source}-{target}.test"
"""
TWO_PAIRS = FILES + 'pairs = ["en-es", "en-de"]\nmethods = ["procrustes", "cca"]\n'
ONE_PAIR = FILES + 'pairs = ["en-es"]\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three languages, and dictionaries of two pairs."""
    for noise, code in ((0.4, "es"), (0.6, "de")):
        planted = plant_clusters(noise, WORDS, DIMENSION)
        save(Embeddings([f"en{i}" for i in range(WORDS)], planted.source), tmp_path / "en.vec")
        save(
            Embeddings([f"{code}{i}" for i in range(WORDS)], planted.target),
            tmp_path / f"{code}.vec",
        )
        pairs = [(f"en{s}", f"{code}{t}") for s, t in planted.pairs]
        Lexicon(pairs[:300]).save(tmp_path / f"en-{code}.train")
        Lexicon([*pairs[300:], ("unknown", "unknown")]).save(tmp_path / f"en-{code}.test")
    return tmp_path


def bench(folder: Path, text: str) -> Bench:
    path = folder / "bench.toml"
    path.write_text(text, encoding="utf-8")
    return Bench(Grid.load(path), folder / "bench.cells")


def kept_files(folder: Path) -> dict[str, int]:
    """Give when each cell was kept."""
    files = sorted((folder / "bench.cells").glob("*.json"))
    return {path.name.removesuffix(".json"): path.stat().st_mtime_ns for path in files}


def changed(before: dict[str, int], after: dict[str, int]) -> set[str]:
    return {name for name in after if after[name] != before.get(name)}


def direct(folder: Path, pair: str, size: int | None = None, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Align and evaluate without a grid."""
    source, target = (load(folder / f"{code}.vec") for code in pair.split("-"))
    lexicon = Lexicon.load(folder / f"{pair}.train")
    lexicon = Lexicon(lexicon.pairs[:size])  # one translation for each word
    alignment = align(source, target, lexicon=lexicon, calibrate=False, **options)
    test = Lexicon.load(folder / f"{pair}.test")
    return evaluate(alignment.apply(source, target), test).as_dict()


# --- what a cell finds ------------------------------------------------------------------------


def test_figures_are_those_of_align_and_evaluate(folder: Path) -> None:
    text = """
        sizes = [60]
        seeds = [7]
        [options]
        refinement = 1
        [options.cca]
        n_components = 9
    """
    results = bench(folder, TWO_PAIRS + text).run()
    assert len(results) == 4
    for result in results:
        method = CCA(n_components=9) if result["method"] == "cca" else "procrustes"
        expected = direct(folder, result["pair"], result["size"], method=method, refinement=1)
        assert {name: result[name] for name in expected} == expected
        assert result["train_pairs"] == (result["size"] or 300)
        assert result["seconds"] > 0
        assert (result["failed"], result["diagnosis"], result["seed"]) == (None, None, None)
    assert results[0]["csls"]["p@1"] > 0.3
    assert results[0]["coverage"] == 200 / 201


def test_all_translations_of_the_first_words_are_known(folder: Path) -> None:
    (folder / "en-es.train").write_text("en0 es0\nen1 es1\nen0 es2\nen2 es3\nen1 es4\n")
    text = 'methods = ["procrustes"]\nsizes = [1, 2, 99]\n[options]\nrefinement = 0\n'
    results = bench(folder, ONE_PAIR + text).run()
    assert [result["train_pairs"] for result in results] == [2, 4, 5]


def test_limit_policy_and_case_reach_every_file(folder: Path) -> None:
    lines = (folder / "en-es.test").read_text()
    (folder / "en-es.test").write_text(lines.upper() + "no pair at all\n")
    text = 'methods = ["procrustes"]\nlimit = 400\nlowercase = true\non_error = "skip"\n'
    [result] = bench(folder, ONE_PAIR + text + 'oov_policy = "fasttext"\n').run()
    assert result["failed"] is None
    assert result["oov_policy"] == "fasttext"
    assert result["words"] == result["csls"]["n"] == 201
    assert 0.3 < result["coverage"] < 0.5


def test_methods_without_a_dictionary(folder: Path) -> None:
    for code in ("en", "es"):
        rows = load(folder / f"{code}.vec")
        names = [str(i) if i >= WORDS - 40 else word for i, word in enumerate(rows.words)]
        save(Embeddings(names, rows.vectors), folder / f"{code}.vec")
    text = """
        methods = ["self_learning", "alike", "grown"]
        seeds = [1]
        sizes = [30]
        [options]
        refinement = 0
        [options.self_learning]
        allow_failed = true
        [options.alike]
        method = "procrustes"
        start = "numerals"
        allow_failed = true
        [options.grown]
        method = "self_learning"
        start = "dictionary"
        allow_failed = true
    """
    results = bench(folder, ONE_PAIR + text).run()
    assert [(each["method"], each["size"], each["seed"]) for each in results] == [
        ("self_learning", None, 1),
        ("alike", None, None),
        ("grown", 30, 1),
    ]
    assert [each["train_pairs"] for each in results[:2]] == [0, 40]
    assert 0 < results[2]["train_pairs"] <= 30
    assert all(each["failed"] is None for each in results)
    assert {each["method"] for each in results if each["diagnosis"]} == {"self_learning", "grown"}
    assert 0 <= results[0]["diagnosis"]["agreement"] <= 1


def test_processes_find_the_same(folder: Path) -> None:
    work = bench(folder, TWO_PAIRS)
    alone = work.run()
    for path in work.folder.iterdir():
        path.unlink()
    together = work.run(n_jobs=2)
    assert without_time(together) == without_time(alone)


def without_time(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in each.items() if k != "seconds"} for each in results]


# --- nothing twice ----------------------------------------------------------------------------


def test_a_second_run_computes_nothing(folder: Path) -> None:
    told: list[dict[str, Any]] = []
    fractions: list[float] = []
    first = bench(folder, TWO_PAIRS).run(log=told.append, progress=fractions.append)
    assert told == first
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    before = kept_files(folder)
    assert set(before) == {"en-es.procrustes", "en-es.cca", "en-de.procrustes", "en-de.cca"}
    again = bench(folder, TWO_PAIRS).run(log=told.append)
    assert again == first
    assert len(told) == 4
    assert kept_files(folder) == before


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text()))


@pytest.mark.parametrize(
    ("name", "rerun"),
    [
        ("en-de.train", {"en-de.procrustes", "en-de.cca"}),
        ("en-es.test", {"en-es.procrustes", "en-es.cca"}),
        ("es.vec", {"en-es.procrustes", "en-es.cca"}),
        ("en.vec", {"en-es.procrustes", "en-es.cca", "en-de.procrustes", "en-de.cca"}),
        ("bench.cells/en-es.cca.json", {"en-es.cca"}),
    ],
)
def test_what_depends_on_a_changed_file_runs_again(
    folder: Path, name: str, rerun: set[str]
) -> None:
    first = bench(folder, TWO_PAIRS).run()
    before = kept_files(folder)
    lines = (folder / name).read_text().splitlines(keepends=True)
    (folder / name).write_text("".join(lines[:-1]) if "vec" not in name else "".join(lines))
    again = bench(folder, TWO_PAIRS).run()
    assert changed(before, kept_files(folder)) == rerun
    if name.endswith("test"):
        assert again[0]["words"] == first[0]["words"] - 1


def test_what_depends_on_a_changed_option_runs_again(folder: Path) -> None:
    bench(folder, TWO_PAIRS).run()
    before = kept_files(folder)
    bench(folder, TWO_PAIRS + "[options.cca]\nrefinement = 0\n").run()
    assert changed(before, kept_files(folder)) == {"en-es.cca", "en-de.cca"}


def test_a_grid_that_grows_runs_only_what_is_new(folder: Path) -> None:
    bench(folder, ONE_PAIR + 'methods = ["cca"]\n').run()
    before = kept_files(folder)
    results = bench(folder, TWO_PAIRS).run()
    assert changed(before, kept_files(folder)) == {
        "en-es.procrustes", "en-de.procrustes", "en-de.cca"
    }  # fmt: skip
    assert [each["method"] for each in results] == ["procrustes", "cca"] * 2


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", "null", '{"settings": 1}', '{"settings": {}, "result": []}', "\xff"]
)
def test_a_damaged_result_is_found_again(folder: Path, damage: str) -> None:
    work = bench(folder, ONE_PAIR + 'methods = ["procrustes"]\n')
    [expected] = work.run()
    path = folder / "bench.cells" / "en-es.procrustes.json"
    path.write_bytes(damage.encode("latin-1"))
    [found] = work.run()
    assert without_time([found]) == without_time([expected])
    kept = json.loads(path.read_text())
    del kept["result"]["csls"]
    path.write_text(json.dumps(kept))
    assert work.kept() == {}


def test_copies_of_vectors_go_when_all_is_done(folder: Path) -> None:
    test = (folder / "en-de.test").read_text()
    (folder / "en-de.test").write_text("neither nor\n")
    work = bench(folder, TWO_PAIRS)
    found = work.run()
    assert [each["failed"] is None for each in found] == [True, True, False, False]
    copies = sorted(work.folder.glob("*.safetensors"))
    assert {load(copy).language for copy in copies} == {"en", "es", "de"}
    (folder / "en-de.test").write_text(test)
    again = bench(folder, TWO_PAIRS).run()
    assert again[:2] == found[:2]
    assert all(each["failed"] is None for each in again)
    assert not list(work.folder.glob("*.safetensors"))


def test_a_copy_that_cannot_be_made_is_done_without(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OutputError("bench.cells", "no space is left on the device")

    monkeypatch.setattr(vector_copies, "save", full)
    results = bench(folder, TWO_PAIRS).run()
    assert all(each["failed"] is None for each in results)


# --- failures ---------------------------------------------------------------------------------


def test_what_fails_says_why_and_stops_nothing(folder: Path) -> None:
    (folder / "en-es.train").write_text("neither nor\n")
    (folder / "de.vec").write_text((folder / "de.vec").read_text()[:-30] + "\n")
    text = """
        methods = ["cca", "wide", "alike"]
        [options.wide]
        method = "cca"
        n_components = 99
        [options.alike]
        method = "procrustes"
        start = "identical"
    """
    (folder / "en-en.train").write_text("en1 en1\nen2 en2\nen3 en3\n")
    (folder / "en-en.test").write_text("en1 en1\n")
    pairs = 'pairs = ["en-es", "en-de", "en-en"]\n'
    results = bench(folder, FILES + pairs + text).run()
    failed = {f"{each['pair']} {each['method']}": each["failed"] for each in results}
    assert "en-es.train: at least one pair must have both words" in failed["en-es cca"]
    assert "identical words: at least one pair" in failed["en-es alike"]
    assert all("de.vec:501: " in failed[f"en-de {name}"] for name in ("cca", "wide", "alike"))
    assert "n_components must lie in [1, 12], got 99" in failed["en-en wide"]
    assert failed["en-en alike"] is None
    assert "\n" not in "".join(filter(None, failed.values()))
    assert all(each["traceback"] for each in results if each["failed"])
    standing = bench(folder, FILES + pairs + text).kept()
    assert sorted(standing) == [i for i, each in enumerate(results) if each["failed"] is None]


@pytest.mark.parametrize("error", [KeyError("x"), MemoryError(), RecursionError("too deep")])
def test_whatever_is_raised_fails_only_its_cell(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        if options["method"] == "cca":
            raise error
        return align(*args, **options)

    monkeypatch.setattr(cell_module, "align", refuse)
    results = bench(folder, ONE_PAIR + 'methods = ["cca", "procrustes"]\n').run()
    assert results[0]["failed"] == (str(error) or "MemoryError")
    assert results[1]["failed"] is None
    monkeypatch.undo()
    before = kept_files(folder)
    results = bench(folder, ONE_PAIR + 'methods = ["cca", "procrustes"]\n').run()
    assert [each["failed"] for each in results] == [None, None]
    assert changed(before, kept_files(folder)) == {"en-es.cca"}


def test_an_alignment_that_failed_is_a_failure(folder: Path) -> None:
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((WORDS, DIMENSION)).astype(np.float32)
    save(Embeddings([f"es{i}" for i in range(WORDS)], rows), folder / "es.vec")
    [result] = bench(folder, ONE_PAIR + 'methods = ["self_learning"]\nlimit = 100\n').run()
    assert result["failed"].startswith("the alignment failed: agreement of runs 0.")


def test_an_interrupt_keeps_what_is_finished(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        if options["method"] == "cca":
            raise KeyboardInterrupt
        return align(*args, **options)

    monkeypatch.setattr(cell_module, "align", interrupt)
    with pytest.raises(KeyboardInterrupt):
        bench(folder, TWO_PAIRS).run()
    assert set(kept_files(folder)) == {"en-es.procrustes"}
    before = kept_files(folder)
    monkeypatch.undo()
    bench(folder, TWO_PAIRS).run()
    assert changed(before, kept_files(folder)) == set(kept_files(folder)) - {"en-es.procrustes"}


# --- tables -----------------------------------------------------------------------------------


def accuracy(precision: float, n: int = 200) -> dict[str, Any]:
    low, high = precision - 0.05, precision + 0.05
    figures = {"p@5": 0.75, "p@10": 0.8, "mrr": 0.625, "p@1_interval": [low, high]}
    return {"n": n, "p@1": precision, **figures}


def result_of(
    pair: str,
    method: str,
    precision: float | None,
    *,
    size: int | None = None,
    seed: int | None = None,
) -> dict[str, Any]:
    facts: dict[str, Any] = {"pair": pair, "method": method, "size": size, "seed": seed}
    if precision is None:
        return {**facts, "failed": "it did not work", "traceback": "Traceback ..."}
    figures = {"nn": accuracy(precision - 0.1), "csls": accuracy(precision)}
    counts = {"train_pairs": 300, "pairs": 250, "words": 201, "coverage": 0.995, "seconds": 1.25}
    return {**facts, "failed": None, **figures, **counts, "oov_policy": "muse"}


RESULTS = [
    result_of("en-es", "cca", 0.5, size=1_000),
    result_of("en-es", "cca", 0.6),
    result_of("en-es", "auto", 0.5, seed=0),
    result_of("en-es", "auto", 0.6, seed=1),
    result_of("en-es", "auto", None, seed=2),
    result_of("en-de", "cca", 0.3, size=1_000),
    result_of("en-de", "cca", None),
    *(result_of("en-de", "auto", None, seed=seed) for seed in range(3)),
]


@pytest.fixture
def grid(folder: Path) -> Grid:
    return bench(folder, TWO_PAIRS).grid


def test_markdown_has_means_intervals_ranges_and_failures(grid: Grid) -> None:
    assert (
        as_markdown(grid, RESULTS)
        == """\
P@1 in percent by CSLS, 95 % interval in brackets; of several seeds the mean (lowest to highest); \
out-of-vocabulary policy: muse.

| method | en-es | en-de | mean | fit |
| --- | --: | --: | --: | --: |
| cca, 1,000 words | 50.0 [45.0, 55.0] | 30.0 [25.0, 35.0] | 40.0 | 1.2 s |
| cca | 60.0 [55.0, 65.0] | failed | 60.0 (1 of 2) | 1.2 s |
| auto | 55.0 (50.0 to 60.0), 1 of 3 failed | failed | 55.0 (1 of 2) | 1.2 s |
| test words, coverage | 200, 99.5% | 200, 99.5% |  |  |

Failed:

- en-es, auto, seed 2: it did not work
- en-de, cca: it did not work
- en-de, auto, seed 0: it did not work
- en-de, auto, seed 1: it did not work
- en-de, auto, seed 2: it did not work
"""
    )


def test_many_pairs_go_down_the_side(grid: Grid) -> None:
    pairs = [f"en-x{i}" for i in range(7)]
    text = as_markdown(grid, [result_of(pair, "cca", 0.5) for pair in pairs])
    lines = text.splitlines()[2:]
    assert lines[:3] == [
        "| pair | cca | test words, coverage |",
        "| --- | --: | --: |",
        "| en-x0 | 50.0 [45.0, 55.0] | 200, 99.5% |",
    ]
    assert lines[-2:] == ["| mean | 50.0 |  |", "| fit | 1.2 s |  |"]


def test_xling_gets_the_figure_that_it_publishes(folder: Path) -> None:
    work = bench(folder, TWO_PAIRS + 'oov_policy = "xling"\n')
    results = work.run()
    text = as_markdown(work.grid, results)
    first, second = text.split("MRR by nearest neighbors, in percent.")
    assert "P@1 in percent by CSLS" in first
    assert f"| procrustes | {100 * results[0]['nn']['mrr']:.1f} | " in second
    assert "| test pairs, coverage | 200, 99.5% | 200, 99.5% |  |  |" in text


def test_csv_has_a_line_for_each_cell(folder: Path) -> None:
    results = [*bench(folder, TWO_PAIRS).run(), RESULTS[-1]]
    text = as_csv(results)
    lines = list(csv.DictReader(io.StringIO(text)))
    assert "\r" not in text
    assert len(lines) == len(results)
    for line, result in zip(lines[:-1], results, strict=False):
        assert (line["pair"], line["method"]) == (result["pair"], result["method"])
        for name in ("csls", "nn"):
            for figure in ("p@1", "p@5", "p@10", "mrr"):
                assert float(line[f"{name}_{figure}"]) == result[name][figure]
            bounds = [float(line[f"{name}_p@1_{end}"]) for end in ("low", "high")]
            assert bounds == result[name]["p@1_interval"]
        assert int(line["n"]) == result["csls"]["n"]
        assert float(line["coverage"]) == result["coverage"]
        assert (line["size"], line["seed"], line["failed"]) == ("", "", "")
    assert lines[-1]["failed"] == "it did not work"
    assert lines[-1]["csls_p@1"] == lines[-1]["coverage"] == ""
    assert lines[-1]["seed"] == "2"


def test_json_has_the_settings_and_all_cells(grid: Grid) -> None:
    found = as_json(grid, RESULTS)
    assert found["config"] == "bench.toml"
    assert found["oov_policy"] == "muse"
    assert found["methods"]["cca"]["algorithm"] == "cca"
    assert len(found["cells"]) == len(RESULTS)
    assert "traceback" not in found["cells"][4]
    assert found["cells"][0]["csls"]["p@1"] == 0.5
    json.dumps(found, allow_nan=False)


def test_all_tables_are_written(grid: Grid, tmp_path: Path) -> None:
    write_tables(tmp_path / "v1.2", grid, RESULTS)
    assert (tmp_path / "v1.2.md").read_text() == as_markdown(grid, RESULTS)
    assert (tmp_path / "v1.2.csv").read_text() == as_csv(RESULTS)
    assert json.loads((tmp_path / "v1.2.json").read_text()) == as_json(grid, RESULTS)


# --- the command ------------------------------------------------------------------------------


ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("FORCE_COLOR", "TTY_COMPATIBLE")}
ENVIRONMENT |= {"OPENBLAS_NUM_THREADS": "1", "COLUMNS": "100", "NO_COLOR": "1"}


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPT), "bench", *map(str, arguments)],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_writes_tables_and_a_second_one_only_reads(folder: Path) -> None:
    (folder / "bench.toml").write_text(TWO_PAIRS)
    assert run(folder, "bench.toml", "--dry-run").stdout.splitlines() == [
        f"to do\t{pair}.{method}" for pair in ("en-es", "en-de") for method in ("procrustes", "cca")
    ]
    assert not (folder / "bench.cells").exists()
    first = run(folder, "bench.toml", "--threads", 1)
    assert first.returncode == 0, first.stderr
    assert first.stdout == (folder / "bench.md").read_text()
    assert "| procrustes | " in first.stdout
    assert first.stderr.startswith("4 cells: 0 kept, 4 run in ")
    assert first.stderr.endswith("bench.md, bench.json, bench.csv: written\n")
    again = run(folder, "bench.toml", "--json", "--quiet", "-o", "bench.csv")
    assert (again.returncode, again.stderr) == (0, "")
    assert json.loads(again.stdout) == json.loads((folder / "bench.json").read_text())
    done = json.loads(run(folder, "bench.toml", "--dry-run", "--json").stdout)
    assert [each["done"] for each in done["cells"]] == [True] * 4


def test_the_command_ends_with_1_if_a_cell_failed(folder: Path) -> None:
    (folder / "en-de.train").write_text("neither nor\n")
    (folder / "bench.toml").write_text(TWO_PAIRS)
    done = run(folder, "bench.toml", "--jobs", 2, "-o", "other/table")
    assert done.returncode == 1
    assert "other/table.md: the directory does not exist" in done.stderr
    assert not (folder / "bench.cells").exists()
    done = run(folder, "bench.toml", "--jobs", 2, "-o", "table")
    assert done.returncode == 1
    assert "en-de, cca: failed: en-de.train: at least one pair" in done.stderr.replace(
        f"{folder}/", ""
    )
    assert "4 cells: 0 kept, 4 run" in done.stderr
    assert "2 failed" in done.stderr
    assert "Failed:\n\n- en-de, procrustes: " in done.stdout
    assert (folder / "table.cells" / "en-es.cca.json").exists()


def test_nothing_is_written_for_a_wrong_file(folder: Path) -> None:
    (folder / "bench.toml").write_text(TWO_PAIRS + "x = 1")
    before = set(folder.iterdir())
    done = run(folder, "bench.toml")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("alignx: error: bench.toml: ")
    assert done.stderr.count("\n") == 1
    assert set(folder.iterdir()) == before


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_keeps_finished_cells(folder: Path, jobs: int) -> None:
    slow = '[options.slow]\nmethod = "cca"\nrefinement = 1_000_000\n'
    (folder / "bench.toml").write_text(ONE_PAIR + f'methods = ["cca", "slow"]\n{slow}')
    with subprocess.Popen(
        [str(SCRIPT), "bench", "bench.toml", "--jobs", str(jobs)],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A shell in the background lets its children ignore interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        deadline = time.monotonic() + 60
        while not (folder / "bench.cells" / "en-es.cca.json").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)
    assert process.returncode != 0
    assert told.startswith(
        b"interrupted: 1 of 2 cells are in bench.cells; the same command goes on"
    )
    work = Bench(Grid.load(folder / "bench.toml"), folder / "bench.cells")
    assert list(work.kept()) == [0]
    assert not list(folder.rglob(".alignx-*"))
    assert not (folder / "bench.md").exists()
