"""Whole jobs of retrieval on real vectors: time against the peers, exactness, memory.

faiss's four searches for CSLS are timed one by one, and each job of faiss is the sum of its
searches: "top-10" is the first, both r are the first two, and the last two depend on how many
answers the job wants. Indexes of the first two are filled outside the time, in faiss's favor.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import numpy as np

import alignx as ax
from benchmarks.common import peak_memory, timings
from benchmarks.retrieval_check import are_mutual, is_exact, r_of
from benchmarks.retrieval_data import Languages, note
from benchmarks.retrieval_peers import NumpyCsls, biased_searches, flat_index, mutual_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from alignx.support.arrays import Double, Indices

K = 10
WARM_UP_ROWS = 2_000
BATCHES = (128, 512, 2_048, 8_192)
IN_FULL = 20_000  # NumPy's scheme does all batches up to that many rows, and a fifth beyond
FAISS_CSLS = ("faiss forward", "faiss backward", "faiss CSLS")
FAISS_MUTUAL = ("faiss forward", "faiss backward", "faiss mutual")

Answer = TypeVar("Answer")
Row: TypeAlias = dict[str, Any]


class Job(Generic[Answer]):
    """Work that keeps its last answer."""

    answer: Answer

    def __init__(self, work: Callable[[], Answer]) -> None:
        self._work = work

    def __call__(self) -> None:
        """Do the work."""
        self.answer = self._work()


def searches(languages: Languages, numpy: NumpyCsls) -> dict[str, Job[Any]]:
    """All jobs of all engines, in the order in which they take turns."""
    source, target = languages
    flat_source, flat_target = flat_index(source), flat_index(target)
    forward = Job(lambda: flat_target.search(source, K))
    backward = Job(lambda: flat_source.search(target, K))

    def last_searches(k: int) -> tuple[Indices, Indices]:
        r = forward.answer[0].mean(axis=1), backward.answer[0].mean(axis=1)
        return biased_searches(source, target, r, k)

    return {
        "alignx top-10": Job(lambda: ax.ExactIndex(target).search(source, K)),
        "faiss forward": forward,
        "alignx CSLS": Job(lambda: ax.csls_neighbors(source, target, K)),
        "faiss backward": backward,
        "faiss CSLS": Job(lambda: last_searches(K)),
        "numpy CSLS": Job(lambda: numpy.neighbors(source, target)),
        "alignx mutual": Job(lambda: ax.mutual_neighbors(source, target)),
        "faiss mutual": Job(lambda: mutual_pairs(*last_searches(1))),
    }


def fastest_batch(languages: Languages) -> int:
    """The batch size with which NumPy's scheme takes least time a row."""

    def seconds(batch: int) -> float:
        queries = languages.source[: max(batch, WARM_UP_ROWS)]
        scheme = NumpyCsls.prepare(K, batch, 1, len(languages.target))
        start = time.perf_counter()
        scheme.mean_of_best(queries, languages.target)
        return (time.perf_counter() - start) / len(queries)

    seconds(BATCHES[0])  # warms up
    return min(BATCHES, key=seconds)


@dataclass(frozen=True)
class Measured:
    """Answers and times of all jobs, from which the rows of the results are made."""

    languages: Languages
    threads: int
    numpy: NumpyCsls
    jobs: dict[str, Job[Any]]
    seconds: dict[str, list[float]]
    files: tuple[str, str]  # the rows, for processes that measure memory

    def total(self, *names: str) -> list[float]:
        """Seconds of searches that together are one job, by turn."""
        return [sum(turn) for turn in zip(*(self.seconds[name] for name in names), strict=True)]

    def row(self, job: str, engine: str, seconds: list[float], **more: object) -> Row:
        """Give a row of the results; `ratio` is filled in for alignx only."""
        source, target = self.languages
        return {
            "job": job,
            "engine": engine,
            "n": len(source),
            "m": len(target),
            "d": source.shape[1],
            "k": 1 if job == "mutual pairs" else K,
            "threads": self.threads,
            "seconds": median(seconds),
            "all_seconds": seconds,
            "ratio": None,
            "exact": None,
            "peak_memory": None,
            **more,
        }

    def ours(self, job: str, name: str, faiss: list[float], answers: int, **more: object) -> Row:
        """Give alignx's row; the peer of its ratio is faiss."""
        row = self.row(job, "alignx", self.seconds[name], peer="faiss", **more)
        peak = peak_memory(MEMORY, name, *self.files, str(self.threads))
        inputs = sum(rows.nbytes for rows in self.languages)
        return row | {
            "ratio": median(faiss) / row["seconds"],
            "peak_memory": peak,
            "answers": answers,
            "scratch_share": (peak - answers) / inputs,
        }

    def r(self) -> tuple[Double, Double]:
        """Of both languages in float64, from faiss's neighbors."""
        source, target = self.languages
        return (
            r_of(source, target, self.jobs["faiss forward"].answer[1]),
            r_of(target, source, self.jobs["faiss backward"].answer[1]),
        )


