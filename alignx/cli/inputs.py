"""What commands read before they work: vectors, and the map that joins them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from alignx.alignment.shared_space import SharedSpace
    from alignx.cli.options import OnError
    from alignx.cli.terminal import Terminal
    from alignx.vectors.embeddings import Embeddings

__all__ = [
    "as_entries",
    "as_utf8",
    "read_entries",
    "read_input",
    "read_vectors",
    "require_inputs",
    "shared_space",
]


def read_vectors(
    terminal: Terminal,
    path: Path,
    limit: int | None,
    lowercase: bool,
    on_error: OnError,
) -> Embeddings:
    """Load vectors as the options of a command say, and note what was found."""
    from alignx.vectors.io import load

    with terminal.working(f"Reading {path.name}") as progress:
        embeddings = load(
            path,
            limit=limit,
            lowercase=lowercase,
            on_error=on_error.value,
            progress=progress,
        )
    terminal.note(f"{path.name}: {embeddings.report}{_language_note(embeddings)}")
    return embeddings


def require_inputs(map_file: str, vectors: Sequence[Path]) -> None:
    """Refuse a map or vectors that cannot be read, before any of them is.

    Raises
    ------
    FormatError
        If one cannot be read.
    """
    from alignx.support.files import require_readable

    require_readable(*([] if map_file == "-" else [map_file]), *vectors)


def _language_note(embeddings: Embeddings) -> str:
    """Say what language the name of the file tells, and what may be wrong with that."""
    from alignx.vectors.language_codes import guess_language

    report = embeddings.report
    if report is None or embeddings.language != report.language:
        return ""  # a cache knows its language
    others = " and ".join(guess_language(report.path).others)
    if report.language is None:
        doubt = f"its name holds {others}; `alignx convert --language` stores the right one"
        return f"; language unknown, since {doubt}" if others else ""
    doubt = f" (which holds {others} too; `alignx convert --language` stores another)"
    return f"; language {report.language}, by its name{doubt if others else ''}"


def read_entries(terminal: Terminal, path: Path) -> list[str]:
    """Read words and phrases, one a line as they are there, and note how many there are.

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
    """Give words and phrases without superfluous blanks, each once, and no empty ones.

    Parameters
    ----------
    lines : sequence of str
        What was asked; a line that the vocabulary has stays as it is, whatever blanks it holds.
    language : Embeddings
        Whose words they are.
    lowercase : bool
        Whether to lower-case them by the rules of the language.
    """
    from alignx.vectors.spelling import lower, words_of

    asked = [lower(line, language.language) for line in lines] if lowercase else lines
    entries = [line if line in language else " ".join(words_of(line)) for line in asked]
    return list(dict.fromkeys(filter(None, entries)))


def as_utf8(arguments: Sequence[str]) -> list[str]:
    """Give words of the command line as the UTF-8 that they are, whatever the locale says.

    Parameters
    ----------
    arguments : sequence of str
        As Python decoded them; those that are no UTF-8 stay as they are.
    """
    words = []
    for word in arguments:
        try:
            words.append(os.fsencode(word).decode())
        except UnicodeError:
            words.append(word)
    return words


def read_input() -> Iterator[str]:
    """Read the lines of standard input, as `alignx.support.text_files` reads those of files.

    Raises
    ------
    FormatError
        If it is no text in UTF-8.
    """
    from alignx.support.text_files import stream_lines

    stream = cast("io.BufferedIOBase", sys.stdin.buffer)
    for lines in stream_lines(stream, "standard input", "a list of words"):
        for line in lines:
            yield line.text


def shared_space(map_file: str, languages: Sequence[Embeddings]) -> SharedSpace:
    """Join languages by a map, which takes two, or as they are where the map is "-".

    Parameters
    ----------
    map_file : str
        The file, or ``"-"``.
    languages : sequence of Embeddings
        In the order of the map.

    Raises
    ------
    FormatError, DimensionError, DirectionError
        If the map cannot be read, or the vectors do not fit.
    SpaceError
        If the languages were mapped into different spaces.
    ValueError
        If more than two languages do not have a code each.
    """
    from alignx.alignment.alignment import Alignment
    from alignx.alignment.shared_space import SharedSpace
    from alignx.vectors.same_space import require_same_space, warn_of_different_spaces

    if map_file != "-":
        source, target = languages
        return Alignment.load(map_file).apply(source, target)
    require_same_space({language.name: language for language in languages})
    for language in languages[1:]:
        if language.dimension == languages[0].dimension:  # or they are refused below
            warn_of_different_spaces(languages[0], language)
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
