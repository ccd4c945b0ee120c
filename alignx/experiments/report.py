"""Tables and figure of a grid: Markdown to read, LaTeX for papers, CSV and JSON for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from alignx.experiments.significance import (
    Family,
    families,
    intervals,
    lacking,
    method_label,
    scores_by_pair,
)
from alignx.experiments.tables import GridTable
from alignx.support.files import printable, replacing
from alignx.support.frames import Tabular
from alignx.support.outputs import require_outputs
from alignx.support.tables import latex_table, markdown_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pandas import DataFrame

    from alignx.experiments.grid import Grid

__all__ = ["GridReport", "base_of", "describe", "require_tables"]

SUFFIXES = (".md", ".json", ".csv", ".tex", ".svg")
IDENTITY = ("pair", "method", "size", "seed")
RETRIEVALS = ("csls", "nn")
FIGURES = ("p@1", "p@5", "p@10", "mrr", "p@1_low", "p@1_high")
COUNTS = ("train_pairs", "pairs", "words", "coverage", "seconds")
INTEGERS = ("size", "seed", "n", "train_pairs", "pairs", "words", "known")
KEPT = ("traceback", "questions")  # in the folder of cells only

Result = dict[str, Any]


def base_of(path: Path) -> Path:
    """Return the name of tables without the suffix of one of them."""
    return path.with_suffix("") if path.suffix in SUFFIXES else path


def require_tables(base: Path, grid: Grid, cells: Path) -> list[Path]:
    """Return the names of the tables and the figure.

    Raises
    ------
    OutputError
        If a table or the folder of cells cannot be written, or would replace an input.
    """
    names = [base.with_name(base.name + suffix) for suffix in SUFFIXES]
    inputs = {str(path): path for path in [grid.path, *grid.files()]}
    require_outputs({"a table": names}, inputs, {"the folder of cells": cells})
    return names


def describe(result: Result) -> str:
    """Name a cell in words."""
    parts = [result["pair"], method_label(result["method"], result["size"])]
    return ", ".join(parts if result["seed"] is None else [*parts, f"seed {result['seed']}"])


@dataclass(frozen=True, eq=False, repr=False)
class GridReport(Tabular):
    """Results of `GridRunner.run` for a grid; prints as Markdown."""

    grid: Grid
    results: Sequence[Result]

    def __repr__(self) -> str:
        return f"GridReport({self.grid.path.name}, {len(self.results)} cells)"

    def records(self) -> list[Result]:
        """Return one row for each cell, with its figures by both retrievals."""
        return [_row(result) for result in self.results]

    def to_frame(self) -> DataFrame:
        """Return the rows as a pandas DataFrame."""
        figures = [f"{name}_{figure}" for name in RETRIEVALS for figure in FIGURES]
        floats = [*figures, "coverage", "seconds", "csls_p@1_new"]
        types = dict.fromkeys(floats, float) | dict.fromkeys(INTEGERS, "Int64")
        return super().to_frame().astype(types)

    def as_csv(self) -> str:
        """Return the rows of `to_frame`."""
        return str(self.to_frame().to_csv(index=False, lineterminator="\n"))

    def as_dict(self) -> dict[str, Any]:
        """Return all settings and figures, as JSON can hold them."""
        return {
            "version": version("alignx"),
            "config": printable(self.grid.path.name),
            **self.grid.protocol.model_dump(),
            "methods": {variant.name: vars(variant) for variant in self.grid.variants},
            "comparisons": [family.as_dict() for family in self.families],
            "cells": [{k: v for k, v in each.items() if k not in KEPT} for each in self.results],
        }

    @cached_property
    def families(self) -> list[Family]:
        """The methods compared with the baseline, by number of known words."""
        return families(self.results, self.grid.config.baseline or self.grid.config.methods[0])

    def save(self, base: Path) -> None:
        """Write ``.md``, ``.json``, ``.csv``, ``.tex`` and ``.svg``; raises OutputError."""
        from alignx.reporting.figures.comparison import plot_methods
        from alignx.reporting.figures.saving import save_figure

        texts = (
            str(self),
            json.dumps(self.as_dict(), ensure_ascii=False, indent=1) + "\n",
            self.as_csv(),
            self.as_latex(),
        )
        *paths, figure = (base.with_name(base.name + suffix) for suffix in SUFFIXES)
        for path, text in zip(paths, texts, strict=True):
            with replacing(path) as file:
                file.write(text)
        save_figure(plot_methods(intervals(scores_by_pair(self.results))).figure, figure)

    def __str__(self) -> str:
        """Return tables of methods and pairs, and the reasons of failures."""
        blocks = []
        for table in self._tables():
            blocks += [table.caption, markdown_table(table.rows)]
        lists = {
            "Failed:": [f"{describe(r)}: {r['failed']}" for r in self.results if r["failed"]],
            "Maps that failed validation, kept by allow_failed:": self._judged("failed"),
            "Weak maps, by words held out from the dictionary:": self._judged("weak"),
            "Not compared, since words of the test have zero vectors after mapping:": [
                describe(result) for result in lacking(self.results)
            ],
            "Tested on pairs of the training dictionary:": [
                _known(result) for result in self.results if result.get("known")
            ],
        }
        for title, items in lists.items():
            if items:
                blocks += [title, "\n".join(f"- {item}" for item in items)]
        return "\n\n".join(blocks) + "\n"

    def as_latex(self) -> str:
        """Return the tables for LaTeX, which needs the package booktabs.

        A figure is bold only if its method is significantly better than each other one.
        """
        stated = " Bold: better than each other method of its comparison below, by the same test."
        tables = [
            latex_table(each.rows, each.caption + stated * bool(each.bold), bold=each.bold)
            for each in self._tables()
        ]
        return "\n\n".join(tables) + "\n"

    def _tables(self) -> Iterator[GridTable]:
        frame = self.to_frame()
        frame["label"] = [method_label(each["method"], each["size"]) for each in self.results]
        explained = "95 % interval in brackets"
        if frame.duplicated(["label", "pair"]).any():
            explained += "; of several seeds the mean (lowest to highest)"
        policy = self.grid.protocol.oov_policy
        unit = "pairs" if policy == "xling" else "words"
        caption = f"P@1 in percent by CSLS, {explained}; out-of-vocabulary policy: {policy}."
        best = {(each, pair) for family in self.families for pair, each in family.best().items()}
        yield GridTable.of_figure(frame, "csls_p@1", unit, caption, best)
        if policy == "xling":  # XLING publishes this figure
            caption = "MRR by nearest neighbors, in percent."
            yield GridTable.of_figure(frame, "nn_mrr", unit, caption, set())
        for family in self.families:
            yield GridTable.of_differences(family)

    def _judged(self, verdict: str) -> list[str]:
        """Name the cells with a verdict of validation on held-out words."""
        return [
            describe(result)
            for result in self.results
            if result.get("validation") and result["validation"][verdict]
        ]


def _row(result: Result) -> Result:
    """Flatten a result to one row; missing figures are None."""
    row = {name: result[name] for name in IDENTITY} | {"n": result.get("csls", {}).get("n")}
    for name in RETRIEVALS:
        accuracy = dict(result.get(name, {}))
        accuracy["p@1_low"], accuracy["p@1_high"] = accuracy.get("p@1_interval", (None, None))
        row |= {f"{name}_{figure}": accuracy.get(figure) for figure in FIGURES}
    row |= {name: result.get(name) for name in (*COUNTS, "failed", "known")}
    others = result.get("new", {}).get("csls", {})
    return row | {"csls_p@1_new": others.get("p@1")}


def _known(result: Result) -> str:
    """Count the questions among the training pairs, with P@1 of the others."""
    rest = result["new"]["csls"]
    low, high = (100 * bound for bound in rest["p@1_interval"])
    return (
        f"{describe(result)}: {result['known']:,} of {result['nn']['n']:,} questions; P@1 "
        f"without them {100 * rest['p@1']:.1f} [{low:.1f}, {high:.1f}] of {rest['n']:,}"
    )
