"""The dictionary of two large vocabularies, step by step, each step kept when it is finished."""

from __future__ import annotations

import hashlib
import logging
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from itertools import compress
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from alignx.errors import AlignxError, RecallError
from alignx.induction.induce import check_options, lexicon_of, wanted_by_form
from alignx.induction.sharded.plan import make_plan, slower_than_exact
from alignx.induction.sharded.search import (
    FAISS_KINDS,
    SIDES,
    Engine,
    Searching,
    build_index,
    forget_indexes,
    search_shard,
)
from alignx.induction.sharded.stored_rows import StoredLanguage, store
from alignx.induction.sharded.workspace import Workspace
from alignx.retrieval.clustered import SearchParams
from alignx.retrieval.csls import csls_from_cosine
from alignx.retrieval.neighbors import N_NEIGHBORS, CrossNeighbors, Neighbors, count_or_default
from alignx.retrieval.recall import MeasuredRecall, measure_recall
from alignx.support.arrays import LazyRows, row_blocks, unit_rows, zero_rows
from alignx.support.memory import peak_resident
from alignx.support.parallel import run_all
from alignx.support.progress import part_of
from alignx.vectors.compatibility import require_one_space, warn_of_strangers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from alignx.alignment.alignment import Alignment
    from alignx.induction.sharded.plan import IndexChoice
    from alignx.lexicon.lexicon import Lexicon
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Log, Progress
    from alignx.vectors.embeddings import Embeddings

Side: TypeAlias = Literal["source", "target"]

__all__ = ["LargeInduction", "induce_large_lexicon"]

logger = logging.getLogger("alignx")

RECALL_SAMPLE = 1_000
# Doublings of the effort of the clustered index before it is refused.
MOST_DOUBLINGS = 3
# CSLS lies in [-4, 4]; a neighbor that is missing has the least.
_LEAST = np.float32(-4)


@dataclass(frozen=True)
class LargeInduction:
    """A dictionary and how it was found.

    Attributes
    ----------
    lexicon : Lexicon
        As of `alignx.induce_lexicon`.
    index : str
        Which index searched.
    reason : str
        Why that one.
    recall : MeasuredRecall
        Of the best translation by CSLS, against exact search.
    effort : SearchParams
        Of the clustered index, as it reached the recall.
    seconds : dict of str to float
        What each step took in this run; steps of an earlier run are missing.
    peak_memory : int
        Bytes that were resident at most, pages of mapped files included.
    """

    lexicon: Lexicon
    index: str
    reason: str
    recall: MeasuredRecall
    effort: SearchParams
    seconds: dict[str, float]
    peak_memory: int


