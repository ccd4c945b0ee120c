"""Command `alignx info`: versions and processor, for bug reports."""

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from alignx import _core
from alignx.cli.command import command
from alignx.cli.options import Json
from alignx.cli.terminal import print_json

__all__ = ["info"]

PACKAGES = ("numpy", "scipy", "scikit-learn", "safetensors", "fasttext", "faiss-cpu", "torch")


@command("info --json", settings=())
def info(as_json: Json = False) -> None:
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
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        text = value if isinstance(value, str) else json.dumps(value)
        sys.stdout.write(f"{name}: {text}\n")


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
