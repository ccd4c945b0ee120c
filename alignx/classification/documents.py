"""Texts as the rows of their words in a vocabulary."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from alignx.arrays import Matrix, unit_rows
from alignx.classification.tokens import parts_of, tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from alignx.arrays import Indices
    from alignx.classification.tokens import Tokenizer
    from alignx.embeddings import Embeddings

__all__ = ["Documents", "UnseenWords", "read_documents"]

UnseenWords: TypeAlias = "Callable[[Sequence[str]], Matrix]"
"""Gives (n, d) vectors in the shared space of words that the vocabulary lacks."""


@dataclass(frozen=True, eq=False)
class Documents:
    """Texts of one language as rows of its vocabulary, in their order.

    Attributes
    ----------
    language : str
        Whose vocabulary.
    starts : (n + 1,) int64
        Where each text begins in `words`, and the end of the last.
    words : (t,) int64
        Rows of the known words, text after text. Rows from `vocabulary` on are those of `unseen`.
    vocabulary : int
        How many words the language has.
    unseen : (u, d) float32
        Vectors of further words, by their characters.
    unknown : (n,) int64
        How many words of each text have no vector.
    """

    language: str
    starts: Indices
    words: Indices
    vocabulary: int
    unseen: Matrix
    unknown: Indices

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Indices:
        """(n,) how many words of each text have a vector."""
        return np.diff(self.starts)

    def counts(self, values: Matrix | None = None) -> csr_array:
        """Give the matrix (n, vocabulary + u) with an entry for each word.

        Parameters
        ----------
        values : (t,) float32, optional
            The entries; 1 unless given. Those of a word that occurs twice in a text add up.
        """
        from scipy.sparse import csr_array

        data = np.ones(len(self.words), np.float32) if values is None else values
        shape = (len(self), self.vocabulary + len(self.unseen))
        return csr_array((data, self.words, self.starts), shape=shape)

    def take(self, rows: Indices) -> Documents:
        """Give some of the texts, in the order of `rows`."""
        lengths = self.lengths[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        words = self.words[np.repeat(self.starts[rows], lengths) + within]
        return Documents(
            self.language, starts, words, self.vocabulary, self.unseen, self.unknown[rows]
        )

    def keep(self, kept: NDArray[np.bool_]) -> Documents:
        """Give the texts with only those words that a mask (t,) keeps; lost ones are unknown."""
        before = np.concatenate([[0], np.cumsum(kept)])
        starts = before[self.starts]
        lost = self.lengths - np.diff(starts)
        return Documents(
            self.language,
            starts,
            self.words[kept],
            self.vocabulary,
            self.unseen,
            self.unknown + lost,
        )


def read_documents(
    texts: Sequence[str],
    language: str,
    embeddings: Embeddings,
    *,
    tokenizer: Tokenizer = tokenize,
    unseen: UnseenWords | None = None,
) -> Documents:
    """Look up the words of texts.

    Parameters
    ----------
    texts : sequence of str
        Any texts, empty ones too.
    language : str
        Their code.
    embeddings : Embeddings
        Of that language. Where a word is unknown but its parts between hyphens or apostrophes are
        known, these stand for it.
    tokenizer : callable
        Cuts a text into words.
    unseen : callable, optional
        Gives vectors of words that are still unknown.

    Raises
    ------
    TypeError
        If `texts` is a single string, or holds something else than strings.

    Examples
    --------
    >>> from alignx.embeddings import Embeddings
    >>> english = Embeddings(["cat", "well", "known"], np.eye(3))
    >>> found = read_documents(["A well-known cat", ""], "en", english)
    >>> found.words, found.lengths, found.unknown
    (array([1, 2, 0]), array([3, 0]), array([1, 0]))
    """
    if isinstance(texts, str):
        raise TypeError(f"texts must be a sequence of strings, got the string {texts[:50]!r}")
    row_of = embeddings.index.get
    rows = array("q")
    ends, unknown = array("q", [0]), array("q")
    added: dict[str, int] = {}
    count = len(embeddings)
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"texts must be strings, got {type(text).__name__}")
        words = list(tokenizer(text))
        found = [row_of(word, -1) for word in words]
        missing = 0
        if -1 in found:
            found, missing = _with_rest(words, found, row_of, added, count, unseen is not None)
        rows.extend(found)
        ends.append(len(rows))
        unknown.append(missing)
    vectors = np.zeros((0, embeddings.dimension), np.float32)
    if unseen is not None and added:
        vectors = unit_rows(np.asarray(unseen(list(added)), dtype=np.float32))
    return Documents(
        language,
        np.array(ends, dtype=np.int64),
        np.array(rows, dtype=np.int64),
        count,
        vectors,
        np.array(unknown, dtype=np.int64),
    )


def _with_rest(
    words: Sequence[str],
    found: Sequence[int],
    row_of: Callable[[str, int], int],
    added: dict[str, int],
    count: int,
    add: bool,
) -> tuple[list[int], int]:
    """Find unknown words by their parts, or enter them after the vocabulary."""
    rows: list[int] = []
    missing = 0
    for word, row in zip(words, found, strict=True):
        if row >= 0:
            rows.append(row)
            continue
        parts = [row_of(part, -1) for part in parts_of(word)]
        known = [part for part in parts if part >= 0]
        if known:
            rows += known
        elif add:
            rows.append(count + added.setdefault(word, len(added)))
        else:
            missing += 1
    return rows, missing
