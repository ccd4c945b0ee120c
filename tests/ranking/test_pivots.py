from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_languages import clustered, hubby, random, unit
from reference import csls

from alignx.ranking.candidates import CandidatePairs, Queries
from alignx.ranking.features import PIVOTS, feature_matrix
from alignx.ranking.pivots import STEPS, PivotSearch, Step
from alignx.ranking.ranker import LabeledCandidates, PairRanker
from alignx.ranking.spelling import SpellingModel
from alignx.retrieval.csls import csls_biases
from alignx.retrieval.exact import ExactIndex

Rows = np.ndarray


def search(source: Rows, target: Rows, pivot: Rows, *, all_words: bool) -> PivotSearch:
    steps = []
    for words in (source, target):
        bias = csls_biases(words, pivot, n_neighbors=10)[1] if all_words else None
        steps.append(Step(ExactIndex(words), ExactIndex(pivot), 10, bias))
    return PivotSearch(*steps)


def three(make: object, n: int = 90) -> tuple[Rows, Rows, Rows]:
    rng = np.random.default_rng(0)
    source, pivot = make(rng, n, n - 10)  # type: ignore[operator]
    return source, unit(source[: n - 20] + 0.4 * rng.standard_normal((n - 20, 20))), pivot


@pytest.mark.parametrize("all_words", [True, False])
@pytest.mark.parametrize("make", [random, clustered, hubby])
def test_paths_are_those_of_the_formula(make: object, all_words: bool) -> None:
    source, target, pivot = three(make)
    rows = np.array([3, 80, 3, 41])
    candidates = np.random.default_rng(1).integers(0, len(target), (4, 7))
    found = search(source, target, pivot, all_words=all_words).paths(source[rows], candidates)
    first, second = csls(source, pivot, 10), csls(target, pivot, 10)
    for i, row in enumerate(rows):
        steps = np.argsort(-first[row], kind="stable")[:STEPS]
        for j, other in enumerate(candidates[i]):
            weaker = np.minimum(first[row, steps], second[other, steps])
            assert found.path[i, j] == pytest.approx(weaker.max(), abs=1e-5)
            agrees = first[row].argmax() == second[other].argmax()
            assert found.agreement[i, j] == agrees
    assert found.path.dtype == found.agreement.dtype == np.float32


def candidates(k: int = 8) -> tuple[CandidatePairs, PivotSearch, Rows]:
    source, target, pivot = three(random, 60)
    words = [f"a{i}" for i in range(len(source))]
    pairs = CandidatePairs.search(
        Queries(words, np.arange(len(source)), source),
        source,
        target,
        [f"b{i}" for i in range(len(target))],
        k,
        n_neighbors=10,
    )
    return pairs, search(source, target, pivot, all_words=True), source


def test_paths_go_with_the_words_that_are_taken() -> None:
    pairs, through, vectors = candidates()
    compared = through.compared(pairs, vectors)
    assert compared.paths is not None
    few = compared.take(np.array([5, 2]))
    assert few.paths is not None
    np.testing.assert_array_equal(few.paths.path, compared.paths.path[[5, 2]])
    assert pairs.take(np.array([5, 2])).paths is None
    spelling = SpellingModel.of([("a1", "b1")])
    names = list(PIVOTS)
    assert np.isnan(feature_matrix(pairs, spelling, names)).all()
    columns = feature_matrix(compared, spelling, names)
    np.testing.assert_array_equal(columns[:, 0], compared.paths.path.ravel())
    np.testing.assert_array_equal(columns[:, 2], compared.paths.agreement.ravel())


@pytest.mark.slow
def test_a_ranker_learns_from_paths_and_ranks_without_them() -> None:
    pairs, through, vectors = candidates()
    is_right = pairs.target_rows == pairs.source_rows[:, None]
    # Right answers are those that the pivot agrees on, whatever CSLS says.
    paths = through.paths(vectors, pairs.target_rows)._replace(agreement=is_right.astype("f4"))
    compared = replace(pairs, paths=paths)
    part = LabeledCandidates(compared, is_right, [("a1", "b1")])
    ranker = PairRanker(n_candidates=8, hidden=4, epochs=2).fit([part])
    assert ranker.has_pivots
    assert ranker.names_[-3:] == tuple(PIVOTS)
    best = ranker.rank(compared).indices[:, 0]
    has_answer = is_right.any(axis=1)
    assert (best == pairs.source_rows)[has_answer].mean() > 0.95
    without = ranker.predict_proba(pairs)
    assert np.isfinite(without).all()
    assert not np.array_equal(without, ranker.predict_proba(compared))
    restored = PairRanker.restored(ranker.facts(), ranker.tensors())
    np.testing.assert_array_equal(restored.predict_proba(compared), ranker.predict_proba(compared))
    plain = PairRanker(n_candidates=8, hidden=4, epochs=2).fit([part.without_paths()])
    assert not plain.has_pivots
    assert not set(plain.names_) & set(PIVOTS)
    with pytest.raises(ValueError, match="features must hold some without a pivot"):
        PairRanker(features=tuple(PIVOTS)).fit([part.without_paths()])
