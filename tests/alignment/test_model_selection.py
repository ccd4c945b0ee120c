from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import Planted, plant, plant_clusters
from reference import csls, procrustes

from alignx.alignment import cross_fit, cross_validation, held_out, model_selection
from alignx.alignment.cross_fit import CrossFit
from alignx.alignment.fit_context import FitContext, FitSpec
from alignx.alignment.model_selection import Auto, Candidate
from alignx.errors import EmptyLexiconError, NotFittedError
from alignx.mapping import LeastSquares, Procrustes, Refinement, Reweighted, balanced_weights
from alignx.support.config import config_context

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from alignx.alignment.cross_validation import Choice
    from alignx.support.progress import Progress


def choose_aligner(
    source: ArrayLike,
    target: ArrayLike,
    pairs: NDArray[np.int64],
    *,
    refinement: int | Refinement = 5,
    progress: Progress | None = None,
    **options: Any,  # noqa: ANN401  # passed on
) -> Choice:
    auto = Auto(**options)
    return auto.fit(source, target, pairs=pairs, refinement=refinement, progress=progress).choice_


def choose(planted: Planted, count: int = 100, **options: Any) -> Choice:  # noqa: ANN401  # passed on
    return choose_aligner(planted.source, planted.target, planted.pairs[:count], **options)


def fit_without_folds(
    planted: Planted,
    pairs: NDArray[np.int64],
    spec: dict[str, Any],
    **options: Any,  # noqa: ANN401  # passed on
) -> CrossFit:
    settings = Refinement(rounds=0, n_neighbors=10)
    context = FitContext(planted.source, planted.target, settings)
    return CrossFit.of(FitSpec(context=context, **spec), pairs, **options)


@pytest.fixture(scope="module")
def easy() -> Planted:
    return plant(0.0, 300, 10)


@pytest.fixture(scope="module")
def hard() -> Planted:
    """So much noise that no candidate is right throughout."""
    return plant(0.6, 300, 10)


def summary(choice: Choice) -> list[tuple[object, ...]]:
    return [(str(s.spec), s.precision, s.n, s.behind, s.reason) for s in choice.scores]


@pytest.fixture
def _all_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no candidate be good enough to leave out the others."""
    monkeypatch.setattr(cross_validation, "ENOUGH", 1.1)


@pytest.fixture
def choice(hard: Planted, _all_tried: None) -> Choice:
    return choose(hard, refinement=1)


# --- fits without a fold ----------------------------------------------------------------------


def held_out_one_by_one(planted: Planted, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark words that the orthogonal map of the pairs that share no word with theirs gets right.

    Trusted since it is the definition word by word, on dense matrices.
    """
    right = []
    for word in np.unique(pairs[:, 0]):
        answers = pairs[pairs[:, 0] == word, 1]
        others = pairs[(pairs[:, 0] != word) & ~np.isin(pairs[:, 1], answers)]
        roots = np.sqrt(balanced_weights(others))[:, None]
        W = procrustes(roots * planted.source[others[:, 0]], roots * planted.target[others[:, 1]])
        mapped = planted.source @ W
        mapped /= np.linalg.norm(mapped, axis=1, keepdims=True)
        target = planted.target / np.linalg.norm(planted.target, axis=1, keepdims=True)
        right.append(csls(mapped, target, 10)[word].argmax() in answers)
    return np.array(right)


@pytest.mark.slow
def test_answers_equal_leaving_out_word_by_word(hard: Planted) -> None:
    pairs = hard.pairs[:30]
    # Second translations, so that words share one.
    more = np.stack([pairs[:10, 0], pairs[10:20, 1]], axis=1)
    pairs = np.unique(np.concatenate([pairs, more]), axis=0)
    found = fit_without_folds(hard, pairs, {"aligner": Procrustes()}, folds=30)
    expected = held_out_one_by_one(hard, pairs)
    assert 0.1 < expected.mean() < 0.9
    words = [fold.held_out[0, 0] for fold in found.folds]
    np.testing.assert_array_equal(found.is_correct[np.argsort(words)], expected)


