"""Command `alignx translate`: best translations of words and phrases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from alignx.cli.command import command, option
from alignx.cli.inputs import as_entries, as_utf8, read_input, read_languages, shared_space
from alignx.cli.options import (
    LanguagePair,
    MapFile,
    Neighbors,
    OovOption,
    RankingOption,
    Reverse,
    refuse,
    require_at_most,
)
from alignx.cli.terminal import JsonTerminal

if TYPE_CHECKING:
    from alignx.vectors.embeddings import Embeddings

__all__ = ["translate"]


@command("translate en-es.safetensors en.vec es.vec cat dog", settings=("threads", "device"))
def translate(
    map_file: MapFile,
    files: LanguagePair,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WORD",
            help="Words, or phrases in quotes. By default read from standard input, one a line.",
        ),
    ] = None,
    k: Annotated[int | None, option("Translations of each word.", "-k", default="5")] = None,
    ranking: RankingOption = None,
    oov: OovOption = "drop",
    reverse: Reverse = False,
    n_neighbors: Neighbors = None,
    *,
    terminal: JsonTerminal,
) -> None:
    """Print the best translations of words and phrases, with their scores."""
    refuse(
        ranking in ("nn", "isf", "hnn") and n_neighbors is not None,
        "--neighbors",
        f"CSLS uses it, and --ranking {ranking} does not; leave it out",
    )
    given = as_utf8(words) if words else list(read_input())
    languages = read_languages(terminal, map_file, files)
    shared = shared_space(map_file, languages, reverse=reverse)
    asked = languages[1 if reverse else 0]
    require_at_most(k, len(shared.target), "-k")
    require_at_most(n_neighbors, min(map(len, shared.values())), "--neighbors")
    entries = as_entries(given, asked, casing=files.casing)
    found = shared.translate(
        entries,
        k,
        ranking=ranking,
        n_neighbors=n_neighbors,
        oov=oov,
    )
    answers = dict(zip(entries, found, strict=True))
    for word, best in answers.items():
        if not best:
            terminal.note(f"{word}: {_reason_unanswered(word, asked)}")
        elif best[0].origin == "subwords":
            terminal.note(f"{word}: not in the vocabulary, translated by its characters")
    lines = [
        f"{word}\t{answer.word}\t{answer.score:.4f}\n"
        for word, best in answers.items()
        for answer in best
    ]
    facts = {word: [each._asdict() for each in best] for word, best in answers.items()}
    terminal.print(facts, "".join(lines))


def _reason_unanswered(word: str, language: Embeddings) -> str:
    """Return why a word or phrase has no vector."""
    from alignx.vectors.lookup import Lookup

    if Lookup(language.index, language.language).row(word) >= 0:
        return "in the vocabulary, but without a vector: it is zero"
    other = language.lookup.case_variant(word)
    if other is None:
        return "not in the vocabulary"
    return f"not in the vocabulary, which has {other}; --casing lower finds it"
