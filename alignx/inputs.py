"""What commands read before they work: vectors, and the map that joins them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from alignx.embeddings import Embeddings
    from alignx.options import OnError
    from alignx.space import SharedSpace
    from alignx.terminal import Terminal

__all__ = ["read_entries", "read_vectors", "shared_space"]


def read_vectors(
    terminal: Terminal,
    path: Path,
    limit: int | None,
    lowercase: bool,
    on_error: OnError,
    threads: int | None,
) -> Embeddings:
    """Load vectors as the options of a command say, and note what was found."""
    from alignx.vectors_io import load

    with terminal.working(f"Reading {path.name}") as progress:
        embeddings = load(
            path,
            limit=limit,
            lowercase=lowercase,
            on_error=on_error.value,
            n_threads=threads,
            progress=progress,
        )
    terminal.note(f"{path.name}: {embeddings.report}{_language_note(embeddings)}")
    return embeddings


def _language_note(embeddings: Embeddings) -> str:
    """Say what language the name of the file tells, and what may be wrong with that."""
    from alignx.languages import guess

    report = embeddings.report
    if report is None or embeddings.language != report.language:
        return ""  # a cache knows its language
    others = " and ".join(guess(report.path).others)
    if report.language is None:
        doubt = f"its name holds {others}; `alignx convert --language` stores the right one"
        return f"; language unknown, since {doubt}" if others else ""
    doubt = f" (which holds {others} too; `alignx convert --language` stores another)"
    return f"; language {report.language}, by its name{doubt if others else ''}"


def read_entries(terminal: Terminal, path: Path, *, lowercase: bool) -> list[str]:
    """Read words and phrases, one a line, and note how many there are.

    Raises
    ------
    FormatError
        If the file cannot be read, is not UTF-8, or holds none.
    """
    from alignx.errors import FormatError
    from alignx.files import reading

    with reading(path) as file:
        try:
            text = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise FormatError(path, "the list must be UTF-8") from error
    entries = [" ".join(line.split()) for line in (text.lower() if lowercase else text).split("\n")]
    entries = list(dict.fromkeys(filter(None, entries)))
    if not entries:
        raise FormatError(path, "the list must hold a word or phrase a line, got none")
    terminal.note(f"{path.name}: {len(entries):,} words and phrases")
    return entries


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
    from alignx.alignment import Alignment
    from alignx.joining import require_one_space, warn_of_strangers
    from alignx.space import SharedSpace

    if map_file != "-":
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
