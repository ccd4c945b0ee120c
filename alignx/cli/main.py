"""Application of the command line: commands, exit codes, errors in one line."""

from __future__ import annotations

import os
import sys
import traceback
from io import TextIOWrapper

import typer

from alignx import _core
from alignx.cli.align import align
from alignx.cli.apply import apply
from alignx.cli.bench import bench
from alignx.cli.classify.fit import fit
from alignx.cli.classify.predict import predict
from alignx.cli.classify.transfer import transfer
from alignx.cli.convert import convert
from alignx.cli.demo import demo
from alignx.cli.evaluate import evaluate
from alignx.cli.fetch import fetch
from alignx.cli.induce import induce
from alignx.cli.info import info
from alignx.cli.options import with_options
from alignx.cli.train import train
from alignx.cli.translate import translate
from alignx.errors import AlignxError

__all__ = ["app", "main"]

app = typer.Typer(
    name="alignx",
    help="Align word embeddings of different languages, and build bilingual dictionaries.",
    epilog="Start with: alignx demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
classify = typer.Typer(
    name="classify",
    help="Classify texts of one language with a model from another.",
    epilog=f"Example: alignx {fit.example}",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
for _command in (
    demo, fetch, convert, train, align, apply, translate, induce, evaluate, bench, info
):  # fmt: skip
    _command.add_to(app)
for _command in (fit, predict, transfer):
    _command.add_to(classify)
app.add_typer(classify)


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
            app()
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
