"""Command `alignx induce`: bilingual dictionary of two aligned languages."""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from alignx.cli.command import command, option
from alignx.cli.dictionary_options import DictionaryFiles, EntryFilter
from alignx.cli.inputs import as_entries, lazy_space, read_entries, read_languages, shared_space
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
from alignx.cli.search_options import Search
from alignx.cli.terminal import JsonTerminal, Terminal
from alignx.support.counts import counted
from alignx.support.outputs import require_outputs

if TYPE_CHECKING:
    from alignx.alignment.shared_space import SharedSpace
    from alignx.induction.lazy_space import LazySpace
    from alignx.induction.pair_selection import PairSelection
    from alignx.induction.sharded.induce import ShardedInduction
    from alignx.induction.sharded.plan import Sharding
    from alignx.lexicon.lexicon import Lexicon
    from alignx.retrieval.ranked import Ranking
    from alignx.vectors.embeddings import Embeddings

__all__ = ["induce"]


@command(
    "induce en-es.safetensors en.vec es.vec -o en-es.tsv",
    settings=("threads", "device"),
    first=("output", "k", "threshold", "grouped", "ranking"),
)
def induce(
    map_file: MapFile,
    files: LanguagePair,
    output: Annotated[
        Path,
        option(
            "Dictionary: .tsv, .csv, .jsonl, .ifo (StarDict), .dix (Apertium), .ttl (OntoLex), "
            ".tmx, .html, .md, .arrow or .parquet.",
            "--output",
            "-o",
        ),
    ],
    k: Annotated[int, option("Translations of each word.", "-k", min=1)] = 1,
    ranking: RankingOption = None,
    mutual: Annotated[
        bool | None,
        option(
            "Keep only pairs that choose each other, or all.",
            "--mutual/--all",
            default="mutual; all with --phrases",
        ),
    ] = None,
    phrases: Annotated[
        Path | None,
        option("Translate only the words and phrases of this list, one a line.", metavar="LIST"),
    ] = None,
    target_phrases: Annotated[
        Path | None, option("Phrases to search besides the target words.", metavar="LIST")
    ] = None,
    oov: OovOption = "drop",
    reverse: Reverse = False,
    n_neighbors: Neighbors = None,
    *,
    entries: EntryFilter,
    written: DictionaryFiles,
    search: Search,
    terminal: JsonTerminal,
) -> None:
    """Write the bilingual dictionary of two aligned languages."""
    lists = {"--phrases": phrases, "--target-phrases": target_phrases}
    _require_compatible(entries, lists, oov, ranking)
    search.require_compatible(lists, ranking, n_neighbors)

    from alignx.induction.induce import require_probabilities
    from alignx.induction.pair_selection import PairSelection
    from alignx.induction.sharded.plan import is_large
    from alignx.support.memory import parse_size
    from alignx.support.workspace import Workspace

    memory = None if search.memory is None else parse_size(search.memory)
    search.require_packages()
    in_files = search.in_files
    folder = search.checkpoint or Path(f"{output}.shards")
    inputs = {"MAP": None if map_file == "-" else map_file, "SOURCE": files.source}
    working = {"--checkpoint": folder if in_files or folder.is_dir() else None}
    inputs = {**inputs, "TARGET": files.target, **lists, **entries.paths}
    require_outputs(written.paths(output), inputs, working)
    written.require_savable(output)
    listed = [read_entries(terminal, path) if path else [] for path in lists.values()]
    chosen = entries.read_lists(terminal)
    start = time.perf_counter()
    languages = read_languages(terminal, map_file, files)
    sides = languages[::-1] if reverse else languages
    _require_sizes(k, n_neighbors, languages)
    entries.require_ranks(sides)
    if search.index == "auto" and is_large(*map(len, languages)) and not any(lists.values()):
        search.require_sharding(ranking)
        in_files = True
    mutual = phrases is None if mutual is None else mutual
    selection = PairSelection(k, mutual, entries.excluded)
    by = ranking, n_neighbors
    if in_files:
        space = lazy_space(map_file, languages, reverse=reverse)
        written.require_languages(output, space.languages)
        require_probabilities(entries.threshold, space.ranker)
        sharding = search.sharding(folder, memory)
        found = _induce_in_files(terminal, space, selection, sharding, by)
        lexicon, facts = found.lexicon, _facts(found)
    else:
        shared = shared_space(map_file, languages, reverse=reverse)
        written.require_languages(output, (shared.source, shared.target))
        require_probabilities(entries.threshold, shared.ranker)
        asked = [
            as_entries(lines, side, casing=files.casing)
            for lines, side in zip(listed, sides, strict=True)
        ]
        lexicon = _induce_in_memory(terminal, shared, asked, selection, oov, by)
        facts = {"index": "exact", "recall": 1.0}
    lexicon = entries.apply(lexicon, sides, chosen, terminal)
    written.save(lexicon, output, sides, k, terminal)
    if in_files:
        Workspace(folder).remove()
    facts = {"mutual": mutual, "threshold": entries.threshold, **facts}
    _tell(terminal, output, lexicon, facts, time.perf_counter() - start)


