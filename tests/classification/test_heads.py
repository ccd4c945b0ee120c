from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from alignx.classification.ensemble import log_mean, match_prior
from alignx.classification.heads import (
    Examples,
    LinearHead,
    OtherHead,
    fit_head,
    log_softmax,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


def examples(n: int, classes: int = 3, noise: float = 1.0, seed: int = 0) -> Examples:
    """Rows around one center for each class; the centers are the same whatever the seed."""
    centers = np.random.default_rng(99).standard_normal((classes, 10))
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % classes)
    rows = centers[y] + noise * rng.standard_normal((n, 10))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return Examples(rows.astype(np.float32), np.eye(classes)[y], np.ones(n), np.arange(n))


def classes_of(some: Examples) -> NDArray[np.int64]:
    return np.asarray(some.targets.argmax(axis=1))


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 3])
def test_the_linear_head_is_that_of_scikit_learn_at_a_temperature(classes: int) -> None:
    some = examples(60, classes)
    head = fit_head(some)
    assert isinstance(head, LinearHead)
    found = head.log_probabilities(some.rows)
    candidates = []
    for strength in (0.3, 1.0, 3.0, 10.0, 100.0):
        plain = LogisticRegression(C=strength, max_iter=1_000).fit(some.rows, classes_of(some))
        scores = np.log(plain.predict_proba(some.rows))
        # At some temperature the log-odds are those of one of these.
        odds, ours = (each[:, 1:] - each[:, :1] for each in (scores, found))
        ratio = float((odds * ours).sum() / (odds**2).sum())
        candidates.append(np.abs(odds * ratio - ours).max() / np.abs(ours).max())
    assert min(candidates) < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("head", [None, GaussianNB()])
def test_probabilities_are_calibrated(head: object) -> None:
    train, test = examples(240, noise=2.0), examples(600, noise=2.0, seed=1)
    y = classes_of(test)
    fitted = fit_head(train, head)
    probabilities = np.exp(fitted.log_probabilities(test.rows))
    assert np.allclose(probabilities.sum(axis=1), 1)
    loss = log_loss(y, probabilities)
    for factor in (0.5, 2.0):  # no other temperature is much better
        other = np.exp(log_softmax(fitted.log_probabilities(test.rows) * factor))
        assert loss < log_loss(y, other) + 0.01
    confidence = probabilities.max(axis=1)
    hits = probabilities.argmax(axis=1) == y
    assert abs(confidence.mean() - hits.mean()) < 0.06


def test_any_classifier_of_scikit_learn_will_do() -> None:
    some = examples(90, noise=0.3)
    for estimator in (GaussianNB(), LinearSVC(random_state=0)):
        head = fit_head(some, estimator)
        assert isinstance(head, OtherHead)
        found = np.exp(head.log_probabilities(some.rows))
        assert (found.argmax(axis=1) == classes_of(some)).mean() > 0.95
        assert np.allclose(found.sum(axis=1), 1)


@pytest.mark.slow
def test_translations_of_a_text_are_not_torn_apart() -> None:
    # Each text is pure noise, and stands there five times: whoever tears the copies apart learns
    # them by heart, and finds them again with confidence.
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((60, 200))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    y = np.arange(60) % 2
    copies = Examples(
        np.repeat(rows, 5, axis=0).astype(np.float32),
        np.eye(2)[np.repeat(y, 5)],
        np.ones(300),
        np.repeat(np.arange(60), 5),
    )
    torn = Examples(copies.rows, copies.targets, copies.weights, np.arange(300))
    fresh = rng.standard_normal((200, 200)).astype(np.float32)
    fresh /= np.linalg.norm(fresh, axis=1, keepdims=True)
    kept, lost = (
        np.exp(fit_head(each).log_probabilities(fresh)).max(axis=1).mean()
        for each in (copies, torn)
    )
    assert kept < 0.75
    assert lost > kept + 0.1


def test_probabilities_of_a_teacher_are_learned_as_weighted_copies() -> None:
    hard = examples(50)
    soft = Examples(
        hard.rows, 0.7 * hard.targets + 0.3 * np.roll(hard.targets, 1, axis=1), *(
            hard.weights, hard.groups
        )
    )  # fmt: skip
    sure, unsure = (
        np.exp(fit_head(each).log_probabilities(hard.rows)).max(axis=1).mean()
        for each in (hard, soft)
    )
    assert unsure < sure - 0.1


