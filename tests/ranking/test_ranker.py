from __future__ import annotations

import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ciphered import candidates, ciphered, labeled
from sklearn.base import clone

from alignx.errors import NotFittedError
from alignx.ranking import ranker as module
from alignx.ranking.features import FEATURES, SPELLING, feature_matrix
from alignx.ranking.ranker import LabeledCandidates, PairRanker
from alignx.support.config import config_context

if TYPE_CHECKING:
    from alignx.alignment.shared_space import SharedSpace
    from alignx.ranking.candidates import CandidatePairs

COUNT = 500
ASKED = np.flatnonzero(np.arange(COUNT) % 5 >= 3)
QUICK: dict[str, Any] = {"n_candidates": 10, "hidden": 8, "epochs": 10}
PARAMETERS = ["n_candidates", "features", "hidden", "alpha", "epochs", "random_state"]


def parts_of(space: SharedSpace) -> list[LabeledCandidates]:
    numbers = np.setdiff1d(np.arange(COUNT), ASKED)
    return [labeled(space, numbers[i::2], numbers[1 - i :: 2]) for i in range(2)]


@pytest.fixture(scope="module")
def space() -> SharedSpace:
    return ciphered(COUNT)


@pytest.fixture(scope="module")
def parts(space: SharedSpace) -> list[LabeledCandidates]:
    return parts_of(space)


@pytest.fixture(scope="module")
def fitted(parts: list[LabeledCandidates]) -> PairRanker:
    return PairRanker(**QUICK).fit(parts)


@pytest.fixture(scope="module")
def asked(space: SharedSpace) -> CandidatePairs:
    return candidates(space, ASKED)


def first_right(pairs: CandidatePairs, best: np.ndarray) -> float:
    return float((best == pairs.source_rows).mean())


# --- what is learned --------------------------------------------------------------------------


@pytest.mark.parametrize("features", [None, [*SPELLING, "csls"], ["csls", "frequency_distance"]])
def test_spelling_and_frequency_tell_what_csls_does_not(
    parts: list[LabeledCandidates], asked: CandidatePairs, features: list[str] | None
) -> None:
    fitted = PairRanker(**QUICK, features=features).fit(parts)
    by_csls = first_right(asked, asked.target_rows[:, 0])
    learned = first_right(asked, fitted.rank(asked).indices[:, 0])
    assert by_csls < 0.6
    assert learned > by_csls + 0.15


def test_probabilities_are_those_of_the_network(fitted: PairRanker, asked: CandidatePairs) -> None:
    found = fitted.predict_proba(asked)
    assert found.shape == asked.target_rows.shape
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()
    X = feature_matrix(asked, fitted.spelling_).astype(np.float64)
    X = np.clip((X - fitted.mean_) / fitted.scale_, -20, 20)
    hidden = np.maximum(X @ fitted.weights_ + fitted.biases_, 0)
    logits = hidden @ fitted.output_weights_ + fitted.output_bias_
    np.testing.assert_allclose(found.ravel(), 1 / (1 + np.exp(-logits[:, 0])), atol=1e-5)


def test_probabilities_are_about_right(fitted: PairRanker, asked: CandidatePairs) -> None:
    found = fitted.predict_proba(asked)
    is_right = asked.target_rows == asked.source_rows[:, None]
    assert abs(found.mean() - is_right.mean()) < 0.03
    assert found[is_right].mean() > 0.5 > 0.1 > found[~is_right].mean()


def test_ranking_sorts_by_probability(fitted: PairRanker, asked: CandidatePairs) -> None:
    probability, ranked = fitted.predict_proba(asked), fitted.rank(asked)
    for row in range(len(ASKED)):
        order = sorted(range(10), key=lambda i: -probability[row, i])  # stable
        assert ranked.indices[row].tolist() == asked.target_rows[row, order].tolist()
        assert ranked.scores[row].tolist() == probability[row, order].tolist()


def test_missing_candidates_have_probability_0_and_come_last(
    fitted: PairRanker, asked: CandidatePairs
) -> None:
    rows = asked.target_rows.copy()
    rows[::2, 7:] = -1
    found = fitted.predict_proba(replace(asked, target_rows=rows))
    assert (found[rows < 0] == 0).all()
    assert (found[rows >= 0] > 0).all()
    assert (fitted.rank(replace(asked, target_rows=rows)).indices[::2, 7:] == -1).all()


@pytest.mark.filterwarnings("error")
def test_far_values_overflow_nowhere(fitted: PairRanker, asked: CandidatePairs) -> None:
    again = PairRanker.restored(fitted.facts(), fitted.tensors())
    again.output_weights_ = again.output_weights_ * 1e4
    found = again.predict_proba(replace(asked, csls=asked.csls * 1e6))
    assert ((found >= 0) & (found <= 1)).all()


def test_no_words_have_no_probabilities(fitted: PairRanker, asked: CandidatePairs) -> None:
    assert fitted.predict_proba(asked.take(np.zeros(0, np.int64))).shape == (0, 10)


