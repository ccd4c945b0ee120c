"""Words of all languages as words of one, for comparison by identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.retrieval.csls import csls_bias
from alignx.retrieval.exact import ExactIndex
from alignx.support.arrays import unit_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alignx.support.arrays import Indices, Matrix
    from alignx.texts.documents import Documents
    from alignx.vectors.embeddings import Embeddings

__all__ = ["PivotTerms"]

_N_NEIGHBORS = 10
_NOT_SEARCHED = -1


class PivotTerms:
    """Best translation of every word into the pivot, the first language of a space.

    Translations are found by CSLS when a word first occurs, and kept.

    Parameters
    ----------
    space : mapping of str to Embeddings
        Languages of one space, with unit rows.

    Examples
    --------
    >>> from alignx.texts.documents import TextReader
    >>> from alignx.vectors.embeddings import Embeddings
    >>> english = Embeddings(["cat", "dog"], np.eye(2))
    >>> spanish = Embeddings(["perro", "gato"], np.eye(2)[::-1])
    >>> terms = PivotTerms({"en": english, "es": spanish})
    >>> terms.of(TextReader().read(["gato"], "es", spanish))
    array([0])
    """

    def __init__(self, space: Mapping[str, Embeddings]) -> None:
        self.space = space
        self.pivot = next(iter(space))
        self._terms: dict[str, Indices] = {}
        self._indexes: dict[str, ExactIndex] = {}

    def __len__(self) -> int:
        return len(self.space[self.pivot])

    def of(self, documents: Documents) -> Indices:
        """Return the row of the pivot for each word of documents, (t,) int64."""
        code = documents.language
        size = documents.vocabulary
        is_oov = documents.words >= size
        found = np.empty(len(documents.words), np.int64)
        if code == self.pivot:
            found[~is_oov] = documents.words[~is_oov]
        else:
            known, back = np.unique(documents.words[~is_oov], return_inverse=True)
            found[~is_oov] = self._of_vocabulary(code, known)[back]
        if is_oov.any():
            found[is_oov] = self._search(code, documents.oov_vectors)[
                documents.words[is_oov] - size
            ]
        return found

    def _of_vocabulary(self, code: str, rows: Indices) -> Indices:
        terms = self._terms.setdefault(code, np.full(len(self.space[code]), _NOT_SEARCHED))
        new = rows[terms[rows] == _NOT_SEARCHED]
        if len(new):
            terms[new] = self._search(code, unit_rows(self.space[code].vectors[new]))
        return np.asarray(terms[rows])

    def _search(self, code: str, queries: Matrix) -> Indices:
        """Find the best pivot word of each vector of a language."""
        if code not in self._indexes:
            keys = ExactIndex.borrowing(self.space[self.pivot].vectors)
            if code != self.pivot:
                own = self.space[code].vectors
                keys = keys.with_bias(
                    csls_bias(keys.keys, own, n_neighbors=min(_N_NEIGHBORS, len(own)))
                )
            self._indexes[code] = keys
        return self._indexes[code].search(queries, 1).indices[:, 0].astype(np.int64)
