"""What fastText can be told, under its own names, and what is chosen where nothing is told."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Parameters", "choose_bucket", "choose_epoch"]

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
    "thread": (1, 1_024),
    "seed": (0, _INT32),
}
_MOST_BUCKETS = 2_000_000
_LEAST_BUCKETS = 1_000
# Chosen on held-out words of a training dictionary, English to Spanish: of texts of 1.3 million
# words 5, 10, 15 epochs gave P@1 24.9, 27.9, 22.5, of 4 million 5 and 10 gave 43.1 and 38.5.
_SMALL_TEXT = 2_000_000
_EPOCHS, _EPOCHS_OF_SMALL = 5, 10


@dataclass(frozen=True)
class Parameters:
    """The parameters of fastText; the defaults are its own for vectors from text.

    Parameters
    ----------
    model : {"skipgram", "cbow"}
        Whether a word predicts its neighbors, or they it.
    lr : float
        Learning rate at the start, more than 0; it falls to 0.
    dim : int
        Numbers in a vector.
    ws : int
        At most so many words to either side are neighbors.
    epoch : int
        How often the text is gone through.
    minCount : int
        Rarer words get no vector of their own.
    minn, maxn : int
        How many characters n-grams have; ``maxn=0`` for none.
    neg : int
        How many random words each neighbor is compared with, if the loss is ``"ns"``.
    wordNgrams : int
        Without effect on vectors.
    loss : {"ns", "hs", "softmax"}
        Negative sampling, hierarchical softmax, or softmax, which is slow.
    bucket : int
        How many vectors n-grams share; at least 1 if there are n-grams.
    lrUpdateRate : int
        After so many words the learning rate changes.
    t : float
        Words that make up more than this share of the text are passed over now and then.
    thread : int
        With more than one the result differs from run to run.
    seed : int
        Of random numbers; 0 and 1 are the same to fastText.

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
    >>> Parameters(dim=0)
    Traceback (most recent call last):
        ...
    ValueError: dim must lie in [1, 100000], got 0
    """

    model: str = "skipgram"
    lr: float = 0.05
    dim: int = 100
    ws: int = 5
    epoch: int = 5
    minCount: int = 5  # noqa: N815  # fastText's names, here and below
    minn: int = 3
    maxn: int = 6
    neg: int = 5
    wordNgrams: int = 1  # noqa: N815
    loss: str = "ns"
    bucket: int = _MOST_BUCKETS
    lrUpdateRate: int = 100  # noqa: N815
    t: float = 1e-4
    thread: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                known = ", ".join(map(repr, choices))
                raise ValueError(f"{name} must be one of {known}, got {value!r}")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} must lie in [{low}, {high}], got {value}")
        for name in ("lr", "t"):
            value = getattr(self, name)
            if not (value > 0 and math.isfinite(value)):
                raise ValueError(f"{name} must be more than 0, got {value}")
        if self.maxn and self.minn > self.maxn:
            raise ValueError(
                f"minn must be at most maxn, or maxn 0 for no n-grams, got {self.minn}, {self.maxn}"
            )
        # fastText would divide by it.
        if self.maxn and not self.bucket:
            raise ValueError("bucket must be at least 1 where there are n-grams; maxn=0 for none")

    @property
    def rows(self) -> int:
        """How many vectors n-grams share: fastText takes none where it has no use for them."""
        return 0 if self.maxn == 0 and self.wordNgrams <= 1 else self.bucket

    def as_dict(self) -> dict[str, Any]:
        """Give them by their names."""
        return asdict(self)


def choose_epoch(tokens: int) -> int:
    """Choose how often to go through a text: small ones more often.

    Parameters
    ----------
    tokens : int
        Words of the text.

    Examples
    --------
    >>> [choose_epoch(tokens) for tokens in (100_000, 4_000_000, 1_000_000_000)]
    [10, 5, 5]
    """
    return _EPOCHS_OF_SMALL if tokens < _SMALL_TEXT else _EPOCHS


def choose_bucket(distinct: int) -> int:
    """Choose how many vectors n-grams share: two for each, up to fastText's own 2,000,000.

    Parameters
    ----------
    distinct : int
        How many different n-grams the words have.

    Examples
    --------
    >>> [choose_bucket(distinct) for distinct in (0, 123_456, 10_000_000)]
    [1000, 247000, 2000000]
    """
    buckets = -(-2 * distinct // 1_000) * 1_000
    return min(max(buckets, _LEAST_BUCKETS), _MOST_BUCKETS)
