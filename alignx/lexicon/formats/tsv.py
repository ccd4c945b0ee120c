"""Dictionaries in columns with tabs between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.errors import FormatError
from alignx.lexicon.word_checks import quoted_if_ambiguous

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from alignx.support.files import StrPath

__all__ = ["format_line", "require_separable"]


def require_separable(path: StrPath, pairs: Iterable[tuple[str, str]]) -> None:
    """Refuse words with tabs and line ends, the separators of tables."""
    for word in (word for pair in pairs for word in pair):
        if "\t" in word or "\n" in word:
            raise FormatError(
                path, f"words must not contain tabs or line ends, got {word!r}; use .jsonl"
            )


def format_line(source: str, target: str, numbers: Mapping[str, float]) -> str:
    """Format a pair with its numbers in 4 decimals, between tabs."""
    cells = *quoted_if_ambiguous(source, target), *(f"{n:.4f}" for n in numbers.values())
    return "\t".join(cells)
