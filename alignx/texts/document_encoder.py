"""Document vectors: weighted means of word vectors, centered by language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self, TypeAlias

import numpy as np
from sklearn.base import BaseEstimator

from alignx.errors import NotFittedError
from alignx.support.arrays import Matrix, unit_rows
from alignx.texts.documents import Documents
from alignx.vectors.sif import SMOOTHING, expected_shares, sif_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alignx.vectors.embeddings import Embeddings

__all__ = ["DocumentEncoder", "Weighting"]

Weighting: TypeAlias = Literal["sif", "idf", "uniform"]

PRIOR_DOCUMENTS = 10.0


class DocumentEncoder(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Encoder of documents as weighted mean vectors.

    Parameters
    ----------
    weighting : {"sif", "idf", "uniform"}
        Weights of words:

        - ``"sif"``: ``a / (a + p)``, with the probability p of a word estimated from its rank by
          the law of Zipf and Mandelbrot, so that no text is needed;
        - ``"idf"``: inverse frequency among the documents of `fit`; by rank in a language without
          documents;
        - ``"uniform"``: equal.
    smoothing : float
        Constant a of ``"sif"``, more than 0.
    components : int
        Common components to remove, at least 0: the first directions of the centered documents of
        `fit`, all languages together.
    center : bool
        Whether to subtract the mean document of each language.
    oov_weight : float
        Factor at least 0 for OOV words with a computed vector, which is less sure than others;
        their weight is otherwise that of the rarest word.

    Attributes
    ----------
    weights_ : dict of str to (n + 1,) float32
        Weights of the words of each language, last that of OOV words.
    means_ : dict of str to (d,) float32
        Mean document of each language. The mean expected from word frequencies counts as ten
        documents.
    components_ : (components, d) float32
        Orthonormal rows.

    References
    ----------
    Arora, Liang and Ma, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", ICLR 2017.
    """

    weights_: dict[str, Matrix]
    means_: dict[str, Matrix]
    components_: Matrix

    def __init__(
        self,
        *,
        weighting: Weighting = "sif",
        smoothing: float = SMOOTHING,
        components: int = 0,
        center: bool = True,
        oov_weight: float = 0.5,
    ) -> None:
        self.weighting = weighting
        self.smoothing = smoothing
        self.components = components
        self.center = center
        self.oov_weight = oov_weight

    def fit(self, space: Mapping[str, Embeddings], documents: Sequence[Documents]) -> Self:
        """Learn word weights and language means.

        `space` holds unit rows by language, most frequent word first; `documents` may be several
        parts of one language, or none. Raises ValueError if a parameter is out of range.
        """
        self._check(next(iter(space.values())).dimension)
        self.space_ = space
        self.weights_ = {}
        for code, language in space.items():
            own = [part for part in documents if part.language == code]
            self.weights_[code] = self._weights(len(language), own)
        d = next(iter(space.values())).dimension
        self.means_ = {code: np.zeros(d, np.float32) for code in space}
        self.components_ = np.zeros((0, d), np.float32)
        averages = [self._averages(part)[part.lengths > 0] for part in documents]
        if self.center:
            for code, language in space.items():
                parts = zip(averages, documents, strict=True)
                own_rows = [rows for rows, part in parts if part.language == code]
                self.means_[code] = self._mean(language, self.weights_[code], own_rows)
        if self.components:
            centered = [
                unit_rows(rows - self.means_[part.language])
                for rows, part in zip(averages, documents, strict=True)
            ]
            self.components_ = _directions(np.concatenate(centered), self.components)
        return self

    def restore(
        self,
        space: Mapping[str, Embeddings],
        weights: dict[str, Matrix],
        means: dict[str, Matrix],
        components: Matrix,
    ) -> None:
        """Set the learned values of a saved model."""
        self.space_, self.means_, self.components_ = space, means, components
        self.weights_ = {
            code: weights[code] if code in weights else self._weights(len(language), [])
            for code, language in space.items()
        }

    def transform(self, *parts: Documents) -> Matrix:
        """Compute the vectors of documents.

        Parameters
        ----------
        *parts : Documents
            Documents. Several parts hold the same n texts, whose words add up, as where some words
            are translated and others not.

        Returns
        -------
        (n, d) float32
            Unit rows; zero for a document without a word that has a vector.

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError
            If something else than documents is given.
        """
        if not hasattr(self, "weights_"):
            raise NotFittedError("DocumentEncoder must be fitted before transform")
        for part in parts:
            if not isinstance(part, Documents):
                raise TypeError(
                    "documents must be what TransferClassifier.read(texts, language) gives, got "
                    f"{type(part).__name__}"
                )
        if len(parts) == 1:
            rows = self._averages(parts[0]) - self.means_[parts[0].language]
            empty = parts[0].lengths == 0
        else:
            sums, totals = zip(*map(self._sums, parts), strict=True)
            rows = sum(sums)
            for part, own in zip(parts, totals, strict=True):
                rows -= own[:, None] * self.means_[part.language]
            rows /= np.maximum(sum(totals), np.finfo(np.float32).tiny)[:, None]
            empty = sum(part.lengths for part in parts) == 0
        if len(self.components_):
            rows -= (rows @ self.components_.T) @ self.components_
        rows[empty] = 0
        return unit_rows(rows)

    def _check(self, dimension: int) -> None:
        if self.weighting not in ("sif", "idf", "uniform"):
            raise ValueError(f"weighting must be 'sif', 'idf' or 'uniform', got {self.weighting!r}")
        if not self.smoothing > 0:
            raise ValueError(f"smoothing must be more than 0, got {self.smoothing}")
        if not self.oov_weight >= 0:
            raise ValueError(f"oov_weight must be at least 0, got {self.oov_weight}")
        if not 0 <= self.components < dimension:
            raise ValueError(f"components must lie in [0, {dimension}), got {self.components}")

    def _weights(self, count: int, documents: Sequence[Documents]) -> Matrix:
        """Compute the weights of a vocabulary, last that of OOV words."""
        weights = self._word_weights(count, documents)
        weights[-1] *= self.oov_weight
        return weights

    def _word_weights(self, count: int, documents: Sequence[Documents]) -> Matrix:
        if self.weighting == "uniform":
            return np.ones(count + 1, np.float32)
        n = sum(map(len, documents))
        if self.weighting == "idf" and n:
            frequencies = np.zeros(count + 1)
            for part in documents:
                present = part.counts().copy()  # it shares the rows of the documents
                present.sum_duplicates()
                frequencies[:count] += np.bincount(present.indices, minlength=count)[:count]
            return np.asarray(np.log((1 + n) / (1 + frequencies)) + 1, np.float32)
        p = expected_shares(count)
        rarest = np.append(p, p[-1])
        if self.weighting == "idf":
            # A word of probability p occurs in a text of some 20 words with about 20 p.
            return np.asarray(np.log(1 / np.minimum(20 * rarest, 1)) + 1, np.float32)
        return sif_weights(rarest, self.smoothing).astype(np.float32)

    def _sums(self, documents: Documents) -> tuple[Matrix, Matrix]:
        """Sum weighted word vectors, and their weights."""
        weights = self.weights_[documents.language]
        values = weights[np.minimum(documents.words, documents.vocabulary)]
        counts = documents.counts(values)
        vectors = self.space_[documents.language].vectors
        if len(documents.oov_vectors) == 0:
            return counts @ vectors, counts.sum(axis=1)
        known, oov = counts[:, : len(vectors)], counts[:, len(vectors) :]
        return known @ vectors + oov @ documents.oov_vectors, counts.sum(axis=1)

    def _averages(self, documents: Documents) -> Matrix:
        sums, totals = self._sums(documents)
        sums /= np.maximum(totals, np.finfo(np.float32).tiny)[:, None]
        return sums

    def _mean(self, language: Embeddings, weights: Matrix, rows: Sequence[Matrix]) -> Matrix:
        """Average documents and the mean expected from word frequencies, as ten documents."""
        shares = expected_shares(len(language)) * weights[:-1]
        expected = (shares / shares.sum()).astype(np.float32) @ language.vectors
        total = np.sum([part.sum(axis=0, dtype=np.float64) for part in rows], axis=0)
        n = sum(map(len, rows))
        return np.asarray(
            (total + PRIOR_DOCUMENTS * expected) / (n + PRIOR_DOCUMENTS), dtype=np.float32
        )


def _directions(rows: Matrix, count: int) -> Matrix:
    """Find the first principal directions of rows, without centering."""
    _, vectors = np.linalg.eigh(rows.T.astype(np.float64) @ rows)
    return np.ascontiguousarray(vectors[:, ::-1][:, :count].T, dtype=np.float32)
