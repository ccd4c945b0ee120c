from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command_line import SCRIPT, environment, fail, misuse, run, started, succeed
from file_server import FileServer, Served, serving
from tasks import wait_for

import alignx as ax

if TYPE_CHECKING:
    from collections.abc import Iterator

AFAR = "/dl.fbaipublicfiles.com/fasttext/vectors-wiki/wiki.aa.vec"
MUSE = "/dl.fbaipublicfiles.com/arrival/dictionaries/en-es"
DATA = b"3000 2\n" + b"".join(b"word%d 0.5 %d\n" % (i, i) for i in range(3000))


@pytest.fixture
def server(here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving() as started_server:
        monkeypatch.setenv("ALIGNX_MIRROR", started_server.url)
        monkeypatch.setenv("ALIGNX_CACHE", str(here / "cache"))
        monkeypatch.setattr("alignx.datasets.transfer._FIRST_WAIT", 0.01)
        started_server.files |= {
            AFAR: Served(DATA),
            f"{MUSE}.0-5000.txt": Served(b"cat\tgato\n"),
            f"{MUSE}.5000-6500.txt": Served(b"dog\tperro\n"),
        }
        yield started_server


def test_paths_go_to_stdout_and_licenses_to_stderr(server: FileServer, here: Path) -> None:
    done = succeed("fetch", "aa", "en-es")
    names = ["wiki.aa.vec", "en-es.0-5000.txt", "en-es.5000-6500.txt"]
    assert done.out.splitlines() == [str(here / "cache" / name) for name in names]
    assert [line.partition(":")[0] for line in done.err.splitlines()] == names
    assert "CC BY-NC 4.0" in done.err
    again = succeed("fetch", "aa", "en-es")
    assert (again.out, again.err) == (done.out, "")
    assert len(server.requests) == 3
    assert succeed("fetch", "aa", "-q", "-o", "here").err == ""
    assert (here / "here" / "wiki.aa.vec.LICENSE.txt").exists()


@pytest.mark.usefixtures("server")
def test_the_same_file_twice_is_one() -> None:
    assert succeed("fetch", "aa", "Afar").out.count("\n") == 1


@pytest.mark.usefixtures("here", "server")
def test_what_is_fetched_is_read_by_the_next_command() -> None:
    path = succeed("fetch", "aa").out.strip()
    succeed("convert", path, "-o", "aa.safetensors")
    assert len(ax.load("aa.safetensors")) == 3000


@pytest.mark.usefixtures("server")
def test_json_has_the_records(here: Path) -> None:
    (file,) = succeed("fetch", "en-es", "--part", "test", "--json").json["files"]
    assert file["path"] == str(here / "cache" / "en-es.5000-6500.txt")
    assert (file["kind"], file["size"], file["license"]) == ("muse", 10, "CC BY-NC 4.0")
    assert len(file["sha256"]) == 64


def test_the_list_is_readable_at_80_columns() -> None:
    done = succeed("fetch", "--list")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) == 294 + 12
    assert "es           Spanish               wiki crawl aligned  6 of muse" not in lines
    assert "es           Spanish               wiki crawl aligned  5 of muse" in lines
    some = succeed("fetch", "--list", "en-spanish").out
    assert max(map(len, some.splitlines())) <= 80
    assert "xling: de fi fr hr it ru tr" in some
    assert "no license is stated" in some
    found = succeed("fetch", "--list", "es", "--json").json
    assert [row["code"] for row in found["languages"]] == ["es"]
    assert found["languages"][0]["muse"] == ["de", "en", "fr", "it", "pt"]
    assert {row["kind"] for row in found["collections"]} == {
        *("wiki", "crawl", "aligned", "muse", "xling")
    }
    assert len(succeed("fetch", "--list", "--json").json["languages"]) == 294


def test_wrong_usage() -> None:
    assert "give a language such as es, or a pair such as en-es, or --list" in misuse("fetch")
    assert "no pair of languages is named" in misuse("fetch", "es", "--part", "train")
    assert "no language is named" in misuse("fetch", "en-es", "--vectors", "wiki")
    misuse("fetch", "es", "--vectors", "glove")


