from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_languages import MAKERS, hubby, make_languages, unit
from reference import cosines

from alignx.classification.comparison.space_similarity import Bootstrap, similarities
from alignx.reporting.prospects.geometry import (
    duplicates,
    iso_score,
    mean_cosine,
    singular_values,
)
from alignx.reporting.prospects.isomorphism import (
    effective_condition_number,
    laplacian_gap,
    relational_similarity,
    singular_value_gap,
)
from alignx.retrieval.occurrences import occurrences, skewness

if TYPE_CHECKING:
    from made_languages import Languages

    from alignx.support.arrays import Double, Matrix

pytestmark = pytest.mark.usefixtures("one_blas_thread")


@pytest.fixture(scope="module", params=MAKERS[:3], ids=lambda make: make.__name__)
def languages(request: pytest.FixtureRequest) -> Languages:
    return make_languages(request.param)


def turned(rows: Matrix) -> Matrix:
    random = np.random.default_rng(1).standard_normal((rows.shape[1], rows.shape[1]))
    return np.asarray(rows @ np.linalg.qr(random)[0], np.float32)


# --- one language -----------------------------------------------------------------------------


def test_singular_values_are_those_of_a_decomposition(languages: Languages) -> None:
    expected = np.linalg.svd(languages[0].astype(np.float64), compute_uv=False)
    np.testing.assert_allclose(singular_values(languages[0]), expected, rtol=1e-9)


def test_mean_cosine_is_that_of_all_pairs(languages: Languages) -> None:
    rows = np.concatenate([languages[0], np.zeros((1, 20), np.float32)])
    above = np.triu_indices(len(languages[0]), 1)
    expected = cosines(languages[0], languages[0])[above].mean()
    assert mean_cosine(3 * rows) == pytest.approx(expected, abs=1e-6)


def test_iso_score_follows_the_algorithm_as_printed(languages: Languages) -> None:
    rows = languages[0].astype(np.float64)
    n = rows.shape[1]
    axes = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[2]
    variances = np.diag(np.cov((rows @ axes.T).T))  # steps 2 and 3
    scaled = math.sqrt(n) * variances / np.linalg.norm(variances)  # step 4
    defect = np.linalg.norm(scaled - 1) / math.sqrt(2 * (n - math.sqrt(n)))  # step 5
    share = (n - defect**2 * (n - math.sqrt(n))) ** 2 / n**2  # step 6
    assert iso_score(languages[0]) == pytest.approx((n * share - 1) / (n - 1))


def test_iso_score_is_zero_along_one_line() -> None:
    line = np.outer(np.arange(9), np.eye(5)[0]).astype(np.float32)
    assert iso_score(line) == pytest.approx(0, abs=1e-9)
    assert iso_score(np.ones((4, 3), np.float32)) == 0


def test_occurrences_count_the_nearest_of_each_row(languages: Languages) -> None:
    rows = languages[0]
    scores = cosines(rows, rows)
    np.fill_diagonal(scores, -np.inf)
    nearest = np.argsort(-scores, axis=1)[:, :5]
    expected = np.bincount(nearest.ravel(), minlength=len(rows))
    np.testing.assert_array_equal(occurrences(rows, 5), expected)


def test_occurrences_of_equal_rows_add_up() -> None:
    rows = unit(np.ones((30, 4)))
    assert occurrences(rows, 3).sum() == 90
    assert occurrences(rows[:1], 3).tolist() == [0]


def test_skewness_is_the_third_moment_and_finds_hubs() -> None:
    counts = occurrences(make_languages(hubby)[1], 10)
    centered = counts - counts.mean()
    expected = (centered**3).mean() / (centered**2).mean() ** 1.5
    assert skewness(counts) == pytest.approx(expected)
    assert expected > 1
    assert skewness(np.full(9, 3)) == 0


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30))
def test_duplicates_are_rows_seen_before(numbers: list[int]) -> None:
    rows = np.array([[n, -n] for n in numbers], np.float32)
    known = [n for n in numbers if n]
    assert duplicates(rows) == len(known) - len(set(known))


# --- two languages ----------------------------------------------------------------------------


def spectra(languages: Languages) -> tuple[Double, Double]:
    return singular_values(languages[0]), singular_values(languages[1])


def test_singular_value_gap_is_the_printed_sum(languages: Languages) -> None:
    one, other = spectra(languages)
    expected = sum((math.log(a) - math.log(b)) ** 2 for a, b in zip(one, other, strict=True))
    assert singular_value_gap(one, other) == pytest.approx(expected)
    assert singular_value_gap(one, one[:5]) == 0


def test_spectral_similarity_is_that_of_source_rankings(languages: Languages) -> None:
    one, other = (values / np.linalg.norm(values) for values in spectra(languages))
    ours = math.exp(-math.sqrt(singular_value_gap(one, other) / len(one)))
    theirs = similarities(*languages, Bootstrap(resamples=1))["spectral"][0]
    assert ours == pytest.approx(theirs, rel=1e-6)


def test_effective_condition_number_follows_its_definition(languages: Languages) -> None:
    values = spectra(languages)[0]
    shares = [value / sum(values) for value in values]
    rank = math.floor(math.exp(-sum(share * math.log(share) for share in shares)))
    assert effective_condition_number(values) == pytest.approx(values[0] / values[rank - 1])
    assert effective_condition_number(np.array([3.0, 3.0, 0.0])) == pytest.approx(1)


def laplacian(rows: Matrix) -> Double:
    """Eigenvalues of degree matrix minus adjacency, link by link."""
    scores = cosines(rows, rows)
    np.fill_diagonal(scores, -np.inf)
    n = len(rows)
    links = {frozenset((i, int(j))) for i in range(n) for j in np.argsort(-scores[i])[:10]}
    matrix = np.zeros((n, n))
    for i, j in map(tuple, links):
        matrix[i, j] = matrix[j, i] = -1
        matrix[i, i] += 1
        matrix[j, j] += 1
    return np.sort(np.linalg.eigvals(matrix).real)[::-1]


def test_laplacian_gap_compares_graphs_of_neighbors(languages: Languages) -> None:
    X, Y = languages[0][:120], languages[1][:120]
    one, other = laplacian(X), laplacian(Y)
    k = min(
        next(k for k in range(1, 121) if values[:k].sum() >= 0.9 * values.sum())
        for values in (one, other)
    )
    expected = ((one[:k] - other[:k]) ** 2).sum() / k
    assert laplacian_gap(X, Y) == pytest.approx(expected, rel=1e-3)
    assert laplacian_gap(X, turned(X)) == pytest.approx(0, abs=1e-3)


def test_relational_similarity_is_the_correlation_of_cosines(languages: Languages) -> None:
    X, Y = languages[0][:50], languages[1][:50]
    pairs = [(i, j) for i in range(50) for j in range(i)]
    one, other = cosines(X, X), cosines(Y, Y)
    expected = np.corrcoef([one[p] for p in pairs], [other[p] for p in pairs])[0, 1]
    assert relational_similarity(X, Y) == pytest.approx(expected, abs=1e-5)
    assert relational_similarity(X, turned(X)) == pytest.approx(1, abs=1e-5)
    assert relational_similarity(X[:2], Y[:2]) == 0
    assert relational_similarity(X, np.tile(Y[:1], (50, 1))) == 0
