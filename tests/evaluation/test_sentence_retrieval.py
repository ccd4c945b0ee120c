"""Accuracy of sentence retrieval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import alignx as ax
from alignx.errors import DimensionError
from alignx.support.arrays import Double, Matrix, unit_rows

if TYPE_CHECKING:
    from collections.abc import Callable


def pairs(count: int = 60, noise: float = 0.9, seed: int = 0) -> tuple[Matrix, Matrix]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, 8))
    other = rows + noise * rng.normal(size=rows.shape)
    return unit_rows(rows.astype(np.float32)), unit_rows(other.astype(np.float32))


def cosines(X: Matrix, Y: Matrix) -> Double:
    return X.astype(np.float64) @ Y.astype(np.float64).T


def csls(X: Matrix, Y: Matrix) -> Double:
    scores = cosines(X, Y)
    return np.asarray(scores - np.sort(scores, axis=0)[-10:].mean(axis=0) / 2)


def margin(X: Matrix, Y: Matrix) -> Double:
    scores = cosines(X, Y)
    of_queries = np.sort(scores, axis=1)[:, -4:].mean(axis=1, keepdims=True)
    return np.asarray(scores / ((of_queries + np.sort(scores, axis=0)[-4:].mean(axis=0)) / 2))


@pytest.mark.parametrize(
    ("ranking", "measure"), [("nn", cosines), ("csls", csls), ("margin", margin)]
)
def test_it_agrees_with_slow_ranks(
    ranking: str, measure: Callable[[Matrix, Matrix], Double], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alignx.evaluation.sentence_retrieval._BLOCK", 7)
    X, Y = pairs()
    found = ax.evaluate_sentences(X, Y)
    for accuracy, scores in (
        (found.from_source[ranking], measure(X, Y)),
        (found.from_target[ranking], measure(Y, X)),
    ):
        ranks = np.array([np.sum(row >= row[i]) for i, row in enumerate(scores)])
        assert 0.3 < accuracy.precision[1] < 1
        assert accuracy.precision[1] == (ranks == 1).mean()
        assert accuracy.mrr == pytest.approx((1 / ranks).mean())


def test_zero_rows_are_wrong_and_counted() -> None:
    X, Y = pairs(noise=0.0)
    empty = X.copy()
    empty[:6] = 0
    found = ax.evaluate_sentences(empty, Y)
    assert found.empty == 6
    for accuracy in found.from_source.values():
        assert accuracy.precision[1] == pytest.approx(0.9)


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


def test_few_sentences_bring_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    rows = np.eye(3, dtype=np.float32)[:2]
    assert ax.evaluate_sentences(rows, rows).from_source["margin"].precision[1] == 1
    assert not caplog.records
