"""Transfer of one file by HTTP: resumed, retried, checked for length and kind."""

from __future__ import annotations

import json
import logging
import re
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING

from alignx.datasets.network import (
    ADVICE,
    failure,
    interruption,
    is_broken_off,
    is_of_network,
    require_data,
    status_of,
    unreachable,
    without_password,
)
from alignx.errors import AlignxError, OutputError
from alignx.support.file_kinds import HEAD_SIZE
from alignx.support.files import output_errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from requests import Response, Session

    from alignx.support.progress import Progress

__all__ = ["Transfer", "gigabytes"]

logger = logging.getLogger("alignx")

_CHUNK = 1 << 16
_TIMEOUTS = (10.0, 60.0)  # for the connection, and for each piece of data; seconds
_MOST_FAILURES = 6  # in a row, none of which gets further
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0  # the first is doubled after each failure; seconds
_TEMPORARY = {408, 425, 429}


def gigabytes(size: int | None) -> str:
    """Format a number of bytes.

    Examples
    --------
    >>> gigabytes(2_594_302_560), gigabytes(195_755), gigabytes(None)
    ('2.6 GB', '195.8 kB', 'unknown size')
    """
    if size is None:
        return "unknown size"
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} bytes"


class _BrokenOffError(Exception):
    """End of an attempt that another one may mend."""

    def __init__(self, problem: str, wait: float = 0.0) -> None:
        super().__init__(problem)
        self.wait = wait


@dataclass
class _Version:
    """What the server says of the file, kept beside its first part."""

    url: str = ""
    validator: str | None = None
    size: int | None = None

    @classmethod
    def of(cls, url: str, response: Response, size: int | None) -> _Version:
        tag = response.headers.get("ETag", "")
        strong = tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")
        return cls(without_password(url), strong, size)


