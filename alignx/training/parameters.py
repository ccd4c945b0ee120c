"""Parameters of fastText, under its own names."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

__all__ = ["FastTextParameters", "choose_bucket", "choose_epoch"]

_INT32 = 2**31 - 1
_CHOICES = {"model": ("skipgram", "cbow"), "loss": ("ns", "hs", "softmax")}
_RANGES = {
    "dim": (1, 100_000),
    "ws": (1, 1_000),
    "epoch": (1, 1_000_000),
    "minCount": (1, _INT32),
    "minn": (0, 100),
    "maxn": (0, 100),
    "neg": (1, 10_000),
    "wordNgrams": (1, 100),
    "bucket": (0, _INT32),
    "lrUpdateRate": (1, _INT32),
    "seed": (0, _INT32),
}
_MOST_BUCKETS = 2_000_000
_LEAST_BUCKETS = 1_000
# Chosen on held-out words of a training dictionary, English to Spanish: of texts of 1.3 million
# words 5, 10, 15 epochs gave P@1 24.9, 27.9, 22.5, of 4 million 5 and 10 gave 43.1 and 38.5.
_SMALL_TEXT = 2_000_000
_EPOCHS, _EPOCHS_OF_SMALL = 5, 10


@dataclass(frozen=True, kw_only=True)
class FastTextParameters:
    """Parameters of fastText; None is replaced by a value for the text.

    Parameters
    ----------
    model : {"skipgram", "cbow"}
        Predict neighbors from a word, or a word from its neighbors.
    lr : float, optional
        Learning rate at the start, more than 0; it falls to 0. Default: 0.05, or 0.025 to continue
        from given vectors.
    dim : int, optional
        Dimension of the vectors. Default: 100, or that of the given vectors.
    ws : int
        Size of the context window on either side.
    epoch : int, optional
        Passes over the text. Default: 10 below 2 million words, 5 above.
    minCount : int
        Least count of a word that gets a vector.
    minn, maxn : int
        Least and greatest length of character n-grams; ``maxn=0`` for none.
    neg : int
        Negative samples, for the loss ``"ns"``.
    wordNgrams : int
        Length of word n-grams; without effect on word vectors.
    loss : {"ns", "hs", "softmax"}
        Negative sampling, hierarchical softmax, or softmax, which is slow.
    bucket : int, optional
        Number of vectors that the n-grams share, at least 1 if there are n-grams. Default: two for
        each different n-gram, at most 2,000,000, and no more than fit into `memory`.
    lrUpdateRate : int
        Words between two updates of the learning rate.
    t : float
        Share of the text above which words are subsampled.
    seed : int
        Seed of the random numbers; fastText treats 0 and 1 alike. Results repeat only with one
        thread.
    memory : int, optional
        Upper limit in bytes of the memory of this process and the training process.

    Raises
    ------
    ValueError
        If a value is out of range.

    References
    ----------
    Bojanowski, Grave, Joulin and Mikolov, "Enriching Word Vectors with Subword Information", TACL
    2017.

    Examples
    --------
    >>> FastTextParameters(dim=0)
    Traceback (most recent call last):
        ...
    ValueError: dim must lie in [1, 100000], got 0
    """

    model: Literal["skipgram", "cbow"] = "skipgram"
    lr: float | None = None
    dim: int | None = None
    ws: int = 5
    epoch: int | None = None
    minCount: int = 5  # noqa: N815  # fastText's names, here and below
    minn: int = 3
    maxn: int = 6
    neg: int = 5
    wordNgrams: int = 1  # noqa: N815
    loss: Literal["ns", "hs", "softmax"] = "ns"
    bucket: int | None = None
    lrUpdateRate: int = 100  # noqa: N815
    t: float = 1e-4
    seed: int = 0
    memory: int | None = None

    def __post_init__(self) -> None:
        given = {name: value for name, value in vars(self).items() if value is not None}
        for name, choices in _CHOICES.items():
            if given[name] not in choices:
                known = ", ".join(map(repr, choices))
                raise ValueError(f"{name} must be one of {known}, got {given[name]!r}")
        for name, (low, high) in _RANGES.items():
            if name in given and not low <= given[name] <= high:
                raise ValueError(f"{name} must lie in [{low}, {high}], got {given[name]}")
        for name in ("lr", "t"):
            if name in given and not (given[name] > 0 and math.isfinite(given[name])):
                raise ValueError(f"{name} must be more than 0, got {given[name]}")
        if self.maxn and self.minn > self.maxn:
            raise ValueError(
                f"minn must be at most maxn, or maxn 0 for no n-grams, got {self.minn}, {self.maxn}"
            )
        if self.maxn and self.bucket == 0:  # fastText would divide by it
            raise ValueError("bucket must be at least 1 where there are n-grams; maxn=0 for none")
        if self.memory is not None and self.memory < 1:
            raise ValueError(f"memory must be at least 1 byte, got {self.memory}")

    @property
    def has_buckets(self) -> bool:
        """Tell whether fastText allocates vectors of n-grams."""
        return self.maxn > 0 or self.wordNgrams > 1


def choose_epoch(tokens: int) -> int:
    """Choose the number of passes over a text of so many words.

    Examples
    --------
    >>> [choose_epoch(tokens) for tokens in (100_000, 4_000_000, 1_000_000_000)]
    [10, 5, 5]
    """
    return _EPOCHS_OF_SMALL if tokens < _SMALL_TEXT else _EPOCHS


def choose_bucket(distinct: int) -> int:
    """Choose the number of vectors for so many different n-grams.

    Examples
    --------
    >>> [choose_bucket(distinct) for distinct in (0, 123_456, 10_000_000)]
    [1000, 247000, 2000000]
    """
    buckets = -(-2 * distinct // 1_000) * 1_000
    return min(max(buckets, _LEAST_BUCKETS), _MOST_BUCKETS)
