from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import Planted, plant_clusters
from threadpoolctl import threadpool_limits

from alignx.alignment.unsupervised import starts
from alignx.alignment.unsupervised.initial_pairs import distributional_pairs
from alignx.alignment.unsupervised.runs import Run, RunSettings, agreement
from alignx.alignment.unsupervised.self_learning import SelfLearning
from alignx.alignment.unsupervised.starts import Outcome, Start, grow
from alignx.support.config import config_context
from alignx.vectors.normalizer import Normalizer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Matrix = NDArray[np.float32]

SETTINGS = RunSettings(max_rounds=40)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    with threadpool_limits(1), config_context(n_threads=1):
        yield


def normalized(data: Planted) -> tuple[Matrix, Matrix]:
    return Normalizer().fit_transform(data.source), Normalizer().fit_transform(data.target)


def shuffled(pairs: Indices, seed: int = 0) -> Indices:
    """The same rows, paired at random."""
    order = np.random.default_rng(seed).permutation(len(pairs))
    return np.stack([pairs[:, 0], pairs[order, 1]], axis=1)


def right(outcome: Outcome, data: Planted) -> float:
    """Share of right pairs among the mutual pairs of the outcome."""
    truth = dict(data.pairs.tolist())
    found = outcome.run.found.mutual_pairs().tolist()
    return float(np.mean([truth.get(s) == t for s, t in found]))


@pytest.fixture(scope="module")
def data() -> Planted:
    return plant_clusters(0.2, count=600)


@pytest.fixture(scope="module")
def languages(data: Planted) -> tuple[Matrix, Matrix]:
    return normalized(data)


def test_halves_have_no_source_word_in_common(
    monkeypatch: pytest.MonkeyPatch, languages: tuple[Matrix, Matrix], data: Planted
) -> None:
    seeds: list[Indices] = []

    def remember(*arguments: Any, **_: Any) -> Any:  # noqa: ANN401  # a Run
        seeds.append(arguments[3])
        return Run(*arguments)

    monkeypatch.setattr(starts, "Run", remember)
    grow(languages, [Start("all", data.pairs)], RunSettings(max_rounds=1), 0)
    one, other = seeds
    assert not set(one[:, 0]) & set(other[:, 0])
    assert sorted([*one.tolist(), *other.tolist()]) == sorted(data.pairs.tolist())


@pytest.mark.slow
def test_the_first_start_that_grows_ends_the_search(
    languages: tuple[Matrix, Matrix], data: Planted
) -> None:
    taken = []

    def one_by_one() -> Iterator[Start]:
        for name, pairs in (("wrong", shuffled(data.pairs)), ("right", data.pairs[:40])):
            taken.append(name)
            yield Start(name, pairs)
        pytest.fail("the search must end")

    outcome = grow(languages, one_by_one(), SETTINGS, 0)
    assert taken == ["wrong", "right"]
    assert outcome.start == "right"
    assert outcome.agreement >= SETTINGS.agreement
    assert right(outcome, data) > 0.95
    assert outcome.run.settings is SETTINGS


@pytest.mark.slow
def test_wrong_starts_do_not_agree(languages: tuple[Matrix, Matrix], data: Planted) -> None:
    X, Y = languages
    unrelated = np.random.default_rng(1).permuted(Y, axis=1)
    for seed in range(2):
        # The same wrong pairs twice, in both halves of the words.
        guesses = np.concatenate([shuffled(data.pairs, seed), data.pairs])
        starts = [
            Start("vectors", np.concatenate(distributional_pairs(X, unrelated))),
            Start("guesses", guesses),
        ]
        logged: list[dict[str, Any]] = []
        outcome = grow((X, unrelated), starts, RunSettings(), seed, logged.append)
        assert outcome.agreement < 0.1
        assert len(logged) < 2 * 2 * 100  # given up early, not after 160 rounds each


@pytest.mark.slow
def test_few_right_guesses_among_many_wrong_ones_are_enough() -> None:
    # Rows of no shape, so that the vectors alone give no start.
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((900, 30))
    rotation = np.linalg.qr(rng.standard_normal((30, 30)))[0]
    noise = 0.6 * rng.standard_normal(rows.shape)
    X, Y = (Normalizer().fit_transform(r.astype("f4")) for r in (rows, rows @ rotation + noise))
    truth = np.repeat(np.arange(900)[:, None], 2, axis=1)
    guesses = np.concatenate([truth[:60], shuffled(truth[100:400])])
    learner = SelfLearning().fit(X, Y, guesses=guesses, refinement=0)
    assert not learner.diagnosis_.failed
    assert learner.diagnosis_.start == "guesses"
    assert "started from guesses" in str(learner.diagnosis_)
    found = (learner.transform(X) @ learner.transform_target(Y).T).argmax(axis=1)
    assert (found == truth[:, 1]).mean() > 0.9


@pytest.mark.slow
def test_threads_make_no_difference(languages: tuple[Matrix, Matrix], data: Planted) -> None:
    found = []
    for seed, threads in [(3, 1), (3, 2), (4, 1)]:
        with threadpool_limits(threads, user_api="blas"), config_context(n_threads=threads):
            outcome = grow(languages, [Start("few", data.pairs[:60])], SETTINGS, seed)
        found.append((outcome.agreement, outcome.run.pairs.tobytes()))
    assert found[0] == found[1] != found[2]


def test_one_word_of_each_language_is_fine() -> None:
    rows = np.ones((1, 3), dtype=np.float32)
    start = Start("one", np.zeros((1, 2), dtype=np.int64))
    outcome = grow((rows, rows), [start], RunSettings(max_rounds=2, burst=1), 0)
    assert 0 <= outcome.agreement <= 1
    assert agreement(outcome.run.found, outcome.run.found) == 1


def test_a_search_needs_a_start(languages: tuple[Matrix, Matrix]) -> None:
    with pytest.raises(ValueError, match="starts must be at least 1, got 0"):
        grow(languages, [], SETTINGS, 0)
