"""The 10 nearest rows by cosine for all rows of two languages, by each index.

An engine builds what it needs, then searches with any settings, and gives the scores of a sample of
the rows of both languages. Those of faiss are faiss's own, without alignx around them, which is
slower: "ivfpq" scores anew what its codes propose (IndexRefineFlat). They search for the sample
alone, and the time is scaled up to all rows.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import faiss as untyped
import numpy as np

import alignx as ax
from alignx.retrieval.clustered import ClusteredIndex, Clusters, SearchParams
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.faiss.tuning import smallest_settings
from alignx.retrieval.neighbors import merge_neighbors

if TYPE_CHECKING:
    from alignx.support.arrays import Indices, Matrix
    from benchmarks.retrieval_data import Languages

Samples: TypeAlias = "tuple[Indices, Indices]"

faiss: Any = untyped  # its annotations lack what it adds at run time

K = 10
TRAINED_PER_LIST, ROUNDS = 40, 6  # of faiss's k-means, as alignx.FaissIndex has them
TUNED_TO = 0.98  # recall of the 10 nearest, about that of the clustered index
TIED = 1e-6  # scores that differ by less are equal up to rounding


class Found(NamedTuple):
    """Seconds for all rows of both languages, scores of the sampled rows of each, and how."""

    seconds: float
    scores: tuple[Matrix, Matrix]
    settings: dict[str, Any]


class Engine(Protocol):
    """An index of both languages."""

    def search(self, settings: dict[str, Any]) -> Found:
        """Search with these settings."""


class Exact:
    """All pairs; there is nothing to build."""

    def __init__(self, languages: Languages, samples: Samples) -> None:
        self.languages, self.samples = languages, samples

    def search(self, settings: dict[str, Any]) -> Found:  # noqa: ARG002
        """Search both ways in one sweep."""
        start = time.perf_counter()
        found = ax.cross_neighbors(*self.languages, K)
        seconds = time.perf_counter() - start
        source, target = self.samples
        scores = found.of_source.scores[source], found.of_target.scores[target]
        return Found(seconds, scores, {})


class Clustered:
    """Clusters of both languages; what each direction finds is merged."""

    def __init__(self, languages: Languages, samples: Samples) -> None:
        self.indexes = [
            self._index(rows, seed) for seed, rows in enumerate(languages)
        ]  # of source, of target
        self.places = [
            np.argsort(index.clusters.order)[sample]
            for index, sample in zip(self.indexes, samples, strict=True)
        ]

    @staticmethod
    def _index(rows: Matrix, seed: int) -> ClusteredIndex:
        clusters = Clusters.fit(rows, random_state=seed)
        ordered = clusters.take(rows)
        return ClusteredIndex(ordered, clusters.with_means_of(ordered))

    def search(self, settings: dict[str, Any]) -> Found:
        """Search with some parameters."""
        source, target = self.indexes
        params = SearchParams(**settings)
        start = time.perf_counter()
        forward = target.cross_search(source.keys, K, params)
        backward = source.cross_search(target.keys, K, params)
        merged = [
            merge_neighbors(parts, K)
            for parts in (
                [forward.of_source, backward.of_target],
                [forward.of_target, backward.of_source],
            )
        ]
        seconds = time.perf_counter() - start
        of_source, of_target = (
            each.scores[places] for each, places in zip(merged, self.places, strict=True)
        )
        return Found(seconds, (of_source, of_target), asdict(params))


class Faiss:
    """An index of faiss for each language, with lists as many as suit word vectors."""

    def __init__(self, kind: str, languages: Languages, samples: Samples, threads: int) -> None:
        faiss.omp_set_num_threads(threads)
        self.kind = kind
        self.samples, self.languages = samples, languages
        self.scales = [len(rows) / len(s) for rows, s in zip(languages, samples, strict=True)]
        self.queries = [rows[s] for rows, s in zip(languages, samples, strict=True)]
        self.indexes = [
            self._index(kind, keys, threads) for keys in (languages.target, languages.source)
        ]

    @staticmethod
    def _index(kind: str, keys: Matrix, threads: int) -> Any:  # noqa: ANN401  # faiss has no annotations
        dimension = keys.shape[1]
        if kind == "hnsw":
            index = faiss.IndexHNSWFlat(dimension, 32, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = 80
            index.add(keys)
            return index
        lists = _lists(len(keys))
        centers = faiss.IndexFlatIP(dimension)
        if kind == "ivf":
            metric = faiss.METRIC_INNER_PRODUCT
            index = base = faiss.IndexIVFFlat(centers, dimension, lists, metric)
        else:
            base = faiss.IndexIVFPQFastScan(
                centers, dimension, lists, dimension // 2, 4, faiss.METRIC_INNER_PRODUCT
            )
            base.by_residual = True
            index = faiss.IndexRefineFlat(base)
        means = faiss.Kmeans(
            dimension, lists, niter=ROUNDS, max_points_per_centroid=TRAINED_PER_LIST, spherical=True
        )
        means.train(keys)
        centers.add(means.centroids)
        faiss.omp_set_num_threads(1)  # the fastest for the codes, which are small
        index.train(keys)
        faiss.omp_set_num_threads(threads)
        index.add(keys)
        return index

    def limits(self) -> dict[str, int]:
        """The most that settings are raised to."""
        if self.kind == "hnsw":
            return {"efSearch": 4_096}
        lists = _lists(len(self.languages.source))
        return {"nprobe": lists} | ({"rescored": 128} if self.kind == "ivfpq" else {})

    def tuned(self) -> dict[str, int]:
        """The least work that reaches the recall for the sample."""
        exact = exact_scores(self.languages, self.samples)

        def recall_of(settings: dict[str, int]) -> float:
            return recall(self.search(settings).scores, exact, K)

        return smallest_settings(recall_of, self.limits(), TUNED_TO)[0]

    def search(self, settings: dict[str, Any]) -> Found:
        """Search for the sample."""
        seconds, scores = 0.0, []
        for index, queries, scale in zip(self.indexes, self.queries, self.scales, strict=True):
            parameters = _parameters(settings)
            start = time.perf_counter()
            scores.append(index.search(queries, K, params=parameters)[0])
            seconds += scale * (time.perf_counter() - start)
        return Found(seconds, (scores[0], scores[1]), settings)


def _lists(keys: int) -> int:
    return max(1, min(int(2 * keys**0.5), keys // TRAINED_PER_LIST))


def _parameters(settings: dict[str, Any]) -> Any:  # noqa: ANN401
    if "efSearch" in settings:
        return faiss.SearchParametersHNSW(efSearch=settings["efSearch"])
    lists = faiss.SearchParametersIVF(nprobe=settings["nprobe"])
    if "rescored" not in settings:
        return lists
    return faiss.IndexRefineSearchParameters(k_factor=settings["rescored"], base_index_params=lists)


def build(kind: str, languages: Languages, samples: Samples, threads: int) -> Engine:
    """Build the index of that kind."""
    if kind == "exact":
        return Exact(languages, samples)
    if kind == "clustered":
        return Clustered(languages, samples)
    return Faiss(kind, languages, samples, threads)


def exact_scores(languages: Languages, samples: Samples) -> tuple[Matrix, Matrix]:
    """What an exact search finds for the sampled rows."""
    source, target = languages
    of_source = ExactIndex(target).search(source[samples[0]], K).scores
    of_target = ExactIndex(source).search(target[samples[1]], K).scores
    return of_source, of_target


def recall(found: tuple[Matrix, Matrix], exact: tuple[Matrix, Matrix], k: int) -> float:
    """Share of the `k` best that were found, of both languages together."""
    hits = [
        each[:, :k] >= best[:, k - 1 : k] - TIED for each, best in zip(found, exact, strict=True)
    ]
    return float(np.mean(np.concatenate(hits)))
