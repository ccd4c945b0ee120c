"""HTTP server with the faults of real ones, for tests of downloads."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Served:
    """One file, and how it is served.

    `statuses` answer the first requests; 0 ends the connection without an answer. `cuts` are the
    bytes after which the connection of each first response with data ends. `length` is what is told
    in place of the true length.
    """

    data: bytes = b""
    statuses: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    length: int | str | None = None
    tag: str | None = '"1"'
    modified: str | None = None
    ranges: str = "yes"  # "no": ignored; "blind": served without a look at If-Range
    kind: str = "application/octet-stream"
    redirect: str | None = None
    pause: float = 0.0  # seconds between pieces of 1 kB
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FileServer:
    """Address, files by path, and the requests so far: path, first byte, bytes sent."""

    url: str
    files: dict[str, Served] = field(default_factory=dict)
    requests: list[tuple[str, int]] = field(default_factory=list)
    sent: int = 0
    seen: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[FileServer]:
    """Serve files on a free port of this machine."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.block_on_close = False
    state = FileServer(f"http://127.0.0.1:{server.server_port}")
    server.state = state  # type: ignore[attr-defined]
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Stay silent where a client has left."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        state: FileServer = self.server.state  # type: ignore[attr-defined]
        path = urlsplit(self.path).path
        state.seen.append(dict(self.headers))
        served = state.files.get(path)
        if served is None:
            self._refuse(404)
        elif served.statuses and (status := served.statuses.pop(0)) != 200:
            state.requests.append((path, -status))
            if status:
                self._refuse(status, served.headers)
            else:
                self.close_connection = True
        elif served.redirect is not None:
            state.requests.append((path, -302))
            self._refuse(302, {"Location": served.redirect})
        else:
            self._send(state, path, served)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _refuse(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, state: FileServer, path: str, served: Served) -> None:
        start = self._start(served)
        if start > 0 and start >= len(served.data):
            self._refuse(416, {"Content-Range": f"bytes */{len(served.data)}"})
            return
        state.requests.append((path, max(start, 0)))
        total = len(served.data) if served.length is None else served.length
        self.send_response(206 if start > 0 else 200)
        self.send_header("Content-Type", served.kind)
        for name, value in served.headers.items():
            self.send_header(name, value)
        if served.tag:
            self.send_header("ETag", served.tag)
        if served.modified:
            self.send_header("Last-Modified", served.modified)
        rest = served.data[max(start, 0) :]
        if start > 0:
            self.send_header("Content-Range", f"bytes {start}-{len(served.data) - 1}/{total}")
        if isinstance(total, int):
            self.send_header("Content-Length", str(total - max(start, 0)))
        elif total == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        cut = served.cuts.pop(0) if served.cuts else None
        if cut is not None:
            rest = rest[:cut]
            self.close_connection = True
        if isinstance(total, int) and total - max(start, 0) != len(rest):
            self.close_connection = True
        size = 1024 if served.pause else len(rest) or 1
        for at in range(0, len(rest), size):
            piece = rest[at : at + size]
            try:
                framed = b"%x\r\n%b\r\n" % (len(piece), piece) if total == "chunked" else piece
                self.wfile.write(framed)
            except OSError:  # the client has left
                self.close_connection = True
                return
            state.sent += len(piece)
            if served.pause:
                time.sleep(served.pause)
        if total == "chunked" and cut is None:
            self.wfile.write(b"0\r\n\r\n")

    def _start(self, served: Served) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not found or served.ranges == "no":
            return 0
        wanted = self.headers.get("If-Range")
        if served.ranges == "yes" and wanted not in (None, served.tag, served.modified):
            return 0
        return int(found[1])
