"""Options for files of sentence pairs, and their reading."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from alignx.cli.command import option
from alignx.cli.options import refuse

if TYPE_CHECKING:
    from alignx.cli.terminal import Terminal
    from alignx.parallel_text.sentence_pairs import SentencePairs

__all__ = ["ParallelFiles", "read_sentence_pairs"]


@dataclass(frozen=True)
class ParallelFiles:
    """Options for sentence pairs in two files or in one table."""

    PANEL: ClassVar[str] = "Sentence pairs"
    parallel: Annotated[
        tuple[Path, Path] | None,
        option(
            "Sentences of the source language, one a line, and their translations.",
            metavar="SOURCE TARGET",
        ),
    ] = None
    parallel_table: Annotated[
        Path | None, option("The same in one file: two sentences a line, with a tab between.")
    ] = None

    @property
    def sentence_files(self) -> dict[str, list[Path]]:
        """Files by their options."""
        table = [] if self.parallel_table is None else [self.parallel_table]
        return {"--parallel": [*(self.parallel or ())], "--parallel-table": table}

    @property
    def has_sentences(self) -> bool:
        """Tell whether there are any, and refuse both options at once."""
        refuse(
            self.parallel is not None and self.parallel_table is not None,
            "--parallel-table",
            "it stands in place of --parallel; give one of them",
        )
        return self.parallel is not None or self.parallel_table is not None


def read_sentence_pairs(terminal: Terminal, files: ParallelFiles) -> SentencePairs:
    """Read sentence pairs from the two files or the table, and print their number."""
    from alignx.parallel_text.sentence_pairs import SentencePairs

    found = SentencePairs.load(*(path for paths in files.sentence_files.values() for path in paths))
    terminal.note(str(found))
    return found