MEMORY = """
import sys
import numpy as np
import alignx as ax
source, target = np.load(sys.argv[2]), np.load(sys.argv[3])
ax.set_config(n_threads=int(sys.argv[4]))
def top_10(source, target):
    return ax.ExactIndex(target).search(source, 10)
def csls(source, target):
    return ax.csls_neighbors(source, target, 10)
def mutual(source, target):
    return ax.mutual_neighbors(source, target)
job = {"alignx top-10": top_10, "alignx CSLS": csls, "alignx mutual": mutual}[sys.argv[1]]
job(source[:1000], target[:1000])  # loads what is loaded once
def work():
    return job(source, target)
"""


def share_of_equal(
    ours: np.ndarray[Any, np.dtype[Any]], theirs: np.ndarray[Any, np.dtype[Any]]
) -> float:
    return float((ours == theirs).mean())


def bytes_of(*found: ax.Neighbors) -> int:
    return sum(each.indices.nbytes + each.scores.nbytes for each in found)


def top_10(measured: Measured) -> list[Row]:
    found, indices = measured.jobs["alignx top-10"].answer, measured.jobs["faiss forward"].answer[1]
    no_bias = np.zeros(len(measured.languages.target))
    faiss = measured.total("faiss forward")
    return [
        measured.ours(
            "top-10",
            "alignx top-10",
            faiss,
            bytes_of(found),
            exact=is_exact(*measured.languages, no_bias, found.indices),
            equal_to_faiss=share_of_equal(found.indices, indices),
            fallbacks=found.fallbacks,
        ),
        measured.row(
            "top-10", "faiss", faiss, exact=is_exact(*measured.languages, no_bias, indices)
        ),
    ]


def csls_is_exact(
    languages: Languages, r: tuple[Double, Double], forward: Indices, backward: Indices
) -> bool:
    source, target = languages
    there = is_exact(source, target, r[1], forward)
    return there and is_exact(target, source, r[0], backward)


def csls(measured: Measured, r: tuple[Double, Double], cosine: ax.CrossNeighbors) -> list[Row]:
    job, languages = "CSLS-10 both ways", measured.languages
    found, theirs = measured.jobs["alignx CSLS"].answer, measured.jobs["faiss CSLS"].answer
    ours = found.of_source.indices, found.of_target.indices
    faiss, numpy = measured.total(*FAISS_CSLS), measured.total("numpy CSLS")
    share = measured.numpy.share(len(languages.source))
    by_numpy = measured.jobs["numpy CSLS"].answer
    return [
        measured.ours(
            job,
            "alignx CSLS",
            faiss,
            bytes_of(found.of_source, found.of_target),
            exact=csls_is_exact(languages, r, *ours),
            equal_to_faiss=min(map(share_of_equal, ours, theirs)),
            fallbacks=fallbacks(cosine) + fallbacks(found),
        ),
        measured.row(job, "faiss", faiss, exact=csls_is_exact(languages, r, *theirs)),
        measured.row(
            job,
            "numpy",
            [turn / share for turn in numpy],
            exact=csls_is_exact(languages, r, *by_numpy) if share == 1 else None,
            extrapolated=None if share == 1 else share,
            batch=measured.numpy.batch,
        ),
    ]


def fallbacks(found: ax.CrossNeighbors) -> int:
    return found.of_source.fallbacks + found.of_target.fallbacks


def mutual(measured: Measured, r: tuple[Double, Double], cosine: ax.CrossNeighbors) -> list[Row]:
    job, languages = "mutual pairs", measured.languages
    ours, theirs = measured.jobs["alignx mutual"].answer, measured.jobs["faiss mutual"].answer
    faiss = measured.total(*FAISS_MUTUAL)
    common = len(set(map(tuple, ours.tolist())) & set(map(tuple, theirs.tolist())))
    chosen = ax.csls_neighbors(*languages, 1, cosine=cosine)
    return [
        measured.ours(
            job,
            "alignx mutual",
            faiss,
            ours.nbytes,
            exact=are_mutual(*languages, *r, ours),
            equal_to_faiss=common / max(len(ours), len(theirs)),
            fallbacks=fallbacks(cosine) + fallbacks(chosen),
            pairs=len(ours),
        ),
        measured.row(job, "faiss", faiss, exact=are_mutual(*languages, *r, theirs)),
    ]


def job_rows(
    languages: Languages, files: tuple[str, str], threads: int, repeats: int, *, full: bool
) -> list[Row]:
    """Measure all jobs."""
    rows = len(languages.source)
    note("batch size of NumPy's scheme")
    stride = 1 if full or rows <= IN_FULL else 5
    numpy = NumpyCsls.prepare(K, fastest_batch(languages), stride, rows)
    few = languages.first(WARM_UP_ROWS)
    timings(searches(few, numpy), 1)
    note(f"jobs on {rows:,} rows a language, {repeats} turns")
    jobs = searches(languages, numpy)
    seconds = timings(jobs, repeats)
    measured = Measured(languages, threads, numpy, jobs, seconds, files)
    note("checks and memory")
    cosine = ax.cross_neighbors(*languages, K)
    r = measured.r()
    return [*top_10(measured), *csls(measured, r, cosine), *mutual(measured, r, cosine)]