def test_too_few_texts_to_validate() -> None:
    some = examples(3)
    found = fit_head(some).log_probabilities(some.rows)
    assert (found.argmax(axis=1) == classes_of(some)).all()


def test_a_class_that_no_text_has_is_improbable() -> None:
    some = examples(40, classes=2)
    wide = Examples(some.rows, np.pad(some.targets, ((0, 0), (0, 1))), some.weights, some.groups)
    for estimator in (None, GaussianNB()):
        found = np.exp(fit_head(wide, estimator).log_probabilities(some.rows))
        assert found.shape == (40, 3)
        assert found[:, 2].max() < 0.05


# --- votes and priors -------------------------------------------------------------------------

SCORES = st.lists(st.lists(st.floats(-8, 8), min_size=3, max_size=3), min_size=1, max_size=20).map(
    lambda rows: log_softmax(np.array(rows))
)


@pytest.mark.slow
@given(SCORES)
def test_shifted_probabilities_have_the_prior_as_mean(scores: NDArray[np.float64]) -> None:
    prior = np.array([0.2, 0.3, 0.5])
    shift = match_prior(prior, scores)
    mean = np.exp(log_softmax(scores + shift)).mean(axis=0)
    assert np.allclose(mean, prior, atol=0.02)


@given(SCORES)
def test_votes_are_weighted_means_of_probabilities(scores: NDArray[np.float64]) -> None:
    other = np.log(np.full(scores.shape, 1 / 3))
    expected = np.log((3 * np.exp(scores) + 1 / 3) / 4)
    assert np.allclose(log_mean([scores, other], [1.5, 0.5]), expected)
    assert np.array_equal(log_mean([scores], [2.0]), scores)


# --- networks ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_network_predicts_by_numpy_what_torch_would() -> None:
    torch = pytest.importorskip("torch")
    from alignx.classification.neural_heads import NeuralTraining, train_neural_head

    some = examples(90, noise=0.3)
    head = train_neural_head(some, NeuralTraining(epochs=20))
    assert (head.log_probabilities(some.rows).argmax(axis=1) == classes_of(some)).mean() > 0.95
    rows, hidden, shift, weights, bias = map(torch.tensor, (some.rows, *vars(head).values()))
    units = torch.relu(rows @ hidden + shift)
    expected = torch.log_softmax(units @ weights + bias, dim=1)
    assert np.allclose(head.log_probabilities(some.rows), expected.numpy(), atol=1e-4)
    again = train_neural_head(some, NeuralTraining(epochs=20))
    assert np.array_equal(head.weights, again.weights)


@pytest.mark.slow
def test_adversarial_features_hide_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from alignx.classification import neural_heads as neural

    some, other = examples(200, noise=0.3), examples(200, noise=0.3, seed=1)
    # One direction of its own tells the second language apart.
    first = np.pad(some.rows, ((0, 0), (0, 1)))
    second = np.pad(other.rows, ((0, 0), (0, 1)), constant_values=1)
    labeled = Examples(first, some.targets, some.weights, some.groups)
    order = np.random.default_rng(0).permutation(400)
    rows = np.concatenate([first, second]).astype(np.float32)[order]
    languages = np.repeat([0, 1], 200)[order]
    settings = neural.NeuralTraining(epochs=60)

    def share() -> float:
        """How much that direction weighs in the hidden layer, beside the others."""
        head, accuracy = neural.train_adversarial_head(labeled, rows, languages, settings)
        right = head.log_probabilities(second).argmax(axis=1) == classes_of(other)
        assert right.mean() > 0.9
        assert 0.4 < accuracy <= 1
        weights = np.abs(head.hidden).mean(axis=1)
        return float(weights[-1] / weights[:-1].mean())

    hidden = share()
    monkeypatch.setattr(neural._Reversed, "apply", lambda features, _: features)
    assert hidden < share() / 2


def test_as_many_classes_as_texts_are_no_reason_to_warn() -> None:
    found = fit_head(examples(60, classes=31))  # warnings are errors here
    assert found.log_probabilities(examples(60, classes=31).rows).shape == (60, 31)
