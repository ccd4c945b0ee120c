"""Word embeddings: words, most frequent first, and one vector for each."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal

import numpy as np

from alignx.support.arguments import require_instance, require_ordered, require_words
from alignx.support.arrays import freeze, frozen_rows, zero_rows
from alignx.vectors.language_codes import guess
from alignx.vectors.lookup import Lookup
from alignx.vectors.spelling import lower

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from alignx.support.progress import Progress

__all__ = ["Embeddings", "LoadOptions", "LoadReport", "guess_language"]


@dataclass(frozen=True)
class LoadReport:
    """What was found in a file of vectors.

    Parameters
    ----------
    path : str
        The file, as it was named.
    format : str
        ``"text"``, ``"fasttext"`` or ``"cache"``.
    rows : int
        Well-formed rows that were read.
    dimension : int
        Numbers in each.
    skipped : int
        Malformed rows that were left out, as ``on_error="skip"`` asks.
    merged : int
        Rows whose word had come before; the first is kept.
    zero_rows : int
        Kept rows that are zero.
    language : str, optional
        Their language code, where only the name of the file tells it.

    Examples
    --------
    >>> print(LoadReport("en.vec", "text", rows=80_012, dimension=300, merged=12, zero_rows=1))
    80,000 words of 300 dimensions; 12 duplicates merged, 1 zero row
    """

    path: str
    format: str
    rows: int
    dimension: int
    skipped: int = 0
    merged: int = 0
    zero_rows: int = 0
    language: str | None = field(default=None, compare=False)

    @property
    def words(self) -> int:
        """How many words were kept."""
        return self.rows - self.merged

    def __str__(self) -> str:
        kept = f"{_count(self.words, 'word')} of {_count(self.dimension, 'dimension')}"
        remarks = [
            f"{_count(self.merged, 'duplicate')} merged" if self.merged else "",
            f"{_count(self.skipped, 'malformed line')} skipped" if self.skipped else "",
            _count(self.zero_rows, "zero row") if self.zero_rows else "",
        ]
        return "; ".join(filter(None, [kept, ", ".join(filter(None, remarks))]))


@dataclass(frozen=True)
class LoadOptions:
    """How to read a file of vectors; the fields mean what they mean in `alignx.load`.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    >>> LoadOptions(limit=0)
    Traceback (most recent call last):
        ...
    ValueError: limit must be at least 1, got 0
    """

    limit: int | None = None
    lowercase: bool = False
    language: str | None = None
    on_error: Literal["raise", "skip"] = "raise"
    progress: Progress | None = None

    def __post_init__(self) -> None:
        check_limit(self.limit)
        if self.on_error not in ("raise", "skip"):
            raise ValueError(f"on_error must be 'raise' or 'skip', got {self.on_error!r}")


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Embeddings:
    r"""Words and their vectors, which cannot be changed.

    Parameters
    ----------
    words : sequence of str
        Most frequent first; distinct, not empty, without ``"\n"``.
    vectors : (n, d) array of real numbers
        One finite row for each word. Anything but C-contiguous float32 is
        converted. An array that needs no conversion is copied if it can still be
        written to; a read-only array or read-only map of a file is not.
    language : str, optional
        A code such as ``"en"``.
    source : str, optional
        Where they come from, usually a file name.
    report : LoadReport, optional
        What loading found, for embeddings that were loaded.
    unseen : callable, optional
        Gives vectors, (m, d) float32, of any m strings, such as those of a fastText model by their
        characters; zero rows for those that it knows nothing of.
    space : str, optional
        What tells the space that they were mapped into from others; see `Alignment.space`.

    Raises
    ------
    TypeError
        If a word is no string or the vectors are no real numbers.
    ValueError
        If a rule above is broken; the message names it and what arrived.

    Examples
    --------
    >>> english = Embeddings(["cat", "dog"], [[1.0, 0.0], [0.6, 0.8]], language="en")
    >>> english
    Embeddings(language='en', n=2, d=2, source=None)
    >>> english["dog"]
    array([0.6, 0.8], dtype=float32)
    >>> "cow" in english
    False
    >>> english.rows(["dog", "cow"])
    array([ 1, -1])
    """

    words: Sequence[str]
    vectors: NDArray[np.float32]
    language: str | None = None
    source: str | None = None
    report: LoadReport | None = None
    unseen: Callable[[Sequence[str]], NDArray[np.float32]] | None = None
    space: str | None = None

    def __init__(
        self,
        words: Sequence[str],
        vectors: ArrayLike,
        language: str | None = None,
        source: str | None = None,
        report: LoadReport | None = None,
        unseen: Callable[[Sequence[str]], NDArray[np.float32]] | None = None,
        space: str | None = None,
    ) -> None:
        checked = _checked_words(words)
        if language is not None:
            require_instance(language, str, "language of Embeddings")
        self._fill(
            words=checked,
            vectors=_checked_vectors(vectors, checked),
            language=language,
            source=source,
            report=report,
            unseen=unseen,
            space=space,
        )

    def _fill(self, **values: object) -> None:
        """Set fields and known properties, once: frozen instances refuse plain assignment."""
        self.__dict__.update(values)

    @classmethod
    def from_checked(
        cls,
        words: Sequence[str],
        vectors: NDArray[np.float32],
        *,
        language: str | None = None,
        source: str | None = None,
        report: LoadReport | None = None,
        unseen: Callable[[Sequence[str]], NDArray[np.float32]] | None = None,
        space: str | None = None,
        **known: object,
    ) -> Embeddings:
        """Embeddings of parts that keep the rules already; nothing is checked or copied.

        Parameters
        ----------
        words : sequence of str
            As for `Embeddings`; must not change afterwards.
        vectors : (n, d) float32
            C-contiguous and finite; nobody else's, as it becomes read-only.
        language, source, report, unseen, space
            As for `Embeddings`.
        **known
            Values of `index`, `zero_rows` or `checksum`, if they are known.

        Returns
        -------
        Embeddings

        Examples
        --------
        >>> one = Embeddings.from_checked(("cat",), np.ones((1, 2), np.float32), zero_rows=0)
        >>> one.vectors.flags.writeable
        False
        """
        self = object.__new__(cls)
        self._fill(
            words=words,
            vectors=freeze(vectors).view(np.ndarray),
            language=language,
            source=source,
            report=report,
            unseen=unseen,
            space=space,
            **known,
        )
        return self

    def __setstate__(self, state: dict[str, object]) -> None:
        """Take over what a pickle or a copy holds, whose arrays could be written to."""
        self.__dict__.update(state)
        freeze(self.vectors)

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.index

    def __getitem__(self, word: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self.vectors[self.index[word]]
        return vector

    def __repr__(self) -> str:
        return (
            f"Embeddings(language={self.language!r}, n={len(self)}, d={self.dimension}, "
            f"source={self.source!r})"
        )

    @property
    def name(self) -> str:
        """What messages call them: the file that was read, or what else is known of them."""
        if self.report is not None:
            return PurePath(self.report.path).name
        return self.source or repr(self)

    @property
    def dimension(self) -> int:
        """How many numbers each vector has."""
        return int(self.vectors.shape[1])

    @cached_property
    def index(self) -> dict[str, int]:
        """The row of each word."""
        return {word: row for row, word in enumerate(self.words)}

    @cached_property
    def zero_rows(self) -> int:
        """How many vectors are zero: of words that have none."""
        return count_zero_rows(self.vectors)

    @cached_property
    def lookup(self) -> Lookup:
        """Finds words that have a vector, in capitals and forms of Unicode that differ, too."""
        if not self.zero_rows:
            return Lookup(self.index, self.language)
        empty = set(np.flatnonzero(zero_rows(self.vectors)).tolist())
        known = {word: row for word, row in self.index.items() if row not in empty}
        return Lookup(known, self.language)

    @cached_property
    def checksum(self) -> str:
        """SHA-256 over words and vectors, in hexadecimal, whatever file they came from."""
        digest = hashlib.sha256(f"{len(self)} {self.dimension}\n".encode())
        digest.update("\n".join(self.words).encode())
        digest.update(self.vectors.astype("<f4", copy=False).data)
        return digest.hexdigest()

    def rows(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Row of each word.

        Parameters
        ----------
        words : sequence of str, length p
            Any words.

        Returns
        -------
        (p,) int64
            Rows of `vectors`; -1 for a word that is unknown.

        Raises
        ------
        TypeError
            If `words` is a string.

        Examples
        --------
        >>> Embeddings(["cat", "dog"], np.eye(2)).rows(["dog", "cow", "cat"])
        array([ 1, -1,  0])
        """
        if isinstance(words, str):
            raise TypeError(f"words must be a sequence of words, got the string {words!r}")
        index = self.index
        return np.fromiter((index.get(word, -1) for word in words), np.int64, count=len(words))

    def find(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Row of each word, however it is capitalized, as dictionaries and texts are looked up.

        Parameters
        ----------
        words : sequence of str, length p
            Any words. Each is looked up as written, then lower-cased, then capitalized, in any
            form of Unicode, by the rules of the language; then without blanks at its ends.

        Returns
        -------
        (p,) int64
            Rows of `vectors`; -1 for a word that is unknown or whose vector is zero.

        Raises
        ------
        TypeError
            If `words` are no strings, or a single one.

        Examples
        --------
        >>> Embeddings(["cat", "Paris"], np.eye(2)).find(["Cat", "paris", "cow"])
        array([ 0,  1, -1])
        """
        require_words(words, "words")
        return self.lookup.rows(words)

    def without_zero_rows(self) -> Embeddings:
        """Leave out the words that have no vector.

        Returns
        -------
        Embeddings
            These themselves where every word has a vector. Otherwise a copy, possibly empty.

        Examples
        --------
        >>> Embeddings(["cat", "dog"], [[0, 0], [0, 1]]).without_zero_rows().words
        ('dog',)
        """
        if not self.zero_rows:
            return self
        kept = np.flatnonzero(~zero_rows(self.vectors))
        return Embeddings.from_checked(
            tuple(self.words[row] for row in kept.tolist()),
            self.vectors[kept],
            language=self.language,
            source=self.source,
            unseen=self.unseen,
            space=self.space,
            zero_rows=0,
        )

    def head(self, limit: int) -> Embeddings:
        """First, most frequent words with their vectors, which are shared.

        Parameters
        ----------
        limit : int
            How many words to keep at most, ``limit >= 1``.

        Returns
        -------
        Embeddings
            A view, without report.

        Raises
        ------
        ValueError
            If `limit` is less than 1.

        Examples
        --------
        >>> Embeddings(["cat", "dog"], np.eye(2)).head(1).words
        ('cat',)
        """
        check_limit(limit)
        return Embeddings.from_checked(
            self.words[:limit],
            self.vectors[:limit],
            language=self.language,
            source=self.source,
            unseen=self.unseen,
            space=self.space,
        )

    def with_vectors(
        self,
        matrix: ArrayLike,
        unseen: Callable[[Sequence[str]], NDArray[np.float32]] | None = None,
        space: str | None = None,
    ) -> Embeddings:
        """Combine the same words with other vectors, for example mapped ones.

        Parameters
        ----------
        matrix : (n, e) array of real numbers
            One finite row for each word; the dimension may differ.
        unseen : callable, optional
            As for `Embeddings`, in keeping with the other vectors.
        space : str, optional
            As for `Embeddings`; not known unless given, since other vectors may be of another.

        Returns
        -------
        Embeddings
            Shares the words, and the matrix if nobody can write to it.

        Raises
        ------
        TypeError, ValueError
            As for `Embeddings`.

        Examples
        --------
        >>> Embeddings(["cat", "dog"], np.eye(2)).with_vectors([[3.0], [4.0]])["dog"]
        array([4.], dtype=float32)
        """
        # One dictionary, and one pass over the words, serves all embeddings derived from these.
        return Embeddings.from_checked(
            self.words,
            _checked_vectors(matrix, self.words),
            language=self.language,
            source=self.source,
            unseen=unseen,
            space=space,
            index=self.index,
        )


def guess_language(path: str | os.PathLike[str]) -> str | None:
    """Find the language code in the name of a file of vectors.

    Parameters
    ----------
    path : str or path-like
        A file; it need not exist.

    Returns
    -------
    str or None
        The code nearest to the extension, of those that public vectors have; none for pairs such
        as en-es.

    Examples
    --------
    >>> [guess_language(name) for name in ("wiki.en.vec", "cc.es.300.bin", "glove.6B.txt")]
    ['en', 'es', None]
    >>> [guess_language(name) for name in ("vectors-en.txt", "my.en.vec", "en-es.txt")]
    ['en', 'en', None]
    """
    return guess(path).code


def enter_words(
    index: dict[str, int],
    words: Sequence[str],
    limit: int | None,
    *,
    lowercase: bool,
    language: str | None = None,
) -> tuple[int, list[int]]:
    """Enter new words into an index until it holds `limit` of them.

    Parameters
    ----------
    index : dict of str to int
        Row of each word so far; is changed.
    words : sequence of str
        Words to enter; those that are in the index already are passed over.
    limit : int or None
        When to stop; None for never.
    lowercase : bool
        Whether to lower-case the words first.
    language : str, optional
        Code whose rules of capitals hold.

    Returns
    -------
    read : int
        How many words were looked at.
    kept : list of int
        The positions of those that were new.

    Examples
    --------
    >>> enter_words({"cat": 0}, ["Cat", "dog", "cow"], limit=2, lowercase=True)
    (2, [1])
    """
    kept: list[int] = []
    entered = (lower(word, language) for word in words) if lowercase else words
    for position, word in enumerate(entered):
        if word not in index:
            index[word] = len(index)
            kept.append(position)
            if len(index) == limit:
                return position + 1, kept
    return len(words), kept


def count_zero_rows(matrix: NDArray[np.float32]) -> int:
    """Count the rows that are zero.

    Parameters
    ----------
    matrix : (n, d) float32
        Any rows.

    Returns
    -------
    int

    Examples
    --------
    >>> count_zero_rows(np.array([[0, 1], [0, 0]], dtype=np.float32))
    1
    """
    return int(zero_rows(matrix).sum())


def check_limit(limit: int | None) -> None:
    """Refuse a limit that keeps nothing.

    Parameters
    ----------
    limit : int or None
        How many words to keep at most; None for all.

    Raises
    ------
    ValueError
        If `limit` is less than 1.

    Examples
    --------
    >>> check_limit(0)
    Traceback (most recent call last):
        ...
    ValueError: limit must be at least 1, got 0
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")


def _checked_words(words: Sequence[str]) -> tuple[str, ...]:
    """Words as a tuple, if they are what both file formats can hold."""
    if isinstance(words, str):
        raise TypeError(f"words must be a sequence of words, got the string {words!r}")
    require_ordered(words, "words of Embeddings")
    kept = tuple(words)
    if not kept:
        raise ValueError("words must not be empty, got none")
    odd = [kind.__name__ for kind in set(map(type, kept)) if not issubclass(kind, str)]
    if odd:
        raise TypeError(f"words must be strings, got {' and '.join(sorted(odd))}")
    if "" in kept or "\n".join(kept).count("\n") != len(kept) - 1:
        broken = next(word for word in kept if not word or "\n" in word)
        raise ValueError(f"words must not be empty or contain a line end, got {broken!r}")
    if len(set(kept)) != len(kept):
        raise ValueError(f"words must be distinct, got {_first_duplicate(kept)!r} twice")
    _check_encodable(kept)
    return kept


def _first_duplicate(words: Sequence[str]) -> str | None:
    """First word that has come before."""
    seen: set[str] = set()
    for word in words:
        if word in seen:
            return word
        seen.add(word)
    return None


def _check_encodable(words: Sequence[str]) -> None:
    """Refuse lone surrogates, which no file can hold."""
    try:
        "\n".join(words).encode()
    except UnicodeEncodeError as error:
        word = next(word for word in words if re.search("[\ud800-\udfff]", word))
        raise ValueError(f"words must be valid Unicode, got {word!r}") from error


def _checked_vectors(vectors: ArrayLike, words: Sequence[str]) -> NDArray[np.float32]:
    """Read-only float32 matrix with a finite row for each word."""
    matrix = frozen_rows(vectors, "vectors")
    if matrix.shape[1] == 0:
        raise ValueError(f"vectors must have at least 1 dimension, got shape {matrix.shape}")
    if len(matrix) != len(words):
        raise ValueError(
            f"vectors must have one row for each word, got {len(matrix)} rows, {len(words)} words"
        )
    return matrix


def _count(number: int, noun: str) -> str:
    """Join a number and its noun, as in "1,200 words"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
