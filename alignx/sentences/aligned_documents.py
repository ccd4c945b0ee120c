"""Aligned documents as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from alignx.sentences.mined_pairs import save_lines
from alignx.support.characters import one_line
from alignx.support.frames import Tabular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Double
    from alignx.support.files import StrPath

__all__ = ["AlignedDocuments", "Block"]


class Block(NamedTuple):
    """Rows of sentences that translate each other; one side may be empty."""

    source: tuple[int, ...]
    target: tuple[int, ...]


@dataclass(frozen=True, eq=False, repr=False)
class AlignedDocuments(Tabular):
    """Blocks of sentences of two documents, in their order.

    Attributes
    ----------
    blocks : tuple of Block
        Rows of both sides of each block, from 0.
    scores : (b,) float64
        Cosine of both sides; 0 where one is empty.
    source_sentences, target_sentences : sequence of str
        All sentences that were given.
    """

    blocks: tuple[Block, ...]
    scores: Double
    source_sentences: Sequence[str]
    target_sentences: Sequence[str]

    def __len__(self) -> int:
        return len(self.blocks)

    def __repr__(self) -> str:
        return f"AlignedDocuments({len(self)} blocks, {self.paired} with both sides)"

    @property
    def paired(self) -> int:
        """Number of blocks with sentences of both documents."""
        return sum(1 for block in self.blocks if block.source and block.target)

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each block, with sentences joined by spaces."""
        return [
            {
                "source": " ".join(self.source_sentences[row] for row in block.source),
                "target": " ".join(self.target_sentences[row] for row in block.target),
                "score": score,
                "source_rows": list(block.source),
                "target_rows": list(block.target),
            }
            for block, score in zip(self.blocks, self.scores.tolist(), strict=True)
        ]

    def save(self, path: StrPath) -> None:
        """Write source, target, score and line numbers from 1, separated by tabs.

        Tabs and line ends within a sentence become spaces.

        Raises
        ------
        FormatError, OutputError
            If the name has another ending than .tsv or .txt, or the file cannot be written.
        """
        save_lines(path, self.lines())

    def lines(self) -> list[str]:
        """Return the lines of the table, the names of its columns first."""
        return ["source\ttarget\tscore\tsource_lines\ttarget_lines\n"] + [
            f"{one_line(row['source'])}\t{one_line(row['target'])}\t{row['score']:.4f}\t"
            f"{_numbers(row['source_rows'])}\t{_numbers(row['target_rows'])}\n"
            for row in self.records()
        ]


def _numbers(rows: list[int]) -> str:
    """Write line numbers from 1."""
    return " ".join(str(row + 1) for row in rows)
