"""Words of a language with one vector each, most frequent word first."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, SupportsIndex, TypeAlias, TypedDict, Unpack, overload

import numpy as np

from alignx.support.arguments import require_instance, require_words
from alignx.support.arrays import Indices, Matrix, freeze, row_blocks, unit_rows, zero_rows
from alignx.vectors.exports import Exportable
from alignx.vectors.load_options import LoadReport, check_limit
from alignx.vectors.lookup import Lookup
from alignx.vectors.validation import checked_vectors, checked_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Embeddings", "OOVVectors"]

OOVVectors: TypeAlias = Callable[[Sequence[str]], Matrix]
"""Function from m words to their vectors, (m, d) float32, with zero rows for words without one."""


class _Facts(TypedDict, total=False):
    """Everything that embeddings hold or may know besides words and vectors."""

    language: str | None
    source: str | None
    report: LoadReport | None
    oov_vectors: OOVVectors | None
    space: str | None
    index: dict[str, int]
    zero_rows: int
    checksum: str


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Embeddings(Exportable):
    r"""Immutable words and vectors; a sequence of words, most frequent first.

    ``embeddings[0]`` is the first word, ``embeddings[:9]`` the embeddings of the first nine, and
    ``embeddings["cat"]`` the vector of a word. Embeddings are equal to themselves only; compare
    `checksum` to compare words and vectors.

    Parameters
    ----------
    words : sequence of str
        Distinct words, most frequent first; not empty, without ``"\n"``.
    vectors : (n, d) array of real numbers
        One finite row for each word, kept as C-contiguous float32. A writable array is copied; a
        read-only array or map of a file is not.
    language : str, optional
        Language code such as ``"en"``.
    source : str, optional
        Origin of the vectors, usually a file name.
    report : LoadReport, optional
        Counts of what the file held, if they were loaded.
    oov_vectors : callable, optional
        Function from m strings to their vectors, (m, d) float32, such as a fastText model; zero
        rows for strings without a vector.
    space : str, optional
        Identifier of the shared space that they were mapped into; see `Alignment.space`.

    Raises
    ------
    TypeError
        If a word is not a string or the vectors are not real numbers.
    ValueError
        If a rule above is broken.

    Examples
    --------
    >>> english = Embeddings(["cat", "dog"], [[1.0, 0.0], [0.6, 0.8]], language="en")
    >>> english
    Embeddings(language='en', n=2, d=2, source=None)
    >>> english[0], "cow" in english
    ('cat', False)
    >>> english["dog"]
    array([0.6, 0.8], dtype=float32)
    >>> english.rows(["dog", "cow"])
    array([ 1, -1])
    """

    words: Sequence[str]
    vectors: Matrix
    language: str | None = None
    source: str | None = None
    report: LoadReport | None = None
    oov_vectors: OOVVectors | None = None
    space: str | None = None

    def __init__(
        self,
        words: Sequence[str],
        vectors: ArrayLike,
        language: str | None = None,
        source: str | None = None,
        report: LoadReport | None = None,
        oov_vectors: OOVVectors | None = None,
        space: str | None = None,
    ) -> None:
        if language is not None:
            require_instance(language, str, "language of Embeddings")
        checked = checked_words(words)
        # Through __dict__, as a frozen dataclass refuses assignment.
        self.__dict__.update(
            words=checked,
            vectors=checked_vectors(vectors, checked),
            language=language,
            source=source,
            report=report,
            oov_vectors=oov_vectors,
            space=space,
        )

    @classmethod
    def from_arrays(
        cls,
        vectors: ArrayLike,
        words: Sequence[str] | NDArray[np.str_] | None = None,
        *,
        language: str | None = None,
        source: str | None = None,
    ) -> Embeddings:
        """Build embeddings from a matrix, with or without words; raises as `Embeddings` does.

        Without words, these are the numbers of the rows, ``"0"`` to ``"n - 1"``: two matrices of
        paired rows, as of the same texts in two models, are then paired by identical words.

        Examples
        --------
        >>> rows = Embeddings.from_arrays(np.eye(3))
        >>> rows.words, [(row, row) for row in rows][:2]  # pairs for `alignx.align`
        (('0', '1', '2'), [('0', '0'), ('1', '1')])
        """
        if words is None:
            words = [str(row) for row in range(len(np.atleast_1d(vectors)))]
        names: Sequence[str] = words.tolist() if isinstance(words, np.ndarray) else words
        return cls(names, vectors, language, source)

    @classmethod
    def from_checked(
        cls, words: Sequence[str], vectors: Matrix, **facts: Unpack[_Facts]
    ) -> Embeddings:
        """Build embeddings from valid parts, without checks or copies.

        The vectors must be C-contiguous, finite and held by nobody else, as they become read-only.
        Further facts are parameters of `Embeddings`, and known values of `index`, `zero_rows` and
        `checksum`.
        """
        self = object.__new__(cls)
        self.__dict__.update(words=words, vectors=freeze(vectors).view(np.ndarray), **facts)
        return self

    def derive(self, words: Sequence[str], vectors: Matrix, **facts: Unpack[_Facts]) -> Embeddings:
        """Build embeddings like `from_checked`, with these as the source of absent facts."""
        own: _Facts = {
            "language": self.language,
            "source": self.source,
            "oov_vectors": self.oov_vectors,
            "space": self.space,
        }
        own.update(facts)
        return Embeddings.from_checked(words, vectors, **own)

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        freeze(self.vectors)  # unpickled arrays are writable

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.index

    @overload
    def __getitem__(self, key: str) -> Matrix: ...
    @overload
    def __getitem__(self, key: SupportsIndex) -> str: ...
    @overload
    def __getitem__(self, key: slice) -> Embeddings: ...
    def __getitem__(self, key: str | SupportsIndex | slice) -> Matrix | str | Embeddings:
        if isinstance(key, str):
            vector: Matrix = self.vectors[self.index[key]]
            return vector
        if isinstance(key, slice):
            return self.derive(tuple(self.words[key]), np.ascontiguousarray(self.vectors[key]))
        return self.words[operator.index(key)]

    def __repr__(self) -> str:
        return (
            f"Embeddings(language={self.language!r}, n={len(self)}, d={self.dimension}, "
            f"source={self.source!r})"
        )

    @property
    def name(self) -> str:
        """Name in messages: the file, the source, or else the repr."""
        if self.report is not None:
            return PurePath(self.report.path).name
        return self.source or repr(self)

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return int(self.vectors.shape[1])

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each word."""
        return {word: row for row, word in enumerate(self.words)}

    @cached_property
    def zero_rows(self) -> int:
        """Number of zero vectors, which mark words without a vector."""
        return int(zero_rows(self.vectors).sum())

    @cached_property
    def lookup(self) -> Lookup:
        """Case- and Unicode-tolerant lookup of the words that have a vector."""
        if not self.zero_rows:
            return Lookup(self.index, self.language)
        empty = set(np.flatnonzero(zero_rows(self.vectors)).tolist())
        known = {word: row for word, row in self.index.items() if row not in empty}
        return Lookup(known, self.language)

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of words and vectors in hexadecimal, independent of the file format."""
        digest = hashlib.sha256(f"{len(self)} {self.dimension}\n".encode())
        digest.update("\n".join(self.words).encode())
        digest.update(self.vectors.astype("<f4", copy=False).data)
        return digest.hexdigest()

    def rows(self, words: Sequence[str]) -> Indices:
        """Find the row of each word, (p,) int64, spelled exactly; -1 for OOV words."""
        if isinstance(words, str):
            raise TypeError(f"words must be a sequence of words, got the string {words!r}")
        index = self.index
        return np.fromiter((index.get(word, -1) for word in words), np.int64, count=len(words))

    def find(self, words: Sequence[str]) -> Indices:
        """Find the row of each word, (p,) int64, in any capitals and Unicode form.

        Each is tried as written, then lower-cased, then capitalized, by the rules of the language;
        then without blanks at its ends. OOV words, and words with a zero vector, give -1.

        Examples
        --------
        >>> Embeddings(["cat", "Paris"], np.eye(2)).find(["Cat", "paris", "cow"])
        array([ 0,  1, -1])
        """
        require_words(words, "words")
        return self.lookup.rows(words)

    def most_similar(self, word: str, topn: int = 10) -> list[tuple[str, float]]:
        """Rank the other words by cosine similarity to one word.

        Parameters
        ----------
        word : str
            Query, found as by `find`; a word outside the vocabulary needs `oov_vectors`.
        topn : int
            Number of neighbors, at least 1.

        Returns
        -------
        list of (str, float)
            Words and cosines, most similar first. Zero vectors have no similarity.

        Raises
        ------
        KeyError
            If the word has no vector.

        Examples
        --------
        >>> Embeddings(["cat", "dog", "car"], [[1, 0], [0.8, 0.6], [0, 1]]).most_similar("cat", 1)
        [('dog', 0.800000011920929)]
        """
        check_limit(topn, "topn")
        row = int(self.find([word])[0])
        vector = self.vectors[row : row + 1]
        if row < 0 and self.oov_vectors is not None:
            vector = self.oov_vectors([self.lookup.spell_oov(word)])
        if not vector.any():  # nor has an empty slice
            raise KeyError(f"{word!r} has no vector in {self.name}")
        query = unit_rows(vector)[0]
        # Not by BLAS, so that cosines do not depend on the number of threads.
        blocks = (np.einsum("ij,j->i", unit_rows(rows), query) for rows in row_blocks(self.vectors))
        cosines = np.concatenate(list(blocks))
        order = np.argsort(-cosines, kind="stable")
        is_answer = order != row
        if self.zero_rows:
            is_answer &= ~zero_rows(self.vectors)[order]
        best = order[is_answer][:topn].tolist()
        return [(self.words[i], float(cosines[i])) for i in best]

    def without_zero_rows(self) -> Embeddings:
        """Drop the words without a vector; the same object if there are none."""
        if not self.zero_rows:
            return self
        kept = np.flatnonzero(~zero_rows(self.vectors))
        words = tuple(self.words[row] for row in kept.tolist())
        return self.derive(words, self.vectors[kept], zero_rows=0)

    def head(self, limit: int) -> Embeddings:
        """Keep the most frequent words, at most `limit`, which is 1 or more; a view."""
        check_limit(limit)
        return self[:limit]

    def with_vectors(
        self,
        matrix: ArrayLike,
        oov_vectors: OOVVectors | None = None,
        space: str | None = None,
    ) -> Embeddings:
        """Replace the vectors, for example by mapped ones, (n, e); raises as `Embeddings` does.

        Examples
        --------
        >>> Embeddings(["cat", "dog"], np.eye(2)).with_vectors([[3.0], [4.0]])["dog"]
        array([4.], dtype=float32)
        """
        # The index is shared, as building it takes longer than all else here.
        vectors = checked_vectors(matrix, self.words)
        return self.derive(
            self.words, vectors, oov_vectors=oov_vectors, space=space, index=self.index
        )
