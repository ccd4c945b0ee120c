"""Seed dictionary of `alignx align`: options and reading."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from alignx.cli.command import option
from alignx.cli.inputs import read_languages, read_lexicon
from alignx.cli.options import LanguagePair, TableOptions, refuse
from alignx.cli.sentence_pairs import ParallelFiles, read_sentence_pairs
from alignx.support.counts import counted

if TYPE_CHECKING:
    from alignx.cli.terminal import Terminal
    from alignx.lexicon.lexicon import Lexicon
    from alignx.vectors.embeddings import Embeddings

__all__ = ["SeedPairs", "read_seed_pairs"]


@dataclass(frozen=True)
class SeedPairs(ParallelFiles):
    """Options for the seed dictionary, or for sentence pairs that it is learned from."""

    PANEL: ClassVar[str] = "Other seeds, in place of a dictionary (sentence pairs also beside one)"
    dictionary: Annotated[
        Path | None, option("Known translations, two words a line.", "--dictionary", "-d")
    ] = None
    identical: Annotated[bool, option("Words with the same spelling in both languages.")] = False
    numerals: Annotated[bool, option("Numbers with the same spelling in both languages.")] = False
    unsupervised: Annotated[bool, option("No pairs at all.")] = False

    @property
    def files(self) -> dict[str, Path | list[Path] | None]:
        """Files by their options."""
        return {"--dictionary": self.dictionary, **self.sentence_files}

    def require_one(self) -> None:
        """Refuse none of the options, or several."""
        has_files = self.has_sentences or self.dictionary is not None
        refuse(
            sum((has_files, self.identical, self.numerals, self.unsupervised)) != 1,
            "--dictionary",
            "give one of --dictionary FILE, --parallel SOURCE TARGET (or both), --identical, "
            "--numerals, --unsupervised",
        )


def read_seed_pairs(
    terminal: Terminal, files: LanguagePair, seed_pairs: SeedPairs, table: TableOptions
) -> tuple[Lexicon | None, list[Embeddings]]:
    """Read the seed dictionary, or learn it from sentence pairs, and the vectors."""
    from alignx.lexicon.lexicon import Lexicon

    pairs = None
    if seed_pairs.dictionary is not None:
        pairs = read_lexicon(terminal, seed_pairs.dictionary, files, table)
    if seed_pairs.has_sentences:
        pairs = _with_parallel(terminal, pairs, seed_pairs)
    languages = read_languages(terminal, "-", files)
    if seed_pairs.identical or seed_pairs.numerals:
        pairs = Lexicon.identical(*languages, numerals_only=seed_pairs.numerals)
        terminal.note(f"{pairs.name}: {counted(len(pairs), 'pair')}")
    return pairs, languages


def _with_parallel(terminal: Terminal, known: Lexicon | None, files: ParallelFiles) -> Lexicon:
    """Learn word pairs from sentence pairs, and add them to a dictionary if there is one."""
    from alignx.lexicon.lexicon import Lexicon
    from alignx.parallel_text.word_pairs import lexicon_from_parallel

    found = lexicon_from_parallel(read_sentence_pairs(terminal, files))
    terminal.note(f"word pairs: {counted(len(found), 'pair')} from {found.notes[0]}")
    if known is None:
        return found
    merged = dict.fromkeys([*known, *found])
    return Lexicon(list(merged), name=f"{known.name} and {found.name}")
