"""How much memory fastText will take, and how many buckets fit into what there is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from alignx.vectors.fasttext.ngrams import ngram_hashes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from alignx.training.parameters import Parameters

__all__ = ["Vocabulary", "fitting", "memory_needed"]

# In bytes, as measured with fasttext 0.9.3 on Linux: the interpreter with NumPy; the table of
# 30,000,000 words that fastText hashes into; and that of 10,000,000 negatives while it doubles.
_PROCESS = 45e6
_TABLE = 4 * 30_000_000
_NEGATIVES = 133e6
_ENTRY = 72  # of the dictionary, without its n-grams and longer words
_SHORT = 15  # bytes of a word that need no memory of their own
_FRAGMENTED = 1.1
_LARGEST_FREED_TO_HEAP = 32 << 20
_FLOAT = 4

_WORDS_AT_ONCE = 100_000
_MOST_NGRAMS = 4_000_000


@dataclass(frozen=True)
class Vocabulary:
    """What the words of a model are like.

    Parameters
    ----------
    words : int
        Those that get a vector.
    ngrams : (words,) int64
        How many n-grams each has.
    distinct : int
        How many different n-grams there are; counting ends above 4,000,000.
    entry_bytes : int
        What fastText's dictionary takes for them.

    Examples
    --------
    >>> found = Vocabulary.of(["cat", "cats"], 3, 6)
    >>> found.words, found.ngrams, found.distinct
    (2, array([ 6, 10]), 13)
    """

    words: int
    ngrams: NDArray[np.int64]
    distinct: int
    entry_bytes: int

    @classmethod
    def of(cls, words: Sequence[str], minn: int, maxn: int) -> Vocabulary:
        """Look at words as fastText will.

        Parameters
        ----------
        words : sequence of str
            All different.
        minn, maxn : int
            How many characters n-grams have.
        """
        seen = np.empty(0, np.uint32)
        counts = [np.empty(0, np.int64)]
        sizes = [np.empty(0, np.int64)]
        for start in range(0, len(words), _WORDS_AT_ONCE):
            block = [word.encode() for word in words[start : start + _WORDS_AT_ONCE]]
            hashes, offsets = ngram_hashes(block, minn, maxn)
            counts.append(np.diff(offsets))
            sizes.append(np.fromiter(map(len, block), np.int64, len(block)))
            if len(seen) <= _MOST_NGRAMS:
                seen = np.union1d(seen, hashes)
        ngrams, lengths = np.concatenate(counts), np.concatenate(sizes)
        lists = _allocated(_FLOAT * _doubled(ngrams + 1))
        strings = np.where(lengths > _SHORT, _allocated(lengths + 1), 0)
        total = len(words) * _ENTRY + int(lists.sum()) + int(strings.sum())
        return cls(len(words), ngrams, len(seen), total)


def memory_needed(
    parameters: Parameters, vocabulary: Vocabulary, types: int, init_words: int = 0
) -> int:
    """Estimate the peak memory of the process that trains.

    Parameters
    ----------
    parameters : Parameters
        What it is told.
    vocabulary : Vocabulary
        Words that get a vector.
    types : int
        All different words of the text, the rare ones included.
    init_words : int
        How many words come with a vector.

    Returns
    -------
    int
        In bytes; on the trainings that were measured not below the truth, and at most 15 % above
        where that is more than 200 MB.

    Examples
    --------
    >>> from alignx.training.parameters import Parameters
    >>> words = Vocabulary.of(["cat", "cats"], 3, 6)
    >>> memory_needed(Parameters(bucket=2_000_000), words, 2) // 10**6
    1098
    """
    n, dim = vocabulary.words, parameters.dim
    fixed = _PROCESS + _TABLE
    # All entries, and those that they are copied from as their list doubles.
    reading = 1.5 * _ENTRY * int(_doubled(np.array(types))) + 32 * types
    entries = _FRAGMENTED * vocabulary.entry_bytes
    given = init_words * (dim * _FLOAT + 64)
    inputs = (n + parameters.rows) * dim * _FLOAT
    outputs = n * dim * _FLOAT
    rest = n * (_FLOAT * (parameters.thread + 1) + 8) + min(given, _LARGEST_FREED_TO_HEAP)
    loss = {"ns": _NEGATIVES, "hs": 300 * n, "softmax": 0}[parameters.loss]
    training = entries + inputs + max(outputs + rest + loss, given)
    return int(fixed + max(reading, training))


def fitting(
    parameters: Parameters,
    vocabulary: Vocabulary,
    types: int,
    init_words: int,
    memory: int,
    *,
    may_change: bool,
) -> Parameters:
    """Take fewer buckets where the memory is too small for all.

    Parameters
    ----------
    parameters, vocabulary, types, init_words
        As for `memory_needed`.
    memory : int
        How many bytes the training may take.
    may_change : bool
        Whether the number of buckets may be changed.

    Returns
    -------
    alignx.training.parameters.Parameters

    Raises
    ------
    ValueError
        If not even a tenth of a bucket for each n-gram fits.
    """
    needed = memory_needed(parameters, vocabulary, types, init_words)
    if needed <= memory:
        return parameters
    least = min(parameters.rows, max(1_000, vocabulary.distinct // 10)) if may_change else 0
    excess = -(-(needed - memory) // (parameters.dim * _FLOAT))
    buckets = (parameters.rows - excess) // 1_000 * 1_000
    if least and buckets >= least:
        return replace(parameters, bucket=buckets)
    if least:
        needed = memory_needed(replace(parameters, bucket=least), vocabulary, types, init_words)
    raise ValueError(
        f"memory must be at least {needed:,} bytes for {vocabulary.words:,} words of "
        f"{parameters.dim} dimensions and {least or parameters.rows:,} buckets, got {memory:,}; "
        f"lower {'' if least else 'bucket, '}dim, or raise minCount"
    )


def _doubled(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Room of lists that double as they grow, for at least one."""
    return np.left_shift(1, np.ceil(np.log2(np.maximum(counts, 1))).astype(np.int64))


def _allocated(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """What the allocator takes for blocks of memory."""
    return np.maximum((sizes + 8 + 15) // 16 * 16, 32)
