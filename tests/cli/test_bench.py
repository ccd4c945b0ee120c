from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest
from command_line import fail, run, started
from grids import ONE_PAIR, TWO_PAIRS, runner, write_languages


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three languages and dictionaries of two pairs, as the current folder."""
    monkeypatch.chdir(tmp_path)
    return write_languages(tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_tables_are_written_and_a_second_run_only_reads() -> None:
    Path("bench.toml").write_text(TWO_PAIRS)
    assert run("bench", "bench.toml", "--dry-run").out.splitlines() == [
        f"to do\t{pair}.{method}" for pair in ("en-es", "en-de") for method in ("procrustes", "cca")
    ]
    assert not Path("bench.cells").exists()
    first = run("bench", "bench.toml", "--threads", 1)
    assert first.code == 0, first.err
    assert first.out == Path("bench.md").read_text()
    assert "| procrustes | " in first.out
    assert first.err.startswith("4 cells: 0 kept, 4 run in ")
    assert first.err.endswith("bench.md, bench.json, bench.csv, bench.tex, bench.svg: written\n")
    again = run("bench", "bench.toml", "--json", "--quiet", "-o", "bench.csv")
    assert (again.code, again.err) == (0, "")
    assert again.json == json.loads(Path("bench.json").read_text())
    cells = run("bench", "bench.toml", "--dry-run", "--json").json["cells"]
    assert [each["done"] for each in cells] == [True] * 4


@pytest.mark.slow
def test_a_failed_cell_gives_exit_code_1(folder: Path) -> None:
    Path("en-de.train").write_text("neither nor\n")
    Path("bench.toml").write_text(TWO_PAIRS)
    assert "other/table.md: " in fail("bench", "bench.toml", "--jobs", 2, "-o", "other/table")
    assert not Path("bench.cells").exists()
    done = run("bench", "bench.toml", "--jobs", 2, "-o", "table")
    assert done.code == 1
    errors = done.err.replace(f"{folder}/", "")
    assert "en-de, cca: failed: en-de.train: at least one pair" in errors
    assert "4 cells: 0 kept, 4 run" in errors
    assert "2 failed" in errors
    assert "Failed:\n\n- en-de, procrustes: " in done.out
    assert Path("table.cells/en-es.cca.json").exists()


def test_a_wrong_file_changes_nothing(folder: Path) -> None:
    Path("bench.toml").write_text(TWO_PAIRS + "x = 1")
    before = set(folder.iterdir())
    assert fail("bench", "bench.toml").startswith("bench.toml: unknown key 'x'")
    assert set(folder.iterdir()) == before


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_keeps_finished_cells(folder: Path, jobs: int) -> None:
    text = 'methods = ["cca", "slow"]\n[options.slow]\nmethod = "cca"\nrefinement = 1_000_000\n'
    Path("bench.toml").write_text(ONE_PAIR + text)
    with started("bench", "bench.toml", "--jobs", jobs) as process:
        deadline = time.monotonic() + 60
        while not Path("bench.cells/en-es.cca.json").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "interrupted: 1 of 2 cells are in bench.cells" in errors
    assert list(runner(folder, ONE_PAIR + text).kept()) == [0]
    assert not list(folder.rglob(".alignx-*"))
    assert not Path("bench.md").exists()
