"""Word-by-word translation of documents through the induced lexicon."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.alignment.shared_space import SharedSpace
    from alignx.support.arrays import Indices
    from alignx.texts.documents import Documents

__all__ = ["WordTranslator"]


@dataclass(eq=False)
class WordTranslator:
    """Translator of each word of a document to its best translation by CSLS.

    `stored` holds translations of a saved model, (n,) target rows by pair of languages.
    """

    space: SharedSpace
    stored: dict[tuple[str, str], Indices] = field(default_factory=dict, repr=False)

    def best(self, source: str, target: str) -> Indices:
        """Find the target row of each source row, (n,) int64."""
        if (source, target) in self.stored:
            return self.stored[source, target]
        return self.space.best_rows(source, target)

    def translate(self, documents: Documents, target: str) -> Documents:
        """Replace every word by its translation; OOV words keep their vectors."""
        if documents.language == target:
            return documents
        count = len(self.space[target])
        is_known = documents.words < documents.vocabulary
        words = documents.words - documents.vocabulary + count
        best = self.best(documents.language, target)
        words[is_known] = best[documents.words[is_known]]
        return replace(documents, language=target, words=words, vocabulary=count)

    def is_reliable(self, documents: Documents, target: str) -> NDArray[np.bool_]:
        """Mark the words (t,) that translate back to themselves; their translation is likely."""
        source = documents.language
        forth, back = self.best(source, target), self.best(target, source)
        is_mutual = np.append(back[forth] == np.arange(len(forth)), [False])
        return np.asarray(is_mutual[np.minimum(documents.words, documents.vocabulary)])
