"""Figures of a report: each with a sentence that reads it, and its values as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from alignx.reporting.figures.answers import RANKINGS, plot_accuracy, plot_reliability
from alignx.reporting.figures.svg import inline_svg
from alignx.reporting.figures.theme import label_of
from alignx.reporting.figures.vectors import plot_cosines, plot_hubs, plot_singular_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from matplotlib.axes import Axes

    from alignx.evaluation.accuracy import Accuracy
    from alignx.reporting.contents import Contents
    from alignx.reporting.hubs import Hubs
    from alignx.reporting.reliability import Reliability
    from alignx.support.arrays import Double, Matrix

__all__ = ["ReportFigure", "Rows", "figures_of"]

Rows: TypeAlias = "list[tuple[str, ...]]"

FLAT = 1e-3  # largest difference of singular values that a map without stretching leaves
FEW = 20  # captions compare groups of at least so many words, if there are any
STATED = 0.8  # captions read the bin nearest to this probability
PERCENTILES = (5, 25, 50, 75, 95)


@dataclass(frozen=True)
class ReportFigure:
    """A figure of a report.

    Attributes
    ----------
    name : str
        Identifier in the page, such as "reliability".
    title : str
        Heading.
    caption : str
        One sentence that reads the figure, with its number.
    description : str
        Text alternative: kind of chart, and its axes.
    svg : str
        The SVG element; its ids begin with `name`.
    columns : tuple of str
        Head of the table of the values.
    rows : list of tuple of str
        Rows of that table, formatted.
    """

    name: str
    title: str
    caption: str
    description: str
    svg: str
    columns: tuple[str, ...]
    rows: Rows


def figures_of(report: Contents) -> list[ReportFigure]:
    """Draw every figure that the values of a report allow, in the order of the page.

    Parameters
    ----------
    report : Contents
        Values that are None or empty give no figure.

    Returns
    -------
    list of ReportFigure
        The map of words is not among them: the page draws it as one can search it.

    Examples
    --------
    >>> from alignx.reporting.contents import Contents
    >>> values = (np.ones(3), np.ones(3))
    >>> [figure] = figures_of(Contents("A to B", ("a", "b"), singular_values=values))
    >>> figure.name, figure.caption
    ('stretching', 'The maps stretch all directions alike: they only rotate.')
    """
    return [*_of_accuracy(report), *_of_values(report)]


def _of_accuracy(report: Contents) -> Iterator[ReportFigure]:
    if (found := report.evaluation) is not None:
        rankings = {"nn": found.nn, "csls": found.csls, **found.more}
        named = {RANKINGS.get(name, name): each for name, each in rankings.items()}
        yield from _accuracy("rankings", "Accuracy by ranking", named)
    if (questions := report.questions) is not None:
        groups = {
            "frequency": ("Accuracy by word frequency", questions.by_frequency),
            "length": ("Accuracy by word length", questions.by_length),
            "part-of-speech": ("Accuracy by part of speech", questions.by_part_of_speech),
        }
        for name, (title, accuracies) in groups.items():
            yield from _accuracy(name, title, accuracies)


def _of_values(report: Contents) -> Iterator[ReportFigure]:
    if report.reliability is not None and report.reliability.counts.any():
        yield _reliability(report.reliability)
    if report.hubs is not None and report.hubs.before.any():
        yield _hubs(report.hubs)
    if report.cosines is not None and all(map(len, report.cosines)):
        yield _cosines(report.cosines)
    if report.singular_values is not None:
        card = report.card
        names = report.languages if card is None else (card.source, card.target)
        yield _stretching(report.singular_values, names)


def _accuracy(name: str, title: str, accuracies: Mapping[str, Accuracy]) -> Iterator[ReportFigure]:
    measured = {group: each for group, each in accuracies.items() if each.n}
    if not measured:
        return
    large = {group: each for group, each in measured.items() if each.n >= FEW} or measured
    best = max(large, key=lambda group: large[group].precision[1])
    worst = min(large, key=lambda group: large[group].precision[1])
    caption = f"The first answer is right for {_share_of(best, measured[best])}"
    if worst != best:
        caption += f", and for {_share_of(worst, measured[worst])}"
    yield _figure(
        name,
        title,
        f"{caption}.",
        f"Chart of {len(accuracies)} rows: share of words whose first answer is right, with its "
        "95 % interval.",
        plot_accuracy(accuracies),
        ("group", "words", "right", "95 % interval"),
        [
            (
                label_of(group),
                f"{each.n:,}",
                *(
                    (_percent(each.precision[1]), " to ".join(map(_percent, each.interval)))
                    if each.n
                    else ("", "")
                ),
            )
            for group, each in accuracies.items()
        ],
    )


def _share_of(group: str, accuracy: Accuracy) -> str:
    return f"{_percent(accuracy.precision[1])} of {accuracy.n:,} words ({label_of(group)})"


def _reliability(values: Reliability) -> ReportFigure:
    gaps = np.where(values.counts > 0, np.abs(values.probability - STATED), np.inf)
    read = int(gaps.argmin())
    return _figure(
        "reliability",
        "Can the probabilities be trusted?",
        f"Of the {values.counts[read]:,} answers with a probability of about "
        f"{_percent(values.probability[read])}, {_percent(values.share[read])} are right; "
        f"over all answers, probability and result differ by {100 * values.error:.1f} points on "
        "average.",
        "Line chart: share of right answers by stated probability, with 95 % intervals. On the "
        "diagonal the probabilities are exact.",
        plot_reliability(values),
        ("probability", "right", "95 % interval", "answers"),
        [
            (_percent(stated), _percent(share), f"{_percent(low)} to {_percent(high)}", f"{n:,}")
            for stated, share, low, high, n in zip(
                values.probability,
                values.share,
                values.low,
                values.high,
                values.counts.tolist(),
                strict=True,
            )
            if n
        ],
    )


def _hubs(hubs: Hubs) -> ReportFigure:
    before, after = int(hubs.before.max()), int(hubs.after.max())
    return _figure(
        "hubs",
        "Hubs: words that are near to everything",
        f"By cosine, one target word is among the {hubs.k} nearest of {before:,} source words; "
        f"by CSLS, no word is near to more than {after:,}.",
        "Line chart with logarithmic scales: number of target words that are among the nearest of "
        "at least so many source words, by cosine and by CSLS.",
        plot_hubs(hubs),
        ("hub", "by cosine", "by CSLS", "near to"),
        [
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
    closer = float(below.mean() / (2 * len(random)))
    return _figure(
        "cosines",
        "Are translations nearer than other words?",
        f"A known pair is nearer than a random one in {100 * closer:.1f} % of cases: the median "
        f"cosine is {np.median(pairs):.2f}, that of random pairs {np.median(random):.2f}.",
        "Two histograms: cosines of known pairs, and of random pairs.",
        plot_cosines(cosines),
        ("pairs", "number", *(f"{p} % lie below" for p in PERCENTILES)),
        [
            (name, f"{len(each):,}", *(f"{x:.2f}" for x in np.percentile(each, PERCENTILES)))
            for name, each in (("known", pairs), ("random", random))
        ],
    )


def _stretching(values: tuple[Double, Double], languages: tuple[str, str]) -> ReportFigure:
    low, high = min(each.min() for each in values), max(each.max() for each in values)
    return _figure(
        "stretching",
        "How the maps stretch the space",
        "The maps stretch all directions alike: they only rotate."
        if high - low < FLAT * high
        else f"The maps stretch directions by {low:.2f} to {high:.2f}.",
        "Line chart: singular values of the map of each language, largest first.",
        plot_singular_values(values, languages=languages),
        ("map of", "directions", "largest", "median", "smallest"),
        [
            (
                name,
                f"{len(each):,}",
                *(f"{x:.3f}" for x in (each.max(), np.median(each), each.min())),
            )
            for name, each in zip(languages, values, strict=True)
        ],
    )


def _figure(
    name: str,
    title: str,
    caption: str,
    description: str,
    axes: Axes,
    columns: tuple[str, ...],
    rows: Rows,
) -> ReportFigure:
    svg = inline_svg(axes.figure, title, description, name)
    return ReportFigure(name, title, caption, description, svg, columns, rows)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
