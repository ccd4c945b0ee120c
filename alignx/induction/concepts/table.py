"""Content of a file of concepts."""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003  # NamedTuple's types are evaluated
from typing import NamedTuple, TypeAlias

__all__ = ["Concept", "Table"]

Concept: TypeAlias = tuple[tuple[str, ...], ...]
"""Words of each language, none where it lacks one."""


class Table(NamedTuple):
    """Codes of the languages, and words and score of each row."""

    languages: Sequence[str]
    rows: Sequence[Concept]
    scores: Sequence[float]
