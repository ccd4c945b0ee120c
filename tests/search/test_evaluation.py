"""Ranking metrics beside those of ir-measures."""

from __future__ import annotations

import numpy as np
import pytest

import alignx as ax
from alignx.search.evaluation import _metrics


@pytest.mark.slow
def test_metrics_are_those_of_ir_measures() -> None:
    ir_measures = pytest.importorskip("ir_measures", reason="ir-measures is not installed")
    rng = np.random.default_rng(0)
    for _ in range(20):
        found = rng.permutation(40)[: rng.integers(1, 30)].tolist()
        relevant = set(rng.permutation(40)[: rng.integers(1, 15)].tolist())
        names = [ir_measures.AP, ir_measures.nDCG @ 10, ir_measures.RR, ir_measures.P @ 1]
        peer = ir_measures.calc_aggregate(
            names,
            {"q": {str(row): 1 for row in relevant}},
            {"q": {str(row): -float(rank) for rank, row in enumerate(found)}},
        )
        np.testing.assert_allclose(_metrics(found, relevant), [peer[name] for name in names])


def test_a_report_averages_over_queries() -> None:
    words = ax.Embeddings(["cat", "dog", "cow"], np.eye(3))
    index = ax.CrossLingualIndex.build(
        ax.SharedSpace({"en": words, "sv": words}), {"sv": ["cat", "dog", "cow"]}
    )
    report = ax.evaluate_search(index, ["cat", "dog"], [[0], [2]], language="en")
    assert report.figures == {"map": 0.5, "ndcg": 0.5, "mrr": 0.5, "precision": 0.5}
    assert report.intervals["mrr"] == (0.0, 1.0)
    assert str(report).endswith("P@1 0.500 (0.000-1.000); 2 queries")
    assert report.as_dict()["n"] == 2


@pytest.mark.parametrize(
    ("relevant", "problem"),
    [([[0], []], "none at 1"), ([[0]], "equal lengths, at least 1, got 2 and 1")],
)
def test_wrong_answers_are_refused(relevant: list[list[int]], problem: str) -> None:
    words = ax.Embeddings(["cat", "dog"], np.eye(2))
    index = ax.CrossLingualIndex.build(ax.SharedSpace({"en": words, "sv": words}), {"sv": ["cat"]})
    with pytest.raises(ValueError, match=problem):
        ax.evaluate_search(index, ["cat", "dog"], relevant, language="en")
