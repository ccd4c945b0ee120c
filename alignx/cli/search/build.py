"""Commands `alignx search build` and `add`: documents of an index."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from alignx.cli.command import command, option
from alignx.cli.inputs import read_languages, shared_space
from alignx.cli.options import LanguageFiles, MapFile, refuse
from alignx.cli.search.inputs import IndexArgument, Texts, note_index, read_documents
from alignx.cli.terminal import JsonTerminal

__all__ = ["add", "build"]


@command(
    "search build en-es.safetensors en.vec es.vec -t es=documents.txt -o index/",
    first=("texts", "output", "limit"),
)
def build(
    map_file: MapFile,
    files: LanguageFiles,
    texts: Texts,
    output: Annotated[Path, option("Folder of the index.", "--output", "-o", metavar="INDEX")],
    *,
    terminal: JsonTerminal,
) -> None:
    """Index documents in languages of a space, for queries in any of them."""
    files.require_count(map_file)
    documents = read_documents(terminal, texts)
    space = shared_space(map_file, read_languages(terminal, map_file, files))
    for code in documents:
        known = ", ".join(space)
        refuse(code not in space, "--texts", f"languages must be of {known}, got {code!r}")

    from alignx.search.index import CrossLingualIndex

    with terminal.working("Indexing") as progress:
        index = CrossLingualIndex.build(space, documents, progress=progress)
        index.save(output)
    note_index(terminal, output, index, index.given - len(index))
    facts = {"version": version("alignx"), "documents": len(index), "given": index.given}
    terminal.print({**facts, "languages": index.sizes})


@command("search add index/ -t es=more.txt", first=("texts",))
def add(folder: IndexArgument, texts: Texts, *, terminal: JsonTerminal) -> None:
    """Add documents to an index; those that are there already are left out."""
    from alignx.search.index import CrossLingualIndex, add_documents

    before = CrossLingualIndex.open(folder)
    documents = read_documents(terminal, texts)
    for code in documents:
        known = ", ".join(before.space)
        refuse(code not in before.space, "--texts", f"languages must be of {known}, got {code!r}")
    with terminal.working("Indexing") as progress:
        index = add_documents(folder, documents, progress=progress)
    left_out = (index.given - before.given) - (len(index) - len(before))
    note_index(terminal, folder, index, left_out)
    facts = {"version": version("alignx"), "documents": len(index), "given": index.given}
    terminal.print({**facts, "languages": index.sizes})