def test_errors_are_one_line(
    server: FileServer, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "(near: Spanish (es)" in fail("fetch", "aa", "spansh")
    assert "read it with --columns 2,1" in fail("fetch", "fr-ru")
    assert "crawl has no vectors of Afar (aa); wiki has some" in fail(
        "fetch", "aa", "--vectors", "crawl"
    )
    assert not (here / "cache").exists()
    assert "404 Not Found" in fail("fetch", "ab")
    server.files[AFAR] = Served(b"<html>Log in</html>", kind="text/html")
    assert "got an HTML page" in fail("fetch", "aa")
    monkeypatch.setenv("ALIGNX_MIRROR", "http://127.0.0.1:9")
    assert "127.0.0.1 must be in reach, got no answer; check" in fail("fetch", "aa")
    assert not list((here / "cache").iterdir())
    monkeypatch.setenv("ALIGNX_MIRROR", "nowhere")
    assert "must begin with http:// or https://" in fail("fetch", "aa")


@pytest.mark.slow
def test_an_interrupted_download_goes_on(server: FileServer, here: Path) -> None:
    server.files[AFAR].pause = 0.05
    part = here / "cache" / "wiki.aa.vec.part"
    server.files[AFAR].data = DATA * 8
    with started("fetch", "aa", stdout=subprocess.DEVNULL) as process:
        wait_for(lambda: part.exists() and part.stat().st_size)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "are kept, the same command goes on there" in err
    kept = part.stat().st_size
    assert 0 < kept < len(DATA) * 8
    server.files[AFAR].pause = 0.0
    done = subprocess.run(
        [SCRIPT, "fetch", "aa"], env=environment(), capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).read_bytes() == DATA * 8
    assert server.requests == [(AFAR, 0), (AFAR, kept)]
    assert not list(part.parent.glob("*.part*"))


@pytest.mark.slow
def test_a_killed_download_goes_on(server: FileServer, here: Path) -> None:
    server.files[AFAR].pause = 0.05
    server.files[AFAR].data = DATA * 8
    part = here / "cache" / "wiki.aa.vec.part"
    with started("fetch", "aa") as process:
        wait_for(lambda: part.exists() and part.stat().st_size)
        process.kill()
        process.wait()
    server.files[AFAR].pause = 0.0
    assert Path(succeed("fetch", "aa").out.strip()).read_bytes() == DATA * 8
    assert server.requests[-1][1] > 0


@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_two_processes_at_once_fetch_a_file_once(server: FileServer) -> None:
    server.files[AFAR].pause = 0.02
    with started("fetch", "aa") as first, started("fetch", "aa") as second:
        outs = [process.communicate(timeout=60) for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0)
    assert outs[0][0] == outs[1][0]
    assert Path(outs[0][0].strip()).read_bytes() == DATA
    assert server.requests == [(AFAR, 0)]


@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_a_full_disk_keeps_what_fits(server: FileServer) -> None:
    server.files[AFAR].data = DATA * 8
    with started("fetch", "aa", limit=200_000) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "exceeds the size that is allowed here" in err
    assert Path(succeed("fetch", "aa").out.strip()).read_bytes() == DATA * 8
    assert server.requests[-1][1] > 0


@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_a_bar_is_shown_on_a_terminal_only(server: FileServer) -> None:
    server.files[AFAR].pause = 0.02
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [SCRIPT, "fetch", "aa"],
        env=environment() | {"TERM": "xterm", "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # its end on Linux
                break
            if not piece:
                break
            shown += piece
        process.wait(timeout=60)
    os.close(ours)
    assert b"Fetching wiki.aa.vec" in shown
    assert b"%" in shown
    assert "Fetching" not in run("fetch", "aa", "-o", "other").err
    assert json.loads(Path("other/wiki.aa.vec.json").read_text())["size"] == len(DATA)
