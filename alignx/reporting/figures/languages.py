"""Figures of two languages before any work: words by rank, spectra, accuracy to expect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from alignx.reporting.figures.answers import draw_intervals
from alignx.reporting.figures.theme import (
    SERIES,
    drawing,
    language_label,
    legend_above,
    log_axis,
    percent_axis,
    require_numbers,
)
from alignx.reporting.prospects.prospects import Prospects
from alignx.support.arguments import require_instance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

    from alignx.reporting.prospects.language import LanguageFacts

__all__ = ["BandMeasure", "plot_bands", "plot_expectation", "plot_spectra"]

BandMeasure: TypeAlias = Literal[
    "shared", "length", "numbers", "punctuation", "single_letters", "capitalized"
]
MEASURES = {
    "shared": "words that both have",
    "length": "length over the mean",
    "numbers": "numbers",
    "punctuation": "punctuation",
    "single_letters": "single letters",
    "capitalized": "capitalized words",
}
STYLES = ("-", "--")


def plot_bands(
    prospects: Prospects, measure: BandMeasure = "shared", *, ax: Axes | None = None
) -> Axes:
    """Draw a figure of the words of each language by frequency rank.

    Parameters
    ----------
    prospects : Prospects
        Facts of two languages.
    measure : {"shared", "length", "numbers", "punctuation", "single_letters", "capitalized"}
        Share of words that the other language has too, mean length of the vectors, or share of
        words of a kind.
    ax : Axes, optional
        Axes to draw on; those of a new figure unless given.

    Returns
    -------
    Axes
        Axes with a logarithmic scale of ranks; ``.figure.savefig("words.pdf")`` saves the figure.

    Raises
    ------
    ValueError
        If `measure` is something else.
    """
    require_instance(prospects, Prospects, "prospects")
    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}, got {measure!r}")
    with drawing(ax) as ax:
        for language, marker, look in _sides(prospects):
            ranks = [band.last for band in language.bands]
            values = [getattr(band, measure) for band in language.bands]
            ax.plot(ranks, values, marker=marker, markersize=6, **look)
        ax.set(xscale="log", xlabel="words up to frequency rank", ylabel=MEASURES[measure])
        ax.set_ylim(bottom=0)
        log_axis(ax.xaxis, np.log10(max(ranks[-1] / ranks[0], 1)))
        if measure != "length":
            percent_axis(ax.yaxis)
        legend_above(ax)
    return ax


def plot_spectra(prospects: Prospects, *, ax: Axes | None = None) -> Axes:
    """Draw the singular values of the vectors of each language.

    Parameters
    ----------
    prospects : Prospects
        Facts of two languages.
    ax : Axes, optional
        Axes to draw on; those of a new figure unless given.

    Returns
    -------
    Axes
        Axes with a logarithmic scale; ``.figure.savefig("spectra.pdf")`` saves the figure.

    Raises
    ------
    ValueError
        If a value is NaN or infinite.
    """
    require_instance(prospects, Prospects, "prospects")
    with drawing(ax) as ax:
        for language, _, look in _sides(prospects):
            values = require_numbers(language.spectrum, "spectrum")
            numbers = np.arange(1, len(values) + 1)
            ax.plot(numbers, values, linewidth=2, **look)
        ax.set(yscale="log", xlabel="direction, longest first", ylabel="share of the length")
        log_axis(ax.yaxis, 1)
        legend_above(ax)
    return ax


def plot_expectation(prospects: Prospects, *, ax: Axes | None = None) -> Axes:
    """Draw the accuracy to expect with each number of known pairs, with its interval.

    Parameters
    ----------
    prospects : Prospects
        Facts of two languages.
    ax : Axes, optional
        Axes to draw on; those of a new figure unless given.

    Returns
    -------
    Axes
        The axes; ``.figure.savefig("expected.pdf")`` saves the figure.

    Raises
    ------
    ValueError
        If nothing is expected, or a value is NaN.
    """
    require_instance(prospects, Prospects, "prospects")
    if not prospects.expected:
        raise ValueError("prospects must hold at least 1 expectation, got none")
    labels = [f"{each.pairs:,} known pairs" for each in prospects.expected]
    shares = [
        require_numbers([each.precision, each.low, each.high], "expected")
        for each in prospects.expected
    ]
    return draw_intervals(labels, shares, "first answer right, with 90 % interval", ax)


def _sides(prospects: Prospects) -> Iterator[tuple[LanguageFacts, str, dict[str, str]]]:
    """Yield the facts of each language, its marker, and the look and label of its line."""
    sides = prospects.source, prospects.target
    for language, (color, marker), style in zip(sides, SERIES[:2], STYLES, strict=True):
        name = language_label(language.name)
        yield language, marker, {"color": color, "linestyle": style, "label": name}
