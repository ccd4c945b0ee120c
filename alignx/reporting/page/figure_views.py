"""Figures of a report for its page: a title, a reading for everybody, an SVG and a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx.reporting.figures.answers import plot_accuracy, plot_reliability
from alignx.reporting.figures.svg import inline_svg
from alignx.reporting.figures.vectors import plot_cosines, plot_hubs, plot_singular_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

    from alignx.evaluation.accuracy import Accuracy
    from alignx.reporting.contents import Contents
    from alignx.reporting.hubs import Hubs
    from alignx.reporting.reliability import Reliability
    from alignx.support.arrays import Double, Matrix

__all__ = ["FigureView", "Table", "figure_views"]


@dataclass(frozen=True)
class Table:
    """Numbers of a figure as texts."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class FigureView:
    """A figure on the page; `svg` is markup."""

    name: str
    title: str
    reading: str
    svg: str
    table: Table


def figure_views(report: Contents) -> Iterator[FigureView]:
    """Draw the figures of a report, those whose values it has."""
    if report.reliability is not None:
        yield _reliability(report.reliability)
    if report.questions is not None:
        groups = {
            "frequency": ("frequency of the word", report.questions.by_frequency),
            "length": ("length of the word", report.questions.by_length),
            "part-of-speech": ("part of speech", report.questions.by_part_of_speech),
        }
        for name, (title, accuracies) in groups.items():
            if accuracies:
                yield _groups(name, title, accuracies)
    if report.cosines is not None:
        yield _cosines(report.cosines)
    if report.hubs is not None:
        yield _hubs(report.hubs)
    if report.singular_values is not None:
        yield _singular_values(report.singular_values, report.languages)


def _view(name: str, title: str, reading: str, axes: Axes, table: Table) -> FigureView:
    from markupsafe import Markup

    svg = inline_svg(axes.figure, title, reading, name)
    return FigureView(name, title, reading, Markup(svg), table)


def _percent(value: float) -> str:
    return "–" if np.isnan(value) else f"{100 * value:.1f} %"


def _reliability(reliability: Reliability) -> FigureView:
    filled = np.flatnonzero(reliability.counts)
    gap = 100 * reliability.error
    reading = (
        f"How often an answer is right, by its stated probability. The two differ by "
        f"{gap:.1f} points on average; points below the line are too confident, points above it too "
        "cautious."
    )
    rows = tuple(
        (
            _percent(reliability.probability[i]),
            _percent(reliability.share[i]),
            f"{_percent(reliability.low[i])} to {_percent(reliability.high[i])}",
            f"{reliability.counts[i]:,}",
        )
        for i in filled
    )
    header = ("Stated", "Right", "95 % interval", "Answers")
    table = Table("Right answers by stated probability", header, rows)
    axes = plot_reliability(reliability)
    return _view("reliability", "Can the probabilities be trusted?", reading, axes, table)


def _groups(name: str, title: str, accuracies: dict[str, Accuracy]) -> FigureView:
    asked = {group: each for group, each in accuracies.items() if each.n}
    best = max(asked, key=lambda group: asked[group].precision[1])
    worst = min(asked, key=lambda group: asked[group].precision[1])
    reading = (
        f"Best: {best}, with {_percent(asked[best].precision[1])} right; worst: {worst}, with "
        f"{_percent(asked[worst].precision[1])}. Where bars overlap, the difference may be chance."
    )
    rows = tuple(
        (
            group,
            _percent(each.precision[1]),
            f"{_percent(each.interval[0])} to {_percent(each.interval[1])}",
            f"{each.n:,}",
        )
        for group, each in accuracies.items()
    )
    table = Table(f"Accuracy by {title}", ("Words", "P@1", "95 % interval", "Number"), rows)
    return _view(name, f"Accuracy by {title}", reading, plot_accuracy(accuracies), table)


def _cosines(cosines: tuple[Matrix, Matrix]) -> FigureView:
    pairs, random = (np.asarray(each, dtype=np.float64) for each in cosines)
    apart = float((pairs > np.quantile(random, 0.99)).mean())
    reading = (
        f"How similar the vectors of translations are, beside those of words paired at random. "
        f"{100 * apart:.0f} % of the translations are more similar than 99 % of the random pairs."
    )
    quantiles = (0.05, 0.25, 0.5, 0.75, 0.95)
    rows = tuple(
        (f"{100 * q:.0f} %", f"{np.quantile(pairs, q):.2f}", f"{np.quantile(random, q):.2f}")
        for q in quantiles
    )
    header = ("Share below", "Translations", "Random pairs")
    table = Table("Cosines: quantiles", header, rows)
    axes = plot_cosines(cosines)
    return _view("cosines", "Do translations lie together?", reading, axes, table)


def _hubs(hubs: Hubs) -> FigureView:
    reading = (
        "Hubs are words that are near to very many others, and thus wrong answers for most of "
        f"them. The longer the tail to the right, the worse; CSLS corrects it (skewness "
        f"{hubs.skewness[0]:.1f} before, {hubs.skewness[1]:.1f} after)."
    )
    rows = tuple(
        (hub.word, f"{hub.before:,}", f"{hub.after:,}", ", ".join(hub.examples))
        for hub in hubs.worst
    )
    caption = f"The worst hubs: source words that have them among their {hubs.k} nearest"
    table = Table(caption, ("Word", "By cosine", "By CSLS", "Such as"), rows)
    return _view("hubs", "Hubs before and after CSLS", reading, plot_hubs(hubs), table)


def _singular_values(
    singular_values: tuple[Double, Double], languages: tuple[str, str]
) -> FigureView:
    reading = (
        "How much each map stretches the directions of its language. A flat line is a pure "
        "rotation, which keeps all similarities; a steep one favors what both languages share."
    )
    source, target = singular_values
    steps = np.unique(np.linspace(0, len(source) - 1, 9).astype(int))
    rows = tuple((f"{i + 1}", f"{source[i]:.3g}", f"{target[i]:.3g}") for i in steps)
    table = Table("Singular values of the maps", ("Number", *languages), rows)
    axes = plot_singular_values(singular_values, languages=languages)
    return _view("singular-values", "How the maps stretch", reading, axes, table)
