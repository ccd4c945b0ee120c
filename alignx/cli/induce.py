"""Command `alignx induce`: bilingual dictionary of two aligned languages."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from alignx.cli.command import command, option
from alignx.cli.inputs import as_entries, read_entries, read_languages, shared_space
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
from alignx.cli.terminal import JsonTerminal, Terminal
from alignx.support.config import get_config
from alignx.support.outputs import require_outputs, require_suffix
from alignx.support.packages import require_packages

if TYPE_CHECKING:
    from alignx.alignment.shared_space import SharedSpace
    from alignx.induction.lazy_space import LazySpace
    from alignx.induction.pair_selection import PairSelection
    from alignx.induction.sharded.induce import ShardedInduction
    from alignx.induction.sharded.plan import Sharding
    from alignx.lexicon.lexicon import Lexicon
    from alignx.retrieval.ranked import Ranking
    from alignx.vectors.embeddings import Embeddings

__all__ = ["Search", "induce"]

BY_BIAS = ("nn", "isf", "hnn")
IN_MEMORY = "it takes --index exact, without --memory, --checkpoint and --cluster"


@dataclass(frozen=True)
class Search:
    """Options of the search."""

    PANEL: ClassVar[str] = "Large vocabularies"
    index: Annotated[
        Literal["auto", "exact", "clustered", "ivf", "hnsw", "ivfpq"],
        option("Search index; auto chooses by the size of the vocabularies."),
    ] = "auto"
    recall: Annotated[
        float | None,
        option(
            "Share of the best translations that an approximate index must find.",
            default="0.99",
            metavar="SHARE",
            min=0,
            max=1,
        ),
    ] = None
    memory: Annotated[str | None, option("Limit of memory, such as 8GB.", metavar="SIZE")] = None
    checkpoint: Annotated[
        Path | None,
        option(
            "Folder of finished shards, to resume from after an interrupt.",
            default="OUTPUT.shards, for large vocabularies",
            metavar="FOLDER",
        ),
    ] = None
    cluster: Annotated[
        str | None, option("Search on a Dask cluster, such as tcp://HOST:8786.", metavar="ADDRESS")
    ] = None
    seed: Annotated[int, option("Random seed of approximate indexes.", min=0)] = 0

    @property
    def in_files(self) -> bool:
        """Whether the options ask for a search out of core."""
        given = (self.memory, self.checkpoint, self.cluster)
        return self.index not in ("auto", "exact") or any(value is not None for value in given)

    def sharding(self, folder: Path, memory: int | None) -> Sharding:
        """Return the options as `alignx.induce_lexicon` takes them."""
        from alignx.induction.sharded.plan import Sharding

        return Sharding(
            index=self.index,
            recall=0.99 if self.recall is None else self.recall,
            memory=memory,
            checkpoint=folder,
            keep_checkpoint=True,
            cluster=self.cluster,
            random_state=self.seed,
        )

    def require_packages(self) -> None:
        """Refuse a search whose packages are not installed."""
        needs = {}
        if self.index in ("ivf", "hnsw", "ivfpq"):
            needs["--index ivf, hnsw or ivfpq"] = "faiss"
        if self.cluster is not None:
            needs["--cluster"] = "distributed"
        require_packages(needs)


@command("induce en-es.safetensors en.vec es.vec -o en-es.tsv", settings=("threads", "device"))
def induce(
    map_file: MapFile,
    files: LanguagePair,
    output: Annotated[Path, option("Dictionary: .tsv or .txt, or .jsonl.", "--output", "-o")],
    k: Annotated[int, option("Translations of each word.", "-k")] = 1,
    ranking: RankingOption = None,
    mutual: Annotated[
        bool | None,
        option(
            "Keep only pairs that choose each other, or all.",
            "--mutual/--all",
            default="mutual; all with --phrases",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        option("Keep pairs with an estimated probability of at least this.", metavar="P"),
    ] = None,
    numbers: Annotated[bool, option("Keep numbers.")] = False,
    punctuation: Annotated[bool, option("Keep punctuation.")] = False,
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
    search: Search,
    terminal: JsonTerminal,
) -> None:
    """Write the bilingual dictionary of two aligned languages."""
    lists = {"--phrases": phrases, "--target-phrases": target_phrases}
    _require_compatible(search, lists, oov, ranking, n_neighbors, threshold)

    from alignx.alignment.alignment import Alignment
    from alignx.induction.induce import require_probabilities
    from alignx.induction.lazy_space import LazySpace
    from alignx.induction.pair_selection import SYMBOLS, PairSelection
    from alignx.induction.sharded.plan import is_large
    from alignx.induction.sharded.workspace import Workspace
    from alignx.support.memory import parse_size, peak_resident

    memory = None if search.memory is None else parse_size(search.memory)
    search.require_packages()
    in_files = search.in_files
    folder = search.checkpoint or output.with_name(f"{output.name}.shards")
    inputs = {"MAP": None if map_file == "-" else map_file, "SOURCE": files.source}
    working = {"--checkpoint": folder if in_files or folder.is_dir() else None}
    require_outputs({"--output": output}, {**inputs, "TARGET": files.target, **lists}, working)
    require_suffix(output, "a dictionary")
    listed = [read_entries(terminal, path) if path else [] for path in lists.values()]
    start = time.perf_counter()
    languages = read_languages(terminal, map_file, files)
    smaller = min(map(len, languages))
    require_at_most(k, smaller, "-k")
    require_at_most(n_neighbors, smaller, "--neighbors")
    if search.index == "auto" and is_large(*map(len, languages)) and not any(lists.values()):
        _require_sharding(ranking)
        in_files = True
    mutual = phrases is None if mutual is None else mutual
    kept = {"numbers": numbers, "punctuation": punctuation}
    selection = PairSelection(k, mutual, tuple(kind for kind in SYMBOLS if not kept[kind]))
    if in_files:
        alignment = None if map_file == "-" else Alignment.load(map_file)
        space = LazySpace(languages[0], languages[1], alignment)
        space = space.reversed() if reverse else space
        require_probabilities(threshold, space.ranker)
        sharding = search.sharding(folder, memory)
        found = _induce_in_files(terminal, space, selection, sharding, (ranking, n_neighbors))
        lexicon, facts = found.lexicon, _facts(found)
    else:
        shared = shared_space(map_file, languages, reverse=reverse)
        require_probabilities(threshold, shared.ranker)
        sides = languages[::-1] if reverse else languages
        asked = [
            as_entries(lines, side, lowercase=files.lowercase)
            for lines, side in zip(listed, sides, strict=True)
        ]
        lexicon = _induce_in_memory(terminal, shared, asked, selection, oov, (ranking, n_neighbors))
        facts = {"index": "exact", "recall": 1.0}
    lexicon = lexicon if threshold is None else lexicon.at_least(threshold)
    lexicon.save(output)
    if in_files:
        Workspace(folder).remove()
    seconds = time.perf_counter() - start
    if terminal.as_json:
        counts = {"version": version("alignx"), "pairs": len(lexicon), "mutual": mutual}
        facts = {"threshold": threshold, **facts}
        terminal.print({**counts, **facts, "seconds": seconds, "peak_memory": peak_resident()})
    else:
        terminal.note(f"{output}: {len(lexicon):,} pairs in {seconds:.1f} s")


def _require_compatible(
    search: Search,
    lists: dict[str, Path | None],
    oov: str,
    ranking: Ranking | None,
    n_neighbors: int | None,
    threshold: float | None,
) -> None:
    """Refuse options that exclude each other."""
    refuse(
        oov == "subword" and lists["--phrases"] is None,
        "--oov",
        "subword takes a list of words, --phrases",
    )
    refuse(
        search.recall is not None and search.index == "exact",
        "--recall",
        "approximate indexes take it, and --index exact finds all; leave it out",
    )
    in_memory_only = {**lists, "--device": get_config().device}
    for name, value in in_memory_only.items():
        refuse(search.in_files and value is not None, name, IN_MEMORY)
    if ranking in BY_BIAS:
        refuse(search.in_files, "--ranking", f"for {ranking}, {IN_MEMORY}")
        refuse(n_neighbors is not None, "--neighbors", f"CSLS uses it, and {ranking} does not")
    refuse(
        ranking not in (None, "learned") and threshold is not None,
        "--threshold",
        f"probabilities are of the learned ranking, got {ranking}",
    )


def _require_sharding(ranking: Ranking | None) -> None:
    """Refuse options that a search shard by shard, which large vocabularies take, has not."""
    refuse(get_config().device is not None, "--device", IN_MEMORY)
    refuse(
        ranking in BY_BIAS,
        "--ranking",
        f"large vocabularies take learned or csls, got {ranking}",
    )


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
