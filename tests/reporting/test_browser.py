"""Tests of the page in a browser: search, filters, keyboard, export, map, themes and speed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from chromium import needs_chromium, running_chromium
from small_reports import ENGLISH, HOSTILE, dictionary, small_report

from alignx.reporting.contents import Contents
from alignx.reporting.page.render import render

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

MANY = 80_000

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the pages of all tests."""
    folder: Path = tmp_path_factory.mktemp("pages")
    words = [f"{'aeiou'[i % 5]}w{i:05}" for i in range(MANY)]
    many = Contents("Many", ("en", "es"), dictionary=dictionary(words, words))
    pages = {"small": small_report(), "hostile": small_report(HOSTILE, HOSTILE[::-1]), "many": many}
    for name, report in pages.items():
        (folder / f"{name}.html").write_text(render(report), encoding="utf-8")
    return folder


def opened(browser: Browser, path: Path, **context: object) -> Page:
    """Open a page that must not complain, and wait for its dictionary and map."""
    page = browser.new_context(**context).new_page()  # type: ignore[arg-type]
    page.set_default_timeout(30_000)
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.goto(path.as_uri())
    page.locator(".dictionary[data-ready]").wait_for()
    if page.locator(".word-map").count():
        page.locator(".word-map[data-ready]").wait_for()
    assert complaints == []
    assert {url.partition(":")[0] for url in asked} <= {"file", "data", "blob"}
    page.complaints = complaints  # type: ignore[attr-defined]
    return page


@pytest.fixture
def page(browser: Browser, files: Path) -> Iterator[Page]:
    page = opened(browser, files / "small.html")
    yield page
    assert page.complaints == []  # type: ignore[attr-defined]
    page.context.close()


def words(page: Page) -> list[str]:
    return page.locator(".entries .word").all_text_contents()


def search(page: Page) -> Locator:
    return page.get_by_label("Search", exact=True)


def test_search_finds_in_both_directions_without_accents_and_case(page: Page) -> None:
    assert words(page) == [*ENGLISH]
    search(page).fill("HOUSE")
    assert words(page) == ["house", "the house of cards"]
    assert page.locator(".answer").first.text_content() == "casa"
    search(page).fill("resume")
    assert words(page) == ["résumé"]
    search(page).fill("ano")
    page.get_by_label("Spanish to English").check()
    assert words(page) == ["año"]
    search(page).fill("año")
    assert page.locator("[role=status]").first.text_content() == "1 of 1 word shown"
    page.get_by_label("English to Spanish").check()
    assert words(page) == ["ano"]


def test_search_names_matches_of_the_other_direction(page: Page) -> None:
    search(page).fill("gato")
    assert words(page) == []
    hint = page.locator(".hint")
    assert "1 word of Spanish matches." in str(hint.text_content())
    hint.get_by_role("button").click()
    assert words(page) == ["gato"]
    assert page.get_by_label("Spanish to English").is_checked()
    search(page).fill("nothing of the kind")
    assert page.locator("[role=status]").first.text_content() == "No word found"
    assert not hint.is_visible()


def test_filters_leave_the_probable_and_the_frequent(browser: Browser, files: Path) -> None:
    page = opened(browser, files / "many.html")
    status = page.locator(".dictionary [role=status]")
    assert status.text_content() == "25 of 80,000 words shown"
    page.get_by_label("Frequency").select_option("1000")
    assert status.text_content() == "25 of 1,000 words shown"
    page.get_by_label("Frequency").select_option("")
    page.get_by_label("Probability").fill("0.5")
    assert status.text_content() == "25 of 40,050 words shown"  # probabilities are thousandths
    assert page.locator("output").text_content() == "at least 50 %"
    page.get_by_role("button", name="Show more").click()
    assert len(words(page)) == 50
    assert page.evaluate("document.activeElement.querySelector('.word').textContent") == "aw00025"
    page.context.close()


