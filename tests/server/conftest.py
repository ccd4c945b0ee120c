from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command_line import started
from served import two_languages, write_files

from alignx.alignment.align import align
from alignx.lexicon.lexicon import Lexicon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alignx.alignment.alignment import Alignment
    from alignx.vectors.embeddings import Embeddings


@pytest.fixture(scope="session")
def languages() -> tuple[Embeddings, Embeddings]:
    return two_languages()


@pytest.fixture(scope="session")
def alignment(languages: tuple[Embeddings, Embeddings]) -> Alignment:
    """A map with a learned ranking."""
    pairs = [(f"cat{i}", f"gáto{i}") for i in range(220)]
    return align(*languages, lexicon=Lexicon(pairs))


@pytest.fixture(scope="session")
def files(
    languages: tuple[Embeddings, Embeddings],
    alignment: Alignment,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Path]:
    """Map and vectors, the arguments of the command."""
    return write_files(tmp_path_factory.mktemp("served"), languages, alignment)


@pytest.fixture(scope="session")
def url(files: list[Path]) -> Iterator[str]:
    """Address of a server in another process."""
    with started("serve", *files, "--port", 0, "--threads", 1) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
