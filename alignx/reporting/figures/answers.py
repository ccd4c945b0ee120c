"""Figures of answers: accuracy with intervals, and reliability of probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alignx.evaluation.word_translation import EvaluationReport
from alignx.reporting.figures.theme import (
    MUTED,
    SOURCE,
    drawing,
    interval,
    label_of,
    legend_above,
    percent_axis,
    require_numbers,
)
from alignx.reporting.reliability import Reliability
from alignx.support.arguments import require_instance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from alignx.evaluation.accuracy import Accuracy
    from alignx.support.arrays import Double

__all__ = ["draw_intervals", "draw_shares", "plot_accuracy", "plot_reliability"]

RANKINGS = {"nn": "nearest neighbor", "csls": "CSLS", "learned": "learned ranking"}
LIMITS = (-0.02, 1.02)  # marks at 0 and 1 are whole


def plot_accuracy(
    accuracies: EvaluationReport | Mapping[str, Accuracy], *, ax: Axes | None = None
) -> Axes:
    """Draw P@1 with its 95 % interval, one row for each accuracy.

    Parameters
    ----------
    accuracies : EvaluationReport or mapping of str to Accuracy
        A report gives its rankings; a mapping any groups of words by name, such as `slices` of a
        report. Groups without words get a row without a mark.
    ax : Axes, optional
        Axes to draw on; those of a new figure unless given.

    Returns
    -------
    Axes
        The axes; ``.figure.savefig("accuracy.pdf")`` saves the figure.

    Raises
    ------
    TypeError, ValueError
        If it is neither, or a mapping is empty or holds NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from alignx.evaluation.accuracy import Accuracy
    >>> groups = {"frequent": Accuracy.of_ranks(np.array([1, 1, 2])), "rare": Accuracy.of_ranks([])}
    >>> axes = plot_accuracy(groups)
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['frequent (3)', 'rare (0)']
    """
    if isinstance(accuracies, EvaluationReport):
        found = {"nn": accuracies.nn, "csls": accuracies.csls, **accuracies.more}
        accuracies = {RANKINGS.get(name, name): each for name, each in found.items()}
    require_instance(accuracies, Mapping, "accuracies")
    if not accuracies:
        raise ValueError("accuracies must hold at least 1 group, got none")
    return draw_shares(accuracies, "first answer right, with 95 % interval", ax)


def draw_shares(accuracies: Mapping[str, Accuracy], meaning: str, ax: Axes | None) -> Axes:
    """Draw the share of right answers of each group, with its interval; see `plot_accuracy`."""
    shares = [
        require_numbers([each.precision[1], *each.interval], repr(name)) if each.n else None
        for name, each in accuracies.items()
    ]
    labels = [f"{label_of(name)} ({each.n:,})" for name, each in accuracies.items()]
    return draw_intervals(labels, shares, meaning, ax)


def draw_intervals(
    labels: Sequence[str],
    shares: Sequence[Double | None],
    meaning: str,
    ax: Axes | None,
) -> Axes:
    """Draw a row for each label: a share in [0, 1] with its bounds, or nothing."""
    with drawing(ax, 1 + 0.38 * len(labels), grid="x") as ax:
        for row, values in enumerate(shares):
            if values is not None:
                interval(ax, row, values, SOURCE, text=f"{100 * values[0]:.0f} %")
        ax.set_yticks(range(len(labels)), labels, parse_math=False)
        ax.set(xlim=LIMITS, ylim=(len(labels) - 0.5, -0.5))
        ax.set_xlabel(meaning, loc="right")
        percent_axis(ax.xaxis)
    return ax


def plot_reliability(reliability: Reliability, *, ax: Axes | None = None) -> Axes:
    """Draw the share of right answers by their probability.

    Parameters
    ----------
    reliability : Reliability
        Values of the bins. Those without answers are left out.
    ax : Axes, optional
        Axes to draw on; those of a new figure unless given.

    Returns
    -------
    Axes
        The axes; ``.figure.savefig("reliability.pdf")`` saves the figure.

    Raises
    ------
    ValueError
        If a bin with answers holds NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from alignx.reporting.reliability import Reliability
    >>> bins = np.array([[0.3, 0.8], [0.25, 0.9], [0.1, 0.7], [0.5, 1.0]])
    >>> axes = plot_reliability(Reliability(*bins, counts=np.array([20, 10]), error=0.07))
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('stated probability', 'right answers')
    """
    require_instance(reliability, Reliability, "reliability")
    filled = reliability.counts > 0
    bins = (reliability.probability, reliability.share, reliability.low, reliability.high)
    probability, share, low, high = (require_numbers(x[filled], "reliability") for x in bins)
    with drawing(ax, 3.6) as ax:
        ax.plot([0, 1], [0, 1], "--", color=MUTED, linewidth=1.2, label="as stated")
        ax.vlines(probability, low, high, color=SOURCE, linewidth=2)
        ax.plot(probability, share, "o-", color=SOURCE, linewidth=1.2, markersize=6, label="found")
        ax.set(xlim=LIMITS, ylim=LIMITS, xlabel="stated probability", ylabel="right answers")
        percent_axis(ax.xaxis, ax.yaxis)
        legend_above(ax)
    return ax
