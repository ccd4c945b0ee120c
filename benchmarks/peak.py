"""Most operations a second that the processor can do, measured by the program peak.cpp."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TypeAlias

from benchmarks.common import HERE

Peaks: TypeAlias = dict[int, dict[str, float]]

# What limits each of alignx's levels; the others multiply bytes in ways that peak.cpp lacks.
OF_LEVEL = {"avxvnni": "int8_256", "avx512vnni": "int8_512"}


def peaks(threads: list[int]) -> Peaks:
    """Operations a second by number of threads and kind; empty where they cannot be measured."""
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    if compiler is None:
        print("no compiler found, so no percentages of the machine's peak", file=sys.stderr)
        return {}
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "peak")
        build = [compiler, "-O3", "-std=c++17", "-fopenmp", str(HERE / "peak.cpp"), "-o", program]
        try:
            subprocess.run(build, check=True, capture_output=True, text=True)
            answer = subprocess.run(
                [program, *map(str, threads)], check=True, capture_output=True, text=True
            )
        except subprocess.CalledProcessError as error:
            print(f"no percentages of the machine's peak: {error.stderr}", file=sys.stderr)
            return {}
    return {int(count): kinds for count, kinds in json.loads(answer.stdout).items()}


def float32_peak(kinds: dict[str, float]) -> float | None:
    """Give the float32 peak, of the widest registers there are."""
    return kinds.get("float32_512", kinds.get("float32_256"))
