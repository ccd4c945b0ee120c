"""A program in a process of its own: time, peak memory of it and its workers, or its end by force.

Memory is the sum of what each process has alone and its part of what it shares (PSS), sampled
every fifth of a second; pages of mapped files are counted separately, as the system takes them
back when memory is short.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERY = 0.2  # seconds


class Watched(NamedTuple):
    """What a program took: seconds, processor seconds, and peaks in bytes."""

    seconds: float
    cpu_seconds: float
    peak_memory: int
    peak_private: int
    output: str


def watch(module: str, spec: str, *, kill_after: float | None = None) -> Watched | None:
    """Run a module with an argument; None if it was killed (SIGKILL, with its workers).

    `kill_after` is in processor seconds.
    """
    command = [sys.executable, "-m", module, spec]
    before = os.times()
    start = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        peak = private = 0
        while process.poll() is None:
            now = memory(process.pid)
            peak, private = max(peak, now[0]), max(private, now[1])
            if kill_after is not None and processor_seconds(process.pid) > kill_after:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return None
            time.sleep(EVERY)
        seconds = time.perf_counter() - start
        output = "" if process.stdout is None else process.stdout.read()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    after = os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])  # of children that have ended
    return Watched(seconds, cpu, peak, private, output)


def memory(group: int) -> tuple[int, int]:
    """Sum the memory of the processes of a session: all of it, and without mapped files."""
    every = [_parts(folder) for folder, _ in _processes(group)]
    return sum(each[0] for each in every), sum(each[1] for each in every)


def processor_seconds(group: int) -> float:
    """Sum the processor seconds of the processes of a session, and of those that have ended."""
    ticks = sum(int(tick) for _, facts in _processes(group) for tick in facts[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def _processes(group: int) -> Iterator[tuple[Path, list[str]]]:
    """List the folder of each process of a session, and the facts behind its name."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                facts = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            if int(facts[3]) == group:
                yield folder, facts


def _parts(folder: Path) -> tuple[int, int]:
    try:
        lines = (folder / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0, 0
    sizes = {line.split()[0]: int(line.split()[1]) * 1024 for line in lines[1:]}
    return sizes["Pss:"], sizes["Pss_Anon:"]
