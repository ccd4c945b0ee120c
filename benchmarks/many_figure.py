"""The figure of time and memory by the number of languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from pathlib import Path

LINES = {
    "Time": ({"process_seconds": "elapsed", "cpu_seconds": "all processors"}, "minutes", 60),
    "Memory": ({"peak_memory": "all", "peak_private": "without mapped files"}, "GB", 1e9),
}
COLORS = ("#0b63b0", "#b5471b")


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Write the figure of part "growth", if it was measured for more than one number."""
    rows = sorted(
        (row for row in rows if row["part"] == "growth"), key=lambda row: row["languages"]
    )
    if len(rows) < 2:  # no line
        return
    mpl.rcParams.update({"svg.hashsalt": "alignx", "font.size": 10, "svg.fonttype": "none"})
    figure = Figure(figsize=(9, 3.6), layout="constrained", facecolor="white")
    numbers = [row["languages"] for row in rows]
    for axes, (title, (names, unit, divisor)) in zip(
        figure.subplots(1, 2), LINES.items(), strict=True
    ):
        for color, (name, label) in zip(COLORS, names.items(), strict=True):
            values = [row[name] / divisor for row in rows]
            axes.plot(numbers, values, "o-", color=color, markersize=5, label=label)
        axes.set_title(title, loc="left")
        axes.set(xticks=numbers, xlim=(0, None), ylim=(0, None), ylabel=unit)
        axes.grid(visible=True, color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    figure.supxlabel(f"languages of {rows[0]['words']:,} words", fontsize=10)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
