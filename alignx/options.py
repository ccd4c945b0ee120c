"""Arguments and options that several commands have in common."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Device",
    "Json",
    "Limit",
    "Lowercase",
    "MapFile",
    "Neighborhood",
    "OnError",
    "Oov",
    "OovOption",
    "OptionalNeighborhood",
    "Quiet",
    "Reverse",
    "Seed",
    "SkipBad",
    "SourceFile",
    "TargetFile",
    "Threads",
    "VectorFiles",
    "Verbose",
    "require_count",
]


class OnError(StrEnum):
    """What to do with a malformed line."""

    fail = "raise"
    skip = "skip"


class Oov(StrEnum):
    """What to do about words that a vocabulary lacks."""

    drop = "drop"
    subword = "subword"


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
    int | None, typer.Option("--threads", min=1, help="Default: what OpenMP decides.")
]
Device = Annotated[
    str | None,
    typer.Option(
        "--device", help="Search on a device of torch, such as cuda. Default: the processor."
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", min=0, help="Of all random numbers: the same seed, the same map.")
]
Neighborhood = Annotated[
    int, typer.Option("--neighborhood", help="Neighbors that CSLS averages over.")
]
OptionalNeighborhood = Annotated[
    int | None,
    typer.Option("--neighborhood", help="Neighbors that CSLS averages over.", show_default="10"),
]
OovOption = Annotated[
    Oov,
    typer.Option(
        "--oov",
        help="Words that a vocabulary lacks: leave them out, or take their characters, which needs "
        "vectors of a fastText model, .bin.",
    ),
]
Reverse = Annotated[bool, typer.Option("--reverse", help="From target to source.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but the answer.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say more, and show where an error arose.")
]


def require_count(map_file: str, vectors: Sequence[Path]) -> None:
    """Refuse any but two files of vectors with a map, and less than two without."""
    if len(vectors) < 2 or (map_file != "-" and len(vectors) > 2):
        raise typer.BadParameter(
            f"a map takes two files, and - at least two, got {len(vectors)}",
            param_hint="VECTORS",
        )
