"""Accuracy of sentence retrieval."""

from __future__ import annotations

import numpy as np
import pytest

import alignx as ax
from alignx.errors import DimensionError
from alignx.support.arrays import Matrix, unit_rows


def pairs(count: int = 60, noise: float = 0.9, seed: int = 0) -> tuple[Matrix, Matrix]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, 8))
    other = rows + noise * rng.normal(size=rows.shape)
    return unit_rows(rows.astype(np.float32)), unit_rows(other.astype(np.float32))


def slow_ranks(X: Matrix, Y: Matrix, k: int | None) -> list[int]:
    scores = X.astype(np.float64) @ Y.astype(np.float64).T
    if k is not None:
        scores = scores - np.sort(scores, axis=0)[-k:].mean(axis=0) / 2
    return [int(np.sum(row >= row[i])) for i, row in enumerate(scores)]


@pytest.mark.parametrize(("ranking", "k"), [("nn", None), ("csls", 10)])
def test_it_agrees_with_slow_ranks(
    ranking: str, k: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alignx.evaluation.sentence_retrieval._BLOCK", 7)
    X, Y = pairs()
    found = ax.evaluate_sentences(X, Y)
    for accuracy, ranks in (
        (found.from_source[ranking], np.array(slow_ranks(X, Y, k))),
        (found.from_target[ranking], np.array(slow_ranks(Y, X, k))),
    ):
        assert 0.3 < accuracy.precision[1] < 1
        assert accuracy.precision[1] == (ranks == 1).mean()
        assert accuracy.mrr == pytest.approx((1 / ranks).mean())


def test_zero_rows_are_wrong_and_counted() -> None:
    X, Y = pairs(noise=0.0)
    empty = X.copy()
    empty[:6] = 0
    found = ax.evaluate_sentences(empty, Y)
    assert found.empty == 6
    assert found.from_source["nn"].precision[1] == pytest.approx(0.9)


def test_bad_rows_are_refused() -> None:
    X, Y = pairs()
    with pytest.raises(ValueError, match="as many rows, got 60 and 59"):
        ax.evaluate_sentences(X, Y[1:])
    with pytest.raises(ValueError, match="at least 1 row"):
        ax.evaluate_sentences(X[:0], Y[:0])
    with pytest.raises(DimensionError):
        ax.evaluate_sentences(X, Y[:, 1:])
    with pytest.raises(ValueError, match="finite"):
        ax.evaluate_sentences(np.full_like(X, np.nan), Y)
