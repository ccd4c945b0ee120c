"""Reading of files, and replacement of whole files."""

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
    "StrPath",
    "appearing",
    "is_special",
    "output_errors",
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
    errno.EEXIST: "this must be a folder, and is a file; choose another name",
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
def _input_errors(path: StrPath) -> Iterator[None]:
    """Raise InputError or MissingFileError in place of errors of the system."""
    try:
        yield
    except AlignxError:
        raise
    except OSError as error:
        is_missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        kind = MissingFileError if is_missing else InputError
        problem = _reason(error, _UNREADABLE)
        # Path() leaves one slash of two.
        if is_missing and os.fspath(path).startswith(("http:/", "https:/")):
            problem = "this is an address, and no file; download it first"
        raise kind(path, problem) from error


@contextlib.contextmanager
def output_errors(path: StrPath) -> Iterator[None]:
    """Raise OutputError in place of errors of the system."""
    try:
        yield
    except AlignxError:
        raise
    except OSError as error:
        raise OutputError(path, _reason(error, _UNWRITABLE)) from error


def _reason(error: OSError, known: dict[int, str]) -> str:
    return known.get(error.errno or 0) or error.strerror or str(error)


@contextlib.contextmanager
def reading(path: StrPath) -> Iterator[io.BufferedReader]:
    """Open a file for reading bytes, or raise InputError or MissingFileError."""
    with _input_errors(path), Path(path).open("rb") as file:
        yield file


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
    r"""Replace a file at the end of the block, except after an exception.

    The content goes to a temporary file in the same directory, which is then renamed. After an
    exception, a full disk or Ctrl-C, the old file is untouched and the temporary file is removed. A
    replaced file keeps its permissions. Special files such as ``/dev/stdout`` are written directly.

    Parameters
    ----------
    path : str or path-like
        Name of the file.
    mode : {"w", "wb"}
        Text (UTF-8, lines end in ``"\n"``) or bytes.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with output_errors(path):
        if is_special(path):
            with _open(Path(path), mode) as file:
                yield file
        else:
            target = _target_of(path)
            with _temporary_beside(target, mode) as (temporary, file):
                yield file
                file.close()  # writes what is buffered, which may fail
                temporary.replace(target)


@contextlib.contextmanager
def appearing(path: StrPath) -> Iterator[Callable[[str], None]]:
    """Replace a file by a log with the first call of the yielded function.

    Each line is visible at once. If the block fails before the first, an old file is untouched.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with contextlib.ExitStack() as stack:
        temporary = target = None
        with output_errors(path):
            if is_special(path):
                file = stack.enter_context(_open(Path(path), "wb"))
            else:
                target = _target_of(path)
                temporary, file = stack.enter_context(_temporary_beside(target, "wb"))

        def appear() -> None:
            nonlocal temporary
            if temporary is not None and target is not None:
                temporary.replace(target)
                temporary = None

        def write(line: str) -> None:
            data = line.encode() + b"\n"
            with output_errors(path):
                while data:  # past the buffer, which would fail again when it is closed
                    data = data[os.write(file.fileno(), data) :]
                appear()

        yield write
        with output_errors(path):
            appear()


@contextlib.contextmanager
def _temporary_beside(target: Path, mode: Literal["w", "wb"]) -> Iterator[tuple[Path, IO[Any]]]:
    """Open a temporary file beside `target`; an exception removes it."""
    temporary = target.with_name(f".alignx-{secrets.token_hex(8)}.tmp")
    try:
        with _open(temporary, "x" + mode[1:]) as file:
            _copy_permissions(target, file.fileno())
            yield temporary, file
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _open(path: Path, mode: str) -> IO[Any]:
    """Open a file; text is UTF-8 on every platform."""
    if "b" in mode:
        return path.open(mode)
    return path.open(mode, encoding="utf-8", newline="\n")


def _target_of(path: StrPath) -> Path:
    """Follow links to the file to replace; refuse unwritable ones."""
    if os.fspath(path) == "-":
        raise OutputError(path, "- is standard input; write to /dev/stdout, or name a file")
    try:
        Path(path).stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "Is a directory")
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "Permission denied")
    return target


def _copy_permissions(target: Path, descriptor: int) -> None:
    """Copy mode, and owner where allowed, from the replaced file."""
    try:
        old = target.stat()
    except OSError:
        return
    # The owner first, as a change of it may take away bits of the mode.
    with contextlib.suppress(OSError):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def is_special(path: StrPath) -> bool:
    """Return True for devices, pipes and descriptors, which no file may replace."""
    if os.fspath(path).startswith(("/dev/", "/proc/")):
        return True
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def require_writable(path: StrPath) -> None:
    """Refuse an unwritable path by an OutputError, before long work."""
    if is_special(path):
        return
    with output_errors(path):
        target = _target_of(path)
        if not target.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "No such directory")
        if not os.access(target.parent, os.W_OK):
            raise PermissionError(errno.EACCES, "Permission denied")


def require_readable(*paths: StrPath) -> None:
    """Refuse missing and protected files by an InputError, before long work."""
    for path in paths:
        with _input_errors(path):
            Path(path).stat()
            if not os.access(path, os.R_OK):
                raise PermissionError(errno.EACCES, "Permission denied")


def require_regular(path: StrPath, what: str) -> None:
    """Refuse pipes, devices and sockets, readable only once, by a FormatError.

    `what` is a noun for the message, with its article, such as ``"a map"``. A missing file passes.
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
    r"""Return a path as text for any file and terminal.

    Examples
    --------
    >>> printable(os.fsdecode(b"se\xf1or.vec"))  # a name in Latin-1
    'se\\xf1or.vec'
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


class FileState(NamedTuple):
    """Size and nanosecond of the last change of a file."""

    size: int
    modified: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Take the state from `os.stat`."""
        return cls(status.st_size, status.st_mtime_ns)
