"""Arguments and options that several commands have in common."""

from __future__ import annotations

import re
import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alignx.support.config import config_context
from alignx.support.packages import require_packages

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Columns",
    "Device",
    "Json",
    "LabelColumn",
    "Limit",
    "Lowercase",
    "MapFile",
    "Neighborhood",
    "OnError",
    "Oov",
    "OovOption",
    "Quiet",
    "Reverse",
    "Seed",
    "SkipBad",
    "SourceFile",
    "TargetFile",
    "TextColumn",
    "Threads",
    "VectorFiles",
    "Verbose",
    "as_column",
    "as_columns",
    "require_at_most",
    "require_count",
    "with_options",
]


class OnError(StrEnum):
    """What to do with a malformed line."""

    fail = "raise"
    skip = "skip"


class Oov(StrEnum):
    """What to do about words that a vocabulary lacks."""

    drop = "drop"
    subword = "subword"


def _set_threads(context: typer.Context, value: int | None) -> int | None:
    if value is not None:
        context.with_resource(config_context(n_threads=value))
    return value


def _set_device(context: typer.Context, value: str | None) -> str | None:
    if value is not None:
        require_packages({"searching on a device": "torch"})
        context.with_resource(config_context(device=value))
    return value


MapFile = Annotated[
    str,
    typer.Argument(
        metavar="MAP",
        help="Map that `alignx align` wrote, or - if the vectors share a space already.",
    ),
]
SourceFile = Annotated[
    Path, typer.Argument(metavar="SOURCE", help="Vectors: .vec, .txt, .gz, .bin or .safetensors.")
]
TargetFile = Annotated[
    Path, typer.Argument(metavar="TARGET", help="Vectors of the other language.")
]
VectorFiles = Annotated[
    list[Path],
    typer.Argument(
        metavar="VECTORS",
        help="The two languages of the map, in its order; with - any that share a space.",
    ),
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, help="Read only the first N words of each file.")
]
Lowercase = Annotated[
    bool, typer.Option("--lowercase", help="Lower-case words; of equal words the first stays.")
]
SkipBad = Annotated[
    OnError, typer.Option("--on-error", help="Stop at a malformed line, or skip and count it.")
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        help="Number of threads [default: all cores].",
        callback=_set_threads,
        expose_value=False,
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        "--device",
        help="Torch device for searches, such as cuda [default: the processor].",
        callback=_set_device,
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", min=0, help="Of all random numbers: the same seed, the same map.")
]
Neighborhood = Annotated[
    int | None,
    typer.Option("--neighbors", help="Neighbors that CSLS averages over.", show_default="10"),
]
OovOption = Annotated[
    Oov,
    typer.Option(
        "--oov",
        help="Words that a vocabulary lacks: leave them out, or take their characters, which needs "
        "vectors of a fastText model, .bin.",
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="SOURCE,TARGET",
        help="Columns of the dictionary: names in its header, or numbers from 1, such as 2,1.",
    ),
]
TextColumn = Annotated[
    str | None,
    typer.Option(
        "--text-column", help="Name of the column of texts; its number if there is no header."
    ),
]
LabelColumn = Annotated[
    str | None,
    typer.Option(
        "--label-column", help="Name of the column of labels; its number if there is no header."
    ),
]
Reverse = Annotated[bool, typer.Option("--reverse", help="From target to source.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but the answer.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say more, and show where an error arose.")
]


def require_at_most(given: int | None, most: int, option: str) -> None:
    """Refuse a number of neighbors that there are not, naming the option."""
    if given is not None and not 1 <= given <= most:
        raise ValueError(f"{option} must lie in [1, {most:,}], got {given:,}")


def require_count(map_file: str, vectors: Sequence[Path]) -> None:
    """Refuse any but two files of vectors with a map, and less than two without."""
    if len(vectors) < 2 or (map_file != "-" and len(vectors) > 2):
        raise typer.BadParameter(
            f"a map takes two files, and - at least two, got {len(vectors)}",
            param_hint="VECTORS",
        )


def as_column(text: str | None) -> str | int | None:
    """Give the name of a column, or its number."""
    return int(text) if text is not None and text.isdecimal() else text


def as_columns(text: str | None) -> list[int | str] | None:
    """Give the columns that a text names, as `alignx.Lexicon.load` takes them."""
    if text is None:
        return None
    columns: list[int | str] = [
        int(name) if name.isdecimal() else name for name in map(str.strip, text.split(","))
    ]
    if len(columns) < 2 or "" in columns:
        raise typer.BadParameter(
            f"give those of source and target, such as 1,3, got {text!r}", param_hint="--columns"
        )
    return columns


_PARAMETER = re.compile(
    r"(?<![\w(])(columns|label_column|language|limit|on_error|text_column)=(\([^()]*\)|\"[^\"]*\"|[\w.-]+)?"
)


def with_options(message: str) -> str:
    """Say in options of the command line what a message of the library says in parameters.

    Examples
    --------
    >>> with_options('correct it or load with on_error="skip"')
    'correct it or load with --on-error skip'
    >>> with_options("choose columns=(1, 3) or limit=6")
    'choose --columns 1,3 or --limit 6'
    """

    def option(found: re.Match[str]) -> str:
        if found[2] is None:
            return f"--{found[1].replace('_', '-')}"
        value = found[2].strip('"')
        if value.startswith("("):
            value = re.sub(r"""["'() ]""", "", value)
        return f"--{found[1].replace('_', '-')} {shlex.quote(value)}"

    return _PARAMETER.sub(option, message)
