"""What decides between classes: any classifier over document vectors, with honest probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sklearn.base import BaseEstimator

    from alignx.support.arrays import Double, Indices, Matrix

__all__ = [
    "Examples",
    "Head",
    "LinearHead",
    "NeuralHead",
    "OtherHead",
    "best_temperature",
    "fit_head",
    "log_softmax",
]

STRENGTHS = (1.0, 10.0, 100.0)  # C of logistic regression
FOLDS = 4
MOST_VALIDATED = 3_000  # documents; more would not change the choice
TEMPERATURES = np.geomspace(0.2, 5, 41)


@dataclass(frozen=True, eq=False)
class Examples:
    """Document vectors to learn from.

    Attributes
    ----------
    rows : (n, d) float32
        Unit rows.
    targets : (n, classes) float64
        The share of each class: a one and zeros, or probabilities that a teacher gave.
    weights : (n,) float64
        How much each counts.
    groups : (n,) int64
        Equal for translations of the same text, which validation must not tear apart.
    """

    rows: Matrix
    targets: Double
    weights: Double
    groups: Indices

    @classmethod
    def joined(cls, parts: Sequence[Examples]) -> Examples:
        """Put several after one another."""
        return cls(
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.targets for part in parts]),
            np.concatenate([part.weights for part in parts]),
            np.concatenate([part.groups for part in parts]),
        )

    def take(self, rows: Indices) -> Examples:
        """Give some of them, in the order of `rows`."""
        return Examples(*(values[rows] for values in vars(self).values()))


class Head(Protocol):
    """Gives class probabilities of document vectors."""

    def log_probabilities(self, rows: Matrix) -> Double:
        """Give (n, classes) float64."""
        ...


@dataclass(frozen=True, eq=False)
class LinearHead:
    """A linear classifier.

    Attributes
    ----------
    weights : (d, classes) float32
        Of logistic regression, divided by the temperature.
    bias : (classes,) float32
        The same.
    """

    weights: Matrix
    bias: Matrix

    def log_probabilities(self, rows: Matrix) -> Double:
        """Give (n, classes) float64."""
        return log_softmax((rows @ self.weights + self.bias).astype(np.float64))


@dataclass(frozen=True, eq=False)
class NeuralHead:
    """A network with one hidden layer of rectified units; predicting needs no torch.

    Attributes
    ----------
    hidden : (d, h) float32
        Weights of the hidden layer.
    hidden_bias : (h,) float32
        The same.
    weights : (h, classes) float32
        Of the output, divided by the temperature.
    bias : (classes,) float32
        The same.
    """

    hidden: Matrix
    hidden_bias: Matrix
    weights: Matrix
    bias: Matrix

    def log_probabilities(self, rows: Matrix) -> Double:
        """Give (n, classes) float64."""
        units = np.maximum(rows @ self.hidden + self.hidden_bias, 0)
        return log_softmax((units @ self.weights + self.bias).astype(np.float64))


@dataclass(frozen=True, eq=False)
class OtherHead:
    """A classifier of scikit-learn that is not linear, with a temperature.

    Attributes
    ----------
    estimator : estimator
        Fitted.
    classes : int
        How many there are; the estimator may have seen fewer.
    temperature : float
        What its logarithmic probabilities are divided by.
    """

    estimator: Any
    classes: int
    temperature: float = 1.0

    def log_probabilities(self, rows: Matrix) -> Double:
        """Give (n, classes) float64."""
        return log_softmax(_scores(self.estimator, rows, self.classes) / self.temperature)


@dataclass(frozen=True)
class _Fold:
    train: Indices
    test: Indices


Candidates: TypeAlias = "dict[float | None, BaseEstimator]"


def fit_head(
    examples: Examples,
    estimator: BaseEstimator | None = None,
    seed: int = 0,
    *,
    is_taught: bool = False,
) -> Head:
    """Fit a classifier and calibrate it.

    Parameters
    ----------
    examples : Examples
        At least two classes.
    estimator : scikit-learn classifier, optional
        Logistic regression unless given, with the regularization (of three) that predicts best.
        Probabilities of a teacher become weighted copies, so `fit` must take ``sample_weight``.
    seed : int
        Of the folds.
    is_taught : bool
        Whether most targets are probabilities of a teacher. They keep a student from being too
        sure, so nothing is chosen and the temperature is 1.

    Returns
    -------
    LinearHead or OtherHead
        Its temperature (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017) is the
        one that fits best what folds predict that were not learned from. With fewer than two texts
        in each class nothing is chosen and the temperature is 1.
    """
    classes = examples.targets.shape[1]
    candidates: Candidates = {None: estimator} if estimator is not None else _logistic(seed)
    folds = [] if is_taught else _folds(examples, seed)
    with threadpool_limits(limits=1, user_api="blas"):
        best, temperature = (next(iter(candidates)), 1.0)
        if folds:
            best, temperature = _chosen(examples, candidates, folds)
        elif len(candidates) > 1:
            best = STRENGTHS[len(STRENGTHS) // 2]
        fitted = _fitted(candidates[best], examples)
    if isinstance(fitted, LogisticRegression):
        return _linear(fitted, classes, temperature)
    return OtherHead(fitted, classes, temperature)


def log_softmax(scores: Double) -> Double:
    """Give normalized logarithmic probabilities of rows of scores."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _logistic(seed: int) -> Candidates:
    return {
        strength: LogisticRegression(C=strength, max_iter=1_000, random_state=seed)
        for strength in STRENGTHS
    }


