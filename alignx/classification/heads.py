"""Calibrated classifiers over document vectors: linear, neural, or of scikit-learn."""

from __future__ import annotations

import warnings
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

STRENGTHS = (0.3, 1.0, 3.0, 10.0, 100.0)  # C of logistic regression
UNVALIDATED = 10.0  # C where there are no texts to choose by
FOLDS = 4
MAX_VALIDATED = 3_000  # documents; more would not change the choice
TEMPERATURES = np.geomspace(0.2, 5, 41)


@dataclass(frozen=True, eq=False)
class Examples:
    """Document vectors with their classes.

    `rows` (n, d) are unit rows; `targets` (n, classes) the shares of the classes, one-hot or those
    of a teacher; `weights` (n,) count examples; `groups` (n,) are equal for translations of the
    same text, which validation must not separate.
    """

    rows: Matrix
    targets: Double
    weights: Double
    groups: Indices

    @classmethod
    def joined(cls, parts: Sequence[Examples]) -> Examples:
        """Concatenate examples."""
        return cls(*map(np.concatenate, zip(*(vars(part).values() for part in parts), strict=True)))

    def take(self, rows: Indices) -> Examples:
        """Select examples, in the order of `rows`."""
        return Examples(*(values[rows] for values in vars(self).values()))


class Head(Protocol):
    """Classifier over document vectors."""

    def log_probabilities(self, rows: Matrix) -> Double:
        """Compute log probabilities, (n, classes) float64."""
        ...


@dataclass(frozen=True, eq=False)
class LinearHead:
    """Linear classifier: `weights` (d, classes) and `bias` (classes,), scaled by temperature."""

    weights: Matrix
    bias: Matrix

    def log_probabilities(self, rows: Matrix) -> Double:
        """Compute log probabilities, (n, classes) float64."""
        return log_softmax((rows @ self.weights + self.bias).astype(np.float64))


@dataclass(frozen=True, eq=False)
class NeuralHead:
    """Network with one hidden layer of h rectified units, in numpy.

    `hidden` (d, h) and `hidden_bias` (h,) are the hidden layer; `weights` (h, classes) and `bias`
    (classes,) the output, scaled by temperature.
    """

    hidden: Matrix
    hidden_bias: Matrix
    weights: Matrix
    bias: Matrix

    def log_probabilities(self, rows: Matrix) -> Double:
        """Compute log probabilities, (n, classes) float64."""
        units = np.maximum(rows @ self.hidden + self.hidden_bias, 0)
        return log_softmax((units @ self.weights + self.bias).astype(np.float64))


@dataclass(frozen=True, eq=False)
class OtherHead:
    """Fitted scikit-learn classifier, which may have seen fewer `classes`, at a temperature."""

    estimator: Any
    classes: int
    temperature: float = 1.0

    def log_probabilities(self, rows: Matrix) -> Double:
        """Compute log probabilities, (n, classes) float64."""
        return log_softmax(_scores(self.estimator, rows, self.classes) / self.temperature)


Candidates: TypeAlias = "dict[float | None, BaseEstimator]"
Folds: TypeAlias = "list[tuple[Indices, Indices]]"  # of training and of validation


def fit_head(
    examples: Examples,
    estimator: BaseEstimator | None = None,
    random_state: int = 0,
    *,
    is_taught: bool = False,
) -> Head:
    """Fit a classifier and calibrate it.

    Parameters
    ----------
    examples : Examples
        Examples of at least two classes.
    estimator : scikit-learn classifier, optional
        Classifier to copy and fit, which must take ``sample_weight``. By default logistic
        regression, with the best of five strengths of regularization.
    random_state : int
        Seed of the folds and of logistic regression.
    is_taught : bool
        Whether most targets are probabilities of a teacher. Their softness calibrates the student,
        so nothing is validated and the temperature is 1.

    Returns
    -------
    LinearHead or OtherHead
        Its temperature (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017) has the
        least loss on held-out folds. With fewer than two texts in each class nothing is validated
        and the temperature is 1.
    """
    classes = examples.targets.shape[1]
    candidates: Candidates = {None: estimator} if estimator is not None else _logistic(random_state)
    folds = [] if is_taught else _folds(examples, random_state)
    with threadpool_limits(limits=1, user_api="blas"):
        best, temperature = (next(iter(candidates)), 1.0)
        if folds:
            best, temperature = _chosen(examples, candidates, folds)
        elif len(candidates) > 1:
            best = UNVALIDATED
        fitted = _fitted(candidates[best], examples)
    if isinstance(fitted, LogisticRegression):
        return _linear(fitted, classes, temperature)
    return OtherHead(fitted, classes, temperature)


