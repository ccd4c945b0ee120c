"""Word vectors for other packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.support.packages import require_packages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gensim.models import KeyedVectors
    from spacy.vocab import Vocab

    from alignx.support.arrays import Matrix

__all__ = ["Exportable"]


class Exportable:
    """Base of words with vectors, for use in other packages."""

    words: Sequence[str]
    vectors: Matrix
    language: str | None

    def to_gensim(self) -> KeyedVectors:
        """Copy words and vectors to gensim's `KeyedVectors`.

        Raises
        ------
        MissingDependencyError
            If gensim is not installed.

        Examples
        --------
        >>> from alignx import Embeddings
        >>> english = Embeddings(["cat", "dog", "car"], [[1, 0], [0.8, 0.6], [0, 1]])
        >>> english.to_gensim().most_similar("cat", topn=1)  # doctest: +SKIP
        [('dog', 0.800000011920929)]
        """
        require_packages({"to_gensim": "gensim"})
        from gensim.models import KeyedVectors

        vectors = KeyedVectors(self.vectors.shape[1])
        vectors.add_vectors(list(self.words), self.vectors)
        return vectors

    def to_spacy(self) -> Vocab:
        """Copy words and vectors to spaCy's `Vocab`.

        A pipeline with these vectors is ``spacy.blank(vocab.lang, vocab=vocab)``; its ``to_disk``,
        and that of `Vocab`, keep them. The language is "xx" where spaCy does not know it.

        Raises
        ------
        MissingDependencyError
            If spaCy is not installed.

        Examples
        --------
        >>> from alignx import Embeddings
        >>> english = Embeddings(["cat", "dog", "car"], [[1, 0], [0.8, 0.6], [0, 1]], "en")
        >>> vocab = english.to_spacy()  # doctest: +SKIP
        >>> vocab["cat"].similarity(vocab["dog"])  # doctest: +SKIP
        0.800000011920929
        """
        require_packages({"to_spacy": "spacy"})
        from spacy.util import get_lang_class
        from spacy.vectors import Vectors
        from spacy.vocab import create_vocab

        code = self.language or "xx"
        try:
            defaults = get_lang_class(code).Defaults
        except ImportError:  # spaCy does not know the language
            code = "xx"
            defaults = get_lang_class(code).Defaults
        vocab = create_vocab(code, defaults)
        for word in self.words:
            vocab.strings.add(word)
        # A name keeps it from being taken for the vectors of another pipeline.
        name = f"{code}_alignx"
        vocab.vectors = Vectors(
            strings=vocab.strings, data=self.vectors.copy(), keys=list(self.words), name=name
        )
        return vocab
