"""Command `alignx bench`: methods on many language pairs in one table."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignx.cli.command import RUNNING, command, option
from alignx.cli.terminal import Bar, JsonTerminal, Terminal
from alignx.support.config import config_context
from alignx.support.packages import require_packages

if TYPE_CHECKING:
    from alignx.experiments.cell import Cell
    from alignx.experiments.runner import GridRunner

__all__ = ["bench"]


@command("bench xling.toml --jobs 4", first=("output", "jobs", "dry_run"))
def bench(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="TOML: pairs, methods, sizes, seeds, files.")
    ],
    output: Annotated[
        Path | None,
        option(
            "Tables: .md, .json, .csv and .tex are added to this name, .svg for a figure, and "
            ".cells for a folder.",
            "--output",
            "-o",
            default="CONFIG without .toml",
        ),
    ] = None,
    dry_run: Annotated[bool, option("List cells and their state, and run none.")] = False,
    jobs: Annotated[
        int | None,
        option(
            "Cells at the same time, in processes that share the threads.",
            default="1; all that --cluster takes",
            panel=RUNNING,
            min=1,
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        option("Run on a Dask cluster, such as tcp://HOST:8786.", panel=RUNNING, metavar="ADDRESS"),
    ] = None,
    *,
    terminal: JsonTerminal,
) -> None:
    """Compare methods on many language pairs in one table, with tests of significance.

    Finished cells are kept: a second run only adds.
    """
    from alignx.experiments.grid import Grid
    from alignx.experiments.report import GridReport, base_of, require_tables
    from alignx.experiments.runner import GridRunner

    # Log messages of cells do not name the cell; the table lists weak maps.
    logging.getLogger("alignx").setLevel(logging.ERROR)
    grid = Grid.load(config)
    base = config.with_suffix("") if output is None else base_of(output)
    runner = GridRunner(grid, base.with_name(f"{base.name}.cells"))
    kept = runner.kept()
    if dry_run:
        _list(runner, kept, terminal)
        return
    names = require_tables(base, grid, runner.folder)
    missing = [cell for i, cell in enumerate(runner.cells) if i not in kept]
    _require_packages(missing, on_cluster=cluster is not None)
    start = time.perf_counter()
    results = _run(runner, jobs, cluster, terminal)
    report = GridReport(grid, results)
    report.save(base)
    failed = sum(result["failed"] is not None for result in results)
    terminal.note(
        f"{len(results):,} cells: {len(kept):,} kept, {len(results) - len(kept):,} run in "
        f"{time.perf_counter() - start:.1f} s, {failed:,} failed"
    )
    terminal.note(f"{', '.join(map(str, names))}: written")
    terminal.print(report.as_dict(), str(report))
    if failed:
        raise typer.Exit(1)


def _run(
    runner: GridRunner, jobs: int | None, cluster: str | None, terminal: Terminal
) -> Sequence[dict[str, Any]]:
    """Run the cells that are not kept."""
    try:
        with terminal.working("Running") as bar:
            return runner.run(
                n_jobs=jobs if cluster is not None else jobs or 1,
                cluster=cluster,
                progress=bar,
                log=_log(terminal, bar),
            )
    except KeyboardInterrupt:
        done = f"{len(runner.kept()):,} of {len(runner.cells):,} cells"
        terminal.note(f"interrupted: {done} are in {runner.folder}; the same command goes on")
        raise


def _require_packages(cells: Sequence[Cell], *, on_cluster: bool) -> None:
    """Refuse cells without their package or device; workers of a cluster have their own."""
    if on_cluster:
        require_packages({"--cluster": "distributed"})
        return
    if any(cell.algorithm == "adversarial" for cell in cells):
        require_packages({"method adversarial": "torch"})
    for device in {cell.options["device"] for cell in cells if "device" in cell.options}:
        with config_context(device=device):  # refused if torch cannot use it
            pass


def _log(terminal: Terminal, bar: Bar | None) -> Callable[[dict[str, Any]], None]:
    """Return a function that prints failures, and all results if verbose."""
    from alignx.experiments.report import describe

    def log(result: dict[str, Any]) -> None:
        failure = result["failed"]
        if bar is not None:
            bar.tell(describe(result))
        if failure is not None:
            news = f"failed: {result['traceback'] if terminal.verbose else failure}"
        else:
            news = f"P@1 {result['csls']['p@1']:.1%} in {result['seconds']:.1f} s"
        if terminal.verbose or failure is not None:
            terminal.note(f"{describe(result)}: {news}")

    return log


def _list(runner: GridRunner, kept: dict[int, dict[str, Any]], terminal: JsonTerminal) -> None:
    """Print the cells, and whether they are done."""
    done = [i in kept for i in range(len(runner.cells))]
    states = [{**cell.identity(), "done": i} for cell, i in zip(runner.cells, done, strict=True)]
    names = zip(("done" if i else "to do" for i in done), runner.cells, strict=True)
    terminal.print({"cells": states}, "".join(f"{state}\t{cell.name}\n" for state, cell in names))
