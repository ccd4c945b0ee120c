"""Figures of an alignment, for its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.reporting.figures.answers import RANKINGS, plot_accuracy, plot_reliability
from alignx.reporting.figures.entry import ReportFigure, figure_of, interval_text, percent
from alignx.reporting.figures.theme import label_of
from alignx.reporting.figures.vectors import plot_cosines, plot_hubs, plot_singular_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from alignx.evaluation.accuracy import Accuracy
    from alignx.reporting.contents import Contents
    from alignx.reporting.hubs import Hubs
    from alignx.reporting.reliability import Reliability
    from alignx.support.arrays import Double, Matrix

__all__ = ["alignment_figures", "best_and_worst"]

FLAT = 1e-3  # largest relative difference of singular values of a map that only rotates
FEW = 20  # captions compare groups of at least so many words, if there are any
STATED = 0.8  # captions read the bin nearest to this probability
PERCENTILES = (5, 25, 50, 75, 95)


def alignment_figures(report: Contents) -> Iterator[ReportFigure]:
    """Draw accuracy, reliability, hubs, cosines and singular values, those that are there."""
    if (found := report.evaluation) is not None:
        rankings = {"nn": found.nn, "csls": found.csls, **found.more}
        named = {RANKINGS.get(name, name): each for name, each in rankings.items()}
        yield from _accuracy("rankings", "Accuracy by ranking", named)
    if (questions := report.questions) is not None:
        for name, title, accuracies in (
            ("frequency", "Accuracy by word frequency", questions.by_frequency),
            ("length", "Accuracy by word length", questions.by_length),
            ("part-of-speech", "Accuracy by part of speech", questions.by_part_of_speech),
        ):
            yield from _accuracy(name, title, accuracies)
    if report.reliability is not None and report.reliability.counts.any():
        yield _reliability(report.reliability)
    if report.hubs is not None and report.hubs.before.any():
        yield _hubs(report.hubs)
    if report.cosines is not None and all(map(len, report.cosines)):
        yield _cosines(report.cosines)
    if report.singular_values is not None and all(map(len, report.singular_values)):
        card = report.card
        names = report.languages if card is None else (card.source, card.target)
        yield _stretching(report.singular_values, names)


def best_and_worst(accuracies: Mapping[str, Accuracy], unit: str) -> list[str]:
    """Read the best and the worst group, each as "84 % of 120 words (rare)"."""
    ordered = sorted(accuracies, key=lambda group: -accuracies[group].precision[1])
    return [
        f"{percent(accuracies[group].precision[1])} of {accuracies[group].n:,} "
        f"{unit if accuracies[group].n > 1 else unit[:-1]} ({label_of(group)})"
        for group in dict.fromkeys(ordered[:1] + ordered[-1:])
    ]


def _accuracy(name: str, title: str, accuracies: Mapping[str, Accuracy]) -> Iterator[ReportFigure]:
    measured = {group: each for group, each in accuracies.items() if each.n}
    if not measured:
        return
    large = {group: each for group, each in measured.items() if each.n >= FEW}
    read = ", and for ".join(best_and_worst(large or measured, "words"))
    yield figure_of(
        plot_accuracy(accuracies),
        name,
        title,
        caption=f"The first answer is right for {read}.",
        description=f"Chart of {len(accuracies)} rows: share of words whose first answer is right, "
        "with its 95 % interval. Where intervals overlap much, a difference may be chance.",
        columns=("group", "words", "right", "95 % interval"),
        rows=[
            (
                label_of(group),
                f"{each.n:,}",
                percent(each.precision[1]) if each.n else "",
                interval_text(*each.interval) if each.n else "",
            )
            for group, each in accuracies.items()
        ],
    )


def _reliability(values: Reliability) -> ReportFigure:
    filled = np.flatnonzero(values.counts)
    read = filled[np.abs(values.probability[filled] - STATED).argmin()]
    return figure_of(
        plot_reliability(values),
        "reliability",
        "Can the probabilities be trusted?",
        caption=f"Of the {values.counts[read]:,} answers with a probability of about "
        f"{percent(values.probability[read])}, {percent(values.share[read])} are right; over all "
        f"answers, probability and result differ by {100 * values.error:.1f} points on average.",
        description="Line chart: share of right answers by stated probability, with 95 % "
        "intervals. Below the diagonal the probabilities are too high, above it too low.",
        columns=("probability", "right", "95 % interval", "answers"),
        rows=[
            (
                percent(values.probability[row]),
                percent(values.share[row]),
                interval_text(values.low[row], values.high[row]),
                f"{values.counts[row]:,}",
            )
            for row in filled
        ],
    )


def _hubs(hubs: Hubs) -> ReportFigure:
    return figure_of(
        plot_hubs(hubs),
        "hubs",
        "Hubs: words that are near to everything",
        caption=f"By cosine, one target word is among the {hubs.k} nearest of "
        f"{hubs.before.max():,} source words; by CSLS, none is near to more than "
        f"{hubs.after.max():,}.",
        description="Line chart with logarithmic scales: number of target words that are among "
        "the nearest of at least so many source words, by cosine and by CSLS. The longer the tail "
        "to the right, the more answers are wrong.",
        columns=("hub", "by cosine", "by CSLS", "near to"),
        rows=[
            (
                label_of(hub.word),
                f"{hub.before:,}",
                f"{hub.after:,}",
                ", ".join(map(label_of, hub.examples)),
            )
            for hub in hubs.worst
        ],
    )


def _cosines(cosines: tuple[Matrix, Matrix]) -> ReportFigure:
    pairs, random = cosines
    ordered = np.sort(random)
    # A tie counts half, as in the area under the ROC curve.
    below = np.searchsorted(ordered, pairs, "left") + np.searchsorted(ordered, pairs, "right")
    return figure_of(
        plot_cosines(cosines),
        "cosines",
        "Are translations nearer than other words?",
        caption="A known pair is nearer than a random one in "
        f"{50 * below.mean() / len(random):.1f} % of cases: the median cosine is "
        f"{np.median(pairs):.2f}, that of random pairs {np.median(random):.2f}.",
        description="Two histograms: cosines of known pairs, and of random pairs.",
        columns=("pairs", "number", *(f"{p} % lie below" for p in PERCENTILES)),
        rows=[
            (name, f"{len(each):,}", *(f"{x:.2f}" for x in np.percentile(each, PERCENTILES)))
            for name, each in (("known", pairs), ("random", random))
        ],
    )


def _stretching(values: tuple[Double, Double], languages: tuple[str, str]) -> ReportFigure:
    low, high = min(each.min() for each in values), max(each.max() for each in values)
    return figure_of(
        plot_singular_values(values, languages=languages),
        "stretching",
        "How the maps stretch the space",
        caption="The maps stretch all directions alike: they only rotate."
        if high - low < FLAT * high
        else f"The maps stretch directions by {low:.2f} to {high:.2f}.",
        description="Line chart: singular values of the map of each language, largest first. A "
        "flat line is a rotation, which keeps all similarities.",
        columns=("map of", "directions", "largest", "median", "smallest"),
        rows=[
            (name, f"{len(each):,}", *(f"{x:.3f}" for x in np.quantile(each, [1, 0.5, 0])))
            for name, each in zip(languages, values, strict=True)
        ],
    )
