"""Folder of downloaded files: each with a record and its license, fetched by one process."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import hashlib
import json
import logging
import os
import re
import zipfile
import zlib
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from alignx.datasets.network import failure, without_password
from alignx.datasets.transfer import Transfer
from alignx.errors import FormatError
from alignx.support.archives import unpacked
from alignx.support.file_kinds import GZIP, HEAD_SIZE, ZIP, kind_of
from alignx.support.files import output_errors, reading, replacing
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alignx.datasets.catalog import PublicFile
    from alignx.support.files import StrPath
    from alignx.support.progress import Progress

__all__ = ["cache_folder", "download", "mirrored"]

logger = logging.getLogger("alignx")

_BLOCK = 1 << 20
_HEADER = re.compile(rb"(\d+) \d+\s*\n")
_FEWEST_ROWS = 0.99
_KINDS = {".gz": GZIP, ".zip": ZIP}  # all others are text
_DAMAGES = (EOFError, KeyError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error)


def cache_folder() -> Path:
    """Return ``ALIGNX_CACHE``, or the folder for caches of this system's user."""
    from platformdirs import user_cache_path

    given = os.environ.get("ALIGNX_CACHE")
    return Path(given).expanduser() if given else user_cache_path("alignx")


def mirrored(url: str) -> str:
    """Return an address on the mirror ``ALIGNX_MIRROR``, if set.

    Its folders are those of ``wget --mirror``: the name of the host, then the path.

    Raises
    ------
    ValueError
        If the variable holds no HTTP address.
    """
    mirror = os.environ.get("ALIGNX_MIRROR")
    if not mirror:
        return url
    if not mirror.startswith(("http://", "https://")):
        raise ValueError(f"ALIGNX_MIRROR must begin with http:// or https://, got {mirror!r}")
    place = urlsplit(url)
    return f"{mirror.rstrip('/')}/{place.netloc}{place.path}"


def download(file: PublicFile, folder: StrPath, progress: Progress | None = None) -> Path:
    """Fetch a file into a folder, unless it is there and intact.

    Parameters
    ----------
    file : PublicFile
        What to fetch.
    folder : path
        Where to put it; created.
    progress : callable, optional
        Called with the fraction that has arrived.

    Returns
    -------
    Path
        The file, unpacked if the catalog says so.

    Raises
    ------
    DownloadError
        If it cannot be fetched; names the address.
    OutputError
        If it cannot be written.
    """
    target = Path(folder) / file.result
    if _is_intact(target, file):
        return target
    with output_errors(folder):
        target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{file.name}.part")
    with _only_one(part):
        if target.exists() and _is_intact(target, file):  # another process has fetched it meanwhile
            return target
        _fetch(file, target, part, progress)
    return target


def _fetch(file: PublicFile, target: Path, part: Path, progress: Progress | None) -> None:
    """Fetch, check and unpack a file, and write its license and its record."""
    import pooch

    url = mirrored(file.url)
    if target.exists():
        changed = target.with_name(f"{target.name}.changed")
        logger.warning(
            "%s: damaged or changed; renamed to %s, and fetched again", target, changed.name
        )
        target.replace(changed)
    terms = file.license
    logger.warning("%s: license %s, %s; cite %s", file.result, terms.name, terms.url, terms.cite)
    is_packed = file.result != file.name
    transfer = Transfer(
        part, partial(_accept, file, target), part_of(progress, 0, 0.8 if is_packed else 1)
    )
    pooch.get_logger().setLevel(logging.ERROR)
    with output_errors(target):
        arrived = pooch.retrieve(
            url, None, fname=file.name, path=target.parent, downloader=transfer
        )
    if is_packed:
        try:
            _unpack(file, Path(arrived), target, part_of(progress, 0.8, 0.2))
        except FormatError:
            Path(arrived).unlink()
            raise
    if progress is not None:
        progress(1.0)


