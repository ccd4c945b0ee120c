from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from alignx.support import memory
from alignx.support.memory import parse_size, peak_resident, release

if TYPE_CHECKING:
    from pathlib import Path


def run(code: str, *arguments: object) -> float:
    """Run code in another process, and read the number that it prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    return float(done.stdout)


def test_sizes_are_parsed() -> None:
    sizes = {"17B": 17, "2 KB": 2_000, " 8gib ": 8 << 30, "1.5GB": 1_500_000_000, "0.5KiB": 512}
    assert {text: parse_size(text) for text in sizes} == sizes
    assert [parse_size(f"2{unit}iB") for unit in "KMGT"] == [
        2 << 10 * power for power in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize("text", ["", "8G", "-8GB", "8 gigs", "8iB", "8,5GB", "1e9", "nan", "0.1B"])
def test_invalid_sizes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a size must be") as caught:
        parse_size(text)
    assert str(caught.value).endswith(f"got {text!r}")


@pytest.mark.slow
def test_peak_counts_freed_memory() -> None:
    code = """
from alignx.support.memory import peak_resident
before = peak_resident()
(b"x" * 100_000_000).count(b"y")
print(peak_resident() - before)
"""
    assert 90e6 < run(code) < 120e6


def test_peak_is_known_without_the_file_of_linux(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = peak_resident()
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "status")
    assert 0.5 < peak_resident() / known < 20
    (tmp_path / "status").write_text("Name: x\n")
    assert 0.5 < peak_resident() / known < 20


@pytest.mark.slow
def test_released_pages_leave_memory(tmp_path: Path) -> None:
    np.ones(20_000_000, np.float32).tofile(tmp_path / "rows")
    code = """
import sys
import numpy as np
from pathlib import Path
from alignx.support.memory import release
def present():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssFile"))
rows = np.asarray(np.memmap(sys.argv[1], np.float32, "r", offset=40)).reshape(-1, 10)[7:]
rows.sum()
before = present()
release(rows[:1_000_000])
print(before - present())
"""
    assert 38e6 < run(code, tmp_path / "rows") < 45e6


@pytest.mark.parametrize("mode", ["r", "c", "r+"])
def test_release_keeps_content(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "rows"
    np.arange(10_000, dtype=np.float32).tofile(path)
    rows = np.memmap(path, np.float32, mode)  # type: ignore[call-overload]  # one of three
    if mode != "r":
        rows[5_000] = -1  # in the file for r+, in memory alone for c
    for part in (rows, rows[4_000:6_000], rows[::2], rows[:0], np.asarray(rows), rows.copy()):
        expected = part.tolist()
        release(part)
        assert part.tolist() == expected
