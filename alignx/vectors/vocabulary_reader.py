"""Distinct words of a file of vectors, up to a limit."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from alignx.errors import FormatError
from alignx.support.arrays import zero_rows
from alignx.support.counts import counted
from alignx.support.files import printable
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.language_codes import guess_language
from alignx.vectors.load_options import LoadOptions, LoadReport
from alignx.vectors.spelling import cased
from alignx.vectors.text.prefixes import (
    describe_absence,
    describe_prefixes,
    language_of_prefix,
    prefix_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Matrix
    from alignx.vectors.embeddings import OOVVectors

__all__ = ["VocabularyReader"]

_SAMPLE = 1000  # words whose prefixes are looked at


class VocabularyReader:
    """Collector of the words to keep from a file, which may store a language code.

    Examples
    --------
    >>> reader = VocabularyReader("en.vec", LoadOptions(limit=2, casing="lower"))
    >>> reader.add(["cat", "Cat", "dog", "cow"])
    [0, 2]
    >>> reader.rows, reader.is_full
    (3, True)
    """

    def __init__(self, path: str, options: LoadOptions, language: str | None = None) -> None:
        given = options.language or language or language_of_prefix(options.prefix)
        self.guessed = None if given else guess_language(path).code
        self.language = given or self.guessed
        self.index: dict[str, int] = {}
        self.rows = 0
        self._path = path
        self._options = options
        self._other_prefixes: Counter[str] = Counter()

    @property
    def is_full(self) -> bool:
        """Whether the limit is reached."""
        return len(self.index) == self._options.limit

    def add(self, words: Sequence[str]) -> list[int]:
        """Take in words up to the limit, and return the positions of new ones."""
        kept: list[int] = []
        index, limit = self.index, self._options.limit
        positions, chosen = self._chosen(words)
        if self._options.casing != "keep":
            chosen = [cased(word, self._options.casing, self.language) for word in chosen]
        for count, (position, word) in enumerate(zip(positions, chosen, strict=True), 1):
            if word not in index:
                index[word] = len(index)
                kept.append(position)
                if len(index) == limit:
                    self.rows += count
                    return kept
        self.rows += len(chosen)
        return kept

    def _chosen(self, words: Sequence[str]) -> tuple[Sequence[int], Sequence[str]]:
        """Find the words with the prefix, and take it off; count the prefixes of others."""
        prefix = self._options.prefix
        if not prefix:
            return range(len(words)), words
        positions = [
            i for i, word in enumerate(words) if word.startswith(prefix) and word != prefix
        ]
        if len(positions) < len(words):
            others = set(range(len(words))).difference(positions)
            self._other_prefixes.update(prefix_of(words[i]) for i in others)
        return positions, [words[i].removeprefix(prefix) for i in positions]

    def notes(self) -> list[str]:
        """Remarks on prefixes; FormatError if no word has the prefix of the options."""
        prefix, others = self._options.prefix, self._other_prefixes
        if not prefix:
            return list(filter(None, [describe_prefixes(list(islice(self.index, _SAMPLE)))]))
        if not self.index:
            raise FormatError(self._path, describe_absence(prefix, others))
        return [f"{counted(others.total(), 'word')} without {prefix!r} left out"] if others else []

    def embeddings(
        self,
        file_format: str,
        vectors: Matrix,
        *,
        skipped: int = 0,
        oov_vectors: OOVVectors | None = None,
        notes: Sequence[str] = (),
    ) -> Embeddings:
        """Join the words with their vectors, (n, d) float32, and report the counts.

        Raises FormatError if no word has the prefix that the options ask for.
        """
        own_notes = self.notes()
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
            notes=(*notes, *own_notes),
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
