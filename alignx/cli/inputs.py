"""Input files of commands: vectors, maps, dictionaries, lists of words."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, cast

from alignx.cli.options import as_columns
from alignx.support.files import require_readable

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from alignx.alignment.shared_space import SharedSpace
    from alignx.cli.options import LanguageFiles, LanguagePair, Reading
    from alignx.cli.terminal import Terminal
    from alignx.lexicon.lexicon import Lexicon
    from alignx.vectors.embeddings import Embeddings

__all__ = [
    "as_entries",
    "as_utf8",
    "read_entries",
    "read_input",
    "read_lexicon",
    "read_space",
    "read_vectors",
    "require_inputs",
    "shared_space",
]


def read_vectors(terminal: Terminal, path: Path, reading: Reading) -> Embeddings:
    """Load vectors and print their report."""
    from alignx.vectors.io import load

    with terminal.working(f"Reading {path.name}") as progress:
        embeddings = load(
            path,
            limit=reading.limit,
            lowercase=reading.lowercase,
            on_error=reading.on_error,
            progress=progress,
        )
    terminal.note(f"{path.name}: {embeddings.report}{_language_note(embeddings)}")
    return embeddings


def read_space(
    terminal: Terminal, map_file: str, files: LanguagePair | LanguageFiles, *, reverse: bool = False
) -> SharedSpace:
    """Load vectors and map them into one space; see `shared_space`."""
    require_inputs(map_file, files.paths)
    languages = [read_vectors(terminal, path, files) for path in files.paths]
    shared = shared_space(map_file, languages)
    return shared.reversed() if reverse else shared


def read_lexicon(
    terminal: Terminal,
    path: Path,
    reading: Reading,
    columns: str | None = None,
    *,
    scored: bool = False,
) -> Lexicon:
    """Load a dictionary, or scored word pairs, and print its size."""
    from alignx.lexicon.lexicon import Lexicon

    # Lookup lower-cases words too, by the rules of each language.
    lexicon = Lexicon.load(
        path, on_error=reading.on_error, columns=as_columns(columns), scored=scored
    )
    notes = [f"{len(lexicon):,} pairs", *lexicon.notes]
    if lexicon.skipped:
        notes.append(f"{lexicon.skipped:,} malformed lines skipped")
    terminal.note(f"{path.name}: {'; '.join(notes)}")
    return lexicon


def require_inputs(map_file: str, vectors: Sequence[Path]) -> None:
    """Refuse a map or vectors that cannot be read, before any of them is.

    Raises
    ------
    FormatError
        If one cannot be read.
    """
    require_readable(*([] if map_file == "-" else [map_file]), *vectors)


def _language_note(embeddings: Embeddings) -> str:
    """Return the language guessed from the file name, with its alternatives."""
    from alignx.vectors.language_codes import guess

    report = embeddings.report
    if report is None or embeddings.language != report.language:
        return ""  # a cache stores its language
    others = " and ".join(guess(report.path).others)
    if report.language is None:
        doubt = f"its name holds {others}; `alignx convert --language` stores the right one"
        return f"; language unknown, since {doubt}" if others else ""
    doubt = f" (which holds {others} too; `alignx convert --language` stores another)"
    return f"; language {report.language}, by its name{doubt if others else ''}"


def read_entries(terminal: Terminal, path: Path) -> list[str]:
    """Read words and phrases, one a line, and print their number.

    Raises
    ------
    FormatError
        If the file cannot be read, is not UTF-8, or holds none.
    """
    from alignx.errors import FormatError
    from alignx.support.text_files import read_lines
    from alignx.vectors.spelling import FIELD_BLANKS

    lines = (line.text for line in read_lines(path, "the list", markup=False))
    entries = list(dict.fromkeys(line for line in lines if line.strip(FIELD_BLANKS)))
    if not entries:
        raise FormatError(path, "the list must hold a word or phrase a line, got none")
    terminal.note(f"{path.name}: {len(entries):,} words and phrases")
    return entries


def as_entries(lines: Sequence[str], language: Embeddings, *, lowercase: bool) -> list[str]:
    """Normalize white space of words and phrases; drop duplicates and empty lines.

    Parameters
    ----------
    lines : sequence of str
        Words and phrases; one that the vocabulary contains keeps its white space.
    language : Embeddings
        Language of the words.
    lowercase : bool
        Whether to lower-case them by the rules of the language.
    """
    from alignx.vectors.spelling import lower, words_of

    asked = [lower(line, language.language) for line in lines] if lowercase else lines
    entries = [line if line in language else " ".join(words_of(line)) for line in asked]
    return list(dict.fromkeys(filter(None, entries)))


def as_utf8(arguments: Sequence[str]) -> list[str]:
    """Decode arguments as UTF-8 in any locale; keep those that are no UTF-8."""
    words = []
    for word in arguments:
        try:
            words.append(os.fsencode(word).decode())
        except UnicodeError:
            words.append(word)
    return words


def read_input() -> Iterator[str]:
    """Read the lines of standard input.

    Raises
    ------
    FormatError
        If they are not UTF-8.
    """
    from alignx.support.text_files import stream_lines

    stream = cast("io.BufferedIOBase", sys.stdin.buffer)
    for lines in stream_lines(stream, "standard input", "a list of words"):
        for line in lines:
            yield line.text


def shared_space(map_file: str, languages: Sequence[Embeddings]) -> SharedSpace:
    """Map two languages into one space, or join languages that share a space.

    Parameters
    ----------
    map_file : str
        Map of two languages, or ``"-"``.
    languages : sequence of Embeddings
        Languages in the order of the map.

    Raises
    ------
    FormatError, DimensionError, DirectionError
        If the map cannot be read, or the vectors do not fit.
    SpaceError
        If the languages were mapped into different spaces.
    ValueError
        If more than two languages do not have a code each.
    """
    from alignx.alignment.shared_space import SharedSpace
    from alignx.vectors.compatibility import require_one_space, warn_of_strangers

    if map_file != "-":
        from alignx.alignment.alignment import Alignment

        source, target = languages
        return Alignment.load(map_file).apply(source, target)
    require_one_space({language.name: language for language in languages})
    for language in languages[1:]:
        if language.dimension == languages[0].dimension:  # or they are refused below
            warn_of_strangers(languages[0], language)
    if len(languages) == 2:
        return SharedSpace.of(languages[0], languages[1])
    by_code = {language.language or "": language for language in languages}
    if "" in by_code or len(by_code) < len(languages):
        found = ", ".join(f"{language.source}: {language.language}" for language in languages)
        raise ValueError(
            f"the names of vectors must tell their languages apart, got {found}; "
            "`alignx convert --language` stores a code"
        )
    return SharedSpace(by_code)
