from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from command_line import fail, misuse, started

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def ask(url: str, path: str, **headers: str) -> tuple[int, Any]:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        return ask_again(connection, path, **headers)


def ask_again(connection: http.client.HTTPConnection, path: str, **headers: str) -> tuple[int, Any]:
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    is_json = answer.headers["content-type"] == "application/json"
    return answer.status, json.loads(body) if is_json else body


def send(url: str, request: bytes) -> socket.socket:
    """Open a connection and send what may be no request."""
    raw = socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=30)
    raw.sendall(request)
    return raw


def test_a_running_server_answers_many_at_once(url: str) -> None:
    expected = ask(url, "/api/translate?word=cat3&k=2")
    assert expected[1]["results"][0]["answers"][0]["word"] == "gáto3"
    found: list[tuple[int, Any]] = []

    def many(words: str) -> None:
        found.extend(ask(url, f"/api/translate?word=cat3{words}&k=2") for _ in range(5))

    threads = [threading.Thread(target=many, args=(more,)) for more in ("", "&word=cat4" * 60) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 30
    assert sum(answer == expected for answer in found) == 15
    assert {status for status, _ in found} == {200}


def test_only_the_hosts_of_this_machine_are_answered(url: str) -> None:
    port = urlsplit(url).port
    for host in ("127.0.0.1", f"localhost:{port}", f"[::1]:{port}"):
        assert ask(url, "/api/info", Host=host)[0] == 200
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "0.0.0.0"):
        assert ask(url, "/", Host=host) == (400, b"Invalid host header")


UNFINISHED = b"POST /api/translate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n["


def test_what_is_no_request_is_refused(url: str) -> None:
    for request in (b"\x16\x03\x01\n\n", b"GET /?word=a\xc3\xb1o HTTP/1.1\r\n\r\n"):
        with send(url, request) as raw:
            assert raw.recv(100).startswith(b"HTTP/1.1 400 ")
    send(url, UNFINISHED).close()
    assert ask(url, "/api/info")[0] == 200


@pytest.mark.parametrize(
    ("number", "code", "host"),
    [(signal.SIGINT, 130, "127.0.0.1"), (signal.SIGTERM, 0, "0.0.0.0")],
)
def test_a_signal_ends_it_at_once_and_quietly(
    files: list[Path], number: signal.Signals, code: int, host: str
) -> None:
    given = ("serve", *files, "--host", host, "--port", 0, "--threads", 1)
    with started(*given) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        kept = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        with closing(kept), send(url, UNFINISHED):
            status, _ = ask_again(kept, "/api/translate?word=cat3", Host="this.machine")
            assert status == (400 if host == "127.0.0.1" else 200)
            start = time.monotonic()
            os.kill(process.pid, number)
            out, err = process.communicate(timeout=60)
        assert time.monotonic() - start < 30  # a second, on a machine that is not busy
        assert (process.returncode, out) == (code, "")
        notes = err.splitlines()
        assert notes.pop() == "Ctrl-C ends"
        warning = "0.0.0.0: everyone who can reach this machine may ask, without password"
        assert (warning in notes) == (host == "0.0.0.0")
        assert len(notes) == 2 + (warning in notes)


def test_a_port_in_use_is_told_before_files_are_read(url: str, files: list[Path]) -> None:
    port = urlsplit(url).port
    expected = f"port {port} of 127.0.0.1 is in use; choose another by --port, or any free one by"
    assert fail("serve", *files, "--port", port, "-q").startswith(expected)
    assert "cannot listen on port 0 of 192.0.2.1: " in fail(
        "serve", *files, "--host", "192.0.2.1", "--port", 0, "-q"
    )
    assert "cannot listen on port 0 of no.such.invalid: " in fail(
        "serve", *files, "--host", "no.such.invalid", "--port", 0, "-q"
    )
    assert "--port" in misuse("serve", *files, "--port", 65_536)
    assert "--neighbors" in misuse("serve", *files, "--ranking", "nn", "--neighbors", 5)
    assert "oov 'subword' needs vectors from a fastText model" in fail(
        "serve", *files, "--oov", "subword", "--port", 0, "-q"
    )
