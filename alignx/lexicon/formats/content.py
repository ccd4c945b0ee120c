"""Content of a dictionary file, and the description of a format."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from alignx.support.files import StrPath

__all__ = ["NOT_IN_XML", "Check", "Content", "Format", "holding_no"]

Check: TypeAlias = Callable[[str, str], str]
"""Function from a source and a target word to the rule that they break, or ""."""

NOT_IN_XML = r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
"""Pattern of the characters that no XML file holds."""


@dataclass(frozen=True)
class Content:
    """Content of a dictionary file.

    Parameters
    ----------
    pairs : sequence of (str, str)
        Source word and target word.
    numbers : mapping of str to sequence of float
        Score and probability of each pair, as far as known.
    languages : (str, str), optional
        Codes of source and target language.
    grouped : bool
        One entry for each source word.
    """

    pairs: Sequence[tuple[str, str]]
    numbers: Mapping[str, Sequence[float]]
    languages: tuple[str, str] | None = None
    grouped: bool = False

    def rows(self) -> Iterator[tuple[str, str, dict[str, float]]]:
        """Yield each pair with its numbers by name."""
        for (source, target), *values in zip(self.pairs, *self.numbers.values(), strict=True):
            yield source, target, dict(zip(self.numbers, values, strict=True))

    def entries(self) -> dict[str, list[int]]:
        """Return the positions of the pairs of each source word, in order."""
        positions: dict[str, list[int]] = {}
        for position, (source, _) in enumerate(self.pairs):
            positions.setdefault(source, []).append(position)
        return positions

    def without(self, positions: Collection[int]) -> Content:
        """Return the content without the pairs at these positions."""
        kept = [i for i in range(len(self.pairs)) if i not in positions]
        numbers = {name: [values[i] for i in kept] for name, values in self.numbers.items()}
        return replace(self, pairs=[self.pairs[i] for i in kept], numbers=numbers)

    def groups(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each source word with its target words."""
        for source, positions in self.entries().items():
            yield source, [self.pairs[position][1] for position in positions]


@dataclass(frozen=True)
class Format:
    """Format of dictionary files.

    Parameters
    ----------
    write : callable
        Function that writes a content to a path.
    check : callable
        Rule for the words of a pair.
    entries : {"pairs", "groups", "either"}
        Entry of a pair, of a source word, or as the user says.
    needs_languages : bool
        The format names the languages.
    more_files : tuple of str
        Endings of the files beside.
    in_the_way : tuple of str
        Endings of files that programs would read in place of these.
    package : str
        Package of others that writes the format, or "".
    """

    write: Callable[[StrPath, Content], None]
    check: Check
    entries: Literal["pairs", "groups", "either"] = "pairs"
    needs_languages: bool = False
    more_files: tuple[str, ...] = ()
    in_the_way: tuple[str, ...] = ()
    package: str = ""


def holding_no(pattern: str, what: str) -> Check:
    """Return a check against characters in words."""
    find = re.compile(pattern).search

    def check(source: str, target: str) -> str:
        if find(source) is None and find(target) is None:
            return ""
        return f"words must not contain {what}, got {source if find(source) else target!r}"

    return check
