"""Figures of a classifier, for a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.reporting.figures.classes import plot_classes, plot_confusion
from alignx.reporting.figures.entry import ReportFigure, figure_of, interval_text, percent
from alignx.reporting.figures.of_alignment import best_and_worst
from alignx.reporting.figures.theme import label_of

if TYPE_CHECKING:
    from alignx.reporting.classifier import ClassifierSection, TellingWord

__all__ = ["classifier_figures"]


def classifier_figures(section: ClassifierSection) -> list[ReportFigure]:
    """Draw the classes of a classifier and their confusions."""
    return [_classes(section), _confusion(section)]


def _classes(section: ClassifierSection) -> ReportFigure:
    found = section.accuracy
    read = best_and_worst({name: c for name, c in section.by_class.items() if c.n}, "texts")
    return figure_of(
        plot_classes(section),
        "classes",
        "Accuracy by class",
        caption=f"Of {found.n:,} texts, {percent(found.precision[1])} are predicted right (95 % "
        f"interval {interval_text(*found.interval)}); from {' to '.join(reversed(read))}.",
        description=f"Chart of {len(section.classes)} rows: share of the texts of each class that "
        "are predicted right, with its 95 % interval.",
        columns=("class", "texts", "right", "95 % interval", "words that tell"),
        rows=[
            (
                label_of(name),
                f"{each.n:,}",
                percent(each.precision[1]) if each.n else "",
                interval_text(*each.interval) if each.n else "",
                ", ".join(map(_shown, section.telling.get(name, ()))),
            )
            for name, each in section.by_class.items()
        ],
    )


def _shown(word: TellingWord) -> str:
    is_other = word.nearest and word.nearest != word.word
    return label_of(word.word) + (f" ({label_of(word.nearest)})" if is_other else "")


def _confusion(section: ClassifierSection) -> ReportFigure:
    wrong = section.confusion - np.diag(section.confusion.diagonal())
    true, predicted = np.unravel_index(wrong.argmax(), wrong.shape)
    most = int(wrong.max())
    pairs = np.argwhere(wrong > 0)
    order = np.argsort(-wrong[tuple(pairs.T)], kind="stable")
    names = [label_of(name) for name in section.classes]
    return figure_of(
        plot_confusion(section),
        "confusion",
        "Which classes are confused",
        caption=f"The most frequent confusion: {most:,} of {section.confusion[true].sum():,} texts "
        f"of {names[true]} are predicted as {names[predicted]}."
        if most
        else "No text is predicted wrong.",
        description="Table of numbers: texts by true class (rows) and predicted class (columns); "
        "right ones on the diagonal.",
        columns=("true class", "predicted class", "texts"),
        rows=[(names[i], names[j], f"{wrong[i, j]:,}") for i, j in pairs[order]],
    )
