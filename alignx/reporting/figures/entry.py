"""Entry of a figure in a report: its SVG, a sentence that reads it, its values as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from alignx.reporting.figures.svg import inline_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["ReportFigure", "Rows", "figure_of", "interval_text", "percent"]

Rows: TypeAlias = "Sequence[tuple[str, ...]]"


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
    rows : tuple of tuple of str
        Rows of that table, formatted.
    """

    name: str
    title: str
    caption: str
    description: str
    svg: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def figure_of(
    axes: Axes,
    name: str,
    title: str,
    *,
    caption: str,
    description: str,
    columns: tuple[str, ...],
    rows: Rows,
) -> ReportFigure:
    """Make the entry of a figure from its axes."""
    svg = inline_svg(axes.figure, title, description, name)
    return ReportFigure(name, title, caption, description, svg, columns, tuple(rows))


def percent(share: float) -> str:
    """Write a share as a percentage, as 84 %."""
    return f"{100 * share:.0f} %"


def interval_text(low: float, high: float) -> str:
    """Write an interval of shares, as 80 % to 88 %."""
    return f"{percent(low)} to {percent(high)}"
