from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_languages import assert_best, hubby, make_languages

from alignx.retrieval.csls import csls_biases, csls_neighbors
from alignx.retrieval.ranked import RANKINGS, Ranking, key_biases, ranked_neighbors
from alignx.retrieval.soft_biases import hubless_biases, inverted_softmax_biases

if TYPE_CHECKING:
    from collections.abc import Callable

    from alignx.support.arrays import Matrix

SOURCE, TARGET = make_languages(hubby)


def test_each_ranking_has_its_biases() -> None:
    functions: dict[Ranking, Callable[..., tuple[Matrix, Matrix]]] = {
        "csls": csls_biases,
        "isf": inverted_softmax_biases,
        "hnn": hubless_biases,
    }
    for ranking, function in functions.items():
        expected = function(SOURCE, TARGET)
        found = key_biases(ranking, SOURCE, TARGET)
        for mine, other in zip(found, expected, strict=True):
            assert mine is not None
            np.testing.assert_array_equal(mine, other)
    assert key_biases("nn", SOURCE, TARGET) == (None, None)
    assert {*functions, "nn", "learned"} == {*RANKINGS}  # which has no biases


@pytest.mark.parametrize("ranking", ["csls", "nn", "isf", "hnn"])
def test_neighbors_are_those_of_brute_force(ranking: Ranking) -> None:
    biases = key_biases(ranking, SOURCE, TARGET)
    found = ranked_neighbors(SOURCE, TARGET, 5, biases)
    source_bias, target_bias = (0 if bias is None else bias for bias in biases)
    scores = SOURCE.astype(np.float64) @ TARGET.T.astype(np.float64)
    assert_best(found.of_source, scores - target_bias)
    assert_best(found.of_target, scores.T - source_bias)
    if ranking == "csls":
        expected = csls_neighbors(SOURCE, TARGET, 5)
        np.testing.assert_array_equal(found.of_source.indices, expected.of_source.indices)


def test_bad_input_is_refused() -> None:
    with pytest.raises(
        ValueError, match="ranking must be one of 'learned', 'csls', 'nn', 'isf', 'hnn', got"
    ):
        key_biases("best", SOURCE, TARGET)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="n_neighbors is of CSLS and has no effect with ranking"):
        key_biases("isf", SOURCE, TARGET, n_neighbors=3)
    with pytest.raises(ValueError, match=r"k must lie in \[1, "):
        ranked_neighbors(SOURCE, TARGET, 0, (None, None))
