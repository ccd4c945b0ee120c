"""Command `alignx fetch`: public vectors and dictionaries by language code."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from alignx.cli.command import command, option
from alignx.cli.options import refuse
from alignx.cli.terminal import JsonTerminal

if TYPE_CHECKING:
    from alignx.datasets.catalog import PublicFile

__all__ = ["fetch"]


@command(
    "fetch en es en-es",
    settings=(),
    first=("listed", "vectors", "format", "dictionary", "folder"),
)
def fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="Languages for vectors, such as es or Spanish; pairs for dictionaries: en-es.",
            show_default=False,
        ),
    ] = None,
    vectors: Annotated[
        Literal["wiki", "crawl", "aligned"] | None,
        option(
            "fastText vectors: of Wikipedia, of Common Crawl and Wikipedia, or aligned already.",
            default="wiki",
        ),
    ] = None,
    format: Annotated[  # noqa: A002  # the option's name
        Literal["vec", "bin"] | None,
        option("Text, or the model with vectors of out-of-vocabulary words.", default="vec"),
    ] = None,
    dictionary: Annotated[
        Literal["muse", "xling"] | None, option("Collection of dictionaries.", default="muse")
    ] = None,
    part: Annotated[
        Literal["train", "test", "full", "500", "1k", "3k"] | None,
        option(
            "Part of the dictionary. Only MUSE has full; only XLING 500, 1k and 3k.",
            default="train and test",
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        option(
            "Folder of the files.",
            "--folder",
            "-o",
            default="$ALIGNX_CACHE or a cache folder",
            metavar="FOLDER",
        ),
    ] = None,
    listed: Annotated[bool, option("Print what there is, of NAMEs or all.", "--list")] = False,
    *,
    terminal: JsonTerminal,
) -> None:
    """Fetch public vectors and dictionaries, and print the paths of the files.

    Licenses are shown before, and kept beside the files. Interrupted downloads are resumed.
    """
    if listed:
        _print_list(names or (), terminal)
        return
    refuse(not names, "NAME", "give a language such as es, or a pair such as en-es, or --list")

    from alignx.datasets.download import cache_folder, download

    target = cache_folder() if folder is None else folder
    of_vectors: dict[str, str | None] = {"vectors": vectors, "format": format}
    files = _files(names or (), of_vectors, {"dictionary": dictionary, "part": part})
    results = []
    for file in files:
        with terminal.working(f"Fetching {file.name}") as progress:
            path = download(file, target, progress)
        record = path.with_name(f"{path.name}.json")
        facts = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
        results.append({"path": str(path), "kind": file.kind} | facts)
    paths = "".join(f"{result['path']}\n" for result in results)
    terminal.print({"files": results}, paths)


def _files(
    names: Sequence[str], of_vectors: dict[str, str | None], of_pairs: dict[str, str | None]
) -> list[PublicFile]:
    """Find the files of all names before the first is fetched."""
    from alignx.datasets.fetch import public_file
    from alignx.datasets.languages import parse_name

    pairs = [name for name in names if len(parse_name(name)) == 2]
    _refuse_unused(of_vectors, len(pairs) == len(names), "no language")
    _refuse_unused(of_pairs, not pairs, "no pair of languages")
    parts = [of_pairs["part"]] if of_pairs["part"] else ["train", "test"]
    files = []
    for name in names:
        if name in pairs:
            files += [public_file(name, **of_pairs | {"part": part}) for part in parts]
        else:
            files.append(public_file(name, **of_vectors))
    return list(dict.fromkeys(files))


def _refuse_unused(given: dict[str, str | None], is_unused: bool, lack: str) -> None:
    for name, value in given.items():
        problem = f"it has no use here, {lack} is named"
        refuse(value is not None and is_unused, f"--{name}", problem)


def _print_list(names: Sequence[str], terminal: JsonTerminal) -> None:
    """Print the collections, and the languages that they have."""
    from alignx.datasets.catalog import DICTIONARIES, VECTORS
    from alignx.datasets.languages import languages, parse_name

    chosen = [parse_name(name) for name in names] or [(code,) for code in languages()]
    codes = list(dict.fromkeys(code for each in chosen for code in each))
    rows = [
        {
            "code": code,
            "name": languages()[code].name,
            "vectors": languages()[code].vectors,
            **{
                kind: [target for source, target in collection.pairs if source == code]
                for kind, collection in DICTIONARIES.items()
            },
        }
        for code in codes
    ]
    collections = [
        {
            "kind": kind,
            "title": each.title,
            "files": each.names,
            "size": each.sizes,
            "license": each.license.name,
            "license_url": each.license.url,
        }
        for kind, each in (VECTORS | DICTIONARIES).items()
    ]
    lines = [*_collection_lines(collections), *_language_lines(rows, in_full=bool(names))]
    terminal.print({"collections": collections, "languages": rows}, "\n".join(lines) + "\n")


def _collection_lines(collections: Sequence[dict[str, Any]]) -> Iterator[str]:
    for each in collections:
        yield f"{each['kind']:8} {each['title']}"
        yield f"         {each['size']}; {each['license']}"
    yield ""


def _language_lines(rows: Sequence[dict[str, Any]], *, in_full: bool) -> Iterator[str]:
    from alignx.datasets.catalog import DICTIONARIES

    yield f"{'code':13}{'language':22}{'vectors':20}dictionaries to"
    for row in rows:
        partners = {kind: row[kind] for kind in DICTIONARIES if row[kind]}
        counts = ", ".join(f"{len(codes)} of {kind}" for kind, codes in partners.items())
        yield f"{row['code']:13}{row['name']:22}{' '.join(row['vectors']):20}{counts}".rstrip()
        for kind, codes in partners.items() if in_full else ():
            yield from textwrap.wrap(
                f"{kind}: {' '.join(codes)}",
                79,
                initial_indent=" " * 13,
                subsequent_indent=" " * 15,
            )
