"""Transformers behind the interface of the cross-lingual classifier, to measure it by."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Literal, Self, get_args

import numpy as np

from alignx.classification.base import TextClassifier
from alignx.classification.documents import as_texts
from alignx.classification.heads import Examples, LinearHead, fit_head

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from alignx.classification.transformers.encoders import Encoder
    from alignx.support.arrays import Double, Indices

__all__ = ["ModelKind", "TransformerClassifier"]

ModelKind = Literal["auto", "transformers", "sentence-transformers", "model2vec"]

logger = logging.getLogger("alignx")


class TransformerClassifier(TextClassifier):
    """Text classifier over a pretrained multilingual model, called as `TransferClassifier` is.

    It needs the packages of the extra ``transformers``.

    Parameters
    ----------
    model : path or str
        The folder of a saved model, or a name on the hub of Hugging Face, whose files are fetched
        once and then taken from its cache.
    kind : {"auto", "transformers", "sentence-transformers", "model2vec"}
        What the model is loaded by:

        - ``"transformers"``: such as mBERT, XLM-R, or mT5, of which the encoder alone is loaded;
          a text is the mean of the last hidden states of its tokens;
        - ``"sentence-transformers"``: a text is what the model makes of it;
        - ``"model2vec"``: a text is the mean of the static vectors of its tokens;
        - ``"auto"``: what the files of the model tell, here or on the hub: model2vec writes its
          name in ``config.json``, sentence-transformers has ``modules.json``, transformers
          ``config.json`` alone.
    fine_tune : bool
        Whether the model itself learns. It stays as it is otherwise.
    epochs : int
        How often fine-tuning sees all texts, at least 1.
    batch : int
        Texts that are computed together, at least 1.
    rate : float
        Highest learning rate of fine-tuning, more than 0.
    max_length : int
        Tokens after that many of a text are ignored, at least 1; those that the model cannot take
        are ignored in any case.
    seed : int
        Of all random numbers. On a processor, the same seed gives the same classifier.

    Attributes
    ----------
    classes_ : ndarray
        The labels, sorted.
    prior_ : (classes,) float64
        Share of each class; the answer for empty texts.
    encoder_ : Encoder
        The model.
    head_ : LinearHead
        What decides over its vectors.
    train_seconds_ : float
        What `fit` took, without loading the model.
    inference_seconds_ : float
        What the last `predict_proba` or `predict` took.
    parameters_ : int
        How many numbers model and head consist of.
    size_ : int
        How many bytes they take.
    peak_memory_ : int
        Most bytes occupied until the end of the last `fit` or `predict_proba`: by torch on a GPU,
        otherwise by the whole process since it began.

    Notes
    -----
    Vectors of texts have length 1. Over those of the frozen model, logistic regression is fitted
    and calibrated as for `TransferClassifier`. Fine-tuning goes on from there, with AdamW on model
    and head together, which keeps more of what the model knew of other languages than fine-tuning
    from a random head does.

    References
    ----------
    Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform
    Out-of-Distribution", ICLR 2022.
    """

    encoder_: Encoder
    head_: LinearHead
    train_seconds_: float
    inference_seconds_: float
    parameters_: int
    size_: int
    peak_memory_: int

    def __init__(
        self,
        model: str | os.PathLike[str],
        *,
        kind: ModelKind = "auto",
        fine_tune: bool = False,
        epochs: int = 3,
        batch: int = 16,
        rate: float = 2e-5,
        max_length: int = 256,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.kind = kind
        self.fine_tune = fine_tune
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.max_length = max_length
        self.seed = seed

    def fit(
        self,
        texts: Sequence[str],
        labels: ArrayLike,
        *,
        language: str | Sequence[str] | None = None,  # noqa: ARG002
        unlabeled: Mapping[str, Sequence[str]] | None = None,  # noqa: ARG002
    ) -> Self:
        """Load the model and learn.

        Parameters
        ----------
        texts : sequence of str, length n
            Any texts. Empty ones are left out.
        labels : (n,) array-like of str or int
            Their classes, at least two.
        language, unlabeled : optional
            Ignored, as these models are told no language, and learn from labeled texts alone.

        Raises
        ------
        TypeError
            If `texts` is a single string, or holds something else than strings.
        ValueError
            If a parameter is out of range, torch cannot use the device, or fewer than two classes
            have a text that is not empty.
        FormatError
            If there is no such model, the hub cannot be reached, or the model cannot be read.
        MissingDependencyError
            If a package is missing.
        """
        self._check()
        texts = as_texts(texts)
        numbers = self._learn_labels(labels, len(texts))
        said = _not_empty(texts)
        found = len(np.unique(numbers[said]))
        if found < 2:
            raise ValueError(f"texts of at least 2 classes must not be empty, got {found}")
        from alignx.classification.transformers.encoders import load_encoder

        self.encoder_ = load_encoder(self.model, kind=self.kind, max_length=self.max_length)
        start = time.perf_counter()
        self._learn([texts[row] for row in said.tolist()], numbers[said])
        self.train_seconds_ = time.perf_counter() - start
        head = self.head_.weights.size + self.head_.bias.size
        self.parameters_ = self.encoder_.parameters + head
        self.size_ = self.encoder_.size + self.head_.weights.nbytes + self.head_.bias.nbytes
        self.peak_memory_ = self.encoder_.peak_memory
        return self

    def predict_proba(
        self,
        texts: Sequence[str],
        *,
        language: str | Sequence[str] | None = None,  # noqa: ARG002
    ) -> Double:
        """Give the probability of each class.

        Parameters
        ----------
        texts : sequence of str, length n
            Any texts. An empty text gets the shares of the classes in `fit`; how many there
            are is logged as a warning.
        language : optional
            Ignored.

        Returns
        -------
        (n, classes) float64
            In the order of `classes_`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError
            If `texts` is a single string, or holds something else than strings.
        """
        self._require_fitted()
        texts = as_texts(texts)
        start = time.perf_counter()
        result = np.tile(self.prior_, (len(texts), 1))
        said = _not_empty(texts)
        if len(said):
            rows = self.encoder_.encode([texts[row] for row in said.tolist()], self.batch)
            result[said] = np.exp(self.head_.log_probabilities(rows))
        self.inference_seconds_ = time.perf_counter() - start
        self.peak_memory_ = self.encoder_.peak_memory
        if len(said) < len(texts):
            logger.warning(
                "%d of %d texts are empty and get the shares of the classes in training",
                len(texts) - len(said),
                len(texts),
            )
        return result

    def _check(self) -> None:
        if self.kind not in get_args(ModelKind):
            raise ValueError(
                f"kind must be one of {', '.join(get_args(ModelKind))}, got {self.kind!r}"
            )
        for name in ("epochs", "batch", "max_length"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not self.rate > 0:
            raise ValueError(f"rate must be more than 0, got {self.rate}")

    def _learn(self, texts: Sequence[str], numbers: Indices) -> None:
        """Fit the head, then tune it and the model."""
        targets = np.eye(len(self.classes_))[numbers]
        rows = self.encoder_.encode(texts, self.batch)
        examples = Examples(rows, targets, np.ones(len(rows)), np.arange(len(rows)))
        head = fit_head(examples, seed=self.seed)
        assert isinstance(head, LinearHead)
        self.head_ = head
        if self.fine_tune:
            from alignx.classification.transformers.fine_tuning import fine_tune

            self.head_ = fine_tune(
                self.encoder_,
                texts,
                numbers,
                head,
                epochs=self.epochs,
                batch=self.batch,
                rate=self.rate,
                seed=self.seed,
            )
        self.prior_ = targets.mean(axis=0)


def _not_empty(texts: Sequence[str]) -> Indices:
    return np.flatnonzero([bool(text.strip()) for text in texts])
