"""Figure of a transfer report: accuracy of each language, and the gap to the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from alignx.classification.comparison.report import TransferReport
from alignx.reporting.figures.theme import (
    INK,
    MUTED,
    SERIES,
    SIZE,
    drawing,
    interval,
    label_of,
    legend_above,
    percent_axis,
)
from alignx.support.arguments import require_instance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


__all__ = ["Measure", "plot_transfer", "transfer_figure"]

Measure: TypeAlias = Literal["accuracy", "gap"]


def plot_transfer(
    report: TransferReport, *, measure: Measure = "accuracy", ax: Axes | None = None
) -> Axes:
    """Draw a figure of each experiment and language with its 95 % interval; baselines in gray.

    Parameters
    ----------
    report : TransferReport
        Report with at least one experiment.
    measure : {"accuracy", "gap"}
        Accuracy on each language, or its distance from the accuracy on the source.
    ax : Axes, optional
        Axes to draw on; those of a new figure unless given.

    Returns
    -------
    Axes
        The axes; ``.figure.savefig("transfer.pdf")`` saves the figure.

    Raises
    ------
    ValueError
        If `measure` is something else.
    """
    require_instance(report, TransferReport, "report")
    if measure not in ("accuracy", "gap"):
        raise ValueError(f"measure must be 'accuracy' or 'gap', got {measure!r}")
    rows = report.rows
    codes = list(next(iter(rows.values())).languages)
    with drawing(ax, _height(report), grid="x") as ax:
        for number, code in enumerate(codes):
            color, marker = SERIES[number % len(SERIES)]
            ax.plot([], [], marker, color=color, label=label_of(code))
            offset = (number - (len(codes) - 1) / 2) * 0.6 / len(codes)
            for row, (name, result) in enumerate(rows.items()):
                found = result.languages[code]
                shade = MUTED if name in report.baselines else color
                if measure == "accuracy":
                    values = (found.accuracy, *found.interval)
                elif code in result.gaps:
                    values = result.gaps[code]
                else:
                    continue
                interval(ax, row + offset, values, shade, marker=marker)
        ax.set_yticks(range(len(rows)), [label_of(name) for name in rows], parse_math=False)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        if measure == "gap":
            ax.axvline(0, color=INK, linewidth=0.8)
        titles = {"accuracy": "accuracy", "gap": f"gap to {label_of(report.source)}"}
        ax.set_xlabel(f"{titles[measure]}, with 95 % interval", loc="right")
        percent_axis(ax.xaxis)
        legend_above(ax)
    return ax


def transfer_figure(report: TransferReport) -> Figure:
    """Draw accuracy and gap of a transfer report side by side."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from alignx.reporting.figures.theme import STYLE

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * SIZE[0], _height(report)), layout="constrained")
        accuracy, gap = figure.subplots(1, 2, sharey=True)
    plot_transfer(report, ax=accuracy)
    plot_transfer(report, measure="gap", ax=gap).get_legend().remove()
    return figure


def _height(report: TransferReport) -> float:
    codes = next(iter(report.rows.values())).languages
    return 1.2 + (0.18 + 0.16 * len(codes)) * len(report.rows)
