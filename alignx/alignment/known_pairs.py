"""Digest of the word pairs of a fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["KnownPairs"]


@dataclass(frozen=True, eq=False, repr=False)
class KnownPairs:
    """Digest of the word pairs of a fit: one sorted number for each pair, and no words.

    After `reversed`, queries have the target word first.

    Examples
    --------
    >>> known = KnownPairs.of([("cat", "gato"), ("dog", "perro")])
    >>> known.holds([("cat", "gato"), ("cat", "gata")]).tolist()
    [True, False]
    >>> known.reversed().holds([("gato", "cat")]).tolist()
    [True]
    """

    hashes: NDArray[np.uint64]
    turned: bool = False

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Make the digest of (source word, target word) pairs."""
        return cls(np.unique(_hashes(pairs)))

    def __len__(self) -> int:
        return len(self.hashes)

    def __repr__(self) -> str:
        return f"KnownPairs({len(self)} pairs)"

    def reversed(self) -> Self:
        """Return the digest for queries with source and target exchanged."""
        return replace(self, turned=not self.turned)

    def holds(self, pairs: Iterable[tuple[str, str]]) -> NDArray[np.bool_]:
        """Mark the pairs of the fit, (p,) bool."""
        asked = ((t, s) for s, t in pairs) if self.turned else pairs
        return np.isin(_hashes(asked), self.hashes)


def _hashes(pairs: Iterable[tuple[str, str]]) -> NDArray[np.uint64]:
    """Hash pairs to 64 bits: of a million pairs, two meet by chance once in 40 million fits."""
    digests = (
        blake2b(f"{source}\t{target}".encode(errors="surrogatepass"), digest_size=8).digest()
        for source, target in pairs
    )
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)
