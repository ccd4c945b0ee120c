from __future__ import annotations

import bz2
import gzip
import io
import logging
import lzma
import os
import tarfile
import threading
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from alignx.errors import FormatError
from alignx.support.archives import unpacked, unpacked_stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DATA = b"cat gato\ndog perro\n" * 5_000


def zipped(
    *files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, folder: bool = False
) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        if folder:
            archive.mkdir("vectors")
        for name, data in files:
            archive.writestr(name, data)
    return file.getvalue()


def tarred(*files: tuple[str, bytes], mode: str = "w") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


ONE = ("en-es.txt", DATA)
ARCHIVES = {
    "plain": DATA,
    "gz": gzip.compress(DATA),
    "bz2": bz2.compress(DATA),
    "xz": lzma.compress(DATA),
    "members": gzip.compress(DATA[:70]) + gzip.compress(DATA[70:]),
    "bz2 members": bz2.compress(DATA[:70]) + bz2.compress(DATA[70:]),
    "padded": gzip.compress(DATA) + bytes(100),
    "zip": zipped(ONE),
    "stored": zipped(ONE, method=zipfile.ZIP_STORED),
    "lzma in zip": zipped(ONE, method=zipfile.ZIP_LZMA),
    "macOS": zipped(ONE, ("__MACOSX/._en-es.txt", b"\0"), (".DS_Store", b"\0")),
    "folder": zipped(("vectors/en-es.txt", DATA), folder=True),
    "tar": tarred(ONE),
    "tar.gz": tarred(ONE, mode="w:gz"),
    "tar.xz": tarred(("._en-es.txt", b"\0"), ONE, mode="w:xz"),
    "gz in zip": zipped(("en-es.txt.gz", gzip.compress(DATA))),
    "zip in gz": gzip.compress(zipped(ONE)),
    "zip in tar": tarred(("en-es.zip", zipped(ONE))),
    "tar in zip": zipped(("en-es.tar", tarred(ONE))),
}


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ARCHIVES)
def test_the_file_in_an_archive_is_found(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / "file", ARCHIVES[name])
    for size in (1 << 16, 1000, 3):
        with path.open("rb") as file:
            assert b"".join(unpacked(file, path, size)) == DATA
    with path.open("rb") as file:
        stream = unpacked_stream(file, path)
        assert stream.peek(3)[:3] == b"cat"
        assert stream.read() == DATA


@pytest.mark.parametrize("name", ARCHIVES)
def test_pipes_are_unpacked_too(name: str) -> None:
    ends = os.pipe()

    def fill() -> None:
        with open(ends[1], "wb") as into:  # noqa: PTH123  # a descriptor
            into.write(ARCHIVES[name])

    writer = threading.Thread(target=fill)
    writer.start()
    with open(ends[0], "rb") as file:  # noqa: PTH123
        assert b"".join(unpacked(file, "-")) == DATA
    writer.join()


def test_a_line_from_a_terminal_waits_for_nothing() -> None:
    near, far = os.pipe()
    with open(near, "rb") as file, open(far, "wb", buffering=0) as terminal:  # noqa: PTH123
        terminal.write(b"cat\n")
        pieces = unpacked(file, "-")
        assert next(pieces) == b"cat\n"
        terminal.write(b"dog")
        assert next(pieces) == b"dog"


def encrypted() -> bytes:
    data = bytearray(zipped(ONE, method=zipfile.ZIP_STORED))
    data[6] |= 1  # flag of the file
    at = data.index(b"PK\1\2")
    data[at + 8] |= 1  # and in the list of files
    return bytes(data)


REFUSED = {
    "this is a zip archive of 3 files (a.vec, b.vec, c.vec); unpack it, and name one": zipped(
        ("a.vec", b"1"), ("b.vec", b"2"), ("c.vec", b"3")
    ),
    "this is a tar archive of 5 files (0, 1, 2, 3, ...); unpack it, and name one": tarred(
        *((str(i), b"cat") for i in range(5)), mode="w:bz2"
    ),
    "this is a zip archive of no file; unpack it, and name one": zipped((".hidden", b"")),
    "this is an encrypted zip archive; unpack it with its password first": encrypted(),
    "the archive is truncated or damaged; get it again": zipped(ONE)[:-30],
    "archives lie in archives; unpack the file first": gzip.compress(
        gzip.compress(gzip.compress(gzip.compress(gzip.compress(DATA))))
    ),
}


@pytest.mark.parametrize("problem", REFUSED)
def test_archives_without_one_file_are_refused(problem: str, tmp_path: Path) -> None:
    path = write(tmp_path / "file.zip", REFUSED[problem])
    with path.open("rb") as file, pytest.raises(FormatError) as caught:
        b"".join(unpacked(file, path))
    assert str(caught.value) == f"{path}: {problem}"


@pytest.mark.parametrize("name", ["gz", "bz2", "xz", "zip", "tar.gz", "tar"])
def test_cut_and_damaged_archives_are_refused(name: str, tmp_path: Path) -> None:
    whole = ARCHIVES[name]
    middle = len(whole) // 2
    damaged = (
        whole[:middle] + bytes(b ^ 255 for b in whole[middle : middle + 9]) + whole[middle + 9 :]
    )
    for data in (whole[: len(whole) // 3], *([] if name == "tar" else [damaged])):
        path = write(tmp_path / "file", data)
        with path.open("rb") as file, pytest.raises(FormatError, match="truncated or damaged"):
            b"".join(unpacked(file, path))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_garbage_behind_an_archive_is_ignored_aloud(
    pack: Callable[[bytes], bytes], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "file", pack(DATA) + b"garbage")
    with path.open("rb") as file, caplog.at_level(logging.WARNING):
        assert b"".join(unpacked(file, path)) == DATA
    assert caplog.messages == [f"{path}: bytes behind the end of the archive are ignored"]


def test_formats_based_on_zip_pass_unchanged(tmp_path: Path) -> None:
    file = io.BytesIO()
    np.savez(file, words=np.array(["cat"]), vectors=np.eye(1))
    path = write(tmp_path / "en.npz", file.getvalue())
    with path.open("rb") as packed:
        assert unpacked_stream(packed, path) is packed
        assert b"".join(unpacked(packed, path)) == file.getvalue()
