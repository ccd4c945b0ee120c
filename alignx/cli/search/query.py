"""Command `alignx search`: documents for queries."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from alignx.cli.command import command, option
from alignx.cli.inputs import as_utf8, read_input
from alignx.cli.options import refuse
from alignx.cli.search.inputs import IndexArgument
from alignx.cli.terminal import JsonTerminal

__all__ = ["query"]

_SHOWN = 200  # characters of a document on the terminal


@command('search index/ "nuclear energy" --language en', first=("language", "k", "ranking"))
def query(
    folder: IndexArgument,
    queries: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="QUERY",
            help="Queries, in quotes. By default read from standard input, one a line.",
        ),
    ] = None,
    *,
    language: Annotated[str, option("Language of the queries.", metavar="CODE")],
    k: Annotated[int, option("Documents of each query.", "-k", min=1)] = 10,
    ranking: Annotated[
        Literal["fused", "dense", "lexical"],
        option("Rank by vectors (dense), by translated terms (lexical), or by both."),
    ] = "fused",
    check: Annotated[bool, option("First compare all files with their checksums.")] = False,
    terminal: JsonTerminal,
) -> None:
    """Find documents by queries in any language of an index.

    A line holds the query, the row of the document, counted from 1 in the order of the lines that
    were given, its score, its language and the beginning of its text.
    """
    from alignx.search.index import CrossLingualIndex

    index = CrossLingualIndex.open(folder, check=check)
    known = ", ".join(index.space)
    refuse(language not in index.space, "--language", f"it must be of {known}, got {language!r}")
    asked = as_utf8(queries) if queries else list(read_input())
    found = index.search(asked, k, language=language, ranking=ranking)
    lines, facts = [], []
    for text, hits in zip(asked, found, strict=True):
        if not hits:
            terminal.note(f"{text[:_SHOWN]}: no document found")
        for hit in hits:
            fields = (text[:_SHOWN], hit.row + 1, f"{hit.score:.4f}", hit.language)
            shown = " ".join(hit.text.split())[:_SHOWN]
            lines.append("\t".join(map(str, (*fields, shown))) + "\n")
        rows = [hit._asdict() | {"row": hit.row + 1} for hit in hits]
        facts.append({"query": text, "hits": rows})
    terminal.print({"results": facts}, "".join(lines))
