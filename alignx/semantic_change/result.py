"""Ranking of words by the change of their meaning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.errors import FormatError
from alignx.support.files import replacing
from alignx.support.frames import Tabular

if TYPE_CHECKING:
    from alignx.support.arrays import Double
    from alignx.support.files import StrPath

__all__ = ["Drift", "DriftTest", "require_table"]

_SHOWN = 20
_SEPARATORS = {".tsv": "\t", ".txt": "\t", ".csv": ","}


def require_table(path: StrPath) -> str:
    """Return the separator of a table by the ending of its name, or raise FormatError."""
    separator = _SEPARATORS.get(Path(path).suffix.lower())
    if separator is None:
        raise FormatError(path, f"drift is written as {', '.join(_SEPARATORS)}")
    return separator


@dataclass(frozen=True, eq=False)
class DriftTest:
    """Permutation test of the change of each word.

    Attributes
    ----------
    permutations : int
        Number of times that the lines were shuffled between the slices.
    p_values, q_values : (n,) float64
        Share of the differences by chance, of all words together, that are as great; and the false
        discovery rate among words with at most this value (Benjamini-Hochberg). Both suppose that
        chance is alike for all words.
    """

    permutations: int
    p_values: Double
    q_values: Double


@dataclass(frozen=True, eq=False, repr=False)
class Drift(Tabular):
    """Words of several time slices, the most changed first.

    Attributes
    ----------
    slices : tuple of str
        Names, in the order of time.
    words : tuple of str
        Words that all slices have.
    scores : (n,) float64
        Change from the first to the last slice beyond the median of words of like frequency: the
        mean of two cosine distances, so in [-2, 2].
    distances : (n, s - 1) float64
        Cosine distance from the first slice to each later one, in [0, 2]: the trajectory.
    steps : (n, s - 1) float64
        Score of the change from each slice to the next.
    neighbors : tuple of tuple of tuple of str
        Nearest words of each word in each slice.
    test : DriftTest, optional
        Permutation test, which takes the texts.
    """

    slices: tuple[str, ...]
    words: tuple[str, ...]
    scores: Double
    distances: Double
    steps: Double
    neighbors: tuple[tuple[tuple[str, ...], ...], ...]
    test: DriftTest | None = None

    def __len__(self) -> int:
        return len(self.words)

    def __repr__(self) -> str:
        return f"Drift({' to '.join((self.slices[0], self.slices[-1]))}, {len(self)} words)"

    def __str__(self) -> str:
        """Return the first words as text."""
        return self.as_text()

    def significant(self, q: float = 0.05) -> list[str]:
        """Return the words whose q-value is at most `q`, a false discovery rate in [0, 1].

        Raises
        ------
        ValueError
            If there was no permutation test.
        """
        if self.test is None:
            raise ValueError("significance takes a permutation test, and so the texts of slices")
        return [self.words[row] for row in np.flatnonzero(self.test.q_values <= q)]

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each word, the most changed first."""
        later = self.slices[1:]
        rows = []
        for row, word in enumerate(self.words):
            record: dict[str, Any] = {"word": word, "score": float(self.scores[row])}
            if self.test is not None:
                record["p_value"] = float(self.test.p_values[row])
                record["q_value"] = float(self.test.q_values[row])
            for name, distance in zip(later, self.distances[row], strict=True):
                record[f"distance_{name}"] = float(distance)
            if len(later) > 1:
                record["changed_by"] = later[int(self.steps[row].argmax())]
                for name, step in zip(later, self.steps[row], strict=True):
                    record[f"step_{name}"] = float(step)
            for name, words in zip(self.slices, self.neighbors[row], strict=True):
                record[f"neighbors_{name}"] = " ".join(words)
            rows.append(record)
        return rows

    def as_text(self, topn: int = _SHOWN) -> str:
        """Return the most changed words as a table of text, with neighbors then and now."""
        lines = []
        for row, word in enumerate(self.words[:topn]):
            figure = f"{self.scores[row]:6.2f}"
            if self.test is not None:
                figure += f"  {self.test.q_values[row]:7.4f}"
            then, now = (" ".join(self.neighbors[row][at][:4]) for at in (0, -1))
            lines.append(f"{word:14} {figure}  {then}  ->  {now}")
        head = "word            score" + ("  q-value" if self.test is not None else "")
        return "\n".join([f"{head}  {self.slices[0]} -> {self.slices[-1]}", *lines])

    def save(self, path: StrPath) -> None:
        """Write the table as .tsv, .txt or .csv.

        Raises
        ------
        FormatError, OutputError
            If the name has another ending, or the file cannot be written.
        """
        separator = require_table(path)
        table = self.to_frame().to_csv(sep=separator, index=False, float_format="%.6g")
        with replacing(path) as file:
            file.write(table)
