"""Figures of a shared space: hubs, singular values of the maps, cosines of pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.reporting.figures.theme import (
    INK,
    MUTED,
    SOURCE,
    TARGET,
    drawing,
    legend_above,
    log_axis,
    require_numbers,
)
from alignx.reporting.hubs import Hubs
from alignx.support.arguments import require_instance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


__all__ = ["plot_cosines", "plot_hubs", "plot_singular_values"]

BINS = 40


def plot_hubs(hubs: Hubs, *, ax: Axes | None = None) -> Axes:
    """Draw the number of target words by how often they are among the nearest.

    Parameters
    ----------
    hubs : Hubs
        Occurrences before and after CSLS.
    ax : Axes, optional
        Axes to draw on; those of a new figure unless given.

    Returns
    -------
    Axes
        Axes with logarithmic scales; ``.figure.savefig("hubs.pdf")`` saves the figure.

    Examples
    --------
    >>> from alignx.reporting.hubs import Hubs
    >>> hubs = Hubs(np.array([0, 1, 9]), np.array([3, 4, 3]), k=10, skewness=(0.7, 0.7), worst=())
    >>> axes = plot_hubs(hubs)
    >>> axes.lines[0].get_xydata()  # 2 words occur once or more, 1 word 9 times
    array([[1., 2.],
           [9., 1.]])
    """
    require_instance(hubs, Hubs, "hubs")
    with drawing(ax) as ax:
        for counts, color, style, name in (
            (hubs.before, MUTED, "--", "by cosine"),
            (hubs.after, INK, "-", "by CSLS"),
        ):
            values, numbers = np.unique(counts[counts > 0], return_counts=True)
            words = numbers[::-1].cumsum()[::-1]
            ax.plot(values, words, style, color=color, linewidth=2, label=name)
            ax.plot(values[-1:], words[-1:], "o", color=color, markersize=6)
        ax.set(xscale="log", yscale="log", ylabel="target words")
        ax.set_xlabel(f"times among the {hubs.k} nearest, at least")
        if not (hubs.before.any() or hubs.after.any()):  # nothing that a logarithm could show
            ax.set(xlim=(1, 10), ylim=(1, 10))
        log_axis(ax.xaxis, np.log10(max(hubs.before.max(initial=1), 1)))
        log_axis(ax.yaxis, np.log10(max(len(hubs.before), 1)))
        legend_above(ax)
    return ax


def plot_singular_values(
    singular_values: tuple[ArrayLike, ArrayLike],
    *,
    languages: tuple[str, str] = ("source", "target"),
    ax: Axes | None = None,
) -> Axes:
    """Draw the singular values of the map of each language.

    Parameters
    ----------
    singular_values : (array-like, array-like)
        Those of the source and of the target, (d,) float each, largest first.
    languages : (str, str)
        Their names.
    ax : Axes, optional
        Axes to draw on; those of a new figure unless given.

    Returns
    -------
    Axes
        The axes; ``.figure.savefig("values.pdf")`` saves the figure.

    Raises
    ------
    ValueError
        If a value is NaN or infinite.

    Examples
    --------
    >>> axes = plot_singular_values((np.array([2.0, 1.0]), np.array([1.0, 1.0])))
    >>> axes.lines[0].get_ydata()
    array([2., 1.])
    """
    drawn = [require_numbers(values, "singular_values") for values in singular_values]
    with drawing(ax) as ax:
        looks = ((SOURCE, "-"), (TARGET, "--"))
        for values, name, (color, style) in zip(drawn, languages, looks, strict=True):
            numbers = np.arange(1, len(values) + 1)
            ax.plot(numbers, values, style, color=color, linewidth=2, label=f"map of {name}")
        ax.set_ylim(0, 1.1 * max((values.max(initial=0) for values in drawn), default=0) or 1)
        ax.set(xlabel="direction, most stretched first", ylabel="stretched by")
        legend_above(ax)
    return ax


def plot_cosines(cosines: tuple[ArrayLike, ArrayLike], *, ax: Axes | None = None) -> Axes:
    """Draw the distribution of the cosines of known pairs and of random ones.

    Parameters
    ----------
    cosines : (array-like, array-like)
        Those of known pairs and of random ones, (n,) float each, in [-1, 1].
    ax : Axes, optional
        Axes to draw on; those of a new figure unless given.

    Returns
    -------
    Axes
        The axes; ``.figure.savefig("cosines.pdf")`` saves the figure.

    Raises
    ------
    ValueError
        If a cosine is NaN or infinite.

    Examples
    --------
    >>> axes = plot_cosines(([0.5, 0.6, 0.7], [0.0, 0.1]))
    >>> axes.get_xlabel()
    'cosine'
    """
    pairs, random = (require_numbers(values, "cosines") for values in cosines)
    everything = np.concatenate([pairs, random])
    low, high = (everything.min(), everything.max()) if len(everything) else (-1.0, 1.0)
    margin = 0.01 if low == high else 0.0
    edges = np.linspace(low - margin, high + margin, BINS + 1)
    with drawing(ax, grid="x") as ax:
        for values, color, style, name in (
            (random, MUTED, "--", "random pairs"),
            (pairs, SOURCE, "-", "known pairs"),
        ):
            shares = np.histogram(values, edges)[0] / max(len(values), 1)
            ax.stairs(shares, edges, fill=True, color=color, alpha=0.25)
            ax.stairs(shares, edges, color=color, linestyle=style, linewidth=1.8, label=name)
        ax.set(xlabel="cosine", ylabel="share of pairs", yticks=[])
        ax.set_ylim(bottom=0)
        legend_above(ax)
    return ax
