"""Optional packages: detection and install commands."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from alignx.errors import MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["install", "is_installed", "require_packages"]

_EXTRAS = {
    "distributed": "cluster",
    "faiss": "faiss",
    "fasttext": "fasttext",
    "gensim": "gensim",
    "huggingface_hub": "hub",
    "pyarrow": "arrow",
    "sentence_transformers": "transformers",
    "spacy": "spacy",
    "torch": "torch",
    "transformers": "transformers",
}


def is_installed(package: str) -> bool:
    """Return True if a package can be imported, without importing it."""
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):  # something forbids it
        return False


def install(*packages: str) -> str:
    """Return the install command of packages."""
    extras = ",".join(sorted({_EXTRAS[package] for package in packages}))
    return f"pip install 'alignx[{extras}]'"


def require_packages(needs: Mapping[str, str]) -> None:
    """Refuse tasks whose packages are not installed by one MissingDependencyError.

    `needs` maps options to packages, such as ``{"--cluster": "distributed"}``.
    """
    missing = {task: package for task, package in needs.items() if not is_installed(package)}
    if missing:
        named = ", ".join(f"{task} needs the package {name}" for task, name in missing.items())
        raise MissingDependencyError(f"{named}: {install(*missing.values())}")
