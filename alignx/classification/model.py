"""Fitted transfer models: predictions of documents in any language of a space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.classification.languages import require_language

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from alignx.classification.ensemble import VotingModel
    from alignx.classification.word_translator import WordTranslator
    from alignx.support.arrays import Double
    from alignx.texts.document_encoder import DocumentEncoder
    from alignx.texts.documents import Documents, TextReader
    from alignx.vectors.embeddings import Embeddings

__all__ = ["TransferModel"]


@dataclass(frozen=True, eq=False, repr=False)
class TransferModel:
    """Fitted state of a `TransferClassifier`.

    `classes` and `prior` (classes,) are labels and their shares in training, `languages` those with
    labels, most texts first; `heads` is the result of the strategy.
    """

    space: Mapping[str, Embeddings]
    classes: NDArray[Any]
    prior: Double
    languages: tuple[str, ...]
    encoder: DocumentEncoder
    translator: WordTranslator
    heads: VotingModel
    reader: TextReader

    def __repr__(self) -> str:
        return f"TransferModel({len(self.classes)} classes, {', '.join(self.space)})"

    @property
    def facts(self) -> dict[str, Any]:
        """Facts about training: numbers and strings that JSON can hold."""
        return self.heads.facts

    def read(self, texts: Sequence[str], language: str) -> Documents:
        """Look up the words of texts; ValueError if the language has no vectors."""
        require_language(language, self.space)
        return self.reader.read(texts, language, self.space[language], english=self.space.get("en"))

    def probabilities(self, documents: Documents) -> tuple[Double, NDArray[np.bool_]]:
        """Compute probabilities (n, classes) float64, and mark documents without a word (n,)."""
        scores = self.heads.log_probabilities(documents, self.encoder, self.translator)
        found = np.exp(scores)
        is_empty = documents.lengths == 0
        found[is_empty] = self.prior
        return found, is_empty
