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
    """Run code in a process of its own, and read the number that it prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    return float(done.stdout)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("8000", 8_000),
        ("17B", 17),
        ("2kB", 2_000),
        ("2 KB", 2_000),
        ("2KiB", 2_048),
        ("512MB", 512_000_000),
        ("512 MiB", 512 << 20),
        ("8GB", 8_000_000_000),
        (" 8gib ", 8 << 30),
        ("1.5GB", 1_500_000_000),
        ("0.5KiB", 512),
        ("2TB", 2 * 10**12),
        ("2TiB", 2 << 40),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "GB", "8G", "8g", "-8GB", "8 gigs", "8iB", "8,5GB", "1e9", "8GB!", "٨GB x", "nan"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a size must be a number with B, kB, MB, GB") as caught:
        parse_size(text)
    assert str(caught.value).endswith(f"got {text!r}")


@pytest.mark.parametrize("text", ["0", "0GB", "0.1B"])
def test_less_than_a_byte_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=f"at least 1 byte, got '{text}'"):
        parse_size(text)


def test_the_peak_counts_what_was_used_and_is_gone() -> None:
    code = """
from alignx.support.memory import peak_resident
before = peak_resident()
(b"x" * 100_000_000).count(b"y")
print(peak_resident() - before)
"""
    assert 90e6 < run(code) < 120e6


def test_the_peak_is_known_without_the_file_of_linux(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = peak_resident()
    for content in (None, "Name: x\n"):
        monkeypatch.setattr(memory, "_STATUS", tmp_path / "status")
        if content is not None:
            (tmp_path / "status").write_text(content)
        assert 0.5 < peak_resident() / known < 20


def test_released_pages_are_no_longer_present(tmp_path: Path) -> None:
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


def test_nothing_is_lost_by_releasing(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    np.arange(10_000, dtype=np.float32).tofile(path)
    for mode in ("r", "c", "r+"):
        rows = np.memmap(path, np.float32, mode)
        if mode != "r":
            rows[5_000] = -1  # in the file for r+, in memory alone for c
        for part in (rows, rows[4_000:6_000], rows[::2], rows[:0], np.asarray(rows), rows.copy()):
            expected = part.tolist()
            release(part)
            assert part.tolist() == expected
