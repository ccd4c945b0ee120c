"""Out-of-core, resumable lexicon induction."""

from __future__ import annotations

import hashlib
import logging
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alignx.errors import AlignxError, RecallError
from alignx.induction.learned_ranking import rank_all
from alignx.induction.sharded.plan import FAISS_KINDS, make_plan, slower_than_exact
from alignx.induction.sharded.search import SIDES, ShardedSearch, reordered, without_gaps
from alignx.induction.sharded.shards import Engine, build_index, clear_indexes, search_shard
from alignx.induction.sharded.stored_rows import StoredLanguage, store
from alignx.retrieval.clustered import SearchParams
from alignx.retrieval.csls import csls_from_cosine
from alignx.retrieval.neighbors import N_NEIGHBORS, CrossNeighbors, Neighbors, count_or_default
from alignx.retrieval.ranked import require_ranking
from alignx.retrieval.recall import MeasuredRecall, measure_recall
from alignx.support.arrays import zero_rows
from alignx.support.memory import peak_resident
from alignx.support.parallel import run_all
from alignx.support.progress import part_of
from alignx.support.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from alignx.induction.lazy_space import LazySpace
    from alignx.induction.pair_selection import PairSelection
    from alignx.induction.sharded.plan import Plan, Sharding
    from alignx.lexicon.lexicon import Lexicon
    from alignx.retrieval.ranked import Ranking
    from alignx.support.arrays import LazyRows, Matrix
    from alignx.support.progress import Log, Progress

__all__ = ["ShardedInduction", "induce_sharded"]

logger = logging.getLogger("alignx")

RECALL_SAMPLE = 1_000
# Doublings of the effort of the clustered index before it is refused.
MOST_DOUBLINGS = 3
# CSLS lies in [-4, 4]; a missing neighbor gets the least.
_LEAST = np.float32(-4)


@dataclass(frozen=True)
class ShardedInduction:
    """Dictionary of a sharded search, and facts of the search.

    Attributes
    ----------
    lexicon : Lexicon
        The dictionary.
    plan : Plan
        Chosen index and size of shards.
    recall : MeasuredRecall
        Recall of the best translation by CSLS, against exact search.
    effort : SearchParams
        Search parameters of the clustered index that reached the recall.
    seconds : dict of str to float
        Time of each step of this run, without those that an earlier run has finished.
    peak_memory : int
        Peak of resident memory in bytes, pages of mapped files included.
    """

    lexicon: Lexicon
    plan: Plan
    recall: MeasuredRecall
    effort: SearchParams
    seconds: dict[str, float]
    peak_memory: int


