"""Texts as the rows of their words in a vocabulary."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from alignx.support.arguments import require_ordered, shown
from alignx.support.arrays import Matrix, unit_rows
from alignx.support.tokenizer import cut, parts_of, spellings, tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from alignx.support.arrays import Indices
    from alignx.support.tokenizer import Tokenizer
    from alignx.vectors.embeddings import Embeddings

__all__ = ["Documents", "UnseenWords", "as_texts", "read_documents"]

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


def as_texts(texts: Sequence[str], name: str = "texts") -> list[str]:
    """Give texts as a list.

    Parameters
    ----------
    texts : sequence of str
        A list, an array or a column of a data frame, for example.
    name : str
        Their name in messages.

    Raises
    ------
    TypeError
        If it is a single string, has no order or columns, or holds something else than strings.

    Examples
    --------
    >>> as_texts("a cat")
    Traceback (most recent call last):
        ...
    TypeError: texts must be a sequence of strings, got the string 'a cat'
    """
    require_ordered(texts, name)
    # Their elements would be keys, or names of columns.
    if isinstance(texts, Mapping) or getattr(texts, "ndim", 1) != 1:
        raise TypeError(f"{name} must be a sequence of strings, got {shown(texts)}")
    given = list(texts)
    for text in given:
        if not isinstance(text, str):
            raise TypeError(f"{name} must be strings, got {type(text).__name__}")
    return given


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
        Of that language. Words are looked up as `Embeddings.find` does. Where a word is unknown,
        another spelling of it stands for it, or its parts between hyphens or apostrophes, those
        that are known.
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
    >>> from alignx.vectors.embeddings import Embeddings
    >>> english = Embeddings(["cat", "well", "known"], np.eye(3))
    >>> found = read_documents(["A well-known cat", ""], "en", english)
    >>> found.words, found.lengths, found.unknown
    (array([1, 2, 0]), array([3, 0]), array([1, 0]))
    """
    # No word of ours reaches over white space, so each piece between is cut and looked up once.
    is_ours = tokenizer is tokenize
    found = _Found(embeddings, cut if is_ours else lambda word: [word], unseen)
    rows, ends, unknown = array("q"), array("q", [0]), array("q")
    for text in as_texts(texts):
        missing = 0
        for piece in text.split() if is_ours else tokenizer(text):
            of_piece, lost = found[piece]
            rows.extend(of_piece)
            missing += lost
        ends.append(len(rows))
        unknown.append(missing)
    embeddings.lookup.warn_of_case_variants(found.words, f"words of the {language} texts")
    vectors = np.zeros((0, embeddings.dimension), np.float32)
    if unseen is not None and found.added:
        vectors = unit_rows(np.asarray(unseen(list(found.added)), dtype=np.float32))
    return Documents(
        language,
        np.array(ends, dtype=np.int64),
        np.array(rows, dtype=np.int64),
        len(embeddings),
        vectors,
        np.array(unknown, dtype=np.int64),
    )


class _Found(dict[str, "tuple[list[int], int]"]):
    """Rows of each piece of text, and how many of its words have none; found when asked for."""

    def __init__(self, embeddings: Embeddings, cut: Tokenizer, unseen: UnseenWords | None) -> None:
        super().__init__()
        self.lookup = embeddings.lookup
        self.vocabulary = len(embeddings)
        self.cut = cut
        self.enters = unseen is not None
        self.words: dict[str, None] = {}  # in order, so that messages do not differ
        self.added: dict[str, int] = {}

    def __missing__(self, piece: str) -> tuple[list[int], int]:
        rows: list[int] = []
        missing = 0
        for word in self.cut(piece):
            self.words[word] = None
            own = self._rows(word)
            rows += own
            missing += not own
        self[piece] = rows, missing
        return rows, missing

    def _rows(self, word: str) -> list[int]:
        """Row of a word, or those of its parts, or one behind the vocabulary, or none."""
        row = self.lookup.row
        for spelling in spellings(word):
            if (found := row(spelling)) >= 0:
                return [found]
        known = [found for part in parts_of(word) if (found := row(part)) >= 0]
        if known or not self.enters:
            return known
        written = self.lookup.spell_oov(word)
        return [self.vocabulary + self.added.setdefault(written, len(self.added))]
