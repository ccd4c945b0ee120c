"""Options for the entries of a dictionary, and for its files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from alignx.cli.command import option
from alignx.cli.inputs import read_entries
from alignx.cli.options import LanguageCodes, as_pair_of_codes, refuse
from alignx.support.counts import counted

if TYPE_CHECKING:
    from alignx.cli.terminal import Terminal
    from alignx.induction.pair_selection import Symbols
    from alignx.lexicon.lexicon import Lexicon
    from alignx.vectors.embeddings import Embeddings

__all__ = ["DictionaryFiles", "EntryFilter", "EntryLists"]

_RANKS = re.compile(r"(\d+)-(\d*)")


@dataclass(frozen=True)
class EntryLists:
    """Lists of words that choose entries, as read from files."""

    headwords: Sequence[str]
    stop_words: Sequence[str]
    target_stop_words: Sequence[str]


@dataclass(frozen=True)
class EntryFilter:
    """Options that choose the entries of a dictionary."""

    PANEL: ClassVar[str] = "Entries"
    threshold: Annotated[
        float | None,
        option(
            "Keep pairs with an estimated probability of at least this.",
            metavar="P",
            min=0,
            max=1,
        ),
    ] = None
    numbers: Annotated[bool, option("Keep numbers.")] = False
    punctuation: Annotated[bool, option("Keep punctuation.")] = False
    only_letters: Annotated[
        bool, option("Leave out words with anything but letters, such as e-mail and 4x4.")
    ] = False
    ranks: Annotated[
        str | None,
        option("Keep source words of this frequency, such as 101-5000.", metavar="FIRST-LAST"),
    ] = None
    target_ranks: Annotated[
        str | None, option("Keep target words of this frequency.", metavar="FIRST-LAST")
    ] = None
    headwords: Annotated[
        Path | None, option("Keep only the source words of this list, one a line.", metavar="LIST")
    ] = None
    stop_list: Annotated[
        Path | None, option("Leave out the source words of this list.", metavar="LIST")
    ] = None
    target_stop_list: Annotated[
        Path | None, option("Leave out the target words of this list.", metavar="LIST")
    ] = None

    def __post_init__(self) -> None:
        for name, text in self._ranks.items():
            first, last = _bounds(text)
            refuse(
                first < 1 or (last is not None and last < first),
                name,
                f"give the first and the last rank from 1, such as 101-5000 or 101-, got {text!r}",
            )

    @property
    def _ranks(self) -> dict[str, str]:
        given = {"--ranks": self.ranks, "--target-ranks": self.target_ranks}
        return {name: text for name, text in given.items() if text is not None}

    @property
    def paths(self) -> dict[str, Path | None]:
        """Files of lists by their options."""
        return {
            "--headwords": self.headwords,
            "--stop-list": self.stop_list,
            "--target-stop-list": self.target_stop_list,
        }

    @property
    def excluded(self) -> tuple[Symbols, ...]:
        """Kinds of words to leave out, as `alignx.induce_lexicon` takes them."""
        kept = {"numbers": self.numbers, "punctuation": self.punctuation}
        from alignx.induction.pair_selection import SYMBOLS

        return tuple(kind for kind in SYMBOLS if not kept[kind])

    def read_lists(self, terminal: Terminal) -> EntryLists:
        """Read the lists, before long work."""
        return EntryLists(
            *(read_entries(terminal, path) if path else [] for path in self.paths.values())
        )

    def require_ranks(self, languages: Sequence[Embeddings]) -> None:
        """Refuse ranks beyond the vocabularies, before long work."""
        for (name, text), language in zip(
            (("--ranks", self.ranks), ("--target-ranks", self.target_ranks)),
            languages,
            strict=True,
        ):
            if text is not None and _bounds(text)[0] > len(language):
                most = len(language)
                raise ValueError(f"{name} must begin in [1, {most:,}], the vocabulary, got {text}")

    def apply(
        self,
        lexicon: Lexicon,
        languages: Sequence[Embeddings],
        lists: EntryLists,
        terminal: Terminal,
    ) -> Lexicon:
        """Choose pairs, and print the headwords without one."""
        if self.threshold is not None:
            lexicon = lexicon.at_least(self.threshold)
        sources, targets = (
            None if text is None else language.words[_slice(text)]
            for text, language in zip((self.ranks, self.target_ranks), languages, strict=True)
        )
        lexicon = lexicon.select(
            sources=sources,
            targets=targets,
            stop_words=lists.stop_words,
            target_stop_words=lists.target_stop_words,
            only_letters=self.only_letters,
        )
        return _with_headwords(lexicon, languages[0], lists.headwords, terminal)


def _bounds(text: str) -> tuple[int, int | None]:
    """Return the first and the last rank; the first is 0 if there is none."""
    found = _RANKS.fullmatch(text)
    if found is None:
        return 0, None
    return int(found[1]), int(found[2]) if found[2] else None


def _slice(text: str) -> slice:
    first, last = _bounds(text)
    return slice(first - 1, last)


def _with_headwords(
    lexicon: Lexicon, language: Embeddings, headwords: Sequence[str], terminal: Terminal
) -> Lexicon:
    """Select the pairs of headwords, looked up in the vocabulary as words of a dictionary are."""
    if not headwords:
        return lexicon
    found = {
        headword: language.words[row]
        for headword, row in zip(headwords, language.find(headwords).tolist(), strict=True)
        if row >= 0
    }
    chosen = lexicon.select(sources=set(found.values()))
    with_entry = {source for source, _ in chosen}
    missing = [headword for headword in headwords if found.get(headword) not in with_entry]
    if missing:
        shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        terminal.note(f"{len(missing):,} of {len(headwords):,} headwords have no entry: {shown}")
    return chosen


@dataclass(frozen=True)
class DictionaryFiles:
    """Options for the files of a dictionary."""

    PANEL: ClassVar[str] = "Dictionary file"
    sort: Annotated[
        Literal["frequency", "alphabet", "best"],
        option(
            "Order: the most frequent source words first, the alphabet, or the best pairs first."
        ),
    ] = "frequency"
    grouped: Annotated[
        bool, option("Write one entry for each source word, with all its translations.")
    ] = False
    reverse_output: Annotated[
        Path | None,
        option("Also write the other direction: the same pairs, by target word.", metavar="FILE"),
    ] = None
    languages: LanguageCodes = None

    def codes(self, languages: Sequence[Embeddings]) -> tuple[str, str] | None:
        """Return the codes of source and target, if both are known."""
        if self.languages is not None:
            return as_pair_of_codes(self.languages)
        source, target = (language.language for language in languages)
        return (source, target) if source and target else None

    def paths(self, output: Path) -> dict[str, list[Path] | None]:
        """Return all files that are written, by their options."""
        from alignx.lexicon.formats.write import files_of

        other = self.reverse_output
        return {
            "--output": files_of(output),
            "--reverse-output": None if other is None else files_of(other),
        }

    def require_savable(self, output: Path) -> None:
        """Refuse files of formats that do not fit the options."""
        from alignx.lexicon.formats.write import require_savable

        if self.languages is not None:
            as_pair_of_codes(self.languages)
        for path in filter(None, (output, self.reverse_output)):
            require_savable(path, grouped=self.grouped)

    def require_languages(self, output: Path, languages: Sequence[Embeddings]) -> None:
        """Refuse unknown codes of languages, before the search."""
        from alignx.lexicon.formats.write import require_languages

        for path in filter(None, (output, self.reverse_output)):
            require_languages(path, self.codes(languages))

    def save(
        self,
        lexicon: Lexicon,
        output: Path,
        languages: Sequence[Embeddings],
        most: int,
        terminal: Terminal,
    ) -> None:
        """Write the dictionary, and the other direction if asked for."""
        codes = self.codes(languages) or lexicon.languages
        ordered = lexicon if self.sort == "frequency" else lexicon.sorted(self.sort)
        ordered.save(output, grouped=self.grouped, languages=codes, on_error="skip")
        if self.reverse_output is not None:
            order = languages[1].words if self.sort == "frequency" else self.sort
            other = lexicon.reversed().sorted(order).select(most=most)
            other.save(
                self.reverse_output,
                grouped=self.grouped,
                languages=codes and codes[::-1],
                on_error="skip",
            )
            terminal.note(f"{self.reverse_output}: {counted(len(other), 'pair')}, by target word")
