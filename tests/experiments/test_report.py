from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from grids import TWO_PAIRS, runner, write_languages

from alignx.experiments.report import GridReport

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.experiments.grid import Grid


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_languages(tmp_path)


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
    ranks = [1] * round(200 * precision) + [2] * round(200 * (1 - precision))
    questions = {"ranks": ranks, "known": []}
    return {
        **facts, "failed": None, **figures, **counts, "oov_policy": "muse", "questions": questions
    }  # fmt: skip


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
    return runner(folder, TWO_PAIRS.replace("procrustes", "auto")).grid


def test_markdown_has_means_intervals_ranges_and_failures(grid: Grid) -> None:
    assert (
        str(GridReport(grid, RESULTS))
        == """\
P@1 in percent by CSLS, 95 % interval in brackets; of several seeds the mean (lowest to highest); \
out-of-vocabulary policy: muse.

| method | en-es | en-de | mean | fit |
| --- | --: | --: | --: | --: |
| cca, 1,000 words | 50.0 [45.0, 55.0] | 30.0 [25.0, 35.0] | 40.0 | 1.2 s |
| cca | 60.0 [55.0, 65.0] | failed | 60.0 (1 of 2) | 1.2 s |
| auto | 55.0 (50.0 to 60.0), 1 of 3 failed | failed | 55.0 (1 of 2) | 1.2 s |
| test words, coverage | 200, 99.5% | 200, 99.5% |  |  |

Difference of P@1 to auto in points, on the same questions, with its 95 % interval by the paired \
bootstrap over questions (10,000 resamples). *: p < 0.05, two-sided, adjusted for the methods of a \
pair (Holm).

| method | en-es |
| --- | --: |
| cca, 1,000 words | -5.0 [-7.2, -3.0] * |
| cca | +5.0 [+3.0, +7.3] * |
| questions | 200 |

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
    text = str(GridReport(grid, [result_of(pair, "cca", 0.5) for pair in pairs]))
    lines = text.splitlines()[2:]
    assert lines[:3] == [
        "| pair | cca | test words, coverage |",
        "| --- | --: | --: |",
        "| en-x0 | 50.0 [45.0, 55.0] | 200, 99.5% |",
    ]
    assert lines[-2:] == ["| mean | 50.0 |  |", "| fit | 1.2 s |  |"]


@pytest.mark.slow
def test_xling_gets_the_figure_that_it_publishes(folder: Path) -> None:
    work = runner(folder, TWO_PAIRS + 'oov_policy = "xling"\n')
    results = work.run()
    text = str(GridReport(work.grid, results))
    first, second = text.split("MRR by nearest neighbors, in percent.")
    assert "P@1 in percent by CSLS" in first
    assert f"| procrustes | {100 * results[0]['nn']['mrr']:.1f} | " in second
    assert "| test pairs, coverage | 200, 99.5% | 200, 99.5% |  |  |" in text


@pytest.mark.slow
def test_csv_has_a_line_for_each_cell(folder: Path) -> None:
    work = runner(folder, TWO_PAIRS)
    results = [*work.run(), RESULTS[-1]]
    report = GridReport(work.grid, results)
    text = report.as_csv()
    frame = report.to_frame()
    assert list(frame.columns) == text.split("\n")[0].split(",")
    assert len(frame) == 5
    assert "<table" in report._repr_html_()
    assert repr(report) == "GridReport(bench.toml, 5 cells)"
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
    found = GridReport(grid, RESULTS).as_dict()
    assert found["config"] == "bench.toml"
    assert found["oov_policy"] == "muse"
    assert found["methods"]["cca"]["algorithm"] == "cca"
    assert len(found["cells"]) == len(RESULTS)
    assert not {"traceback", "questions"} & {key for cell in found["cells"] for key in cell}
    assert found["cells"][0]["csls"]["p@1"] == 0.5
    json.dumps(found, allow_nan=False)


def test_latex_has_the_same_tables_and_only_clear_winners_in_bold(grid: Grid) -> None:
    text = GridReport(grid, RESULTS).as_latex()
    assert text.count(r"\toprule") == text.count(r"\end{table}") == 2
    assert r"cca & \textbf{60.0 [55.0, 65.0]} & failed" in text
    assert text.count("textbf") == 1
    assert r"cca, 1,000 words & $-$5.0 [$-$7.2, $-$3.0] * \\" in text
    alike = [result_of("en-es", name, 0.5) for name in ("auto", "cca")]
    assert "textbf" not in GridReport(grid, alike).as_latex()


def test_sizes_are_compared_with_the_baseline_of_the_same_size(grid: Grid) -> None:
    results = [
        result_of(pair, method, 0.5 + 0.1 * (method == "cca"), size=size)
        for pair in ("en-es", "en-de")
        for method, sizes in (("auto", (50, None)), ("cca", (50, None)), ("alone", (None,)))
        for size in sizes
    ]
    few, every = GridReport(grid, results).as_dict()["comparisons"]
    assert (few["baseline"], every["baseline"]) == ("auto, 50 words", "auto")
    assert list(few["differences"]) == ["en-es", "en-de", "mean"]
    assert list(every["differences"]["mean"]) == ["cca", "alone"]
    assert every["differences"]["mean"]["cca"]["value"] == pytest.approx(0.1)
    assert every["best"] == {"en-es": "cca", "en-de": "cca", "mean": "cca"}
    # Two pairs tell more than one.
    widths = [
        high - low
        for low, high in (each["cca"]["interval"] for each in every["differences"].values())
    ]
    assert widths[2] == pytest.approx(widths[0] / 2**0.5, rel=0.1)


def test_questions_with_a_training_pair_are_left_out(grid: Grid) -> None:
    first, second = (result_of("en-es", name, 0.5) for name in ("auto", "cca"))
    first["questions"]["known"], second["questions"]["known"] = [0, 1], [1, 150]
    [found] = GridReport(grid, [first, second]).as_dict()["comparisons"]
    assert found["n"] == {"en-es": 197}
    first["questions"]["known"] = list(range(200))
    assert GridReport(grid, [first, second]).as_dict()["comparisons"] == []


def test_all_tables_are_written(grid: Grid, tmp_path: Path) -> None:
    report = GridReport(grid, RESULTS)
    report.save(tmp_path / "v1.2")
    assert (tmp_path / "v1.2.tex").read_text() == report.as_latex()
    assert "<svg" in (tmp_path / "v1.2.svg").read_text()
    assert (tmp_path / "v1.2.md").read_text() == str(report)
    assert (tmp_path / "v1.2.csv").read_text() == report.as_csv()
    assert json.loads((tmp_path / "v1.2.json").read_text()) == report.as_dict()


def test_validation_and_known_questions_are_listed(grid: Grid) -> None:
    weak, kept, known = (result_of("en-es", name, 0.5) for name in ("weak", "kept", "known"))
    weak["validation"] = {"failed": False, "weak": True}
    kept["validation"] = {"failed": True, "weak": False}
    known |= {"known": 20, "new": {"csls": accuracy(0.25, 180)}}
    text = str(GridReport(grid, [weak, kept, known]))
    assert "Maps that failed validation, kept by allow_failed:\n\n- en-es, kept\n" in text
    assert "held out from the dictionary:\n\n- en-es, weak\n" in text
    assert text.endswith("20 of 200 questions; P@1 without them 25.0 [20.0, 30.0] of 180\n")
