"""Text classifier over a pretrained encoder, as a baseline."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Literal, Self, get_args

import numpy as np

from alignx.classification.base import TextClassifier
from alignx.classification.heads import Examples, LinearHead, fit_head
from alignx.texts.documents import as_texts

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
    """Text classifier over a pretrained multilingual model, with `TransferClassifier`'s interface.

    It needs the packages of the extra ``transformers``.

    Parameters
    ----------
    model : path or str
        Folder of a saved model, or its name on the hub of Hugging Face, which is fetched once.
    kind : {"auto", "transformers", "sentence-transformers", "model2vec"}
        Kind of the model, by default found by its files; sentence-transformers loads all. The
        vector of a text is the mean of the last hidden states of its tokens (``"transformers"``,
        the encoder alone), of their static vectors (``"model2vec"``), or as the model pools.
    fine_tune : bool
        Whether to train the model itself too, rather than a head alone.
    epochs : int
        Passes of fine-tuning over all texts, at least 1.
    batch_size : int
        Texts computed together, at least 1.
    learning_rate : float
        Highest learning rate of fine-tuning, more than 0.
    max_length : int
        Most tokens of a text, at least 1; the rest is ignored.
    random_state : int
        Seed of all random numbers. On a CPU, the same seed gives the same classifier.

    Attributes
    ----------
    classes_, prior_
        The sorted labels, and their shares in training, which are the answer for empty texts.
    encoder_, head_
        The model, and the linear classifier over its vectors.
    train_seconds_, inference_seconds_ : float
        Seconds of `fit` without loading, and of the last prediction.
    parameters_, size_, peak_memory_ : int
        Number of parameters; their bytes; most bytes occupied until the end of the last call, by
        torch on a GPU, otherwise by the process.

    Notes
    -----
    Logistic regression over unit vectors of the frozen model is calibrated as for
    `TransferClassifier`. Fine-tuning starts from it, with AdamW on model and head together, which
    distorts the pretrained features less than a random head does.

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
        batch_size: int = 16,
        learning_rate: float = 2e-5,
        max_length: int = 256,
        random_state: int = 0,
    ) -> None:
        self.model = model
        self.kind = kind
        self.fine_tune = fine_tune
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.max_length = max_length
        self.random_state = random_state

    def fit(
        self,
        texts: Sequence[str],
        labels: ArrayLike,
        *,
        language: str | Sequence[str] | None = None,  # noqa: ARG002
        unlabeled: Mapping[str, Sequence[str]] | None = None,  # noqa: ARG002
    ) -> Self:
        """Load the model and learn from labeled texts.

        Empty texts are left out, `language` and `unlabeled` ignored.

        Raises
        ------
        TypeError
            If `texts` is no sequence of strings.
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
        """Compute the probability of each class, (n, classes) float64.

        Empty texts get the shares of the classes in training; their number is logged as a warning.
        `language` is ignored. Raises as `TextClassifier.predict` does.
        """
        self._require_fitted()
        texts = as_texts(texts)
        start = time.perf_counter()
        result = np.tile(self.prior_, (len(texts), 1))
        said = _not_empty(texts)
        if len(said):
            rows = self.encoder_.encode([texts[row] for row in said.tolist()], self.batch_size)
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
        for name in ("epochs", "batch_size", "max_length"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be more than 0, got {self.learning_rate}")

    def _learn(self, texts: Sequence[str], numbers: Indices) -> None:
        """Fit the head, then tune it and the model."""
        targets = np.eye(len(self.classes_))[numbers]
        rows = self.encoder_.encode(texts, self.batch_size)
        examples = Examples(rows, targets, np.ones(len(rows)), np.arange(len(rows)))
        head = fit_head(examples, random_state=self.random_state)
        assert isinstance(head, LinearHead)
        self.head_ = head
        if self.fine_tune:
            from alignx.classification.transformers.fine_tuning import fine_tune

            self.head_ = fine_tune(
                self.encoder_, texts, numbers, head,
                epochs=self.epochs, batch_size=self.batch_size,
                learning_rate=self.learning_rate, random_state=self.random_state,
            )  # fmt: skip
        self.prior_ = targets.mean(axis=0)


def _not_empty(texts: Sequence[str]) -> Indices:
    return np.flatnonzero([bool(text.strip()) for text in texts])
