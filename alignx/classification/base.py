"""What classifiers of texts have in common: labels, and answers from probabilities."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from alignx.classification.labels import require_labels
from alignx.errors import NotFittedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from alignx.arrays import Double, Indices

__all__ = ["TextClassifier"]


class TextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Base of classifiers of texts in scikit-learn's manner, with `language` beside texts.

    Attributes
    ----------
    classes_ : ndarray
        The labels, sorted.
    prior_ : (classes,) float64
        Share of each class; the answer for texts that say nothing.
    """

    classes_: NDArray[Any]
    prior_: Double

    @abstractmethod
    def predict_proba(
        self, texts: Sequence[str], *, language: str | Sequence[str] | None = None
    ) -> Double:
        """Give the probability of each class, (n, classes)."""

    def predict(
        self, texts: Sequence[str], *, language: str | Sequence[str] | None = None
    ) -> NDArray[Any]:
        """Give the most probable class of each text.

        Parameters
        ----------
        texts, language
            As of `predict_proba`.

        Returns
        -------
        (n,) ndarray
            Of `classes_`.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As `predict_proba` does.
        """
        probabilities = self.predict_proba(texts, language=language)
        return np.asarray(self.classes_[probabilities.argmax(axis=1)])

    def score(
        self,
        texts: Sequence[str],
        labels: ArrayLike,
        *,
        language: str | Sequence[str] | None = None,
    ) -> float:
        """Give the share of texts whose class is predicted right, in [0, 1].

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As `predict_proba` and `known_labels` do.
        """
        predicted = self.predict(texts, language=language)
        return float((predicted == self.known_labels(labels)).mean())

    def known_labels(self, labels: ArrayLike) -> NDArray[Any]:
        """Give labels as an array.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If one did not occur in `fit`.
        """
        self._require_fitted()
        given = np.asarray(labels)
        strange = sorted(set(given.tolist()) - set(self.classes_.tolist()), key=str)
        if strange:
            raise ValueError(
                f"labels must be among {self.classes_.tolist()}, which occur in training, got "
                f"{', '.join(map(repr, strange[:5]))}"
            )
        return given

    def _learn_labels(self, labels: ArrayLike, count: int) -> Indices:
        """Set the classes, and give the number of that of each text."""
        given = require_labels(labels)
        if given.shape != (count,):
            raise ValueError(f"labels must have shape ({count},), got {given.shape}")
        classes, numbers = np.unique(given, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"labels must hold at least 2 classes, got only {classes.tolist()}")
        self.classes_ = classes
        return np.asarray(numbers)

    def _require_fitted(self) -> None:
        if not hasattr(self, "prior_"):
            raise NotFittedError(f"{type(self).__name__} must be fitted before it predicts")
