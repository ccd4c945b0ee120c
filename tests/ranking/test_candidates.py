from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_languages import clustered, duplicated, hubby, make_languages, random
from reference import cosines, csls, csls_bias, top_k

from alignx.ranking.candidates import BACK, CandidatePairs, Queries, best_of_others
from alignx.retrieval.csls import csls_biases, csls_neighbors

if TYPE_CHECKING:
    from collections.abc import Callable

    from made_languages import Languages

    from alignx.support.arrays import Indices

N, M, K = 120, 90, 12
SOURCE_WORDS, TARGET_WORDS = [f"a{i}" for i in range(N)], [f"b{i}" for i in range(M)]
ROWS = np.array([7, 0, 119, 55, 7])
ARRAYS = ("source_rows", "target_rows", "csls", "source_bias", "target_bias", "target_gap")
makers = pytest.mark.parametrize("make", [random, clustered, hubby])


def search(languages: Languages, rows: Indices, k: int, *, biased: bool) -> CandidatePairs:
    source, target = languages
    return CandidatePairs.search(
        Queries([SOURCE_WORDS[row] for row in rows.tolist()], rows, source[rows]),
        source,
        target,
        TARGET_WORDS,
        k,
        n_neighbors=10,
        biases=csls_biases(source, target, n_neighbors=10) if biased else None,
    )


def of_neighbors(languages: Languages, rows: Indices, k: int) -> CandidatePairs:
    return CandidatePairs.of_neighbors(
        (SOURCE_WORDS, TARGET_WORDS),
        rows,
        csls_neighbors(*languages, max(k, BACK), n_neighbors=10),
        csls_biases(*languages, n_neighbors=10),
        k,
    )


WAYS: list[Callable[[Languages, Indices, int], CandidatePairs]] = [
    lambda languages, rows, k: search(languages, rows, k, biased=True),
    lambda languages, rows, k: search(languages, rows, k, biased=False),
    of_neighbors,
]
ways = pytest.mark.parametrize("way", WAYS, ids=["biased", "few", "neighbors"])


@ways
@makers
@pytest.mark.parametrize("k", [1, K])
def test_candidates_and_their_figures_are_those_of_the_formulas(
    make: Callable[..., Languages], way: Callable[..., CandidatePairs], k: int
) -> None:
    source, target = make_languages(make, N, M)
    found = way((source, target), ROWS, k)
    scores = csls(source, target, 10)
    best, expected = top_k(scores[ROWS], k)
    assert (len(found), repr(found)) == (5 * k, f"CandidatePairs(5 words, k={k})")
    assert found.words == [SOURCE_WORDS[row] for row in ROWS]
    assert found.vocabulary == TARGET_WORDS
    np.testing.assert_array_equal(found.source_rows, ROWS)
    np.testing.assert_array_equal(found.target_rows, expected)
    np.testing.assert_allclose(found.csls, best, atol=1e-5)
    of_source, of_target = csls_bias(source, target, 10), csls_bias(target, source, 10)
    np.testing.assert_allclose(found.source_bias, of_source[ROWS], atol=1e-6)
    np.testing.assert_allclose(found.target_bias, of_target[expected], atol=1e-6)
    every = cosines(source, target)
    np.testing.assert_allclose(found.cosine, every[ROWS[:, None], expected], atol=1e-5)
    for number, row in enumerate(ROWS.tolist()):
        for place, column in enumerate(expected[number].tolist()):
            others = np.delete(scores[:, column], row)
            gap = scores[row, column] - others.max()
            assert found.target_gap[number, place] == pytest.approx(gap, abs=1e-5)


@makers
def test_all_ways_agree(make: Callable[..., Languages]) -> None:
    languages = make_languages(make, N, M)
    first, *rest = (way(languages, np.arange(N), K) for way in WAYS)
    for other in rest:
        assert other.words == first.words
        for name in ARRAYS:
            one, two = getattr(first, name), getattr(other, name)
            assert one.dtype == two.dtype, name
            np.testing.assert_allclose(one, two, atol=2e-6, err_msg=name)


def test_equal_vectors_leave_finite_figures() -> None:
    languages = make_languages(duplicated, N, M)
    for way in WAYS:
        found = way(languages, np.arange(N), K)
        for name in ARRAYS:
            assert np.isfinite(getattr(found, name)).all()


@pytest.mark.parametrize("biased", [True, False])
def test_words_beyond_the_vocabulary_compete_with_all_its_words(biased: bool) -> None:
    """The same query is asked as a word of the vocabulary and as one beyond a smaller one."""
    source, target = make_languages(clustered, N, M)
    query = Queries(["new word"], np.array([-1]), source[-1:])
    found = CandidatePairs.search(
        query,
        source[:-1],
        target,
        TARGET_WORDS,
        K,
        n_neighbors=10,
        biases=csls_biases(source[:-1], target, n_neighbors=10) if biased else None,
    )
    nearest = np.sort(cosines(target, source[:-1]))[:, -10:].mean(axis=1)
    own = np.sort(cosines(source[-1:], target))[:, -10:].mean(axis=1)
    asked = 2 * cosines(source[-1:], target) - own[:, None] - nearest
    best, expected = top_k(asked, K)
    np.testing.assert_array_equal(found.target_rows, expected)
    np.testing.assert_allclose(found.csls, best, atol=1e-5)
    assert found.source_rows.tolist() == [N - 1]  # less frequent than all others
    others = csls(source[:-1], target, 10)[:, expected[0]]
    np.testing.assert_allclose(found.target_gap[0], best[0] - others.max(axis=0), atol=1e-5)


def test_small_vocabularies_have_as_many_candidates_as_words() -> None:
    source, target = make_languages(random, 4, 3)
    queries = Queries(["a", "b"], np.array([0, 3]), source[[0, 3]])
    found = CandidatePairs.search(queries, source, target, ["x", "y", "z"], 30, n_neighbors=2)
    assert found.target_rows.shape == (2, 3)
    assert sorted(found.target_rows[0].tolist()) == [0, 1, 2]
    lone = CandidatePairs.search(
        Queries(["a"], np.array([0]), source[:1]), source[:1], target, "xyz", 2, n_neighbors=1
    )
    assert lone.target_gap.tolist() == [[0, 0]]  # no other source word


def test_no_words_have_no_candidates() -> None:
    found = search(make_languages(random, N, M), np.zeros(0, np.int64), K, biased=True)
    assert found.target_rows.shape == (0, K)
    assert len(found) == 0


def test_some_words_are_taken_with_all_figures() -> None:
    found = search(make_languages(hubby, N, M), np.arange(N), K, biased=True)
    some = found.take(ROWS)
    assert some.words == [SOURCE_WORDS[row] for row in ROWS]
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(some, name), getattr(found, name)[ROWS])
    answers, position = some.answers
    assert [answers[i] for i in position.ravel()] == [
        TARGET_WORDS[row] for row in some.target_rows.ravel()
    ]
    assert len(answers) == len(set(answers))


def test_the_best_of_others_is_that_of_a_loop() -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 5, (50, 6)).astype(np.float32)  # with ties
    expected = [[max(np.delete(row, i)) for i in range(6)] for row in values]
    np.testing.assert_array_equal(best_of_others(values), expected)
    assert best_of_others(np.ones((3, 1), np.float32)).tolist() == [[0], [0], [0]]
    assert best_of_others(np.ones((0, 3), np.float32)).shape == (0, 3)
