"""Command `alignx info`: versions and processor, for bug reports."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version

from alignx import _core
from alignx.cli.command import command
from alignx.cli.terminal import JsonTerminal

__all__ = ["info"]

PACKAGES = ("numpy", "scipy", "scikit-learn", "safetensors", "fasttext", "faiss-cpu", "torch")


@command("info --json", settings=())
def info(terminal: JsonTerminal) -> None:
    """Print versions and the CPU instructions in use, for bug reports."""
    facts = {
        "version": version("alignx"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "simd": _core.simd_level(),
        "simd_available": _core.simd_levels(),
        "threads": _core.default_threads(),
        "packages": {name: _version_of(name) for name in PACKAGES},
    }
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in facts.items()}
    terminal.print(facts, "".join(f"{name}: {text}\n" for name, text in texts.items()))


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
