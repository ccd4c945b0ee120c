"""Look of the figures: colors, sizes, and words as labels."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from alignx.datasets.languages import languages
from alignx.reporting.printable import INVISIBLE, code_points
from alignx.support.arguments import require_optional
from alignx.support.characters import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from alignx.support.arrays import Double

__all__ = [
    "COLORS",
    "GRID",
    "INK",
    "MUTED",
    "SERIES",
    "SIZE",
    "SOURCE",
    "STYLE",
    "TARGET",
    "Color",
    "any_script",
    "counts_axis",
    "drawing",
    "interval",
    "label_of",
    "language_label",
    "legend_above",
    "log_axis",
    "percent_axis",
    "require_numbers",
]


class Color(NamedTuple):
    """A color on light and on dark paper; a page may set it by a CSS variable."""

    variable: str
    light: str
    dark: str


# Blue and orange differ for every kind of color vision; marks and line styles differ as well.
COLORS = (
    Color("--figure-ink", "#1f2328", "#e6edf3"),
    Color("--figure-muted", "#59636e", "#9da7b3"),
    Color("--figure-grid", "#d8dee4", "#343b43"),
    Color("--source", "#0b63b0", "#6cb6ff"),
    Color("--target", "#b5471b", "#f69d50"),
)
INK, MUTED, GRID, SOURCE, TARGET = (color.light for color in COLORS)

# Colors and marks of any number of lines; both tell them apart.
SERIES = (
    (SOURCE, "o"),
    (TARGET, "s"),
    ("#0b6e4f", "D"),
    ("#6a4fb0", "^"),
    ("#8c6d00", "v"),
    ("#8c2f39", "P"),
)

# Texts of 12 in a width of 346 stay above 11 pixels on a phone.
SIZE = (4.8, 3.3)
STYLE: dict[str, Any] = {
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "font.size": 12,
    "legend.frameon": False,
    "svg.fonttype": "none",  # texts stay texts
    "svg.hashsalt": "alignx",  # the same ids each time
    "text.color": INK,
    "text.parse_math": False,  # words may hold dollar signs
    "text.usetex": False,
}
LONGEST = 24
FEW_DECADES = 2.3


@contextmanager
def drawing(ax: Axes | None, height: float = SIZE[1], *, grid: str = "both") -> Iterator[Axes]:
    """Give axes in the style of reports: those given, or those of a new figure.

    Parameters
    ----------
    ax : Axes, optional
        Axes to draw on.
    height : float
        Height of a new figure in inches.
    grid : {"both", "x", "y", "none"}
        Lines in the background.

    Notes
    -----
    The figure is not registered with pyplot, so nothing keeps it alive.
    """
    import matplotlib as mpl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    require_optional(ax, Axes, "ax")
    with mpl.rc_context(STYLE):
        if ax is None:
            ax = Figure(figsize=(SIZE[0], height), layout="constrained").add_subplot()
        ax.set_axisbelow(True)
        if grid != "none":
            ax.grid(visible=True, axis=grid, color=GRID, linewidth=0.8)
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(which="both", length=0, color=MUTED, labelcolor=INK)
        yield ax


@contextmanager
def any_script() -> Iterator[None]:
    """Leave out the warnings of matplotlib about scripts that its fonts lack."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        yield


def interval(
    ax: Axes,
    row: float,
    values: Sequence[float] | Double,
    color: str,
    *,
    marker: str = "o",
    text: str = "",
) -> None:
    """Draw a value with its lower and upper bound in a row, and a text right of the axes."""
    value, low, high = values
    if text:
        ax.text(1.03, row, text, transform=ax.get_yaxis_transform(), color=INK, va="center")
    ax.plot([low, high], [row, row], color=color, linewidth=2, solid_capstyle="butt")
    ax.plot([value], [row], marker, color=color, markersize=6)


def percent_axis(*axes: Any) -> None:  # noqa: ANN401  # matplotlib.axis.Axis
    """Write the shares of each axis as percentages, few enough to stand beside each other."""
    from matplotlib.ticker import MaxNLocator

    for axis in axes:
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")


def counts_axis(*axes: Any) -> None:  # noqa: ANN401
    """Write the numbers of each axis in full, as 10,000."""
    for axis in axes:
        axis.set_major_formatter(lambda value, _: f"{value:,.12g}")


def log_axis(axis: Any, decades: float) -> None:  # noqa: ANN401
    """Mark powers of 10 of a logarithmic axis, and 2 and 5 as well over few decades."""
    from matplotlib.ticker import LogLocator

    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < FEW_DECADES else (1,)))
    axis.set_minor_locator(LogLocator(subs=()))
    counts_axis(axis)


def legend_above(ax: Axes) -> None:
    """Name the lines above the axes, where they cover nothing."""
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0, markerscale=1.2)


def label_of(word: str) -> str:
    r"""Return a word as a label: one line, at most 24 characters, without control characters.

    Examples
    --------
    >>> label_of("two\nlines\u202e"), len(label_of("a" * 10_000))
    ('two lines', 24)
    """
    shown = one_line(word[: 10 * LONGEST])
    if word and not INVISIBLE.sub("", shown):
        return code_points(word)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def language_label(code: str) -> str:
    """Return the English name of a language as a label; other codes as they are.

    Examples
    --------
    >>> language_label("es"), language_label("source")
    ('Spanish', 'source')
    """
    known = languages()
    return label_of(known[code].name if code in known else code)


def require_numbers(values: ArrayLike, name: str) -> Double:
    """Convert to float64; ValueError if a number is missing or infinite."""
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} must be finite numbers, got {numbers[~np.isfinite(numbers)][0]}")
    return numbers
