"""Files of a space: written whole under names by their content, checked, and cleared away."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from typing import IO, TYPE_CHECKING

from alignx.alignment.space_folder.codes import PAIRS, require_code
from alignx.alignment.space_folder.manifest import StoredFile
from alignx.errors import FormatError, MissingFileError, OutputError
from alignx.support.files import output_errors, reading

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

__all__ = [
    "add_file",
    "make_folder",
    "path_of",
    "remove_others",
    "require_file",
    "sync_folder",
    "verify_file",
]

_DIGITS = 16  # of the digest, in names
_OURS = re.compile(
    rf"(vectors|map|documents|subwords|frame|[\w-]+\.[\w-]+(\.biases)?)-[0-9a-f]{{{_DIGITS}}}\.safetensors|\.alignx-[0-9a-f]{{16}}\.tmp"
)


def make_folder(root: Path, manifest: str, kind: str) -> None:
    """Make a folder for a space or an index; refuse one that holds other things.

    It may hold its manifest, or what an interrupted writer has left. Raises OutputError.
    """
    with output_errors(root):
        root.mkdir(exist_ok=True)
        entries = [path for path in root.iterdir() if not path.name.startswith(".")]
        ours = set(_ours(root))
        others = [
            path
            for path in entries
            if not (path in ours or (path.is_dir() and ours.issuperset(path.iterdir())))
        ]
    if others and root / manifest not in entries:
        problem = f"this folder holds no {kind} but other files; choose another name"
        raise OutputError(root, problem)


def add_file(root: Path, stem: str, write: Callable[[IO[bytes]], object]) -> StoredFile:
    """Write a file, such as ``es/vectors``, under a name that ends in a digest of its content.

    It is on the disk when it gets its name. Raises OutputError if it cannot be written.
    """
    start = root / stem
    temporary = start.with_name(f".alignx-{secrets.token_hex(8)}.tmp")
    with output_errors(start):
        start.parent.mkdir(exist_ok=True)
        try:
            with temporary.open("xb+") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
                size = file.seek(0, os.SEEK_END)
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            path = f"{stem}-{digest[:_DIGITS]}.safetensors"
            temporary.replace(root / path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    return StoredFile(path=path, bytes=size, sha256=digest)


def path_of(root: Path, stored: StoredFile) -> Path:
    """Return the path of a file, or raise MissingFileError where it went since the space opened."""
    path = root / stored.path
    if not path.exists():
        raise MissingFileError(path, "the space has changed since it was opened; open it again")
    return path


def require_file(
    root: Path, stored: StoredFile, *, of: str = "the space", advice: str = "fit it anew"
) -> None:
    """Refuse a file of a folder that is missing or of another size.

    Raises
    ------
    MissingFileError, FormatError
        In one line.
    """
    path = root / stored.path
    try:
        size = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        problem = f"this file of {of} is missing; {advice}"
        raise MissingFileError(path, problem) from None
    if size != stored.bytes:
        problem = f"damaged: it must have {stored.bytes:,} bytes, got {size:,}; {advice}"
        raise FormatError(path, problem)


def verify_file(root: Path, stored: StoredFile, *, advice: str = "fit it anew") -> None:
    """Read a whole file, and refuse other content by a FormatError."""
    path = root / stored.path
    with reading(path) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != stored.sha256:
        raise FormatError(path, f"damaged: its content has changed (SHA-256); {advice}")


def remove_others(root: Path, kept: Collection[StoredFile]) -> None:
    """Remove files of earlier and of unfinished spaces, and folders that this leaves empty.

    Only under the lock. Files with other names stay.
    """
    names = {stored.path for stored in kept}
    for path in list(_ours(root)):
        if path.relative_to(root).as_posix() not in names:
            with contextlib.suppress(OSError):
                path.unlink()
                if path.parent != root:
                    path.parent.rmdir()  # which fails while there are others


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ours(root: Path) -> Iterator[Path]:
    """Yield the files that writers of spaces have made."""
    for folder in [root, *root.iterdir()]:
        if folder == root or (_is_name(folder.name) and folder.is_dir()):
            yield from (path for path in folder.iterdir() if _OURS.fullmatch(path.name))


def _is_name(name: str) -> bool:
    """Whether a folder can be of a language, or that of pairs."""
    try:
        require_code(name)
    except ValueError:
        return name == PAIRS
    return True
