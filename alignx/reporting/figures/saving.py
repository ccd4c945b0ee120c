"""Files of figures: SVG, PNG and PDF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alignx.reporting.figures.theme import STYLE, any_script
from alignx.support.files import replacing, require_writable

if TYPE_CHECKING:
    import os

    from matplotlib.figure import Figure

__all__ = ["require_drawable", "save_figure"]

KINDS = ("svg", "png", "pdf")


def require_drawable(path: str | os.PathLike[str]) -> str:
    """Refuse a path that `save_figure` could not write; return "svg", "png" or "pdf".

    Raises
    ------
    ValueError
        If it ends in something else.
    OutputError
        If its directory is missing or write-protected.
    """
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in KINDS:
        raise ValueError(f"path of a figure must end in .svg, .png or .pdf, got {str(path)!r}")
    require_writable(path)
    return kind


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure, whole or not at all, and the same bytes for the same figure.

    Parameters
    ----------
    figure : Figure
        Any figure of matplotlib.
    path : path
        Output, which ends in ``.svg``, ``.png`` or ``.pdf``.

    Raises
    ------
    ValueError, OutputError
        As `require_drawable` does, or if it cannot be written.
    """
    import matplotlib as mpl

    kind = require_drawable(path)
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
    style = {**STYLE, "svg.fonttype": "none", "svg.hashsalt": "alignx"}
    with mpl.rc_context(style), any_script(), replacing(path, "wb") as file:
        figure.savefig(file, format=kind, metadata=dates[kind])
