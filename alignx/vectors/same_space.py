"""Checks for a common space."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from alignx.errors import SpaceError
from alignx.support.arrays import unit_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alignx.vectors.embeddings import Embeddings

__all__ = ["require_same_space", "warn_of_different_spaces"]

_FREQUENT = 20_000  # words of each language to compare
_MIN_SHARED_WORDS = 100
# Share of words nearer to their homograph than to another word: half of them by chance, and at
# least 96 % in spaces that English, Spanish and German, or small vectors of 50 dimensions, share.
_MIN_NEARER = 0.6

logger = logging.getLogger("alignx")


def require_same_space(languages: Mapping[str, Embeddings]) -> None:
    """Raise SpaceError for languages, by name, that were mapped into different spaces.

    Vectors of an unknown space, such as those from text files, pass.

    Examples
    --------
    >>> from alignx.vectors.embeddings import Embeddings
    >>> spanish = Embeddings(["gato"], [[1.0]], space="english")
    >>> german = Embeddings(["Katze"], [[1.0]], space="spanish")
    >>> require_same_space({"es": spanish, "de": german})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    alignx.errors.SpaceError: languages must be mapped into one space, got es and de of different...
    """
    first: dict[str, str] = {}
    for name, language in languages.items():
        if language.space is not None:
            first.setdefault(language.space, name)
    if len(first) > 1:
        names = [_with_file(name, languages[name]) for name in first.values()]
        raise SpaceError(
            f"languages must be mapped into one space, got {' and '.join(names)} of different "
            "ones; map every language into the same target: `alignx align X en --method "
            "procrustes` for each language X, then `alignx apply`, en itself by any of these maps"
        )


def _with_file(name: str, language: Embeddings) -> str:
    """Add the file to the name of a language, if it is known and differs."""
    is_known = language.report is not None or language.source is not None
    return f"{name} ({language.name})" if is_known and language.name != name else name


def warn_of_different_spaces(source: Embeddings, target: Embeddings) -> None:
    """Log a warning if words spelled the same have unrelated vectors of one dimension.

    There is no warning if both were mapped into one space, or too few words are spelled the same.
    """
    if source.space is not None and source.space == target.space:
        return
    index = target.index
    words = [word for word in source.words[:_FREQUENT] if index.get(word, _FREQUENT) < _FREQUENT]
    if len(words) < _MIN_SHARED_WORDS:
        return
    X, Y = (unit_rows(language.vectors[language.rows(words)]) for language in (source, target))
    cosines = np.einsum("ij,ij->i", X, Y)
    by_chance = np.einsum("ij,ij->i", X, np.roll(Y, len(words) // 2, axis=0))
    nearer = float((cosines > by_chance).mean())
    if nearer < _MIN_NEARER:
        logger.warning(
            "%s and %s hardly share a space: of %s words spelled the same, %.0f %% are nearer to "
            "each other than to another word, where 50 %% are by chance; map them into one space "
            "by `alignx align` and `alignx apply`",
            source.name,
            target.name,
            f"{len(words):,}",
            100 * nearer,
        )
