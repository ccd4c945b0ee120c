"""Open files for reading, and replace files as a whole, with errors that a user can act on."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple, Self, overload

from alignx.errors import AlignxError, FormatError, InputError, MissingFileError, OutputError

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator

__all__ = [
    "FileState",
    "appearing",
    "printable",
    "reading",
    "replacing",
    "require_readable",
    "require_regular",
    "require_writable",
]

StrPath = str | os.PathLike[str]

_UNREADABLE = {
    errno.ENOENT: "no such file; check the name",
    errno.ENOTDIR: "no such file; check the name",
    errno.EISDIR: "this is a directory; name a file in it",
    errno.EACCES: "permission to read the file is denied",
    errno.ELOOP: "its symbolic links lead in a circle; name the file itself",
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
    errno.ELOOP: "its symbolic links lead in a circle; choose another place",
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
    MissingFileError
        If there is no such file.
    InputError
        If it is a directory, or cannot be read.

    Examples
    --------
    >>> with reading("no-such.vec") as file:
    ...     file.read()
    Traceback (most recent call last):
        ...
    alignx.errors.MissingFileError: no-such.vec: no such file; check the name
    """
    try:
        with Path(path).open("rb") as file:
            yield file
    except AlignxError:
        raise
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: StrPath, error: OSError) -> InputError:
    is_missing = isinstance(error, FileNotFoundError | NotADirectoryError)
    kind = MissingFileError if is_missing else InputError
    return kind(path, _reason(error, _UNREADABLE))


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
    and nothing is left behind. A file that is replaced keeps its permissions.
    Special files such as ``/dev/stdout`` are written directly.

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
    with _as_output_errors(path):
        if _is_special(path):
            with _open(Path(path), mode) as file:
                yield file
        else:
            with _replacing_regular(Path(path), mode) as file:
                yield file


@contextlib.contextmanager
def _replacing_regular(path: Path, mode: Literal["w", "wb"]) -> Iterator[IO[Any]]:
    """Write beside the file that `path` names, or links to, then rename."""
    target = _target_of(path)
    with _beside(target, mode) as (temporary, file):
        yield file
        file.close()  # writes what is buffered, which may fail
        temporary.replace(target)


@contextlib.contextmanager
def _beside(target: Path, mode: Literal["w", "wb"]) -> Iterator[tuple[Path, IO[Any]]]:
    """Open a temporary file that may take the place of `target`; an exception removes it."""
    temporary = target.with_name(f".alignx-{secrets.token_hex(8)}.tmp")
    try:
        with _open(temporary, "x" + mode[1:]) as file:
            _keep_permissions(target, file.fileno())
            yield temporary, file
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _target_of(path: Path) -> Path:
    """Follow links to the file that is to be replaced, and refuse what `open` would refuse."""
    try:
        path.stat()
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise
    target = Path(os.path.realpath(path))
    _check_replaceable(target)
    return target


def _keep_permissions(target: Path, descriptor: int) -> None:
    """Give a file the mode, and where that is allowed the owner, of the one that it replaces."""
    try:
        old = target.stat()
    except OSError:
        return
    # The owner first, as a change of it may take away bits of the mode.
    with contextlib.suppress(OSError):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


@contextlib.contextmanager
def appearing(path: StrPath) -> Iterator[Callable[[str], None]]:
    r"""Write lines to a file that others watch, and that takes the place of `path` with the first.

    Parameters
    ----------
    path : str or path-like
        The file to create or replace. If the block fails before the first line, an old file is
        untouched.

    Yields
    ------
    callable
        Writes a line; it is there for whoever watches the file when the call returns.

    Raises
    ------
    OutputError
        If the file cannot be written; the message says why.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "log.jsonl"
    >>> with appearing(path) as write:
    ...     path.exists()
    ...     write('{"round": 1}')
    ...     path.read_text()
    False
    '{"round": 1}\n'
    """
    with contextlib.ExitStack() as stack:
        temporary = target = None
        with _as_output_errors(path):
            if _is_special(path):
                file = stack.enter_context(_open(Path(path), "wb"))
            else:
                target = _target_of(Path(path))
                temporary, file = stack.enter_context(_beside(target, "wb"))

        def appear() -> None:
            nonlocal temporary
            if temporary is not None and target is not None:
                temporary.replace(target)
                temporary = None

        def write(line: str) -> None:
            data = line.encode() + b"\n"
            with _as_output_errors(path):
                while data:  # past the buffer, which would fail again when it is closed
                    data = data[os.write(file.fileno(), data) :]
                appear()

        yield write
        with _as_output_errors(path):
            appear()


@contextlib.contextmanager
def _as_output_errors(path: StrPath) -> Iterator[None]:
    try:
        yield
    except AlignxError:
        raise
    except OSError as error:
        raise OutputError(path, _reason(error, _UNWRITABLE)) from error


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
    with _as_output_errors(path):
        target = _target_of(Path(path))
        if not target.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "No such directory")
        if not os.access(target.parent, os.W_OK):
            raise PermissionError(errno.EACCES, "Permission denied")


def _check_replaceable(target: Path) -> None:
    """Refuse what `open` would refuse but a rename would not."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "Is a directory")
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "Permission denied")


def _reason(error: OSError, known: dict[int, str]) -> str:
    """Say what a system error means to the user."""
    return known.get(error.errno or 0) or error.strerror or str(error)


def require_readable(*paths: StrPath) -> None:
    """Refuse files that are missing or closed to the user, before others are read for minutes.

    Raises
    ------
    MissingFileError, InputError
        If one is missing or cannot be read.

    Examples
    --------
    >>> require_readable("no-such.vec")
    Traceback (most recent call last):
        ...
    alignx.errors.MissingFileError: no-such.vec: no such file; check the name
    """
    for path in paths:
        try:
            Path(path).stat()
            if not os.access(path, os.R_OK):
                raise PermissionError(errno.EACCES, "Permission denied")
        except OSError as error:
            raise _unreadable(path, error) from error


def require_regular(path: StrPath, what: str) -> None:
    """Refuse a pipe, a device or a socket, which could only be read once or for ever.

    Parameters
    ----------
    path : str or path-like
        What is to be opened. Nothing is said of what is not there.
    what : str
        What messages call it, with its article, such as ``"a map"``.

    Raises
    ------
    FormatError
        If it is there and no file.

    Examples
    --------
    >>> require_regular("/dev/null", "a map")
    Traceback (most recent call last):
        ...
    alignx.errors.FormatError: /dev/null: a map must be a regular file, got a device; write it to \
a file first
    """
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return
    kind = "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
    raise FormatError(path, f"{what} must be a regular file, got {kind}; write it to a file first")


def printable(path: StrPath) -> str:
    r"""Give a path as text that every file and terminal can hold.

    Examples
    --------
    >>> printable(os.fsdecode(b"se\xf1or.vec"))  # a name in Latin-1
    'se\\xf1or.vec'
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


class FileState(NamedTuple):
    """What tells whether a file is still the one that was opened.

    Attributes
    ----------
    size : int
        In bytes.
    modified : int
        Nanoseconds of the last change.
    """

    size: int
    modified: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Take from what the system says of a file."""
        return cls(status.st_size, status.st_mtime_ns)
