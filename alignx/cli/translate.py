"""Command `alignx translate`: best translations of words and phrases."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

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
from alignx.cli.session import require_terminal, session
from alignx.cli.terminal import JsonTerminal

if TYPE_CHECKING:
    from alignx.alignment.shared_space import SharedSpace
    from alignx.alignment.translation import Translation
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.oov import OOVMode
    from alignx.vectors.spelling import Casing

__all__ = ["translate"]


@command(
    "translate en-es.safetensors en.vec es.vec cat dog",
    settings=("threads", "device"),
    first=("k", "interactive", "reverse", "ranking", "limit"),
)
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
    k: Annotated[int | None, option("Translations of each word.", "-k", default="5", min=1)] = None,
    interactive: Annotated[
        bool, option("Ask for words on the terminal, until Ctrl-D.", "--interactive", "-i")
    ] = False,
    ranking: RankingOption = None,
    oov: OovOption = "drop",
    reverse: Reverse = False,
    n_neighbors: Neighbors = None,
    *,
    terminal: JsonTerminal,
) -> None:
    """Print the best translations of words and phrases, with their probabilities or scores."""
    refuse(
        ranking in ("nn", "isf", "hnn") and n_neighbors is not None,
        "--neighbors",
        f"CSLS uses it, and --ranking {ranking} does not; leave it out",
    )
    if interactive:
        refuse(bool(words or terminal.as_json), "--interactive", "it takes no words and no --json")
        require_terminal()
    given = as_utf8(words) if words else [] if interactive else list(read_input())
    languages = read_languages(terminal, map_file, files)
    shared = shared_space(map_file, languages, reverse=reverse)
    asked = languages[1 if reverse else 0]
    require_at_most(k, len(shared.target), "-k")
    require_at_most(n_neighbors, min(map(len, shared.values())), "--neighbors")
    if ranking in (None, "learned", "csls"):
        n_neighbors = shared.n_neighbors(n_neighbors)  # says once where it is lowered
    options: dict[str, Any] = {"k": k, "ranking": ranking, "n_neighbors": n_neighbors, "oov": oov}
    is_learned = shared.ranker is not None and ranking in (None, "learned")
    if interactive:
        options["k"] = k or min(5, len(shared.target))
        answer = partial(_answer, terminal, shared, asked, options, files.casing, is_learned)
        terminal.note("type a word or phrase; Ctrl-D ends")
        session(f"{asked.language or 'word'}> ", answer)
        return
    entries = as_entries(given, asked, casing=files.casing)
    found = dict(zip(entries, shared.translate(entries, **options), strict=True))
    reasons = _reasons(asked, found, oov)
    for word, best in found.items():
        if not best:
            terminal.note(f"{word}: {reasons[word]}")
        elif best[0].origin == "subwords":
            terminal.note(f"{word}: not in the vocabulary, translated by its characters")
    if any(found.values()):
        names = {"nn": "the cosine", "isf": "inverted softmax", "hnn": "hubless neighbors"}
        terminal.note(
            f"scores: {'probabilities' if is_learned else names.get(ranking or '', 'CSLS')}"
        )
    lines = [
        f"{word}\t{answer.word}\t{answer.score:.4f}\n"
        for word, best in found.items()
        for answer in best
    ]
    facts = {word: [_as_dict(each, is_learned) for each in best] for word, best in found.items()}
    terminal.print(facts, "".join(lines))


def _as_dict(answer: Translation, is_learned: bool) -> dict[str, Any]:
    """Return the fields of an answer, with its probability if there is one."""
    return answer._asdict() | ({"probability": answer.score} if is_learned else {})


def _reasons(
    asked: Embeddings, found: Mapping[str, Sequence[Translation]], oov: OOVMode
) -> dict[str, str]:
    """Return why words have no answer."""
    from alignx.vectors.missing import missing_reasons

    return missing_reasons(asked, [word for word, best in found.items() if not best], oov=oov)


def _answer(
    terminal: JsonTerminal,
    shared: SharedSpace,
    asked: Embeddings,
    options: Mapping[str, Any],
    casing: Casing,
    is_learned: bool,
    line: str,
) -> None:
    """Print the translations of a line of a session, or why there is none and what is near."""
    from alignx.vectors.missing import near_spellings

    for word in as_entries([line], asked, casing=casing):
        best = shared.translate([word], **options)[0]
        for answer in best:
            score = f"{answer.score:6.1%}" if is_learned else f"{answer.score:7.4f}"
            sys.stdout.write(f"{score}  {answer.word}\n")
        if not best:
            (reason,) = _reasons(asked, {word: best}, options["oov"]).values()
            near = [other for other in near_spellings(asked, word) if other != word]
            similar = f"; similar: {', '.join(near)}" if near else ""
            sys.stdout.write(f"{word}: {reason}{similar}\n")
        elif best[0].origin == "subwords":
            terminal.note(f"{word}: not in the vocabulary, translated by its characters")