def _require_compatible(
    entries: EntryFilter, lists: dict[str, Path | None], oov: str, ranking: Ranking | None
) -> None:
    """Refuse options that exclude each other."""
    refuse(
        oov == "subword" and lists["--phrases"] is None,
        "--oov",
        "subword takes a list of words, --phrases",
    )
    refuse(
        ranking not in (None, "learned") and entries.threshold is not None,
        "--threshold",
        f"probabilities are of the learned ranking, got {ranking}",
    )
    for name, ranks, phrases in (
        ("--ranks", entries.ranks, lists["--phrases"]),
        ("--target-ranks", entries.target_ranks, lists["--target-phrases"]),
    ):
        problem = "phrases have no rank in the vocabulary; give ranks or a list of phrases"
        refuse(ranks is not None and phrases is not None, name, problem)


def _require_sizes(k: int, n_neighbors: int | None, languages: Sequence[Embeddings]) -> None:
    """Refuse numbers beyond the smaller vocabulary."""
    smaller = min(map(len, languages))
    require_at_most(k, smaller, "-k")
    require_at_most(n_neighbors, smaller, "--neighbors")


def _tell(
    terminal: JsonTerminal, output: Path, lexicon: Lexicon, facts: dict[str, Any], seconds: float
) -> None:
    """Print a summary."""
    from alignx.support.memory import peak_resident

    if terminal.as_json:
        facts = {"version": version("alignx"), "pairs": len(lexicon), **facts}
        terminal.print({**facts, "seconds": seconds, "peak_memory": peak_resident()})
    else:
        terminal.note(f"{output}: {counted(len(lexicon), 'pair')} in {seconds:.1f} s")


def _induce_in_memory(
    terminal: Terminal,
    shared: SharedSpace,
    asked: Sequence[list[str]],
    selection: PairSelection,
    oov: Literal["drop", "subword"],
    by: tuple[Ranking | None, int | None],
) -> Lexicon:
    """Induce a dictionary by exact search, of all words or of lists."""
    from alignx.induction.induce import induce_lexicon

    if any(asked):
        shared = shared.extended(*asked, oov=oov)
        for language, entries in zip((shared.source, shared.target), asked, strict=True):
            _note_oov(terminal, language, entries)
    with terminal.working("Searching") as progress:
        return induce_lexicon(
            shared,
            words=asked[0] or None,
            **vars(selection),
            ranking=by[0],
            n_neighbors=by[1],
            progress=progress,
        )


def _note_oov(terminal: Terminal, language: Embeddings, entries: Sequence[str]) -> None:
    """Print the entries of a list without a vector."""
    oov = [entry for entry in entries if language.lookup.row(entry) < 0]
    language.lookup.warn_of_case_variants(entries, "entries of the list")
    if oov:
        more = ", ..." if len(oov) > 5 else ""
        terminal.note(f"{len(oov):,} without a vector: {', '.join(oov[:5])}{more}")


def _induce_in_files(
    terminal: Terminal,
    space: LazySpace,
    selection: PairSelection,
    sharding: Sharding,
    by: tuple[Ranking | None, int | None],
) -> ShardedInduction:
    """Induce a dictionary out of core, and print the choice of the index and its recall."""
    from alignx.induction.sharded.induce import induce_sharded

    with terminal.working("Searching") as bar:

        def log(facts: dict[str, Any]) -> None:
            if facts["stage"] == "index":
                terminal.note(f"index: {facts['kind']} ({facts['reason']})")
            elif facts["stage"] == "recall" and "recall" in facts:
                terminal.note(f"recall: {facts['recall']:.1%} with effort {facts['effort']}")
            elif bar is not None:
                bar.tell(facts["stage"])

        try:
            found = induce_sharded(
                space, selection, sharding, ranking=by[0], n_neighbors=by[1], progress=bar, log=log
            )
        except KeyboardInterrupt:
            folder = sharding.checkpoint
            terminal.note(f"interrupted: finished shards are in {folder}; the same command goes on")
            raise
    if found.recall.sample:
        terminal.note(f"recall of the best translation: {found.recall}")
    return found


def _facts(found: ShardedInduction) -> dict[str, Any]:
    return {
        "index": found.plan.kind,
        "reason": found.plan.reason,
        "recall": found.recall.value,
        "recall_error": found.recall.error,
        "recall_sample": found.recall.sample,
        "steps": found.seconds,
    }
