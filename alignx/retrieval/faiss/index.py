"""Approximate nearest neighbors by cosine and by CSLS, through FAISS.

FAISS proposes keys for each query; their scores are computed again from the keys themselves, so
that they are those of `ExactIndex`. What can go wrong is only that a key is not proposed, and how
often that happens is measured, not assumed.
"""

from __future__ import annotations

import os
from copy import copy
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from alignx.errors import FormatError, RecallError
from alignx.retrieval.exact import ExactIndex, require_products
from alignx.retrieval.faiss import kinds
from alignx.retrieval.faiss.files import checksum_of, read_index_file, write_index_file
from alignx.retrieval.faiss.tuning import least_settings, sampled
from alignx.retrieval.neighbors import N_NEIGHBORS, Neighbors, resolved_count
from alignx.support.arrays import (
    Indices,
    Matrix,
    as_rows,
    frozen_rows,
    longest_row,
    require_same_dimension,
)
from alignx.support.progress import Progress, part_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import ArrayLike

__all__ = ["FaissIndex"]

Kind: TypeAlias = Literal["flat", "hnsw", "ivf", "ivfpq"]

# Of two keys whose scores differ by less than rounding, either is a right answer.
_TIED = 1e-6


class FaissIndex:
    """Approximate search by dot product minus a bias, through FAISS.

    It is an `ExactIndex` that may miss a key: the same arguments, the same answers otherwise, with
    the same scores. `tune` measures how many it misses, and sets it to the least work that reaches
    `recall`; an index that is not tuned searches with settings that suit word vectors, at a recall
    that nobody knows.

    Parameters
    ----------
    keys : (m, d) float32
        What is searched; unit rows make the dot product a cosine. Copied if somebody could still
        write to them; a read-only array or read-only map of a file is not: it is read a block at a
        time to build the index, and the rows that FAISS proposes to score them.
    bias : (m,) float32, optional
        Subtracted from the score of each key; `csls_bias` makes the ranking that of CSLS.
    kind : {"ivfpq", "ivf", "hnsw", "flat"}
        What FAISS builds. ``"ivfpq"`` keeps a sixteenth of the keys' size, in lists, and is the
        fastest, if the vectors are centered; ``"ivf"`` keeps them whole, and reaches any recall;
        ``"hnsw"`` is a graph, slow to build; ``"flat"`` compares all keys.
    recall : float
        What `tune` aims at, in (0, 1].
    seed : int
        Of what is random while the index is built.
    progress : callable, optional
        Called now and then with the fraction that is built, in [0, 1].

    Attributes
    ----------
    settings : dict of str to int
        How much work a search does: ``nprobe``, the lists that are searched; ``efSearch``, the
        candidates of the walk through a graph; ``rescored``, the keys that FAISS proposes for each
        answer. Those that the kind has.
    measured_recall : float or None
        What `tune` measured; None before.
    measured_k : int or None
        For how many answers.

    Raises
    ------
    ValueError
        If an argument is out of range, or `keys` or `bias` are not finite or of the wrong shape.
    MissingDependencyError
        If FAISS is not installed.

    Notes
    -----
    Memory beyond the keys: m (d + 1) floats for ``"flat"`` and ``"ivf"``, 256 bytes a key more for
    ``"hnsw"``, about m d / 4 bytes for ``"ivfpq"``; 8 bytes a key for lists. Time to build: for
    lists O(m^1.5 d), for ``"hnsw"`` many times that.

    For the same keys and seed, index and answers are the same with any number of threads. Only
    ``"hnsw"`` needs ``n_threads=1`` for that: its keys enter the graph in the order in which
    threads are done.

    References
    ----------
    Jegou et al., "Product Quantization for Nearest Neighbor Search", TPAMI 2011, section IV.
    Malkov and Yashunin, "Efficient and Robust Approximate Nearest Neighbor Search Using
    Hierarchical Navigable Small World Graphs", TPAMI 2018, section 4.
    Douze et al., "The Faiss Library", 2024, sections 4 and 5.

    Examples
    --------
    >>> keys = np.eye(3, dtype=np.float32)
    >>> FaissIndex(keys, kind="flat").search(keys[:2], k=1).indices
    array([[0],
           [1]])
    """

    def __init__(
        self,
        keys: ArrayLike,
        *,
        bias: ArrayLike | None = None,
        kind: Kind = "ivfpq",
        recall: float = 0.99,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        if kind not in kinds.KINDS:
            raise ValueError(f"kind must be one of {', '.join(kinds.KINDS)}, got {kind!r}")
        _require_recall(recall, "recall")
        exact = ExactIndex(keys, bias=bias)
        structure = kinds.KINDS[kind].build(exact, seed=seed, progress=progress)
        self._enter(exact, structure, kind, recall, seed)

    def _enter(
        self, exact: ExactIndex, structure: kinds.Structure, kind: str, recall: float, seed: int
    ) -> None:
        self._exact = exact
        self._longest = longest_row(exact.keys)
        self._structure = structure
        self.kind = kind
        self.recall = recall
        self.seed = seed
        self.settings = structure.defaults()
        self.measured_recall: float | None = None
        self.measured_k: int | None = None

    @property
    def keys(self) -> Matrix:
        """What is searched."""
        return self._exact.keys

    @property
    def bias(self) -> Matrix | None:
        """What is subtracted from the score of each key."""
        return self._exact.bias

    def __len__(self) -> int:
        return len(self._exact)

    def __repr__(self) -> str:
        facts = {"kind": self.kind, **self.settings, "measured_recall": self.measured_recall}
        described = ", ".join(f"{name}={value!r}" for name, value in facts.items())
        return f"FaissIndex({len(self)} keys, {described})"

    def with_bias(self, bias: ArrayLike | None, *, progress: Progress | None = None) -> FaissIndex:
        """Give an index of the same keys with another bias, set as this one is.

        Recall is not measured again; `tune` does.

        Parameters
        ----------
        bias : (m,) float32, optional
            Subtracted from the score of each key.
        progress : callable, optional
            Called now and then with the fraction done, in [0, 1].

        Returns
        -------
        FaissIndex
            Both stay usable.

        Raises
        ------
        ValueError
            If `bias` is not finite or of the wrong shape.

        Notes
        -----
        Lists keep their centroids, which saves the clustering; the keys are entered again. A graph
        is built anew.
        """
        index = copy(self)
        index._exact = self._exact.with_bias(bias)
        index._structure = kinds.KINDS[self.kind].build(
            index._exact, seed=self.seed, like=self._structure, progress=progress
        )
        index.settings = dict(self.settings)
        index.measured_recall = index.measured_k = None
        return index

    def search(
        self, queries: ArrayLike, k: int | None = None, *, progress: Progress | None = None
    ) -> Neighbors:
        """Find `k` of the best keys of each query, with `settings`.

        Parameters
        ----------
        queries : (n, d) float32
            Rows to search for.
        k : int, optional
            How many, ``1 <= k <= m``; 10 unless given, or all keys with a warning.
        progress : callable, optional
            Called now and then with the fraction done, in [0, 1].

        Returns
        -------
        Neighbors
            Scores are dot product minus bias; of equal scores among the keys that were found the
            lower index comes first. Queries that found fewer than `k` keys are searched exactly,
            and counted as fallbacks.

        Raises
        ------
        ValueError
            If `k` is out of range, a query is not finite, or dot products do not fit float32.
        DimensionError
            If queries and keys differ in dimension.
        """
        return self._search(queries, k, self.settings, progress)

    def _search(
        self,
        queries: ArrayLike,
        k: int | None,
        settings: dict[str, int],
        progress: Progress | None = None,
    ) -> Neighbors:
        rows = as_rows(queries, "queries")
        require_same_dimension(rows, self.keys, "queries and keys")
        k = resolved_count(k, N_NEIGHBORS, len(self), "k")
        require_products(longest_row(rows), self._longest, self.bias)
        indices = np.empty((len(rows), k), dtype=np.int64)
        scores = np.empty((len(rows), k), dtype=np.float32)
        size = self._structure.queries_at_once
        with kinds.threads():
            for start in range(0, len(rows), size):
                block = slice(start, start + size)
                indices[block], scores[block] = self._best(rows[block], k, settings)
                if progress is not None:
                    progress(min(1.0, (start + size) / len(rows)))
        short = np.flatnonzero(indices[:, -1] < 0)
        if len(short):
            found = self._exact.search(rows[short], k)
            indices[short], scores[short] = found.indices, found.scores
        return Neighbors(indices, scores, len(short))

    def _best(self, rows: Matrix, k: int, settings: dict[str, int]) -> tuple[Indices, Matrix]:
        """Order what FAISS proposes by its exact score."""
        count = self._structure.candidates(k, settings)
        proposed = self._structure.propose(rows, count, settings)
        scores = self._scores(rows, proposed)
        best = np.lexsort((proposed, -scores), axis=1)[:, :k]
        return np.take_along_axis(proposed, best, axis=1), np.take_along_axis(scores, best, axis=1)

    def _scores(self, rows: Matrix, indices: Indices) -> Matrix:
        scores = kinds.score_rows(rows, self.keys, indices)
        if self.bias is not None:
            scores -= self.bias[indices]
        if not np.isfinite(scores[indices >= 0]).all():
            raise ValueError("dot products must stay within float32; scale the vectors down")
        return scores

    def search_blocks(
        self, blocks: Iterable[ArrayLike], k: int | None = None
    ) -> Iterator[Neighbors]:
        """Search block after block of queries, so that they need not fit into memory together.

        Parameters
        ----------
        blocks : iterable of (n, d) float32
            Rows to search for; some thousand a block keep all threads busy.
        k : int, optional
            How many, ``1 <= k <= m``; 10 unless given, or all keys with a warning.

        Yields
        ------
        Neighbors
            Of the rows of one block, when the next is asked for.

        Raises
        ------
        ValueError
            If `k` is out of range, a query is not finite, or dot products do not fit float32.
        DimensionError
            If queries and keys differ in dimension.
        """
        k = resolved_count(k, N_NEIGHBORS, len(self), "k")
        for block in blocks:
            yield self.search(block, k)

    def tune(
        self,
        queries: ArrayLike,
        k: int = 1,
        *,
        target: float | None = None,
        sample: int = 1_000,
        progress: Progress | None = None,
    ) -> FaissIndex:
        """Set the least work that finds enough of what an exact search finds.

        Each setting is doubled until enough is found, then reduced to the least that suffices.

        Parameters
        ----------
        queries : (n, d) float32
            Such as will be searched for.
        k : int
            How many answers each, ``1 <= k <= m``.
        target : float, optional
            Recall to reach, in (0, 1]: the share of the `k` best keys that are found. A key that
            scores as high as the last of them, up to rounding, is as good. The index's `recall`
            unless given.
        sample : int
            How many of the queries to measure with, at least 1; drawn with the index's seed.
        progress : callable, optional
            Called now and then with the fraction done, in [0, 1].

        Returns
        -------
        FaissIndex
            Itself.

        Raises
        ------
        RecallError
            If the most work finds too little.
        ValueError
            If an argument is out of range, or there are no queries.
        DimensionError
            If queries and keys differ in dimension.

        Notes
        -----
        Takes an exact search of the sample, and some ten or twenty of the index. Of 1,000 queries
        the measured recall errs by about 0.003 at 0.99.

        Examples
        --------
        >>> rows = np.random.default_rng(0).standard_normal((500, 8)).astype(np.float32)
        >>> FaissIndex(rows, kind="ivf").tune(rows, target=1).measured_recall
        1.0
        """
        target = self.recall if target is None else target
        _require_recall(target, "target")
        rows = sampled(as_rows(queries, "queries"), sample, self.seed)
        # An index of its own, so that what it prepares of the keys is not kept.
        exact = ExactIndex(self.keys, bias=self.bias)
        best = exact.search(rows, k, progress=part_of(progress, 0, 0.5)).indices
        # Computed as those of the answers are, so that they differ only where the keys do.
        lowest = self._scores(rows, best).min(axis=1, keepdims=True) - _TIED

        def recall_of(settings: dict[str, int]) -> float:
            return float(np.mean(self._search(rows, k, settings).scores >= lowest))

        limits = self._structure.limits()
        for number, largest in enumerate(limits):
            part = part_of(progress, 0.5 + 0.5 * number / len(limits), 0.5 / len(limits))
            settings, reached = least_settings(recall_of, largest, target, part)
            if reached >= target:
                break
        else:
            raise RecallError(self.kind, reached, target, settings)
        if progress is not None:
            progress(1.0)
        self.settings, self.measured_recall, self.measured_k = settings, reached, k
        return self

    def save(self, path: str | os.PathLike[str], *, keys_checksum: str | None = None) -> None:
        """Write the index to one file; the keys are not in it.

        Parameters
        ----------
        path : str or path-like
            The file, replaced when the new one is complete.
        keys_checksum : str, optional
            What tells these keys from others, for example `Embeddings.checksum`, if `load` will be
            given the same; it saves reading all keys.

        Raises
        ------
        OutputError
            If the file cannot be written.

        Notes
        -----
        The file holds FAISS's own file, the bias, and the settings; about as many bytes as the
        index takes in memory.
        """
        facts = {
            "faiss": kinds.faiss_version(),
            "kind": self.kind,
            "shape": list(self.keys.shape),
            "seed": self.seed,
            "recall": self.recall,
            "settings": self.settings,
            "measured_recall": self.measured_recall,
            "measured_k": self.measured_k,
            "keys_checksum": keys_checksum or checksum_of(self.keys),
        }
        write_index_file(path, lambda write: kinds.dump(self._structure, write), self.bias, facts)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        keys: ArrayLike,
        *,
        mmap: bool = True,
        keys_checksum: str | None = None,
    ) -> FaissIndex:
        """Open an index that `save` wrote.

        Parameters
        ----------
        path : str or path-like
            The file; it must stay as it is while it is mapped. `save` replaces it as a whole, which
            does no harm.
        keys : (m, d) float32
            Those that the index was built from; they may be memory-mapped.
        mmap : bool
            Map the file into memory instead of reading it: vectors and graph of ``"flat"``,
            ``"ivf"`` and ``"hnsw"`` are then read when they are needed, and the system can take
            their memory back. The codes of ``"ivfpq"``, much smaller, are always read. FAISS before
            1.11 reads everything, before 1.14 the lists of ``"ivf"``.
        keys_checksum : str, optional
            As in `save`.

        Returns
        -------
        FaissIndex
            With the bias, settings and measured recall that it had.

        Raises
        ------
        FormatError
            If the file is missing, damaged, no index, from a newer alignx, or of other keys.
        MissingDependencyError
            If FAISS is not installed.

        Notes
        -----
        The whole file is read once to compare its checksum, and all keys unless `keys_checksum` is
        given.
        """
        rows = frozen_rows(keys, "keys")
        facts, bias = read_index_file(path)
        if list(rows.shape) != facts["shape"]:
            raise FormatError(
                path,
                "the index is of {} keys of dimension {}, got {} of {}; build it again".format(
                    *facts["shape"], *rows.shape
                ),
            )
        if facts["keys_checksum"] != (keys_checksum or checksum_of(rows)):
            raise FormatError(path, "the index is of other keys; build it again from these")
        exact = ExactIndex(rows, bias=bias)
        structure = kinds.restore(os.fspath(path), facts["kind"], exact, mmap=mmap)
        if structure is None:
            raise FormatError(
                path,
                f"FAISS {kinds.faiss_version()} cannot read this index of FAISS "
                f"{facts['faiss']}; update FAISS or build it again",
            )
        index = cls.__new__(cls)
        index._enter(exact, structure, facts["kind"], facts["recall"], facts["seed"])
        index.settings = facts["settings"]
        index.measured_recall, index.measured_k = facts["measured_recall"], facts["measured_k"]
        return index


def _require_recall(value: float, name: str) -> None:
    if not 0 < value <= 1:
        raise ValueError(f"{name} must lie in (0, 1], got {value}")
