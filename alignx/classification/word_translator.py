"""Word-by-word translation of documents through the induced lexicon."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.alignment.shared_space import SharedSpace
    from alignx.classification.documents import Documents
    from alignx.support.arrays import Indices

__all__ = ["WordTranslator"]


@dataclass(eq=False)
class WordTranslator:
    """Replaces each word of a document by its best translation by CSLS.

    Parameters
    ----------
    space : SharedSpace
        Of all languages.
    """

    space: SharedSpace

    _entered: dict[tuple[str, str], Indices] = field(default_factory=dict, repr=False)

    def best(self, source: str, target: str) -> Indices:
        """Give the target row of each source row, (n,) int64; found when first asked for."""
        if (source, target) in self._entered:
            return self._entered[source, target]
        return self.space.best_rows(source, target)

    def enter(self, source: str, target: str, rows: Indices) -> None:
        """Take over translations that were found before, as by a saved model."""
        self._entered[source, target] = rows

    def is_mutual(self, source: str, target: str) -> NDArray[np.bool_]:
        """Tell which source words are the best translations of their best translations, (n,)."""
        forth, back = self.best(source, target), self.best(target, source)
        return np.asarray(back[forth] == np.arange(len(forth)))

    def translate(self, documents: Documents, target: str) -> Documents:
        """Replace every word by its translation.

        Parameters
        ----------
        documents : Documents
            Of any language of the space.
        target : str
            Code of the language to translate into.

        Returns
        -------
        Documents
            Words that are unseen in the vocabulary have no translation, and keep their vectors.
        """
        if documents.language == target:
            return documents
        count = len(self.space[target])
        is_known = documents.words < documents.vocabulary
        words = documents.words - documents.vocabulary + count
        best = self.best(documents.language, target)
        words[is_known] = best[documents.words[is_known]]
        return replace(documents, language=target, words=words, vocabulary=count)

    def reliable(self, documents: Documents, target: str) -> NDArray[np.bool_]:
        """Tell which words (t,) translate back to themselves, and so are likely to be right."""
        mask = np.append(self.is_mutual(documents.language, target), [False])
        return np.asarray(mask[np.minimum(documents.words, documents.vocabulary)])
