"""The command `alignx bench`."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path  # typer reads annotations at run time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignx.cli.options import Quiet, Threads, Verbose  # typer reads annotations at run time
from alignx.cli.terminal import open_terminal, print_json
from alignx.support.config import config_context
from alignx.support.packages import require_packages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alignx.cli.terminal import Terminal
    from alignx.experiments.cell import Cell
    from alignx.experiments.runner import Bench

__all__ = ["bench"]


def bench(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="TOML: pairs, methods, sizes, seeds, files.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            show_default="CONFIG without .toml",
            help="Name of the tables, to which .md, .json, .csv is added, and .cells for a folder.",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            show_default="1, or what the cluster takes",
            help="That many cells at the same time, in processes that share the threads.",
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Run on a Dask cluster, such as tcp://HOST:8786."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the cells and whether they are done.")
    ] = False,
    threads: Threads = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the table.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Compare methods on many pairs of languages in one table; a second run only adds."""
    from alignx.experiments.grid import Grid
    from alignx.experiments.runner import Bench
    from alignx.experiments.tables import as_json as table_for_programs
    from alignx.experiments.tables import as_markdown, base_of, require_tables, write_tables

    terminal = open_terminal(quiet, verbose=False)
    # What cells log does not say which cell; weak maps are listed below the table.
    logging.getLogger("alignx").setLevel(logging.ERROR)
    grid = Grid.load(config)
    base = config.with_suffix("") if output is None else base_of(output)
    work = Bench(grid, base.with_name(f"{base.name}.cells"))
    kept = work.kept()
    if dry_run:
        _list(work, kept, as_json)
        return
    names = require_tables(base, grid, work.folder)
    _require_what_cells_need(
        [cell for i, cell in enumerate(work.cells) if i not in kept], on_cluster=cluster is not None
    )
    start = time.perf_counter()
    try:
        with terminal.working("Running") as bar:
            results = work.run(
                n_jobs=jobs if cluster is not None else jobs or 1,
                cluster=cluster,
                progress=bar,
                log=_teller(terminal, None if bar is None else bar.tell, verbose),
            )
    except KeyboardInterrupt:
        done = f"{len(work.kept()):,} of {len(work.cells):,} cells"
        terminal.note(f"interrupted: {done} are in {work.folder}; the same command goes on")
        raise
    write_tables(base, grid, results)
    failed = sum(result["failed"] is not None for result in results)
    terminal.note(
        f"{len(results):,} cells: {len(kept):,} kept, {len(results) - len(kept):,} run in "
        f"{time.perf_counter() - start:.1f} s, {failed:,} failed"
    )
    terminal.note(f"{', '.join(map(str, names))}: written")
    if as_json:
        print_json(table_for_programs(grid, results))
    else:
        sys.stdout.write(as_markdown(grid, results))
    if failed:
        raise typer.Exit(1)


def _require_what_cells_need(cells: Sequence[Cell], *, on_cluster: bool) -> None:
    """Refuse cells that could not run for lack of a package or a device; workers have their own."""
    if on_cluster:
        require_packages({"--cluster": "distributed"})
        return
    if any(cell.algorithm == "adversarial" for cell in cells):
        require_packages({"method adversarial": "torch"})
    for device in {cell.options["device"] for cell in cells if "device" in cell.options}:
        with config_context(device=device):  # refused if torch cannot use it
            pass


def _teller(
    terminal: Terminal, tell: Callable[[str], None] | None, verbose: bool
) -> Callable[[dict[str, Any]], None]:
    """Give what tells of a cell that has ended: a failure always, the rest on a terminal."""
    from alignx.experiments.tables import describe

    def log(result: dict[str, Any]) -> None:
        if result["failed"] is not None:
            news = f"failed: {result['traceback'] if verbose else result['failed']}"
        else:
            news = f"P@1 {result['csls']['p@1']:.1%} in {result['seconds']:.1f} s"
        if tell is not None:
            tell(describe(result))
        if verbose or result["failed"] is not None:
            terminal.note(f"{describe(result)}: {news}")

    return log


def _list(work: Bench, kept: dict[int, dict[str, Any]], as_json: bool) -> None:
    states = [{**cell.facts(), "done": i in kept} for i, cell in enumerate(work.cells)]
    if as_json:
        print_json({"cells": states})
        return
    for cell, state in zip(work.cells, states, strict=True):
        sys.stdout.write(f"{'done' if state['done'] else 'to do'}\t{cell.name}\n")
