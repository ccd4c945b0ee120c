"""Application of the command line: commands, exit codes, errors in one line."""

from __future__ import annotations

import os
import sys
import traceback
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated

import typer

from alignx import _core
from alignx.cli.align import align
from alignx.cli.align_docs import align_docs
from alignx.cli.apply import apply
from alignx.cli.bench import bench
from alignx.cli.classify.fit import fit
from alignx.cli.classify.names import names
from alignx.cli.classify.predict import predict
from alignx.cli.classify.transfer import transfer
from alignx.cli.convert import convert
from alignx.cli.demo import demo
from alignx.cli.drift import drift
from alignx.cli.evaluate import evaluate
from alignx.cli.fetch import fetch
from alignx.cli.help import DefaultGroup, HelpGroup
from alignx.cli.hub.change import add, remove, update
from alignx.cli.hub.dictionary import dictionary
from alignx.cli.hub.evaluate import evaluate as evaluate_hub
from alignx.cli.hub.fit import fit as fit_hub
from alignx.cli.hub.info import info as hub_info
from alignx.cli.hub.prepare import prepare
from alignx.cli.induce import induce
from alignx.cli.info import info
from alignx.cli.manual import manual_page
from alignx.cli.mine import mine
from alignx.cli.options import with_options
from alignx.cli.report import report
from alignx.cli.search.build import add as add_to_index
from alignx.cli.search.build import build as build_index
from alignx.cli.search.query import query
from alignx.cli.serve import serve
from alignx.cli.train import train
from alignx.cli.translate import translate
from alignx.errors import AlignxError

__all__ = ["app", "main"]


def _print_version(given: bool) -> None:
    if given:
        sys.stdout.write(f"alignx {version('alignx')}\n")
        raise typer.Exit


def _print_manual(context: typer.Context, given: bool) -> None:
    if given:
        sys.stdout.write(manual_page(context.command, context))
        raise typer.Exit


app = typer.Typer(
    name="alignx",
    cls=HelpGroup,
    help="Align word embeddings of different languages, and build bilingual dictionaries.",
    epilog="Start with: alignx demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
classify = typer.Typer(
    name="classify",
    cls=HelpGroup,
    help="Classify texts of one language with a model from another.",
    epilog=f"Example: alignx {fit.example}",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
search = typer.Typer(name="search", cls=DefaultGroup, no_args_is_help=True, rich_markup_mode="rich")
hub = typer.Typer(name="hub", cls=DefaultGroup, no_args_is_help=True, rich_markup_mode="rich")
for _panel, _commands in {
    "Start": (demo, fetch),
    "Vectors": (convert, train),
    "Languages in one space": (align, apply),
    "Use": (translate, induce, serve, mine, align_docs, drift),
    "Measure": (report, evaluate, bench),
    "Program": (info,),
}.items():
    for _command in _commands:
        _command.add_to(app, _panel)
for _command in (fit, names, predict, transfer):
    _command.add_to(classify)
for _command in (fit_hub, add, update, remove, dictionary, evaluate_hub, prepare, hub_info):
    _command.add_to(hub)
for _command in (query, build_index, add_to_index):
    _command.add_to(search)
app.add_typer(classify, rich_help_panel="Use")
app.add_typer(search, rich_help_panel="Use")
app.add_typer(hub, rich_help_panel="Languages in one space")


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
    _manual: Annotated[
        bool,
        typer.Option(
            "--manual",
            callback=_print_manual,
            is_eager=True,
            help="Print the manual page, for `man -l -`, and exit.",
        ),
    ] = False,
) -> None:
    """Align word embeddings of different languages, and build bilingual dictionaries."""


def main() -> None:
    """Run the command line.

    Errors that a user can correct print one line to stderr and exit with code 1.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # Words are UTF-8 in any locale; file names may be no text at all.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    _core.explain_bus_errors()
    try:
        try:
            app(prog_name="alignx")  # also of python -m alignx
        finally:
            sys.stdout.flush()  # here, where an error can still be reported
    except (AlignxError, ValueError, MemoryError) as error:
        if "--verbose" in sys.argv or "-v" in sys.argv:
            traceback.print_exc()
        text = " ".join(with_options(str(error)).split()) or "out of memory; try a smaller --limit"
        sys.stderr.write(f"alignx: error: {text}\n")
        sys.exit(1)
    except BrokenPipeError:  # the reader of the output has left, as `head` does
        _drop_output()
        sys.exit(1)
    except OSError as error:
        _drop_output()
        place = error.filename or "cannot write the answer"
        sys.stderr.write(f"alignx: error: {place}: {error.strerror}\n")
        sys.exit(1)


def _drop_output() -> None:
    """Send buffered output to the null device, lest Python's exit fail on it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
