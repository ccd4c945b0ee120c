"""Base of classifiers over a shared space: reading, encoding and predicting texts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.classification.base import TextClassifier
from alignx.classification.explanation import Explanation, explain
from alignx.classification.languages import language_of, languages_of, require_language
from alignx.texts.documents import Documents, TextReader, as_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.alignment.shared_space import SharedSpace
    from alignx.classification.model import TransferModel
    from alignx.support.arrays import Double, Indices, Matrix
    from alignx.texts.document_encoder import DocumentEncoder

__all__ = ["SpaceClassifier"]

logger = logging.getLogger("alignx")


class SpaceClassifier(TextClassifier):
    """Base of classifiers whose fitted state is a `TransferModel` over document vectors.

    Attributes
    ----------
    encoder_, model_
        The fitted encoder and model.
    """

    space: SharedSpace
    language: str | None
    reader: TextReader | None
    model_: TransferModel

    @property
    def encoder_(self) -> DocumentEncoder:
        """The fitted encoder."""
        return self.model_.encoder

    def predict_proba(
        self, texts: Sequence[str], *, language: str | Sequence[str] | None = None
    ) -> Double:
        """Compute the probability of each class, (n, classes) float64 in the order of `classes_`.

        Parameters
        ----------
        texts : sequence of str, length n
            Any texts. Those without a word in the vocabulary get the shares of the classes in
            `fit`; their number is logged as a warning.
        language : str or sequence of str, optional
            Code of all texts, or of each; `language` of the class unless given.

        Raises
        ------
        NotFittedError, ValueError
            Before `fit`, or if a language is not named or has no vectors.
        """
        self._require_fitted()
        texts = as_texts(texts)
        codes = languages_of(language, self.language, self.space, len(texts))
        result = np.empty((len(texts), len(self.classes_)))
        n_empty = 0
        for documents, rows in self._read(texts, codes):
            result[rows], is_empty = self.model_.probabilities(documents)
            n_empty += int(is_empty.sum())
        if n_empty:
            logger.warning(
                "%d of %d texts have no word in the vocabulary and get the shares of the classes "
                "in training",
                n_empty,
                len(texts),
            )
        return result

    def read(self, texts: Sequence[str], language: str) -> Documents:
        """Look up the words of texts; ValueError if the language has no vectors."""
        return self._read_by(self._reader, texts, language)

    def read_known(self, texts: Sequence[str], language: str) -> Documents:
        """Look up the words of texts as `read` does, without learned vectors of OOV words."""
        return self._read_by(self._reader.without_learned(), texts, language)

    def encode(self, texts: Sequence[str], *, language: str) -> Matrix:
        """Compute the vectors of texts, (n, d) float32 unit rows; zero without known words."""
        self._require_fitted()
        return self.encoder_.transform(self.read(texts, language))

    def coverage(self, texts: Sequence[str], *, language: str) -> Double:
        """Compute the share of the words of each text that have a vector, (n,).

        Learned vectors of OOV words do not count.
        """
        return self.read_known(texts, language).coverage

    def explain(
        self,
        text: str,
        *,
        language: str | None = None,
        k: int = 5,
        label: Any = None,  # noqa: ANN401
        n_neighbors: int = 3,
        source: str | None = None,
    ) -> Explanation:
        """Find the words that carry a prediction; see `Explanation`."""
        if label is not None:
            self.known_labels([label])
        self._require_fitted()
        return explain(
            self.model_,
            text,
            language_of(language, self.language, self.space),
            k=k,
            label=label,
            n_neighbors=n_neighbors,
            source=source,
        )

    @property
    def _reader(self) -> TextReader:
        return self.reader or TextReader(oov="learned")

    def _take(self, model: TransferModel) -> None:
        self.model_, self.classes_, self.prior_ = model, model.classes, model.prior

    def _read_by(self, reader: TextReader, texts: Sequence[str], language: str) -> Documents:
        require_language(language, self.space)
        return reader.read(texts, language, self.space[language], english=self.space.get("en"))

    def _read(self, texts: Sequence[str], codes: Sequence[str]) -> list[tuple[Documents, Indices]]:
        """Look up texts language by language, each with the positions of its texts."""
        languages = np.asarray(codes, dtype=object)
        result = []
        for code in dict.fromkeys(codes):
            rows = np.flatnonzero(languages == code)
            own = [texts[row] for row in rows.tolist()] if len(rows) < len(texts) else texts
            result.append((self.read(own, code), rows))
        return result
