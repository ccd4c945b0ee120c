"""Character n-grams of words, with the hashes of fastText."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alignx.support.arrays import Indices

__all__ = ["ngram_hashes"]

Hashes: TypeAlias = NDArray[np.uint32]

_OFFSET_BASIS = np.uint32(2_166_136_261)
_PRIME = np.uint32(16_777_619)
_CONTINUATION_MASK, _CONTINUATION = 0xC0, 0x80
# Bytes of words to hash at once: a few arrays of this length fit the cache of the processor.
_BLOCK_BYTES = 1 << 17


def ngram_hashes(words: Sequence[bytes], minn: int, maxn: int) -> tuple[Hashes, Indices]:
    """Hash the character n-grams of words.

    Words are enclosed in ``<`` and ``>``. A character is a byte with the UTF-8 continuation bytes
    behind it, valid or not. The hash is 32-bit FNV-1a with one published quirk: each byte is
    sign-extended before the exclusive or. Takes O(b maxn) time for b bytes.

    Parameters
    ----------
    words : sequence of bytes, length w
        Words in UTF-8, or any bytes.
    minn, maxn : int
        Shortest and longest n-gram in characters. There is none if ``maxn < max(minn, 1)``, and a
        bracket alone is none.

    Returns
    -------
    hashes : (t,) uint32
        Hashes word by word and character by character, shortest n-gram first. The row in
        fastText's matrix is the hash modulo the number of buckets, behind the rows of the words.
    offsets : (w + 1,) int64
        Word i has ``hashes[offsets[i]:offsets[i + 1]]``.

    References
    ----------
    Bojanowski, Grave, Joulin and Mikolov, "Enriching Word Vectors with Subword Information", TACL
    2017, section 3.2; Fowler, Noll and Vo, "The FNV Non-Cryptographic Hash Algorithm".

    Examples
    --------
    >>> hashes, offsets = ngram_hashes([b"a", b"to"], 3, 6)  # <a>; <to, <to>, to>
    >>> offsets
    array([0, 1, 4])
    >>> hashes[0]
    np.uint32(2359087600)
    """
    parts: list[Hashes] = [np.zeros(0, np.uint32)]
    counts: list[Indices] = [np.zeros(1, np.int64)]
    for block in _blocks(words):
        hashes, count = _hash_block(block, minn, maxn)
        parts.append(hashes)
        counts.append(count)
    return np.concatenate(parts), np.cumsum(np.concatenate(counts))


def _blocks(words: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Split words into runs of about `_BLOCK_BYTES`."""
    start = size = 0
    for position, word in enumerate(words):
        size += len(word) + 2
        if size >= _BLOCK_BYTES:
            yield words[start : position + 1]
            start, size = position + 1, 0
    if start < len(words):
        yield words[start:]


def _hash_block(words: Sequence[bytes], minn: int, maxn: int) -> tuple[Hashes, Indices]:
    """Hash the n-grams of some words, and count them for each."""
    # One array of signed bytes: <word><word>...
    text = np.frombuffer(b"<" + b"><".join(words) + b">", np.int8)
    is_start = (text.view(np.uint8) & _CONTINUATION_MASK) != _CONTINUATION
    starts = np.flatnonzero(is_start)
    sizes = np.fromiter((len(word) + 2 for word in words), np.int64, len(words))
    ends = np.cumsum(sizes)
    first = np.searchsorted(starts, ends - sizes)  # the first character of each word
    characters = np.diff(first, append=len(starts))
    longest = min(maxn, int(characters.max()))
    if longest < max(minn, 1):
        return np.zeros(0, np.uint32), np.zeros(len(words), np.int64)
    # Characters from each one to the end of its word, itself included.
    left = np.repeat(first + characters, characters) - np.arange(len(starts))
    lengths = np.diff(starts, append=len(text))
    signed = text.astype(np.int32).view(np.uint32)
    least = max(minn, 1)
    table = np.empty((len(starts), longest - least + 1), np.uint32)
    state = np.full(len(starts), _OFFSET_BASIS)
    alive = np.arange(len(starts))  # starts of n-grams of length n
    for n in range(1, longest + 1):
        alive = alive[left[alive] >= n]
        state[alive] = _extended(state[alive], alive + n - 1, starts, lengths, signed)
        if n >= least:
            table[:, n - least] = state
    kept = left[:, None] >= np.arange(least, longest + 1)
    if least == 1:  # a bracket alone is no n-gram
        kept[first, 0] = kept[first + characters - 1, 0] = False
    totals = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    return table[kept], totals[first + characters] - totals[first]


def _extended(
    state: Hashes, character: Indices, starts: Indices, lengths: Indices, signed: Hashes
) -> Hashes:
    """Extend hashes by all bytes of one character each."""
    at, length = starts[character], lengths[character]
    state = (state ^ signed[at]) * _PRIME
    rest = np.flatnonzero(length > 1)
    byte = 1
    while len(rest):
        state[rest] = (state[rest] ^ signed[at[rest] + byte]) * _PRIME
        byte += 1
        rest = rest[length[rest] > byte]
    return state
