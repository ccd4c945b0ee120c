"""What commands read before they work: vectors, and the map that joins them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.packages import require_packages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from alignx.embeddings import Embeddings
    from alignx.options import OnError
    from alignx.space import SharedSpace
    from alignx.terminal import Terminal

__all__ = ["read_entries", "read_vectors", "require_device", "shared_space"]


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
    terminal.note(f"{path.name}: {embeddings.report}")
    return embeddings


def require_device(device: str | None) -> None:
    """Refuse a device that torch cannot use, before files are read.

    Raises
    ------
    MissingDependencyError
        If torch is not installed.
    ValueError
        If it cannot use the device.
    """
    if device is not None:
        require_packages({"searching on a device": "torch"})
        from alignx.torch_search import as_device

        as_device(device)


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
    FormatError, DimensionError
        If the map cannot be read, or the vectors do not fit.
    ValueError
        If more than two languages do not have a code each.
    """
    from alignx.alignment import Alignment
    from alignx.space import SharedSpace

    if map_file != "-":
        source, target = languages
        return Alignment.load(map_file).apply(source, target)
    if len(languages) == 2:
        return SharedSpace.of(languages[0], languages[1])
    by_code = {language.language or "": language for language in languages}
    if "" in by_code or len(by_code) < len(languages):
        found = ", ".join(f"{language.source}: {language.language}" for language in languages)
        raise ValueError(f"the names of vectors must tell their languages apart, got {found}")
    return SharedSpace(by_code)