@pytest.mark.slow
@pytest.mark.parametrize("self_learning", [False, True])
def test_nothing_of_held_out_pairs_reaches_the_map_of_their_fold(
    hard: Planted, self_learning: bool
) -> None:
    """With their targets exchanged among themselves, the maps stay the same bit for bit."""
    pairs = hard.pairs[:60]
    spec = {"aligner": Reweighted(regularization=1.0), "self_learning": self_learning}
    found = fit_without_folds(hard, pairs, spec)
    for number, fold in enumerate(found.folds):
        assert not np.isin(fold.train[:, 0], fold.held_out[:, 0]).any()
        assert not np.isin(fold.train[:, 1], fold.held_out[:, 1]).any()
        wrong = fold.held_out.copy()
        wrong[:, 1] = np.roll(wrong[:, 1], 1)
        again = fit_without_folds(hard, np.concatenate([fold.train, wrong]), spec)
        one, other = found.aligners[number], again.aligners[number]
        np.testing.assert_array_equal(one.source_map_, other.source_map_)
        np.testing.assert_array_equal(one.target_map_, other.target_map_)
        assert not again.answers[number].is_correct.any() or self_learning


@pytest.mark.parametrize(("count", "folds"), [(2, 2), (63, 4), (99, 4), (100, 2), (300, 2)])
def test_folds_divide_the_source_words(hard: Planted, count: int, folds: int) -> None:
    found = fit_without_folds(hard, hard.pairs[:count], {"aligner": Procrustes()})
    held_out_words = [fold.held_out[:, 0] for fold in found.folds]
    assert len(held_out_words) == folds
    assert max(map(len, held_out_words)) - min(map(len, held_out_words)) <= 1
    np.testing.assert_array_equal(np.sort(np.concatenate(held_out_words)), np.arange(count))
    again = fit_without_folds(hard, hard.pairs[:count], {"aligner": Procrustes()}, random_state=1)
    assert count == 2 or not np.array_equal(again.folds[0].train, found.folds[0].train)


def test_enough_questions_are_enough(monkeypatch: pytest.MonkeyPatch, easy: Planted) -> None:
    monkeypatch.setattr(held_out, "ENOUGH_QUERIES", 70)
    found = fit_without_folds(easy, easy.pairs[:100], {"aligner": Procrustes()}, folds=4)
    assert len(found.folds) == len(found.aligners) == 3
    assert len(found.is_correct) == 75


def test_dictionary_rows_take_part_beyond_the_frequent_words(
    monkeypatch: pytest.MonkeyPatch, easy: Planted
) -> None:
    monkeypatch.setattr(cross_fit, "COMPARED", 50)
    monkeypatch.setattr(cross_fit, "FREQUENT_OF_FEW", 50)
    found = fit_without_folds(easy, easy.pairs[-100:], {"aligner": Procrustes()})
    assert found.is_correct.mean() == 1
    assert 50 < len(found.part.context.source) <= 150


def test_maps_are_compared_by_their_pairs(monkeypatch: pytest.MonkeyPatch, easy: Planted) -> None:
    found = fit_without_folds(easy, easy.pairs[:100], {"aligner": Procrustes()})
    assert found.agreement(found.aligners[0]) is None
    monkeypatch.setattr(cross_fit, "COMPARED", 300)
    assert found.agreement(found.aligners[0]) == pytest.approx(1)
    turned = Procrustes().fit(easy.source, np.roll(easy.target, 1, axis=0))
    other = found.agreement(turned)
    assert other is not None
    assert other < 0.1


# --- the choice -------------------------------------------------------------------------------


def test_differences_are_those_of_the_same_questions(choice: Choice) -> None:
    best = choice.scores[0]
    assert (best.behind, best.behind_error) == (0, 0)
    assert choice.spec is best.spec
    precisions = [score.precision for score in choice.scores]
    assert precisions == sorted(precisions, reverse=True)
    for score in choice.scores:
        assert score.n == 100
        assert score.behind == pytest.approx(best.precision - score.precision)
        apart = np.hypot(best.standard_error, score.standard_error)
        assert 0 <= score.behind_error < apart


