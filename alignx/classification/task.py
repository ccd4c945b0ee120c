"""Base of transfer strategies, and the labeled and unlabeled documents they learn from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from alignx.classification.ensemble import match_prior
from alignx.classification.heads import Examples, fit_head, log_softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from alignx.classification.ensemble import VotingModel
    from alignx.classification.heads import Head
    from alignx.classification.word_translator import WordTranslator
    from alignx.support.arrays import Double, Indices, Matrix
    from alignx.texts.document_encoder import DocumentEncoder
    from alignx.texts.documents import Documents
    from alignx.vectors.embeddings import Embeddings

__all__ = ["LabeledDocuments", "Strategy", "Task", "head_fitter", "label_documents"]


@dataclass(frozen=True, eq=False)
class LabeledDocuments:
    """Documents of one language with class numbers, weights and text numbers, (n,) each.

    The `groups` are the numbers of the texts, different in all languages.
    """

    documents: Documents
    classes: Indices
    weights: Double
    groups: Indices


def label_documents(
    parts: Sequence[tuple[Documents, Indices]], numbers: Indices, alpha: float
) -> tuple[LabeledDocuments, ...]:
    """Join documents with classes and weights, without empty documents.

    `parts` are documents of each language and the positions of their texts, `numbers` (n,) class
    numbers, `alpha` the exponent of the weight n ** alpha of a language with n texts. Raises
    ValueError if the documents with words are of fewer than two classes.
    """
    kept = [
        (part.take(known), rows[known])
        for part, rows in parts
        for known in [np.flatnonzero(part.lengths > 0)]
        if len(known)
    ]
    n_classes = len(np.unique(np.concatenate([numbers[rows] for _, rows in kept]))) if kept else 0
    if n_classes < 2:
        raise ValueError(
            "texts of at least 2 classes must have words that are in the vocabulary, got "
            f"{n_classes}; are the language and the case of the words right?"
        )
    shares = np.array([float(len(rows)) ** alpha for _, rows in kept])
    shares *= sum(len(rows) for _, rows in kept) / shares.sum()
    labeled = [
        LabeledDocuments(part, numbers[rows], np.full(len(rows), share / len(rows)), rows)
        for (part, rows), share in zip(kept, shares, strict=True)
    ]
    return tuple(sorted(labeled, key=lambda part: -len(part.documents)))


def head_fitter(head: Any, random_state: int) -> Callable[..., Head]:  # noqa: ANN401
    """Return the function that fits a head: "logistic", "mlp" or a scikit-learn classifier."""
    if head == "mlp":
        from alignx.classification.neural_heads import train_neural_head

        return partial(train_neural_head, random_state=random_state)
    if isinstance(head, str) and head != "logistic":
        raise ValueError(
            f"head must be 'logistic', 'mlp' or a classifier of scikit-learn, got {head!r}"
        )
    estimator = None if isinstance(head, str) else head
    return partial(fit_head, estimator=estimator, random_state=random_state)


@dataclass(frozen=True, eq=False)
class Task:
    """Data and tools of a strategy.

    `space` holds all languages to serve, `labeled` one part for each language with labels, most
    texts first. `fit_head` makes a head of examples.
    """

    space: Mapping[str, Embeddings]
    encoder: DocumentEncoder
    translator: WordTranslator
    labeled: tuple[LabeledDocuments, ...]
    unlabeled: dict[str, Documents]
    n_classes: int
    fit_head: Callable[..., Head]
    random_state: int

    @property
    def prior(self) -> Double:
        """Weighted share of each class among the labels, (classes,)."""
        classes = np.concatenate([part.classes for part in self.labeled])
        weights = np.concatenate([part.weights for part in self.labeled])
        shares = np.bincount(classes, weights, self.n_classes)
        return np.asarray(shares / shares.sum())

    @property
    def targets(self) -> list[str]:
        """Languages without labels."""
        known = {part.documents.language for part in self.labeled}
        return [code for code in self.space if code not in known]

    def unlabeled_targets(self, strategy: str) -> dict[str, Documents]:
        """Return the unlabeled texts of the target languages; ValueError if one has none."""
        missing = [code for code in self.targets if code not in self.unlabeled]
        if missing:
            raise ValueError(
                f"strategy {strategy!r} needs unlabeled texts of {', '.join(missing)}; pass "
                "unlabeled={language: texts}"
            )
        return {code: self.unlabeled[code] for code in self.targets}

    def examples(self, labeled: LabeledDocuments, *documents: Documents) -> Examples:
        """Encode labeled texts, or the given documents derived from them."""
        return Examples(
            self.encoder.transform(*(documents or (labeled.documents,))),
            np.eye(self.n_classes)[labeled.classes],
            labeled.weights,
            labeled.groups,
        )

    def originals(self) -> list[Examples]:
        """Encode all labeled texts without translation."""
        return [self.examples(part) for part in self.labeled]

    def translated(self, labeled: LabeledDocuments, language: str) -> Examples:
        """Encode translations of labeled texts, of words that translate back.

        A wrong word teaches something wrong; a missing one, nothing.
        """
        documents = labeled.documents
        kept = documents.keep(self.translator.is_reliable(documents, language))
        return self.examples(labeled, self.translator.translate(kept, language))

    def fit_joined(self, examples: list[Examples]) -> Head:
        """Fit one head to examples of several parts."""
        return self.fit_head(Examples.joined(examples))

    def fit_student(self, rows: Matrix, scores: Double, *, with_labeled: bool = True) -> Head:
        """Fit a head to a teacher's log probabilities, shifted to the shares of the labels.

        Labeled and unlabeled texts have the same total weight.
        """
        soft = np.exp(log_softmax(scores + match_prior(self.prior, scores)))
        labeled = Examples.joined(self.originals())
        groups = np.arange(len(rows)) + labeled.groups.max(initial=0) + 1
        taught = Examples(rows, soft, np.ones(len(rows)), groups)
        if not with_labeled:
            return self.fit_head(taught, is_taught=True)
        share = labeled.weights.sum() / max(len(rows), 1)
        both = Examples.joined([labeled, replace(taught, weights=taught.weights * share)])
        return self.fit_head(both, is_taught=True)


@dataclass(frozen=True)
class Strategy(ABC):
    """Base of transfer strategies; the fields of a child are its options."""

    name: ClassVar[str]
    needs_torch: ClassVar[bool] = False
    needs_unlabeled: ClassVar[bool] = False

    def learn(self, task: Task) -> VotingModel:
        """Fit a model to the data of a task."""
        return self._learn(task)

    @property
    def parts(self) -> tuple[Strategy, ...]:
        """The strategy and those that it builds on."""
        return (self, *(part for strategy in self._built_on() for part in strategy.parts))

    def options(self) -> dict[str, Any]:
        """Collect the options that differ from the defaults."""
        values = {field.name: (getattr(self, field.name), field.default) for field in fields(self)}
        return {name: value for name, (value, default) in values.items() if value != default}

    @abstractmethod
    def _learn(self, task: Task) -> VotingModel: ...

    def _built_on(self) -> tuple[Strategy, ...]:
        return ()
