"""What a grid found, as tables: Markdown to read, CSV and JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from importlib.metadata import version
from statistics import fmean
from typing import TYPE_CHECKING, Any

from alignx.support.files import printable, replacing
from alignx.support.outputs import require_outputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from alignx.experiments.grid import Grid

__all__ = [
    "as_csv",
    "as_json",
    "as_markdown",
    "base_of",
    "describe",
    "require_tables",
    "write_tables",
]

SUFFIXES = (".md", ".json", ".csv")
WIDE = 6  # pairs; more of them go down the side
RETRIEVALS = ("csls", "nn")
FIGURES = ("p@1", "p@5", "p@10", "mrr")

Result = dict[str, Any]


def base_of(path: Path) -> Path:
    """Give the name of tables without the suffix of one of them.

    Examples
    --------
    >>> from pathlib import PurePosixPath
    >>> base_of(PurePosixPath("figures/xling.md"))
    PurePosixPath('figures/xling')
    """
    return path.with_suffix("") if path.suffix in SUFFIXES else path


def _names(base: Path) -> list[Path]:
    return [base.with_name(base.name + suffix) for suffix in SUFFIXES]


def require_tables(base: Path, grid: Grid, cells: Path) -> list[Path]:
    """Refuse a place where `write_tables` could not write, before long work; give the names.

    Parameters
    ----------
    base : Path
        As of `write_tables`.
    grid : Grid
        What it reads must not be replaced.
    cells : Path
        The folder of `Bench`.

    Raises
    ------
    OutputError
        If a table or the folder is not right.
    """
    names = _names(base)
    inputs = {str(path): path for path in [grid.path, *grid.files()]}
    require_outputs({"a table": names}, inputs, {"the folder of cells": cells})
    return names


def write_tables(base: Path, grid: Grid, results: Sequence[Result]) -> None:
    """Write all three tables.

    Parameters
    ----------
    base : Path
        Their name without ``.md``, ``.json``, ``.csv``.
    grid : Grid
        What was run.
    results : sequence of dict
        What `Bench.run` gives.

    Raises
    ------
    OutputError
        If one of them cannot be written.
    """
    texts = (
        as_markdown(grid, results),
        json.dumps(as_json(grid, results), ensure_ascii=False, indent=1) + "\n",
        as_csv(results),
    )
    for path, text in zip(_names(base), texts, strict=True):
        with replacing(path) as file:
            file.write(text)


# --- for programs -----------------------------------------------------------------------------


def as_json(grid: Grid, results: Iterable[Result]) -> dict[str, Any]:
    """Give one object with all figures of all cells."""
    return {
        "version": version("alignx"),
        "config": printable(grid.path.name),
        **vars(grid.protocol),
        "methods": {variant.name: vars(variant) for variant in grid.variants},
        "cells": [{k: v for k, v in each.items() if k != "traceback"} for each in results],
    }


def as_csv(results: Iterable[Result]) -> str:
    """Give a table with a line for each cell."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    identity = ("pair", "method", "size", "seed")
    counts = ("train_pairs", "pairs", "words", "coverage", "seconds")
    bounds = ("p@1_low", "p@1_high")
    figures = [f"{name}_{figure}" for name in RETRIEVALS for figure in (*FIGURES, *bounds)]
    table.writerow([*identity, "n", *figures, *counts, "failed", "learned", "csls_p@1_not_learned"])
    for result in results:
        numbers = [_figures_of(result.get(name, {})) for name in RETRIEVALS]
        table.writerow(
            [
                *(result[name] for name in identity),
                result.get("csls", {}).get("n"),
                *numbers[0],
                *numbers[1],
                *(result.get(name) for name in counts),
                result["failed"],
                result.get("learned"),
                result.get("not_learned", {}).get("csls", {}).get("p@1"),
            ]
        )
    return text.getvalue()


def _figures_of(accuracy: dict[str, Any]) -> list[float | None]:
    return [
        *(accuracy.get(figure) for figure in FIGURES),
        *accuracy.get("p@1_interval", (None,) * 2),
    ]


# --- for people -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Entry:
    """The seeds of one method, of one size, on one pair."""

    results: list[Result]

    @property
    def succeeded(self) -> list[Result]:
        return [result for result in self.results if result["failed"] is None]

    def values(self, retrieval: str, figure: str) -> list[float]:
        return [100 * result[retrieval][figure] for result in self.succeeded]

    def text(self, retrieval: str, figure: str) -> str:
        values = self.values(retrieval, figure)
        if not values:
            return "failed"
        text = f"{fmean(values):.1f}"
        if len(self.results) > 1:
            text += f" ({min(values):.1f} to {max(values):.1f})"
        elif figure == "p@1":
            low, high = (100 * bound for bound in self.succeeded[0][retrieval]["p@1_interval"])
            text += f" [{low:.1f}, {high:.1f}]"
        if len(values) < len(self.results):
            text += f", {len(self.results) - len(values)} of {len(self.results)} failed"
        return text


