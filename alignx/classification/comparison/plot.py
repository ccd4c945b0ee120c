"""Figure of a transfer report: accuracy of each language, and the gap to the source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alignx.support.files import replacing, require_writable
from alignx.support.packages import require_packages

if TYPE_CHECKING:
    import os

    from alignx.classification.comparison.report import TransferReport

__all__ = ["draw", "require_drawable"]

COLORS = ("#0b6e4f", "#b5471b", "#6a4fb0", "#b8860b", "#2a6f97", "#8c2f39")
MARKERS = "osD^vP"
BASELINE = "#888888"


def require_drawable(path: str | os.PathLike[str]) -> str:
    """Refuse a path that `draw` could not write; return "svg", "png" or "pdf".

    Raises
    ------
    ValueError
        If it ends in something else.
    MissingDependencyError
        If matplotlib is not installed.
    OutputError
        If its directory is missing or write-protected.
    """
    kind = Path(path).suffix.removeprefix(".")
    if kind not in ("svg", "png", "pdf"):
        raise ValueError(f"path of a figure must end in .svg, .png or .pdf, got {str(path)!r}")
    require_packages({"a figure": "matplotlib"})
    require_writable(path)
    return kind


def draw(report: TransferReport, path: str | os.PathLike[str]) -> None:
    """Draw accuracy and gap of each language, with 95 % intervals.

    Parameters
    ----------
    report : TransferReport
        Report with at least one experiment.
    path : path
        Output, which ends in ``.svg``, ``.png`` or ``.pdf``.

    Raises
    ------
    ValueError, MissingDependencyError, OutputError
        As `require_drawable` does, or if it cannot be written.
    """
    kind = require_drawable(path)

    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = report.rows
    codes = list(next(iter(rows.values())).languages)
    with mpl.rc_context({"svg.hashsalt": "alignx", "font.size": 9, "svg.fonttype": "none"}):
        height = 0.9 + (0.16 + 0.14 * len(codes)) * len(rows)
        figure = Figure(figsize=(9.5, height), layout="constrained", facecolor="white")
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        for number, code in enumerate(codes):
            color, marker = COLORS[number % len(COLORS)], MARKERS[number % len(MARKERS)]
            for position, (name, result) in enumerate(rows.items()):
                y = position + (number - (len(codes) - 1) / 2) * 0.6 / len(codes)
                shade = BASELINE if name in report.baselines else color
                found = result.languages[code]
                accuracy = (found.accuracy, *found.interval)
                for axes, figures in ((left, accuracy), (right, result.gaps.get(code))):
                    if figures is None:
                        continue
                    value, low, high = (100 * x for x in figures)
                    axes.plot([low, high], [y, y], "-", color=shade, linewidth=1.4)
                    axes.plot([value], [y], marker, color=shade, markersize=4.5)
            left.plot([], [], marker, color=color, label=code)
        left.set_yticks(range(len(rows)), list(rows))
        left.invert_yaxis()
        left.set_title("Accuracy, %", loc="left")
        right.set_title(f"Gap to {report.source}, points", loc="left")
        right.axvline(0, color="#444444", linewidth=0.8)
        left.legend(loc="best", frameon=False)
        for axes in (left, right):
            axes.grid(visible=True, axis="x", color="#dddddd", linewidth=0.6)
            axes.spines[["top", "right"]].set_visible(False)
        with replacing(path, "wb") as file:
            figure.savefig(file, format=kind, metadata={"Date": None} if kind == "svg" else None)
