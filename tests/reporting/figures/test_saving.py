"""Files of figures, and the figure of a transfer report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import alignx as ax
from alignx.classification.comparison.report import (
    ExperimentResult,
    LanguageResult,
    TransferReport,
)
from alignx.errors import OutputError
from alignx.reporting.figures.saving import require_drawable, save_figure
from alignx.reporting.figures.transfer import transfer_figure

if TYPE_CHECKING:
    from pathlib import Path


def result(name: str, *shares: float) -> ExperimentResult:
    def measured(share: float) -> LanguageResult:
        interval = (share - 0.1, share + 0.1)
        return LanguageResult(4, share, share, interval, 0.0, {}, 1.0, np.full(4, share))

    languages = {code: measured(share) for code, share in zip(("es", "de"), shares, strict=True)}
    return ExperimentResult(name, languages, {"es": measured(0.9)}, 0.1, 0.1)


REPORT = TransferReport(
    "en", {"$x_1$": result("$x_1$", 0.5, 0.75)}, {"majority": result("majority", 0.25, 0.5)}, (0,)
)


def test_transfer_draws_each_language_and_its_gap() -> None:
    axes = ax.plot_transfer(REPORT)
    drawn = [line.get_xdata().tolist() for line in axes.lines if len(line.get_xdata()) == 1]
    assert [value for [value] in drawn] == [0.5, 0.25, 0.75, 0.5]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["$x_1$", "majority"]
    gaps = ax.plot_transfer(REPORT, measure="gap")
    drawn = [line.get_xdata().tolist() for line in gaps.lines if len(line.get_xdata()) == 1]
    assert np.ravel(drawn) == pytest.approx([0.4, 0.65])  # of the language with source texts
    with pytest.raises(ValueError, match="measure must be 'accuracy' or 'gap', got 'speed'"):
        ax.plot_transfer(REPORT, measure="speed")  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_files_are_those_of_their_kind_and_the_same_each_time(tmp_path: Path, kind: str) -> None:
    paths = [tmp_path / f"{number}.{kind}" for number in range(2)]
    for path in paths:
        save_figure(transfer_figure(REPORT), path)
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert first.startswith({"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[kind])
    if kind == "svg":
        assert all(name in first.decode() for name in ("$x_1$", "majority", "es", "de"))


def test_files_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in .svg, .png or .pdf, got .*jpeg"):
        require_drawable(tmp_path / "transfer.jpeg")
    with pytest.raises(OutputError, match="directory does not exist"):
        require_drawable(tmp_path / "nowhere" / "transfer.svg")
