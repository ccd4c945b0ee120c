"""SVG for a page: well-formed, without styles, deterministic."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from lxml import etree
from matplotlib.figure import Figure

from alignx.evaluation.accuracy import Accuracy
from alignx.reporting.figures.answers import plot_accuracy
from alignx.reporting.figures.svg import inline_svg
from alignx.reporting.figures.theme import COLORS, LONGEST, label_of
from alignx.reporting.figures.vectors import plot_cosines, plot_singular_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SVG = "{http://www.w3.org/2000/svg}"
EVIL = {
    "markup": '"><img src=x onerror=alert(1)><script>',
    "mathtext": "$x_1^{2}$ \\frac{",
    "scripts": "猫 हिन्दी العربية",
    "controls": "a\x00b\x1bc\u202ed\ud800e",
    "long": "z" * 10_000,
}


def words(*names: str) -> Axes:
    right = Accuracy.of_ranks(np.array([1.0, 1.0, 2.0]))
    return plot_accuracy(dict.fromkeys(names, right))


@pytest.fixture(scope="module")
def root() -> etree._Element:
    svg = inline_svg(words(*EVIL.values()).figure, "<b>Title</b>", "text & \x00more", "one")
    return etree.fromstring(svg)


def test_it_is_an_image_with_a_text_alternative(root: etree._Element) -> None:
    assert root.get("role") == "img"
    assert [root.find(f"{SVG}{tag}").text for tag in ("title", "desc")] == [
        "<b>Title</b>",
        "text & more",
    ]
    assert root.get("aria-labelledby").split() == ["one-title", "one-desc"]
    assert root.get("viewBox")
    assert root.get("width") is None  # its width is that of the page


def test_a_strict_policy_has_nothing_to_forbid(root: etree._Element) -> None:
    for element in root.iter():
        assert "style" not in element.attrib
        assert not [name for name in element.attrib if name.startswith("on")]
        assert etree.QName(element).localname not in ("style", "script", "metadata", "image")


def test_words_are_texts(root: etree._Element) -> None:
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert [text.rpartition(" (")[0] for text in texts if text.endswith("(3)")] == [
        label_of(word) for word in EVIL.values()
    ]
    assert "$x_1^{2}$ \\frac{ (3)" in texts
    assert "猫 हिन्दी العربية (3)" in texts
    assert "abcde (3)" in texts


def test_labels_are_short_and_keep_joiners() -> None:
    assert len(label_of("z" * 10_000)) == LONGEST
    assert label_of("न\u200dक") == "न\u200dक"
    assert label_of("") == ""


def test_references_are_prefixed_and_found(root: etree._Element) -> None:
    identities = [element.get("id") for element in root.iter() if element.get("id")]
    assert len({*identities}) == len(identities)
    assert all(identity.startswith("one-") for identity in identities)
    attributes = [value for element in root.iter() for value in element.attrib.values()]
    targets = {m for value in attributes for m in re.findall(r"(?:^|url\()#([\w-]+)", value)}
    assert targets
    assert targets <= {*identities}


def test_every_color_is_a_variable_of_the_page(root: etree._Element) -> None:
    colors = {element.get(name) for element in root.iter() for name in ("fill", "stroke")}
    known = {f"var({color.variable}, {color.light})" for color in COLORS}
    assert colors - {None, "none"} <= known


def test_ids_differ_between_figures_and_bytes_do_not_between_runs() -> None:
    def ids(svg: str) -> set[str]:
        return {*re.findall(r' id="([^"]+)"', svg)}

    first, again = (inline_svg(words("a").figure, "t", "d", "x") for _ in range(2))
    other = inline_svg(words("a").figure, "t", "d", "y")
    assert first == again
    assert not ids(first) & ids(other)


def test_any_figure_of_matplotlib_will_do() -> None:
    figure = Figure()
    figure.add_subplot().imshow([[1, 2]])
    assert inline_svg(figure, "t", "d", "x").startswith("<svg")


def test_pyplot_knows_of_no_figure() -> None:
    import matplotlib.pyplot as plt

    plot_singular_values((np.ones(2), np.ones(2)))
    plot_cosines(([1.0], [0.0]))
    assert plt.get_fignums() == []
