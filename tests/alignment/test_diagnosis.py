from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import plant_clusters
from reference import cosines, csls, top_k

from alignx.alignment.diagnosis import LEAST_AGREEMENT, Diagnosis, diagnose
from alignx.support.arrays import unit_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]


def two_languages(noise: float, count: int = 300, target_count: int = 260) -> tuple[Matrix, Matrix]:
    data = plant_clusters(noise, count=count, dimension=12, target_count=target_count)
    mapped = data.source @ data.rotation
    return unit_rows(mapped.astype(np.float32)), unit_rows(data.target)


def expected(X: Matrix, Y: Matrix) -> tuple[float, float, float]:
    """Criterion, mutual share and hubness as their descriptions read."""
    k = min(10, len(X), len(Y))
    scores, cosine = csls(X, Y, k), cosines(X, Y)
    best = scores.argmax(axis=1)
    criterion = np.mean([cosine[row, column] for row, column in enumerate(best)])
    mutual = np.mean([scores[:, column].argmax() == row for row, column in enumerate(best)])
    chosen = np.zeros(len(Y))
    for row in top_k(cosine, k)[1]:
        chosen[row] += 1
    apart = chosen - chosen.mean()
    spread = math.sqrt((apart**2).mean())
    skewness = (apart**3).mean() / spread**3 if spread else 0.0
    return float(criterion), float(mutual), float(skewness)


@pytest.mark.parametrize("noise", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("sizes", [(300, 260), (60, 120), (40, 40)])
def test_figures_are_those_of_their_definitions(noise: float, sizes: tuple[int, int]) -> None:
    X, Y = two_languages(noise, *sizes)
    found = diagnose(X, Y, 0.7)
    criterion, mutual, hubness = expected(X, Y)
    assert found.agreement == 0.7
    assert found.criterion == pytest.approx(criterion, abs=1e-5)
    assert found.mutual == pytest.approx(mutual, abs=1e-9)
    assert found.hubness == pytest.approx(hubness, rel=1e-6)


def test_only_the_most_frequent_words_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alignx.alignment.diagnosis.VOCABULARY", 50)
    X, Y = two_languages(0.3)
    assert diagnose(X, Y, 1.0) == diagnose(X[:50], Y[:50], 1.0)
    monkeypatch.setattr("alignx.alignment.diagnosis.VOCABULARY", 51)
    assert diagnose(X, Y, 1.0) != diagnose(X[:50], Y[:50], 1.0)


@pytest.mark.parametrize("count", [1, 2, 10])
def test_a_few_words_have_figures(count: int) -> None:
    rows = np.eye(count, dtype=np.float32)
    # All are chosen equally often: no word is a hub.
    assert diagnose(rows, rows, 1.0) == Diagnosis(1.0, 1.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("agreement", "failed"),
    [
        (0.0, True),
        (math.nextafter(LEAST_AGREEMENT, 0), True),
        (LEAST_AGREEMENT, False),
        (1.0, False),
    ],
)
def test_agreement_alone_decides(agreement: float, failed: bool) -> None:
    for others in ((0.0, 0.0, 30.0), (1.0, 1.0, 0.0)):
        assert Diagnosis(agreement, *others).failed is failed


def test_text_and_dict_hold_the_figures() -> None:
    found = Diagnosis(0.123, 0.4567, 0.891, 2.34)
    assert str(found) == (
        f"agreement of runs 0.12 (at least {LEAST_AGREEMENT}), mean cosine 0.457, "
        "mutual neighbors 89.1%, hubness 2.3"
    )
    facts = found.as_dict()
    figures = {"agreement": 0.123, "criterion": 0.4567, "mutual": 0.891, "hubness": 2.34}
    assert facts == {**figures, "start": ""}
    assert str(replace(found, start="guesses")) == f"{found}, started from guesses"
    assert Diagnosis(**json.loads(json.dumps(facts, allow_nan=False))) == found
    measured = diagnose(*two_languages(0.3), 0.5).as_dict()
    assert measured.pop("start") == ""
    assert all(type(value) is float for value in measured.values())
