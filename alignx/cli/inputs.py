"""Input files of commands: vectors, maps, dictionaries, lists of words."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from alignx.cli.options import refuse
from alignx.support.counts import counted
from alignx.support.files import require_readable

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator, Sequence

    from alignx.alignment.alignment import Alignment
    from alignx.alignment.shared_space import SharedSpace
    from alignx.cli.options import LanguageFiles, LanguagePair, Reading, TableOptions
    from alignx.cli.terminal import Terminal
    from alignx.induction.lazy_space import LazySpace
    from alignx.lexicon.lexicon import Lexicon
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.spelling import Casing

__all__ = [
    "as_entries",
    "as_utf8",
    "is_folder",
    "lazy_space",
    "read_alignment",
    "read_entries",
    "read_input",
    "read_languages",
    "read_lexicon",
    "read_vectors",
    "shared_space",
]


def read_vectors(
    terminal: Terminal,
    path: Path,
    reading: Reading,
    prefix: str = "",
    language: str | None = None,
) -> Embeddings:
    """Load vectors, whose notes are logged, and print their counts."""
    from alignx.vectors.io import load

    with terminal.working(f"Reading {path.name}") as progress:
        embeddings = load(
            path,
            limit=reading.limit,
            casing=reading.casing,
            language=language,
            on_error=reading.on_error,
            progress=progress,
            prefix=prefix,
        )
    counts = embeddings.report.counts if embeddings.report else ""
    terminal.note(f"{embeddings.name}: {counts}{_language_note(embeddings)}")
    return embeddings


def read_languages(
    terminal: Terminal, map_file: str, files: LanguagePair | LanguageFiles
) -> list[Embeddings]:
    """Load vectors after a check that all of them, and the map, can be read.

    After the folder of a space they are languages of it, by their codes.
    """
    from alignx.vectors.hub import local_path

    if is_folder(map_file):
        return _languages_of_space(terminal, map_file, files)
    names = [map_file, *(str(local_path(path)) for path in files.paths)]
    require_readable(*(name for name in names if name != "-"))
    return [read_vectors(terminal, path, files) for path in files.paths]


def read_lexicon(
    terminal: Terminal,
    path: Path,
    reading: Reading,
    table: TableOptions | None = None,
    *,
    scored: bool = False,
) -> Lexicon:
    """Load a dictionary, or scored word pairs; print its size and the guesses about it."""
    from alignx.lexicon.lexicon import Lexicon

    # Lookup lower-cases words too, by the rules of each language.
    chosen = {} if table is None else table.as_dict()
    lexicon = Lexicon.load(path, on_error=reading.on_error, scored=scored, **chosen)
    terminal.note(str(lexicon))
    return lexicon


def _language_note(embeddings: Embeddings) -> str:
    """Return the language guessed from the file name, with its alternatives."""
    from alignx.vectors.language_codes import guess_language

    report = embeddings.report
    if report is None or embeddings.language != report.language:
        return ""  # a cache stores its language
    others = " and ".join(guess_language(report.path).others)
    if report.language is None:
        doubt = f"its name holds {others}; `alignx convert --language` stores the right one"
        return f"; language unknown, since {doubt}" if others else ""
    doubt = f" (which holds {others} too; `alignx convert --language` stores another)"
    return f"; language {report.language}, by its name{doubt if others else ''}"


def read_entries(terminal: Terminal, path: Path) -> list[str]:
    """Read words and phrases, one a line, and print their number."""
    from alignx.errors import FormatError
    from alignx.support.text_files import read_lines
    from alignx.vectors.spelling import FIELD_BLANKS

    lines = (line.text for line in read_lines(path, "the list", markup=False))
    entries = list(dict.fromkeys(line for line in lines if line.strip(FIELD_BLANKS)))
    if not entries:
        raise FormatError(path, "the list must hold a word or phrase a line, got none")
    terminal.note(f"{path.name}: {len(entries):,} words and phrases")
    return entries


def as_entries(lines: Sequence[str], language: Embeddings, *, casing: Casing) -> list[str]:
    """Normalize white space of words and phrases; drop duplicates and empty lines.

    A line that the vocabulary contains keeps its white space.
    """
    from alignx.vectors.spelling import cased, words_of

    asked = [cased(line, casing, language.language) for line in lines]
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
    """Read the lines of standard input."""
    from alignx.support.text_files import stream_lines

    stream = cast("io.BufferedIOBase", sys.stdin.buffer)
    for lines in stream_lines(stream, "standard input", "a list of words"):
        for line in lines:
            yield line.text


def is_folder(map_file: str) -> bool:
    """Return True for the folder of a space, which may stand where a map does."""
    return Path(map_file).is_dir()


def _languages_of_space(
    terminal: Terminal, folder: str, files: LanguagePair | LanguageFiles
) -> list[Embeddings]:
    """Open languages of a space, and print their numbers of words."""
    from alignx.alignment.shared_space import SharedSpace

    refuse(files.casing != "keep", "--casing", "a space keeps its words; leave it out")
    space, codes = SharedSpace.open(folder, limit=files.limit), [str(path) for path in files.paths]
    for code in codes:
        refuse(
            code not in space or codes.count(code) > 1,
            "SOURCE, TARGET",
            f"{folder} takes codes of its languages, each once: {', '.join(space)}; got {code}",
        )
    for code in codes:
        terminal.note(f"{folder}: {code}, {counted(len(space[code]), 'word')}")
    return [space[code] for code in codes]


def read_alignment(map_file: str) -> Alignment | None:
    """Load a map; there is none for ``"-"`` and for the folder of a space."""
    from alignx.alignment.alignment import Alignment

    return None if map_file == "-" or is_folder(map_file) else Alignment.load(map_file)


def shared_space(
    map_file: str, languages: Sequence[Embeddings], *, reverse: bool = False
) -> SharedSpace:
    """Map two languages into one space; after ``"-"``, join languages that share a space.

    Those of a space on disk are joined with its learned rankings.
    """
    if is_folder(map_file):
        return _joined_from_folder(map_file, languages[::-1] if reverse else languages)
    shared = _joined(map_file, languages)
    return shared.reversed() if reverse else shared


def lazy_space(map_file: str, languages: Sequence[Embeddings], *, reverse: bool) -> LazySpace:
    """Join two languages as `shared_space` does, with rows computed when they are read."""
    from alignx.induction.lazy_space import LazySpace

    if is_folder(map_file):
        shared = shared_space(map_file, languages, reverse=reverse)
        return LazySpace(shared.source, shared.target, ranker=shared.ranker)
    space = LazySpace(languages[0], languages[1], read_alignment(map_file))
    return space.reversed() if reverse else space


def _joined(map_file: str, languages: Sequence[Embeddings]) -> SharedSpace:
    from alignx.alignment.shared_space import SharedSpace
    from alignx.vectors.same_space import require_same_space, warn_of_different_spaces

    alignment = read_alignment(map_file)
    if alignment is not None:
        source, target = languages
        return alignment.apply(source, target)
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


def _joined_from_folder(folder: str, languages: Sequence[Embeddings]) -> SharedSpace:
    """Join languages of a space with its rankings, which may look at a third language."""
    from alignx.alignment.shared_space import SharedSpace
    from alignx.alignment.space_folder.reader import SpaceFolder
    from alignx.alignment.unit_languages import UnitLanguages

    opened = SpaceFolder.open(folder)
    chosen = UnitLanguages.of({language.language or "": language for language in languages})
    if len(chosen) > 2:
        return SharedSpace(chosen, pairs=opened.pairs)
    by_code = {**opened.languages.by_code, **chosen.by_code}
    all_languages = UnitLanguages(by_code, opened.languages.biases)
    return SharedSpace(all_languages, pairs=opened.pairs).pair(*chosen)
