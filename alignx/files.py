"""Open files for reading, and replace files as a whole, with errors that a user can act on."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, overload

from alignx.errors import FormatError, OutputError

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

__all__ = ["reading", "replacing", "require_writable"]

StrPath = str | os.PathLike[str]

_UNREADABLE = {
    errno.ENOENT: "no such file; check the name",
    errno.ENOTDIR: "no such file; check the name",
    errno.EISDIR: "this is a directory; name a file in it",
    errno.EACCES: "permission to read the file is denied",
}

_UNWRITABLE = {
    errno.ENOENT: "the directory does not exist; create it first",
    errno.ENOTDIR: "the directory does not exist; create it first",
    errno.EISDIR: "this is a directory; name a file in it",
    errno.EACCES: "permission to write here is denied; choose another place",
    errno.EPERM: "permission to write here is denied; choose another place",
    errno.EROFS: "the file system is read-only; choose another place",
    errno.ENOSPC: "no space is left on the device; free some or choose another place",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another place",
    errno.EFBIG: "the file exceeds the size that is allowed here; choose another place",
}


@contextlib.contextmanager
def reading(path: StrPath) -> Iterator[io.BufferedReader]:
    """Open a file for reading bytes.

    Parameters
    ----------
    path : str or path-like
        The file.

    Yields
    ------
    binary file
        Closed at the end of the block.

    Raises
    ------
    FormatError
        If there is no such file, it is a directory, or it cannot be read.

    Examples
    --------
    >>> with reading("no-such.vec") as file:
    ...     file.read()
    Traceback (most recent call last):
        ...
    alignx.errors.FormatError: no-such.vec: no such file; check the name
    """
    try:
        with Path(path).open("rb") as file:
            yield file
    except OSError as error:
        raise FormatError(path, _reason(error, _UNREADABLE)) from error


@overload
def replacing(
    path: StrPath, mode: Literal["w"] = "w"
) -> contextlib.AbstractContextManager[IO[str]]: ...
@overload
def replacing(
    path: StrPath, mode: Literal["wb"]
) -> contextlib.AbstractContextManager[IO[bytes]]: ...
@contextlib.contextmanager
def replacing(path: StrPath, mode: Literal["w", "wb"] = "w") -> Iterator[IO[Any]]:
    r"""Write a file that takes the place of `path` when the block ends without an exception.

    What is written goes to a temporary file in the same directory, which is then
    renamed. After an exception, a full disk or Ctrl-C, the old file is untouched
    and nothing is left behind. Special files such as ``/dev/stdout`` are written
    directly.

    Parameters
    ----------
    path : str or path-like
        The file to create or replace.
    mode : {"w", "wb"}
        Text (UTF-8, lines end in ``"\n"``) or bytes.

    Yields
    ------
    file
        Open for writing; closed at the end of the block.

    Raises
    ------
    OutputError
        If the file cannot be written; the message says why.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "pairs.tsv"
    >>> with replacing(target) as file:
    ...     _ = file.write("cat\tgato\n")
    ...     target.exists()
    False
    >>> target.read_text()
    'cat\tgato\n'
    """
    try:
        if _is_special(path):
            with _open(Path(path), mode) as file:
                yield file
        else:
            with _replacing_regular(Path(path), mode) as file:
                yield file
    except OSError as error:
        raise OutputError(path, _reason(error, _UNWRITABLE)) from error


@contextlib.contextmanager
def _replacing_regular(path: Path, mode: Literal["w", "wb"]) -> Iterator[IO[Any]]:
    """Write beside the file that `path` names, or links to, then rename."""
    target = path.resolve()
    _check_replaceable(target)
    temporary = target.with_name(f".alignx-{secrets.token_hex(8)}.tmp")
    try:
        with _open(temporary, "x" + mode[1:]) as file:
            yield file
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _open(path: Path, mode: str) -> IO[Any]:
    """Open with the user's usual permissions; text is UTF-8 on every platform."""
    if "b" in mode:
        return path.open(mode)
    return path.open(mode, encoding="utf-8", newline="\n")


def _is_special(path: StrPath) -> bool:
    """Whether renaming onto `path` would replace a device, a pipe or a descriptor."""
    if os.fspath(path).startswith(("/dev/", "/proc/")):
        return True
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def require_writable(path: StrPath) -> None:
    """Refuse a place where `replacing` could not write, before long work whose result goes there.

    Parameters
    ----------
    path : str or path-like
        The file to be.

    Raises
    ------
    OutputError
        If its directory is missing or write-protected, or it is a directory itself.

    Examples
    --------
    >>> require_writable("no-such-directory/en.vec")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    alignx.errors.OutputError: no-such-directory/en.vec: the directory does not exist; ...
    """
    if _is_special(path):
        return
    target = Path(path).resolve()
    try:
        _check_replaceable(target)
        if not target.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "No such directory")
        if not os.access(target.parent, os.W_OK):
            raise PermissionError(errno.EACCES, "Permission denied")
    except OSError as error:
        raise OutputError(path, _reason(error, _UNWRITABLE)) from error


def _check_replaceable(target: Path) -> None:
    """Refuse what `open` would refuse but a rename would not."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "Is a directory")
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "Permission denied")


def _reason(error: OSError, known: dict[int, str]) -> str:
    """Say what a system error means to the user."""
    return known.get(error.errno or 0) or error.strerror or str(error)
