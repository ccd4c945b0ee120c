from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from served import ODD

if TYPE_CHECKING:
    from collections.abc import Iterator

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """A page of a browser that collects what its console tells."""
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 360, "height": 740})
        page.told = []
        page.on("console", lambda message: page.told.append(message.text))
        page.on("pageerror", lambda error: page.told.append(str(error)))
        yield page
        browser.close()


def test_the_dictionary_in_a_browser(page: Any, url: str) -> None:  # noqa: ANN401
    page.goto(url)
    entries, search = page.locator(".entry"), page.get_by_role("searchbox")
    entries.first.wait_for()
    # Typed without accents, from the keyboard alone.
    search.focus()
    page.keyboard.type("cat31")
    page.wait_for_function("document.querySelector('.entry .word').textContent === 'cat31'")
    assert "gáto31" in entries.first.inner_text()
    assert re.search(r"\d+ %", entries.first.inner_text())
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    near = page.locator(".details .near")
    near.nth(1).wait_for()
    assert page.locator(".details .answers li").count() == 10
    assert near.count() == 2
    # The other direction has no probabilities, and says so.
    page.locator(".details .answers .jump").first.click()
    page.wait_for_function("location.hash.startsWith('#/es/g')")
    page.wait_for_function("document.querySelector('.entry .word').textContent === 'gáto31'")
    assert page.get_by_text("CSLS, a similarity").is_visible()
    assert "%" not in entries.first.inner_text()
    # Back, a phrase, a word without an answer, and words that are code elsewhere.
    page.go_back()
    page.wait_for_function("document.querySelector('#search').value === 'cat31'")
    search.fill("cat3 cat4")
    page.wait_for_function("document.querySelector('.entry .word')?.textContent === 'cat3 cat4'")
    search.fill("zebra")
    page.get_by_text("not in the vocabulary").wait_for()
    for word in ODD:
        search.fill(word)
        shown = re.sub("\u202e", "\ufffd", word)
        page.locator(".entry .word").get_by_text(shown, exact=True).first.wait_for()
    # An address opens the word; nothing is wider than a phone.
    page.goto(f"{url}#/es/A%C3%91O")
    page.reload()
    page.locator(".entry[aria-expanded=true]").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.told == []
