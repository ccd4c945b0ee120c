"""Page of a report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from alignx.datasets.languages import languages
from alignx.reporting.figures.of_alignment import alignment_figures
from alignx.reporting.figures.of_classifier import classifier_figures
from alignx.reporting.figures.of_languages import language_figures
from alignx.reporting.page.document import document
from alignx.reporting.page.packed import dictionary_data, word_map_data
from alignx.reporting.page.prospect_rows import ProspectRows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alignx.reporting.contents import Contents
    from alignx.reporting.figures.entry import ReportFigure
    from alignx.reporting.questions import Question, Questions

__all__ = ["render"]

STYLES = ("dictionary.css", "report.css")
SCRIPTS = (
    *("theme.js", "words.js", "packed.js", "carried-dictionary.js", "dictionary.js"),
    *("errors.js", "word-map.js", "report.js"),
)
ECHARTS = "echarts/echarts.min.js"
MOST_ERRORS = 1_000
IN_CARDS = ("rankings", "expected")  # figures whose numbers a card has
RANKINGS = {"nn": "Nearest neighbor", "csls": "CSLS", "learned": "Learned ranking"}
REASONS = {
    "rare": "rare word",
    "homograph": "several meanings",
    "inflection": "same stem as a right word",
    "identical": "copied word",
    "oov": "no vector",
}


@dataclass(frozen=True)
class _Errors:
    """Wrong answers to show, and the number of each reason among them."""

    questions: list[Question]
    counts: dict[str, int]
    lead: str

    @classmethod
    def of(cls, questions: Questions) -> _Errors | None:
        wrong = [each for each in questions.questions if each.rank != 1]
        if not wrong:
            return None
        shown = wrong[:MOST_ERRORS]
        lead = (
            f"The first answer to {len(wrong):,} of {len(questions.questions):,} test words is not "
            "in the test dictionary. Some are right all the same, as a dictionary never lists all "
            "translations."
        )
        if len(shown) < len(wrong):
            lead += f" Those of the {len(shown):,} most frequent words are listed."
        found = Counter[str](reason for each in shown for reason in each.reasons)
        return cls(shown, {name: found[name] for name in REASONS if found[name]}, lead)


def render(report: Contents) -> str:
    """Write a report as one HTML file that needs no other.

    Parameters
    ----------
    report : Contents
        Parts that are None have no section.

    Returns
    -------
    str
        The page, the same for the same report.

    Examples
    --------
    >>> from alignx.reporting.contents import Contents
    >>> page = render(Contents("Elvish to Dwarvish", ("source", "target"), notes=("An example.",)))
    >>> page[:15], "An example." in page
    ('<!DOCTYPE html>', True)
    """
    sides = _languages(report)
    figures = _figures(report)
    errors = None if report.questions is None else _Errors.of(report.questions)
    return document(
        "report.html",
        styles=STYLES,
        scripts=SCRIPTS,
        library=None if report.word_map is None else ECHARTS,
        data=dict(_data(report, sides)),
        report=report,
        card=report.card,
        best=report.card.accuracies[0] if report.card and report.card.accuracies else None,
        languages=sides,
        sections=[
            *_sections(
                report, has_figures=bool(figures["alignment"]), has_errors=errors is not None
            )
        ],
        figures=figures,
        errors=errors,
        rankings=RANKINGS,
        reasons=REASONS,
        score=_writes_probability if _is_learned(report.questions) else "{:.2f}".format,
        version=version("alignx"),
        prospects=report.prospects,
        rows=None if report.prospects is None else ProspectRows.of(report.prospects),
    ).text


def _figures(report: Contents) -> dict[str, list[ReportFigure]]:
    """Draw the figures of each section."""
    found = {
        "alignment": alignment_figures(report),
        "classifier": () if report.classifier is None else classifier_figures(report.classifier),
        "prospects": () if report.prospects is None else language_figures(report.prospects),
    }
    return {
        section: [each for each in figures if each.name not in IN_CARDS]
        for section, figures in found.items()
    }


def _languages(report: Contents) -> list[dict[str, str]]:
    card, known = report.card, languages()
    names = [known[code].name if code in known else code for code in report.languages]
    if card is not None:
        names = [card.source, card.target]
    return [
        {"code": code, "name": name, "color": color}
        for code, name, color in zip(
            report.languages, names, ("of-source", "of-target"), strict=True
        )
    ]


def _data(report: Contents, languages: list[dict[str, str]]) -> Iterator[tuple[str, object]]:
    if report.dictionary is not None:
        yield "dictionary-data", dictionary_data(report.dictionary, languages)
    if report.word_map is not None:
        yield "word-map-data", word_map_data(report.word_map, languages)


def _sections(
    report: Contents, *, has_figures: bool, has_errors: bool
) -> Iterator[tuple[str, str]]:
    """Name the sections that the page has, for its navigation."""
    for name, title, is_there in (
        ("quality", "Quality", report.card is not None),
        ("dictionary", "Dictionary", report.dictionary is not None),
        ("figures", "Figures", has_figures or report.word_map is not None),
        ("errors", "Errors", has_errors),
        ("prospects", "Before any work", report.prospects is not None),
        ("classifier", "Classifier", report.classifier is not None),
        ("notes", "How it was made", bool(report.notes)),
    ):
        if is_there:
            yield name, title


def _is_learned(questions: Questions | None) -> bool:
    return questions is not None and questions.ranking == "learned"


def _writes_probability(score: float) -> str:
    return f"{100 * score:.0f}\N{NO-BREAK SPACE}%"