def log_softmax(scores: Double) -> Double:
    """Normalize rows of scores to log probabilities."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _logistic(random_state: int) -> Candidates:
    return {
        strength: LogisticRegression(C=strength, max_iter=1_000, random_state=random_state)
        for strength in STRENGTHS
    }


def _folds(examples: Examples, random_state: int) -> Folds:
    """Divide the texts, translations together; no folds if a class has too few."""
    y = examples.targets.argmax(axis=1)
    rows = np.arange(len(y))
    if len(rows) > MAX_VALIDATED:
        rows = np.sort(np.random.default_rng(random_state).choice(rows, MAX_VALIDATED, False))
    y, groups = y[rows], examples.groups[rows]
    smallest = min(len(np.unique(groups[y == c])) for c in np.unique(y))
    n_folds = min(FOLDS, smallest)
    if n_folds < 2 or len(np.unique(y)) < 2:
        return []
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=random_state)
    splits = splitter.split(rows, y, groups)
    return [(rows[train], rows[test]) for train, test in splits if len(test)]


def _chosen(examples: Examples, candidates: Candidates, folds: Folds) -> tuple[float | None, float]:
    """Find the candidate and the temperature with the least loss on held-out texts."""
    classes = examples.targets.shape[1]
    rows = np.concatenate([test for _, test in folds])
    targets, weights = examples.targets[rows], examples.weights[rows]
    found: dict[float | None, tuple[float, float]] = {}
    for name, candidate in candidates.items():
        scores = np.concatenate(
            [
                _scores(_fitted(candidate, examples.take(train)), examples.rows[test], classes)
                for train, test in folds
            ]
        )
        found[name] = best_temperature(scores, targets, weights)
    best = min(found, key=lambda name: found[name][0])
    return best, found[best][1]


def best_temperature(scores: Double, targets: Double, weights: Double) -> tuple[float, float]:
    """Find the least cross-entropy of held-out texts, in nats, and its temperature.

    `scores` (n, classes) are log probabilities up to a constant, `targets` (n, classes) the shares
    of the classes, `weights` (n,) those of the texts.
    """
    losses = [
        -float(np.average((targets * log_softmax(scores / t)).sum(axis=1), weights=weights))
        for t in TEMPERATURES
    ]
    least = int(np.argmin(losses))
    return losses[least], float(TEMPERATURES[least])


def _fitted(estimator: BaseEstimator, examples: Examples) -> Any:  # noqa: ANN401
    """Fit a copy; a text with several classes is a weighted example of each."""
    rows, classes = np.nonzero(examples.targets)
    weights = examples.targets[rows, classes] * examples.weights[rows]
    with warnings.catch_warnings():  # thousands of classes may be meant
        warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%")
        return clone(estimator).fit(examples.rows[rows], classes, sample_weight=weights)


def _scores(estimator: Any, rows: Matrix, classes: int) -> Double:  # noqa: ANN401
    """Compute log probabilities up to a constant; very low for classes not seen in `fit`."""
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
    """Convert logistic regression to a linear head."""
    coefficients, intercepts = fitted.coef_, fitted.intercept_
    if len(coefficients) == 1:  # two classes
        coefficients = np.concatenate([-coefficients / 2, coefficients / 2])
        intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
    weights = np.zeros((coefficients.shape[1], classes), np.float32)
    bias = np.full(classes, float(intercepts.min()) - 10, np.float32)
    weights[:, fitted.classes_] = coefficients.T / temperature
    bias[fitted.classes_] = intercepts / temperature
    return LinearHead(weights, bias)