def _folds(examples: Examples, seed: int) -> list[_Fold]:
    """Divide the texts, translations together; none if a class has too few."""
    y = examples.targets.argmax(axis=1)
    rows = np.arange(len(y))
    if len(rows) > MOST_VALIDATED:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_VALIDATED, replace=False))
    y, groups = y[rows], examples.groups[rows]
    smallest = min(len(np.unique(groups[y == c])) for c in np.unique(y))
    n_folds = min(FOLDS, smallest)
    if n_folds < 2 or len(np.unique(y)) < 2:
        return []
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    return [
        _Fold(rows[train], rows[test])
        for train, test in splitter.split(rows, y, groups)
        if len(test)
    ]


def _chosen(
    examples: Examples, candidates: Candidates, folds: list[_Fold]
) -> tuple[float | None, float]:
    """Find the candidate and the temperature with the least loss on what was held out."""
    classes = examples.targets.shape[1]
    rows = np.concatenate([fold.test for fold in folds])
    targets, weights = examples.targets[rows], examples.weights[rows]
    found: dict[float | None, tuple[float, float]] = {}
    for name, candidate in candidates.items():
        scores = np.concatenate(
            [_held_out_scores(candidate, examples, fold, classes) for fold in folds]
        )
        found[name] = best_temperature(scores, targets, weights)
    best = min(found, key=lambda name: found[name][0])
    return best, found[best][1]


def best_temperature(scores: Double, targets: Double, weights: Double) -> tuple[float, float]:
    """Find the temperature at which scores of texts that were held out have the least loss.

    Parameters
    ----------
    scores : (n, classes) float64
        Logarithmic probabilities up to a constant.
    targets : (n, classes) float64
        The share of each class.
    weights : (n,) float64
        How much each text counts.

    Returns
    -------
    loss : float
        Cross-entropy in nats.
    temperature : float
        What to divide scores by.
    """
    losses = [
        -float(np.average((targets * log_softmax(scores / t)).sum(axis=1), weights=weights))
        for t in TEMPERATURES
    ]
    least = int(np.argmin(losses))
    return losses[least], float(TEMPERATURES[least])


def _held_out_scores(
    candidate: BaseEstimator, examples: Examples, fold: _Fold, classes: int
) -> Double:
    fitted = _fitted(candidate, examples.take(fold.train))
    return _scores(fitted, examples.rows[fold.test], classes)


def _fitted(estimator: BaseEstimator, examples: Examples) -> Any:  # noqa: ANN401
    """Fit a copy; a text with several classes is a weighted example of each."""
    rows, classes = np.nonzero(examples.targets)
    weights = examples.targets[rows, classes] * examples.weights[rows]
    return clone(estimator).fit(examples.rows[rows], classes, sample_weight=weights)


def _scores(estimator: Any, rows: Matrix, classes: int) -> Double:  # noqa: ANN401
    """Logarithmic probabilities up to a constant; very low for classes that it has not seen."""
    if hasattr(estimator, "predict_proba"):
        known = np.log(np.maximum(estimator.predict_proba(rows), 1e-12))
    else:
        known = estimator.decision_function(rows)
        if known.ndim == 1:  # two classes
            known = np.stack([-known / 2, known / 2], axis=1)
    scores = np.full((len(rows), classes), known.min(initial=0) - 10)
    scores[:, estimator.classes_] = known
    return np.asarray(scores, dtype=np.float64)


def _linear(fitted: LogisticRegression, classes: int, temperature: float) -> LinearHead:
    """Take the coefficients of logistic regression."""
    coefficients, intercepts = fitted.coef_, fitted.intercept_
    if len(coefficients) == 1:  # two classes
        coefficients = np.concatenate([-coefficients / 2, coefficients / 2])
        intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
    weights = np.zeros((coefficients.shape[1], classes), np.float32)
    bias = np.full(classes, float(intercepts.min()) - 10, np.float32)
    weights[:, fitted.classes_] = coefficients.T / temperature
    bias[fitted.classes_] = intercepts / temperature
    return LinearHead(weights, bias)
