"""Checks of output paths before long work."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from alignx.errors import FormatError, OutputError
from alignx.support.files import StrPath, is_special, require_writable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["require_outputs", "require_suffix"]

Paths: TypeAlias = StrPath | list[str] | list[Path] | None

# Endings that name a format. Others, such as that of en-es.train, are accepted everywhere.
_FORMATS = {
    ".7z", ".arrow", ".bin", ".bz2", ".csv", ".db", ".dix", ".doc", ".docx", ".epub", ".feather",
    ".ftz", ".gz", ".h5", ".hdf5", ".htm", ".html", ".ifo", ".ipynb", ".joblib", ".jpeg", ".jpg",
    ".json", ".jsonl", ".lzma", ".md", ".mobi", ".msgpack", ".ndjson", ".npy", ".npz", ".ods",
    ".odt", ".onnx", ".orc", ".parquet", ".pdf", ".pickle", ".pkl", ".png", ".po", ".ppt",
    ".pptx", ".ps", ".pt", ".pth", ".rdf", ".rtf", ".safetensors", ".sqlite", ".sqlite3", ".svg",
    ".tar", ".tbx", ".tex", ".tgz", ".tmx", ".toml", ".ts", ".tsv", ".ttl", ".txt", ".vec",
    ".xdxf", ".xhtml", ".xlf", ".xliff", ".xls", ".xlsm", ".xlsx", ".xml", ".xz", ".yaml", ".yml",
    ".zip", ".zst",
}  # fmt: skip
_WRITTEN = {
    "a dictionary": (
        ".tsv", ".txt", ".csv", ".jsonl", ".ifo", ".dix", ".ttl", ".tmx", ".md", ".html",
        ".arrow", ".feather", ".parquet",
    ),
    "a map": (".safetensors",),
    "a model": (".safetensors",),
    "a fastText model": (".bin",),
    "a page": (".html", ".htm"),
    "a table": (".md", ".txt", ".json"),
    "a figure": (".svg", ".png", ".pdf"),
    "a log": (".jsonl", ".ndjson", ".json", ".txt"),
}  # fmt: skip


def require_suffix(path: StrPath, what: str) -> None:
    """Refuse a file name with the ending of another format.

    `what` is a key of ``_WRITTEN``, such as ``"a map"``; the error is a FormatError.

    Examples
    --------
    >>> require_suffix("map.xlsx", "a map")
    Traceback (most recent call last):
        ...
    alignx.errors.FormatError: map.xlsx: a map is written as .safetensors, not as .xlsx
    """
    if not Path(path).name:
        raise OutputError(path, "this is a directory; name a file in it")
    suffix, written = Path(path).suffix, _WRITTEN[what]
    if suffix.lower() not in _FORMATS.difference(written) or is_special(path):
        return
    *others, last = written
    names = f"{', '.join(others)} or {last}" if others else last
    raise FormatError(path, f"{what} is written as {names}, not as {suffix}")


def require_outputs(
    outputs: Mapping[str, Paths],
    inputs: Mapping[str, Paths],
    folders: Mapping[str, StrPath | None] | None = None,
) -> None:
    """Refuse unwritable outputs, and those over an input or each other.

    Parameters
    ----------
    outputs, inputs : mapping of str to path or list of paths
        Files by their name in messages, such as ``"--output"``. None is skipped. Files are compared
        by identity, through links.
    folders : mapping of str to path, optional
        Folders of unfinished results, which are deleted at the end.

    Raises
    ------
    OutputError
        If an output would replace a file, or its folder is missing or write-protected.
    """
    read = list(_flattened(inputs))
    written: list[tuple[str, StrPath]] = []
    for label, path in _flattened(outputs):
        identity = _identity(path)
        others = read if is_special(path) else [*read, *written]
        for other, its_path in others:
            if identity is not None and identity == _identity(its_path):
                named = "" if str(path) == str(its_path) else f", {os.fspath(its_path)}"
                problem = f"{label} would replace {other}{named}; choose another name"
                raise OutputError(path, problem)
        require_writable(path)
        written.append((label, path))
    for label, folder in (folders or {}).items():
        if folder is not None:
            _require_folder(folder)
            _require_outside(label, folder, [*read, *written])


def _require_folder(path: StrPath) -> None:
    """Refuse an unusable folder."""
    if not Path(path).is_dir():
        require_writable(path)
        if os.path.lexists(path):
            raise OutputError(path, "this must be a folder, and is a file; choose another name")
    elif not os.access(path, os.W_OK):
        problem = "permission to write here is denied; choose another place"
        raise OutputError(path, problem)


def _flattened(named: Mapping[str, Paths]) -> Iterator[tuple[str, StrPath]]:
    for label, paths in named.items():
        for path in paths if isinstance(paths, list) else [paths]:
            if path is not None:
                yield label, path


def _identity(path: StrPath) -> tuple[object, ...] | None:
    """Return a key shared by all names of a file, or None."""
    try:
        status = Path(path).stat()
    except OSError as error:
        # A circle of links is named by the function that opens it.
        return None if error.errno == errno.ELOOP else (os.path.realpath(path),)
    if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        return status.st_dev, status.st_ino
    return None


def _require_outside(label: str, folder: StrPath, files: Iterable[tuple[str, StrPath]]) -> None:
    root = os.path.realpath(folder)
    for other, path in files:
        if os.path.realpath(path).startswith(root + os.sep):
            problem = f"{other}, {os.fspath(path)}, must lie outside of {label}, which is cleared"
            raise OutputError(folder, f"{problem}; choose another place")