@dataclass
class Transfer:
    """Downloader in the form that pooch takes.

    Parameters
    ----------
    part : path
        File of what has arrived, kept after an interrupt or an error.
    check : callable
        Called with `part` when all has arrived, before it counts as the file.
    progress : callable, optional
        Called with the fraction that has arrived.
    """

    part: Path
    check: Callable[[Path], object]
    progress: Progress | None = None
    _version: _Version = field(default_factory=_Version, repr=False)
    _reached: bool = field(default=False, repr=False)

    def __call__(self, url: str, output_file: str, _pooch: object) -> None:
        """Fetch a file, on top of what earlier calls have fetched.

        Raises
        ------
        DownloadError
            If the server is out of reach, refuses the file or sends something else.
        OutputError
            If the disk is full or write-protected.
        """
        self._load_version()
        try:
            self._try(url)
            self._check()
        except KeyboardInterrupt:
            logger.warning("%s: interrupted%s", self.part.stem, self._kept())
            raise
        finally:
            if not self.part.exists() or not self._size:
                self._version_path.unlink(missing_ok=True)
        self.part.replace(output_file)
        self._version_path.unlink(missing_ok=True)

    def _check(self) -> None:
        try:
            self.check(self.part)
        except AlignxError:
            self.part.unlink()
            raise

    def _try(self, url: str) -> None:
        """Attempt until all has arrived, or too many attempts in a row got no further."""
        import requests
        import urllib3

        failures, furthest = 0, self._size
        with requests.Session() as session:
            session.headers["User-Agent"] = f"alignx/{version('alignx')}"
            session.headers["Accept-Encoding"] = "identity"
            while True:
                try:
                    return self._attempt(session, url)
                except _BrokenOffError as error:
                    problem, wait = str(error), error.wait
                except urllib3.exceptions.HTTPError as error:
                    problem, wait = interruption(error), 0.0
                except requests.exceptions.RequestException as error:
                    if not (is_broken_off(error) or (self._reached and is_of_network(error))):
                        raise failure(url, unreachable(error, url)) from error
                    problem, wait = interruption(error), 0.0
                failures = 1 if self._size > furthest else failures + 1
                furthest = max(furthest, self._size)
                if failures >= _MOST_FAILURES:
                    raise failure(url, f"{problem}, {failures} times in a row{self._kept()}")
                wait = min(max(wait, _FIRST_WAIT * 2 ** (failures - 1)), _LONGEST_WAIT)
                logger.info("%s: %s; next attempt in %.1f s", self.part.name, problem, wait)
                time.sleep(wait)

    def _attempt(self, session: Session, url: str) -> None:
        """Ask for the rest of the file, and append it."""
        have, known = self._size, self._version
        is_same = known.url == without_password(url)
        if have and is_same and have == known.size:
            return
        headers: dict[str, str] = {}
        if have and is_same and known.validator:
            headers = {"Range": f"bytes={have}-", "If-Range": known.validator}
        with session.get(url, stream=True, headers=headers, timeout=_TIMEOUTS) as response:
            self._reached = True
            start, size = self._answered(url, response, have)
            self._version = _Version.of(url, response, size)
            self._require_space(size, start)
            with output_errors(self.part):
                self._version_path.write_text(json.dumps(vars(self._version)), encoding="utf-8")
            with output_errors(self.part), self.part.open("r+b") as file:
                file.truncate(start)
                file.seek(start)
                for data in response.raw.stream(_CHUNK, decode_content=False):
                    if file.tell() == 0:
                        require_data(url, response, data[:HEAD_SIZE])
                    file.write(data)
                    if self.progress is not None and size:
                        self.progress(min(file.tell() / size, 1.0))
        if size is not None and self._size != size:
            raise _BrokenOffError(f"the server promised {size:,} bytes and sent {self._size:,}")

    def _answered(self, url: str, response: Response, have: int) -> tuple[int, int | None]:
        """Return where the data of a response begins, and the size of the whole file."""
        status = response.status_code
        if status == 206:
            found = re.fullmatch(
                r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", "")
            )
            part = found and (int(found[1]), int(found[2]))
            again = _Version.of(url, response, part[1] if part else None)
            if part and part[0] == have and again == self._version:
                return part
        if status in (206, 416):  # of another version of the file, or nonsense
            self._version = _Version()
            raise _BrokenOffError("the file has changed on the server")
        if status >= 500 or status in _TEMPORARY:
            wait = response.headers.get("Retry-After", "")
            raise _BrokenOffError(status_of(response), float(wait) if wait.isdecimal() else 0.0)
        if status != 200:
            raise failure(url, f"{status_of(response)}{ADVICE.get(status, '')}")
        packed = response.headers.get("Content-Encoding", "identity")
        if packed != "identity" and not url.endswith(".gz"):
            raise failure(url, f"the server must send the file as it is, got it as {packed}")
        length = response.headers.get("Content-Length", "")
        if not length.isdecimal() and not response.raw.chunked:
            logger.warning("%s: the server tells no length, so a cut file may pass", self.part.name)
        return 0, int(length) if length.isdecimal() else None

    def _require_space(self, size: int | None, start: int) -> None:
        """Refuse a file that is larger than the free space."""
        free = shutil.disk_usage(self.part.parent).free + self._size - start
        if size is not None and size - start > free:
            raise OutputError(
                self.part.parent,
                f"{gigabytes(size - start)} must be free here, got {gigabytes(free)}; "
                "free some space or choose another folder",
            )

    @property
    def _size(self) -> int:
        return self.part.stat().st_size

    def _kept(self) -> str:
        """Tell how much is kept, if it is of use."""
        if not self._size or not self._version.validator:
            return ""
        parts = f"{gigabytes(self._size)} of {gigabytes(self._version.size)}"
        return f"; {parts} are kept, the same command goes on there"

    @property
    def _version_path(self) -> Path:
        return self.part.with_name(f"{self.part.name}.json")

    def _load_version(self) -> None:
        with suppress(OSError, ValueError, TypeError):
            self._version = _Version(**json.loads(self._version_path.read_text(encoding="utf-8")))
