"""Documents of one language that were added together: vectors, terms and texts."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.errors import FormatError
from alignx.retrieval.exact import ExactIndex
from alignx.support.safetensors import map_tensors
from alignx.support.tokenizer import tokenize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from alignx.support.arrays import Indices, Matrix

__all__ = ["LONGEST_TERM", "Part", "digest_of"]

LONGEST_TERM = 100
"""Characters of a term; longer ones are no words, and are left out."""

_FORMAT = "alignx-search-documents"


def digest_of(text: str) -> int:
    """Return 64 bits of the BLAKE2 digest of a text, to find equal texts."""
    data = text.encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


@dataclass(frozen=True, eq=False, repr=False)
class Part:
    """Documents of one language, with the postings of their terms.

    Strings lie one behind the other in an array of bytes, so that a file of a part can be mapped
    into memory.

    Attributes
    ----------
    rows : (n,) int64
        Number of each document among all that were given to the index, in order.
    digests : (n,) uint64
        Digests of the texts.
    vectors : (n, d) float32
        Unit rows; zero for documents without a known word.
    lengths : (n,) int64
        Terms of each document, repetitions included.
    terms, term_starts : (b,) uint8, (t + 1,) int64
        Terms in the order of their UTF-8, and the start of each.
    posting_starts : (t + 1,) int64
        Start of the postings of each term.
    postings, counts : (p,) int64
        Documents of each term, in order, and its occurrences in each.
    texts, text_starts : (c,) uint8, (n + 1,) int64
        Texts of the documents, and the start of each.
    """

    rows: Indices
    digests: NDArray[np.uint64]
    vectors: Matrix
    lengths: Indices
    terms: NDArray[np.uint8]
    term_starts: Indices
    posting_starts: Indices
    postings: Indices
    counts: Indices
    texts: NDArray[np.uint8]
    text_starts: Indices

    @classmethod
    def of(cls, texts: Sequence[str], rows: Sequence[int], vectors: Matrix) -> Part:
        """Index documents with their numbers (n,) and unit vectors (n, d).

        Takes O(words) time and memory.
        """
        by_term: dict[str, list[tuple[int, int]]] = {}
        lengths = np.zeros(len(texts), np.int64)
        for i, text in enumerate(texts):
            words = Counter(word for word in tokenize(text) if len(word) <= LONGEST_TERM)
            lengths[i] = words.total()
            for word, count in words.items():
                by_term.setdefault(word, []).append((i, count))
        in_bytes = {term.encode(errors="surrogatepass"): term for term in by_term}
        ordered = sorted(in_bytes)
        lists = [by_term[in_bytes[term]] for term in ordered]
        pairs = np.array([pair for each in lists for pair in each], np.int64).reshape(-1, 2)
        encoded = [text.encode(errors="surrogatepass") for text in texts]
        return cls(
            rows=np.array(rows, np.int64),
            digests=np.array([digest_of(text) for text in texts], np.uint64),
            vectors=np.ascontiguousarray(vectors, np.float32),
            lengths=lengths,
            terms=_joined(ordered),
            term_starts=_starts(map(len, ordered)),
            posting_starts=_starts(map(len, lists)),
            postings=np.ascontiguousarray(pairs[:, 0]),
            counts=np.ascontiguousarray(pairs[:, 1]),
            texts=_joined(encoded),
            text_starts=_starts(map(len, encoded)),
        )

    @classmethod
    def open(cls, path: Path) -> Part:
        """Map the file of a part into memory; raises FormatError if it is none, or damaged."""
        metadata, tensors = map_tensors(path)
        if metadata.get("format") != _FORMAT or {*tensors} != {each.name for each in fields(cls)}:
            raise FormatError(path, "not a file of documents that alignx has written")
        found = cls(**tensors)
        n, t = len(found.rows), len(found.term_starts) - 1
        sizes = {
            len(found.vectors) == len(found.lengths) == len(found.digests) == n,
            len(found.text_starts) == n + 1 and len(found.posting_starts) == t + 1,
            found.text_starts[-1] == len(found.texts),
            found.term_starts[-1] == len(found.terms),
            found.posting_starts[-1] == len(found.postings) == len(found.counts),
        }
        if sizes != {True}:
            raise FormatError(path, "damaged: its arrays do not fit together; build the index anew")
        return found

    def to_bytes(self) -> bytes:
        """Return the file of the part."""
        from safetensors.numpy import save

        tensors: Mapping[str, NDArray[Any]] = {
            each.name: np.ascontiguousarray(getattr(self, each.name)) for each in fields(self)
        }
        return save(dict(tensors), {"format": _FORMAT})

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"Part({len(self):,} documents, {len(self.term_starts) - 1:,} terms)"

    def find(self, term: str) -> tuple[Indices, Indices]:
        """Return the documents of a term, and its occurrences in each; empty if it has none."""
        data, n = term.encode(errors="surrogatepass"), len(self.term_starts) - 1
        at = bisect_left(range(n), data, key=self._term)
        if at == n or self._term(at) != data:
            return self.postings[:0], self.counts[:0]
        part = slice(self.posting_starts[at], self.posting_starts[at + 1])
        return self.postings[part], self.counts[part]

    def all_terms(self) -> list[str]:
        """Decode the terms."""
        n = len(self.term_starts) - 1
        return [self._term(at).decode(errors="surrogatepass") for at in range(n)]

    @cached_property
    def nearest(self) -> ExactIndex:
        """Search of the documents with the nearest vectors."""
        return ExactIndex.borrowing(self.vectors)

    @cached_property
    def terms_by_length(self) -> dict[int, list[str]]:
        """Terms by their number of characters."""
        groups: dict[int, list[str]] = {}
        for term in self.all_terms():
            groups.setdefault(len(term), []).append(term)
        return groups

    def text(self, i: int) -> str:
        """Decode the text of document `i` of the part."""
        data = self.texts[self.text_starts[i] : self.text_starts[i + 1]].tobytes()
        return data.decode(errors="surrogatepass")

    def _term(self, at: int) -> bytes:
        return self.terms[self.term_starts[at] : self.term_starts[at + 1]].tobytes()


def _joined(pieces: Sequence[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(pieces), np.uint8)


def _starts(sizes: Any) -> Indices:  # noqa: ANN401  # any iterable of int
    return np.cumsum([0, *sizes], dtype=np.int64)
