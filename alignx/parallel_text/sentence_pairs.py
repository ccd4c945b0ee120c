"""Sentence pairs from two files or one table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from alignx.errors import FormatError
from alignx.support.counts import counted
from alignx.support.text_files import read_lines
from alignx.texts.documents import as_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.files import StrPath

__all__ = ["SentencePairs"]

_MOST_EQUAL = 0.5  # share of the pairs


@dataclass(frozen=True, repr=False)
class SentencePairs:
    """Sentences of two languages, row by row translations.

    Parameters
    ----------
    source, target : sequence of str
        Sentences of each language, as many in both.
    name : str
        Name in messages; the path of a loaded file.
    skipped : int
        Number of pairs with an empty sentence that loading skipped.

    Raises
    ------
    TypeError
        If the sentences are not sequences of strings.
    ValueError
        If there are none, or not as many in both languages, or most pairs are the same sentence
        twice.

    Examples
    --------
    >>> SentencePairs(["A cat sleeps."], ["Un gato duerme."])
    SentencePairs(1 pair)
    """

    source: Sequence[str]
    target: Sequence[str]
    name: str = "the sentence pairs"
    skipped: int = 0

    def __post_init__(self) -> None:
        for side in ("source", "target"):
            object.__setattr__(self, side, tuple(as_texts(getattr(self, side), side)))
        if problem := _problem(self.source, self.target):
            raise ValueError(f"{self.name}: {problem}")

    def __len__(self) -> int:
        return len(self.source)

    def __repr__(self) -> str:
        return f"SentencePairs({counted(len(self), 'pair')})"

    def __str__(self) -> str:
        skipped = f"; {counted(self.skipped, 'empty one')} skipped" if self.skipped else ""
        return f"{self.name}: {counted(len(self), 'sentence pair')}{skipped}"

    @classmethod
    def load(cls, source: StrPath, target: StrPath | None = None) -> Self:
        r"""Read two files with a sentence a line, or a table of two columns.

        Parameters
        ----------
        source : path
            Sentences of the source language, in UTF-8, packed or not; without `target`, lines of
            two sentences with a tab between them.
        target : path, optional
            Their translations, line by line.

        Raises
        ------
        InputError
            If a file is missing or cannot be read.
        FormatError
            If the files differ in length, hold no pair or the same text, or a line of a table does
            not have two cells. Pairs with an empty sentence are skipped and counted.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "en-es.tsv"
        >>> _ = path.write_text("A cat.\tUn gato.\nA dog.\t\n")
        >>> print(str(SentencePairs.load(path)).partition(": ")[2])
        1 sentence pair; 1 empty one skipped
        """
        if target is None:
            name, sides = str(source), _columns(source)
        else:
            name = f"{source}, {Path(target).name}"
            sides = [
                [line.text for line in read_lines(path, "a file of sentences", markup=False)]
                for path in (source, target)
            ]
            lines = [len(side) for side in sides]
            if lines[0] != lines[1]:
                raise FormatError(
                    target,
                    "line i must translate line i of the other file, so both must have as many "
                    f"lines; {source} has {lines[0]:,}, this one {lines[1]:,}",
                )
        pairs = [(s, t) for s, t in zip(*sides, strict=True) if s.strip() and t.strip()]
        left = [s for s, _ in pairs], [t for _, t in pairs]
        if problem := _problem(*left):
            raise FormatError(name, problem)
        return cls(*left, name, len(sides[0]) - len(pairs))


def _problem(source: Sequence[str], target: Sequence[str]) -> str | None:
    """Return a problem of the sentences, if there is one."""
    if len(source) != len(target):
        return f"both languages must have as many sentences, got {len(source)} and {len(target)}"
    if not source:
        return "at least one pair of sentences is needed, got none"
    equal = sum(s.strip() == t.strip() for s, t in zip(source, target, strict=True))
    if equal > _MOST_EQUAL * len(source):
        return (
            "sentences must be translations of each other, but "
            f"{equal:,} of {len(source):,} are the same in both; is it the same file twice?"
        )
    return None


def _columns(path: StrPath) -> list[list[str]]:
    """Read the two columns of a table."""
    sides: list[list[str]] = [[], []]
    for line in read_lines(path, "a table of sentences", markup=False):
        cells = line.text.split("\t") if line.text.strip() else ["", ""]
        if len(cells) != len(sides):
            raise FormatError(
                path,
                "a line must hold two sentences with a tab between them, "
                f"got {counted(len(cells), 'cell')}",
                line.number,
            )
        for side, cell in zip(sides, cells, strict=True):
            side.append(cell)
    return sides
