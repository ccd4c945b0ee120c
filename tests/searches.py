"""One call of the compiled search, what it must answer, and ways to run it at every CPU level."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from reference import cosines, top_k

from alignx import _core

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

Found: TypeAlias = tuple["NDArray[np.float32]", "NDArray[np.int64]"]

LEVELS = _core.simd_levels()
TOLERANCE = 1e-5

# A search of fewer queries, for these alone and of keys that are not prepared, is never screened:
# `worth_screening` of csrc/screen.cpp asks for `fewest_rows` of them, which is 256.
FEWEST_SCREENED = 256


@dataclass(frozen=True)
class Search:
    """One call of the kernel; `exact` marks data on which float32 makes no error at all."""

    queries: NDArray[np.float32]
    keys: NDArray[np.float32]
    k_queries: int
    k_keys: int
    query_bias: NDArray[np.float32] | None = None
    key_bias: NDArray[np.float32] | None = None
    exact: bool = field(default=False, compare=False)
    known: tuple[Found, Found] | None = None
    prepared: bool = False

    def arguments(self) -> dict[str, Any]:
        return {
            "queries": self.queries,
            "keys": self.keys,
            "k_queries": self.k_queries,
            "k_keys": self.k_keys,
            "query_bias": self.query_bias,
            "key_bias": self.key_bias,
            "known": self.known,
        }

    def answer(self, n_threads: int | None = 1) -> tuple[Found, Found, tuple[int, int]]:
        """Search, and tell how many rows of either side fell back to float32."""
        prepared_keys = _core.prepare_keys(self.keys, n_threads) if self.prepared else None
        return _core.search(**self.arguments(), prepared_keys=prepared_keys, n_threads=n_threads)

    def run(self, n_threads: int | None = 1) -> tuple[Found, Found]:
        return self.answer(n_threads)[:2]

    def unscreened_parts(self) -> list[Search]:
        """Give searches so small that they are made in float32, first of queries, then of keys."""
        sides = (
            (self.queries, self.keys, self.k_queries, self.key_bias),
            (self.keys, self.queries, self.k_keys, self.query_bias),
        )
        batch = FEWEST_SCREENED - 1
        return [
            Search(rows[first : first + batch], others, k, 0, None, bias)
            for rows, others, k, bias in sides
            for first in range(0, len(rows), batch)
        ]

    def join_parts(self, answers: list[tuple[Found, Found]]) -> tuple[Found, Found]:
        """Put the answers to `unscreened_parts` together."""
        of_queries = -(-len(self.queries) // (FEWEST_SCREENED - 1))
        found = [answer[0] for answer in answers]
        return joined(found[:of_queries]), joined(found[of_queries:])

    def unscreened(self) -> tuple[Found, Found]:
        """Compute every score in float32: what a screened search must equal bit for bit."""
        return self.join_parts([part.run() for part in self.unscreened_parts()])


def joined(parts: list[Found]) -> Found:
    scores, indices = zip(*parts, strict=True)
    return np.concatenate(scores), np.concatenate(indices)


# --- comparisons ------------------------------------------------------------------------------


def assert_same(found: tuple[Found, Found], expected: tuple[Found, Found]) -> None:
    """Compare both sides bit by bit."""
    for (scores, indices), (expected_scores, expected_indices) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(indices, expected_indices)
        np.testing.assert_array_equal(scores.view(np.int32), expected_scores.view(np.int32))


def assert_ordered(found: Found, n_keys: int) -> None:
    """Higher scores first, equal ones by ascending index, no index twice."""
    scores, indices = found
    falls = scores[:, :-1] > scores[:, 1:]
    assert (falls | ((scores[:, :-1] == scores[:, 1:]) & (indices[:, :-1] < indices[:, 1:]))).all()
    assert ((indices >= 0) & (indices < n_keys)).all()
    assert all(len(set(row)) == len(row) for row in indices.tolist())


@dataclass(frozen=True)
class Oracle:
    """What one side must be, from all its scores."""

    all_scores: NDArray[np.floating]
    scores: NDArray[np.floating]
    indices: NDArray[np.int64]

    @classmethod
    def of(cls, all_scores: NDArray[np.floating], k: int) -> Self:
        """Keep one neighbor more than asked for, to know how narrowly it was left out."""
        return cls(all_scores, *top_k(all_scores, min(k + 1, all_scores.shape[1])))

    def decided(self, k: int, tolerance: float) -> NDArray[np.bool_]:
        """Tell which places rounding cannot change; all of them where nothing is rounded."""
        if tolerance == 0:
            return np.ones((len(self.scores), k), dtype=bool)
        gaps = -np.diff(self.scores, axis=1, prepend=np.inf, append=-np.inf)
        return np.asarray(np.minimum(gaps[:, :-1], gaps[:, 1:])[:, :k] > 2 * tolerance)


def assert_neighbors(found: Found, oracle: Oracle, tolerance: float) -> None:
    """Compare one side: all scores, and the indices wherever the oracle's scores decide."""
    scores, indices = found
    k = indices.shape[1]
    assert scores.dtype == np.float32
    assert indices.dtype == np.int64
    assert_ordered(found, oracle.all_scores.shape[1])
    of_indices = np.take_along_axis(oracle.all_scores, indices, axis=1)
    for expected in (oracle.scores[:, :k], of_indices):
        np.testing.assert_allclose(scores, expected, rtol=0, atol=tolerance)
    decided = oracle.decided(k, tolerance)
    np.testing.assert_array_equal(indices[decided], oracle.indices[:, :k][decided])


