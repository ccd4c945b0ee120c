"""Run of an application on a local port until a signal ends it."""

from __future__ import annotations

import errno
import ipaddress
import signal
import socket
import sys
from typing import TYPE_CHECKING, NoReturn, Self

from alignx.errors import AlignxError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

__all__ = ["Door"]

CONNECTIONS = 100  # more are answered by status 503
LOCAL = ("127.0.0.1", "localhost", "[::1]")


class Door:
    """Address and port of a server, taken for the time of a ``with`` block.

    Parameters
    ----------
    host : str
        Name or address of this machine.
    port : int
        Port, or 0 for any that is free.

    Raises
    ------
    AlignxError
        If the address is not of this machine, or the port is in use.

    Examples
    --------
    >>> with Door("127.0.0.1", 0) as door:
    ...     door.is_local, door.url.startswith("http://127.0.0.1:")
    (True, True)
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        except (OSError, UnicodeError) as error:
            self._refuse(error)
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(address)
        except OSError as error:
            self._socket.close()
            self._refuse(error)
        self._address = ipaddress.ip_address(self._socket.getsockname()[0].partition("%")[0])

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return self._address.is_loopback

    @property
    def url(self) -> str:
        """Address of the page."""
        address = self._address
        if address.is_unspecified:
            address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")
        name = str(address) if address.version == 4 else f"[{address}]"
        return f"http://{name}:{self._socket.getsockname()[1]}/"

    @property
    def hosts(self) -> list[str]:
        """Values of the header ``Host`` to answer."""
        if self._address.is_unspecified:
            return ["*"]
        return [*LOCAL, self._host, socket.gethostname(), self.url.split("/")[2].rpartition(":")[0]]

    def serve(self, app: ASGIApp, ready: Callable[[], object]) -> None:
        """Serve until Ctrl-C, a KeyboardInterrupt, or SIGTERM, the exit with code 0.

        `ready` is called once connections are accepted.
        """
        import uvicorn

        config = uvicorn.Config(
            app,
            log_config=None,
            log_level="critical",  # of all else the application tells
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            http="h11",
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=1,
        )
        try:
            self._socket.listen(socket.SOMAXCONN)
        except OSError as error:
            self._refuse(error)
        # After its end uvicorn raises the signal again, for the handler that it found.
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            ready()
            uvicorn.Server(config).run([self._socket])
        finally:
            signal.signal(signal.SIGTERM, before)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _refuse(self, error: Exception) -> NoReturn:
        place = f"port {self._port} of {self._host}"
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise AlignxError(
                f"{place} is in use; choose another by --port, or any free one by --port 0"
            ) from None
        reason = error.strerror if isinstance(error, OSError) else "not the name of a machine"
        raise AlignxError(f"cannot listen on {place}: {reason}") from None
