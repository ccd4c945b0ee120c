"""Figures of a report: their sentences and tables follow from the values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from lxml import etree
from made_reports import accuracy, hubs, made_prospects, reliability, section

import alignx as ax
from alignx.reporting.contents import Contents
from alignx.reporting.figures.report_figures import figures_of
from alignx.reporting.hubs import Hub
from alignx.reporting.questions import Questions

if TYPE_CHECKING:
    from alignx.reporting.figures.entry import ReportFigure

EVIL = "<script>$x_1$\u202e"
SHOWN = "<script>$x_1$"
EMPTY = Contents("English to Spanish", ("en", "es"))
WORST = (Hub(EVIL, 1_234, 20, (EVIL, "b")),)


def of(contents: Contents) -> dict[str, ReportFigure]:
    return {figure.name: figure for figure in figures_of(contents)}


@pytest.fixture(scope="module")
def contents() -> Contents:
    space = ax.SharedSpace({code: ax.Embeddings(["a"], [[1.0]]) for code in ("en", "es")})
    by_frequency = {"1-1,000": accuracy(90, 100), EVIL: accuracy(10, 40), "few": accuracy(0, 3)}
    return replace(
        EMPTY,
        evaluation=ax.evaluate(space, [("a", "a")], n_neighbors=1),
        questions=Questions((), "csls", by_frequency, {"none": accuracy(0, 0)}, {}),
        reliability=reliability(),
        hubs=replace(hubs([0, 3, 1_234], [10, 20, 9]), worst=WORST),
        cosines=(np.array([0.9, 0.5], np.float32), np.array([0.5, 0.1], np.float32)),
        singular_values=(np.array([2.0, 1.0]), np.array([1.0, 0.5])),
        prospects=made_prospects(),
        classifier=section([[8, 2], [1, 4]], EVIL, "b"),
    )


@pytest.fixture(scope="module")
def figures(contents: Contents) -> dict[str, ReportFigure]:
    return of(contents)


CAPTIONS = {
    "rankings": "The first answer is right for 100 % of 1 word (nearest neighbor), and for 100 % "
    "of 1 word (CSLS).",
    "frequency": "The first answer is right for 90 % of 100 words (1-1,000), and for 25 % of 40 "
    f"words ({SHOWN}).",
    "reliability": "Of the 30 answers with a probability of about 90 %, 100 % are right; over all "
    "answers, probability and result differ by 5.0 points on average.",
    "hubs": "By cosine, one target word is among the 10 nearest of 1,234 source words; by CSLS, "
    "none is near to more than 20.",
    "cosines": "A known pair is nearer than a random one in 87.5 % of cases: the median cosine is "
    "0.70, that of random pairs 0.30.",
    "stretching": "The maps stretch directions by 0.50 to 2.00.",
    "expected": "With 500 known pairs expect 50 % of the first answers to be right (90 % interval "
    "40 % to 60 %), if the map succeeds, with a probability of 100 %.",
    "shared-words": "The other language has 50 % of the 100 most frequent words (en) too, and 40 % "
    "of the 100 most frequent words (es).",
    "spectra": "Half of the variance lies in 1 of 2 directions (en) and 1 of 3 directions (es).",
    "classes": "Of 15 texts, 80 % are predicted right (95 % interval 60 % to 100 %); from 80 % of "
    f"5 texts (b) to 80 % of 10 texts ({SHOWN}).",
    "confusion": f"The most frequent confusion: 2 of 10 texts of {SHOWN} are predicted as b.",
}


@pytest.mark.parametrize("name", CAPTIONS)
def test_captions_read_the_values(figures: dict[str, ReportFigure], name: str) -> None:
    assert figures[name].caption == CAPTIONS[name]


def test_there_is_a_figure_for_all_values_and_no_other(figures: dict[str, ReportFigure]) -> None:
    assert list(figures) == list(CAPTIONS)
    assert of(EMPTY) == {}


def test_tables_hold_the_values(figures: dict[str, ReportFigure]) -> None:
    assert figures["frequency"].rows[2] == ("few", "3", "0 %", "0 % to 0 %")
    assert figures["reliability"].rows[0] == ("20 %", "10 %", "0 % to 30 %", "10")
    assert figures["hubs"].rows == ((SHOWN, "1,234", "20", f"{SHOWN}, b"),)
    assert figures["confusion"].rows == ((SHOWN, "b", "2"), ("b", SHOWN, "1"))
    assert figures["expected"].rows[0] == ("0", "10 %", "0 % to 30 %", "20 %")
    for figure in figures.values():
        assert {len(row) for row in figure.rows} == {len(figure.columns)}


def test_ids_are_unique_in_a_page_of_all_figures(figures: dict[str, ReportFigure]) -> None:
    page = etree.fromstring(f"<main>{''.join(f.svg for f in figures.values())}</main>")
    identities = page.xpath("//@id")
    assert len({*identities}) == len(identities) > len(figures)
    assert not page.xpath("//@style")
    assert not page.xpath("//*[local-name() = 'script']")
    titles = [title.text for title in page.iter("{http://www.w3.org/2000/svg}title")]
    assert titles == [figure.title for figure in figures.values()]


def test_values_that_tell_nothing_give_no_figure() -> None:
    nothing = replace(
        EMPTY,
        reliability=reliability(counts=[0, 0, 0]),
        hubs=hubs([0, 0], [0, 0]),
        cosines=(np.zeros(0, np.float32), np.ones(1, np.float32)),
        singular_values=(np.zeros(0), np.zeros(0)),
        prospects=replace(made_prospects(), expected=()),
    )
    assert list(of(nothing)) == ["shared-words", "spectra"]


def test_a_rotation_and_a_perfect_classifier_are_named_so() -> None:
    contents = replace(
        EMPTY,
        singular_values=(np.ones(2), np.ones(2) - 1e-6),
        classifier=section([[2, 0], [0, 1]], "a", "b"),
    )
    captions = {name: figure.caption for name, figure in of(contents).items()}
    assert captions["stretching"] == "The maps stretch all directions alike: they only rotate."
    assert captions["confusion"] == "No text is predicted wrong."