def test_blocks_and_single_words_make_no_difference(
    fitted: PairRanker, asked: CandidatePairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = fitted.predict_proba(asked)
    monkeypatch.setattr(module, "BLOCK", 7)
    np.testing.assert_allclose(fitted.predict_proba(asked), together, atol=1e-6)
    for row in (0, 99):
        alone = fitted.predict_proba(asked.take(np.array([row])))
        np.testing.assert_allclose(alone[0], together[row], atol=1e-6)


@pytest.mark.slow
def test_fits_are_the_same_on_any_number_of_threads(space: SharedSpace) -> None:
    fits = []
    for n_threads in (1, 2):
        with config_context(n_threads=n_threads):
            fits.append(PairRanker(**QUICK | {"epochs": 2}).fit(parts_of(space)).tensors())
    for name, tensor in fits[0].items():
        assert tensor.tobytes() == fits[1][name].tobytes(), name


@pytest.mark.slow
def test_other_seeds_give_other_networks(parts: list[LabeledCandidates]) -> None:
    one, other = (
        PairRanker(**QUICK | {"epochs": 1}, random_state=seed).fit(parts) for seed in (0, 1)
    )
    assert not np.array_equal(one.weights_, other.weights_)
    assert one.spelling_.maps.tobytes() == other.spelling_.maps.tobytes()


def test_some_words_are_selected(parts: list[LabeledCandidates]) -> None:
    part = parts[0]
    only, rest = part.every(3, only=1), part.every(3, skip=1)
    assert only.pairs.words == list(part.pairs.words)[1::3]
    np.testing.assert_array_equal(only.is_correct, part.is_correct[1::3])
    assert not set(only.pairs.words) & set(rest.pairs.words)
    assert len(only.is_correct) + len(rest.is_correct) == len(part.is_correct)
    assert only.known is part.known


# --- scikit-learn's contract ------------------------------------------------------------------


def test_parameters_are_kept_as_given() -> None:
    given = {
        "n_candidates": 5,
        "features": ["csls", "edit"],
        "hidden": 3,
        "alpha": 0.5,
        "epochs": 2,
        "random_state": 7,
    }
    ranker = PairRanker(**given)  # type: ignore[arg-type]
    assert list(given) == PARAMETERS
    assert ranker.get_params() == given
    assert clone(ranker).get_params() == given
    assert ranker.set_params(hidden=4).hidden == 4
    assert repr(PairRanker()) == "PairRanker()"
    assert repr(PairRanker(hidden=4)) == "PairRanker(hidden=4)"
    assert PairRanker(hidden=-1).hidden == -1  # checked by fit


@pytest.mark.slow
def test_a_clone_has_learned_nothing_and_fit_returns_itself(
    fitted: PairRanker, asked: CandidatePairs, parts: list[LabeledCandidates]
) -> None:
    new = clone(fitted)
    for method in (new.predict_proba, new.rank):
        with pytest.raises(NotFittedError, match="must be fitted before"):
            method(asked)
    assert new.fit(parts) is new
    np.testing.assert_array_equal(new.predict_proba(asked), fitted.predict_proba(asked))
    assert fitted.names_ == tuple(FEATURES)


def test_pickled_and_restored_rankers_give_the_same_bits(
    fitted: PairRanker, asked: CandidatePairs
) -> None:
    expected = fitted.predict_proba(asked)
    for again in (
        pickle.loads(pickle.dumps(fitted)),
        PairRanker.restored(fitted.facts(), fitted.tensors()),
    ):
        assert again.get_params() == fitted.get_params()
        assert again.predict_proba(asked).tobytes() == expected.tobytes()
    assert {tensor.dtype for tensor in fitted.tensors().values()} == {np.dtype(np.float32)}


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "gist"),
    [
        ({"n_candidates": 1}, "n_candidates must be at least 2, got 1"),
        ({"hidden": 0}, "hidden must be at least 1, got 0"),
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"random_state": -1}, "random_state must be at least 0, got -1"),
        ({"alpha": -0.1}, "alpha must be at least 0, got -0.1"),
        ({"alpha": float("nan")}, "alpha must be at least 0, got nan"),
        ({"features": ["csls", "magic"]}, "features must be some of csls, .*, got .*magic"),
        ({"features": []}, r"features must be some of csls, .*, got \[\]"),
        ({"features": "csls"}, "features must be some of csls, .*, got 'csls'"),
    ],
)
def test_parameters_out_of_range_are_refused(
    parts: list[LabeledCandidates], options: dict[str, Any], gist: str
) -> None:
    with pytest.raises(ValueError, match=gist):
        PairRanker(**options).fit(parts)


@pytest.mark.parametrize("value", [True, False])
def test_candidates_of_one_kind_are_refused(parts: list[LabeledCandidates], value: bool) -> None:
    alike = [part._replace(is_correct=np.full_like(part.is_correct, value)) for part in parts]
    gist = f"must be right and wrong ones, got {3000 if value else 0} right of 3000"
    with pytest.raises(ValueError, match=gist):
        PairRanker(**QUICK).fit(alike)


def test_files_with_unknown_features_are_refused(fitted: PairRanker) -> None:
    with pytest.raises(ValueError, match=r"features must be some of .*, got .*magic"):
        PairRanker.restored({**fitted.facts(), "features": ["magic"]}, fitted.tensors())
    short = {name: value for name, value in fitted.tensors().items() if name != "biases"}
    with pytest.raises(KeyError):
        PairRanker.restored(fitted.facts(), short)