def induce_large_lexicon(
    alignment: Alignment | None,
    source: Embeddings,
    target: Embeddings,
    folder: Path,
    *,
    index: IndexChoice = "auto",
    recall: float = 0.99,
    memory: int | None = None,
    reverse: bool = False,
    n_best: int = 1,
    mutual: bool = True,
    threshold: float | None = None,
    numbers: bool = False,
    punctuation: bool = False,
    n_neighbors: int | None = None,
    seed: int = 0,
    cluster: str | None = None,
    keep: bool = False,
    progress: Progress | None = None,
    log: Log | None = None,
) -> LargeInduction:
    """Build a bilingual dictionary with bounded memory, going on where an interrupted run ended.

    Parameters
    ----------
    alignment : Alignment or None
        The map; None if the vectors share a space already.
    source, target : Embeddings
        Memory-mapped where they come from a float32 cache.
    folder : Path
        Keeps what is finished; deleted in the end.
    index : {"auto", "exact", "clustered", "ivf", "hnsw", "ivfpq"}
        What searches. The exact kernel compares all words; ``"clustered"`` compares each only
        with the clusters of words near to it; the others are indexes of FAISS.
    recall : float
        Least share of best translations by CSLS that an approximate index must find, in (0, 1].
    memory : int, optional
        Bytes of resident memory that must suffice.
    reverse : bool
        From target to source.
    n_best, mutual, threshold, numbers, punctuation, n_neighbors
        As of `alignx.induce_lexicon`.
    seed : int
        Of clusters and samples: the same seed, the same dictionary with any number of threads;
        but ``"hnsw"`` needs ``n_threads=1`` for that.
    cluster : str, optional
        Address of a Dask scheduler; its workers must see the folder.
    keep : bool
        Whether to leave the folder.
    progress : callable, optional
        Called now and then with the fraction done.
    log : callable, optional
        Called with what is chosen and measured.

    Returns
    -------
    LargeInduction

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

    Notes
    -----
    The folder takes about three times the size of the vectors.

    Less memory makes shards smaller. Exact search finds the same with shards of any size; search of
    clusters finds very few neighbors more with smaller ones, as each keeps as many estimates.
    """
    names: tuple[Side, Side] = ("target", "source") if reverse else ("source", "target")
    languages = (target, source) if reverse else (source, target)
    calibration = None if alignment is None or reverse else alignment.calibration
    if alignment is None:
        require_one_space({"source": source, "target": target})
        if source.dimension == target.dimension:
            warn_of_strangers(source, target)
    rows = [_rows(alignment, each, name) for each, name in zip(languages, names, strict=True)]
    smaller = min(map(len, rows))
    if not smaller:
        raise AlignxError("each language must have words with a vector, got one without any")
    check_options(threshold=threshold, calibration=calibration, n_best=n_best, smaller=smaller)
    n_neighbors = count_or_default(n_neighbors, N_NEIGHBORS, smaller, "n_neighbors", "words")
    plan = make_plan(
        len(rows[0]),
        len(rows[1]),
        rows[0].dimension,
        index=index,
        recall=recall,
        k=n_neighbors,
        memory=memory,
    )
    slower = slower_than_exact(plan.kind, len(languages[0]), len(languages[1]))
    if slower is not None:
        logger.warning("%s", slower)
    tell = log or (lambda _: None)
    tell({"stage": "index", **asdict(plan)})
    settings = {
        "version": version("alignx"),
        "vectors": [each.checksum for each in languages],
        "mapped": [_fingerprint(each) for each in rows],
        "index": plan.kind,
        "n_best": n_best,
        "n_neighbors": n_neighbors,
        "shard_rows": plan.shard_rows,
        "seed": seed,
    }
    if cluster is not None:
        run_all(search_shard, [], cluster=cluster)  # to hear now whether it is there
    # Workers may be started in another directory.
    work = Workspace.open(folder, settings).absolute()
    engine = Engine(plan.kind, recall, plan.shard_rows, seed)
    run = _Run(work, engine, cluster, n_neighbors, n_best, tell, SearchParams())
    try:
        run.store(rows, part_of(progress, 0, 0.3))
        found, measured = run.search(part_of(progress, 0.3, 0.65))
    finally:
        forget_indexes()
    with run.timed("dictionary"):
        words = (_words(languages[0], rows[0]), _words(languages[1], rows[1]))
        lexicon = lexicon_of(
            run.in_order_of_vocabularies(found),
            words,
            tuple(  # type: ignore[arg-type]  # two of them
                wanted_by_form(each, numbers=numbers, punctuation=punctuation)
                & run.has_vectors(name)
                for each, name in zip(words, SIDES, strict=True)
            ),
            n_best=n_best,
            mutual=mutual,
            threshold=threshold,
            calibration=calibration,
        )
    if not keep:
        work.remove()
    if progress is not None:
        progress(1.0)
    return LargeInduction(
        lexicon, plan.kind, plan.reason, measured, run.effort, run.seconds, peak_resident()
    )