def oracles(search: Search) -> list[Oracle | None]:
    """Work out both sides of a search; None for a side that is not asked for."""
    dots = cosines(search.queries, search.keys)
    sides: list[Oracle | None] = []
    for scores, bias, k in (
        (dots, search.key_bias, search.k_queries),
        (dots.T, search.query_bias, search.k_keys),
    ):
        # Where the dot product is exact, one float32 subtraction rounds in one way only.
        rounded = scores.astype(np.float32) if search.exact else scores
        biased = rounded if bias is None else rounded - bias
        sides.append(Oracle.of(biased, k) if k else None)
    return sides


def check(search: Search, found: tuple[Found, Found], tolerance: float = TOLERANCE) -> None:
    """Compare both sides of a search with the oracle."""
    tolerance = 0 if search.exact else tolerance
    sizes = (len(search.queries), search.k_queries), (len(search.keys), search.k_keys)
    for side, oracle, shape in zip(found, oracles(search), sizes, strict=True):
        assert side[0].shape == side[1].shape == shape
        if oracle is not None:
            assert_neighbors(side, oracle, tolerance)


def check_within_rounding(search: Search, found: tuple[Found, Found]) -> None:
    """Compare with float64 whatever the sizes of the numbers, by what float32 may round off."""
    q, z = search.queries.astype(np.float64), search.keys.astype(np.float64)
    dots = q @ z.T
    # Each product and each sum may round by half a unit in the last place.
    terms = (q.shape[1] + 1) * (np.abs(q) @ np.abs(z).T * 2.0**-24 + 2.0**-149)
    for (scores, indices), exact, error, bias in (
        (found[0], dots, terms, search.key_bias),
        (found[1], dots.T, terms.T, search.query_bias),
    ):
        if indices.shape[1] == 0:
            continue
        assert_ordered((scores, indices), exact.shape[1])
        biased = exact if bias is None else exact - bias.astype(np.float64)
        tolerance = 1.01 * error + 2.0**-23 * np.abs(biased)
        of_indices = np.take_along_axis(biased, indices, axis=1)
        allowed = np.take_along_axis(tolerance, indices, axis=1)
        assert (np.abs(scores - of_indices) <= allowed).all()
        rest = biased - tolerance
        np.put_along_axis(rest, indices, -np.inf, axis=1)
        assert (rest.max(axis=1) <= (of_indices + allowed).min(axis=1)).all()


# --- data -------------------------------------------------------------------------------------


def unit(rng: np.random.Generator, rows: int, dimension: int) -> NDArray[np.float32]:
    matrix = rng.standard_normal((rows, dimension))
    return np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True), dtype=np.float32)


def whole(rng: np.random.Generator, rows: int, dimension: int) -> NDArray[np.float32]:
    """Small integers: sums are exact in float32 and ties abound."""
    return rng.integers(-2, 3, (rows, dimension)).astype(np.float32)


# --- CPU levels -------------------------------------------------------------------------------

WORKER = """
import pickle, sys
from alignx import _core
with open(sys.argv[1], "rb") as file:
    calls = pickle.load(file)
for call in calls:
    if call.pop("prepared"):
        call["prepared_keys"] = _core.prepare_keys(call["keys"])
found = [_core.search(**call) for call in calls]
with open(sys.argv[2], "wb") as file:
    pickle.dump((_core.simd_level(), found), file)
"""


def answers_at_level(
    level: str, directory: Path, searches: Iterable[Search], n_threads: int = 2
) -> list[tuple[Found, Found, tuple[int, int]]]:
    """Run searches in a process of its own, since a level is chosen once."""
    calls = [
        search.arguments() | {"prepared": search.prepared, "n_threads": n_threads}
        for search in searches
    ]
    asked, answered = directory / "asked", directory / "answered"
    asked.write_bytes(pickle.dumps(calls))
    subprocess.run(
        [sys.executable, "-c", WORKER, str(asked), str(answered)],
        cwd=directory,
        env=os.environ | {"ALIGNX_SIMD": level},
        check=True,
    )
    answer: tuple[str, list[tuple[Found, Found, tuple[int, int]]]]
    answer = pickle.loads(answered.read_bytes())
    assert answer[0] == level
    return answer[1]


def at_level(
    level: str, directory: Path, searches: Iterable[Search], n_threads: int = 2
) -> list[tuple[Found, Found]]:
    return [answer[:2] for answer in answers_at_level(level, directory, searches, n_threads)]
