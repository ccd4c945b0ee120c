from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import Planted, plant
from reference import csls, procrustes

from alignx.alignment import fit_context, held_out
from alignx.alignment.model_selection import Auto
from alignx.errors import NotFittedError
from alignx.mapping import LeastSquares, Procrustes, Refinement, balanced_weights
from alignx.support.config import config_context

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from alignx.alignment.cross_validation import CandidateScore, Choice
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


@pytest.fixture(scope="module")
def easy() -> Planted:
    return plant(0.0, 300, 10)


@pytest.fixture(scope="module")
def hard() -> Planted:
    """So much noise that no candidate is right throughout."""
    return plant(0.6, 300, 10)


def of_candidate(choice: Choice, aligner: str, refinement: int = 0) -> CandidateScore:
    (score,) = (
        score
        for score in choice.scores
        if str(score.aligner) == aligner and score.refinement == refinement
    )
    return score


def summary(choice: Choice) -> list[tuple[object, ...]]:
    return [
        (str(s.aligner), s.refinement, s.precision, s.n, s.behind, s.behind_error, s.reason)
        for s in choice.scores
        if s.reason is None
    ]


@pytest.fixture(scope="module")
def choice(hard: Planted) -> Choice:
    return choose(hard, refinement=2)


# --- the score --------------------------------------------------------------------------------