@pytest.mark.slow
@pytest.mark.usefixtures("_all_tried")
@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (20, [(True, 1e-4)]),
        (100, [(True, 1e-4), (False, 1.0)]),
        (300, [(True, 1e-4), (False, 1.0)]),
    ],
)
def test_candidates_depend_on_the_number_of_words(
    hard: Planted, count: int, expected: list[tuple[bool, float]]
) -> None:
    found = choose(hard, count, refinement=0)
    tried = [(s.spec.self_learning, s.spec.aligner.regularization) for s in found.scores]
    assert sorted(tried, reverse=True) == expected


@pytest.mark.slow
@pytest.mark.parametrize(("refinement", "rounds"), [(0, 0), (1, 1), (5, 2)])
def test_the_rounds_of_refinement_are_a_maximum(
    hard: Planted, refinement: int, rounds: int
) -> None:
    auto = Auto().fit(hard.source, hard.target, pairs=hard.pairs[:60], refinement=refinement)
    assert auto.choice_.spec.context.refinement.rounds == len(auto.rounds_) == rounds


def skewed(e: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Rows and their images under a map far from a rotation; each row translates itself."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((600, 10))
    mixing = rng.standard_normal((10, 10)) @ np.diag(2.0 ** np.arange(0, -10, -1))
    Y = X @ mixing @ np.linalg.qr(rng.standard_normal((e, 10)))[0].T
    rows = np.arange(200)
    return X.astype(np.float32), Y.astype(np.float32), np.stack([rows, rows], axis=1)


@pytest.mark.usefixtures("_all_tried")
def test_a_better_candidate_wins_and_one_that_fails_is_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    more = (
        Candidate(Procrustes(), self_learning=False, rounds=0, fewest_words=0),
        Candidate(LeastSquares(), self_learning=False, rounds=0, fewest_words=0),
    )
    monkeypatch.setattr(model_selection, "CANDIDATES", more)
    found = choose_aligner(*skewed(10))
    assert isinstance(found.spec.aligner, LeastSquares)
    assert found.scores[0].precision > 0.98
    assert found.scores[1].behind > 0.3
    found = choose_aligner(*skewed(12))
    assert isinstance(found.spec.aligner, LeastSquares)
    (excluded,) = (s for s in found.scores if s.reason is not None)
    reason = "Procrustes needs source and target of the same dimension, got 10 and 12"
    assert (excluded.reason, excluded.n) == (reason, 0)
    assert np.isnan([excluded.precision, excluded.behind]).all()
    assert f"not fitted: {reason}" in str(found)
    assert found.as_dict()["candidates"][-1]["precision"] is None


def test_a_candidate_that_is_good_enough_settles_the_choice(hard: Planted) -> None:
    (score,) = choose(hard, 100, refinement=0).scores
    assert score.spec.self_learning
    assert score.precision >= cross_validation.ENOUGH


@pytest.mark.slow
@pytest.mark.parametrize("count", [5, 10, 20, 400])
def test_a_few_pairs_are_grown(count: int) -> None:
    data = plant_clusters(0.1)
    auto = Auto().fit(data.source, data.target, pairs=data.pairs[:count])
    mapped = auto.transform(data.source), auto.transform_target(data.target)
    X, Y = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in mapped)
    right = csls(X, Y, 10)[data.pairs[:, 0]].argmax(axis=1) == data.pairs[:, 1]
    assert right[count:].mean() > 0.95