def induce_sharded(
    space: LazySpace,
    selection: PairSelection,
    sharding: Sharding,
    *,
    ranking: Ranking | None = None,
    n_neighbors: int | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> ShardedInduction:
    """Build a bilingual dictionary in bounded memory, resuming an interrupted run.

    Parameters
    ----------
    space : LazySpace
        The languages.
    selection : PairSelection
        Rule for the pairs.
    sharding : Sharding
        Options of the search, with a checkpoint folder.
    ranking : {"learned", "csls"}, optional
        Default: learned where the map has such a ranking, otherwise CSLS.
    n_neighbors : int, optional
        Neighbors in the CSLS average; 10 unless given.
    progress : callable, optional
        Called with the fraction done.
    log : callable, optional
        Called with the choices and measurements of each stage.

    Raises
    ------
    ValueError
        If an argument is out of range.
    FormatError
        If the folder is of a run with other settings.
    RecallError
        If an approximate index cannot reach the recall.
    AlignxError
        If the memory cannot suffice, a file cannot be written, or the cluster is not there.
    """
    if sharding.checkpoint is None:
        raise ValueError("sharding must name a checkpoint folder")
    rows, languages = space.rows(), space.languages
    n, m = map(len, rows)
    if not min(n, m):
        raise AlignxError("each language must have words with a vector, got one without any")
    selection.require_size(min(n, m))
    n_neighbors = count_or_default(n_neighbors, N_NEIGHBORS, min(n, m), "n_neighbors", "words")
    ranking = require_ranking(ranking, n_neighbors, has_ranker=space.ranker is not None)
    ranker = space.ranker if ranking == "learned" else None
    k = min(max(selection.k, 0 if ranker is None else ranker.n_candidates), n, m)
    plan = make_plan(n, m, rows[0].dimension, sharding, n_neighbors)
    slower = slower_than_exact(plan.kind, *map(len, languages))
    if slower is not None:
        logger.warning("%s", slower)
    tell = log or (lambda _: None)
    tell({"stage": "index", **asdict(plan)})
    settings = {
        "version": version("alignx"),
        "vectors": [each.checksum for each in languages],
        "mapped": [_fingerprint(each) for each in rows],
        "index": plan.kind,
        "k": k,
        "n_neighbors": n_neighbors,
        "shard_rows": plan.shard_rows,
        "random_state": sharding.random_state,
    }
    if sharding.cluster is not None:
        run_all(search_shard, [], cluster=sharding.cluster)  # raises now if it is not there
    # Workers may be started in another directory.
    work = Workspace.open(Path(sharding.checkpoint), settings).absolute()
    engine = Engine(plan.kind, sharding.recall, plan.shard_rows, sharding.random_state)
    run = _Run(work, engine, sharding.cluster, n_neighbors, k, tell, SearchParams())
    try:
        run.store(rows, part_of(progress, 0, 0.3))
        found, measured = run.search(part_of(progress, 0.3, 0.65))
    finally:
        clear_indexes()
    with run.timed("dictionary"):
        words = space.words(rows)
        found, biases = run.in_vocabulary_order(found)
        probability = None
        if ranker is not None:
            found, probability = rank_all(ranker, found, biases, words, selection.k)
        allowed = run.allowed(words, selection)
        codes = languages[0].language, languages[1].language
        lexicon = selection.lexicon(found, words, allowed, probability=probability, languages=codes)
    if not sharding.keep_checkpoint:
        work.remove()
    if progress is not None:
        progress(1.0)
    return ShardedInduction(lexicon, plan, measured, run.effort, run.seconds, peak_resident())


def _fingerprint(rows: LazyRows) -> str:
    """Hash the first mapped rows, which tell one map from another."""
    return hashlib.sha256(next(rows.blocks()).tobytes()).hexdigest()


@dataclass
class _Run:
    """Steps of one induction."""

    work: Workspace
    engine: Engine
    cluster: str | None
    n_neighbors: int
    k: int
    tell: Log
    effort: SearchParams
    seconds: dict[str, float] = field(default_factory=dict)
    biases: tuple[Matrix, Matrix] = field(init=False)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Measure the time of a step."""
        start = time.perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - start
        self.tell({"stage": step, "seconds": self.seconds[step]})

    def language(self, name: str) -> StoredLanguage:
        """Open one of the two languages."""
        return StoredLanguage(str(self.work.folder), name)

    def store(self, rows: Sequence[LazyRows], progress: Progress | None) -> None:
        """Write mapped rows."""
        with self.timed("rows"):
            for number, (name, each) in enumerate(zip(SIDES, rows, strict=True)):
                store(
                    self.work,
                    name,
                    each,
                    clustered=self.engine.kind == "clustered",
                    seed=self.engine.seed + number,
                    progress=part_of(progress, number / 2, 0.5),
                )

    def search(self, progress: Progress | None) -> tuple[CrossNeighbors, MeasuredRecall]:
        """Find neighbors by CSLS, with more effort until the recall is reached."""
        for attempt in range(MOST_DOUBLINGS + 1):
            # The recall by CSLS is below that of the nearest neighbor.
            target = 1 - (1 - self.engine.recall) / 2 ** (attempt + 1)
            label = {"exact": "exact", "clustered": str(self.effort.clusters)}.get(
                self.engine.kind, f"{target:g}"
            )
            searching = ShardedSearch(self.work, self.engine, self.effort, label, self.cluster)
            with self.timed("cosine"):
                self._build_indexes(target, None, part_of(progress, 0, 0.1))
                cosine = searching.neighbors(
                    self.n_neighbors, biased=False, progress=part_of(progress, 0.1, 0.4)
                )
            biases = self.biases = without_gaps(cosine).biases(self.n_neighbors)
            with self.timed("csls"):
                self._build_indexes(target, biases, part_of(progress, 0.5, 0.1))
                found = self._csls(searching, cosine, biases, part_of(progress, 0.6, 0.3))
            if self.engine.kind == "exact":
                return found, MeasuredRecall(1.0, 0.0, 0)
            with self.timed("recall"):
                measured = self._measure(label, found, biases[1])
            self.tell({"stage": "recall", "recall": measured.value, "effort": label})
            if measured.value >= self.engine.recall:
                return found, measured
            self.effort = self.effort.doubled()
        raise RecallError(
            self.engine.kind, measured.value, self.engine.recall, {"effort": float(label)}
        )

    def _csls(
        self,
        searching: ShardedSearch,
        cosine: CrossNeighbors,
        biases: tuple[Matrix, Matrix],
        progress: Progress | None,
    ) -> CrossNeighbors:
        rows = [self.language(name).rows for name in SIDES]
        k = self.k
        if self.engine.kind == "exact":
            return csls_from_cosine(
                rows[0],
                rows[1],
                cosine,
                k,
                n_neighbors=self.n_neighbors,
                progress=progress,
            )
        searching.write_biases(*biases)
        found = searching.neighbors(k, biased=True, progress=progress)
        return CrossNeighbors(
            *(
                Neighbors(
                    each.indices,
                    np.where(each.indices < 0, _LEAST, 2 * (each.scores - bias[:, None])),
                )
                for each, bias in zip((found.of_source, found.of_target), biases, strict=True)
            )
        )

    def _build_indexes(
        self, target: float, biases: tuple[Matrix, Matrix] | None, progress: Progress | None
    ) -> None:
        if self.engine.kind not in FAISS_KINDS:
            return
        for number, (keys, queries) in enumerate((SIDES, SIDES[::-1])):
            bias = None if biases is None else biases[number]
            build_index(
                self.work,
                self.engine,
                keys,
                queries,
                target=target,
                bias=bias,
                progress=part_of(progress, number / 2, 0.5),
            )

    def _measure(self, label: str, found: CrossNeighbors, target_bias: Matrix) -> MeasuredRecall:
        name = f"recall.{label}.json"
        known = self.work.read_json(name)
        if known is not None:
            return MeasuredRecall(*known)
        measured = measure_recall(
            found.of_source,
            self.language("source").rows,
            self.language("target").rows,
            target_bias,
            n_neighbors=self.n_neighbors,
            sample=RECALL_SAMPLE,
            random_state=self.engine.seed,
        )
        self.work.write_json(name, measured)
        return measured

    def allowed(
        self, words: tuple[Sequence[str], Sequence[str]], selection: PairSelection
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Tell which words may be in the dictionary."""
        source, target = (
            selection.allowed(own) & self._has_vectors(name)
            for name, own in zip(SIDES, words, strict=True)
        )
        return source, target

    def in_vocabulary_order(
        self, found: CrossNeighbors
    ) -> tuple[CrossNeighbors, tuple[Matrix, Matrix]]:
        """Turn stored rows into rows of the vocabularies, and return the biases of these."""
        source, target = (self.language(name).order for name in SIDES)
        if source is None or target is None:
            return found, self.biases
        biases = np.empty_like(self.biases[0]), np.empty_like(self.biases[1])
        for bias, stored, order in zip(biases, self.biases, (source, target), strict=True):
            bias[order] = stored
        return CrossNeighbors(
            reordered(found.of_source, source, target),
            reordered(found.of_target, target, source),
        ), biases

    def _has_vectors(self, name: str) -> NDArray[np.bool_]:
        """Tell which words of a vocabulary have a vector that is not zero."""
        stored = self.language(name)
        present = ~zero_rows(stored.rows)
        if stored.order is None:
            return present
        result = np.empty_like(present)
        result[stored.order] = present
        return result