def test_entry_opens_and_leads_on_by_the_keyboard_alone(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    search(page).focus()
    page.keyboard.type("cat")
    page.keyboard.press("ArrowDown")
    entry = page.locator(".entry").first
    assert entry.get_attribute("aria-expanded") == "false"
    page.keyboard.press("Enter")
    assert entry.get_attribute("aria-expanded") == "true"
    details = page.locator(".details")
    assert details.locator(".answers .jump").all_text_contents() == ["gato", "ojete", "naipes"]
    assert details.get_by_role("heading").all_text_contents() == [
        *("All translations", "Words near cat", "Words near gato")
    ]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # to the word gato
    assert page.get_by_label("Spanish to English").is_checked()
    assert search(page).input_value() == "gato"
    assert page.evaluate("document.activeElement.className") == "entry"
    assert page.locator(".details .answers .jump").first.text_content() == "cat"
    page.keyboard.press("Enter")
    assert page.locator(".details").count() == 0


def test_marks_are_left_out_until_asked_for_and_words_without_ink_have_a_name(
    browser: Browser, files: Path
) -> None:
    page = opened(browser, files / "hostile.html")
    words = page.locator(".entries .word")
    assert words.filter(has_text="U+2028 U+2029").count() == 0
    page.get_by_text("Numbers and marks too").click()
    assert words.filter(has_text="U+2028 U+2029").count() >= 1
    assert page.complaints == []  # type: ignore[attr-defined]
    page.context.close()


def test_without_scripts_nothing_is_shown_that_needs_them(browser: Browser, files: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((files / "hostile.html").as_uri())
    assert not page.locator("input:visible, button:visible, .canvas:visible").count()
    assert page.locator("main").inner_text().count("needs JavaScript") == 2
    assert page.locator("#errors tbody tr").count() > 0
    context.close()


@pytest.mark.parametrize("kind", ["tsv", "csv"])
def test_export_holds_the_words_found(page: Page, kind: str) -> None:
    search(page).fill("house")
    with page.expect_download() as download:
        page.get_by_label(f"Download as {kind.upper()}").click()
    assert download.value.suggested_filename == f"en-es.{kind}"
    text = download.value.path().read_bytes().decode("utf-8-sig")
    comma = "," if kind == "csv" else "\t"
    assert [line.split(comma) for line in text.splitlines()] == [
        ["word", "translation", "probability", "rank", "place"],
        ["house", "casa", "0.900", "1", "1"],
        ["the house of cards", "naipes", "0.400", "6", "1"],
    ]
    page.get_by_text("Download all translations").click()
    with page.expect_download() as download:
        page.get_by_label(f"Download as {kind.upper()}").click()
    lines = download.value.path().read_bytes().decode("utf-8-sig").splitlines()
    places = [line.split(comma)[::4] for line in lines[1:] if line.startswith("house")]
    assert places[:2] == [["house", "1"], ["house", "2"]]


def test_export_keeps_what_separates_columns(browser: Browser, files: Path) -> None:
    import csv
    import io

    page = opened(browser, files / "hostile.html")
    page.get_by_text("Numbers and marks too").click()
    with page.expect_download() as download:
        page.get_by_label("Download as CSV").click()
    text = download.value.path().read_bytes().decode("utf-8-sig")
    rows = [*csv.reader(io.StringIO(text, newline=""))][1:]
    expected = [word.replace("\ud800", "\ufffd") for word in HOSTILE]
    assert [row[0] for row in rows] == expected
    with page.expect_download() as download:
        page.get_by_label("Download as TSV").click()
    lines = download.value.path().read_text(encoding="utf-8").split("\n")
    assert {line.count("\t") for line in lines[:-1]} == {4}
    assert page.complaints == []  # type: ignore[attr-defined]
    page.context.close()


def test_hostile_words_are_shown_and_do_nothing(browser: Browser, files: Path) -> None:
    page = opened(browser, files / "hostile.html", viewport={"width": 360, "height": 800})
    assert words(page)[:2] == [*HOSTILE[:2]]
    assert words(page)[6] == "\ufffdgnikcatta\ufffd"
    for entry in page.locator(".entry").all():
        entry.click()
    page.get_by_label("Search the map").fill("<script>")
    assert HOSTILE[0] in str(page.locator(".word-map [role=status]").text_content())
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.locator("main img").count() == 0
    assert page.complaints == []  # type: ignore[attr-defined]
    page.context.close()


def test_errors_are_filtered_by_reason(page: Page) -> None:
    rows = page.locator(".errors tbody tr:visible")
    assert rows.count() == 8
    page.get_by_label("several meanings 2").check(force=True)
    assert rows.locator("th bdi").all_text_contents() == ["year", "the house of cards"]
    assert page.locator(".errors [role=status]").text_content() == "2 of 2 errors shown"


def test_map_shows_the_word_searched_for_and_moves_by_the_keyboard(page: Page) -> None:
    window = "document.querySelector('.word-map').view.window.map(({start, end}) => [start, end])"
    assert page.evaluate(window) == [[0, 100], [0, 100]]
    page.get_by_label("Search the map").fill("CANCION")
    status = page.locator(".word-map [role=status]")
    assert status.text_content() == "canción (Spanish): song"
    zoomed = page.evaluate(window)
    places = page.evaluate(
        """() => {
          const { view } = document.querySelector(".word-map");
          const at = (series, place) => view.chart.convertToPixel({ seriesIndex: series }, place);
          return [at(1, view.points[0][2]), at(2, view.points[1][2])];
        }"""
    )
    box = page.locator(".canvas").bounding_box()
    assert box is not None
    assert all(0 < x < box["width"] and 0 < y < box["height"] for x, y in places)
    page.locator(".canvas").focus()
    page.keyboard.press("+")
    closer = page.evaluate(window)
    assert all(b - a < end - start for (a, b), (start, end) in zip(closer, zoomed, strict=True))
    page.keyboard.press("ArrowRight")
    assert page.evaluate(window)[0][0] > closer[0][0]
    page.keyboard.press("0")
    assert page.evaluate(window) == [[0, 100], [0, 100]]
    page.get_by_text("The 9 pairs as a list").click()
    page.locator(".pairs li").first.wait_for()  # written when the browser says that it opened
    assert page.locator(".pairs li").count() == 9


def test_theme_turns_dark_and_print_is_light(page: Page) -> None:
    color = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(color) == "rgb(255, 255, 255)"
    button = page.get_by_role("button", name="Dark")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    dark = page.evaluate(color)
    assert dark != "rgb(255, 255, 255)"
    page.emulate_media(media="print")
    assert page.evaluate(color) == "rgb(255, 255, 255)"
    page.emulate_media(media="screen", color_scheme="dark")
    assert page.evaluate(color) == dark


@pytest.mark.parametrize("width", [320, 360, 800])
def test_page_never_scrolls_sideways(browser: Browser, files: Path, width: int) -> None:
    page = opened(browser, files / "small.html", viewport={"width": width, "height": 700})
    page.locator(".entry").first.click()
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.context.close()


def test_many_words_are_found_before_the_next_key(browser: Browser, files: Path) -> None:
    page = opened(browser, files / "many.html")
    search(page).fill("x")  # folds the words once
    times = page.evaluate(
        """async () => {
          const field = document.querySelector("#search");
          const times = [];
          for (const text of ["a", "aw", "w7", "w79", "w79995", ""]) {
            const start = performance.now();
            field.value = text;
            field.dispatchEvent(new Event("input", { bubbles: true }));
            await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
            times.push(performance.now() - start);
          }
          return times;
        }"""
    )
    assert min(times) < 100, times  # 20 ms on a quiet machine
    search(page).fill("w79995")
    assert words(page) == ["aw79995"]
    page.context.close()
