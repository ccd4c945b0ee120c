from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from alignx.errors import InputError, MissingFileError, OutputError
from alignx.support.files import (
    appearing,
    reading,
    replacing,
    require_readable,
    require_writable,
)

needs_user = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=60, check=False)


def test_a_file_appears_at_the_end_in_utf8_with_the_usual_permissions(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 255)
    before = os.umask(0o027)
    try:
        with replacing(target) as file:
            file.write("señor\n")
            assert not target.exists()
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    with replacing(target, "wb") as binary:
        binary.write(b"second\n")
        assert target.read_bytes() == "señor\n".encode()
    assert target.read_bytes() == b"second\n"
    assert list(tmp_path.iterdir()) == [target]


def write_and_raise(target: Path, exception: type[BaseException]) -> None:
    with replacing(target) as file:
        file.write("new")
        raise exception


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_old_file(tmp_path: Path, exception: type[BaseException]) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    with pytest.raises(exception):
        write_and_raise(target, exception)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_and_its_target_is_written(tmp_path: Path, exists: bool) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    if exists:
        target.write_text("old")
    link.symlink_to("target.txt")
    with replacing(link) as file:
        file.write("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_two_writers_of_one_file_do_not_collide(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    with replacing(target) as first, replacing(target) as second:
        first.write("first")
        second.write("second")
    assert target.read_text() == "first"
    assert list(tmp_path.iterdir()) == [target]


def test_special_files_are_written_directly(capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("/dev/null", "/dev/stdout"):
        with replacing(name) as file:
            file.write("shown")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert capfd.readouterr().out == "shown"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("absent/out.txt", "the directory does not exist; create it first"),
        (".", "this is a directory; name a file in it"),
    ],
)
def test_unwritable_paths_are_named(tmp_path: Path, name: str, problem: str) -> None:
    with pytest.raises(OutputError) as caught, replacing(tmp_path / name):
        pass
    assert str(caught.value) == f"{tmp_path / name}: {problem}"
    with pytest.raises(OutputError, match=problem):
        require_writable(tmp_path / name)


@needs_user
def test_a_protected_file_and_directory_are_refused(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    target.chmod(0o444)
    with pytest.raises(OutputError, match="permission"), replacing(target):
        pass
    tmp_path.chmod(0o555)
    with pytest.raises(OutputError, match="permission"), replacing(tmp_path / "other.txt"):
        pass
    tmp_path.chmod(0o755)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_device_is_named() -> None:
    problem = "/dev/full: no space is left on the device"
    with pytest.raises(OutputError, match=problem), replacing("/dev/full", "wb") as file:
        file.write(bytes(100_000))
    with pytest.raises(OutputError, match=problem), appearing("/dev/full") as write:
        write("x")


@pytest.mark.slow
def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    target.write_text("old")
    code = """
import resource, sys
from alignx.errors import OutputError
from alignx.support.files import replacing
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with replacing(sys.argv[1], "wb") as file:
        file.write(bytes(1_000_000))
except OutputError as error:
    print(error, end="")
"""
    expected = f"{target}: the file exceeds the size that is allowed here; choose another place"
    assert run(code, target).stdout.decode() == expected
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.slow
def test_ctrl_c_while_saving_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "en.vec.gz"
    target.write_text("old")
    code = """
import signal, sys
import numpy as np
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.saving import save
# A job in the background of a shell starts with SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
vectors = np.random.default_rng(0).normal(size=(60_000, 300))
save(Embeddings([str(i) for i in range(60_000)], vectors), sys.argv[1])
"""
    command = [sys.executable, "-c", code, str(target)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 30
        while not any(path.stat().st_size > 10_000 for path in tmp_path.glob(".alignx-*")):
            assert process.poll() is None, "ended before it could be interrupted"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert b"KeyboardInterrupt" in errors
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_unreadable_inputs_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no such file; check the name"):
        require_readable(tmp_path / "absent")
    with pytest.raises(InputError, match="this is a directory"), reading(tmp_path):
        pass


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    target.chmod(mode)
    for write in (lambda: replacing(target), lambda: appearing(target)):
        with write():
            # What is private must not be readable for others in the meantime either.
            assert [stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()] == [mode, mode]
        assert stat.S_IMODE(target.stat().st_mode) == mode


def test_a_log_takes_its_place_with_its_first_line(tmp_path: Path) -> None:
    target = tmp_path / "log.jsonl"
    target.write_text("old")
    with appearing(target) as write:
        assert target.read_text() == "old"
        write("first")
        assert target.read_text() == "first\n"
        write("señor")
        assert target.read_text() == "first\nseñor\n"
    assert list(tmp_path.iterdir()) == [target]


def log_and_raise(target: Path, lines: int) -> None:
    with appearing(target) as write:
        for number in range(lines):
            write(str(number))
        raise KeyboardInterrupt


def test_a_log_of_work_that_fails_says_how_far_it_came(tmp_path: Path) -> None:
    target = tmp_path / "log.jsonl"
    target.write_text("old")
    for lines, content in ((0, "old"), (2, "0\n1\n")):
        with pytest.raises(KeyboardInterrupt):
            log_and_raise(target, lines)
        assert target.read_text() == content
        assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("path", ["https://a.b/wiki.en.vec", Path("http://a.b/wiki.en.vec")])
def test_an_address_is_no_file(path: str | Path) -> None:
    with pytest.raises(MissingFileError, match="this is an address, and no file; download"):
        reading(path).__enter__()
    with pytest.raises(MissingFileError, match="this is an address, and no file; download"):
        require_readable(path)


def test_a_dash_is_no_output() -> None:
    for write in (require_writable, lambda path: replacing(path).__enter__()):
        with pytest.raises(OutputError, match="- is standard input; write to /dev/stdout"):
            write("-")


def test_a_circle_of_links_is_refused_and_stays(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for place in (loop, loop / "out.txt"):
        with pytest.raises(OutputError, match="links lead in a circle"), replacing(place):
            pass
        with pytest.raises(OutputError, match="links lead in a circle"):
            require_writable(place)
        with pytest.raises(InputError, match="links lead in a circle"), reading(place):
            pass
    assert loop.is_symlink()
