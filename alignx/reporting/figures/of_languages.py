"""Figures of two languages before any work, for a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.reporting.figures.entry import ReportFigure, figure_of, interval_text, percent
from alignx.reporting.figures.languages import plot_bands, plot_expectation, plot_spectra
from alignx.reporting.figures.theme import label_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alignx.reporting.prospects.prospects import Prospects

__all__ = ["language_figures"]


def language_figures(prospects: Prospects) -> Iterator[ReportFigure]:
    """Draw the accuracy to expect, words by rank, and spectra."""
    if prospects.expected:
        yield _expectation(prospects)
    yield _bands(prospects)
    yield _spectra(prospects)


def _expectation(prospects: Prospects) -> ReportFigure:
    most = prospects.expected[-1]
    return figure_of(
        plot_expectation(prospects),
        "expected",
        "Accuracy to expect",
        caption=f"With {most.pairs:,} known pairs expect {percent(most.precision)} of the first "
        f"answers to be right (90 % interval {interval_text(most.low, most.high)}), if the map "
        f"succeeds, with a probability of {percent(most.success)}.",
        description="Chart: expected share of words whose first answer is right by number of known "
        "pairs, with its 90 % interval.",
        columns=("known pairs", "right", "90 % interval", "map succeeds"),
        rows=[
            (
                f"{each.pairs:,}",
                percent(each.precision),
                interval_text(each.low, each.high),
                percent(each.success),
            )
            for each in prospects.expected
        ],
    )


def _bands(prospects: Prospects) -> ReportFigure:
    first = [side.bands[0] for side in (prospects.source, prospects.target)]
    names = [label_of(side.name) for side in (prospects.source, prospects.target)]
    shares = [
        f"{percent(band.shared)} of the {band.last:,} most frequent words ({name})"
        for band, name in zip(first, names, strict=True)
    ]
    return figure_of(
        plot_bands(prospects),
        "shared-words",
        "Words that both languages have",
        caption=f"The other language has {shares[0]} too, and {shares[1]}.",
        description="Line chart: share of the words of each language that the other has too, by "
        "frequency rank.",
        columns=("language", "ranks", "shared", "numbers", "punctuation", "vector length"),
        rows=[
            (
                name,
                f"{band.first:,} to {band.last:,}",
                *map(percent, (band.shared, band.numbers, band.punctuation)),
                f"{band.length:.2f}",
            )
            for name, side in zip(names, (prospects.source, prospects.target), strict=True)
            for band in side.bands
        ],
    )


def _spectra(prospects: Prospects) -> ReportFigure:
    sides = (prospects.source, prospects.target)
    halves = [1 + int(np.searchsorted((v := s.spectrum**2).cumsum(), v.sum() / 2)) for s in sides]
    read = [
        f"{half:,} of {len(side.spectrum):,} directions ({label_of(side.name)})"
        for half, side in zip(halves, sides, strict=True)
    ]
    return figure_of(
        plot_spectra(prospects),
        "spectra",
        "Shape of the vectors",
        caption=f"Half of the variance lies in {read[0]} and {read[1]}.",
        description="Line chart: singular values of the vectors of each language, largest first. "
        "The more alike both lines are, the easier is an alignment.",
        columns=("language", "directions", "with half of the variance", "isotropy", "hubness"),
        rows=[
            (
                label_of(side.name),
                f"{len(side.spectrum):,}",
                f"{half:,}",
                f"{side.isotropy:.2f}",
                f"{side.hubness:.1f}",
            )
            for half, side in zip(halves, sides, strict=True)
        ],
    )
