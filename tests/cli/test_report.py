from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest
from command_line import MAPPED, fail, misuse, succeed

from alignx.reporting import word_map

TEST = ("-d", "test.txt")


@pytest.fixture(autouse=True)
def _no_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out UMAP, which takes half a minute to compile."""
    monkeypatch.setattr(word_map, "is_installed", lambda _: False)


@pytest.mark.usefixtures("folder")
def test_it_writes_a_page_and_says_what_the_map_is_good_for() -> None:
    done = succeed("report", *MAPPED, *TEST)
    lines = done.out.splitlines()
    assert lines[0] == "English to Spanish"
    assert any(line.startswith("P@1 ") for line in lines)
    assert any(line.startswith("good for: ") for line in lines)
    assert done.err.splitlines()[-1] == "report.html: written"
    page = Path("report.html").read_text(encoding="utf-8")
    assert page.startswith("<!")
    assert "English to Spanish" in page


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_json_has_the_values_of_the_page() -> None:
    done = succeed("report", *MAPPED, *TEST, "--json", "-q", "-o", "page.html", "--words", 50)
    facts = done.json
    assert done.err == ""
    assert facts["output"] == "page.html"
    assert facts["questions"]["questions"][-1]["rank"] is None
    assert facts["card"]["coverage"] == pytest.approx(100 / 101)
    assert len(facts["notes"]) == 1
    assert Path("page.html").exists()
    assert not Path("report.html").exists()


@pytest.mark.usefixtures("folder")
def test_vectors_that_share_a_space_need_no_map() -> None:
    for name, side in (("en.vec", "wiki.en.vec"), ("es.vec", "wiki.es.vec")):
        succeed("apply", MAPPED[0], side, "-o", name)
    facts = succeed("report", "-", "en.vec", "es.vec", *TEST, "--json").json
    assert facts["card"]["method"] == "Vectors that share a space already"
    assert facts["singular_values"] is None


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_without_a_map_it_tells_what_to_expect() -> None:
    facts = succeed("report", *MAPPED[1:], "--json").json
    assert facts["card"] is None
    assert facts["prospects"]["source"]["words"] == 300
    assert Path("report.html").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_the_browser_opens_only_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)  # returns no True, as without one
    succeed("report", *MAPPED, "--words", 20)
    assert opened == []
    done = succeed("report", *MAPPED, "--words", 20, "--open", "-o", "a page.html")
    assert opened == [Path("a page.html").resolve().as_uri()]
    assert done.err.splitlines()[-1] == "no browser was found to open a page.html"
    assert "--open" in misuse("report", *MAPPED, "-o", "/dev/stdout", "--open")


@pytest.mark.usefixtures("folder")
def test_wrong_usage_is_refused_before_work() -> None:
    assert "got 1 files" in misuse("report", MAPPED[0])
    assert "got 4 files" in misuse("report", *MAPPED, "more.vec")
    for name in ("--dictionary", "--words", "--classifier"):
        assert "it takes a MAP" in misuse("report", *MAPPED[1:], name, 30)
    assert "--texts" in misuse("report", *MAPPED, "--classifier", "model.safetensors")
    assert "--classifier" in misuse("report", *MAPPED, "--texts", "texts.tsv")
    assert "--language" in misuse("report", *MAPPED, "--language", "es")
    assert "--columns" in misuse("report", *MAPPED, "--columns", "1,2")
    assert "2" in misuse("report", *MAPPED, "--words", 1)


@pytest.mark.usefixtures("folder")
def test_failures_are_one_line_and_write_nothing() -> None:
    assert "not as .pdf" in fail("report", *MAPPED, "-o", "report.pdf")
    Path("test.html").write_text("cat1 gato1\n")
    assert "would replace --dictionary" in fail(
        "report", *MAPPED, "-d", "test.html", "-o", "test.html"
    )
    assert "no such file" in fail("report", "none.safetensors", *MAPPED[1:])
    assert "exchange" in fail("report", MAPPED[0], MAPPED[2], MAPPED[1])
    Path("other.txt").write_text("cow vaca\n")
    assert "at least one pair" in fail("report", *MAPPED, "-d", "other.txt")
