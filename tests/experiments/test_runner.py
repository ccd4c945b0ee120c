from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from grids import DIMENSION, FILES, ONE_PAIR, TWO_PAIRS, WORDS, runner, write_languages

from alignx.alignment.align import align
from alignx.errors import OutputError
from alignx.evaluation.word_translation import evaluate
from alignx.experiments import cell as cell_module
from alignx.experiments import runner as runner_module
from alignx.lexicon.lexicon import Lexicon
from alignx.mapping import CCA
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from pathlib import Path

ALL = {"en-es.procrustes", "en-es.cca", "en-de.procrustes", "en-de.cca"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_languages(tmp_path)


def kept_files(folder: Path) -> dict[str, int]:
    """Times of writing of the kept cells."""
    files = sorted((folder / "bench.cells").glob("*.json"))
    return {path.name.removesuffix(".json"): path.stat().st_mtime_ns for path in files}


def changed(before: dict[str, int], after: dict[str, int]) -> set[str]:
    return {name for name in after if after[name] != before.get(name)}


def without_time(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in each.items() if k != "seconds"} for each in results]


# --- figures of a cell ------------------------------------------------------------------------


def direct(folder: Path, pair: str, size: int | None = None, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Align and evaluate without a grid."""
    source, target = (load(folder / f"{code}.vec") for code in pair.split("-"))
    lexicon = Lexicon.load(folder / f"{pair}.train")
    lexicon = Lexicon(lexicon.pairs[:size])  # one translation for each word
    alignment = align(source, target, lexicon=lexicon, ranker=False, **options)
    test = Lexicon.load(folder / f"{pair}.test")
    return evaluate(alignment.apply(source, target), test).as_dict()


@pytest.mark.slow
def test_figures_are_those_of_align_and_evaluate(folder: Path) -> None:
    text = """
        sizes = [60]
        seeds = [7]
        [options]
        refinement = 1
        [options.cca]
        n_components = 9
    """
    results = runner(folder, TWO_PAIRS + text).run()
    assert len(results) == 4
    for result in results:
        method = CCA(n_components=9) if result["method"] == "cca" else "procrustes"
        expected = direct(folder, result["pair"], result["size"], method=method, refinement=1)
        assert {name: result[name] for name in expected} == expected
        ranks = np.array(result["questions"]["ranks"])
        assert (len(ranks), (ranks == 1).mean()) == (expected["csls"]["n"], expected["csls"]["p@1"])
        assert result["questions"]["known"] == []
        assert result["train_pairs"] == (result["size"] or 300)
        assert result["seconds"] > 0
        assert (result["failed"], result["diagnosis"], result["seed"]) == (None, None, None)
    assert results[0]["csls"]["p@1"] > 0.3
    assert results[0]["coverage"] == 200 / 201


def test_all_translations_of_the_first_words_are_known(folder: Path) -> None:
    (folder / "en-es.train").write_text("en0 es0\nen1 es1\nen0 es2\nen2 es3\nen1 es4\n")
    text = 'methods = ["procrustes"]\nsizes = [1, 2, 99]\n[options]\nrefinement = 0\n'
    results = runner(folder, ONE_PAIR + text).run()
    assert [result["train_pairs"] for result in results] == [2, 4, 5]


def test_the_protocol_reaches_every_file(folder: Path) -> None:
    lines = (folder / "en-es.test").read_text()
    (folder / "en-es.test").write_text(lines.upper() + "no pair at all\n")
    text = 'methods = ["procrustes"]\nlimit = 400\ncasing = "lower"\non_error = "skip"\n'
    [result] = runner(folder, ONE_PAIR + text + 'oov_policy = "fasttext"\n').run()
    assert result["failed"] is None
    assert result["oov_policy"] == "fasttext"
    assert result["words"] == result["csls"]["n"] == 201
    assert 0.3 < result["coverage"] < 0.5


@pytest.mark.slow
def test_other_seed_dictionaries(folder: Path) -> None:
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
        max_rounds = 30
        [options.alike]
        method = "procrustes"
        seed_dictionary = "numerals"
        allow_failed = true
        [options.grown]
        method = "self_learning"
        seed_dictionary = "train"
        allow_failed = true
    """
    results = runner(folder, ONE_PAIR + text).run()
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


@pytest.mark.slow
def test_processes_find_the_same(folder: Path) -> None:
    work = runner(folder, TWO_PAIRS)
    alone = work.run()
    for path in work.folder.iterdir():
        path.unlink()
    assert without_time(work.run(n_jobs=2)) == without_time(alone)


# --- kept results -----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_second_run_computes_nothing(folder: Path) -> None:
    told: list[dict[str, Any]] = []
    fractions: list[float] = []
    first = runner(folder, TWO_PAIRS).run(log=told.append, progress=fractions.append)
    assert told == first
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    before = kept_files(folder)
    assert set(before) == ALL
    again = runner(folder, TWO_PAIRS).run(log=told.append)
    assert again == first
    assert len(told) == 4
    assert kept_files(folder) == before


@pytest.mark.slow
def test_cells_of_a_changed_file_run_again(folder: Path) -> None:
    results = runner(folder, TWO_PAIRS).run()
    for name, rerun in (
        ("en-de.train", {"en-de.procrustes", "en-de.cca"}),
        ("en-es.test", {"en-es.procrustes", "en-es.cca"}),
        ("es.vec", {"en-es.procrustes", "en-es.cca"}),
        ("en.vec", ALL),
        ("bench.cells/en-es.cca.json", {"en-es.cca"}),
    ):
        before = kept_files(folder)
        lines = (folder / name).read_text().splitlines(keepends=True)
        (folder / name).write_text("".join(lines[:-1]) if "vec" not in name else "".join(lines))
        again = runner(folder, TWO_PAIRS).run()
        assert changed(before, kept_files(folder)) == rerun
    assert again[0]["words"] == results[0]["words"] - 1


@pytest.mark.slow
def test_only_new_cells_and_those_of_changed_options_run(folder: Path) -> None:
    runner(folder, ONE_PAIR + 'methods = ["cca"]\n').run()
    before = kept_files(folder)
    results = runner(folder, TWO_PAIRS).run()
    assert changed(before, kept_files(folder)) == ALL - {"en-es.cca"}
    assert [each["method"] for each in results] == ["procrustes", "cca"] * 2
    before = kept_files(folder)
    runner(folder, TWO_PAIRS + "[options.cca]\nrefinement = 0\n").run()
    assert changed(before, kept_files(folder)) == {"en-es.cca", "en-de.cca"}


@pytest.mark.slow
def test_a_damaged_result_is_computed_again(folder: Path) -> None:
    work = runner(folder, ONE_PAIR + 'methods = ["procrustes"]\n')
    [expected] = work.run()
    path = folder / "bench.cells" / "en-es.procrustes.json"
    damages = ("", "{", "[]", "null", '{"settings": 1}', '{"settings": {}, "result": []}', "\xff")
    for damage in damages:
        path.write_bytes(damage.encode("latin-1"))
        assert work.kept() == {}
    [found] = work.run()
    assert without_time([found]) == without_time([expected])
    kept = json.loads(path.read_text())
    for figure in ("csls", "questions"):
        without = {k: v for k, v in kept["result"].items() if k != figure}
        path.write_text(json.dumps({**kept, "result": without}))
        assert work.kept() == {}


@pytest.mark.slow
def test_copies_of_vectors_are_removed_after_success(folder: Path) -> None:
    test = (folder / "en-de.test").read_text()
    (folder / "en-de.test").write_text("neither nor\n")
    work = runner(folder, TWO_PAIRS)
    found = work.run()
    assert [each["failed"] is None for each in found] == [True, True, False, False]
    copies = sorted(work.folder.glob("*.safetensors"))
    assert {load(copy).language for copy in copies} == {"en", "es", "de"}
    (folder / "en-de.test").write_text(test)
    again = runner(folder, TWO_PAIRS).run()
    assert again[:2] == found[:2]
    assert all(each["failed"] is None for each in again)
    assert not list(work.folder.glob("*.safetensors"))


@pytest.mark.slow
def test_cells_run_without_a_copy_if_it_fails(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OutputError("bench.cells", "no space is left on the device")

    monkeypatch.setattr(runner_module, "save", full)
    results = runner(folder, TWO_PAIRS).run()
    assert all(each["failed"] is None for each in results)


# --- failures ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_failed_cell_has_a_reason_and_stops_no_other(folder: Path) -> None:
    (folder / "en-es.train").write_text("neither nor\n")
    (folder / "de.vec").write_text((folder / "de.vec").read_text()[:-30] + "\n")
    text = """
        methods = ["cca", "wide", "alike"]
        [options.wide]
        method = "cca"
        n_components = 99
        [options.alike]
        method = "procrustes"
        seed_dictionary = "identical"
    """
    (folder / "en-en.train").write_text("en1 en1\nen2 en2\nen3 en3\n")
    (folder / "en-en.test").write_text("en1 en1\n")
    pairs = 'pairs = ["en-es", "en-de", "en-en"]\n'
    results = runner(folder, FILES + pairs + text).run()
    failed = {f"{each['pair']} {each['method']}": each["failed"] for each in results}
    assert "en-es.train: at least one pair" in failed["en-es cca"]
    assert "identical words: at least one pair" in failed["en-es alike"]
    assert all("de.vec:501: " in failed[f"en-de {name}"] for name in ("cca", "wide", "alike"))
    assert "n_components must lie in [1, 12], got 99" in failed["en-en wide"]
    assert failed["en-en alike"] is None
    assert "\n" not in "".join(filter(None, failed.values()))
    assert all(each["traceback"] for each in results if each["failed"])
    kept = runner(folder, FILES + pairs + text).kept()
    assert sorted(kept) == [i for i, each in enumerate(results) if each["failed"] is None]


def fail_for_cca(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def refuse(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        if isinstance(options["method"], CCA):
            raise error
        return align(*args, **options)

    monkeypatch.setattr(cell_module, "align", refuse)


@pytest.mark.slow
@pytest.mark.parametrize("error", [KeyError("x"), MemoryError(), RecursionError("too deep")])
def test_any_exception_fails_only_its_cell(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    fail_for_cca(monkeypatch, error)
    results = runner(folder, ONE_PAIR + 'methods = ["cca", "procrustes"]\n').run()
    assert results[0]["failed"] == (str(error) or "MemoryError")
    assert results[1]["failed"] is None
    monkeypatch.undo()
    before = kept_files(folder)
    results = runner(folder, ONE_PAIR + 'methods = ["cca", "procrustes"]\n').run()
    assert [each["failed"] for each in results] == [None, None]
    assert changed(before, kept_files(folder)) == {"en-es.cca"}


@pytest.mark.slow
def test_a_failed_alignment_is_a_failure(folder: Path) -> None:
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((WORDS, DIMENSION)).astype(np.float32)
    save(Embeddings([f"es{i}" for i in range(WORDS)], rows), folder / "es.vec")
    text = 'methods = ["self_learning"]\nlimit = 100\n[options.self_learning]\nmax_rounds = 20\n'
    [result] = runner(folder, ONE_PAIR + text).run()
    assert result["failed"].startswith("the alignment failed: agreement of runs 0.")


@pytest.mark.slow
def test_an_interrupt_keeps_finished_cells(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_for_cca(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        runner(folder, TWO_PAIRS).run()
    assert set(kept_files(folder)) == {"en-es.procrustes"}
    before = kept_files(folder)
    monkeypatch.undo()
    runner(folder, TWO_PAIRS).run()
    assert changed(before, kept_files(folder)) == ALL - {"en-es.procrustes"}
