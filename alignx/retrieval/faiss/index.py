"""Approximate nearest neighbors by dot product or CSLS, through FAISS.

FAISS proposes keys for each query; their scores are computed again from the keys themselves, as
those of `ExactIndex`. So the only error is a key that is not proposed, and `tune` measures how
often that happens.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from alignx.errors import FormatError, RecallError
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.faiss import backend
from alignx.retrieval.faiss.files import checksum_of, read_index, read_metadata, write_index
from alignx.retrieval.faiss.tuning import sampled, smallest_settings
from alignx.retrieval.kernel import require_float32_products
from alignx.retrieval.neighbors import N_NEIGHBORS, Neighbors, count_or_default
from alignx.support.arrays import (
    Matrix,
    as_rows,
    frozen_rows,
    longest_row,
    require_same_dimension,
)
from alignx.support.progress import Progress, part_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    from numpy.typing import ArrayLike

__all__ = ["FaissIndex"]

Kind: TypeAlias = Literal["flat", "hnsw", "ivf", "ivfpq"]

# Of two keys whose scores differ by less than rounding, either is a right answer.
_TIED = 1e-6


class FaissIndex:
    """Approximate search by dot product minus a bias, through FAISS.

    It takes the arguments of `ExactIndex` and gives the same scores, but may miss a key. `tune`
    measures the recall, and chooses the smallest settings that reach `recall`; an index that is not
    tuned searches with settings that suit word vectors, at an unknown recall.

    Parameters
    ----------
    keys : (m, d) float32
        Rows to search; unit rows make the dot product a cosine. Writable arrays are copied; a
        read-only array or map of a file is not, and is read a block at a time.
    bias : (m,) float32, optional
        Subtracted from the score of each key; `csls_bias` makes the ranking that of CSLS.
    kind : {"ivfpq", "ivf", "hnsw", "flat"}
        Structure of FAISS. ``"ivfpq"`` keeps a sixteenth of the keys' size, in lists, and is the
        fastest, if the vectors are centered; ``"ivf"`` keeps them whole, and reaches any recall;
        ``"hnsw"`` is a graph, slow to build; ``"flat"`` compares all keys.
    recall : float
        Target of `tune`, in (0, 1].
    random_state : int
        Seed of the clustering, the graph and the sample of `tune`.
    progress : callable, optional
        Called now and then with the fraction that is built, in [0, 1].

    Attributes
    ----------
    settings : dict of str to int
        ``nprobe``, the lists that are searched; ``efSearch``, the candidates of the walk through a
        graph; ``rescored``, the keys that FAISS proposes for each answer. Those that the kind has.
    measured_recall : float or None
        Recall that `tune` measured; None before.
    measured_k : int or None
        Number of answers that it was measured with.

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
    lists O(m^1.5 d), for ``"hnsw"`` many times that. For the same keys and seed, index and answers
    are the same with any number of threads, except ``"hnsw"`` with more than one: its keys enter
    the graph in the order in which threads are done.

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
        random_state: int = 0,
        progress: Progress | None = None,
    ) -> None:
        kinds = sorted(backend.FACTORY_STRINGS)
        if kind not in kinds:
            raise ValueError(f"kind must be one of {', '.join(kinds)}, got {kind!r}")
        _require_recall(recall, "recall")
        self.kind: str = kind
        self.recall = recall
        self.random_state = random_state
        self._exact = ExactIndex(keys, bias=bias)
        self._longest = longest_row(self.keys)
        self._faiss = backend.build_index(self._exact, kind, random_state, progress)
        self.settings = backend.default_settings(self._faiss, kind)
        self.measured_recall: float | None = None
        self.measured_k: int | None = None

    @property
    def keys(self) -> Matrix:
        """Rows to search."""
        return self._exact.keys

    @property
    def bias(self) -> Matrix | None:
        """Values subtracted from the score of each key."""
        return self._exact.bias

    def __len__(self) -> int:
        return len(self._exact)

    def __repr__(self) -> str:
        facts = {"kind": self.kind, **self.settings, "measured_recall": self.measured_recall}
        described = ", ".join(f"{name}={value!r}" for name, value in facts.items())
        return f"FaissIndex({len(self)} keys of dimension {self.keys.shape[1]}, {described})"

    def with_bias(self, bias: ArrayLike | None, *, progress: Progress | None = None) -> FaissIndex:
        """Build an index of the same keys with another bias and the settings of this one.

        Parameters are those of the class; `tune` measures the recall of the new index.
        """
        index = copy(self)
        index._exact = self._exact.with_bias(bias)
        index._faiss = backend.build_index(index._exact, self.kind, self.random_state, progress)
        index.settings = dict(self.settings)
        index.measured_recall = index.measured_k = None
        return index

    def search(
        self, queries: ArrayLike, k: int | None = None, *, progress: Progress | None = None
    ) -> Neighbors:
        """Find `k` of the best keys of each query, with `settings`.

        Parameters and errors are those of `ExactIndex.search`.

        Returns
        -------
        Neighbors
            Scores are dot product minus bias; of equal scores among the keys that were found the
            lower index comes first. Queries that found fewer than `k` keys are searched exactly,
            and counted as fallbacks.
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
        k = count_or_default(k, N_NEIGHBORS, len(self), "k")
        require_float32_products(longest_row(rows), self._longest, self.bias)
        indices, scores = backend.search(self._faiss, self._exact, rows, k, settings, progress)
        short = np.flatnonzero(indices[:, -1] < 0)
        if len(short):
            found = self._exact.search(rows[short], k)
            indices[short], scores[short] = found.indices, found.scores
        return Neighbors(indices, scores, len(short))

    def search_blocks(
        self, blocks: Iterable[ArrayLike], k: int | None = None
    ) -> Iterator[Neighbors]:
        """Search queries block by block."""
        k = count_or_default(k, N_NEIGHBORS, len(self), "k")
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
        """Tune the settings to a recall.

        Parameters
        ----------
        queries : (n, d) float32
            Rows like those of later searches.
        k : int
            Answers for a query, ``1 <= k <= m``.
        target : float, optional
            Recall to reach, in (0, 1]: the share of the `k` best keys that are found. A key that
            scores as high as the last of them, up to rounding, counts. The index's `recall` by
            default.
        sample : int
            Number of queries to measure with, at least 1; drawn with the index's random state. Of
            1,000 queries the measured recall errs by about 0.003 at 0.99.
        progress : callable, optional
            Called now and then with the fraction done, in [0, 1].

        Returns
        -------
        FaissIndex
            The same index.

        Raises
        ------
        RecallError
            If the largest settings find too little.
        ValueError
            If an argument is out of range, or there are no queries.

        Examples
        --------
        >>> rows = np.random.default_rng(0).standard_normal((500, 8)).astype(np.float32)
        >>> FaissIndex(rows, kind="ivf").tune(rows, target=1).measured_recall
        1.0
        """
        target = self.recall if target is None else target
        _require_recall(target, "target")
        rows = sampled(as_rows(queries, "queries"), sample, self.random_state)
        # A copy, so that what it prepares of the keys is not kept.
        exact = ExactIndex(self.keys, bias=self.bias)
        best = exact.search(rows, k, progress=part_of(progress, 0, 0.5)).indices
        # Computed as those of the answers are, so that they differ only where the keys do.
        lowest = backend.rescore(exact, rows, best).min(axis=1, keepdims=True) - _TIED

        def recall_of(settings: dict[str, int]) -> float:
            return float(np.mean(self._search(rows, k, settings).scores >= lowest))

        limits = backend.largest_settings(self._faiss, self.kind)
        for number, largest in enumerate(limits):
            part = part_of(progress, 0.5 + 0.5 * number / len(limits), 0.5 / len(limits))
            settings, reached = smallest_settings(recall_of, largest, target, part)
            if reached >= target:
                break
        else:
            raise RecallError(self.kind, reached, target, settings)
        if progress is not None:
            progress(1.0)
        self.settings, self.measured_recall, self.measured_k = settings, reached, k
        return self

    def save(self, path: str | os.PathLike[str], *, keys_checksum: str | None = None) -> None:
        """Write FAISS's file and, beside it, bias and settings as ``.safetensors``.

        Parameters
        ----------
        path : str or path-like
            FAISS's file; `faiss.read_index` reads it too. The other has this name and
            ``.safetensors``. The keys are in neither.
        keys_checksum : str, optional
            Checksum of the keys, for example `Embeddings.checksum`, if `load` will be given the
            same; it saves reading all keys.

        Raises
        ------
        OutputError
            If a file cannot be written.
        """
        names = ("kind", "random_state", "recall", "settings", "measured_recall", "measured_k")
        metadata = {
            **{name: getattr(self, name) for name in names},
            "shape": list(self.keys.shape),
            "keys_checksum": keys_checksum or checksum_of(self.keys),
        }
        write_index(path, self._faiss, self.bias, metadata)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        keys: ArrayLike,
        *,
        mmap: bool = True,
        keys_checksum: str | None = None,
    ) -> FaissIndex:
        """Open an index that `save` wrote, with its bias, settings and measured recall.

        Parameters
        ----------
        path : str or path-like
            FAISS's file, which must not be written to while it is mapped; `save` may replace it.
        keys : (m, d) float32
            Rows that the index was built from; they may be memory-mapped.
        mmap : bool
            Map the file instead of reading it, which needs FAISS 1.11, and 1.14 for ``"ivf"``. The
            codes of ``"ivfpq"``, much smaller, are always read.
        keys_checksum : str, optional
            Checksum that `save` was given; without it all keys are read once.

        Raises
        ------
        FormatError
            If a file is damaged, no index, from a newer alignx, or of other keys.
        InputError
            If one of the two files is missing or cannot be read.
        """
        rows = frozen_rows(keys, "keys")
        metadata, bias = read_metadata(path)
        shape = metadata.pop("shape")
        if list(rows.shape) != shape:
            raise FormatError(
                path,
                "the index is of {} keys of dimension {}, got {} of {}; build it again".format(
                    *shape, *rows.shape
                ),
            )
        if metadata.pop("keys_checksum") != (keys_checksum or checksum_of(rows)):
            raise FormatError(path, "the index is of other keys; build it again from these")
        index = cls.__new__(cls)
        index._faiss = read_index(path, metadata.pop("faiss"), mmap=mmap)
        index._exact = ExactIndex(rows, bias=bias)
        index._longest = longest_row(rows)
        del metadata["version"]
        index.__dict__.update(metadata)
        return index


def _require_recall(value: float, name: str) -> None:
    if not 0 < value <= 1:
        raise ValueError(f"{name} must lie in (0, 1], got {value}")
