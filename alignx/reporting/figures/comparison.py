"""Figures of methods side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.evaluation.comparison import TITLES, Comparison
from alignx.reporting.figures.theme import (
    MUTED,
    SERIES,
    SOURCE,
    drawing,
    interval,
    label_of,
    legend_above,
    percent_axis,
)
from alignx.support.arguments import require_instance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

__all__ = ["plot_comparison", "plot_methods"]


def plot_comparison(comparison: Comparison, *, ax: Axes | None = None) -> Axes:
    """Draw the tested figure of each method with its 95 % interval.

    Parameters
    ----------
    comparison : Comparison
        Result of `compare`. A star marks methods that differ significantly from the baseline,
        whose figure is a dashed line.
    ax : Axes, optional
        Axes to draw on; those of a new figure unless given.

    Returns
    -------
    Axes
        The axes; ``.figure.savefig("comparison.pdf")`` saves the figure.

    Raises
    ------
    TypeError
        If it is of another class.

    Examples
    --------
    >>> import alignx as ax
    >>> english = ax.Embeddings(["cat", "dog"], [[1, 0], [0, 1]])
    >>> spanish = ax.Embeddings(["gato", "perro"], [[1, 0], [0, 1]])
    >>> space = ax.SharedSpace({"en": english, "es": spanish})
    >>> report = ax.evaluate(space, [("dog", "perro"), ("cat", "gato")], n_neighbors=1)
    >>> axes = plot_comparison(ax.compare(report))
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['nn', 'csls']
    """
    require_instance(comparison, Comparison, "comparison")
    measure = comparison.measure
    with drawing(ax, 1.2 + 0.38 * len(comparison.methods), grid="x") as ax:
        for row, method in enumerate(comparison.methods):
            value = method.figures[measure]
            is_baseline = method.name == comparison.baseline
            color = MUTED if is_baseline else SOURCE
            if is_baseline:
                ax.axvline(value, color=MUTED, linewidth=1, linestyle="--")
            star = " *" if method.difference and method.difference.is_significant else ""
            text = f"{100 * value:.1f} %{star}"
            interval(ax, row, (value, *method.intervals[measure]), color, text=text)
        names = [label_of(method.name) for method in comparison.methods]
        ax.set_yticks(range(len(names)), names, parse_math=False)
        ax.set_ylim(len(names) - 0.5, -0.5)
        stated = f"{TITLES[measure]} (n {comparison.n:,}), with 95 % interval\n*: differs from "
        ax.set_xlabel(stated + label_of(comparison.baseline), loc="right")
        percent_axis(ax.xaxis)
    return ax


def plot_methods(
    figures: Mapping[str, Mapping[str, tuple[float, float, float]]], *, ax: Axes | None = None
) -> Axes:
    """Draw P@1 of several methods on several pairs of languages, with intervals.

    Parameters
    ----------
    figures : mapping of str to mapping of str to (float, float, float)
        Value, lower and upper bound in [0, 1], by pair and method.
    ax : Axes, optional
        Axes to draw on; those of a new figure unless given.

    Returns
    -------
    Axes
        The axes.

    Examples
    --------
    >>> axes = plot_methods({"en-es": {"cca": (0.6, 0.5, 0.7), "muse": (0.7, 0.6, 0.8)}})
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['cca', 'muse']
    """
    methods = list(dict.fromkeys(name for of_pair in figures.values() for name in of_pair))
    with drawing(ax, _height(len(methods), len(figures)), grid="x") as ax:
        for number, name in enumerate(methods):
            color, marker = SERIES[number % len(SERIES)]
            offset = (number - (len(methods) - 1) / 2) * 0.8 / len(methods)
            for row, of_pair in enumerate(figures.values()):
                if name in of_pair:
                    interval(ax, row + offset, of_pair[name], color, marker=marker)
            ax.plot([], [], marker, color=color, label=label_of(name))
        ax.set_yticks(range(len(figures)), [label_of(pair) for pair in figures], parse_math=False)
        ax.set_ylim(len(figures) - 0.5, -0.5)
        ax.set_xlabel("P@1 by CSLS, with 95 % interval", loc="right")
        percent_axis(ax.xaxis)
        if methods:
            legend_above(ax)
    return ax


def _height(methods: int, pairs: int) -> float:
    return 1 + 0.13 * methods + (0.2 + 0.16 * methods) * pairs  # the legend has two columns
