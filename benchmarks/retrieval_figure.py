"""The figure of how retrieval's time grows with the number of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

COLORS = {"alignx": "#0b6e4f", "faiss": "#b5471b"}
STYLES = {1: "--", 2: "-"}  # by number of threads
TICKS = (0.01, 0.1, 1, 10, 100, 1000)


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Write the figure of the rows of `growth_rows`, as SVG or what the name ends in."""
    mpl.rcParams.update({"svg.hashsalt": "alignx", "font.size": 10, "svg.fonttype": "none"})
    figure = Figure(figsize=(7, 4.4), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    curves = dict.fromkeys((row["engine"], row["threads"]) for row in rows)
    for engine, threads in curves:
        curve = [row for row in rows if (row["engine"], row["threads"]) == (engine, threads)]
        n, seconds = [row["n"] for row in curve], [row["seconds"] for row in curve]
        color = COLORS[engine]
        label = _label(engine, threads, curve[-1]["slope"])
        style = STYLES.get(threads, ":")
        axes.plot(n, seconds, style, color=color, marker="o", markersize=4, label=label)
    _scale(axes, sorted({row["n"] for row in rows}))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _label(engine: str, threads: int, slope: float | None) -> str:
    plural = "s" if threads > 1 else ""
    fitted = "" if slope is None else f", slope {slope:.2f}"
    return f"{engine}, {threads} thread{plural}{fitted}"


def _scale(axes: Axes, sizes: list[int]) -> None:
    axes.set(
        xscale="log", yscale="log", xlabel="thousands of rows of each language", ylabel="seconds"
    )
    axes.set_title("Exact top-10 of both languages, 300 dimensions", loc="left")
    axes.set_xticks(sizes, [f"{size // 1000}" for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks([t for t in TICKS if axes.get_ylim()[0] <= t <= axes.get_ylim()[1]])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", frameon=False, handlelength=3)