def as_markdown(grid: Grid, results: Sequence[Result]) -> str:
    """Give a table of methods and pairs, and the reasons of what failed.

    Parameters
    ----------
    grid : Grid
        What was run.
    results : sequence of dict
        What `Bench.run` gives.

    Returns
    -------
    str
        P@1 by CSLS; under XLING's protocol also what XLING publishes, MRR by nearest neighbors.
    """
    entries: dict[tuple[str, int | None], dict[str, _Entry]] = {}
    for result in results:
        of_pair = entries.setdefault((result["method"], result["size"]), {})
        of_pair.setdefault(result["pair"], _Entry([])).results.append(result)
    has_seeds = any(len(entry.results) > 1 for row in entries.values() for entry in row.values())
    explained = "95 % interval in brackets"
    if has_seeds:
        explained += "; of several seeds the mean (lowest to highest)"
    policy = grid.protocol.oov_policy
    blocks = [
        f"P@1 in percent by CSLS, {explained}; out-of-vocabulary policy: {policy}.",
        _table(entries, results, "csls", "p@1"),
    ]
    if policy == "xling":
        blocks += ["MRR by nearest neighbors, in percent.", _table(entries, results, "nn", "mrr")]
    failures = [f"- {describe(each)}: {each['failed']}" for each in results if each["failed"]]
    if failures:
        blocks += ["Failed:", "\n".join(failures)]
    kept = [f"- {describe(each)}" for each in results if _is_judged(each, "failed")]
    if kept:
        blocks += ["Maps that failed their check and were kept as asked:", "\n".join(kept)]
    weak = [f"- {describe(each)}" for each in results if _is_judged(each, "weak")]
    if weak:
        blocks += ["Weak maps, by words held out from the dictionary:", "\n".join(weak)]
    learned = [_learned(each) for each in results if each.get("learned")]
    if learned:
        blocks += ["Tested on pairs that were learned from:", "\n".join(learned)]
    return "\n\n".join(blocks) + "\n"


def _is_judged(result: Result, verdict: str) -> bool:
    """Tell what the check on held-out words said of a map from a dictionary."""
    return bool((result.get("validation") or {}).get(verdict))


def _learned(result: Result) -> str:
    """Say how many questions were learned from, and what is true without them."""
    rest = result["not_learned"]["csls"]
    low, high = (100 * bound for bound in rest["p@1_interval"])
    return (
        f"- {describe(result)}: {result['learned']:,} of {result['nn']['n']:,} questions; P@1 "
        f"without them {100 * rest['p@1']:.1f} [{low:.1f}, {high:.1f}] of {rest['n']:,}"
    )


def describe(result: Result) -> str:
    """Name a cell in words."""
    parts = [result["pair"], _label(result["method"], result["size"])]
    if result["seed"] is not None:
        parts.append(f"seed {result['seed']}")
    return ", ".join(parts)


def _label(method: str, size: int | None) -> str:
    return method if size is None else f"{method}, {size:,} words"


def _table(
    entries: dict[tuple[str, int | None], dict[str, _Entry]],
    results: Sequence[Result],
    retrieval: str,
    figure: str,
) -> str:
    pairs = list(dict.fromkeys(result["pair"] for result in results))
    rows = [["method", *pairs, "mean", "fit"]]
    for key, of_pair in entries.items():
        texts = [of_pair[pair].text(retrieval, figure) for pair in pairs]
        means = [fmean(v) for pair in pairs if (v := of_pair[pair].values(retrieval, figure))]
        seconds = [r["seconds"] for pair in pairs for r in of_pair[pair].succeeded]
        rows.append([_label(*key), *texts, _mean(means, len(pairs)), _duration(seconds)])
    unit = "pairs" if any(r.get("oov_policy") == "xling" for r in results) else "words"
    rows.append([f"test {unit}, coverage", *(_questions(results, pair) for pair in pairs), "", ""])
    if len(pairs) > WIDE:
        rows = [list(column) for column in zip(*rows, strict=True)]
        rows[0][0] = "pair"
    return _markdown_table(rows)


def _mean(means: Sequence[float], pairs: int) -> str:
    """Give the mean over pairs, and of how many if some have failed."""
    if not means:
        return ""
    share = "" if len(means) == pairs else f" ({len(means)} of {pairs})"
    return f"{fmean(means):.1f}{share}"


def _duration(seconds: Sequence[float]) -> str:
    return f"{fmean(seconds):.1f} s" if seconds else ""


def _questions(results: Sequence[Result], pair: str) -> str:
    """Give what all methods of a pair were asked."""
    for result in results:
        if result["pair"] == pair and result["failed"] is None:
            return f"{result['csls']['n']:,}, {result['coverage']:.1%}"
    return ""


def _markdown_table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    line = f"| --- |{' --: |' * (len(rows[0]) - 1)}"
    return "\n".join([head, line, *body])