def test_the_table_names_every_candidate(choice: Choice) -> None:
    assert choice.to_frame()["precision"].tolist() == [s.precision for s in choice.scores]
    head, *lines, foot = str(choice).splitlines()
    assert head.split() == ["P@1", "+/-", "behind", "+/-"]
    assert len(lines) == len(choice.scores)
    for line, score in zip(lines, choice.scores, strict=True):
        assert line.startswith(str(score.spec))
        assert f" {100 * score.precision:.1f} " in line
    assert foot.startswith(f"chosen: {choice.spec}, by the first answers for 100 held-out words")
    assert choice.reason.startswith(f"{choice.spec}: P@1 ")
    other = choice.scores[1]
    told = f"on 100 held-out words, {100 * other.precision:.1f} by {other.spec}"
    assert choice.reason.endswith(told)
    assert choice.as_dict()["aligner"] == str(choice.spec.aligner)


# --- what it does not depend on ---------------------------------------------------------------


@pytest.mark.slow
def test_threads_and_the_order_of_pairs_do_not_matter(hard: Planted, choice: Choice) -> None:
    with config_context(n_threads=1):
        again = choose(hard, refinement=1)
    assert summary(again) == summary(choice)
    pairs = np.random.default_rng(0).permutation(np.repeat(hard.pairs[:100], 2, axis=0))
    again = choose_aligner(hard.source, hard.target, pairs, refinement=1)
    assert summary(again) == summary(choice)


@pytest.mark.slow
@pytest.mark.parametrize("refinement", [0, 1, 3])
def test_progress_grows_to_the_end(hard: Planted, refinement: int) -> None:
    fractions: list[float] = []
    choose(hard, 60, refinement=refinement, progress=fractions.append)
    assert len(fractions) > 20
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1)


# --- errors -----------------------------------------------------------------------------------


def test_one_word_is_too_few(easy: Planted) -> None:
    message = "must have at least 2 words of each language .* got 1 and {}: use a larger"
    with pytest.raises(EmptyLexiconError, match=message.format(1)):
        choose(easy, 1)
    with pytest.raises(EmptyLexiconError, match=message.format(2)):
        choose_aligner(easy.source, easy.target, np.array([[0, 1], [0, 2]]))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"folds": 1}, "folds must lie in [2, 60], got 1"),
        ({"folds": 61}, "folds must lie in [2, 60], got 61"),
        ({"refinement": Refinement(n_neighbors=301)}, "n_neighbors must lie in [1, 300], got 301"),
    ],
)
def test_parameters_out_of_range_are_named(
    easy: Planted, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        choose(easy, 60, **more)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (np.zeros(40, np.int64), "pairs must have shape (p, 2) with p at least 1, got (40,)"),
        (np.array([[0, 0], [300, 1]]), "pairs must name source rows in [0, 299], got 300"),
        (np.array([[0, 0], [1, -1]]), "pairs must name target rows in [0, 299], got -1"),
    ],
)
def test_bad_pairs_are_refused(easy: Planted, pairs: NDArray[np.int64], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        choose_aligner(easy.source, easy.target, pairs)


def test_rows_of_both_sides_are_pairs_by_default(noisy: Planted) -> None:
    source, target = noisy.source[noisy.pairs[:60, 0]], noisy.target[noisy.pairs[:60, 1]]
    auto = Auto().fit(source, target, refinement=0)
    assert auto.choice_.scores[0].n == 60
    assert auto.transform(source).shape == auto.transform_target(target).shape
    with pytest.raises(ValueError, match="must have the same number of rows"):
        Auto().fit(source, target[1:])
    with pytest.raises(NotFittedError):
        Auto().transform(source)


def test_one_translation_for_all_leaves_nothing_to_fit(easy: Planted) -> None:
    pairs = np.stack([np.arange(30), np.zeros(30, np.int64)], axis=1)
    with pytest.raises(EmptyLexiconError, match="got 30 and 1"):
        choose_aligner(easy.source, easy.target, pairs)
    pairs[:2, 1] = 1
    message = "without a part of them, got none: a map must be fitted on at least 1 pair, got 0; u"
    with pytest.raises(EmptyLexiconError, match=message):
        choose_aligner(easy.source, easy.target, pairs)
