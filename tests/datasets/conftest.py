from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from file_server import FileServer, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as started:
        yield started


@pytest.fixture
def mirror(server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileServer:
    """A server in place of the public ones, an empty cache, and short waits."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("ALIGNX_MIRROR", server.url)
    monkeypatch.setenv("ALIGNX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("alignx.datasets.transfer._FIRST_WAIT", 0.01)
    return server
