from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from made_languages import (
    EYE,
    MAKERS,
    Languages,
    make_languages,
)
from reference import cosines

from alignx.errors import DimensionError
from alignx.retrieval.csls import csls_bias
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.ranking import best_ranks
from alignx.support.config import config_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def reference_ranks(scores: NDArray[np.float64], pairs: NDArray[np.int64]) -> list[int]:
    """Sort every row in full and look up each of its answers."""
    place = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1)
    best = np.full(len(scores), scores.shape[1])
    np.minimum.at(best, pairs[:, 0], place[pairs[:, 0], pairs[:, 1]])
    return [int(rank) + 1 for rank in best]


def some_answers(rng: np.random.Generator, n: int, m: int) -> NDArray[np.int64]:
    """One to some answers for each query, in any order, some of them twice."""
    more = np.stack([rng.integers(0, n, 2 * n), rng.integers(0, m, 2 * n)], axis=1)
    pairs = np.concatenate(
        [np.stack([np.arange(n), rng.integers(0, m, n)], axis=1), more, more[:9]]
    )
    return np.asarray(rng.permutation(pairs))


@pytest.mark.parametrize(("n", "m"), [(1, 1), (40, 70), (300, 256), (2_500, 300), (5_000, 90)])
@pytest.mark.parametrize("biased", [False, True])
def test_ranks_equal_the_oracle_with_ties_by_lower_row(n: int, m: int, biased: bool) -> None:
    rng = np.random.default_rng([n, m])
    queries, keys = (rng.integers(-2, 3, (count, 6)).astype(np.float32) for count in (n, m))
    bias = rng.integers(-4, 5, m).astype(np.float32) if biased else None
    scores = cosines(queries, keys) - (0 if bias is None else bias)
    pairs = some_answers(rng, n, m)
    expected = reference_ranks(scores, pairs)
    for n_threads in (1, 3):
        with config_context(n_threads=n_threads):
            found = best_ranks(queries, keys, pairs, bias=bias)
        assert found.dtype == np.int64
        assert found.tolist() == expected
    lists: Any = pairs.tolist()
    assert (
        best_ranks(queries, keys, lists, bias=None if bias is None else bias.tolist()).tolist()
        == expected
    )


@pytest.mark.parametrize("make", MAKERS)
def test_ranks_are_places_in_a_search_for_all(make: Callable[..., Languages]) -> None:
    source, target = make_languages(make)
    bias = csls_bias(target, source)
    pairs = some_answers(np.random.default_rng(1), 400, 300)
    for index in (ExactIndex(target), ExactIndex(target, bias=bias)):
        place = np.argsort(index.search(source, 300).indices, axis=1)
        best = np.full(400, 300)
        np.minimum.at(best, pairs[:, 0], place[pairs[:, 0], pairs[:, 1]])
        np.testing.assert_array_equal(best_ranks(source, target, pairs, bias=index.bias), best + 1)


def test_ranks_of_no_queries() -> None:
    pairs = np.empty((0, 2), np.int64)
    for keys in (EYE, EYE[:0]):
        assert best_ranks(EYE[:0], keys, pairs).tolist() == []


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([[0, 0], [1, 0], [3, 0]], "pairs must name a key for each of 4 queries"),
        (np.empty((0, 2)), "pairs must name a key for each of 4 queries"),
        ([[0, 0], [1, 0], [2, 0], [4, 0]], "pairs must be rows of queries and keys"),
        ([[0, 0], [1, 0], [2, 0], [3, 4]], "pairs must be rows of queries and keys"),
        ([[0, 0], [1, 0], [2, 0], [3, -1]], "pairs must be rows of queries and keys"),
        ([0, 1, 2, 3], "pairs must have shape (p, 2)"),
        ([[0, 0, 0]], "pairs must have shape (p, 2)"),
    ],
)
def test_pairs_that_do_not_fit_are_refused(pairs: Any, message: str) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=re.escape(message)):
        best_ranks(EYE, EYE, pairs)


def test_what_ranks_are_of_must_fit() -> None:
    pairs = np.stack([np.arange(4)] * 2, axis=1)
    assert best_ranks(EYE, EYE, pairs).tolist() == [1, 1, 1, 1]
    with pytest.raises(DimensionError, match="queries and keys must have the same dimension"):
        best_ranks(EYE, np.ones((4, 3)), pairs)
    with pytest.raises(ValueError, match="bias must hold one value for each of 4 rows"):
        best_ranks(EYE, EYE, pairs, bias=np.zeros(3))
    with pytest.raises(ValueError, match="bias must be finite"):
        best_ranks(EYE, EYE, pairs, bias=[0, np.inf, 0, 0])
