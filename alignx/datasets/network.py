"""Failed connections and wrong answers, in words."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from alignx.errors import DownloadError
from alignx.support.file_kinds import markup_of

if TYPE_CHECKING:
    from requests import Response

__all__ = [
    "ADVICE",
    "failure",
    "interruption",
    "is_broken_off",
    "is_of_network",
    "require_data",
    "status_of",
    "unreachable",
    "without_password",
]

_PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
ADVICE = {
    403: "; it may be gone, or ask for a password",
    404: "; the file is not there, or no more",
    410: "; the file is not there any more",
}


def status_of(response: Response) -> str:
    """Describe the status of an answer."""
    return f"the server answers {response.status_code} {response.reason}".rstrip()


_PAGES = {
    "text/html": "an HTML page",
    "application/xhtml+xml": "an HTML page",
    "application/json": "a JSON answer",
}


def require_data(url: str, response: Response, head: bytes) -> None:
    """Refuse pages, which portals and proxies send in place of files."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    page = markup_of(head)
    if page or kind in _PAGES:
        what = page.name if page else _PAGES[kind]
        at = f" (at {response.url})" if response.url != url else ""
        raise failure(
            url, f"this must be the file, got {what}{at}; does the network ask to log in?"
        )


def is_broken_off(error: Exception) -> bool:
    """Recognize a server that has accepted the connection, and ends it without an answer."""
    import urllib3

    return any(isinstance(cause, urllib3.exceptions.ProtocolError) for cause in error.args)


def is_of_network(error: Exception) -> bool:
    """Recognize failed and slow connections."""
    import requests

    return isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.Timeout)


def interruption(error: BaseException) -> str:
    """Describe a broken connection without the names of classes."""
    text = str(error).lower()
    if "timed out" in text or "timeout" in text:
        return "no data came in time"
    return "the connection broke off"


def failure(url: str, problem: str) -> DownloadError:
    """Create the error of an address."""
    return DownloadError(without_password(url), problem)


def without_password(url: str) -> str:
    """Return an address for messages and records.

    Examples
    --------
    >>> without_password("https://me:secret@mirror.example/wiki.es.vec")
    'https://mirror.example/wiki.es.vec'
    """
    return re.sub(r"//[^/@]*@", "//", url)


def unreachable(error: Exception, url: str) -> str:
    """Describe a failed connection, and what to check."""
    import requests

    host = urlsplit(url).hostname or url
    text = str(error)
    proxies = [without_password(os.environ[name]) for name in _PROXIES if os.environ.get(name)]
    if isinstance(error, requests.exceptions.ProxyError):
        return f"the proxy {' or '.join(dict.fromkeys(proxies))} must let it through; got no answer"
    if isinstance(error, requests.exceptions.SSLError):
        return f"the certificate of {host} must be valid; set REQUESTS_CA_BUNDLE to your network's"
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return "the server redirects in a circle"
    if is_of_network(error):
        if "resolve" in text or "Name or service" in text:
            return f"no address is found for {host}; check the connection, or set HTTPS_PROXY"
        return f"{host} must be in reach, got no answer; check the connection, or set HTTPS_PROXY"
    return f"the address must be one of HTTP, got an error: {text}"
