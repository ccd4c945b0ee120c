"""Estimate of fastText's memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from alignx.vectors.fasttext.ngrams import ngram_hashes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.training.parameters import FastTextParameters

__all__ = ["Vocabulary", "fit_buckets", "memory_needed"]

# In bytes, as measured with fasttext 0.9.3 on Linux: the interpreter with NumPy and the table of
# 30,000,000 words that fastText hashes into; that of 10,000,000 negative samples while it doubles.
_FIXED = 165e6
_NEGATIVES = 133e6
_TYPE = 250  # a word of the text while it is read, in lists that double as they grow
_WORD = 160  # a word of the dictionary, without its n-grams
_NGRAM = 8  # its number, in lists that double as they grow
_FLOAT = 4

_WORDS_AT_ONCE = 100_000
_MOST_NGRAMS = 4_000_000


@dataclass(frozen=True)
class Vocabulary:
    """Counts of words and their n-grams.

    Attributes
    ----------
    words : int
        Words that get a vector.
    ngrams : int
        N-grams of all words together.
    distinct : int
        Different n-grams; counting ends above 4,000,000.

    Examples
    --------
    >>> Vocabulary.of(["cat", "cats"], 3, 6)
    Vocabulary(words=2, ngrams=16, distinct=13)
    """

    words: int
    ngrams: int
    distinct: int

    @classmethod
    def of(cls, words: Sequence[str], minn: int, maxn: int) -> Vocabulary:
        """Count the n-grams of different words, of `minn` to `maxn` characters."""
        seen, total = np.empty(0, np.uint32), 0
        for start in range(0, len(words), _WORDS_AT_ONCE):
            block = [word.encode() for word in words[start : start + _WORDS_AT_ONCE]]
            hashes, _ = ngram_hashes(block, minn, maxn)
            total += len(hashes)
            if len(seen) <= _MOST_NGRAMS:
                seen = np.union1d(seen, hashes)
        return cls(len(words), total, len(seen))


def memory_needed(
    parameters: FastTextParameters, vocabulary: Vocabulary, types: int, init_words: int = 0
) -> int:
    """Estimate the peak memory of the training process.

    Parameters
    ----------
    parameters : FastTextParameters
        With `dim` and `bucket` given.
    vocabulary : Vocabulary
        Words that get a vector.
    types : int
        Different words of the text, rare ones included.
    init_words : int
        Words whose vectors are given.

    Returns
    -------
    int
        Bytes; in the trainings that were measured at least the truth, and at most 15 % above it
        from 300 MB on.

    Examples
    --------
    >>> from alignx.training.parameters import FastTextParameters
    >>> words = Vocabulary.of(["cat", "cats"], 3, 6)
    >>> memory_needed(FastTextParameters(dim=100, bucket=2_000_000), words, 2) // 10**6
    1098
    """
    row = (parameters.dim or 0) * _FLOAT
    buckets = (parameters.bucket or 0) if parameters.has_buckets else 0
    words = vocabulary.words
    entries = words * _WORD + vocabulary.ngrams * _NGRAM
    given = init_words * (row + 64)
    loss = {"ns": _NEGATIVES, "hs": 300 * words, "softmax": 0}[parameters.loss]
    matrices = (words + buckets) * row + max(words * row + loss, given)
    return int(_FIXED + max(types * _TYPE, entries + matrices))


def fit_buckets(
    parameters: FastTextParameters,
    vocabulary: Vocabulary,
    types: int,
    init_words: int,
    memory: int,
    *,
    may_change: bool,
) -> FastTextParameters:
    """Lower the number of buckets until the training fits into `memory` bytes.

    Parameters
    ----------
    parameters, vocabulary, types, init_words
        As for `memory_needed`.
    memory : int
        Limit of the memory in bytes.
    may_change : bool
        Whether the number of buckets may change.

    Raises
    ------
    ValueError
        If not even a tenth of a bucket for each n-gram fits.
    """
    needed = memory_needed(parameters, vocabulary, types, init_words)
    if needed <= memory:
        return parameters
    dim, bucket = parameters.dim or 0, parameters.bucket or 0
    may_change = may_change and parameters.has_buckets
    least = min(bucket, max(1_000, vocabulary.distinct // 10)) if may_change else bucket
    excess = -(-(needed - memory) // (dim * _FLOAT))
    fitting = (bucket - excess) // 1_000 * 1_000
    if may_change and fitting >= least:
        return replace(parameters, bucket=fitting)
    needed = memory_needed(replace(parameters, bucket=least), vocabulary, types, init_words)
    raise ValueError(
        f"memory must be at least {needed:,} bytes for {vocabulary.words:,} words of {dim} "
        f"dimensions and {least:,} buckets, got {max(memory, 0):,}; "
        f"lower {'' if may_change else 'bucket, '}dim, or raise minCount"
    )