def held_out_one_by_one(planted: Planted, pairs: NDArray[np.int64]) -> float:
    """P@1 of each word under the orthogonal map of all pairs that share no word with its own.

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
    return float(np.mean(right))


@pytest.mark.slow
def test_scores_equal_leaving_out_word_by_word(hard: Planted) -> None:
    pairs = hard.pairs[:30]
    # Second translations, so that words share one.
    more = np.stack([pairs[:10, 0], pairs[10:20, 1]], axis=1)
    pairs = np.unique(np.concatenate([pairs, more]), axis=0)
    found = choose_aligner(hard.source, hard.target, pairs, refinement=0, folds=30)
    score = of_candidate(found, "Procrustes()")
    expected = held_out_one_by_one(hard, pairs)
    assert 0.1 < expected < 0.9
    assert score.n == 30
    assert score.precision == pytest.approx(expected)
    error = np.sqrt(expected * (1 - expected) / 29)
    assert score.standard_error == pytest.approx(error)


def test_differences_are_those_of_the_same_questions(choice: Choice) -> None:
    best = choice.scores[0]
    assert (best.behind, best.behind_error) == (0, 0)
    assert (choice.aligner, choice.refinement) == (best.aligner, best.refinement)
    precisions = [score.precision for score in choice.scores]
    assert precisions == sorted(precisions, reverse=True)
    for score in choice.scores:
        assert score.n == 100
        assert score.behind == pytest.approx(best.precision - score.precision)
        apart = np.hypot(best.standard_error, score.standard_error)
        assert 0 <= score.behind_error < apart


def train_sets(
    monkeypatch: pytest.MonkeyPatch, planted: Planted, count: int, folds: int, seed: int = 0
) -> list[set[int]]:
    """Give the source words that the first candidate was fitted on, fold by fold."""
    seen: list[set[int]] = []

    def record(pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        seen.append(set(pairs[:, 0].tolist()))
        return balanced_weights(pairs)

    monkeypatch.setattr(fit_context, "balanced_weights", record)
    found = choose(planted, count, refinement=0, folds=folds, random_state=seed)
    return seen[: len(seen) // len(found.scores)]


@pytest.mark.slow
def test_folds_divide_the_source_words(monkeypatch: pytest.MonkeyPatch, easy: Planted) -> None:
    words = set(range(103))  # one translation each, so that none is left out for a leak
    held_out = [words - s for s in train_sets(monkeypatch, easy, 103, folds=5)]
    assert sorted(map(len, held_out)) == [20, 20, 21, 21, 21]
    assert set.union(*held_out) == words
    assert sum(map(len, held_out)) == 103
    again = train_sets(monkeypatch, easy, 103, folds=5, seed=1)
    assert held_out != [words - s for s in again]


@pytest.mark.slow
def test_enough_questions_are_enough(monkeypatch: pytest.MonkeyPatch, easy: Planted) -> None:
    monkeypatch.setattr(held_out, "ENOUGH_QUERIES", 70)
    assert len(train_sets(monkeypatch, easy, 100, folds=4)) == 3
    assert choose(easy, 100, refinement=0, folds=4).scores[0].n == 75


@pytest.mark.slow
def test_dictionary_rows_take_part_beyond_the_vocabulary(easy: Planted) -> None:
    far = easy.pairs[-100:]
    settings = Refinement(rounds=1, vocabulary=50, n_neighbors=5)
    found = choose_aligner(easy.source, easy.target, far, refinement=settings)
    assert found.scores[0].precision == 1
    assert found.scores[0].n == 100


# --- the choice -------------------------------------------------------------------------------


@pytest.mark.slow
def test_of_equals_the_simplest_is_chosen(easy: Planted) -> None:
    found = choose(easy, refinement=1)
    assert found.scores[0].precision == found.scores[1].precision == 1
    assert str(found.aligner) == "Procrustes()"
    assert found.refinement == 0


@pytest.mark.slow
def test_a_noisy_rotation_is_not_for_least_squares(noisy: Planted) -> None:
    found = choose(noisy, 80, refinement=0)
    assert not isinstance(found.aligner, LeastSquares)
    for score in found.scores:
        if isinstance(score.aligner, LeastSquares):
            assert score.behind > 2 * score.behind_error > 0


def skewed(e: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Rows and their images under a map far from a rotation; each row translates itself."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((600, 10))
    mixing = rng.standard_normal((10, 10)) @ np.diag(2.0 ** np.arange(0, -10, -1))
    Y = X @ mixing @ np.linalg.qr(rng.standard_normal((e, 10)))[0].T
    rows = np.arange(200)
    return X.astype(np.float32), Y.astype(np.float32), np.stack([rows, rows], axis=1)


@pytest.mark.slow
def test_a_skewed_map_is_not_for_a_rotation() -> None:
    found = choose_aligner(*skewed(10), refinement=0)
    assert isinstance(found.aligner, LeastSquares)
    assert found.scores[0].precision > 0.98
    assert of_candidate(found, "Procrustes()").behind > 0.3


@pytest.mark.slow
def test_different_dimensions_exclude_a_rotation() -> None:
    found = choose_aligner(*skewed(12), refinement=2)
    assert not isinstance(found.aligner, Procrustes)
    excluded = of_candidate(found, "Procrustes()")
    assert excluded.reason == (
        "Procrustes needs source and target of the same dimension, got 10 and 12"
    )
    assert excluded.n == 0
    assert np.isnan([excluded.precision, excluded.behind]).all()
    assert [s.reason is None for s in found.scores] == sorted(
        [s.reason is None for s in found.scores], reverse=True
    )
    assert f"not fitted: {excluded.reason}" in str(found)


@pytest.mark.slow
def test_with_few_pairs_what_cannot_be_whitened_is_listed(noisy: Planted) -> None:
    found = choose(noisy, 25, refinement=2)
    for name in ("LeastSquares()", "Reweighted()"):
        assert "pairs must span all 30 dimensions" in str(of_candidate(found, name).reason)
    assert found.scores[0].reason is None
    assert found.scores[0].n == 25


@pytest.mark.slow
@pytest.mark.parametrize(
    ("refinement", "rounds"), [(0, [0]), (1, [0, 1]), (2, [0, 1, 2]), (3, [0, 1, 3])]
)
def test_rounds_of_refinement_are_tried(hard: Planted, refinement: int, rounds: list[int]) -> None:
    found = choose(hard, 60, refinement=refinement)
    tried = [score.refinement for score in found.scores]
    assert sorted(set(tried)) == rounds
    for number in rounds[1:]:
        methods = [type(s.aligner) for s in found.scores if s.refinement == number]
        assert len(methods) == len(set(methods)) == (3 if number == 1 else 2)


def test_the_table_names_every_candidate(choice: Choice) -> None:
    assert choice.to_frame()["precision"].tolist() == [s.precision for s in choice.scores]
    head, *lines, foot = str(choice).splitlines()
    assert head.split() == ["rounds", "P@1", "+/-", "behind", "+/-"]
    assert len(lines) == len(choice.scores)
    for line, score in zip(lines, choice.scores, strict=True):
        assert line.startswith(str(score.aligner))
        assert f" {100 * score.precision:.1f} " in line
    assert foot.startswith(
        f"chosen: {choice.aligner} with {choice.refinement} rounds of refinement, by the first "
        "answers for 100 held-out words"
    )


# --- what it does not depend on ---------------------------------------------------------------


@pytest.mark.slow
def test_threads_and_the_order_of_pairs_do_not_matter(hard: Planted, choice: Choice) -> None:
    with config_context(n_threads=1):
        again = choose(hard, refinement=2)
    assert summary(again) == summary(choice)
    pairs = np.random.default_rng(0).permutation(np.repeat(hard.pairs[:100], 2, axis=0))
    again = choose_aligner(hard.source, hard.target, pairs, refinement=2)
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


@pytest.mark.slow
def test_too_few_words_are_named(easy: Planted) -> None:
    message = "needs at least 20 source words with a known translation, got 19: use a larger"
    with pytest.raises(ValueError, match=message):
        choose(easy, 19)
    pairs = np.concatenate([easy.pairs[:19], easy.pairs[:19, [0, 0]]])
    with pytest.raises(ValueError, match=message):
        choose_aligner(easy.source, easy.target, pairs)
    assert choose(easy, 20, refinement=0).scores[0].n == 20


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


@pytest.mark.slow
def test_rows_of_both_sides_are_pairs_by_default(noisy: Planted) -> None:
    source, target = noisy.source[noisy.pairs[:60, 0]], noisy.target[noisy.pairs[:60, 1]]
    auto = Auto().fit(source, target, refinement=0)
    assert auto.choice_.scores[0].n == 60
    assert auto.transform(source).shape == auto.transform_target(target).shape
    with pytest.raises(ValueError, match="without pairs, X and Y must have equally many rows"):
        Auto().fit(source, target[1:])
    with pytest.raises(NotFittedError):
        Auto().transform(source)


def test_nothing_to_fit_is_an_error() -> None:
    pairs = np.stack([np.arange(30), np.arange(30)], axis=1)
    message = "at least one candidate must be fitted .* got none: Procrustes.. since Procrustes n"
    with pytest.raises(ValueError, match=message):
        choose_aligner(np.zeros((30, 3)), np.ones((30, 4)), pairs)
