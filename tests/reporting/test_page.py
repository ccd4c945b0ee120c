"""Tests of the page as text: structure, policy, escaping and packed values."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from lxml import html
from small_reports import ENGLISH, HOSTILE, SPANISH, accuracy, small_report

import alignx as ax
from alignx.reporting.classifier import ClassifierSection, TellingWord, WrongText
from alignx.reporting.contents import Contents
from alignx.reporting.page.document import as_json
from alignx.reporting.page.packed import packed_numbers, packed_strings
from alignx.reporting.page.render import render

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Figures take the time.
UNDRAWN: dict[str, Any] = dict.fromkeys(
    ("questions", "reliability", "hubs", "cosines", "singular_values")
)


@cache
def page(kind: str = "small") -> str:
    if kind == "hostile":
        return render(small_report(HOSTILE, HOSTILE[::-1]))
    return render(small_report())


def parsed(text: str) -> Any:  # noqa: ANN401  # lxml has no types
    return html.document_fromstring(text)


def unpacked(packed: str) -> bytes:
    return zlib.decompress(base64.b64decode(packed))


def numbers(packed: str, dtype: str) -> NDArray[Any]:
    planes = np.frombuffer(unpacked(packed), dtype=np.uint8)
    return planes.reshape(np.dtype(dtype).itemsize, -1).T.copy().view(dtype).ravel()


# --- structure --------------------------------------------------------------------------------


def test_page_has_landmarks_headings_and_a_way_to_each_section() -> None:
    root = parsed(page())
    assert root.get("lang") == "en"
    assert len(root.xpath("//main")) == len(root.xpath("//h1")) == len(root.xpath("//nav")) == 1
    skip = root.xpath("//a[@class='skip']")[0]
    assert root.xpath("//main")[0].get("id") == skip.get("href").removeprefix("#")
    targets = [link.get("href").removeprefix("#") for link in root.xpath("//nav//a")]
    assert targets == ["quality", "dictionary", "figures", "errors", "notes"]
    identities = root.xpath("//@id")
    assert len(identities) == len({*identities})
    for section in root.xpath("//main/section"):
        assert section.get("id") in targets
        assert section.get("aria-labelledby") in identities
    levels = [int(each.tag[1]) for each in root.xpath("//h1|//h2|//h3|//h4")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("kind", ["small", "hostile"])
def test_policy_allows_the_styles_and_scripts_of_the_page_and_nothing_else(kind: str) -> None:
    root = parsed(page(kind))
    policy = dict(
        part.split(" ", 1)
        for part in root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0].split(
            "; "
        )
    )
    assert policy["default-src"] == policy["connect-src"] == "'none'"
    assert policy["base-uri"] == policy["form-action"] == "'none'"
    scripts = [
        each.text for each in root.xpath("//script") if each.get("type") != "application/json"
    ]
    styles = [each.text for each in root.xpath("//style")]
    for name, codes in (("script-src", scripts), ("style-src", styles)):
        hashes = [base64.b64encode(hashlib.sha256(x.encode()).digest()).decode() for x in codes]
        assert policy[name].split(" ") == [f"'sha256-{each}'" for each in hashes]
    assert len(scripts) == 2
    attributes = {name for each in root.iter() if isinstance(each.tag, str) for name in each.attrib}
    assert not {name for name in attributes if name.startswith("on")}
    assert "style" not in attributes
    loaded = root.xpath("//@src|//@srcset|//@action|//@poster|//@data|//@formaction")
    loaded += root.xpath("//*[local-name()!='a']/@href")
    assert all(each.startswith(("data:image/", "#")) for each in loaded), loaded
    assert not re.search(r"@import|url\((?!#)", "".join(styles))


def test_absent_parts_have_no_section() -> None:
    bare = parsed(render(Contents("A to B", ("source", "target"))))
    assert not bare.xpath("//main/section")
    assert not bare.xpath("//nav//a")
    assert len(bare.xpath("//script")) == 1  # neither data nor ECharts
    for name in ("card", "dictionary", "word_map"):
        root = parsed(render(small_report(**{**UNDRAWN, name: None})))
        targets = [each.removeprefix("#") for each in root.xpath("//nav//a/@href")]
        assert targets == root.xpath("//main/section/@id"), name
        assert len(targets) == 3, name


@pytest.mark.slow
def test_prospects_stand_alone_or_fold_beside_a_map() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5)).astype(np.float32)
    pair = (ax.Embeddings([f"{c}{i}" for i in range(60)], X, language=c) for c in ("en", "es"))
    prospects = ax.prospects(*pair)
    alone = parsed(render(Contents("English and Spanish", ("en", "es"), prospects=prospects)))
    assert alone.xpath("//nav//a/@href") == ["#prospects"]
    section = alone.xpath("//section[@id='prospects']")[0]
    assert len(section.xpath(".//table[@class='accuracies']/tbody/tr")) == len(prospects.expected)
    text = section.text_content()
    assert all(each in text for each in (*prospects.advice, *prospects.source.warnings))
    assert "English" in text
    assert not section.xpath("./details")
    beside = parsed(render(small_report(**UNDRAWN, prospects=prospects)))
    assert beside.xpath("//section[@id='prospects']/details[not(@open)]")


def test_classifier_shows_classes_words_and_wrong_texts_as_text() -> None:
    hostile = HOSTILE[0]
    section = ClassifierSection(
        ("sports", hostile),
        np.array([[8, 2], [1, 9]]),
        accuracy(17, 20),
        {"sports": accuracy(8, 10), hostile: accuracy(9, 10)},
        {"es": accuracy(17, 20)},
        {"sports": (TellingWord("gol", "es", 0.5, 3, "goal"),), hostile: ()},
        (WrongText(hostile, "sports", hostile, 0.9, "es"),),
    )
    root = parsed(render(small_report(**UNDRAWN, classifier=section)))
    shown = root.xpath("//section[@id='classifier']")[0]
    assert "85.0\xa0% of 20 texts" in shown.text_content()
    assert [each.text_content() for each in shown.xpath(".//dl//dd")] == ["gol (goal)"]
    assert shown.xpath(".//details//tbody/tr/th/text()") == [hostile]
    assert len(root.xpath("//script")) == 4


def test_failure_stands_first_in_the_card() -> None:
    card = small_report().card
    assert card is not None
    failed = type(card)(**{**vars(card), "failed": True, "accuracies": ()})
    text = parsed(render(small_report(**{**UNDRAWN, "card": failed}))).xpath(
        "//section[@id='quality']"
    )[0]
    words = text.text_content()
    assert words.index("failed its check") < words.index("Languages")
    assert "was not measured" in words


def test_card_gives_interval_and_number_with_each_accuracy() -> None:
    rows = parsed(page()).xpath("//table[contains(@class, 'accuracies')]/tbody/tr")
    texts = [[cell.text_content().replace("\xa0", " ") for cell in row] for row in rows]
    interval = "60.4 to 78.1 %"
    where = "100 words of the test dictionary"
    assert texts[0] == ["Learned ranking", "70.0 %", "", interval, where]
    assert texts[1][:2] == ["CSLS", "60.0 %"]


def test_many_errors_are_cut_with_a_statement() -> None:
    words = [f"w{i}" for i in range(1_200)]
    text = render(small_report(words, words, dictionary=None, word_map=None, hubs=None))
    root = parsed(text)
    assert len(root.xpath("//section[@id='errors']//tbody/tr")) == 1_000
    assert "1,199 of 1,200 test words" in text
    assert "the 1,000 most frequent" in text


# --- escaping ---------------------------------------------------------------------------------


def test_words_reach_the_page_as_text() -> None:
    text, root = page("hostile"), parsed(page("hostile"))
    kinds = [each.get("type") for each in root.xpath("//script")]
    assert kinds == ["application/json", "application/json", None, "module"]
    assert not root.xpath("//img")
    shown = root.xpath("//section[@id='errors']//th//bdi/text()")
    assert "</script><script>alert(2)</script>" in shown
    assert "{{ 7 * 7 }}{% raw %}" in shown
    assert "مرحبا" in shown
    assert "x" * 10_000 in shown
    unseen = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
    outside = re.sub(r"(?s)<script\b.*?</script>", "", text)
    assert not unseen.search(outside)
    text.encode()  # no lone surrogate


def test_hostile_titles_and_texts_are_escaped() -> None:
    for word in HOSTILE[:6:2]:
        changes = {"title": word, "notes": (word,), "languages": (word, word), "card": None}
        root = parsed(render(small_report(**{**UNDRAWN, **changes})))
        assert root.xpath("//h1")[0].text_content() == word
        assert root.xpath("//section[@id='notes']//li")[0].text_content() == word
        assert len(root.xpath("//script")) == 4


def test_data_hold_the_words_and_numbers_of_the_report() -> None:
    data = json.loads(parsed(page("hostile")).xpath("//script[@id='dictionary-data']/text()")[0])
    report = small_report(HOSTILE, HOSTILE[::-1])
    assert report.dictionary is not None
    assert tuple(json.loads(unpacked(data["source"]))) == HOSTILE
    forward = report.dictionary.forward
    answers = numbers(data["forward"]["answers"], "<i4").reshape(3, -1).T
    np.testing.assert_array_equal(answers, forward.answers)
    scores = numbers(data["forward"]["scores"], "<i2").reshape(3, -1).T / 1000
    np.testing.assert_allclose(scores, forward.scores, atol=5.1e-4)


@given(st.lists(st.text(st.characters(codec=None))))
def test_any_strings_come_back(words: list[str]) -> None:
    assert json.loads(unpacked(packed_strings(words))) == words
    assert not set("<>&\"'\u2028") & set(packed_strings(words))


@given(
    arrays(
        np.int64,
        st.tuples(st.integers(0, 9), st.integers(1, 4)),
        elements=st.integers(-1, 2**31 - 1),
    )
)
def test_any_numbers_come_back(values: NDArray[np.int64]) -> None:
    found = numbers(packed_numbers(values, np.int32), "<i4")
    np.testing.assert_array_equal(found.reshape(values.shape[::-1]).T, values)


@given(st.recursive(st.text(), st.lists))
def test_json_never_ends_its_element(value: object) -> None:
    text = as_json(value)
    assert json.loads(text) == value
    assert "<" not in text
    assert text.isascii()


def test_missing_answers_and_unmeasured_scores_are_packed() -> None:
    dictionary = small_report().dictionary
    assert dictionary is not None
    forward = type(dictionary.forward)(
        np.full_like(dictionary.forward.answers, -1),
        np.full_like(dictionary.forward.scores, -np.inf),
        dictionary.forward.neighbors,
    )
    changed = type(dictionary)(ENGLISH, SPANISH, forward, dictionary.backward, "csls")
    root = parsed(render(small_report(**{**UNDRAWN, "dictionary": changed})))
    data = json.loads(root.xpath("//script[@id='dictionary-data']/text()")[0])
    assert {*numbers(data["forward"]["answers"], "<i4").tolist()} == {-1}
    assert {*numbers(data["forward"]["scores"], "<i2").tolist()} == {-9000}


def test_same_report_gives_the_same_bytes() -> None:
    assert render(small_report()) == page()
