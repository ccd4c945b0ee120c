from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command_line import MAPPED, fail, misuse, succeed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow  # each builds an index


@pytest.fixture
def index(folder: Path) -> Path:
    """An index of 20 documents of two words each, one of them given twice, and an empty line."""
    lines = [f"gato{2 * i} gato{2 * i + 1}" for i in range(20)]
    (folder / "docs.txt").write_text("\n".join([*lines, lines[0], ""]) + "\n")
    done = succeed("search", "build", *MAPPED, "-t", "es=docs.txt", "-o", "index")
    assert "20 documents" in done.err
    assert "left out: 2 lines" in done.err
    return folder / "index"


@pytest.mark.usefixtures("index")
def test_queries_find_documents_of_the_other_language() -> None:
    (line,) = succeed("search", "index", "cat6 cat7", "--language", "en", "-k", 1).out.splitlines()
    assert line.split("\t")[1] == "4"
    assert line.split("\t")[3:] == ["es", "gato6 gato7"]
    (found,) = succeed(
        "search", "index", "cat6 cat7", "--language", "en", "--ranking", "dense", "--json"
    ).json["results"]
    assert found["hits"][0]["text"] == "gato6 gato7"


def test_documents_are_added(index: Path) -> None:
    (index.parent / "more.txt").write_text("gato50 gato51\ngato0 gato1\n")
    assert succeed("search", "add", "index", "-t", "es=more.txt", "--json").json["documents"] == 21
    (line,) = succeed("search", "index", "cat50", "--language", "en", "-k", 1).out.splitlines()
    assert line.endswith("gato50 gato51")


def test_bad_input_ends_with_one_line(index: Path) -> None:
    usage = misuse("search", "index", "cat1", "--language", "fr")
    assert "it must be of en, es, got 'fr'" in usage
    assert "nowhere" in fail("search", "nowhere", "cat1", "--language", "en")
    part = max(index.rglob("*"), key=lambda path: path.stat().st_size)
    part.write_bytes(part.read_bytes()[:-10])
    assert part.name in fail("search", "index", "cat1", "--language", "en")