def _rows(alignment: Alignment | None, language: Embeddings, side: Side) -> LazyRows:
    """Give the unit rows of the words that have a vector."""
    if alignment is None:
        rows = LazyRows(language.vectors, language.dimension, unit_rows)
    else:
        rows = alignment.stream(language, side)
    if not language.zero_rows:
        return rows
    kept = np.concatenate([~zero_rows(block) for block in row_blocks(language.vectors)])
    return replace(rows, kept=kept)


def _words(language: Embeddings, rows: LazyRows) -> Sequence[str]:
    if rows.kept is None:
        return language.words
    return tuple(compress(language.words, rows.kept.tolist()))


def _fingerprint(rows: LazyRows) -> str:
    """Tell one map from another by what it makes of the first words."""
    return hashlib.sha256(next(rows.blocks()).tobytes()).hexdigest()


@dataclass
class _Run:
    """The steps of one induction."""

    work: Workspace
    engine: Engine
    cluster: str | None
    n_neighbors: int
    n_best: int
    tell: Log
    effort: SearchParams
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Note what a step takes."""
        start = time.perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - start
        self.tell({"stage": step, "seconds": self.seconds[step]})

    def language(self, name: str) -> StoredLanguage:
        """Give one of the two languages."""
        return StoredLanguage(str(self.work.folder), name)

    def store(self, rows: list[LazyRows], progress: Progress | None) -> None:
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
            # An index that finds the best neighbor that often finds the best by CSLS less often.
            target = 1 - (1 - self.engine.recall) / 2 ** (attempt + 1)
            label = {"exact": "exact", "clustered": str(self.effort.clusters)}.get(
                self.engine.kind, f"{target:g}"
            )
            searching = Searching(self.work, self.engine, self.effort, label, self.cluster)
            with self.timed("cosine"):
                self._build_indexes(target, None, part_of(progress, 0, 0.1))
                cosine = searching.neighbors(
                    self.n_neighbors, biased=False, progress=part_of(progress, 0.1, 0.4)
                )
            biases = _without_gaps(cosine).biases(self.n_neighbors)
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
        searching: Searching,
        cosine: CrossNeighbors,
        biases: tuple[Matrix, Matrix],
        progress: Progress | None,
    ) -> CrossNeighbors:
        # One more than is kept, so that the best also has a rival to compare with.
        rows = [self.language(name).rows for name in SIDES]
        k = min(self.n_best + 1, *map(len, rows))
        if self.engine.kind == "exact":
            return csls_from_cosine(
                rows[0],
                rows[1],
                cosine,
                k,
                n_neighbors=self.n_neighbors,
                progress=progress,
            )
        searching.keep_biases(*biases)
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

    def in_order_of_vocabularies(self, found: CrossNeighbors) -> CrossNeighbors:
        """Turn places of the stored rows into rows of the vocabularies."""
        source, target = (self.language(name).order for name in SIDES)
        if source is None or target is None:
            return found
        return CrossNeighbors(
            _reordered(found.of_source, source, target),
            _reordered(found.of_target, target, source),
        )

    def has_vectors(self, name: str) -> NDArray[np.bool_]:
        """Tell which words of a vocabulary have a vector that is not zero."""
        stored = self.language(name)
        present = ~zero_rows(stored.rows)
        if stored.order is None:
            return present
        result = np.empty_like(present)
        result[stored.order] = present
        return result


def _without_gaps(found: CrossNeighbors) -> CrossNeighbors:
    """Let a neighbor that is missing count as unlike."""
    return CrossNeighbors(
        *(
            Neighbors(each.indices, np.where(each.indices < 0, np.float32(0), each.scores))
            for each in (found.of_source, found.of_target)
        )
    )


def _reordered(found: Neighbors, queries: Indices, keys: Indices) -> Neighbors:
    result = Neighbors(np.empty_like(found.indices), np.empty_like(found.scores))
    result.indices[queries] = np.where(found.indices >= 0, keys[found.indices], -1)
    result.scores[queries] = found.scores
    return result
