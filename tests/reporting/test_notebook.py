"""HTML of values in notebooks."""

from __future__ import annotations

from lxml import html
from made_reports import accuracy, hubs, made_prospects, reliability

from alignx.reporting.quality_card import MeasuredAccuracy, QualityCard
from alignx.reporting.report import Report
from alignx.reporting.uses import Use

EVIL = "</td><script>alert(1)</script>"
CARD = QualityCard(
    EVIL,
    "Spanish",
    (10, 10),
    EVIL,
    (MeasuredAccuracy("held-out words", "csls", accuracy(3, 4)),),
    None,
    (Use(EVIL, True, "P@1 is 75 %"), Use("proof", False, "P@1 is 75 %")),
    (EVIL,),
    failed=True,
)


def test_a_card_shows_figures_uses_and_warnings_and_escapes_words() -> None:
    page = html.fromstring(f"<main>{CARD._repr_html_()}</main>")
    assert page.xpath("//script") == []
    assert page.text_content().count(EVIL) == 4
    cells = [cell.text_content() for cell in page.xpath("//td")]
    assert cells == ["held-out words", "csls", "4", "75.0 %", "30.1 to 95.4 %"]
    items = [item.text_content() for item in page.xpath("//li")]
    assert items[1:] == ["Not good for proof: P@1 is 75 %", f"Warning: {EVIL}"]
    assert "The alignment failed." in page.text_content()


def test_a_report_shows_its_card_or_prospects_and_how_to_save() -> None:
    page = html.fromstring(f"<main>{Report(EVIL, ('en', 'es'), CARD)._repr_html_()}</main>")
    assert page.xpath("//script") == []
    assert page.xpath("//h4")[0].text == EVIL
    assert page.xpath("//code")[0].text == 'report.save("report.html")'
    assert "75.0 %" in page.text_content()
    before = Report("A and B", ("a", "b"), prospects=made_prospects())._repr_html_()
    assert "no go" in before


def test_hubs_and_reliability_show_their_figures() -> None:
    for value in (hubs([1, 5], [3, 3]), reliability()):
        shown = value._repr_html_()
        assert "<svg" in shown
        assert html.fromstring(shown).xpath("//script") == []
