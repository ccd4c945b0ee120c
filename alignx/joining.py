"""Vectors that are compared must share a space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.errors import SpaceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alignx.embeddings import Embeddings

__all__ = ["require_one_space"]


def require_one_space(languages: Mapping[str, Embeddings]) -> None:
    """Refuse languages that were mapped into different spaces.

    Parameters
    ----------
    languages : mapping of str to Embeddings
        By any names. Those whose space is unknown, such as vectors from text files, are trusted.

    Raises
    ------
    SpaceError
        If two of them have different spaces.

    Examples
    --------
    >>> from alignx.embeddings import Embeddings
    >>> spanish = Embeddings(["gato"], [[1.0]], space="english")
    >>> german = Embeddings(["Katze"], [[1.0]], space="spanish")
    >>> require_one_space({"es": spanish, "de": german})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    alignx.errors.SpaceError: languages must be mapped into one space, got es and de of different...
    """
    first: dict[str, str] = {}
    for name, language in languages.items():
        if language.space is not None:
            first.setdefault(language.space, name)
    if len(first) > 1:
        names = [
            f"{name} ({source})" if (source := languages[name].source) else name
            for name in first.values()
        ]
        raise SpaceError(
            f"languages must be mapped into one space, got {' and '.join(names)} of different "
            "ones; map every language into the same target: `alignx align X en --method "
            "procrustes` for each language X, then `alignx apply`, en itself by any of these maps"
        )
