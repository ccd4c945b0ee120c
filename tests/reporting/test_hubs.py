from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_languages import hubby, make_languages
from reference import cosines, csls, top_k

from alignx.alignment.shared_space import SharedSpace
from alignx.reporting.hubs import Hubs
from alignx.retrieval.csls import csls_neighbors
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def space() -> SharedSpace:
    source, target = make_languages(hubby, 150, 90)
    return SharedSpace(
        {
            "en": Embeddings([f"cat{i}" for i in range(150)], source),
            "es": Embeddings([f"gato{i}" for i in range(90)], target),
        }
    )


def hubs_of(space: SharedSpace) -> Hubs:
    k = space.n_neighbors()
    return Hubs.of(
        space, csls_neighbors(space.source.vectors, space.target.vectors, k, n_neighbors=k)
    )


def occurrences(scores: NDArray[np.float64], k: int) -> list[int]:
    """Number of rows that have each column among their k best, one by one."""
    counts = Counter(column for row in top_k(scores, k)[1].tolist() for column in row)
    return [counts[column] for column in range(scores.shape[1])]


def skewness(values: list[int]) -> float:
    deviations = np.array(values, dtype=np.float64) - np.mean(values)
    return float((deviations**3).mean() / (deviations**2).mean() ** 1.5)


def test_counts_are_those_of_all_scores(space: SharedSpace) -> None:
    hubs, k = hubs_of(space), 10
    X, Y = space.source.vectors, space.target.vectors
    before, after = occurrences(cosines(X, Y), k), occurrences(csls(X, Y, k), k)
    assert hubs.before.tolist() == before
    assert hubs.after.tolist() == after
    assert hubs.k == k
    assert hubs.skewness == pytest.approx((skewness(before), skewness(after)))
    assert hubs.skewness[0] > hubs.skewness[1] > 0


def test_the_worst_hubs_have_names_and_examples(space: SharedSpace) -> None:
    hubs = hubs_of(space)
    assert [each.before for each in hubs.worst] == sorted(hubs.before.tolist(), reverse=True)[:20]
    nearest = cosines(space.source.vectors, space.target.vectors).argmax(axis=1)
    worst = hubs.worst[0]
    row = space.target.words.index(worst.word)
    assert (worst.before, worst.after) == (hubs.before[row], hubs.after[row])
    assert [*worst.examples] == [f"cat{i}" for i in np.flatnonzero(nearest == row)[:5]]
    assert hubs.as_dict()["worst"][0]["word"] == worst.word


def test_equal_counts_have_no_skewness() -> None:
    eye = Embeddings(["a", "b", "c"], np.eye(3))
    assert hubs_of(SharedSpace({"en": eye, "es": eye})).skewness == (0.0, 0.0)
