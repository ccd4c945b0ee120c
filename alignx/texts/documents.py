"""Texts as rows of a vocabulary: look-up of words, OOV words included."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from alignx.support.arguments import require_ordered, shown
from alignx.support.arrays import Matrix, unit_rows
from alignx.support.tokenizer import cut, parts_of, spellings, tokenize
from alignx.texts.emoji import EmojiVectors
from alignx.texts.learned_oov import learned_oov_vectors
from alignx.vectors.oov import require_oov_mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from alignx.support.arrays import Double, Indices
    from alignx.support.tokenizer import Tokenizer
    from alignx.vectors.embeddings import Embeddings

__all__ = ["Documents", "OOVVectors", "TextOOV", "TextReader", "as_texts"]

TextOOV: TypeAlias = Literal["drop", "subword", "learned"]
"""Treatment of OOV words of texts."""

OOVVectors: TypeAlias = "Callable[[Sequence[str]], Matrix]"
"""Computes (n, d) vectors of OOV words in the shared space."""


@dataclass(frozen=True, eq=False)
class Documents:
    """Texts of one language as rows of its vocabulary, in their order.

    Attributes
    ----------
    language : str
        Code of the language.
    starts : (n + 1,) int64
        Start of each text in `words`, and the end of the last.
    words : (t,) int64
        Rows of the words that have a vector, text after text. Rows from `vocabulary` on are those
        of `oov_vectors`.
    vocabulary : int
        Size of the vocabulary.
    oov_vectors : (u, d) float32
        Vectors of OOV words.
    missing : (n,) int64
        Number of words of each text without a vector.
    oov_words : tuple of str, length u
        The words of `oov_vectors`, where they are known.
    """

    language: str
    starts: Indices
    words: Indices
    vocabulary: int
    oov_vectors: Matrix
    missing: Indices
    oov_words: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Indices:
        """Number of words of each text that have a vector, (n,)."""
        return np.diff(self.starts)

    @property
    def coverage(self) -> Double:
        """Share of the words of each text that have a vector, (n,); 0 for no words."""
        return np.asarray(self.lengths / np.maximum(self.lengths + self.missing, 1))

    def counts(self, values: Matrix | None = None) -> csr_array:
        """Build the matrix (n, vocabulary + u) that sums 1, or `values` (t,), for each word."""
        from scipy.sparse import csr_array

        data = np.ones(len(self.words), np.float32) if values is None else values
        shape = (len(self), self.vocabulary + len(self.oov_vectors))
        return csr_array((data, self.words, self.starts), shape=shape)

    def take(self, rows: Indices) -> Documents:
        """Select texts, in the order of `rows`."""
        lengths = self.lengths[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        words = self.words[np.repeat(self.starts[rows], lengths) + within]
        return replace(self, starts=starts, words=words, missing=self.missing[rows])

    def keep(self, kept: NDArray[np.bool_]) -> Documents:
        """Drop the words that a mask (t,) excludes; they count as missing."""
        starts = np.concatenate([[0], np.cumsum(kept)])[self.starts]
        missing = self.missing + self.lengths - np.diff(starts)
        return replace(self, starts=starts, words=self.words[kept], missing=missing)


def as_texts(texts: Sequence[str], name: str = "texts") -> list[str]:
    """Convert a list, an array or a column of a data frame to a list of texts.

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