def _is_intact(target: Path, file: PublicFile) -> bool:
    """Compare a file with the record of its download, or with its published checksum."""
    import pooch

    if not target.exists():
        return False
    try:
        record = json.loads(_record_of(target).read_text(encoding="utf-8"))
        size, sha256 = record["size"], record["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        size, sha256 = None, file.sha256 if file.result == file.name else None
    if sha256 is None:
        logger.warning("%s: not fetched by alignx, so used without a check", target)
        return True
    with reading(target):  # an unreadable file is named
        is_same_size = size in (None, target.stat().st_size)
        return is_same_size and bool(pooch.file_hash(str(target)) == sha256)


def _accept(file: PublicFile, target: Path, part: Path) -> None:
    """Refuse a file that is not what its name and its checksums say; record it otherwise."""
    import pooch

    url = mirrored(file.url)
    with reading(part) as content:
        head = content.peek(HEAD_SIZE)[:HEAD_SIZE]
        kind = kind_of(head)
        if kind != _KINDS.get(part.with_suffix("").suffix) or not head:
            found = kind.name if kind else "text" if head else "an empty file"
            raise failure(url, f"this must be {file.name}, got {found}")
        if file.sha256 is None and kind == GZIP and file.result == file.name:
            for _ in unpacked(content, file.name):  # which checks its CRC-32
                pass
        elif file.sha256 is None and file.name.endswith(".vec"):
            _require_rows(url, content)
    sha256 = pooch.file_hash(str(part))
    if file.sha256 not in (None, sha256):
        raise failure(
            url,
            f"its SHA-256 must be {file.sha256}, got {sha256}; fetch it again, and if that does "
            "not help, the publisher has changed it",
        )
    if file.result == file.name:
        _write_record(file, target, part.stat().st_size, sha256)


def _require_rows(url: str, content: IO[bytes]) -> None:
    """Refuse a text of vectors without a header, or with fewer rows than that promises."""
    header = content.readline(HEAD_SIZE)
    found = _HEADER.fullmatch(header)
    if not found:
        raise failure(url, "this must be vectors with a header, got other text")
    rows = sum(block.count(b"\n") for block in iter(partial(content.read, _BLOCK), b""))
    if rows < _FEWEST_ROWS * int(found[1]):  # headers of public files are off by a few
        problem = f"its header promises {int(found[1]):,} words, got {rows:,}; fetch it again"
        raise failure(url, problem)


def _unpack(file: PublicFile, archive: Path, target: Path, progress: Progress | None) -> None:
    """Unpack one file of an archive, record it, and delete the archive."""
    whole, size = archive.stat().st_size, 0
    sha256 = hashlib.sha256()
    with reading(archive) as packed, replacing(target, "wb") as out:
        is_zip = archive.suffix == ".zip"
        for piece in _member(packed, target.name) if is_zip else unpacked(packed, archive):
            out.write(piece)
            sha256.update(piece)
            size += len(piece)
            if progress is not None:
                progress(min(packed.tell() / whole, 1.0))
        _write_record(file, target, size, sha256.hexdigest())
    archive.unlink()


def _member(file: IO[bytes], name: str) -> Iterator[bytes]:
    """Unpack one file of a zip archive; its CRC-32 is checked."""
    try:
        with zipfile.ZipFile(file) as archive, archive.open(name) as content:
            yield from iter(partial(content.read, _BLOCK), b"")
    except _DAMAGES as error:
        problem = f"this must be an intact zip archive with {name}; fetch it again"
        raise FormatError(file.name, problem) from error


@contextlib.contextmanager
def _only_one(part: Path) -> Iterator[None]:
    """Wait until no other process fetches a file; hold it meanwhile."""
    while True:
        with output_errors(part), part.open("ab") as file:
            with contextlib.suppress(OSError):  # some network file systems have no locks
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    logger.warning("another process is fetching %s; waiting for it", part.stem)
                    fcntl.flock(file, fcntl.LOCK_EX)
            # Whoever held it may have renamed it meanwhile.
            if not part.exists() or not os.path.samestat(part.stat(), os.fstat(file.fileno())):
                continue
            try:
                yield
            finally:
                with contextlib.suppress(FileNotFoundError):
                    if part.stat().st_size == 0:
                        part.unlink()
            return


def _write_record(file: PublicFile, target: Path, size: int, sha256: str) -> None:
    """Write the license beside a file, and what `_is_intact` compares."""
    terms = file.license
    with replacing(target.with_name(f"{target.name}.LICENSE.txt")) as out:
        out.write(
            f"{target.name}\nfrom {file.url}\nlicense: {terms.name}\n{terms.url}\n"
            f"cite: {terms.cite}\n"
        )
    record = {
        "url": without_password(mirrored(file.url)),
        "size": size,
        "sha256": sha256,
        "published_sha256": file.sha256,
        "license": terms.name,
        "fetched": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    with replacing(_record_of(target)) as out:
        out.write(json.dumps(record, indent=1) + "\n")


def _record_of(target: Path) -> Path:
    return target.with_name(f"{target.name}.json")
