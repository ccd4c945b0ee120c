"""Optional packages, looked for before the work that needs them."""

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
    "matplotlib": "plot",
    "sentence_transformers": "transformers",
    "torch": "torch",
    "transformers": "transformers",
}


def is_installed(package: str) -> bool:
    """Tell if a package can be imported, without importing it.

    Examples
    --------
    >>> is_installed("numpy"), is_installed("no_such_package")
    (True, False)
    """
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):  # something forbids it
        return False


def install(*packages: str) -> str:
    """Give the command that installs packages.

    As alignx is installed, pip fetches nothing but what the extras name.

    Examples
    --------
    >>> install("torch", "matplotlib")
    "pip install 'alignx[plot,torch]'"
    """
    extras = ",".join(sorted({_EXTRAS[package] for package in packages}))
    return f"pip install 'alignx[{extras}]'"


def require_packages(needs: Mapping[str, str]) -> None:
    """Refuse work whose packages are not installed, all of them in one error.

    Parameters
    ----------
    needs : mapping of str to str
        Packages by the work that needs them, such as ``{"--cluster": "distributed"}``.

    Raises
    ------
    MissingDependencyError
        If one is missing.
    """
    missing = {work: package for work, package in needs.items() if not is_installed(package)}
    if missing:
        named = ", ".join(
            f"{work} needs the package {package}" for work, package in missing.items()
        )
        raise MissingDependencyError(f"{named}: {install(*missing.values())}")
