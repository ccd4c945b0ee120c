from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from chromium import needs_chromium, running_chromium
from served import ODD

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """A page of a browser that collects what its console tells."""
    with running_chromium() as browser:
        page: Any = browser.new_page(viewport={"width": 360, "height": 740})
        page.told = []
        page.on("console", lambda message: page.told.append(message.text))
        page.on("pageerror", lambda error: page.told.append(str(error)))
        yield page


def test_the_dictionary_in_a_browser(page: Any, url: str) -> None:  # noqa: ANN401
    from playwright.sync_api import expect

    page.goto(url)
    search, entries = page.get_by_role("searchbox"), page.locator(".entry")
    word, open_ = entries.locator(".word").first, page.locator(".entry[aria-expanded=true]")
    expect(entries).to_have_count(20)
    # Typed and opened by the keyboard alone; neighbors in both languages.
    search.focus()
    page.keyboard.type("cat31")
    expect(word).to_have_text("cat31")
    expect(entries.first).to_contain_text(re.compile(r"gáto31.*\d %", re.DOTALL))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".details .answers li")).to_have_count(10)
    expect(page.locator(".details .near")).to_have_count(2)
    # The other direction has no probabilities, and says so.
    page.locator(".details .answers .jump").first.click()
    expect(word).to_have_text("gáto31")
    expect(page.get_by_text("CSLS, a similarity")).to_be_visible()
    expect(entries.first).not_to_contain_text("%")
    page.go_back()
    expect(search).to_have_value("cat31")
    # A phrase, a word without an answer, and words that are code elsewhere.
    search.fill("cat3 cat4")
    expect(word).to_have_text("cat3 cat4")
    search.fill("zebra")
    expect(page.get_by_text("not in the vocabulary")).to_be_visible()
    for odd in ODD:
        search.fill(odd)
        expect(word).to_have_text(odd.replace("\u202e", "\ufffd"))
    # An address opens a word; nothing is wider than a phone.
    page.goto(f"{url}#/es/A%C3%91O")
    expect(open_).to_have_count(1)
    page.reload()
    expect(open_.locator(".word")).to_have_text("Año")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.told == []
