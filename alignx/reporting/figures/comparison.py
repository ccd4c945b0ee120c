"""Figures of methods side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.evaluation.comparison import TITLES, Comparison
from alignx.reporting.figures.theme import (
    INK,
    MUTED,
    SOURCE,
    TARGET,
    drawing,
    label_of,
    percent_axis,
)
from alignx.support.arguments import require_instance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

__all__ = ["plot_comparison", "plot_methods"]

# Markers tell methods apart where colors do not.
COLORS = (SOURCE, TARGET, "#0b6e4f", "#6a4fb0", "#8c6d00", "#8c2f39")
MARKERS = "osD^vPX"


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
    with drawing(ax, 1 + 0.38 * len(comparison.methods), grid="x") as ax:
        for row, method in enumerate(comparison.methods):
            value, (low, high) = method.figures[measure], method.intervals[measure]
            is_baseline = method.name == comparison.baseline
            color = MUTED if is_baseline else SOURCE
            if is_baseline:
                ax.axvline(value, color=MUTED, linewidth=1, linestyle="--")
            ax.plot([low, high], [row, row], color=color, linewidth=2, solid_capstyle="butt")
            ax.plot([value], [row], "o", color=color, markersize=6)
            star = " *" if method.difference and method.difference.is_significant else ""
            right = ax.get_yaxis_transform()
            ax.text(
                1.03, row, f"{100 * value:.1f} %{star}", transform=right, color=INK, va="center"
            )
        names = [label_of(method.name) for method in comparison.methods]
        ax.set_yticks(range(len(names)), names, parse_math=False)
        ax.set_ylim(len(names) - 0.5, -0.5)
        stated = f"{TITLES[measure]} of {comparison.n:,}, 95 % intervals; * differs from "
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
    with drawing(ax, 1.2 + (0.12 * len(methods) + 0.2) * len(figures), grid="x") as ax:
        for number, name in enumerate(methods):
            color, marker = COLORS[number % len(COLORS)], MARKERS[number % len(MARKERS)]
            offset = (number - (len(methods) - 1) / 2) * 0.8 / len(methods)
            for row, of_pair in enumerate(figures.values()):
                if name in of_pair:
                    value, low, high = of_pair[name]
                    y = row + offset
                    ax.plot([low, high], [y, y], color=color, linewidth=1.5)
                    ax.plot([value], [y], marker, color=color, markersize=5)
            ax.plot([], [], marker, color=color, label=label_of(name))
        ax.set_yticks(range(len(figures)), [label_of(pair) for pair in figures], parse_math=False)
        ax.set_ylim(len(figures) - 0.5, -0.5)
        ax.set_xlabel("P@1 by CSLS, with 95 % interval", loc="right")
        percent_axis(ax.xaxis)
        ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return ax
