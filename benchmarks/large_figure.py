"""The figure of time against recall of each index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

COLORS = {
    "exact": "#444444",
    "clustered": "#0b6e4f",
    "ivf": "#b5471b",
    "hnsw": "#6a4fb0",
    "ivfpq": "#b8860b",
}
TICKS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999)
NAMED = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999)
ABOVE = {"hnsw": 6, "ivf": -6}  # points that the name is moved up, since they often end together
PANELS = {"search_seconds": "Search alone", "seconds": "Index and search"}
LEAST_MISS = 5e-5  # where all was found, on a scale that has no zero


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Write the figure of part "recall", if it was measured, as SVG or what the name ends in."""
    rows = [row for row in rows if row["part"] == "recall"]
    if not rows:
        return
    mpl.rcParams.update({"svg.hashsalt": "alignx", "font.size": 10, "svg.fonttype": "none"})
    figure = Figure(figsize=(10, 4.6), layout="constrained", facecolor="white")
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, (of, title) in zip(panels, PANELS.items(), strict=True):
        for engine in dict.fromkeys(row["engine"] for row in rows):
            _curve(axes, [row for row in rows if row["engine"] == engine], of)
        axes.set_title(title, loc="left")
        _scale(axes)
    first = rows[0]
    panels[0].set_ylabel("seconds")
    figure.supxlabel(
        f"recall of the 10 nearest, {first['n']:,} words of each language, both ways", fontsize=10
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _curve(axes: Axes, rows: list[dict[str, Any]], of: str) -> None:
    engine = rows[0]["engine"]
    color = COLORS[engine]
    if engine == "exact":
        axes.axhline(rows[0][of], color=color, linestyle="--", linewidth=1.2)
        axes.annotate(
            "exact", (0.01, rows[0][of]), xycoords=axes.get_yaxis_transform(), color=color,
            xytext=(0, 4), textcoords="offset points",
        )  # fmt: skip
        return
    points = _best(sorted((max(LEAST_MISS, 1 - row["recall@10"]), row[of]) for row in rows))
    miss, seconds = zip(*points, strict=True)
    axes.plot(miss, seconds, "-", color=color, marker="o", markersize=4)
    axes.annotate(
        engine,
        points[0],
        color=color,
        xytext=(6, ABOVE.get(engine, 0)),
        textcoords="offset points",
        va="center",
    )


def _best(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out settings that miss more than others in no less time."""
    fastest = float("inf")
    kept = []
    for miss, seconds in points:
        if seconds < fastest:
            kept.append((miss, seconds))
            fastest = seconds
    return kept


def _scale(axes: Axes) -> None:
    axes.set(xscale="log", yscale="log")
    if not axes.xaxis_inverted():
        axes.invert_xaxis()
    axes.set_xticks(
        [1 - tick for tick in TICKS],
        [f"{100 * tick:g}%" if tick in NAMED else "" for tick in TICKS],
    )
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
