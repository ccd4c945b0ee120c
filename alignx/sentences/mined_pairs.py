"""Mined pairs of texts as a value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from alignx.errors import FormatError
from alignx.support.characters import one_line
from alignx.support.files import replacing
from alignx.support.frames import Tabular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Double, Indices
    from alignx.support.files import StrPath

__all__ = ["MinedPairs", "require_pairs_name", "save_lines"]

_WRITTEN = (".tsv", ".txt")


def require_pairs_name(path: StrPath) -> None:
    """Refuse a file name with the ending of another format than .tsv or .txt."""
    if Path(path).suffix.lower() not in (*_WRITTEN, ""):
        raise FormatError(path, f"pairs are written as {' or '.join(_WRITTEN)}")


def save_lines(path: StrPath, lines: Sequence[str]) -> None:
    """Write the lines of a table, under a name that `require_pairs_name` takes."""
    require_pairs_name(path)
    with replacing(path) as file:
        file.writelines(lines)


@dataclass(frozen=True, eq=False, repr=False)
class MinedPairs(Tabular):
    """Pairs of texts that translate each other, most probable first.

    Attributes
    ----------
    source_rows, target_rows : (p,) int64
        Rows of both texts in what was given, from 0.
    scores : (p,) float64
        Similarity beyond that of the next best pairs; compared only within one mining.
    probabilities : (p,) float64
        Probability that the texts translate each other, in [0, 1].
    source_texts, target_texts : sequence of str
        All texts that were given.
    """

    source_rows: Indices
    target_rows: Indices
    scores: Double
    probabilities: Double
    source_texts: Sequence[str]
    target_texts: Sequence[str]

    @classmethod
    def empty(cls, source_texts: Sequence[str], target_texts: Sequence[str]) -> Self:
        """Make a value without pairs."""
        rows, values = np.zeros(0, np.int64), np.zeros(0)
        return cls(rows, rows, values, values, source_texts, target_texts)

    def __len__(self) -> int:
        return len(self.source_rows)

    def __repr__(self) -> str:
        expected = self.probabilities.sum()
        return f"MinedPairs({len(self)} pairs, about {expected:.0f} right)"

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each pair."""
        columns = (self.source_rows, self.target_rows, self.scores, self.probabilities)
        return [
            {
                "source": self.source_texts[i],
                "target": self.target_texts[j],
                "probability": probability,
                "score": score,
                "source_row": i,
                "target_row": j,
            }
            for i, j, score, probability in zip(*(c.tolist() for c in columns), strict=True)
        ]

    def save(self, path: StrPath) -> None:
        """Write source, target, probability, score and line numbers from 1, separated by tabs.

        Tabs and line ends within a text become spaces.

        Raises
        ------
        FormatError, OutputError
            If the name has another ending than .tsv or .txt, or the file cannot be written.
        """
        save_lines(path, self.lines())

    def lines(self) -> list[str]:
        """Return the lines of the table, the names of its columns first."""
        head = "source\ttarget\tprobability\tscore\tsource_line\ttarget_line\n"
        return [head] + [
            f"{one_line(row['source'])}\t{one_line(row['target'])}\t{row['probability']:.4f}\t"
            f"{row['score']:.4f}\t{row['source_row'] + 1}\t{row['target_row'] + 1}\n"
            for row in self.records()
        ]