@dataclass(frozen=True)
class TextReader:
    """Tokenizers and OOV handling by language.

    Parameters
    ----------
    tokenizers : mapping of str to callable
        Tokenizer of each language; by default words by Unicode rules.
    oov_vectors : mapping of str to callable
        Functions from OOV words of a language to their (n, d) vectors in the space.
    oov : {"drop", "subword", "learned"}
        Vectors of OOV words of the languages that `oov_vectors` does not name:

        - ``"drop"``: none;
        - ``"subword"``: from their characters, by fastText models (``.bin``) of the space;
        - ``"learned"``: the same, and in languages without a model by `LearnedSubwords` of the
          vocabulary, learned in seconds when the first OOV word is met.

    Examples
    --------
    >>> from alignx.vectors.embeddings import Embeddings
    >>> english = Embeddings(["cat", "well", "known"], np.eye(3))
    >>> found = TextReader().read(["A well-known cat", ""], "en", english)
    >>> found.words, found.lengths, found.missing
    (array([1, 2, 0]), array([3, 0]), array([1, 0]))
    """

    tokenizers: Mapping[str, Tokenizer] = field(default_factory=dict)
    oov_vectors: Mapping[str, OOVVectors] = field(default_factory=dict)
    oov: TextOOV = "drop"

    def require_usable(self, languages: Iterable[Embeddings]) -> None:
        """Refuse an unknown `oov`, and ``"subword"`` where no language has a subword model."""
        if self.oov not in get_args(TextOOV):
            raise ValueError(f"oov must be 'drop', 'subword' or 'learned', got {self.oov!r}")
        if self.oov != "learned":
            require_oov_mode(self.oov, *languages)

    def without_learned(self) -> TextReader:
        """Return a reader that computes no vectors by `LearnedSubwords`."""
        return replace(self, oov="subword") if self.oov == "learned" else self

    def oov_vectors_of(self, language: str, embeddings: Embeddings) -> OOVVectors | None:
        """Return the function that computes vectors of OOV words of a language, if any."""
        own = embeddings.oov_vectors if self.oov != "drop" else None
        if own is None and self.oov == "learned":
            own = partial(learned_oov_vectors, embeddings)
        return self.oov_vectors.get(language, own)

    def read(
        self,
        texts: Sequence[str],
        language: str,
        embeddings: Embeddings,
        *,
        english: Embeddings | None = None,
    ) -> Documents:
        """Look up the words of texts.

        Words are looked up as by `Embeddings.find`. An OOV word is replaced by another spelling of
        it, or by its parts between hyphens or apostrophes, those in the vocabulary; otherwise its
        vector is computed, if there is a function for that. An OOV emoji gets a vector by its
        Unicode name where `english` holds the English words of the same space.
        Raises TypeError if `texts` is no sequence of strings.
        """
        # Words of our tokenizer hold no white space, so each piece is cut and looked up once.
        tokenizer = self.tokenizers.get(language, tokenize)
        is_ours = tokenizer is tokenize
        compute = self.oov_vectors_of(language, embeddings)
        emoji = None if english is None else EmojiVectors(english)
        split = cut if is_ours else lambda word: [word]
        found = _Pieces(embeddings, split, compute is not None, emoji)
        rows, ends, missing = array("q"), array("q", [0]), array("q")
        for text in as_texts(texts):
            lost = 0
            for piece in text.split() if is_ours else tokenizer(text):
                of_piece, lost_of_piece = found[piece]
                rows.extend(of_piece)
                lost += lost_of_piece
            ends.append(len(rows))
            missing.append(lost)
        embeddings.lookup.warn_of_case_variants(found.words, f"words of the {language} texts")
        starts, words, lost_words = (np.array(x, dtype=np.int64) for x in (ends, rows, missing))
        oov = found.oov_vectors(compute)
        read = Documents(
            language, starts, words, len(embeddings), oov, lost_words, tuple(found.oov)
        )
        has_vector = np.append(np.ones(len(embeddings), bool), oov.any(axis=1))
        return read if has_vector.all() else read.keep(has_vector[words])


class _Pieces(dict[str, "tuple[list[int], int]"]):
    """Rows of each piece of text and its number of missing words, found on demand."""

    def __init__(
        self,
        embeddings: Embeddings,
        cut: Tokenizer,
        has_oov_vectors: bool,
        emoji: EmojiVectors | None,
    ) -> None:
        super().__init__()
        self.lookup = embeddings.lookup
        self.vocabulary = len(embeddings)
        self.dimension = embeddings.dimension
        self.cut = cut
        self.has_oov_vectors = has_oov_vectors
        self.emoji = emoji
        self.words: dict[str, None] = {}  # in order, so that messages do not differ
        self.oov: dict[str, int] = {}

    def __missing__(self, piece: str) -> tuple[list[int], int]:
        rows: list[int] = []
        missing = 0
        for word in self.cut(piece):
            self.words[word] = None
            of_word = self._rows(word)
            rows += of_word
            missing += not of_word
        self[piece] = rows, missing
        return rows, missing

    def _rows(self, word: str) -> list[int]:
        """Find the row of a word, those of its parts, or one behind the vocabulary."""
        row = self.lookup.row
        for spelling in spellings(word):
            if (found := row(spelling)) >= 0:
                return [found]
        known = [found for part in parts_of(word) if (found := row(part)) >= 0]
        if known or not (self.has_oov_vectors or self._is_emoji(word)):
            return known
        written = self.lookup.spell_oov(word)
        return [self.vocabulary + self.oov.setdefault(written, len(self.oov))]

    def _is_emoji(self, word: str) -> bool:
        return self.emoji is not None and self.emoji.knows(word)

    def oov_vectors(self, compute: OOVVectors | None) -> Matrix:
        """Compute the vectors of the OOV words found, (u, d) float32 unit rows."""
        vectors = np.zeros((len(self.oov), self.dimension), np.float32)
        is_emoji = np.array([self._is_emoji(word) for word in self.oov], dtype=bool)
        for function, rows in ((self.emoji, is_emoji), (compute, ~is_emoji)):
            if function is not None and rows.any():
                words = [word for word, own in zip(self.oov, rows.tolist(), strict=True) if own]
                vectors[rows] = unit_rows(np.asarray(function(words), dtype=np.float32))
        return vectors
