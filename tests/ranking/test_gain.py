from __future__ import annotations

import numpy as np
import pytest
from ciphered import ciphered, labeled
from sklearn.base import clone

from alignx.ranking.gain import RankingGain, expected_calibration_error, measure_gain
from alignx.ranking.ranker import PairRanker


def test_figures_are_those_of_numpy() -> None:
    rng = np.random.default_rng(0)
    learned, csls, probability = rng.random(501) < 0.7, rng.random(501) < 0.6, rng.random(501)
    gain = RankingGain.of(learned, csls, probability)
    assert (gain.learned, gain.csls, gain.n) == (learned.mean(), csls.mean(), 501)
    difference = learned.astype(int) - csls.astype(int)
    assert gain.gain == pytest.approx(learned.mean() - csls.mean())
    error = difference.std(ddof=1) / np.sqrt(501)
    assert (gain.low, gain.high) == pytest.approx(
        (gain.gain - 1.96 * error, gain.gain + 1.96 * error)
    )
    assert not gain.is_loss
    assert RankingGain.of(csls, learned, probability).is_loss
    assert not RankingGain.of(csls, csls, probability).is_loss
    assert RankingGain(**gain.as_dict()) == gain  # type: ignore[arg-type]  # n is an int
    assert gain.records() == [gain.as_dict()]
    assert list(gain.to_frame().columns) == list(gain.as_dict())


@pytest.mark.parametrize("n", [1, 9, 10, 11, 95])
def test_the_calibration_error_is_that_of_a_loop(n: int) -> None:
    rng = np.random.default_rng(n)
    probability, right = rng.random(n), rng.random(n) < 0.5
    order = sorted(range(n), key=lambda i: probability[i])
    total = 0.0
    for part in np.array_split(np.array(order), min(10, n)):
        total += abs(sum(probability[i] for i in part) - sum(right[i] for i in part))
    assert expected_calibration_error(probability, right) == pytest.approx(total / n)


def test_the_error_of_true_probabilities_is_small() -> None:
    rng = np.random.default_rng(0)
    probability = rng.random(20_000)
    right = rng.random(20_000) < probability
    assert expected_calibration_error(probability, right) < 0.02
    assert expected_calibration_error(probability / 2, right) > 0.2


@pytest.mark.slow
def test_the_gain_is_measured_on_words_that_were_not_learned_from() -> None:
    space = ciphered(300)
    numbers = np.arange(300)
    parts = [labeled(space, numbers[i::2], numbers[1 - i :: 2]) for i in range(2)]
    ranker = PairRanker(n_candidates=10, epochs=3, hidden=4)
    found = measure_gain(ranker, parts)
    learned, csls, probability = [], [], []
    for half in (0, 1):
        asked = {word for part in parts for word in list(part.pairs.words)[half::2]}
        rest = [
            part._replace(
                pairs=part.pairs.take(np.arange(1 - half, 150, 2)),
                is_correct=part.is_correct[1 - half :: 2],
                known=[(source, target) for source, target in part.known if source not in asked],
            )
            for part in parts
        ]
        fitted = clone(ranker).fit(rest)
        for part in parts:
            chances = fitted.predict_proba(part.pairs)
            for row in range(half, 150, 2):
                best = int(chances[row].argmax())
                learned.append(part.is_correct[row, best])
                csls.append(part.is_correct[row, 0])
                probability.append(chances[row, best])
    expected = RankingGain.of(np.array(learned), np.array(csls), np.array(probability))
    assert found.as_dict() == pytest.approx(expected.as_dict(), abs=1e-6)
    assert found.n == 300
    assert not hasattr(ranker, "spelling_")  # that was given


def test_transferred_figures_tell_their_origin() -> None:
    right = np.arange(100) % 2 == 0
    gain = RankingGain.of(right, right, np.full(100, 0.7), transferred=True)
    assert RankingGain(**gain.as_dict()) == gain  # type: ignore[arg-type]  # n is an int
    assert gain.as_dict()["transferred"]
    assert str(gain).endswith(
        ", on pairs of languages that it was not learned from; probabilities differ from the share "
        "of right answers by 20.0 points"
    )


def test_halves_of_one_kind_are_refused() -> None:
    space = ciphered(60)
    part = labeled(space, np.arange(60), np.arange(60))
    for value in (True, False):
        wrong = part._replace(is_correct=np.full_like(part.is_correct, value))
        with pytest.raises(ValueError, match="candidates must be right and wrong ones"):
            measure_gain(PairRanker(n_candidates=10), [wrong])
