"""Base class of text classifiers: labels, predictions from probabilities, scores."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.metadata_routing import UNUSED

from alignx.classification.labels import require_labels
from alignx.errors import NotFittedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from alignx.support.arrays import Double, Indices

__all__ = ["TextClassifier"]


class TextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Base of scikit-learn classifiers of texts, with `language` beside texts.

    Attributes
    ----------
    classes_ : ndarray
        The labels, sorted.
    prior_ : (classes,) float64
        Share of each class in training; the answer for texts without words.
    """

    classes_: NDArray[Any]
    prior_: Double

    # scikit-learn takes parameters not called X or y for metadata.
    __metadata_request__fit: ClassVar = {"texts": UNUSED, "labels": UNUSED}
    __metadata_request__predict: ClassVar = {"texts": UNUSED}
    __metadata_request__predict_proba: ClassVar = {"texts": UNUSED}
    __metadata_request__score: ClassVar = {"texts": UNUSED, "labels": UNUSED}

    @abstractmethod
    def predict_proba(
        self, texts: Sequence[str], *, language: str | Sequence[str] | None = None
    ) -> Double:
        """Compute the probability of each class, (n, classes)."""

    def predict(
        self, texts: Sequence[str], *, language: str | Sequence[str] | None = None
    ) -> NDArray[Any]:
        """Predict the most probable class of each text, (n,).

        `language` is the code of all texts, or of each. Raises as `predict_proba` does.
        """
        probabilities = self.predict_proba(texts, language=language)
        return np.asarray(self.classes_[probabilities.argmax(axis=1)])

    def score(
        self,
        texts: Sequence[str],
        labels: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        language: str | Sequence[str] | None = None,
    ) -> float:
        """Measure the accuracy on labeled texts, in [0, 1].

        Parameters
        ----------
        texts : sequence of str, length n
            Any texts.
        labels : (n,) array-like
            True class of each text.
        sample_weight : (n,) array-like of float, optional
            Weight of each text; equal unless given.
        language : str or sequence of str, optional
            Code of all texts, or of each.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As `predict_proba` and `known_labels` do, or if there is not one label for each text.
        """
        predicted = self.predict(texts, language=language)
        if np.shape(labels) != predicted.shape or not len(predicted):
            raise ValueError(
                "labels must be one for each of the texts, at least 1, got shape "
                f"{np.shape(labels)} for {len(predicted)} texts"
            )
        known = self.known_labels(labels)
        weights = np.ones(len(known)) if sample_weight is None else np.asarray(sample_weight, float)
        if weights.shape != known.shape or not weights.sum() > 0:
            raise ValueError(
                f"sample_weight must be one for each of {len(known)} texts, with a positive sum, "
                f"got shape {weights.shape}"
            )
        return float(np.average(predicted == known, weights=weights))

    def known_labels(self, labels: ArrayLike) -> NDArray[Any]:
        """Convert labels to an array; refuse those that training did not have.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If a label did not occur in `fit`.
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
        """Set the classes; return the class number of each text."""
        given = require_labels(labels)
        if given.shape != (count,):
            raise ValueError(f"labels must have shape ({count},), got {given.shape}")
        classes, numbers = np.unique(given, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"labels must hold at least 2 classes, got only {classes.tolist()}")
        self.classes_ = classes
        return np.asarray(numbers)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "prior_")

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags

    def _require_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(f"{type(self).__name__} must be fitted before it predicts")
