"""Distinct words of a file of vectors, up to a limit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alignx.support.arrays import zero_rows
from alignx.support.files import printable
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.language_codes import guess_language
from alignx.vectors.load_options import LoadOptions, LoadReport
from alignx.vectors.spelling import lower

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Matrix
    from alignx.vectors.embeddings import OOVVectors

__all__ = ["VocabularyReader"]


class VocabularyReader:
    """Collector of the words to keep from a file, which may store a language code.

    Examples
    --------
    >>> reader = VocabularyReader("en.vec", LoadOptions(limit=2, lowercase=True))
    >>> reader.add(["cat", "Cat", "dog", "cow"])
    [0, 2]
    >>> reader.rows, reader.is_full
    (3, True)
    """

    def __init__(self, path: str, options: LoadOptions, language: str | None = None) -> None:
        given = options.language or language
        self.guessed = None if given else guess_language(path).code
        self.language = given or self.guessed
        self.index: dict[str, int] = {}
        self.rows = 0
        self._path = path
        self._options = options

    @property
    def is_full(self) -> bool:
        """Whether the limit is reached."""
        return len(self.index) == self._options.limit

    def add(self, words: Sequence[str]) -> list[int]:
        """Take in words up to the limit, and return the positions of new ones."""
        kept: list[int] = []
        index, limit = self.index, self._options.limit
        lowered = (lower(word, self.language) for word in words)
        for position, word in enumerate(lowered if self._options.lowercase else words):
            if word not in index:
                index[word] = len(index)
                kept.append(position)
                if len(index) == limit:
                    self.rows += position + 1
                    return kept
        self.rows += len(words)
        return kept

    def embeddings(
        self,
        file_format: str,
        vectors: Matrix,
        *,
        skipped: int = 0,
        oov_vectors: OOVVectors | None = None,
    ) -> Embeddings:
        """Join the words with their vectors, (n, d) float32, and report the counts."""
        zeros = int(zero_rows(vectors).sum())
        report = LoadReport(
            self._path,
            file_format,
            rows=self.rows,
            dimension=vectors.shape[1],
            skipped=skipped,
            merged=self.rows - len(self.index),
            zero_rows=zeros,
            language=self.guessed,
        )
        return Embeddings.from_checked(
            tuple(self.index),
            vectors,
            language=self.language,
            source=printable(Path(self._path).name),
            report=report,
            oov_vectors=oov_vectors,
            index=self.index,
            zero_rows=zeros,
        )
