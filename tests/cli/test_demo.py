from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest
from command_line import fail, misuse, succeed

from alignx.lexicon.lexicon import Lexicon
from alignx.reporting import word_map


@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_the_whole_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def show(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", show)
    monkeypatch.setattr(word_map, "is_installed", lambda _: False)  # UMAP takes half a minute
    done = succeed("demo", "--report", "demo.html", "--open")
    assert done.err == ""
    lines = done.out.splitlines()
    before = next(line for line in lines if line.startswith("Before alignment: P@1 "))
    after = next(line for line in lines if line.startswith("After alignment:  P@1 "))
    assert float(before.split()[3].rstrip("%")) < 5
    assert float(after.split()[3].rstrip("%")) > 70
    lexicon = Lexicon.load("alignx-demo.en-es.tsv")
    assert len(lexicon) > 1_500
    assert lexicon.probabilities is not None
    assert f"alignx-demo.en-es.tsv: a dictionary of {len(lexicon):,} pairs" in done.out
    assert "demo.html: the report" in done.out
    assert opened == [Path("demo.html").resolve().as_uri()]
    assert "English to Spanish" in Path("demo.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("here")
def test_pairs_that_are_not_bundled() -> None:
    assert "'xx'" in fail("demo", "--pair", "en-xx")
    assert "'en'" in misuse("demo", "--pair", "en")


@pytest.mark.usefixtures("here")
def test_a_report_that_cannot_be_written() -> None:
    assert "--report" in misuse("demo", "--open")
    assert "not as .pdf" in fail("demo", "--report", "demo.pdf")
    assert "would replace" in fail("demo", "--report", "same.html", "-o", "same.html")
