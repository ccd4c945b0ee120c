"""Page of a report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from alignx.reporting.page.document import document
from alignx.reporting.page.figure_views import figure_views
from alignx.reporting.page.packed import dictionary_data, word_map_data

if TYPE_CHECKING:
    from alignx.reporting.contents import Contents
    from alignx.reporting.questions import Question, Questions

__all__ = ["DICTIONARY_SCRIPTS", "render"]

DICTIONARY_SCRIPTS = ("words.js", "packed.js", "carried-dictionary.js", "dictionary.js")
SCRIPTS = ("theme.js", *DICTIONARY_SCRIPTS, "errors.js", "word-map.js", "report.js")
STYLES = ("dictionary.css", "report.css")
MOST_ERRORS = 1_000
RANKINGS = {"nn": "Nearest neighbor", "csls": "CSLS", "learned": "Learned ranking"}
REASONS = {
    "rare": "rare word",
    "homograph": "several meanings",
    "inflection": "another form of the right word",
    "identical": "copied as it is",
    "oov": "right word has no vector",
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
            f"{len(wrong):,} of {len(questions.questions):,} test words have another first answer "
            "than the test dictionary, most frequent first. Some answers are right as well: a "
            "dictionary never lists all translations."
        )
        if len(shown) < len(wrong):
            lead += f" The {len(shown):,} most frequent are listed."
        found = Counter(reason for each in shown for reason in each.reasons)
        return cls(shown, {name: found[name] for name in REASONS if found[name]}, lead)


def render(report: Contents) -> str:
    """Write a report as one HTML file that needs no other.

    Parameters
    ----------
    report : Contents
        Any part may be absent; its section then is.

    Returns
    -------
    str
        The page, the same for the same report.
    """
    names = report.languages
    if report.card is not None:
        names = (report.card.source, report.card.target)
    languages = [
        {"code": code, "name": name, "color": color}
        for code, name, color in zip(
            report.languages, names, ("of-source", "of-target"), strict=True
        )
    ]
    figures = [*figure_views(report)]
    errors = None if report.questions is None else _Errors.of(report.questions)
    data = {}
    if report.dictionary is not None:
        data["dictionary-data"] = dictionary_data(report.dictionary, languages)
    if report.word_map is not None:
        data["word-map-data"] = word_map_data(report.word_map, languages)
    sections = {
        "quality": ("Quality", report.card),
        "dictionary": ("Dictionary", report.dictionary),
        "figures": ("Figures", figures or report.word_map),
        "errors": ("Errors", errors),
        "notes": ("How it was made", report.notes or report.card),
    }
    by_probability = report.questions is not None and report.questions.ranking == "learned"
    return document(
        "report.html",
        styles=STYLES,
        scripts=SCRIPTS,
        library="echarts/echarts.min.js" if report.word_map is not None else None,
        data=data,
        report=report,
        card=report.card,
        best=report.card.accuracies[0] if report.card and report.card.accuracies else None,
        languages=languages,
        subtitle="Report of two languages in one space of word vectors",
        sections=[(name, title) for name, (title, content) in sections.items() if content],
        dictionary_lead="",
        figures=figures,
        errors=errors,
        rankings=RANKINGS,
        reasons=REASONS,
        score=lambda value: f"{100 * value:.0f} %" if by_probability else f"{value:.2f}",
        version=version("alignx"),
    )
